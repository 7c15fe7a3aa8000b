//! The scene: what checkers know of the truth, kept from facts alone.

mod app;
mod happening;

pub(super) use app::{A_TENTH, Act, Active, AppScene, ProbeScene};

use crate::fact::{By, Fact, Sickness};
use crate::plan::{AgentFault, AppFault, Plan};
use crate::world::World;
use crate::world::needs::Needs;
use defib_config::spec::Config;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, IntentId};
use defib_engine::note::Note;
use defib_engine::policy::{AppPolicy, Policy};
use std::rc::Rc;

/// Acts of one app that are remembered: more than can ever be in flight.
const ACTS_MAX: usize = 16;

/// What is true now.
pub(super) struct Scene {
    pub(super) config: Rc<Config>,
    pub(super) plan: Rc<Plan>,
    pub(super) now_ms: u64,
    pub(super) apps: Vec<AppScene>,
    pub(super) needs: Needs,
    pub(super) is_up: bool,
    /// True time at which this boot's kernel began; before the world for the first.
    kernel_ms: i64,
    down_at_ms: u64,
    /// Milliseconds without power, all told.
    off_ms: u64,
    pub(super) guardian_since_ms: Option<u64>,
    pub(super) executor_since_ms: Option<u64>,
    /// Guardians died too often: nothing is promised but to observe, until the executor is another.
    pub(super) is_observing: bool,
    /// Since then nothing has disturbed machine, manager or agent. In the future while something does.
    pub(super) calm_since_ms: u64,
    /// Until when the service manager was last slow or stuck, and no process could be had.
    pub(super) manager_disturbed_ms: u64,
    pub(super) no_processes_ms: u64,
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
    /// What the machine is short of now, who has taken it, and since when.
    pub(super) sick: Vec<(Option<usize>, Sickness, u64)>,
    /// The last stretch in which memory was gone; the end is in the future while it is.
    pub(super) starved_ms: Option<(u64, u64)>,
    /// Until when the agent's disk, which is the machine's only one, is read-only.
    read_only_until_ms: u64,
    /// Until when that disk keeps nothing that is written now.
    keeps_nothing_until_ms: u64,
}

impl Scene {
    pub(super) fn new(world: &World) -> Scene {
        let plan = Rc::clone(world.plan());
        let config = Rc::clone(world.config());
        let apps = config.policy.apps.iter().map(AppScene::new).collect();
        Scene {
            now_ms: 0,
            apps,
            needs: Needs::of(&config),
            is_up: false,
            kernel_ms: 0,
            down_at_ms: 0,
            off_ms: 0,
            guardian_since_ms: None,
            executor_since_ms: None,
            is_observing: false,
            calm_since_ms: 0,
            manager_disturbed_ms: 0,
            no_processes_ms: 0,
            frozen_ms: (0, 0),
            still_until_ms: 0,
            doubted_ms: None,
            void_ms: 0,
            healed_ms: None,
            reboot: None,
            acted_ms: 0,
            sick: Vec::new(),
            starved_ms: None,
            read_only_until_ms: 0,
            keeps_nothing_until_ms: 0,
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

    /// Whether a reboot was ordered and is not over: the watchdog may be armed behind it.
    pub(super) fn is_rebooting(&self) -> bool {
        let mut acts = self.apps.iter().flat_map(|app| app.acts.iter());
        acts.any(|act| act.order.rung == Rung::Reboot && !act.is_over)
    }

    /// Nothing has disturbed machine and agent for so long, and both run.
    pub(super) fn is_calm_for(&self, ms: u64) -> bool {
        self.guardian_since_ms.is_some()
            && self.executor_since_ms.is_some()
            && self.is_up
            && !self.is_observing
            && !self.is_sick()
            && self.now_ms >= self.calm_since_ms.saturating_add(ms)
    }

    /// Whether something of the machine is gone.
    pub(super) fn is_sick(&self) -> bool {
        !self.sick.is_empty()
    }

    /// Whether some file system that was writable is so no more.
    pub(super) fn is_read_only(&self) -> bool {
        let has = |app: &AppScene| app.faults.iter().any(|it| it.fault == AppFault::DiskReadOnly);
        self.now_ms < self.read_only_until_ms || self.apps.iter().any(has)
    }

    fn sickened(&mut self, at_ms: u64, app: Option<usize>, of: Sickness) {
        self.sick.push((app, of, at_ms));
        if of == Sickness::Memory && self.starved_ms.is_none_or(|(_, until_ms)| until_ms < at_ms) {
            self.starved_ms = Some((at_ms, u64::MAX));
        }
        self.disturbed(at_ms);
    }

    fn eased(&mut self, at_ms: u64, app: Option<usize>, of: Sickness) {
        self.sick.retain(|(who, what, _)| (*who, *what) != (app, of));
        let is_gone = self.sick.iter().any(|(_, what, _)| *what == Sickness::Memory);
        if let Some((_, until_ms)) = self.starved_ms.as_mut().filter(|it| !is_gone && it.1 > at_ms)
        {
            *until_ms = at_ms;
        }
        self.no_processes_ms = self.no_processes_ms.max(at_ms);
        self.disturbed(at_ms);
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
            Fact::WentDown { hard, .. } => {
                if *hard {
                    self.apps.iter_mut().for_each(|app| app.acts.retain(|act| act.is_kept));
                }
                self.goes_down(at_ms);
            }
            Fact::Froze { ms } => {
                let from_ms = self.frozen_ms.1.max(at_ms);
                self.frozen_ms =
                    (if from_ms > at_ms { self.frozen_ms.0 } else { at_ms }, from_ms + ms);
                self.still_until_ms = self.still_until_ms.max(from_ms + ms);
                self.disturbed(from_ms + ms);
            }
            Fact::Healed => {
                (self.healed_ms, self.read_only_until_ms) = (Some(at_ms), 0);
                self.keeps_nothing_until_ms = 0;
                self.apps.iter_mut().for_each(|app| app.end_faults(at_ms, |_| true));
                self.disturbed(at_ms);
            }
            Fact::Happened(what) => self.happens(at_ms, *what),
            Fact::Sickened { app, of } => self.sickened(at_ms, *app, *of),
            Fact::Eased { app, of } => self.eased(at_ms, *app, *of),
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
                self.is_observing = false;
                self.disturbed(at_ms);
            }
            Fact::ExecutorEnded => {
                (self.guardian_since_ms, self.executor_since_ms) = (None, None);
                self.cut_off();
                self.disturbed(at_ms);
            }
            Fact::ObservesOnly => self.is_observing = true,
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

    /// A disk that refuses what is written keeps nothing of it over a loss of power.
    pub(super) fn is_kept(&self) -> bool {
        self.now_ms >= self.keeps_nothing_until_ms
    }

    fn intended(&mut self, at_ms: u64, order: Order) {
        let is_kept = self.is_kept();
        let Some(app) = self.apps.get_mut(usize::from(order.app.0)) else { return };
        if app.acts.len() == ACTS_MAX {
            app.acts.remove(0);
        }
        app.acts.push(Act {
            order,
            intended_ms: at_ms,
            is_kept,
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
}
