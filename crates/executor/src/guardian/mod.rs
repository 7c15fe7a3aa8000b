//! Keeps a guardian: starts it, hears it, ends a silent one, starts the next.

mod link;

use crate::boundary::{Attachment, Guardians};
use defib_journal::order::{Report, Request};
use link::{Heard, Link};
use std::io;
use std::os::fd::BorrowedFd;

/// A guardian that says nothing for this long is stuck: its loop beats at least every second.
const SILENCE_MS: u64 = 5_000;

/// At most one start in this time, except for the first restart: a guardian that dies at once must not
/// become a storm of starts.
const BETWEEN_STARTS_MS: u64 = 1_000;

/// The guardian, or its absence.
pub(crate) struct Guardian {
    guardians: Box<dyn Guardians>,
    life: Option<Life>,
    started_at: Option<u64>,
    start_due: Option<u64>,
    /// We are ending: no other will be started.
    is_last: bool,
}

#[derive(Debug)]
struct Life {
    link: Link,
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
    pub(crate) fn new(guardians: Box<dyn Guardians>) -> Guardian {
        Guardian { guardians, life: None, started_at: None, start_due: Some(0), is_last: false }
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
        self.life.as_ref().map(|life| life.link.peer.pid())
    }

    /// What to wait on, and whether writing is waited for too.
    pub(crate) fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        let life = self.life.as_ref()?;
        Some((life.link.peer.fd()?, life.link.is_waiting()))
    }

    /// Starts one if it is due. `Err`: it could not be started; it is tried again.
    pub(crate) fn start_if_due(&mut self, now_ms: u64) -> io::Result<bool> {
        if self.life.is_some() || self.start_due.is_none_or(|due| due > now_ms) {
            return Ok(false);
        }
        self.start_due = Some(now_ms + BETWEEN_STARTS_MS);
        self.started_at = Some(now_ms);
        let link = Link::new(self.guardians.start()?);
        self.life = Some(Life { link, heard_at: now_ms, greeted: false });
        self.start_due = None;
        Ok(true)
    }

    /// Makes a text ready to be sent with [`Guardian::say_with`].
    pub(crate) fn attach(&self, text: &str) -> io::Result<Attachment> {
        self.guardians.attach(text)
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

    /// The same with something that goes with it.
    pub(crate) fn say_with(&mut self, report: &Report, attached: Option<Attachment>) {
        if let Some(life) = self.life.as_mut().filter(|life| life.greeted)
            && !life.link.say(report, attached)
        {
            // Ends it now; its closed socket is read in the next turn.
            life.link.peer.kill();
        }
    }

    /// Sends what waited.
    pub(crate) fn flush(&mut self) {
        if let Some(life) = &mut self.life
            && !life.link.flush()
        {
            life.link.peer.kill();
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
            life.link.peer.kill();
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
            life.link.peer.kill();
        }
        // The first restart is immediate; a guardian that lives for less than a second waits.
        let due = self.started_at.map_or(now_ms, |at| (at + BETWEEN_STARTS_MS).max(now_ms));
        self.start_due = (!self.is_last).then_some(due);
        News::Gone(why.to_owned())
    }
}
