//! Where one millisecond, or one deciban, decides: a state set by hand, one step of the engine, and what it wants.
//! Every value here stands at the edge of a limit, on one side of it and then on the other.

mod answers;
mod bars;
mod budgets;
mod classes;
mod deadlines;
mod freeze;
mod last_look;
mod machine;
mod refusals;
mod rungs;
mod told;

use crate::support::policy as rules;
use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::event::{Charge, Event};
use defib_engine::host::{AppFacts, AppHost, Busy, Run};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::{Class, Note, Refusal};
use defib_engine::policy::{AppPolicy, Policy, View};
use defib_engine::seen::Seen;
use defib_engine::state::{
    AppPhase, AppState, Incident, Look, ProbeState, Process, Stage, State, Stretch, Used,
};
use defib_engine::step;
use defib_engine::time::Moment;

const NOW: Moment = Moment(200_000_000);
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 3_600_000;
const APP: AppId = AppId(0);
const LIVES: Identity = Identity { pid: 7, start_ticks: 9 };
const ERROR: Seen = Seen::Status { code: 500, retry_after_s: None };
const GONE: Process = Process::Gone { at: ago(SECOND), supervisor_until: None };

const fn ago(ms: u64) -> Moment {
    Moment(NOW.0 - ms)
}

/// What the engine makes of the first app.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Nothing,
    Acts(Rung, Purse),
    Refuses(Option<Rung>, Refusal),
}

/// Two apps and a machine, before a step.
#[derive(Clone)]
struct Bench {
    state: State,
    policy: Policy,
}

impl Bench {
    /// An app that runs, as a unit of its own, and a dependency of it that is well. Its one view has seen it fail
    /// like this for 20 s, the last time a second ago: enough for any act that only the looks must justify.
    fn failing(seen: Seen) -> Bench {
        let mut policy = rules::machine();
        let mut shop = rules::app("shop", "unit");
        shop.probes.push(rules::probe("db", View::Dependency));
        policy.apps = vec![shop, rules::app("blog", "unit")];
        rules::allow_reboot(&mut policy);
        let mut state = State::new(&policy, ago(1));
        for app in &mut state.apps {
            app.process = Process::Alive { identity: LIVES, since: Moment(1) };
            app.probes.iter_mut().for_each(well);
        }
        fail(&mut state.apps[0].probes[0], seen, 100);
        Bench { state, policy }
    }

    fn hung() -> Bench {
        Bench::failing(crate::support::world::HANG)
    }

    /// The known process is gone, and nothing was looked at since.
    fn dead() -> Bench {
        let mut bench = Bench::hung();
        well(bench.probe(0));
        bench.app().process = GONE;
        bench
    }

    /// It was never there.
    fn not_started() -> Bench {
        let mut bench = Bench::dead();
        bench.app().process = Process::NotStarted;
        bench
    }

    fn app(&mut self) -> &mut AppState {
        &mut self.state.apps[0]
    }

    fn rules(&mut self) -> &mut AppPolicy {
        &mut self.policy.apps[0]
    }

    fn probe(&mut self, index: usize) -> &mut ProbeState {
        &mut self.state.apps[0].probes[index]
    }

    /// One more probe of the first app, which is well; its index.
    fn add(&mut self, view: View) -> usize {
        self.rules().probes.push(rules::probe("more", view));
        let mut probe = ProbeState::new(NOW);
        well(&mut probe);
        self.app().probes.push(probe);
        self.app().probes.len() - 1
    }

    fn charge(&mut self, app: u16, rung: Rung, purse: Purse, at: Moment) {
        self.state.charges.push(Charge { app: AppId(app), rung, purse, at });
    }

    /// An incident that is open already.
    fn open(&mut self, class: Class, stage: Stage) -> &mut Incident {
        self.state.next_incident = 2;
        self.app().phase = AppPhase::Incident(Incident {
            id: IncidentId(1),
            class,
            since: ago(20 * SECOND),
            away_ms: None,
            stage,
            used: Used::default(),
            disruptive: 0,
            acted: None,
            back_at: None,
            bundled: false,
            refused: None,
            handed_over: None,
        });
        self.incident()
    }

    /// The executor is at work on this rung since ten seconds ago, and has been paid.
    fn acting(&mut self, class: Class, rung: Rung, purse: Purse) {
        let (intent, since, before) = (IntentId(1), ago(10 * SECOND), Used::default());
        self.state.next_intent = 2;
        self.charge(0, rung, purse, since);
        let until = NOW.plus(HOUR);
        let incident = self.open(class, Stage::Acting { intent, rung, since, until, before });
        (incident.disruptive, incident.used.steps[2]) = (1, 1);
    }

    fn incident(&mut self) -> &mut Incident {
        match &mut self.app().phase {
            AppPhase::Incident(incident) => incident,
            other => panic!("{other:?}"),
        }
    }

    fn stage(&self) -> Option<Stage> {
        self.state.apps[0].incident().map(|incident| incident.stage)
    }

    /// What the machine says of the first app, with nothing wrong yet.
    fn host(&mut self) -> &mut AppHost {
        let facts = AppFacts::default();
        let (at, memory, storm, silent) = (NOW, None, None, None);
        let blank = AppHost { at, facts, memory, storm, silent, sleep: None, busy: None };
        self.app().host.get_or_insert(blank)
    }

    /// It takes the CPU.
    fn busy(&mut self, works: bool, overloaded: bool) {
        let (run, block_from) = (HELD, HELD.since);
        let (failed, passed) = (0, 0);
        self.host().busy = Some(Busy { run, block_from, failed, passed, overloaded, works });
    }

    fn at(&mut self, now: Moment, event: &Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        step(&mut self.state, &self.policy, now, event, &mut effects);
        effects
    }

    fn wake(&mut self) -> Vec<Effect> {
        self.at(NOW, &Event::Woke)
    }

    /// What it makes of it now, after one change.
    fn verdict(&self, change: impl FnOnce(&mut Bench)) -> Verdict {
        let mut other = self.clone();
        change(&mut other);
        verdict(&other.wake())
    }

    /// The class that it opens an incident with, and since when.
    fn opens(&self, change: impl FnOnce(&mut Bench)) -> Option<(Class, Moment)> {
        let mut other = self.clone();
        change(&mut other);
        notes(&other.wake()).find_map(|note| match note {
            Note::Opened { app: APP, class, since, .. } => Some((*class, *since)),
            _ => None,
        })
    }

    fn class(&self, change: impl FnOnce(&mut Bench)) -> Option<Class> {
        self.opens(change).map(|(class, _)| class)
    }
}

/// A fact that three readings have shown, the last of them now; since when no look tells anything else.
const HELD: Run = Run { since: ago(90 * SECOND), until: NOW, readings: 3 };

/// Good for ever, and a moment ago.
fn well(probe: &mut ProbeState) {
    *probe = ProbeState { next_at: NOW.plus(HOUR), ever_passed: true, ..ProbeState::new(NOW) };
    (probe.fresh, probe.passes, probe.passing_since) = (100, 100, Moment(1));
    probe.last = Some(Look { seen: Seen::Pass, started: ago(510), ended: ago(500) });
}

/// Failing for 20 s until a second ago, with this much evidence.
fn fail(probe: &mut ProbeState, seen: Seen, db: i16) {
    let (since, until) = (ago(20 * SECOND), ago(SECOND));
    probe.stretch = Some(Stretch { since, until, count: 8 });
    probe.last = Some(Look { seen, started: ago(SECOND), ended: until });
    (probe.telling, probe.db, probe.passes) = (Some(seen), db, 0);
}

fn notes(effects: &[Effect]) -> impl Iterator<Item = &Note> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Note(note) => Some(note),
        _ => None,
    })
}

fn orders(effects: &[Effect]) -> Vec<&Order> {
    let mut orders = Vec::new();
    for effect in effects {
        if let Effect::Order(order) = effect {
            orders.push(order);
        }
    }
    orders
}

fn verdict(effects: &[Effect]) -> Verdict {
    let of = |note: &Note| match *note {
        Note::Decided { app: APP, rung, purse, .. } => Some(Verdict::Acts(rung, purse)),
        Note::Ordered { app: APP, incident: IncidentId(0), rung, purse, .. } => {
            Some(Verdict::Acts(rung, purse))
        }
        Note::Refused { app: APP, rung, refusal, .. } => Some(Verdict::Refuses(rung, refusal)),
        _ => None,
    };
    notes(effects).find_map(of).unwrap_or(Verdict::Nothing)
}
