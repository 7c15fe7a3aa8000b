//! The machine goes down in the middle of an incident, and another boot's guardian goes on.

use crate::executor::LINE_OFFSET_MS;
use crate::server::Server;
use crate::world::{World, config};
use defib_engine::event::{LedgerIntent, Outcome, Started};
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::{Class, Note};
use defib_journal::boot::{BootEnding, LastBoot, Trace, TraceSet};
use defib_journal::ledger::{Name, RebootMark};
use defib_journal::line::{BootId, Line};
use defib_journal::order::ActStep;

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
