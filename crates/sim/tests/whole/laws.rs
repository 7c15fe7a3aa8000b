//! What must be true of every run, from the facts alone.

use defib_engine::effect::{Purse, Rung};
use defib_engine::id::IntentId;
use defib_engine::state::State;
use defib_sim::fact::{Dated, Fact};
use std::collections::{BTreeMap, BTreeSet};

const HOUR_MS: u64 = 3_600_000;

/// The first breach, if there is one.
pub(crate) fn breach(facts: &[Dated], apps_len: usize, last: Option<&State>) -> Option<String> {
    acts(facts).or_else(|| budgets(facts)).or_else(|| end(facts, apps_len, last))
}

/// An act begins once, after its intent is durable.
fn acts(facts: &[Dated]) -> Option<String> {
    let mut intended = BTreeSet::new();
    let mut begun = BTreeSet::new();
    for Dated { at_ms, fact } in facts {
        match fact {
            // Only machine rungs wait for the disk: the intents of others may be lost with the power.
            Fact::WentDown { hard: true, .. } => (intended, begun) = Default::default(),
            Fact::Intended { order, .. } if !intended.insert(order.intent) => {
                return Some(format!("{at_ms}: {:?} is intended twice", order.intent));
            }
            Fact::Began { intent, .. } if !intended.contains(intent) => {
                return Some(format!("{at_ms}: {intent:?} began before it was durable"));
            }
            Fact::Began { intent, .. } if !begun.insert(*intent) => {
                return Some(format!("{at_ms}: {intent:?} began twice"));
            }
            _ => {}
        }
    }
    None
}

/// Defaults: 4 restarts and kills an hour and 10 a day for each app, 1 reboot in 6 h; one gentle
/// restart every 15 min beside them.
fn budgets(facts: &[Dated]) -> Option<String> {
    let mut purses: BTreeMap<IntentId, Purse> = BTreeMap::new();
    let mut acts: BTreeMap<(usize, bool), Vec<u64>> = BTreeMap::new();
    let mut reboots: Vec<u64> = Vec::new();
    for Dated { at_ms, fact } in facts {
        match fact {
            // A sick disk may have taken no copy of the ledger: then charges are lost with the power.
            // (A reboot is not done without its copy.)
            Fact::WentDown { hard: true, .. } => acts.clear(),
            Fact::Intended { order, .. } => {
                purses.insert(order.intent, order.purse);
            }
            Fact::Began { intent, rung: Rung::Reboot, .. } => {
                if reboots.iter().any(|before| at_ms - before < 6 * HOUR_MS) {
                    return Some(format!("{at_ms}: {intent:?} reboots again within 6 h"));
                }
                reboots.push(*at_ms);
            }
            Fact::Began { intent, app, ends: true, rung } if rung.is_disruptive() => {
                let is_gentle = purses.get(intent) == Some(&Purse::Gentle);
                let acts = acts.entry((*app, is_gentle)).or_default();
                acts.push(*at_ms);
                let lately = acts.iter().filter(|before| at_ms - **before < HOUR_MS).count();
                if lately > 4 {
                    return Some(format!("{at_ms}: {intent:?} is the {lately}th act in an hour"));
                }
            }
            _ => {}
        }
    }
    None
}

/// Three hours after everything is mended all apps serve, and no incident is open.
fn end(facts: &[Dated], apps_len: usize, last: Option<&State>) -> Option<String> {
    let mut serves = vec![0; apps_len];
    for Dated { fact, .. } in facts {
        if let Fact::Serves { app, permille } = fact {
            serves[*app] = *permille;
        }
    }
    if let Some(app) = serves.iter().position(|permille| *permille < 1_000) {
        return Some(format!("app {app} serves {} of 1000 at the end", serves[app]));
    }
    let Some(last) = last else { return Some("no guardian is there at the end".into()) };
    // (An incident that a disk has lost ends with nobody's word.)
    let open = last.apps.iter().position(|app| app.incident().is_some());
    open.map(|app| format!("an incident of app {app} is open at the end"))
}
