//! Keeps a guardian: starts it, hears it, ends a silent one, starts the next.

mod link;

use crate::process::handle::Handle;
use crate::process::stat;
use crate::spawn::{Spawner, Start};
use crate::survive::NEVER_KILLED;
use defib_journal::order::{Report, Request};
use link::{Heard, Link};
use rustix::process::Signal;
use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A guardian that says nothing for this long is stuck: its loop beats at least every second.
const SILENCE_MS: u64 = 5_000;

/// At most one start in this time, except for the first restart: a guardian that dies at once must not
/// become a storm of starts.
const BETWEEN_STARTS_MS: u64 = 1_000;

/// It keeps our session (a terminal's), our scheduling and our place with the memory killer.
const OPTIONS: [&str; 6] = [
    "--socket-as-3",
    "--keep-session",
    "--keep-scheduling",
    "--may-lock-memory",
    "--oom",
    NEVER_KILLED,
];

/// The guardian, or its absence.
#[derive(Debug)]
pub(crate) struct Guardian {
    argv: Vec<OsString>,
    user: Option<String>,
    life: Option<Life>,
    started_at: Option<u64>,
    start_due: Option<u64>,
    /// We are ending: no other will be started.
    is_last: bool,
}

#[derive(Debug)]
struct Life {
    link: Link,
    pid: u32,
    handle: Option<Handle>,
    heard_at: u64,
    greeted: bool,
}

/// What the guardian brought.
#[derive(Debug)]
pub(crate) enum News {
    /// A message.
    Request(Request),
    /// It is gone, or was ended; `String`: why, for the log.
    Gone(String),
}

impl Guardian {
    /// One that is due at once.
    pub(crate) fn new(argv: Vec<OsString>, user: Option<String>) -> Guardian {
        Guardian { argv, user, life: None, started_at: None, start_due: Some(0), is_last: false }
    }

    /// When something is due even without news.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        match &self.life {
            Some(life) => Some(life.heard_at + SILENCE_MS),
            None => self.start_due,
        }
    }

    /// Its process, while it lives.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.life.as_ref().map(|life| life.pid)
    }

    /// What to wait on, and whether writing is waited for too.
    pub(crate) fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        use std::os::fd::AsFd;
        self.life.as_ref().map(|life| (life.link.as_fd(), life.link.is_waiting()))
    }

    /// Starts one if it is due. `Err`: it could not be started; it is tried again.
    pub(crate) fn start_if_due(&mut self, now_ms: u64, spawner: &Spawner) -> io::Result<bool> {
        if self.life.is_some() || self.start_due.is_none_or(|due| due > now_ms) {
            return Ok(false);
        }
        self.start_due = Some(now_ms + BETWEEN_STARTS_MS);
        self.started_at = Some(now_ms);
        let (link, theirs) = Link::make()?;
        let start = Start {
            argv: &self.argv,
            options: OPTIONS.map(Into::into).into(),
            user: self.user.as_deref(),
            environment: &[("DEFIB_GUARDIAN_FD", "3".into())],
            input: theirs,
            output: None,
            directory: None,
        };
        let pid = spawner.spawn(start)?;
        let handle = stat::read(pid).and_then(|stat| Handle::open(stat.identity));
        self.life = Some(Life { link, pid, handle, heard_at: now_ms, greeted: false });
        self.start_due = None;
        Ok(true)
    }

    /// Reads the next message.
    pub(crate) fn hear(&mut self, now_ms: u64) -> Option<News> {
        let life = self.life.as_mut()?;
        match life.link.hear() {
            Heard::Silence => None,
            Heard::Closed => Some(self.lose(now_ms, "the guardian closed its socket")),
            Heard::Nonsense(what) => {
                let why = format!("the guardian sent bytes that are no message: {what}");
                Some(self.lose(now_ms, &why))
            }
            Heard::Request(request) => {
                life.heard_at = now_ms;
                life.greeted |= matches!(request, Request::Hello { .. });
                if life.greeted {
                    return Some(News::Request(request));
                }
                Some(self.lose(now_ms, "the guardian did not begin with Hello"))
            }
        }
    }

    /// Sends a report to a guardian that has said Hello; others learn it from the ledger.
    pub(crate) fn say(&mut self, report: &Report) {
        self.say_with(report, None);
    }

    /// The same with a descriptor.
    pub(crate) fn say_with(&mut self, report: &Report, fd: Option<OwnedFd>) {
        if let Some(life) = self.life.as_mut().filter(|life| life.greeted)
            && !life.link.say(report, fd)
        {
            // Ends it now; its closed socket is read in the next turn.
            end(life);
        }
    }

    /// Sends what waited.
    pub(crate) fn flush(&mut self) {
        if let Some(life) = &mut self.life
            && !life.link.flush()
        {
            end(life);
        }
    }

    /// Ends one that has been silent for too long. `was_late`: we ourselves were not running for a
    /// while (stopped, asleep), and perhaps neither was the guardian, so its time begins anew.
    pub(crate) fn check_silence(&mut self, now_ms: u64, was_late: bool) -> Option<News> {
        let life = self.life.as_mut()?;
        if was_late {
            life.heard_at = now_ms;
        }
        if now_ms < life.heard_at + SILENCE_MS {
            return None;
        }
        Some(self.lose(now_ms, "the guardian was silent for 5 s and was ended"))
    }

    /// Its process has been reaped.
    pub(crate) fn reaped(&mut self, now_ms: u64) -> News {
        self.lose(now_ms, "the guardian ended")
    }

    /// Ends it, because we are ending.
    pub(crate) fn end(&mut self) {
        if let Some(life) = self.life.take() {
            end(&life);
        }
        self.start_due = None;
    }

    /// No other will be started.
    pub(crate) fn start_no_more(&mut self) {
        self.is_last = true;
        self.start_due = None;
    }

    pub(crate) fn lose(&mut self, now_ms: u64, why: &str) -> News {
        if let Some(life) = self.life.take() {
            end(&life);
        }
        // The first restart is immediate; a guardian that lives for less than a second waits.
        let due = self.started_at.map_or(now_ms, |at| (at + BETWEEN_STARTS_MS).max(now_ms));
        self.start_due = (!self.is_last).then_some(due);
        News::Gone(why.to_owned())
    }
}

fn end(life: &Life) {
    if let Some(handle) = &life.handle {
        let _ = handle.signal(Signal::KILL);
    }
}
