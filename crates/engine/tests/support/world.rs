//! A small world in virtual time: apps that answer, die and start, an executor that carries out orders.
//! It knows the truth, so that checkers need not ask the engine.

use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::event::{
    Charge, Event, Exit, Failure, LedgerIntent, Outcome, StartCount, Started,
};
use defib_engine::freeze::{Vain, VainReboot};
use defib_engine::host::{AppFacts, MachineFacts, Pressure, READING_MS};
use defib_engine::id::{AppId, Identity, IntentId, ProbeId};
use defib_engine::note::Note;
use defib_engine::policy::Policy;
use defib_engine::seen::{Phase, Seen};
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_engine::{next_deadline, step};
use std::collections::BTreeMap;

/// What a new process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Answers after its warm-up.
    Good { warm_ms: u64 },
    /// Dies after this long.
    Dies { after_ms: u64 },
    /// Answers as the old one did.
    Same,
}

/// One app of the world.
#[derive(Clone, Debug)]
pub struct SimApp {
    pub process: Option<Identity>,
    /// What each probe would see, and how long it takes.
    pub answers: Vec<(Seen, u64)>,
    pub next: Life,
    pub start_ms: u64,
    pub kill_ms: u64,
    /// A person's stop of it is under way; the service manager tells each executor so.
    pub is_being_stopped: bool,
    /// What the executor says instead of acting.
    pub refuses: Option<Outcome>,
    /// Its service manager takes a start and says nothing: the executor finds that out after 3 s.
    pub is_manager_mute: bool,
    /// Until then it pauses: a look waits for the end of the pause, if that comes in time.
    pub paused_until: Moment,
    /// What can be measured of it.
    pub facts: AppFacts,
    warm_at: Option<u64>,
}

/// Something that will happen.
#[derive(Clone, Debug)]
enum Due {
    Event(Event),
    Ended { probe: ProbeId, attempt: u32, started: Moment, seen: Seen },
    Killed { app: usize },
    Started { app: usize, order: Order },
    Dies { app: usize, identity: Identity },
}

/// What has happened, for checkers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    Event(Event),
    Effect(Effect),
    /// The executor really began this.
    Done(Order),
    /// The executor was killed before this order ended anything.
    Undone(IntentId),
}

/// How the engine is mis-wired, to prove that a checker bites.
pub type Mutant = fn(&mut World, &mut Event) -> bool;

pub struct World {
    pub now: Moment,
    pub state: State,
    /// What the engine is told.
    pub policy: Policy,
    pub apps: Vec<SimApp>,
    pub trace: Vec<(Moment, Trace)>,
    /// Changes an event before the engine sees it; false drops it.
    pub tamper: Option<Mutant>,
    /// Changes effects before the world sees them.
    pub tamper_effects: Option<fn(&mut Vec<Effect>)>,
    /// The executor forgets which intents it has seen.
    pub forgetful: bool,
    /// Whether what the config names lies on the full disk.
    pub frees: bool,
    pub booted_at: Moment,
    /// What can be read of the machine.
    pub machine: MachineFacts,
    next_reading: Moment,
    has_told_machine: bool,
    ledger: Ledger,
    due: BTreeMap<(u64, u64), Due>,
    sequence: u64,
    next_pid: u32,
    /// How many events there were in this second.
    busy: (u64, u32),
}

#[derive(Clone, Default, Debug)]
struct Ledger {
    charges: Vec<Charge>,
    intents: Vec<LedgerIntent>,
    starts: Vec<StartCount>,
    vain: Vain,
    last: u64,
}

impl World {
    /// A world in which every app runs and answers; the machine has been up for `uptime_ms`.
    pub fn new(policy: Policy, uptime_ms: u64) -> World {
        let now = Moment(uptime_ms);
        let apps: Vec<SimApp> = policy
            .apps
            .iter()
            .map(|app| SimApp {
                process: None,
                answers: app.probes.iter().map(|_| (Seen::Pass, 10)).collect(),
                next: Life::Good { warm_ms: 1_000 },
                start_ms: 200,
                kill_ms: 100,
                is_being_stopped: false,
                refuses: None,
                is_manager_mute: false,
                paused_until: Moment(0),
                facts: AppFacts::default(),
                warm_at: None,
            })
            .collect();
        let mut world = World {
            now,
            state: State::new(&policy, now),
            policy,
            apps,
            trace: Vec::new(),
            tamper: None,
            tamper_effects: None,
            forgetful: false,
            frees: true,
            booted_at: Moment(0),
            machine: WELL,
            next_reading: now.plus(READING_MS),
            has_told_machine: false,
            ledger: Ledger::default(),
            due: BTreeMap::new(),
            sequence: 0,
            next_pid: 100,
            busy: (0, 0),
        };
        for app in 0..world.apps.len() {
            world.apps[app].process = Some(world.new_identity());
        }
        world
    }

    /// The same, with the guardian started.
    pub fn started(policy: Policy, uptime_ms: u64) -> World {
        let mut world = World::new(policy, uptime_ms);
        world.start_guardian();
        world
    }

    pub fn new_identity(&mut self) -> Identity {
        self.next_pid += 1;
        Identity { pid: self.next_pid, start_ticks: self.now.0 / 10 }
    }

    fn id(app: usize) -> AppId {
        AppId(app as u16)
    }

    /// What the real guardian is told when it starts.
    pub fn start_guardian(&mut self) {
        let started = Started {
            booted_at: self.booted_at,
            new_boot: false,
            away_ms: None,
            last_intent: self.ledger.last,
            charges: self.ledger.charges.clone(),
            intents: self.ledger.intents.clone(),
            starts: self.ledger.starts.clone(),
            vain: self.ledger.vain.clone(),
        };
        self.due.retain(|_, due| !matches!(due, Due::Ended { .. }));
        self.feed(Event::Started(started));
        for app in 0..self.apps.len() {
            if self.apps[app].is_being_stopped {
                self.feed(Event::Stopped { app: Self::id(app) });
            }
            let event = match self.apps[app].process {
                Some(identity) if self.policy.apps[app].process_known => {
                    Event::Found { app: Self::id(app), identity }
                }
                None if self.policy.apps[app].process_known => Event::Died {
                    app: Self::id(app),
                    identity: None,
                    exit: Exit::Unseen,
                    restart_in_ms: None,
                },
                _ => continue,
            };
            self.feed(event);
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now.plus(ms);
        loop {
            let woken = next_deadline(&self.state).map(|at| at.max(self.now));
            let due = self.due.keys().next().map(|(at, _)| Moment(*at));
            let reading = self.next_reading;
            let first = woken.into_iter().chain(due).min().unwrap_or(end);
            if reading <= first && reading <= end {
                self.now = reading;
                self.next_reading = reading.plus(READING_MS);
                self.read_machine();
                continue;
            }
            match (woken, due) {
                (Some(at), other) if at <= end && other.is_none_or(|other| at < other) => {
                    self.now = at;
                    self.feed(Event::Woke);
                }
                (_, Some(at)) if at <= end => {
                    self.now = at;
                    let (_, due) = self.due.pop_first().expect("just seen");
                    self.happen(due);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// What the guardian does every few seconds: it tells what matters, and once that it no longer does.
    fn read_machine(&mut self) {
        let machine = self.machine;
        let measured: Vec<(usize, AppFacts)> = (0..self.apps.len())
            .filter(|app| self.apps[*app].process.is_some())
            .map(|app| (app, self.apps[app].facts))
            .filter(|(_, facts)| facts.matters(&machine))
            .collect();
        let tells = machine.matters() || !measured.is_empty();
        if !tells && !self.has_told_machine {
            return;
        }
        self.has_told_machine = tells;
        for (app, facts) in measured {
            self.feed(Event::Measured { app: Self::id(app), facts });
        }
        self.feed(Event::Machine(machine));
    }

    pub fn at(&mut self, at: Moment, event: Event) {
        self.later(at, Due::Event(event));
    }

    fn later(&mut self, at: Moment, due: Due) {
        self.sequence += 1;
        self.due.insert((at.0, self.sequence), due);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Event(event) => self.feed(event),
            Due::Ended { probe, attempt, started, seen } => {
                let ended = self.now;
                self.feed(Event::Observed { probe, attempt, started, ended, seen });
            }
            Due::Killed { app } => self.apps[app].process = None,
            Due::Started { app, order } => self.finish_start(app, &order),
            Due::Dies { app, identity } => {
                if self.apps[app].process == Some(identity) {
                    self.die(app, Exit::Code(1), None);
                }
            }
        }
    }

    /// Gives the engine one event, and the world what the engine wants.
    pub fn feed(&mut self, mut event: Event) {
        self.trace.push((self.now, Trace::Event(event.clone())));
        if let Some(tamper) = self.tamper
            && !tamper(self, &mut event)
        {
            return;
        }
        let mut effects = Vec::new();
        step(&mut self.state, &self.policy, self.now, &event, &mut effects);
        // An engine that keeps the guardian busy for ever is wrong whatever it decides.
        self.busy = if self.busy.0 == self.now.0 / 1_000 {
            (self.busy.0, self.busy.1 + 1)
        } else {
            (self.now.0 / 1_000, 1)
        };
        let is_storm = self.busy.1 >= 500 && self.tamper.is_none();
        assert!(!is_storm, "500 events in one second, the last of them {event:?}");
        // Whatever was due has been dealt with: else the guardian's loop would spin.
        let woken = next_deadline(&self.state);
        assert!(woken.is_none_or(|at| at > self.now), "woken again at once after {event:?}");
        if let Some(tamper) = self.tamper_effects {
            tamper(&mut effects);
        }
        for effect in effects {
            self.trace.push((self.now, Trace::Effect(effect.clone())));
            self.carry_out(&effect);
        }
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Probe { probe, attempt } => self.look(*probe, *attempt),
            Effect::Gather { app, incident } => {
                let event =
                    Event::EvidenceClosed { app: *app, incident: *incident, complete: true };
                self.later(self.now.plus(50), Due::Event(event));
            }
            Effect::Order(order) => self.obey(order),
            Effect::Recovered { app } => {
                let apps = self.apps.len();
                self.ledger.vain.0.retain(|reboot| match app {
                    Some(app) => reboot.app != *app,
                    None => usize::from(reboot.app.0) < apps,
                });
            }
            Effect::Note(_) => {}
        }
    }

    fn look(&mut self, probe: ProbeId, attempt: u32) {
        let app = usize::from(probe.app.0);
        let rules = &self.policy.apps[app].probes[usize::from(probe.index)];
        let (mut seen, mut takes_ms) = self.answer(app, usize::from(probe.index));
        if rules.view != defib_engine::policy::View::Dependency {
            takes_ms += self.apps[app].paused_until.since(self.now);
        }
        if takes_ms >= rules.timeout_ms || matches!(seen, Seen::Timeout(_)) {
            (seen, takes_ms) = (HANG, rules.timeout_ms);
        }
        let started = self.now;
        let due = Due::Ended { probe, attempt, started, seen };
        self.later(started.plus(takes_ms), due);
    }

    fn answer(&self, app: usize, index: usize) -> (Seen, u64) {
        let sim = &self.apps[app];
        if self.policy.apps[app].probes[index].view == defib_engine::policy::View::Dependency {
            return sim.answers[index];
        }
        match (sim.process, sim.warm_at) {
            (None, _) => (Seen::Refused, 1),
            (_, Some(at)) if self.now.0 < at => (Seen::Refused, 1),
            _ => sim.answers[index],
        }
    }

    fn obey(&mut self, order: &Order) {
        let app = usize::from(order.app.0);
        let Some(sim) = self.apps.get(app) else { return };
        let (kill_ms, start_ms) = (sim.kill_ms, sim.start_ms);
        let answer = |outcome| Event::Acted { app: order.app, intent: order.intent, outcome };
        if !self.forgetful && order.intent.0 <= self.ledger.last {
            let refused = Outcome::Refused(defib_engine::event::OrderRefusal::Repeated);
            self.later(self.now.plus(1), Due::Event(answer(refused)));
            return;
        }
        if let Some(outcome) = self.apps[app].refuses {
            self.later(self.now.plus(5), Due::Event(answer(outcome)));
            return;
        }
        if order.rung == Rung::Start && self.apps[app].is_manager_mute {
            let outcome = Outcome::Failed(defib_engine::event::Failure::NoManager);
            self.later(self.now.plus(3_000), Due::Event(answer(outcome)));
            return;
        }
        self.write_ledger(order);
        self.trace.push((self.now, Trace::Done(*order)));
        match order.rung {
            Rung::Start => self.later(self.now.plus(start_ms), Due::Started { app, order: *order }),
            Rung::Restart | Rung::Kill => {
                self.later(self.now.plus(kill_ms), Due::Killed { app });
                self.later(self.now.plus(kill_ms + start_ms), Due::Started { app, order: *order });
            }
            Rung::Reload => self.later(self.now.plus(50), Due::Event(answer(Outcome::Done))),
            Rung::Reboot => self.reboot(order),
            Rung::Clean => self.clean(order),
        }
    }

    /// Gives the disk its room back, if what the config names lies there.
    fn clean(&mut self, order: &Order) {
        let frees = self.frees;
        let outcome = if frees { Outcome::Done } else { STILL_FULL };
        let Order { app, intent, .. } = *order;
        if frees {
            self.machine = WELL;
        }
        self.later(self.now.plus(200), Due::Event(Event::Acted { app, intent, outcome }));
    }

    fn write_ledger(&mut self, order: &Order) {
        let Order { app, intent, rung, purse, .. } = *order;
        self.ledger.last = intent.0;
        self.ledger.intents.push(LedgerIntent { app, intent, rung, outcome: None });
        if rung.is_charged() {
            self.ledger.charges.push(Charge { app, rung, purse, at: self.now });
        }
        if rung == Rung::Reboot {
            self.ledger.vain.0.push(VainReboot { app, at: self.now });
        }
        if rung == Rung::Start {
            let count = self.state.apps[usize::from(app.0)].starts.count + 1;
            self.ledger.starts.retain(|other| other.app != app);
            self.ledger.starts.push(StartCount { app, count, last: self.now });
        }
    }

    fn finish_start(&mut self, app: usize, order: &Order) {
        let identity = self.new_identity();
        let life = self.apps[app].next;
        let now = self.now;
        let sim = &mut self.apps[app];
        sim.process = Some(identity);
        sim.warm_at = None;
        match life {
            Life::Good { warm_ms } => {
                if std::mem::take(&mut sim.facts).has_memory() {
                    self.machine = WELL;
                }
                sim.warm_at = Some(now.0 + warm_ms);
                let probes = &self.policy.apps[app].probes;
                for (answer, rules) in sim.answers.iter_mut().zip(probes) {
                    if rules.view != defib_engine::policy::View::Dependency {
                        *answer = (Seen::Pass, 10);
                    }
                }
            }
            Life::Dies { after_ms } => self.later(now.plus(after_ms), Due::Dies { app, identity }),
            Life::Same => {}
        }
        if let Some(entry) = self.ledger.intents.iter_mut().find(|e| e.intent == order.intent) {
            entry.outcome = Some(Outcome::Done);
        }
        self.feed(Event::Found { app: order.app, identity });
        self.feed(Event::Acted { app: order.app, intent: order.intent, outcome: Outcome::Done });
    }

    /// A person has looked after reboots in vain.
    pub fn resume(&mut self) {
        self.ledger.vain.0.clear();
        self.feed(Event::Thawed);
    }

    /// The machine is reset by nobody that we know.
    pub fn reset(&mut self) {
        let (app, rung, purse) = (AppId(u16::MAX), Rung::Reboot, Purse::Ladder);
        self.ledger.charges.push(Charge { app, rung, purse, at: self.now.plus(1_000) });
        self.ledger.vain.0.push(VainReboot { app, at: self.now.plus(1_000) });
        self.boot_again(IntentId(0));
    }

    fn reboot(&mut self, order: &Order) {
        self.boot_again(order.intent);
    }

    fn boot_again(&mut self, intent: IntentId) {
        self.due.clear();
        let down_ms = 45_000;
        self.now = self.now.plus(1_000);
        self.booted_at = self.now;
        self.now = self.now.plus(down_ms);
        for entry in &mut self.ledger.intents {
            if entry.intent == intent {
                entry.outcome = Some(Outcome::Done);
            }
        }
        for app in 0..self.apps.len() {
            self.apps[app].process = Some(self.new_identity());
            let still = self.apps[app].next == Life::Same;
            for answer in &mut self.apps[app].answers {
                if !still {
                    *answer = (Seen::Pass, 10);
                }
            }
            if !still {
                self.apps[app].facts = AppFacts::default();
                self.machine = WELL;
            }
        }
        self.next_reading = self.now.plus(READING_MS);
        self.start_guardian();
    }

    /// The app's process ends.
    pub fn die(&mut self, app: usize, exit: Exit, restart_in_ms: Option<u32>) {
        let identity = self.apps[app].process.take();
        if self.policy.apps[app].process_known {
            self.feed(Event::Died { app: Self::id(app), identity, exit, restart_in_ms });
        }
    }

    /// The app's process was started by somebody else.
    pub fn appear(&mut self, app: usize) {
        let identity = self.new_identity();
        self.apps[app].process = Some(identity);
        self.feed(Event::Found { app: Self::id(app), identity });
    }

    pub fn set_answer(&mut self, app: usize, index: usize, seen: Seen) {
        let takes_ms = if seen == Seen::Slow { 2_000 } else { 10 };
        self.apps[app].answers[index] = (seen, takes_ms);
    }

    /// Everything that the app answers becomes this.
    pub fn set_all(&mut self, app: usize, seen: Seen) {
        for index in 0..self.apps[app].answers.len() {
            let view = self.policy.apps[app].probes[index].view;
            if view != defib_engine::policy::View::Dependency {
                self.set_answer(app, index, seen);
            }
        }
    }

    /// The orders that the executor carried out.
    pub fn done(&self) -> impl Iterator<Item = (Moment, &Order)> {
        self.trace.iter().filter_map(|(at, trace)| match trace {
            Trace::Done(order) => Some((*at, order)),
            _ => None,
        })
    }

    /// The notes, in order.
    pub fn notes(&self) -> impl Iterator<Item = (Moment, &Note)> {
        self.trace.iter().filter_map(|(at, trace)| match trace {
            Trace::Effect(Effect::Note(note)) => Some((*at, note)),
            _ => None,
        })
    }

    /// The guardian is killed and started again, with the state that its journal gives back.
    pub fn restart_guardian(&mut self, gone_ms: u64) {
        // The executor answers nobody meanwhile: what it would have said is in the ledger.
        let end = self.now.plus(gone_ms);
        let kept: Vec<_> = self.due.keys().copied().filter(|(at, _)| *at <= end.0).collect();
        for key in kept {
            let Some(due) = self.due.remove(&key) else { continue };
            self.now = Moment(key.0);
            self.happen_unheard(&due);
        }
        self.now = end;
        self.start_guardian();
    }

    /// The whole agent is killed and started again: what the executor was about to do is not done.
    pub fn restart_agent(&mut self, gone_ms: u64) {
        let undone: Vec<IntentId> = self
            .due
            .values()
            .filter_map(|due| match due {
                Due::Started { order, app } if self.due_kill(*app) => Some(order.intent),
                _ => None,
            })
            .collect();
        self.trace.extend(undone.into_iter().map(|intent| (self.now, Trace::Undone(intent))));
        self.due.retain(|_, due| matches!(due, Due::Dies { .. }));
        for entry in &mut self.ledger.intents {
            entry.outcome.get_or_insert(Outcome::Interrupted);
        }
        self.restart_guardian(gone_ms);
    }

    /// Whether the process that an act is to end still lives.
    fn due_kill(&self, app: usize) -> bool {
        self.due.values().any(|due| matches!(due, Due::Killed { app: other } if *other == app))
    }

    fn happen_unheard(&mut self, due: &Due) {
        match *due {
            Due::Killed { app } => self.apps[app].process = None,
            Due::Started { app, order } => {
                self.apps[app].process = Some(self.new_identity());
                if self.apps[app].next != Life::Same {
                    for answer in &mut self.apps[app].answers {
                        *answer = (Seen::Pass, 10);
                    }
                }
                let intents = &mut self.ledger.intents;
                if let Some(entry) = intents.iter_mut().find(|e| e.intent == order.intent) {
                    entry.outcome = Some(Outcome::Done);
                }
            }
            Due::Dies { app, identity } => {
                if self.apps[app].process == Some(identity) {
                    self.apps[app].process = None;
                }
            }
            Due::Event(_) | Due::Ended { .. } => {}
        }
    }
}

/// A machine of 600 MB with nothing to say.
pub const WELL: MachineFacts = MachineFacts {
    memory_kb: 600_000,
    available_kb: 400_000,
    swap_kb: 0,
    swap_free_kb: 0,
    pressure: Some(Pressure {
        memory_some: 0,
        memory_full: 0,
        cpu_some: 0,
        io_some: 0,
        io_full: 0,
    }),
    oom_kills: 0,
    running: 1,
    blocked: 0,
    busy_permille: 10,
    steal_permille: 0,
    tasks: 120,
    tasks_max: 32_768,
    has_remote_disk: false,
    disks: [None; 4],
};

trait Holds {
    fn has_memory(&self) -> bool;
}

impl Holds for AppFacts {
    fn has_memory(&self) -> bool {
        self.grown_kb > 0
    }
}

/// A timeout at the first byte: what a hang looks like.
pub const HANG: Seen = Seen::Timeout(Phase::FirstByte);
/// Our own limit.
pub const OUR_LIMIT: Outcome = Outcome::Failed(Failure::OurLimit);
pub const STILL_FULL: Outcome = Outcome::Failed(Failure::StillFull);
/// An intent that no test uses.
pub const NO_INTENT: IntentId = IntentId(u64::MAX);
