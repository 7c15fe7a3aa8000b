//! A clean-up: begun, waited for, and told with what it freed.

use super::child::not_begun;
use super::{Pause, Stage, Turn};
use crate::boundary::Cleaned;
use crate::error::is_our_limit;
use crate::executor::Executor;
use defib_engine::event::{Failure, Outcome};
use std::fmt::Write as _;

/// How often it is looked whether it is done. Nobody is ended by it, and the next look at the app is further off.
const LOOK_MS: u64 = 100;

/// The clean-up that an act waits for.
#[derive(Debug)]
pub(crate) enum CleanAct {
    /// To be begun, after this pause.
    Beginning(Pause),
    /// At work; looked at again then.
    Running(u64),
}

impl CleanAct {
    pub(super) const fn deadline_ms(&self) -> u64 {
        match self {
            CleanAct::Beginning(pause) => pause.until,
            CleanAct::Running(until) => *until,
        }
    }
}

impl Executor {
    pub(super) fn turn_cleaning(&mut self, clean: CleanAct, now_ms: u64, end_at: u64) -> Turn {
        if now_ms < clean.deadline_ms() {
            return Turn::Wait(Stage::Cleaning(clean));
        }
        match clean {
            CleanAct::Beginning(pause) => self.begin_cleaning(pause, now_ms, end_at),
            CleanAct::Running(_) => self.await_cleaner(now_ms, end_at),
        }
    }

    fn begin_cleaning(&mut self, pause: Pause, now_ms: u64, end_at: u64) -> Turn {
        let Err(error) = self.cleaner.begin(&self.config.clean) else {
            return Turn::Wait(Stage::Cleaning(CleanAct::Running(now_ms + LOOK_MS)));
        };
        let is_our_limit = is_our_limit(&error);
        if let Some(pause) = pause.longer(now_ms, end_at).filter(|_| is_our_limit) {
            return Turn::Wait(Stage::Cleaning(CleanAct::Beginning(pause)));
        }
        let detail = format!("the clean-up could not begin: {error}");
        Turn::End(not_begun(is_our_limit), detail)
    }

    fn await_cleaner(&mut self, now_ms: u64, end_at: u64) -> Turn {
        if let Some(cleaned) = self.cleaner.done() {
            return Turn::End(outcome(&cleaned), in_words(&cleaned));
        }
        if now_ms < end_at {
            let next = (now_ms + LOOK_MS).min(end_at);
            return Turn::Wait(Stage::Cleaning(CleanAct::Running(next)));
        }
        self.cleaner.stop();
        let detail = "the disk did not delete in time; the clean-up was stopped".to_owned();
        Turn::End(Outcome::Failed(Failure::Deadline), detail)
    }
}

/// What was freed counts, not what was deleted.
fn outcome(cleaned: &Cleaned) -> Outcome {
    let is_freed = cleaned.was_full && !cleaned.is_full;
    if is_freed { Outcome::Done } else { Outcome::Failed(Failure::StillFull) }
}

fn in_words(cleaned: &Cleaned) -> String {
    let mut words = match (cleaned.was_full, cleaned.files) {
        (false, _) => "no folder that the config names lies on a full disk".to_owned(),
        (true, 1) => format!("deleted 1 file, {} kB", cleaned.bytes / 1024),
        (true, files) => format!("deleted {files} files, {} kB", cleaned.bytes / 1024),
    };
    if cleaned.is_full {
        words += "; the disk is still full";
    }
    if let Some(fault) = &cleaned.fault {
        let _ = write!(words, "; {fault}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_freed_is_said() {
        let freed = Cleaned { files: 12, bytes: 830 << 20, was_full: true, ..Cleaned::default() };
        assert_eq!(outcome(&freed), Outcome::Done);
        assert_eq!(in_words(&freed), "deleted 12 files, 849920 kB");
        let fault = Some("/var/log/shop: No such file or directory (os error 2)".to_owned());
        let vain = Cleaned { was_full: true, is_full: true, fault, ..Cleaned::default() };
        assert_eq!(outcome(&vain), Outcome::Failed(Failure::StillFull));
        assert_eq!(
            in_words(&vain),
            "deleted 0 files, 0 kB; the disk is still full; /var/log/shop: No such file or directory (os error 2)"
        );
        assert_eq!(outcome(&Cleaned::default()), Outcome::Failed(Failure::StillFull));
    }
}
