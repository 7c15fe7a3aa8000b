//! Writing the journal: `docs/formats/journal.md`. A journal that cannot be written is told to
//! people and counted, and never stops guarding.

pub(crate) mod fold;
mod late;
#[cfg(test)]
mod stall_tests;

use crate::clock::Clocks;
use crate::setup::Narrate;
use defib_config::JournalLimits;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::files::{FileError, Limits, Storage, Writer};
use defib_journal::line::{Entry, Line, encode_line};
use late::Late;
use std::borrow::Cow;
use std::rc::Rc;

/// How long a line that nobody waits for may be lost by a power cut.
const LAZY_SYNC_MS: u64 = 1000;

/// How long a journal that could not be opened is left alone before it is tried again.
const REOPEN_MS: u64 = 10_000;

/// What came of making the journal durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// All of it is.
    Yes,
    /// The disk was not waited for any longer: it may become so yet.
    Late,
    /// It was refused.
    No,
}

impl Durable {
    /// What a person does who was promised it.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Durable::Late => "look for disk errors with 'dmesg', then ask again",
            Durable::Yes | Durable::No => "free some space, then ask again",
        }
    }
}

/// The journal, and everybody who is told of its lines as they are written.
pub(crate) struct Record {
    storage: Rc<dyn Storage>,
    limits: Limits,
    /// The writer has older ones: it is opened anew once nothing waits in it.
    limits_are_new: bool,
    writer: Option<Writer>,
    reopen_at_ms: u64,
    narrator: Box<dyn Narrate>,
    clocks: Rc<dyn Clocks>,
    /// Lines for the control socket's watchers, since the last turn.
    pub(crate) told: Vec<String>,
    pub(crate) has_watchers: bool,
    unsynced_since_ms: Option<u64>,
    /// What was wrong when the journal was last written to.
    trouble: Option<String>,
    trouble_told: bool,
    /// The trouble is that the disk does not answer in time.
    is_late: bool,
    late: Late,
    /// The journal holds a checkpoint and every event since.
    covered: bool,
    /// A line could not be written, and it may have been the policy.
    lost: bool,
}

impl Record {
    /// Opens the journal, to keep as much as the config says.
    pub(crate) fn open(
        storage: Rc<dyn Storage>,
        limits: JournalLimits,
        narrator: Box<dyn Narrate>,
        clocks: Rc<dyn Clocks>,
    ) -> Record {
        let mut record = Record {
            storage,
            limits: of_config(limits),
            limits_are_new: false,
            writer: None,
            reopen_at_ms: 0,
            narrator,
            clocks,
            told: Vec::new(),
            has_watchers: false,
            unsynced_since_ms: None,
            trouble: None,
            trouble_told: false,
            is_late: false,
            late: Late::default(),
            covered: false,
            lost: false,
        };
        record.reopen(0);
        record
    }

    fn reopen(&mut self, now_ms: u64) {
        match Writer::open_in(Rc::clone(&self.storage), self.limits) {
            Ok(writer) => {
                self.writer = Some(writer);
                self.limits_are_new = false;
                self.note_trouble(&Ok(()));
            }
            Err(error) => {
                self.reopen_at_ms = now_ms + REOPEN_MS;
                self.note_trouble(&Err(error));
            }
        }
    }

    /// How much is kept from now on. The writer takes it when it is opened, and what it could not write by then
    /// would be gone with it: so on a disk that does not take it, later.
    pub(crate) fn limit(&mut self, limits: JournalLimits) {
        let limits = of_config(limits);
        if limits != self.limits {
            self.limits = limits;
            self.limits_are_new = true;
            self.sync();
        }
    }

    pub(crate) fn narrator(&mut self) -> &mut dyn Narrate {
        self.narrator.as_mut()
    }

    pub(crate) fn wants_status(&self) -> bool {
        self.narrator.wants_status()
    }

    /// What keeps the journal from being written, for status and alarms.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Trouble that nobody was told of yet: once each time that it begins. And the end of one with a late
    /// disk.
    pub(crate) fn new_trouble(&mut self) -> Option<String> {
        if self.is_late {
            return self.trouble.clone().filter(|_| self.late.is_to_be_told());
        }
        if self.trouble.is_none()
            && let Some(over) = self.late.is_over(self.now_ms())
        {
            return Some(over);
        }
        let told = std::mem::replace(&mut self.trouble_told, self.trouble.is_some());
        self.trouble.clone().filter(|_| !told)
    }

    /// Appends one line and tells it to everybody.
    pub(crate) fn write(&mut self, policy: &Policy, up: Moment, line: Line<'static>) {
        let wall_ms = self.clocks.wall_ms();
        let seq = self.append(wall_ms, up, &line);
        let entry = Entry { seq, wall_ms, up, line };
        if self.has_watchers {
            let mut bytes = Vec::new();
            encode_line(&mut bytes, entry.seq, entry.wall_ms, entry.up, &entry.line);
            self.told.push(String::from_utf8(bytes).unwrap_or_default());
        }
        self.narrator.entry(policy, &entry);
    }

    /// Appends one line. A line that could not be numbered gets 0.
    fn append(&mut self, wall_ms: u64, up: Moment, line: &Line<'_>) -> u64 {
        let now_ms = self.now_ms();
        if self.writer.is_none() && now_ms >= self.reopen_at_ms {
            self.reopen(now_ms);
        }
        let Some(writer) = &mut self.writer else {
            (self.covered, self.lost) = (false, true);
            return 0;
        };
        self.unsynced_since_ms.get_or_insert(now_ms);
        match writer.append(wall_ms, up, line) {
            Ok(seq) => seq,
            Err(error) => {
                (self.covered, self.lost) = (false, true);
                self.note_trouble(&Err(error));
                0
            }
        }
    }

    /// To be called before an event is fed, with the state as it is then: writes a file's head
    /// where one is due, and the event unless the state is quiet and stays so.
    pub(crate) fn event(
        &mut self,
        policy: &Policy,
        state: &State,
        up: Moment,
        event: &defib_engine::event::Event,
    ) {
        self.turn_page(policy, state, up);
        if state.is_quiet() && !event.is_notable() {
            // Nothing but counters changes; the next checkpoint holds them.
            self.covered = false;
            return;
        }
        if std::mem::take(&mut self.lost) {
            self.policy(policy, up);
            // A policy that stands after its checkpoint is read as a new config.
            self.covered = false;
        }
        if !self.covered {
            self.checkpoint(state, up);
        }
        self.write(policy, up, Line::Event { event: Cow::Owned(event.clone()) });
    }

    fn turn_page(&mut self, policy: &Policy, state: &State, up: Moment) {
        let wall_ms = self.clocks.wall_ms();
        let Some(writer) = &mut self.writer else { return };
        match writer.turn_page(wall_ms) {
            Ok(true) => {
                // Whatever was lost before, the head holds it all.
                self.lost = false;
                self.policy(policy, up);
                self.checkpoint(state, up);
            }
            Ok(false) => {}
            Err(error) => self.note_trouble(&Err(error)),
        }
    }

    /// The rules. Not narrated: it is for machines.
    pub(crate) fn policy(&mut self, policy: &Policy, up: Moment) {
        self.append(self.clocks.wall_ms(), up, &Line::Policy { policy: Cow::Borrowed(policy) });
    }

    /// The engine's memory. Not narrated.
    pub(crate) fn checkpoint(&mut self, state: &State, up: Moment) {
        self.covered = true;
        self.append(self.clocks.wall_ms(), up, &Line::Checkpoint { state: Cow::Borrowed(state) });
    }

    /// To be called at a turn's end: hands the lines to the kernel, so that a crash of ours loses none.
    pub(crate) fn flush(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        if writer.has_backlog() {
            let result = writer.flush();
            self.note_trouble(&result);
        }
    }

    /// Makes everything durable. Whether it is. (A writer that may have lost lines asks for a new head at
    /// the next event.) A late disk is asked again in a second.
    pub(crate) fn sync(&mut self) -> Durable {
        self.unsynced_since_ms = None;
        if let Some(writer) = &mut self.writer {
            let result = writer.sync();
            self.note_trouble(&result);
            if result.is_ok() {
                if self.limits_are_new {
                    self.reopen(self.now_ms());
                }
                return Durable::Yes;
            }
            self.unsynced_since_ms = self.is_late.then(|| self.now_ms());
        }
        if self.is_late { Durable::Late } else { Durable::No }
    }

    /// When lines that nobody waits for are made durable.
    pub(crate) fn sync_deadline_ms(&self) -> Option<u64> {
        self.unsynced_since_ms.map(|since| since + LAZY_SYNC_MS)
    }

    fn note_trouble(&mut self, result: &Result<(), FileError>) {
        self.trouble = result.as_ref().err().map(ToString::to_string);
        self.is_late = result.as_ref().is_err_and(FileError::is_late);
        if self.is_late {
            self.late.was_late(self.now_ms());
        }
    }

    fn now_ms(&self) -> u64 {
        self.clocks.boot_us() / 1000
    }
}

fn of_config(limits: JournalLimits) -> Limits {
    Limits { days: usize::from(limits.days), bytes: limits.bytes, ..Limits::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::AppStatus;
    use defib_config::{Host, load};
    use defib_engine::event::Event;
    use defib_engine::id::{AppId, IncidentId};
    use defib_journal::files::{Folder, Reader};
    use defib_journal::line::LINE_MAX;
    use std::cell::Cell;

    const TEXT: &str = "[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"shop.service\"\n";
    const DAY_MS: u64 = 86_400_000;

    #[derive(Default)]
    struct Wall(Cell<u64>);

    impl Clocks for Wall {
        fn boot_us(&self) -> u64 {
            0
        }
        fn running_ms(&self) -> u64 {
            0
        }
        fn wall_ms(&self) -> u64 {
            self.0.get()
        }
    }

    pub(super) struct Silent;

    impl Narrate for Silent {
        fn entry(&mut self, _: &Policy, _: &Entry) {}
        fn status(&mut self, _: &[AppStatus]) {}
        fn wants_status(&self) -> bool {
            false
        }
    }

    /// The kinds of lines that an event leaves after a line was lost, on this day or the next.
    fn kinds_after_a_loss(days: u64) -> Vec<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        let loaded = load(TEXT, &Host { root: false }).unwrap();
        let policy = loaded.config.policy;
        let state = State::new(&policy, Moment(1_000));
        let wall = Rc::new(Wall::default());
        let storage = Rc::new(Folder::at(folder.path()));
        let clocks = Rc::clone(&wall) as Rc<dyn Clocks>;
        let mut record = Record::open(storage, loaded.journal, Box::new(Silent), clocks);
        let event = Event::Stopped { app: AppId(0) };
        record.event(&policy, &state, Moment(1_000), &event);
        let text = "x".repeat(LINE_MAX).into();
        let (app, incident, name) = (AppId(0), IncidentId(1), "looks".into());
        let evidence = Line::Evidence { app, incident, name, text };
        record.write(&policy, Moment(1_000), evidence);
        record.sync();
        wall.0.set(days * DAY_MS);
        record.event(&policy, &state, Moment(2_000), &event);
        record.sync();
        let mut reader = Reader::open(folder.path()).unwrap();
        let mut kinds = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            kinds.push(entry.line.kind());
        }
        assert_eq!(kinds[..3], ["policy", "checkpoint", "event"]);
        kinds.split_off(3).into_iter().filter(|kind| *kind != "alarm").collect()
    }

    #[test]
    fn after_a_loss_the_policy_is_followed_by_its_checkpoint() {
        for days in 0..2 {
            assert_eq!(kinds_after_a_loss(days), ["policy", "checkpoint", "event"]);
        }
    }
}
