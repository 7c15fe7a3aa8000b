//! What must be true of a journal, whatever was killed while it was written.

use super::lone::Life;
use super::storm::{GENTLE_EVERY_MS, LADDER_LIMIT, Tally};
use super::whole::Home;
use defib_engine::effect::{Order, Purse};
use defib_engine::event::Outcome;
use defib_journal::ledger::{Ledger, Slot};
use defib_journal::line::{Entry, Line};
use defib_journal::order::ActStep;
use std::collections::{BTreeMap, BTreeSet};

/// Judges all of it.
pub fn judge(home: &Home, lives: &[Life], tally: &Tally) {
    let entries = home.journal();
    let orders = home.orders();
    nobody_wrote_beside(home);
    numbers_go_on(&entries);
    no_act_is_repeated(&entries, &orders);
    each_start_has_its_order(lives, &orders);
    budgets_hold(home, &entries, &orders);
    what_was_acknowledged_is_there(&entries, tally);
    holds_hold(&entries, &orders);
    home.assert_replays();
}

/// Two writers at once would give one number twice; a reader hides that.
fn nobody_wrote_beside(home: &Home) {
    let mut last = 0;
    let files = std::fs::read_dir(home.state().join("journal")).expect("a journal");
    let paths = files.map(|file| file.expect("readable").path());
    // Beside the journal lies the flight recorder's ring, which is no text.
    for path in paths.filter(|path| path.extension().is_some_and(|it| it == "jsonl")) {
        let text = std::fs::read_to_string(path).expect("text");
        // A writer that takes up a file begins with an empty line.
        for line in text.lines().filter(|line| !line.is_empty()) {
            let number = line.strip_prefix("{\"v\":1,\"seq\":").and_then(|it| it.split(',').next());
            let number: u64 = number.and_then(|it| it.parse().ok()).expect("a whole line");
            assert_eq!(number, last + 1, "{line}");
            last = number;
        }
    }
}

/// A number that is missing is a line that was lost after it was written.
fn numbers_go_on(entries: &[Entry]) {
    for pair in entries.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1, "a line is lost after {:?}", pair[0]);
    }
    for entry in entries {
        assert!(!matches!(entry.line, Line::Alarm { .. }), "an alarm: {:?}", entry.line);
    }
}

fn no_act_is_repeated(entries: &[Entry], orders: &[(u64, Order)]) {
    let mut numbers = BTreeSet::new();
    for (_, order) in orders {
        assert!(numbers.insert(order.intent), "intent {} was ordered twice", order.intent.0);
    }
    let mut steps = BTreeSet::new();
    let mut results = BTreeMap::new();
    for entry in entries {
        match &entry.line {
            Line::Step { intent, step, .. } => {
                let is_new = steps.insert((*intent, format!("{step:?}")));
                assert!(is_new, "intent {}: {step:?} happened twice", intent.0);
            }
            Line::Acted { intent, outcome, .. } => {
                let earlier = results.insert(*intent, *outcome);
                assert_eq!(earlier, None, "intent {} ended twice", intent.0);
            }
            _ => {}
        }
    }
}

/// Acts on one app never overlap, so the start belongs to the last order before it; no order has two.
fn each_start_has_its_order(lives: &[Life], orders: &[(u64, Order)]) {
    let mut used = BTreeSet::new();
    for life in lives {
        let began_ms = life.began_ms() + 10;
        let order = orders.iter().rev().find(|(at, _)| *at <= began_ms);
        let Some((_, order)) = order else { panic!("nobody ordered {life:?}") };
        assert!(used.insert(order.intent), "intent {} started the app twice", order.intent.0);
    }
}

fn budgets_hold(home: &Home, entries: &[Entry], orders: &[(u64, Order)]) {
    let accepted: BTreeSet<_> = entries
        .iter()
        .filter_map(|entry| match &entry.line {
            Line::Step { intent, step: ActStep::Written, .. } => Some(*intent),
            Line::Acted { intent, outcome, .. } if !matches!(outcome, Outcome::Refused(_)) => {
                Some(*intent)
            }
            _ => None,
        })
        .collect();
    let paid = |purse| -> Vec<u64> {
        let is_paid = |order: &Order| order.purse == purse && accepted.contains(&order.intent);
        orders.iter().filter(|(_, order)| is_paid(order)).map(|(at, _)| *at).collect()
    };
    let ladder = paid(Purse::Ladder).len();
    assert!(ladder <= usize::from(LADDER_LIMIT), "{ladder} acts of the ladder");
    for pair in paid(Purse::Gentle).windows(2) {
        assert!(pair[1] - pair[0] >= GENTLE_EVERY_MS, "gentle acts at {} and {}", pair[0], pair[1]);
    }
    let ledger = ledger(home);
    let charged = ledger.app("lone").map_or(0, |app| app.ladder.iter().count());
    assert!(charged >= ladder, "{ladder} acts, but only {charged} charged");
    assert!(charged <= usize::from(LADDER_LIMIT), "{charged} charged");
}

fn ledger(home: &Home) -> Ledger {
    let bytes = std::fs::read(home.state().join("ledger")).expect("there is a ledger");
    let slot = |slot: Slot| {
        let from = slot.offset() as usize;
        Ledger::decode_slot(bytes.get(from..).unwrap_or_default())
    };
    Ledger::newest(slot(Slot::A), slot(Slot::B)).expect("a whole ledger")
}

fn what_was_acknowledged_is_there(entries: &[Entry], tally: &Tally) {
    for acknowledged in &tally.acknowledged {
        let is_there = entries.iter().any(
            |entry| matches!(&entry.line, Line::Hold { reason, .. } if *reason == *acknowledged),
        );
        assert!(is_there, "the hold {acknowledged:?} was acknowledged and is not in the journal");
    }
}

/// A hold is in force from its acknowledgement to its end, whoever was killed meanwhile.
fn holds_hold(entries: &[Entry], orders: &[(u64, Order)]) {
    for entry in entries {
        let Line::Hold { until: Some(until), reason, .. } = &entry.line else { continue };
        let broken = orders.iter().find(|(at, _)| entry.up.0 < *at && *at < until.0);
        assert_eq!(broken, None, "an order in the hold {reason:?}");
    }
}
