//! Replay of a journal that the real engine decided: an app hangs, is killed and started, and is
//! well again. The world around it is a list of what happens next.

mod fixture;

use defib_console::cli::args::{Global, ReplayArgs};
use defib_console::past::explain;
use defib_console::replay::replay;
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Event, Outcome, Started};
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::{Policy, RungSet};
use defib_engine::seen::Seen;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_engine::{next_deadline, step};
use defib_journal::files::{Limits, Writer};
use defib_journal::line::{BootId, Line, TextCrc};
use fixture::{HANGS, PLAIN, SHOP, WALL_0, clock};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

const START: Moment = Moment(86_400_000);

/// A guardian without its IO: events in order, and a journal as docs/formats/journal.md has it.
struct World {
    policy: Policy,
    state: State,
    writer: Writer,
    coming: BTreeMap<(Moment, u64), Event>,
    order_of_coming: u64,
    hangs_from: Moment,
    healed: bool,
    now: Moment,
}

impl World {
    fn new(folder: &Path) -> World {
        let policy = fixture::policy();
        let state = State::new(&policy, START);
        let mut world = World {
            state,
            writer: Writer::open(&folder.join("journal"), Limits::default()).expect("a journal"),
            coming: BTreeMap::new(),
            order_of_coming: 0,
            hangs_from: START.plus(120_000),
            healed: false,
            now: START,
            policy,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let mode = self.policy.mode;
        let (boot, config) = (BootId([1; 16]), TextCrc(2));
        self.write(&Line::Started { version: "0.1.0".into(), pid: 1, boot, mode, config });
        self.write(&Line::Policy { policy: Cow::Owned(self.policy.clone()) });
        self.checkpoint();
        let started = Started { booted_at: Moment(0), ..Started::default() };
        self.later(0, Event::Started(started));
        let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
        for app in [AppId(0), AppId(1)] {
            self.later(1, Event::Capable { app, rungs });
            let identity = Identity { pid: 100 + u32::from(app.0), start_ticks: 5 };
            self.later(2, Event::Found { app, identity });
        }
    }

    fn later(&mut self, in_ms: u64, event: Event) {
        self.order_of_coming += 1;
        self.coming.insert((self.now.plus(in_ms), self.order_of_coming), event);
    }

    fn write(&mut self, line: &Line<'_>) {
        let wall_ms = WALL_0 + self.now.since(START);
        self.writer.turn_page(wall_ms).expect("a page");
        self.writer.append(wall_ms, self.now, line).expect("room");
    }

    fn checkpoint(&mut self) {
        let state = self.state.clone();
        self.write(&Line::Checkpoint { state: Cow::Owned(state) });
    }

    fn run_until(&mut self, end: Moment) {
        loop {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let next = [coming, next_deadline(&self.state)].into_iter().flatten().min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = next.max(self.now);
            let event = if coming == Some(next) {
                self.coming.pop_first().map_or(Event::Woke, |(_, event)| event)
            } else {
                Event::Woke
            };
            self.feed(&event);
        }
        self.writer.sync().expect("a disk");
    }

    fn feed(&mut self, event: &Event) {
        let quiet = self.state.is_quiet();
        if quiet && event.is_notable() {
            self.checkpoint();
        }
        if !quiet || event.is_notable() {
            self.write(&Line::Event { event: Cow::Borrowed(event) });
        }
        let mut effects = Vec::new();
        step(&mut self.state, &self.policy, self.now, event, &mut effects);
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Note(note) => self.write(&Line::Note { note: Cow::Owned(note) }),
            Effect::Probe { probe, attempt } => {
                let hangs = probe.app == SHOP && self.now >= self.hangs_from && !self.healed;
                let (seen, takes_ms) = if hangs { (HANGS, 3_000) } else { (Seen::Pass, 12) };
                let (started, ended) = (self.now, self.now.plus(takes_ms));
                self.later(takes_ms, Event::Observed { probe, attempt, started, ended, seen });
            }
            Effect::Gather { app, incident } => {
                self.later(80, Event::EvidenceClosed { app, incident, complete: true });
            }
            Effect::Recovered { .. } => {}
            Effect::Order(order) => {
                self.write(&Line::Order { order });
                self.healed = true;
                let app = order.app;
                let identity = Identity { pid: 900, start_ticks: 77 };
                self.later(3_000, Event::Found { app, identity });
                let outcome = Outcome::Done;
                self.later(3_001, Event::Acted { app, intent: order.intent, outcome });
            }
        }
    }
}

fn hang() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::new(folder.path());
    world.run_until(START.plus(400_000));
    assert!(world.healed, "the engine ordered an act");
    folder
}

fn replayed(folder: &Path, weight: Option<&str>, json: bool) -> defib_console::answer::Answer {
    let args =
        ReplayArgs { directory: Some(folder.to_path_buf()), weight: weight.map(ToOwned::to_owned) };
    replay(&args, &Global { json, ..Global::default() })
}

#[test]
fn what_the_engine_decided_it_decides_again() {
    let folder = hang();
    let answer = replayed(folder.path(), None, false);
    assert_eq!(answer.code, 0, "{}", answer.out);
    assert!(answer.out.contains(", all equal"), "{}", answer.out);
    let json = replayed(folder.path(), None, true);
    let shown: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(shown["equal"], true);
    assert!(shown["decisions"].as_u64() > Some(5) && shown["events"].as_u64() > Some(5), "{shown}");
}

#[test]
fn one_deciban_more_shows_as_a_difference() {
    let folder = hang();
    let answer = replayed(folder.path(), Some("timeout_db=+1"), false);
    assert_eq!(answer.code, 1, "{}", answer.out);
    assert!(answer.out.contains("recorded: note {"), "{}", answer.out);
    assert!(answer.out.contains("replayed: note {"), "{}", answer.out);
    let unrelated = replayed(folder.path(), Some("command_db=+1"), false);
    assert_eq!(unrelated.code, 0, "{}", unrelated.out);
    assert_eq!(replayed(folder.path(), Some("nonsense=+1"), false).code, 2);
}

#[test]
fn a_journal_that_cannot_be_replayed_is_neither_equal_nor_different() {
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(replayed(empty.path(), None, false).code, 3);
    assert_eq!(replayed(&empty.path().join("nowhere"), None, false).code, 3);
}

#[test]
fn a_forged_decision_is_found() {
    let folder = hang();
    let mut reader =
        defib_journal::files::Reader::open(&folder.path().join("journal")).expect("a journal");
    let forged = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(forged.path(), Limits::default()).expect("a journal");
    let mut left_out = false;
    while let Some(entry) = reader.next_entry().expect("a disk") {
        if matches!(entry.line, Line::Order { .. }) && !left_out {
            left_out = true;
            continue;
        }
        writer.turn_page(entry.wall_ms).expect("a page");
        writer.append(entry.wall_ms, entry.up, &entry.line).expect("room");
    }
    writer.sync().expect("a disk");
    let answer = replayed(forged.path(), None, false);
    assert_eq!(answer.code, 1);
    assert!(answer.out.contains("recorded: nothing\n"), "{}", answer.out);
    assert!(answer.out.contains("replayed: order {"), "{}", answer.out);
}

#[test]
fn lines_that_a_disk_has_lost_are_no_difference() {
    let folder = hang();
    let journal = folder.path().join("journal");
    let files = std::fs::read_dir(&journal).expect("a folder");
    let path = files.last().expect("a file").expect("a name").path();
    let text = std::fs::read_to_string(&path).expect("text");
    let is_event = |line: &&str| line.contains("\"kind\":\"event\"");
    let lost = text.lines().filter(is_event).nth(12).expect("an event");
    let kept: String = text.split_inclusive('\n').filter(|line| line.trim_end() != lost).collect();
    std::fs::write(&path, kept).expect("room");
    let answer = replayed(folder.path(), None, false);
    assert_eq!(answer.code, 0, "{}", answer.out);
}

#[test]
fn the_engines_own_journal_is_told_as_a_recovery() {
    let folder = hang();
    let args = defib_console::cli::args::ExplainArgs {
        which: defib_console::cli::args::Which::Last,
        app: None,
        state: Some(folder.path().to_path_buf()),
    };
    let answer = explain(&args, &Global::default(), &clock(), PLAIN);
    let first = answer.out.lines().next().unwrap_or_default();
    assert!(first.starts_with("RECOVERED shop: ") && first.ends_with("[incident 1]"), "{first}");
    assert!(answer.out.contains("timeout at first byte"), "{}", answer.out);
}
