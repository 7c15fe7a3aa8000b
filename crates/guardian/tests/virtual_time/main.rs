//! The guardian's mind without a machine: an app hangs, is killed and comes back, in virtual time,
//! and a second run is the same bit for bit.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod hog;
mod pressed;
mod puppet;

use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, Identity};
use defib_engine::note::Note;
use defib_engine::policy::RungSet;
use defib_guardian::mind::Mind;
use defib_journal::line::{Entry, Line};
use defib_journal::order::{Report, Request};
use puppet::{Puppet, Time, Told, born};

const SHOP: AppId = AppId(0);

/// When the app hangs, from the beginning.
const HANGS_MS: u64 = 100_000;

/// The executor: answers what the guardian said.
fn serve(mind: &mut Mind<Puppet>) {
    for request in std::mem::take(&mut mind.body_mut().said) {
        match request {
            Request::Evidence { app, incident } => {
                let (name, bytes) = ("stack".to_owned(), b"futex_wait\n".to_vec());
                mind.report(Report::Evidence { app, incident, name, bytes, last: true }, None);
            }
            Request::Order(order) => {
                assert_eq!((order.app, order.rung), (SHOP, Rung::Kill));
                mind.body_mut().hangs = false;
                let (app, intent, rung) = (order.app, order.intent, order.rung);
                let (outcome, detail) = (Outcome::Done, String::new());
                mind.report(Report::Acted { app, intent, rung, outcome, detail }, None);
                mind.report(Report::Found { app, identity: process(2) }, None);
            }
            _ => {}
        }
    }
}

fn process(pid: u32) -> Identity {
    Identity { pid, start_ticks: 1 }
}

/// Ten minutes; gives what was written.
fn run() -> Vec<Entry> {
    let folder = tempfile::tempdir().unwrap();
    let (time, told) = (Time::default(), Told::default());
    let mut mind = born(Puppet { time: time.clone(), ..Puppet::default() }, &told, &folder);
    let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
    mind.report(Report::Capable { app: SHOP, rungs, why_not: String::new() }, None);
    mind.report(Report::Found { app: SHOP, identity: process(1) }, None);
    let mut hung = false;
    while time.0.get() < 600_000 {
        assert_eq!(mind.turn(), None);
        let asked_ms = mind.rest((!hung).then_some(HANGS_MS));
        time.0.set(asked_ms.max(time.0.get() + u64::from(mind.body().said.is_empty())));
        mind.woke(asked_ms);
        if !hung && time.0.get() >= HANGS_MS {
            (hung, mind.body_mut().hangs) = (true, true);
        }
        serve(&mut mind);
    }
    told.0.take()
}

#[test]
fn a_hung_app_is_killed_once_and_a_second_run_is_the_same() {
    let entries = run();
    let orders = entries.iter().filter(|entry| matches!(entry.line, Line::Order { .. }));
    let ordered: Vec<u64> = orders.map(|entry| entry.up.0).collect();
    let from_fault_ms = ordered[0] - 5_000_000 - HANGS_MS;
    assert!(ordered.len() == 1 && (10_000..20_000).contains(&from_fault_ms), "{ordered:?}");
    let closed = |entry: &&Entry| matches!(&entry.line, Line::Note { note } if matches!(**note, Note::Closed { .. }));
    assert_eq!(entries.iter().filter(closed).count(), 1);
    assert_eq!(run(), entries);
}
