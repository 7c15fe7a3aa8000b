//! The machine was away in the middle of an incident: who ended it, by which step, for how long.

mod fixture;

use defib_console::cli::args::{ExplainArgs, Global, IncidentsArgs, Which};
use defib_console::past::{explain, incidents};
use defib_engine::effect::Rung;
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::{Class, Ending, Note};
use defib_engine::time::Moment;
use defib_journal::boot::{BootEnding, Trace};
use defib_journal::line::{BootId, Line};
use defib_journal::order::ActStep;
use defib_journal::recorder::{
    FILE_NAME, Hog, Largest, RING_BYTES, SLOT_BYTES, Sample, Summary, Text, offset_of,
};
use fixture::{Fixture, PLAIN, SHOP, UP_0, WALL_0, clock};
use serde_json::Value;

/// The shop is down for 10 s, then the machine is away for 48 s by the wall clock, of which the up-time line
/// knows nothing, and 5 s later it is back.
fn away(ending: BootEnding) -> Fixture {
    let mut fixture = Fixture::new();
    let (app, incident) = (SHOP, IncidentId(4));
    let since = Moment(UP_0 + 1_000);
    fixture.at(4_000).note(Note::Opened { app, incident, class: Class::Hung, since });
    let is_ours = ending == BootEnding::Ours;
    fixture.at(11_000).put(Line::Boot {
        boot: BootId([8; 16]),
        ending,
        app: is_ours.then(|| "shop".into()),
        incident: is_ours.then_some(incident),
        intent: is_ours.then_some(IntentId(9)),
        class: is_ours.then_some(Class::Hung),
        step: is_ours.then_some(ActStep::SysrqSent),
        traces: if is_ours {
            vec![Trace::Ordered, Trace::StepKnown]
        } else {
            vec![Trace::SoonAfter]
        },
        last_wall_ms: Some(WALL_0 + 11_000),
        began_wall_ms: Some(WALL_0 + 56_000),
        gap_ms: Some(45_000),
        away_ms: Some(48_000),
        machine: Some(Box::new(machine())),
    });
    fixture
}

/// 600 MB, all of it in one process that is nobody's.
fn machine() -> Summary {
    let (comm, unit) = ("faulttool".to_owned(), Some("cron.service".to_owned()));
    Summary {
        memory_kb: 573_440,
        available_kb: 3_072,
        short_ms: Some(21_000),
        largest: Some(Largest { pid: 812, comm, rss_kb: 509_952, unit, app: None }),
        ..Summary::default()
    }
}

fn close(fixture: &mut Fixture) {
    let (app, incident, down_ms) = (SHOP, IncidentId(4), 63_000);
    fixture.at(16_000).note(Note::Back { app, incident, down_ms });
    let ending = Ending::Recovered { rung: Rung::Reboot };
    fixture.at(36_000).note(Note::Closed { app, incident, class: Class::Hung, ending, down_ms });
}

fn listed(fixture: &Fixture, global: &Global) -> String {
    let args = IncidentsArgs { app: None, last: 50, state: Some(fixture.state()) };
    let answer = incidents(&args, global, &clock(), PLAIN);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    answer.out
}

fn told(fixture: &Fixture) -> String {
    let args = ExplainArgs { which: Which::Last, app: None, state: Some(fixture.state()) };
    explain(&args, &Global::default(), &clock(), PLAIN).out
}

#[test]
fn our_reboot_is_named_with_its_step_and_the_gap_counts_as_down() {
    let mut fixture = away(BootEnding::Ours);
    let open = listed(&fixture, &Global::default());
    assert!(open.contains("58 s"), "10 s on the line and 48 s away: {open}");
    assert!(open.contains("open; rebooted by defib (by sysrq), away 45 s, memory short"), "{open}");
    close(&mut fixture);
    let closed = listed(&fixture, &Global::default());
    assert!(closed.contains("1 min 3 s"), "{closed}");
    assert!(closed.contains("; rebooted by defib (by sysrq), away 45 s"), "{closed}");
    let story = told(&fixture);
    assert!(story.contains("defib rebooted the machine for shop (hung): by sysrq; away 45 s"));
    assert!(story.contains("the ledger holds a reboot of ours"), "{story}");
    let hog = "faulttool (pid 812, 498 MB, not a guarded app, in cron.service)";
    let memory = format!("memory: 3 MB of 560 left for 21 s; largest process: {hog}");
    assert!(story.contains(&memory), "{story}");
    // 10 s after the fault by the line, and the machine was away before the line was written.
    assert!(story.contains("+58"), "{story}");
}

/// Two minutes of readings around the fault, as the guardian leaves them; the last boot's end is among them.
fn record(fixture: &Fixture) {
    let mut ring = vec![0; RING_BYTES];
    let hog = Hog { pid: 812, rss_kb: 509_952, comm: Text::of(b"fault\x1b[2J"), ..Hog::default() };
    for seq in 0..26_u64 {
        let seconds = seq * 5;
        let is_short = (61..=75).contains(&seconds);
        let sample = Sample {
            seq,
            wall_ms: WALL_0 + 1_000 + seconds * 1_000 - 60_000,
            memory_kb: 573_440,
            available_kb: if is_short { 3_072 } else { 300_000 },
            is_short,
            hog: is_short.then_some(hog),
            busy_permille: 990,
            ..Sample::default()
        };
        let slot = ring[offset_of(seq) as usize..].first_chunk_mut::<SLOT_BYTES>();
        sample.encode(slot.expect("a slot"));
    }
    std::fs::write(fixture.state().join("journal").join(FILE_NAME), ring).expect("written");
}

#[test]
fn the_machine_is_shown_reading_by_reading_around_the_fault() {
    let mut fixture = away(BootEnding::Cut);
    close(&mut fixture);
    assert!(!told(&fixture).contains("The machine"), "nothing was recorded");
    record(&fixture);
    let story = told(&fixture);
    let (_, section) = story.split_once("## The machine\n").expect("a section");
    let (table, _) = section.split_once("## What to do next").expect("behind it");
    assert!(table.contains("  -10.000 s      292       -      ?   99 %       0\n"), "{table}");
    let short = "  +10.000 s        3       -      ?   99 %       0  fault?[2J (pid 812, 498 MB, not \
                 a guarded app)\n";
    assert!(table.contains(short), "{table}");
    assert!(table.contains("9 of 26 readings; all of them with -v"), "{table}");
    let args = ExplainArgs { which: Which::Last, app: None, state: Some(fixture.state()) };
    let global = Global { json: true, ..Global::default() };
    let json: Value =
        serde_json::from_str(&explain(&args, &global, &clock(), PLAIN).out).expect("JSON");
    // A minute before, and until a minute after it was closed.
    assert_eq!(json["machine"].as_array().map(Vec::len), Some(26));
    assert_eq!(json["machine"][14]["largest"]["comm"], "fault?[2J");
    assert_eq!(json["machine"][0]["largest"], Value::Null);
}

#[test]
fn what_was_not_ours_is_said_to_be_somebody_else_s() {
    for ending in [
        BootEnding::Watchdog,
        BootEnding::Reset,
        BootEnding::Panic,
        BootEnding::OutOfMemory,
        BootEnding::Orderly,
        BootEnding::Cut,
    ] {
        let fixture = away(ending);
        let list = listed(&fixture, &Global::default());
        assert!(list.contains("not defib") || list.contains("not by defib"), "{list}");
        let story = told(&fixture);
        assert!(story.contains("(not an act of defib); away 45 s"), "{ending:?}: {story}");
    }
}

#[test]
fn programs_read_the_same() {
    let fixture = away(BootEnding::Ours);
    let json = listed(&fixture, &Global { json: true, ..Global::default() });
    let list: Value = serde_json::from_str(&json).expect("JSON");
    let boot = &list["incidents"][0]["boots"][0];
    assert_eq!((&boot["ending"], &boot["by_defib"]), (&"Ours".into(), &true.into()));
    assert_eq!((&boot["step"], &boot["away_seconds"]), (&"SysrqSent".into(), &45.0.into()));
    assert_eq!(list["incidents"][0]["down_for_seconds"], 58.0);
    assert_eq!(boot["machine"]["short_ms"], 21_000);
    assert_eq!(boot["machine"]["largest"]["comm"], "faulttool");
}
