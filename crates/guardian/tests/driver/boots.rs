//! The machine goes down in the middle of an incident, and another boot's guardian goes on.

use crate::executor::LINE_OFFSET_MS;
use crate::server::Server;
use crate::world::{World, config, until};
use defib_engine::event::{LedgerIntent, Outcome, Started};
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::{Class, Note};
use defib_journal::boot::{BootEnding, LastBoot, Trace, TraceSet};
use defib_journal::ledger::{Name, RebootMark};
use defib_journal::line::{BootId, Line};
use defib_journal::order::ActStep;
use defib_journal::recorder::{FILE_NAME, Hog, SLOT_BYTES, Sample, Text, offset_of, read_ring};
use std::time::Duration;

const BOOT: [u8; 16] = [8; 16];

/// Before what the journal has used: as after a reset that lost the ledger's last stamp.
const OFFSET_MS: u64 = LINE_OFFSET_MS - 5_000;

fn ours(intent: IntentId, incident: IncidentId) -> LastBoot {
    LastBoot {
        boot_id: BOOT,
        ending: BootEnding::Ours,
        reboot: Some(RebootMark {
            boot_id: [7; 16],
            intent,
            app: Name::new("shop").unwrap(),
            incident,
            class: Class::Hung,
            step: Some(ActStep::RebootForced),
        }),
        traces: TraceSet::default().with(Trace::Ordered).with(Trace::StepKnown),
        last_wall_ms: Some(1),
        began_wall_ms: Some(u64::MAX),
    }
}

fn is_boot(line: &Line<'_>) -> bool {
    matches!(line, Line::Boot { .. })
}

#[test]
fn the_end_of_the_last_boot_is_told_once_and_the_open_incident_closes_with_the_gap() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    server.hangs();
    let order = world.executor.expect_order();
    let intents = vec![LedgerIntent {
        app: order.app,
        intent: order.intent,
        rung: order.rung,
        outcome: Some(Outcome::Done),
    }];
    let ledger = Started { last_intent: order.intent.0, intents, ..Started::default() };
    world.kill();
    let last = ours(order.intent, order.incident);
    // The second guardian of the boot has nothing new to say.
    for _ in 0..2 {
        world.restart_in_boot(&text, &ledger, (OFFSET_MS, BOOT), last);
        world.executor.introduce();
        world.line("the boot", is_boot);
        let status = world.ask("{\"do\":\"status\"}");
        assert!(status.contains("\"last_boot\":{\"ending\":\"Ours\",\"app\":\"shop\""), "{status}");
        world.kill();
    }
    server.is_well();
    world.restart_in_boot(&text, &ledger, (OFFSET_MS, BOOT), last);
    world.executor.introduce();
    world.line("the incident's end", |line| {
        matches!(line, Line::Note { note } if matches!(**note,
            Note::Closed { incident, .. } if incident == order.incident))
    });
    assert_eq!(world.count(is_boot), 1);
    let journal = world.journal();
    let boot = journal.iter().find(|entry| is_boot(&entry.line)).unwrap();
    let Line::Boot { boot, ending, incident, intent, step, last_wall_ms, gap_ms, away_ms, .. } =
        &boot.line
    else {
        unreachable!("it was looked for")
    };
    assert_eq!((*boot, *ending), (BootId(BOOT), BootEnding::Ours));
    assert_eq!((*incident, *intent), (Some(order.incident), Some(order.intent)));
    assert_eq!(*step, Some(ActStep::RebootForced));
    assert!(last_wall_ms.is_some_and(|wall_ms| wall_ms > 1), "the journal knows it better");
    assert!(gap_ms.is_some() && away_ms.is_some());
    let away = journal.iter().find_map(|entry| match &entry.line {
        Line::Event { event } => match &**event {
            defib_engine::event::Event::Started(started) if started.new_boot => started.away_ms,
            _ => None,
        },
        _ => None,
    });
    assert_eq!(away, *away_ms, "the engine counts what was told");
    assert!(crate::replay::decisions_agree(&world) > 0);
}

/// Puts what a machine may have gone down with behind what the guardian has recorded itself.
fn add_the_last_minute(world: &World) {
    let path = world.state.path().join("journal").join(FILE_NAME);
    let mut ring = std::fs::read(&path).unwrap();
    let samples = read_ring(&ring);
    let last = *samples.last().expect("the guardian has recorded");
    assert!(last.memory_kb > 0 && last.tasks > 0 && last.boot_id != BOOT, "{last:?}");
    let hog = Hog { pid: 812, rss_kb: 509_952, comm: Text::of(b"faulttool"), ..Hog::default() };
    for (seq, seconds) in (last.seq + 1..).zip([5, 10, 15, 20, 26]) {
        let sample = Sample {
            seq,
            boottime_ms: last.boottime_ms + seconds * 1_000,
            is_short: true,
            memory_kb: 560 << 10,
            available_kb: 3 << 10,
            hog: (seconds > 5).then_some(hog),
            ..last
        };
        let place = offset_of(seq) as usize;
        let slot = ring[place..].first_chunk_mut::<SLOT_BYTES>().unwrap();
        sample.encode(slot);
    }
    // The next one was torn by the power cut.
    let torn = offset_of(samples.len() as u64 + 5) as usize;
    ring[torn..torn + 100].fill(0xA5);
    std::fs::write(&path, ring).unwrap();
}

#[test]
fn after_a_power_cut_it_is_told_who_had_the_memory() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    until("a record of this machine", Duration::from_secs(20), || {
        let ring = std::fs::read(world.state.path().join("journal").join(FILE_NAME)).ok()?;
        read_ring(&ring).last().map(|_| ())
    });
    world.kill();
    add_the_last_minute(&world);
    let last = LastBoot { ending: BootEnding::Cut, ..ours(IntentId(1), IncidentId(1)) };
    let machine = "memory: 3 MB of 560 left for 21 s; largest process: faulttool (pid 812, 498 MB, \
                   not a guarded app)";
    for _ in 0..2 {
        world.restart_in_boot(&text, &Started::default(), (OFFSET_MS, BOOT), last);
        world.executor.introduce();
        let Line::Boot { machine: Some(told), .. } = world.line("the boot", is_boot).line else {
            panic!("the recorder was not read")
        };
        assert_eq!(told.to_string(), machine);
        let status = world.ask("{\"do\":\"status\"}");
        assert!(status.contains("\"comm\":\"faulttool\",\"rss_kb\":509952"), "{status}");
        world.kill();
    }
    assert_eq!(world.count(is_boot), 1);
}

#[test]
fn a_disk_without_room_for_the_recorder_is_told_of_and_guarding_goes_on() {
    let server = Server::start();
    let mut world = World::silent();
    // A folder in the file's place: it can be opened by nobody.
    let place = world.state.path().join("journal").join(FILE_NAME);
    std::fs::create_dir_all(place).unwrap();
    world.executor.greet(&config(&server), &Started::default());
    world.executor.introduce();
    world.wait_until_up();
    let is_off = |line: &Line<'_>| matches!(line, Line::Alarm { message, .. } if message.contains("the flight recorder is off"));
    world.line("the alarm", is_off);
    server.hangs();
    world.executor.expect_order();
    assert_eq!(world.count(is_off), 1);
}

#[test]
fn a_report_about_another_boot_is_not_believed() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    world.kill();
    let last = LastBoot { boot_id: [9; 16], ..ours(IntentId(1), IncidentId(1)) };
    world.restart_in_boot(&text, &Started::default(), (OFFSET_MS, BOOT), last);
    assert!(world.ask("{\"do\":\"status\"}").contains("\"last_boot\":null"));
    assert_eq!(world.count(is_boot), 0);
}
