//! What makes two states the same. Times count from now and stop where no rule looks any more, numbers
//! count from the next one, and what is only told to people is left out: so the states that can be
//! reached are finite, and "exhaustive" needs no horizon. `same_shape_same_future` in `same_shape.rs` tests
//! that nothing was left out that decides.

use super::rules as r;
use super::whole::{Act, Guardian, Hand, Run, Whole};
use defib_engine::effect::Order;
use defib_engine::event::Event;
use defib_engine::id::Identity;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::ledger::AppRecord;
use std::hash::{Hash, Hasher};

/// Longer than any rule without a cap of its own looks back: the engine gives a look up after 70 s.
pub(super) const LONGEST_MS: u64 = 75_000;

impl Hash for Whole {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Print {
            whole: self,
            hasher,
            now: self.now,
            woken: self.now,
            intent: 0,
            probe_ages: LONGEST_MS,
        }
        .whole();
    }
}

impl PartialEq for Whole {
    fn eq(&self, other: &Whole) -> bool {
        let digest = |whole: &Whole| {
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            whole.hash(&mut hasher);
            hasher.finish()
        };
        digest(self) == digest(other)
    }
}

/// A print of the state.
pub(super) struct Print<'a, H: Hasher> {
    whole: &'a Whole,
    hasher: &'a mut H,
    /// The present, in the terms of what is being printed.
    pub(super) now: u64,
    /// Until when deadlines have been served, in the same terms.
    pub(super) woken: u64,
    /// The next intent.
    intent: u64,
    pub(super) probe_ages: u64,
}

impl<H: Hasher> Print<'_, H> {
    pub(super) fn put(&mut self, value: impl Hash) {
        value.hash(self.hasher);
    }

    /// How long ago, up to where it makes no difference; or how far ahead.
    pub(super) fn age(&mut self, at: u64, cap_ms: u64) {
        let age = (self.now as i64 - at as i64).min(cap_ms as i64);
        age.hash(self.hasher);
    }

    pub(super) fn moment(&mut self, at: Moment, cap_ms: u64) {
        self.age(at.0, cap_ms);
    }

    pub(super) fn is_within(&self, at: Moment, window_ms: u64) -> bool {
        self.now.saturating_sub(at.0) < window_ms
    }

    pub(super) fn optional(&mut self, at: Option<Moment>, cap_ms: u64) {
        self.put(at.is_some());
        if let Some(at) = at {
            self.moment(at, cap_ms);
        }
    }

    /// A deadline that means nothing once it has been served.
    pub(super) fn until(&mut self, at: Option<Moment>) {
        let ahead = at.filter(|at| at.0 > self.woken).map(|at| at.0 as i64 - self.now as i64);
        ahead.hash(self.hasher);
    }

    pub(super) fn number(&mut self, intent: u64) {
        (intent as i64 - self.intent as i64).hash(self.hasher);
    }

    pub(super) fn identity(&mut self, identity: Option<Identity>) {
        identity.map(|identity| self.whole.next_pid - identity.pid).hash(self.hasher);
    }

    fn whole(&mut self) {
        let Whole {
            now: _,
            booted,
            boot: _,
            going_down,
            next_pid: _,
            lives,
            is_needed_up,
            guardian,
            hands,
            ledger: _,
            orders,
            reports,
            left,
            watch,
        } = self.whole;
        self.intent = match guardian {
            Guardian::Up { state, .. } | Guardian::Down(state) => state.next_intent,
        };
        self.put((going_down, is_needed_up, left));
        self.age(*booted, r::UPTIME_MS);
        for life in lives {
            self.put((life.health, life.stopped));
            self.identity(life.main);
            self.until(life.hold.map(Moment));
        }
        for hand in hands.iter().flatten() {
            self.hand(hand);
        }
        self.put((hands.is_some(), orders.len(), reports.len()));
        for order in orders {
            self.order(order);
        }
        for report in reports {
            self.report(report);
        }
        self.guardian(guardian);
        self.ledger();
        watch.print(self.whole.now, self.intent, self.hasher);
    }

    fn guardian(&mut self, guardian: &Guardian) {
        match guardian {
            Guardian::Up { state, offset_ms, runs, synced } => {
                self.put((0, runs.len(), synced.is_some()));
                self.put(*offset_ms as i64 - self.whole.ledger.line_offset_ms as i64);
                for run in runs {
                    self.run(run, state);
                }
                self.now = self.whole.boottime() + offset_ms;
                self.state(state);
                if let Some(synced) = synced {
                    self.state(synced);
                }
            }
            Guardian::Down(state) => {
                self.put(1);
                self.now = self.whole.boottime() + self.whole.ledger.line_offset_ms;
                self.state(state);
            }
        }
    }

    fn run(&mut self, run: &Run, state: &State) {
        let Run { probe, attempt, started, fate } = run;
        let place = &state.apps[usize::from(probe.app.0)].probes[usize::from(probe.index)];
        let awaited = place.attempt == *attempt && place.asked_at.is_some();
        self.put((probe, awaited, fate));
        self.age(*started, LONGEST_MS);
    }

    fn hand(&mut self, hand: &Hand) {
        let Hand { main, is_stopped, told_dead, acts } = hand;
        self.identity(*main);
        self.put((is_stopped, told_dead, acts.len()));
        for Act { order, victim, accepted, step } in acts {
            self.order(order);
            self.identity(*victim);
            self.age(*accepted, LONGEST_MS);
            self.put(step);
        }
    }

    fn order(&mut self, order: &Order) {
        let Order { intent, app, incident: _, rung, purse, class, identity, deadline_ms } = order;
        self.number(intent.0);
        self.identity(*identity);
        self.put((app, rung, purse, class, deadline_ms));
    }

    fn report(&mut self, report: &Event) {
        match report {
            Event::Found { app, identity } => {
                self.put((0, app));
                self.identity(Some(*identity));
            }
            Event::Died { app, identity, exit: _, restart_in_ms } => {
                self.put((1, app, restart_in_ms));
                self.identity(*identity);
            }
            Event::Acted { app, intent, outcome } => {
                self.put((2, app, outcome));
                self.number(intent.0);
            }
            Event::EvidenceClosed { app, incident, complete: _ } => {
                let open = match &self.whole.guardian {
                    Guardian::Up { state, .. } | Guardian::Down(state) => {
                        state.apps[usize::from(app.0)].incident().map(|open| open.id)
                    }
                };
                self.put((3, app, open == Some(*incident)));
            }
            other => self.put((4, other)),
        }
    }

    fn ledger(&mut self) {
        let ledger = &self.whole.ledger;
        self.now = ledger.now(self.whole.boottime()).0;
        self.number(ledger.last_intent);
        self.put(ledger.boot_id == self.whole.boot_id());
        for charge in ledger.vain.iter() {
            let app = charge.app.as_ref().map(defib_journal::ledger::Name::as_str);
            self.put((app, charge.at > ledger.booted_at()));
        }
        for charge in ledger.reboots.iter() {
            if self.is_within(charge.at, r::REBOOTS.long_ms) {
                self.moment(charge.at, r::REBOOTS.long_ms);
            }
        }
        // The line of a new boot goes on from the stamp.
        if self.whole.going_down {
            self.age(ledger.stamp_boottime_ms + ledger.line_offset_ms, LONGEST_MS);
        }
        ledger.apps().iter().for_each(|app| self.record(app));
    }

    fn record(&mut self, app: &AppRecord) {
        let AppRecord { name, process, start_count, last_start, ladder, gentle, intents } = app;
        self.put((name.as_str(), start_count.min(&4)));
        self.identity(process.map(|process| process.identity));
        if *start_count > 0 {
            self.moment(*last_start, r::HEALTHY_MS);
        }
        for charge in ladder.iter() {
            if self.is_within(charge.at, r::ACTS.long_ms) {
                self.put(charge.rung);
                self.moment(charge.at, r::ACTS.long_ms);
            }
        }
        let gentle = gentle.filter(|charge| self.is_within(charge.at, r::GENTLE_MS));
        self.optional(gentle.map(|charge| charge.at), r::GENTLE_MS);
        let acting = self.acting(name.as_str());
        for record in intents.iter() {
            if record.outcome.is_none() || Some(record.intent.0) == acting {
                self.number(record.intent.0);
                self.put((record.rung, record.purse, record.outcome));
            }
        }
    }

    /// The intent that the guardian, or what its journal gives back, waits for.
    fn acting(&self, name: &str) -> Option<u64> {
        let index = name.trim_start_matches("app").parse::<usize>().unwrap_or(0);
        let state = match &self.whole.guardian {
            Guardian::Up { state, .. } | Guardian::Down(state) => state,
        };
        state.apps.get(index)?.acting().map(|(intent, _)| intent.0)
    }
}
