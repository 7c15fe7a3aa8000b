//! From the journal back to the state: the last checkpoint, and every event after it fed again.

use defib_engine::effect::Effect;
use defib_engine::event::Event;
use defib_engine::id::{AppId, IntentId};
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::step;
use defib_engine::time::Moment;
use defib_journal::files::{Storage, last_boot_in, tail_from_last_checkpoint_in};
use defib_journal::line::{BootId, Entry, Line};
use defib_journal::order::ActStep;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

/// What the last guardian knew.
pub(crate) struct Remembered {
    pub(crate) policy: Policy,
    pub(crate) state: State,
    /// Apps whose last hold was made by a file, which may have vanished since.
    pub(crate) held_by_file: BTreeSet<String>,
    /// Until when a command holds an app, by its name.
    pub(crate) held_by_command: BTreeMap<String, Moment>,
    /// What the last event led to and the journal does not hold: the guardian ended in between.
    pub(crate) unwritten: Vec<Line<'static>>,
    /// The time of the last line.
    pub(crate) up: Moment,
    /// The same by the wall clock, in milliseconds since 1970.
    pub(crate) wall_ms: u64,
    /// The last reboot's step that the journal holds.
    pub(crate) step: Option<(IntentId, ActStep)>,
    /// The boot whose beginning was told last.
    pub(crate) told_boot: Option<BootId>,
    /// The boot of the last guardian that has begun.
    pub(crate) boot: Option<BootId>,
}

/// Reads the journal. `None` if it holds no checkpoint.
pub(crate) fn remember(storage: &Rc<dyn Storage>) -> io::Result<Option<Remembered>> {
    let tail = match tail_from_last_checkpoint_in(storage) {
        // The first start of all: there is nothing to remember, and nothing wrong.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => other?,
    };
    let Some(mut tail) = tail else { return Ok(None) };
    let mut replay = Replay {
        policy: tail.policy,
        state: tail.state,
        up: tail.up,
        wall_ms: tail.wall_ms,
        step: None,
        told_boot: None,
        held_by_file: BTreeSet::new(),
        held_by_command: BTreeMap::new(),
        effects: Vec::new(),
        written: 0,
    };
    while let Some(entry) = tail.entries.next_entry()? {
        replay.take(entry);
    }
    Ok(Some(Remembered { boot: last_boot_in(storage)?, ..replay.end() }))
}

struct Replay {
    policy: Policy,
    state: State,
    up: Moment,
    wall_ms: u64,
    step: Option<(IntentId, ActStep)>,
    told_boot: Option<BootId>,
    held_by_file: BTreeSet<String>,
    held_by_command: BTreeMap<String, Moment>,
    /// What the last event led to.
    effects: Vec<Effect>,
    /// How many notes and orders were found after it.
    written: usize,
}

impl Replay {
    fn take(&mut self, entry: Entry) {
        (self.up, self.wall_ms) = (self.up.max(entry.up), entry.wall_ms);
        match entry.line {
            Line::Event { event } => self.feed(entry.up, &event),
            Line::Policy { policy } => self.reload(entry.up, policy.into_owned()),
            Line::Note { .. } | Line::Order { .. } => self.written += 1,
            Line::Hold { app, until, by, .. } => self.hold(app, until, &by),
            Line::Step { intent, step, .. } => self.step = Some((intent, step)),
            Line::Boot { boot, .. } => self.told_boot = Some(boot),
            _ => {}
        }
    }

    fn hold(&mut self, app: AppId, until: Option<Moment>, by: &str) {
        let Some(app) = self.policy.apps.get(usize::from(app.0)) else { return };
        match (by, until) {
            ("file", Some(_)) => drop(self.held_by_file.insert(app.name.clone())),
            ("command", Some(until)) => {
                self.held_by_file.remove(&app.name);
                self.held_by_command.insert(app.name.clone(), until);
            }
            _ => {
                self.held_by_file.remove(&app.name);
                self.held_by_command.remove(&app.name);
            }
        }
    }

    fn feed(&mut self, up: Moment, event: &Event) {
        self.effects.clear();
        self.written = 0;
        step(&mut self.state, &self.policy, up, event, &mut self.effects);
    }

    fn reload(&mut self, up: Moment, policy: Policy) {
        self.effects.clear();
        self.written = 0;
        let state = self.state.clone();
        self.state = state.reload(&self.policy, &policy, up, &mut self.effects);
        self.policy = policy;
    }

    fn end(self) -> Remembered {
        let lines = self.effects.into_iter().filter_map(as_line);
        Remembered {
            unwritten: lines.skip(self.written).collect(),
            policy: self.policy,
            state: self.state,
            held_by_file: self.held_by_file,
            held_by_command: self.held_by_command,
            up: self.up,
            wall_ms: self.wall_ms,
            step: self.step,
            told_boot: self.told_boot,
            boot: None,
        }
    }
}

/// Effects that leave a line.
fn as_line(effect: Effect) -> Option<Line<'static>> {
    match effect {
        Effect::Note(note) => Some(Line::Note { note: Cow::Owned(note) }),
        Effect::Order(order) => Some(Line::Order { order }),
        Effect::Probe { .. } | Effect::Gather { .. } | Effect::Recovered { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_config::{Host, load};
    use defib_engine::event::Exit;
    use defib_journal::files::{Folder, Limits, Writer};
    use std::path::Path;

    const TEXT: &str = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\n\
                        unit = \"shop.service\"\n";

    fn at(folder: &Path) -> Rc<dyn Storage> {
        Rc::new(Folder::at(folder))
    }

    /// A journal that ends in a death, and this many of the lines that it led to.
    fn journal_of_a_death(written: usize) -> (tempfile::TempDir, Vec<Line<'static>>) {
        let folder = tempfile::tempdir().unwrap();
        let policy = load(TEXT, &Host { root: false }).unwrap().config.policy;
        let mut state = State::new(&policy, Moment(1_000));
        let mut writer = Writer::open(folder.path(), Limits::default()).unwrap();
        let mut write = |up, line: &Line<'_>| {
            writer.append(1_700_000_000_000, up, line).unwrap();
        };
        write(Moment(1_000), &Line::Policy { policy: Cow::Borrowed(&policy) });
        write(Moment(1_000), &Line::Checkpoint { state: Cow::Borrowed(&state) });
        let event =
            Event::Died { app: AppId(0), identity: None, exit: Exit::Code(1), restart_in_ms: None };
        write(Moment(2_000), &Line::Event { event: Cow::Borrowed(&event) });
        let mut effects = Vec::new();
        step(&mut state, &policy, Moment(2_000), &event, &mut effects);
        let lines: Vec<_> = effects.into_iter().filter_map(as_line).collect();
        lines.iter().take(written).for_each(|line| write(Moment(2_000), line));
        writer.sync().unwrap();
        (folder, lines)
    }

    #[test]
    fn what_an_event_led_to_is_completed_when_its_lines_are_missing() {
        let all = journal_of_a_death(0).1.len();
        assert!(all >= 2, "a death leads to a note and an order");
        for written in 0..=all {
            let (folder, lines) = journal_of_a_death(written);
            let remembered = remember(&at(folder.path())).unwrap().expect("a checkpoint");
            assert_eq!(remembered.unwritten, lines[written..]);
            assert_eq!(remembered.up, Moment(2_000));
            assert_eq!(remembered.state.now, Moment(2_000));
        }
    }

    #[test]
    fn an_empty_folder_remembers_nothing_and_neither_does_one_that_is_still_to_be_made() {
        let folder = tempfile::tempdir().unwrap();
        assert!(remember(&at(folder.path())).unwrap().is_none());
        assert!(remember(&at(&folder.path().join("journal"))).unwrap().is_none());
    }
}
