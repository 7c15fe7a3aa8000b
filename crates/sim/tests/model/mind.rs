//! The guardian's part: the real engine, fed in the order of the real driver; its journal as the state
//! that it would give back.

use super::modelled::{Fate, Modelled};
use super::whole::{Guardian, Run, RunFate, Whole};
use super::wrong::Wrong;
use defib_engine::effect::{Effect, Order, Rung};
use defib_engine::event::{Event, LedgerIntent, Outcome, StartCount, Started};
use defib_engine::freeze::Vain;
use defib_engine::id::{AppId, IntentId};
use defib_engine::note::Note;
use defib_engine::seen::Seen;
use defib_engine::state::State;
use defib_engine::step;
use defib_engine::time::Moment;

/// Two readings of when a boot began differ by rounding only (as in the guardian).
const SAME_BOOT_MS: u64 = 1_000;

impl Modelled {
    /// One event through the engine, and what it wants, in the driver's order: the event's line, the
    /// effects one by one, a sync before an order.
    pub(crate) fn feed(&self, whole: &mut Whole, event: &Event, fate: Fate) {
        if self.is_unheard(whole, event) {
            return;
        }
        let boottime = whole.boottime();
        let Guardian::Up { state, offset_ms, .. } = &mut whole.guardian else { return };
        if fate == Fate::LineLost {
            let state = state.clone();
            whole.guardian = Guardian::Down(state);
            return;
        }
        let now = Moment(boottime + *offset_ms);
        let mut effects = self.step_with(state, now, event);
        self.tamper(whole, &mut effects);
        whole.watch.told(whole.now, event);
        for effect in effects {
            self.carry_out(whole, effect, fate);
        }
        if fate == Fate::OrdersLost {
            self.kill_guardian(whole);
        }
    }

    /// What the guardian makes of an event; the checkers are told of what it was.
    fn step_with(&self, state: &mut State, now: Moment, event: &Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut event = event.clone();
        if let (Wrong::BlindToNeeds, Event::Observed { probe, seen, .. }) = (self.wrong, &mut event)
            && probe.index > 0
        {
            *seen = Seen::Pass;
        }
        step(state, &self.told_policy, now, &event, &mut effects);
        effects
    }

    fn is_unheard(&self, whole: &mut Whole, event: &Event) -> bool {
        let deaf = match (self.wrong, event) {
            (Wrong::DeafToHold, Event::Held { .. })
            | (Wrong::DeafToStop, Event::Stopped { .. })
            | (Wrong::NoDoubt, Event::Doubted(_))
            | (Wrong::Oversleeps, Event::Woke) => true,
            (Wrong::DeafToHealth, Event::Observed { probe, seen, .. }) => {
                let acted = |state: &State| {
                    state.apps[usize::from(probe.app.0)]
                        .incident()
                        .is_some_and(|it| it.acted.is_some())
                };
                let Guardian::Up { state, .. } = &whole.guardian else { return false };
                seen.is_good() && acted(state)
            }
            _ => false,
        };
        if deaf {
            whole.watch.told(whole.now, event);
            let boottime = whole.boottime();
            if let Guardian::Up { state, offset_ms, .. } = &mut whole.guardian {
                // Time goes on all the same, or the model would stand still.
                state.now = state.now.max(Moment(boottime + *offset_ms));
            }
        }
        deaf
    }

    fn tamper(&self, whole: &mut Whole, effects: &mut Vec<Effect>) {
        let Guardian::Up { state, .. } = &mut whole.guardian else { return };
        if self.wrong == Wrong::NoLastLook {
            hurry(state, effects);
        }
        for effect in effects {
            if let Effect::Order(order) = effect {
                match self.wrong {
                    Wrong::SameNumber => order.intent = IntentId(1),
                    Wrong::RungsFall if order.rung == Rung::Kill && order.intent.0 > 1 => {
                        order.rung = Rung::Restart;
                    }
                    _ => {}
                }
            }
        }
    }

    fn carry_out(&self, whole: &mut Whole, effect: Effect, fate: Fate) {
        let now = whole.now;
        match effect {
            Effect::Probe { probe, attempt } => {
                let Guardian::Up { runs, .. } = &mut whole.guardian else { return };
                runs.retain(|run| run.probe != probe);
                runs.push(Run { probe, attempt, started: now, fate: RunFate::Honest });
                runs.sort_by_key(|run| run.probe);
            }
            Effect::Gather { app, incident } => {
                let closed = Event::EvidenceClosed { app, incident, complete: true };
                whole.reports.push(closed);
            }
            Effect::Recovered { app } => self.recovered(whole, app),
            Effect::Note(note) => whole.watch.noted(&note),
            Effect::Order(order) => {
                if let Guardian::Up { state, synced, .. } = &mut whole.guardian {
                    // Only a reboot of ours takes the machine down here.
                    *synced = (order.rung == Rung::Reboot).then(|| state.clone());
                }
                if fate == Fate::Whole {
                    let mut watch = std::mem::take(&mut whole.watch);
                    watch.ordered(whole, &self.policy, &order);
                    whole.watch = watch;
                    whole.orders.push(order);
                }
            }
        }
    }

    /// As the executor does it: by name, in the ledger.
    fn recovered(&self, whole: &mut Whole, app: Option<AppId>) {
        let apps = &self.policy.apps;
        let name = app.map(|app| apps[usize::from(app.0)].name.as_str());
        whole.ledger.recovered(|it| match name {
            Some(name) => it == Some(name),
            None => !it.is_some_and(|it| apps.iter().any(|app| app.name == it)),
        });
    }

    /// Killed, with all lines written.
    pub(crate) fn kill_guardian(&self, whole: &mut Whole) {
        if let Guardian::Up { state, .. } = &whole.guardian {
            whole.guardian = Guardian::Down(state.clone());
        }
    }

    /// A new guardian: greeting, memory, `Started`, what lives, what is held.
    pub(crate) fn start_guardian(&self, whole: &mut Whole) {
        let Guardian::Down(state) = &whole.guardian else { return };
        let state = state.clone();
        whole.orders.clear();
        whole.reports.clear();
        let (offset_ms, started) = self.line_of(whole, &state);
        let open = self.open_order(whole, &state);
        whole.guardian = Guardian::Up { state, offset_ms, runs: Vec::new(), synced: None };
        whole.watch.guardian_started();
        self.feed(whole, &Event::Started(started), Fate::Whole);
        self.tell_lives(whole);
        for report in std::mem::take(&mut whole.reports) {
            self.feed(whole, &report, Fate::Whole);
        }
        for app in 0..whole.lives.len() {
            if let Some(until) = whole.lives[app].hold.filter(|until| *until > whole.now) {
                self.tell_hold(whole, app, until);
            }
        }
        whole.orders.extend(open);
    }

    /// A hold is told as a moment of the guardian's line.
    pub(crate) fn tell_hold(&self, whole: &mut Whole, app: usize, until: u64) {
        let Guardian::Up { offset_ms, .. } = whole.guardian else { return };
        let moment = Moment(until - whole.booted + offset_ms);
        self.feed(whole, &Event::Held { app: AppId(app as u16), until: moment }, Fate::Whole);
        whole.watch.held(app, until);
    }

    /// The up-time line of a new guardian, and what the ledger says in its terms (as in the guardian).
    fn line_of(&self, whole: &Whole, remembered: &State) -> (u64, Started) {
        let ledger = &whole.ledger;
        let mut started = self.greeting(whole);
        let (began, known) = (started.booted_at, remembered.booted_at);
        started.new_boot = began.since(known).max(known.since(began)) > SAME_BOOT_MS;
        let behind_ms = remembered.now.since(ledger.now(whole.boottime()));
        started.booted_at = started.booted_at.plus(behind_ms);
        started.charges.iter_mut().for_each(|charge| charge.at = charge.at.plus(behind_ms));
        started.starts.iter_mut().for_each(|starts| starts.last = starts.last.plus(behind_ms));
        (ledger.line_offset_ms + behind_ms, started)
    }

    fn greeting(&self, whole: &Whole) -> Started {
        let ledger = &whole.ledger;
        let id_of = |name: &str| {
            let place = self.policy.apps.iter().position(|app| app.name == name);
            place.map(|index| AppId(index as u16))
        };
        let mut started = Started {
            booted_at: ledger.booted_at(),
            last_intent: ledger.last_intent,
            ..Started::default()
        };
        ledger.charges(id_of, &mut started.charges);
        started.vain = Vain(ledger.vain_reboots(id_of));
        if self.wrong == Wrong::ForgetsCharges {
            started.charges.clear();
        }
        for record in ledger.apps() {
            let Some(app) = id_of(record.name.as_str()) else { continue };
            started.intents.extend(record.intents.iter().map(|it| LedgerIntent {
                app,
                intent: it.intent,
                rung: it.rung,
                outcome: it.outcome.or_else(|| self.unless_at_work(whole, app, it.intent)),
            }));
            if record.start_count > 0 {
                let (count, last) = (record.start_count, record.last_start);
                started.starts.push(StartCount { app, count, last });
            }
        }
        started.intents.sort_by_key(|intent| intent.intent);
        started
    }

    /// An intent without an outcome was interrupted, unless the hand is still at it. A hand that is never busy,
    /// or blind for the living, does not know that either.
    fn unless_at_work(&self, whole: &Whole, app: AppId, intent: IntentId) -> Option<Outcome> {
        let forgets = matches!(self.wrong, Wrong::NeverBusy | Wrong::SecondCopy);
        let is_at_work = !forgets && whole.is_at_work(app, intent);
        (!is_at_work).then_some(Outcome::Interrupted)
    }

    /// The order that the remembered state waits for, for guardians that send it again.
    fn open_order(&self, whole: &Whole, state: &State) -> Option<Order> {
        if !matches!(self.wrong, Wrong::RepeatsUnchecked | Wrong::RepeatsChecked) {
            return None;
        }
        let (app, (intent, rung)) =
            state.apps.iter().enumerate().find_map(|(index, app)| Some((index, app.acting()?)))?;
        let charge = state.charges.iter().rev().find(|charge| usize::from(charge.app.0) == app);
        let incident = state.apps[app].incident();
        Some(Order {
            intent,
            app: AppId(app as u16),
            incident: incident?.id,
            rung,
            purse: charge
                .filter(|_| rung.is_disruptive())
                .map_or(defib_engine::effect::Purse::Free, |c| c.purse),
            class: incident?.class,
            identity: whole.lives[app].main,
            deadline_ms: super::rules::ACT_MS,
        })
    }
}

/// Sends the order when it is decided.
fn hurry(state: &mut State, effects: &mut Vec<Effect>) {
    let decided = effects.iter().find_map(|effect| match effect {
        Effect::Note(Note::Decided { app, incident, class, rung, purse, .. })
            if rung.is_disruptive() =>
        {
            Some((*app, *incident, *class, *rung, *purse))
        }
        _ => None,
    });
    let already = effects.iter().any(|effect| matches!(effect, Effect::Order(_)));
    let Some((app, incident, class, rung, purse)) = decided.filter(|_| !already) else { return };
    let identity = match state.apps[usize::from(app.0)].process {
        defib_engine::state::Process::Alive { identity, .. } => Some(identity),
        _ => None,
    };
    let intent = IntentId(state.next_intent);
    state.next_intent += 1;
    let deadline_ms = super::rules::ACT_MS;
    effects.push(Effect::Order(Order {
        intent,
        app,
        incident,
        rung,
        purse,
        class,
        identity,
        deadline_ms,
    }));
}
