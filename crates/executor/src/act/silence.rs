//! Whether the service manager runs at all: one that owes an answer and says nothing.
//!
//! A starved PID 1 is no manager that refuses. Where somebody who cannot be killed has all memory, the app is
//! killed first and PID 1 stands in the kernel's search for a free page: it takes the order to start, and
//! answers neither that nor anything else (seen on 600 MB; the kernel panics some 10 to 25 s later).

use crate::executor::Executor;
use defib_engine::effect::{Order, Rung};
use defib_engine::note::Class;

/// So long after its last word it is asked for another.
const ASK_MS: u64 = 2_000;
/// A question as small as that is answered within a few milliseconds, and within 3 s by one that is busy with a
/// `daemon-reload` on a slow core; longer, and it does not run.
const UNANSWERED_MS: u64 = 3_000;
/// A PID 1 that was mute so recently gets through no shutdown while memory is gone, even if a page that
/// somebody's death gave back has let it say a word.
const RECENT_MS: u64 = 30_000;

/// It was found mute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mute {
    heard: u64,
    at_ms: u64,
}

/// The last sign of life, by the number of messages that it has sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Silence {
    heard: u64,
    /// Since that message, or since it was asked for one.
    since_ms: u64,
    is_asked: bool,
}

impl Silence {
    /// The same, or another if there was a word.
    fn after(self, heard: u64, now_ms: u64) -> Silence {
        if self.heard == heard {
            return self;
        }
        Silence { heard, since_ms: now_ms, is_asked: false }
    }

    /// When to look again.
    pub(super) fn due_ms(self) -> u64 {
        self.since_ms + if self.is_asked { UNANSWERED_MS } else { ASK_MS }
    }

    fn is_mute(self, now_ms: u64) -> bool {
        self.is_asked && now_ms >= self.due_ms()
    }
}

impl Executor {
    /// A job was begun: it is asked for a word beside that. `None`: this manager's words are not counted.
    pub(super) fn begin_listening(&mut self, now_ms: u64) -> Option<Silence> {
        let heard = self.manager.heard()?;
        self.manager.count_jobs();
        Some(Silence { heard, since_ms: now_ms, is_asked: true })
    }

    /// Looks whether it has said anything since, and asks it to when it is time.
    pub(super) fn listen(&mut self, silence: Silence, now_ms: u64) -> Option<Silence> {
        let mut silence = silence.after(self.manager.heard()?, now_ms);
        if !silence.is_asked && now_ms >= silence.due_ms() {
            self.manager.count_jobs();
            silence = Silence { since_ms: now_ms, is_asked: true, ..silence };
        }
        if silence.is_mute(now_ms) {
            self.mute = Some(Mute { heard: silence.heard, at_ms: now_ms });
        }
        Some(silence)
    }

    /// Whether it was found mute, and has said nothing since.
    pub(super) fn is_manager_mute(&self) -> bool {
        self.mute.is_some_and(|mute| Some(mute.heard) == self.manager.heard())
    }

    pub(super) fn was_manager_mute(&self, now_ms: u64) -> bool {
        self.mute.is_some_and(|mute| now_ms.saturating_sub(mute.at_ms) <= RECENT_MS)
    }
}

/// Whether the machine is rebooted because its memory is gone: then a mute manager is waited for no longer.
pub(super) fn is_for_memory(order: &Order) -> bool {
    order.rung == Rung::Reboot && order.class == Class::Memory
}

#[cfg(test)]
mod tests {
    use super::Silence;

    #[test]
    fn a_word_begins_it_anew_and_only_a_question_without_an_answer_ends_it() {
        let asked = Silence { heard: 7, since_ms: 3_000, is_asked: true };
        assert_eq!(asked.after(7, 4_000), asked);
        assert_eq!(
            (asked.due_ms(), asked.is_mute(5_999), asked.is_mute(6_000)),
            (6_000, false, true)
        );
        let heard = asked.after(8, 6_000);
        assert_eq!((heard.due_ms(), heard.is_mute(90_000)), (8_000, false));
    }
}
