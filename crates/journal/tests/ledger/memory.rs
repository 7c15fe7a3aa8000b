//! What a ledger must know after any edits: plain lists, without a limit on their length.

use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Outcome};
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::time::Moment;
use defib_journal::ledger::{CHARGES_MAX, INTENTS_MAX, Ledger, NO_APP, REBOOTS_MAX};
use std::collections::BTreeMap;

/// Apps of the config, the last of which has the longest name; and one that has left it.
pub(crate) const NAMES: [&str; 4] = [
    "shop",
    "ändere-dich",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "gone",
];

/// An app that has left the config has no number any more.
pub(crate) fn id_of(name: &str) -> Option<AppId> {
    NAMES[..3].iter().position(|other| *other == name).map(|index| AppId(index as u16))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) number: u64,
    pub(crate) rung: Rung,
    pub(crate) purse: Purse,
    pub(crate) at: u64,
    pub(crate) outcome: Option<Outcome>,
}

/// What is remembered of one app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) process: Option<(Identity, u8)>,
    pub(crate) starts: (u16, u64),
    pub(crate) ladder: Vec<(Rung, u64)>,
    pub(crate) gentle: Option<(Rung, u64)>,
    pub(crate) intents: Vec<Intent>,
}

/// All that happened on one machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) boot: u8,
    /// When this boot began, in up-time of all boots.
    pub(crate) booted_at: u64,
    /// When it was last known to be true, since the boot.
    pub(crate) stamp: u64,
    pub(crate) last_intent: u64,
    pub(crate) reboots: Vec<(Option<&'static str>, u64)>,
    pub(crate) apps: BTreeMap<&'static str, App>,
}

impl Memory {
    pub(crate) fn intend(&mut self, name: &'static str, number: u64, what: (Rung, Purse), at: u64) {
        let (rung, purse) = what;
        let app = self.apps.entry(name).or_default();
        app.intents.push(Intent { number, rung, purse, at, outcome: None });
        match what {
            (Rung::Start, _) => app.starts = (app.starts.0 + 1, at),
            (Rung::Reboot, _) => self.reboots.push((Some(name), at)),
            (_, Purse::Ladder) => app.ladder.push((rung, at)),
            (_, Purse::Gentle) => app.gentle = Some((rung, at)),
            (_, Purse::Free) => {}
        }
        self.last_intent = number;
    }

    /// Whether the intent is one of those that are kept.
    pub(crate) fn finish(&mut self, number: u64, outcome: Outcome) -> bool {
        for app in self.apps.values_mut() {
            if let Some(intent) =
                app.intents.iter_mut().rev().take(INTENTS_MAX).find(|it| it.number == number)
            {
                intent.outcome = Some(outcome);
                return true;
            }
        }
        false
    }

    /// Another boot: nothing lies in the future of its beginning, and no process is known.
    pub(crate) fn boot(&mut self, boot: u8) {
        let intents = self.apps.values().flat_map(|app| tail(&app.intents, INTENTS_MAX));
        let acts = intents.map(|it| it.at).chain(tail(&self.reboots, REBOOTS_MAX).map(|it| it.1));
        let last = acts.max().unwrap_or(0);
        self.booted_at = last.max(self.booted_at + self.stamp);
        (self.boot, self.stamp) = (boot, 0);
        self.apps.values_mut().for_each(|app| app.process = None);
    }

    pub(crate) fn forget(&mut self, now: u64, keep_ms: u64) {
        let young = |at: u64| now.saturating_sub(at) < keep_ms;
        // What had no room any more does not come back when younger ones go.
        self.reboots = tail(&self.reboots, REBOOTS_MAX).filter(|it| young(it.1)).copied().collect();
        for app in self.apps.values_mut() {
            app.ladder = tail(&app.ladder, CHARGES_MAX).filter(|it| young(it.1)).copied().collect();
            app.gentle = app.gentle.filter(|it| young(it.1));
            app.intents =
                tail(&app.intents, INTENTS_MAX).filter(|it| young(it.at)).cloned().collect();
            if !young(app.starts.1) {
                app.starts.0 = 0;
            }
        }
        self.apps.retain(|_, app| {
            let last = app.starts.1;
            *app != App { starts: (0, last), ..App::default() }
        });
    }

    /// All that a ledger can be asked is answered as this memory answers it.
    pub(crate) fn judge(&self, ledger: &Ledger, now: u64) {
        assert_eq!(ledger.boot_id, [self.boot; 16]);
        assert_eq!(ledger.booted_at(), Moment(self.booted_at), "the boot's beginning");
        assert_eq!(ledger.now(now - self.booted_at), Moment(now), "the up-time line");
        assert_eq!((ledger.stamp_boottime_ms, ledger.last_intent), (self.stamp, self.last_intent));
        let names: Vec<&str> = ledger.apps().iter().map(|app| app.name.as_str()).collect();
        assert_eq!(names.len(), self.apps.len(), "{names:?}");
        for name in NAMES {
            let known = self.apps.get(name);
            assert_eq!(ledger.app(name).is_some(), known.is_some(), "{name}");
            assert_eq!(names.contains(&name), known.is_some(), "{name}");
            if let Some(known) = known {
                Self::judge_app(ledger, name, known, now);
            }
        }
        for window in [1, 1_000, 3_600_000, 86_400_000] {
            let young = |it: &&(Option<&str>, u64)| now.saturating_sub(it.1) < window;
            let used = tail(&self.reboots, REBOOTS_MAX).filter(young).count();
            assert_eq!(ledger.reboots_used(Moment(now), window), used, "reboots in {window} ms");
        }
        self.judge_charges(ledger);
    }

    fn judge_app(ledger: &Ledger, name: &str, known: &App, now: u64) {
        let Some(record) = ledger.app(name) else { panic!("{name} is forgotten") };
        assert_eq!(format!("{:?}", record.name), format!("{name:?}"));
        let process = record.process.map(|it| (it.identity, it.boot_id[0]));
        assert_eq!(process, known.process, "{name}");
        assert_eq!((record.start_count, record.last_start.0), known.starts, "{name}");
        let ladder: Vec<_> = record.ladder.iter().map(|it| (it.rung, it.at.0)).collect();
        assert_eq!(ladder, tail(&known.ladder, CHARGES_MAX).copied().collect::<Vec<_>>());
        assert_eq!(record.ladder.len(), ladder.len());
        assert_eq!(record.ladder.is_empty(), ladder.is_empty());
        assert_eq!(record.gentle.map(|it| (it.rung, it.at.0)), known.gentle);
        let intents: Vec<Intent> = record
            .intents
            .iter()
            .map(|it| Intent {
                number: it.intent.0,
                rung: it.rung,
                purse: it.purse,
                at: it.at.0,
                outcome: it.outcome,
            })
            .collect();
        assert_eq!(intents, tail(&known.intents, INTENTS_MAX).cloned().collect::<Vec<_>>());
        for window in [1, 1_000, 3_600_000, 86_400_000] {
            let young = |it: &&(Rung, u64)| now.saturating_sub(it.1) < window;
            let used = tail(&known.ladder, CHARGES_MAX).filter(young).count();
            assert_eq!(ledger.ladder_used(name, Moment(now), window), used, "{name} {window} ms");
        }
    }

    /// What the guardian is told: every charge, oldest first; a reboot counts even if its app is gone.
    fn judge_charges(&self, ledger: &Ledger) {
        let mut expected = Vec::new();
        for (name, at) in tail(&self.reboots, REBOOTS_MAX) {
            let app = name.and_then(id_of).unwrap_or(NO_APP);
            let at = Moment(*at);
            expected.push(Charge { app, rung: Rung::Reboot, purse: Purse::Ladder, at });
        }
        for (name, known) in &self.apps {
            let Some(app) = id_of(name) else { continue };
            let ladder = tail(&known.ladder, CHARGES_MAX).map(|it| (Purse::Ladder, it));
            let gentle = known.gentle.iter().map(|it| (Purse::Gentle, it));
            expected.extend(ladder.chain(gentle).map(|(purse, (rung, at))| Charge {
                app,
                rung: *rung,
                purse,
                at: Moment(*at),
            }));
        }
        let mut told = Vec::new();
        ledger.charges(id_of, &mut told);
        assert!(told.is_sorted_by_key(|charge| charge.at), "oldest first: {told:?}");
        let ordered = |charges: &mut Vec<Charge>| {
            charges.sort_by_key(|it| (it.at, it.app, it.rung, it.purse));
        };
        ordered(&mut told);
        ordered(&mut expected);
        assert_eq!(told, expected);
    }
}

/// The youngest of them, oldest first.
fn tail<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    all[all.len().saturating_sub(most)..].iter()
}

/// An intent's number in the ledger's words.
pub(crate) fn intent(number: u64) -> IntentId {
    IntentId(number)
}
