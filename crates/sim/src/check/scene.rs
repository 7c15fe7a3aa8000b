//! The scene: what checkers know of the truth, kept from facts alone.

use crate::fact::{By, Fact};
use crate::plan::{AgentFault, AppFault, Happening, MachineFault, Person, Plan, Remedy};
use crate::world::World;
use defib_config::spec::Config;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::note::Note;
use defib_engine::policy::{AppPolicy, Policy, View};
use defib_engine::seen::Seen;
use std::rc::Rc;

/// Acts of one app that are remembered: more than can ever be in flight.
const ACTS_MAX: usize = 16;

/// What is true now.
pub(super) struct Scene {
    pub(super) config: Rc<Config>,
    pub(super) plan: Rc<Plan>,
    pub(super) now_ms: u64,
    pub(super) apps: Vec<AppScene>,
    pub(super) is_up: bool,
    /// True time at which this boot's kernel began; before the world for the first.
    kernel_ms: i64,
    down_at_ms: u64,
    /// Milliseconds without power, all told.
    off_ms: u64,
    pub(super) guardian_since_ms: Option<u64>,
    pub(super) executor_since_ms: Option<u64>,
    /// Since then nothing has disturbed machine, manager or agent. In the future while something does.
    pub(super) calm_since_ms: u64,
    /// The last stretch in which nothing ran.
    pub(super) frozen_ms: (u64, u64),
    /// The agent or the whole machine stands still until then.
    pub(super) still_until_ms: u64,
    pub(super) doubted_ms: Option<u64>,
    /// What was seen before is void.
    pub(super) void_ms: u64,
    pub(super) healed_ms: Option<u64>,
    pub(super) reboot: Option<Act>,
    /// When an act last ended.
    pub(super) acted_ms: u64,
}

/// One app.
pub(super) struct AppScene {
    pub(super) process: Option<Identity>,
    pub(super) born_ms: u64,
    pub(super) born_by: By,
    pub(super) died_ms: u64,
    pub(super) permille: u16,
    pub(super) serves_since_ms: u64,
    pub(super) is_wanted: bool,
    pub(super) wanted_since_ms: u64,
    pub(super) held_since_ms: u64,
    pub(super) held_until_ms: u64,
    pub(super) faults: Vec<Active>,
    /// When a person was last busy with it.
    person_ms: u64,
    /// When a fault of it last ended.
    pub(super) cured_ms: u64,
    pub(super) acts: Vec<Act>,
    pub(super) probes: Vec<ProbeScene>,
    pub(super) void_ms: u64,
    /// A person was told that they have to come, and the incident is open.
    pub(super) handed_over: bool,
}

/// A fault that is there.
#[derive(Clone, Copy)]
pub(super) struct Active {
    pub(super) fault: AppFault,
    remedy: Remedy,
    pub(super) since_ms: u64,
    until_ms: u64,
}

/// An act, from its intent on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act {
    pub(super) order: Order,
    pub(super) intended_ms: u64,
    pub(super) began_ms: Option<u64>,
    /// It was to end something that ran.
    pub(super) ends: bool,
    /// It did.
    pub(super) ended: bool,
    pub(super) is_over: bool,
    /// The hand could not do it.
    pub(super) failed: bool,
}

/// One probe.
#[derive(Clone, Copy)]
pub(super) struct ProbeScene {
    pub(super) began_ms: u64,
    pub(super) ended_ms: u64,
    pub(super) seen: Option<Seen>,
    /// Looks that began since what was seen last became void.
    pub(super) fresh: u32,
    /// Failing looks in a row, and when the first of them began.
    pub(super) failing: u32,
    pub(super) failing_since_ms: u64,
    /// When it last saw what it should.
    pub(super) good_ms: Option<u64>,
    /// When it last saw a failure.
    pub(super) failed_ms: Option<u64>,
}

impl Scene {
    pub(super) fn new(world: &World) -> Scene {
        let plan = Rc::clone(world.plan());
        let config = Rc::clone(world.config());
        let apps = config.policy.apps.iter().map(AppScene::new).collect();
        Scene {
            now_ms: 0,
            apps,
            is_up: false,
            kernel_ms: 0,
            down_at_ms: 0,
            off_ms: 0,
            guardian_since_ms: None,
            executor_since_ms: None,
            calm_since_ms: 0,
            frozen_ms: (0, 0),
            still_until_ms: 0,
            doubted_ms: None,
            void_ms: 0,
            healed_ms: None,
            reboot: None,
            acted_ms: 0,
            config,
            plan,
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.config.policy
    }

    pub(super) fn rules(&self, app: usize) -> &AppPolicy {
        &self.config.policy.apps[app]
    }

    /// Time with power, in milliseconds since the world began.
    pub(super) fn powered_ms(&self, at_ms: u64) -> u64 {
        let off_now_ms = if self.is_up { 0 } else { at_ms.saturating_sub(self.down_at_ms) };
        at_ms.saturating_sub(self.off_ms + off_now_ms)
    }

    /// Up-time of the machine.
    pub(super) fn uptime_ms(&self, at_ms: u64) -> u64 {
        (at_ms as i64 - self.kernel_ms).max(0) as u64
    }

    /// The act of this intent, if it is remembered.
    pub(super) fn act(&self, intent: IntentId) -> Option<&Act> {
        let mut acts = self.apps.iter().flat_map(|app| app.acts.iter());
        acts.find(|act| act.order.intent == intent)
    }

    /// Nothing has disturbed machine and agent for so long, and both run.
    pub(super) fn is_calm_for(&self, ms: u64) -> bool {
        self.guardian_since_ms.is_some()
            && self.executor_since_ms.is_some()
            && self.is_up
            && self.now_ms >= self.calm_since_ms.saturating_add(ms)
    }

    /// Time goes on: faults that end by themselves end.
    pub(super) fn tick(&mut self, at_ms: u64) {
        self.now_ms = at_ms;
        for app in &mut self.apps {
            if !app.faults.is_empty() {
                app.end_faults(at_ms, |active| at_ms >= active.until_ms);
            }
        }
    }

    pub(super) fn take(&mut self, at_ms: u64, fact: &Fact) {
        match fact {
            Fact::Booted { boot } => self.boots(at_ms, *boot),
            Fact::WentDown { .. } => self.goes_down(at_ms),
            Fact::Froze { ms } => {
                let from_ms = self.frozen_ms.1.max(at_ms);
                self.frozen_ms =
                    (if from_ms > at_ms { self.frozen_ms.0 } else { at_ms }, from_ms + ms);
                self.still_until_ms = self.still_until_ms.max(from_ms + ms);
                self.disturbed(from_ms + ms);
            }
            Fact::Healed => {
                self.healed_ms = Some(at_ms);
                self.apps.iter_mut().for_each(|app| app.end_faults(at_ms, |_| true));
                self.disturbed(at_ms);
            }
            Fact::Happened(what) => self.happens(at_ms, *what),
            Fact::Doubted(_) => {
                self.doubted_ms = Some(at_ms);
                self.void(at_ms);
                self.disturbed(at_ms);
            }
            Fact::GuardianBegan => {
                self.guardian_since_ms = Some(at_ms);
                self.void(at_ms);
                self.disturbed(at_ms);
            }
            Fact::GuardianEnded => {
                self.guardian_since_ms = None;
                self.disturbed(at_ms);
            }
            Fact::ExecutorBegan => {
                self.executor_since_ms = Some(at_ms);
                self.disturbed(at_ms);
            }
            Fact::ExecutorEnded => {
                (self.guardian_since_ms, self.executor_since_ms) = (None, None);
                self.cut_off();
                self.disturbed(at_ms);
            }
            Fact::AgentFault(fault) => {
                let ms = match fault {
                    AgentFault::StopGuardian { ms } | AgentFault::StopExecutor { ms } => *ms,
                    _ => 0,
                };
                self.still_until_ms = self.still_until_ms.max(at_ms + ms);
                self.disturbed(at_ms + ms);
            }
            _ => self.take_of_app(at_ms, fact),
        }
    }

    fn take_of_app(&mut self, at_ms: u64, fact: &Fact) {
        match *fact {
            Fact::Born { app, identity, by } => self.apps[app].born(at_ms, identity, by),
            Fact::Died { app, by, .. } => {
                let it = &mut self.apps[app];
                (it.process, it.died_ms) = (None, at_ms);
                it.end_faults(at_ms, |active| matches!(active.fault, AppFault::Exit(_)));
                if by == By::Agent
                    && let Some(act) = it.acts.iter_mut().rev().find(|act| act.began_ms.is_some())
                {
                    act.ended = true;
                }
            }
            Fact::Serves { app, permille } => {
                let it = &mut self.apps[app];
                (it.permille, it.serves_since_ms) = (permille, at_ms);
            }
            Fact::Mended { app } => self.apps[app].end_faults(at_ms, |_| true),
            Fact::Wanted { app, runs } => {
                let it = &mut self.apps[app];
                (it.is_wanted, it.wanted_since_ms) = (runs, at_ms);
                (it.person_ms, it.void_ms) = (at_ms, at_ms);
            }
            Fact::Looked { app, probe, began_ms, seen } => {
                let void_ms = self.void_ms.max(self.apps[app].void_ms);
                if let Some(probe) = self.apps[app].probes.get_mut(probe) {
                    probe.looked(began_ms, at_ms, seen, void_ms);
                }
            }
            Fact::Noted(Note::HandedOver { app, .. }) => self.hand_over(app, true),
            Fact::Noted(Note::Closed { app, .. }) => self.hand_over(app, false),
            Fact::Intended { order, .. } => self.intended(at_ms, order),
            Fact::Began { intent, ends, rung, .. } => {
                if let Some(act) = self.act_mut(intent) {
                    (act.began_ms, act.ends) = (Some(at_ms), ends);
                    if rung == Rung::Reboot {
                        self.reboot = self.act(intent).copied();
                    }
                }
            }
            Fact::Finished { intent, outcome, .. } | Fact::Acted { intent, outcome, .. } => {
                self.acted_ms = at_ms;
                if let Some(act) = self.act_mut(intent) {
                    act.is_over = true;
                    act.failed |= matches!(outcome, Outcome::Failed(_));
                }
            }
            _ => {}
        }
    }

    fn intended(&mut self, at_ms: u64, order: Order) {
        let Some(app) = self.apps.get_mut(usize::from(order.app.0)) else { return };
        if app.acts.len() == ACTS_MAX {
            app.acts.remove(0);
        }
        app.acts.push(Act {
            order,
            intended_ms: at_ms,
            began_ms: None,
            ends: false,
            ended: false,
            is_over: false,
            failed: false,
        });
    }

    fn hand_over(&mut self, app: AppId, is_over: bool) {
        if let Some(app) = self.apps.get_mut(usize::from(app.0)) {
            app.handed_over = is_over;
        }
    }

    fn act_mut(&mut self, intent: IntentId) -> Option<&mut Act> {
        let mut acts = self.apps.iter_mut().flat_map(|app| app.acts.iter_mut());
        acts.find(|act| act.order.intent == intent)
    }

    /// What the executor was doing goes no further.
    fn cut_off(&mut self) {
        for act in self.apps.iter_mut().flat_map(|app| app.acts.iter_mut()) {
            act.is_over = true;
        }
    }

    fn boots(&mut self, at_ms: u64, boot: u32) {
        let (uptime_ms, boot_ms) = (self.plan.machine.uptime_ms, self.plan.machine.boot_ms);
        self.kernel_ms =
            if boot == 1 { -(uptime_ms as i64) } else { at_ms as i64 - boot_ms as i64 };
        if boot > 1 {
            self.off_ms += (at_ms - self.down_at_ms).saturating_sub(boot_ms);
        }
        self.is_up = true;
        self.reboot = None;
        for app in &mut self.apps {
            app.end_faults(at_ms, |active| active.remedy.reboot);
        }
        self.disturbed(at_ms);
    }

    fn goes_down(&mut self, at_ms: u64) {
        (self.is_up, self.down_at_ms) = (false, at_ms);
        (self.guardian_since_ms, self.executor_since_ms) = (None, None);
        (self.still_until_ms, self.frozen_ms.1) = (at_ms, at_ms.min(self.frozen_ms.1));
        self.cut_off();
        self.disturbed(at_ms);
    }

    fn disturbed(&mut self, until_ms: u64) {
        self.calm_since_ms = self.calm_since_ms.max(until_ms);
    }

    fn void(&mut self, at_ms: u64) {
        self.void_ms = at_ms;
        for app in &mut self.apps {
            app.void(at_ms);
        }
    }

    fn happens(&mut self, at_ms: u64, what: Happening) {
        match what {
            Happening::App { app, fault, remedy } => {
                let it = &mut self.apps[app];
                if matches!(fault, AppFault::Exit(_)) && it.process.is_none() {
                    return;
                }
                let until_ms =
                    if remedy.after_ms == 0 { u64::MAX } else { at_ms + remedy.after_ms };
                it.faults.push(Active { fault, remedy, since_ms: at_ms, until_ms });
            }
            Happening::Machine(fault) => self.disturbed(at_ms + lasts_ms(fault)),
            Happening::Agent(_) => {}
            Happening::Person(what) => self.person(at_ms, what),
        }
    }

    fn person(&mut self, at_ms: u64, what: Person) {
        let hears = self.is_up && self.guardian_since_ms.is_some();
        let from_ms = at_ms.max(self.still_until_ms);
        match what {
            Person::Hold { app, ms } if hears => {
                let it = &mut self.apps[app];
                (it.held_since_ms, it.held_until_ms) = (from_ms, at_ms + ms);
                it.person_ms = at_ms;
            }
            Person::Release { app } if hears => {
                self.apps[app].held_until_ms = at_ms;
                self.apps[app].void_ms = from_ms;
            }
            Person::Restart { app } | Person::Mend { app } => self.apps[app].person_ms = at_ms,
            Person::Reboot => self.disturbed(at_ms),
            Person::Reload => {
                self.void(at_ms);
                self.disturbed(at_ms);
            }
            _ => {}
        }
    }
}

impl AppScene {
    fn new(rules: &AppPolicy) -> AppScene {
        let probe = ProbeScene {
            began_ms: 0,
            ended_ms: 0,
            seen: None,
            fresh: 0,
            failing: 0,
            failing_since_ms: 0,
            good_ms: None,
            failed_ms: None,
        };
        AppScene {
            process: None,
            born_ms: 0,
            born_by: By::Manager,
            died_ms: 0,
            permille: 0,
            serves_since_ms: 0,
            is_wanted: true,
            wanted_since_ms: 0,
            held_since_ms: 0,
            held_until_ms: 0,
            faults: Vec::new(),
            person_ms: 0,
            cured_ms: 0,
            acts: Vec::new(),
            probes: vec![probe; rules.probes.len()],
            void_ms: 0,
            handed_over: false,
        }
    }

    fn born(&mut self, at_ms: u64, identity: Identity, by: By) {
        (self.process, self.born_ms, self.born_by) = (Some(identity), at_ms, by);
        self.end_faults(at_ms, |active| active.remedy.new_process);
    }

    fn end_faults(&mut self, at_ms: u64, which: impl Fn(&Active) -> bool) {
        let before = self.faults.len();
        self.faults.retain(|active| !which(active));
        if self.faults.len() < before {
            self.cured_ms = at_ms;
        }
    }

    fn void(&mut self, at_ms: u64) {
        self.void_ms = at_ms;
        for probe in &mut self.probes {
            (probe.fresh, probe.failing) = (0, 0);
        }
    }

    /// Since when it is well, if it is: it runs, nothing is wrong with it (but that it is about to end)
    /// and nobody is busy with it.
    pub(super) fn well_since_ms(&self) -> Option<u64> {
        let is_sound = self.faults.iter().all(|it| matches!(it.fault, AppFault::Exit(_)));
        let changes =
            [self.born_ms, self.died_ms, self.cured_ms, self.person_ms, self.serves_since_ms];
        let is_well = is_sound && self.is_wanted && self.permille == 1_000;
        is_well.then(|| changes.into_iter().max().unwrap_or(0))
    }

    /// Whether a hold is in force, and known.
    pub(super) fn is_held(&self, at_ms: u64) -> bool {
        self.held_since_ms <= at_ms && at_ms < self.held_until_ms
    }

    /// The act that last ended something of it, or was to.
    pub(super) fn last_disruptive(&self) -> Option<&Act> {
        self.acts.iter().rev().find(|act| act.began_ms.is_some() && (act.ends || act.ended))
    }

    /// Acts that have begun and are not over.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|act| act.began_ms.is_some() && !act.is_over)
    }

    /// The probes that look at the app, and not at what it needs.
    pub(super) fn own_probes<'a>(
        &'a self,
        rules: &'a AppPolicy,
    ) -> impl Iterator<Item = &'a ProbeScene> {
        let pairs = self.probes.iter().zip(&rules.probes);
        pairs.filter(|(_, rules)| rules.view != View::Dependency).map(|(probe, _)| probe)
    }
}

impl ProbeScene {
    fn looked(&mut self, began_ms: u64, ended_ms: u64, seen: Seen, void_ms: u64) {
        (self.began_ms, self.ended_ms, self.seen) = (began_ms, ended_ms, Some(seen));
        if began_ms >= void_ms {
            self.fresh += 1;
        }
        match (seen.is_failure(), self.failing) {
            (false, _) => self.failing = 0,
            (true, 0) => (self.failing, self.failing_since_ms) = (1, began_ms),
            (true, _) => self.failing += 1,
        }
        if seen.is_failure() {
            self.failed_ms = Some(ended_ms);
        } else if seen.is_good() {
            self.good_ms = Some(ended_ms);
        }
    }
}

/// How long a fault of the machine disturbs.
fn lasts_ms(fault: MachineFault) -> u64 {
    match fault {
        MachineFault::Freeze { ms }
        | MachineFault::Suspend { ms }
        | MachineFault::Steal { ms, .. }
        | MachineFault::Disk { ms, .. }
        | MachineFault::Manager { ms, .. }
        | MachineFault::NoProcesses { ms }
        | MachineFault::RebootStuck { ms } => ms,
        MachineFault::PowerCut { off_ms } => off_ms,
        MachineFault::WallStep { .. } => 0,
    }
}
