//! The model: what can happen next in a state, and what it leads to.

use super::hand::How;
use super::rules as r;
use super::watch::Watch;
use super::whole::{Guardian, Health, Left, Life, Whole};
use super::world::Happening;
use super::wrong::Wrong;
use defib_config::spec::App;
use defib_engine::event::Event;
use defib_engine::policy::{Budget, Policy};
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::ledger::Ledger;
use stateright::{Model, Property};

/// A world to be explored.
#[derive(Clone)]
pub(crate) struct Modelled {
    /// The true rules.
    pub(crate) policy: Policy,
    /// The rules as guardian and executor know them: the same, unless they are wrong.
    pub(crate) told_policy: Policy,
    /// What the executor acts on.
    pub(crate) targets: Vec<App>,
    /// Whether the first app has a dependency.
    pub(crate) has_needs: bool,
    /// How often what may happen.
    pub(crate) left: Left,
    /// What is wrong.
    pub(crate) wrong: Wrong,
    /// Whether liveness is checked too: then the time since the last disturbance is part of each
    /// state, and there are more of them.
    pub(crate) is_timed: bool,
    /// Whether the machine has only just booted.
    pub(crate) is_young: bool,
}

/// How far the guardian gets with an event before it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is not killed.
    Whole,
    /// The event's line is not written, and nothing is done.
    LineLost,
    /// The lines are written, and the orders are not sent.
    OrdersLost,
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing happens until the next deadline.
    Pass,
    /// The guardian's deadline has come.
    Wake(Fate),
    /// A look ends.
    Answer(Fate),
    /// The guardian reads a report.
    Hear(Fate),
    /// The executor reads an order; the ledger can be written, or not.
    TakeOrder(bool),
    /// An act on this app goes on.
    Act(usize, How),
    /// The service manager starts the executor.
    StartExecutor,
    /// The executor starts the guardian.
    StartGuardian,
    /// The guardian is killed between two events.
    KillGuardian,
    /// The executor is killed between two steps.
    KillExecutor,
    /// The machine goes down and comes back.
    GoDown {
        /// Whether that cures.
        is_cured: bool,
        /// Whether all of the journal was on disk, or only what was synced.
        is_flushed: bool,
    },
    /// Something that is not ours.
    World(Happening),
}

impl Modelled {
    /// A world of so many apps, with what may happen in it.
    pub(crate) fn new(apps: usize, has_needs: bool, reboot: bool, left: Left) -> Modelled {
        let policy = r::policy(apps, has_needs, reboot);
        let targets = r::targets(&policy);
        let told_policy = policy.clone();
        Modelled {
            policy,
            told_policy,
            targets,
            has_needs,
            left,
            wrong: Wrong::Right,
            is_timed: false,
            is_young: false,
        }
    }

    /// The same with liveness.
    pub(crate) fn timed(self) -> Modelled {
        Modelled { is_timed: true, ..self }
    }

    /// The same with budgets that are not what stops a second act.
    pub(crate) fn generous(mut self) -> Modelled {
        for policy in [&mut self.policy, &mut self.told_policy] {
            for app in &mut policy.apps {
                (app.budget.short_limit, app.budget.long_limit) = (4, 6);
            }
        }
        self
    }

    /// The same on a machine that has just booted.
    pub(crate) fn young(self) -> Modelled {
        Modelled { is_young: true, ..self }
    }

    /// The same with something wrong.
    pub(crate) fn wrong(mut self, wrong: Wrong) -> Modelled {
        self.wrong = wrong;
        let told = &mut self.told_policy;
        match wrong {
            Wrong::Boundless => {
                let boundless = Budget { short_limit: 90, long_limit: 99, ..r::ACTS };
                told.apps.iter_mut().for_each(|app| app.budget = boundless);
                told.apps.iter_mut().for_each(|app| app.incident_limit = 99);
            }
            Wrong::YoungReboot => told.min_uptime_ms = 0,
            Wrong::NoGrace => told.apps.iter_mut().for_each(|app| app.start_grace_ms = 0),
            _ => {}
        }
        self
    }

    /// The world begins when it has been well for so long that no rule looks back to its beginning.
    fn calm_down(&self, whole: &mut Whole) {
        while whole.now < 300_000 {
            let mut actions = Vec::new();
            self.actions(whole, &mut actions);
            let Some(next) = actions.first().and_then(|action| self.next_state(whole, *action))
            else {
                return;
            };
            *whole = next;
        }
    }

    fn feed_next(&self, whole: &mut Whole, action: Action) -> Option<()> {
        let (event, fate) = match action {
            Action::Wake(fate) => (Event::Woke, fate),
            Action::Hear(fate) => (whole.reports.remove(0), fate),
            Action::Answer(fate) => {
                let (index, event) = self.answer(whole)?;
                if let Guardian::Up { runs, .. } = &mut whole.guardian {
                    runs.remove(index);
                }
                (event, fate)
            }
            _ => return None,
        };
        if fate == Fate::OrdersLost {
            // Without an order this is a kill after the event.
            let mut trial = whole.clone();
            self.feed(&mut trial, &event, Fate::Whole);
            if trial.orders.len() == whole.orders.len() {
                return None;
            }
        }
        if fate != Fate::Whole {
            whole.left.guardian -= 1;
            whole.watch.disturbed(whole.now);
        }
        self.feed(whole, &event, fate);
        Some(())
    }

    fn spend(&self, whole: &mut Whole, how: How) {
        match how {
            How::Well => return,
            How::InVain => whole.left.stubborn -= 1,
            How::OurLimit | How::Fails | How::Late => whole.left.failing -= 1,
        }
        whole.watch.disturbed(whole.now);
    }
}

macro_rules! promises {
    ($($name:literal),* $(,)?) => {
        vec![$(Property::<Modelled>::always($name, |_, whole: &Whole| whole.watch.broken != Some($name))),*]
    };
}

impl Model for Modelled {
    type State = Whole;
    type Action = Action;

    fn init_states(&self) -> Vec<Whole> {
        let now = 100_000;
        let life = Life { health: Health::Well, main: None, stopped: false, hold: None };
        let mut whole = Whole {
            now,
            booted: if self.is_young { now } else { 0 },
            boot: 1,
            going_down: false,
            next_pid: 0,
            lives: vec![life; self.policy.apps.len()],
            is_needed_up: true,
            guardian: Guardian::Down(Box::new(State::new(&self.policy, Moment(0)))),
            hands: None,
            ledger: Ledger::fresh([1; 16]),
            orders: Vec::new(),
            reports: Vec::new(),
            left: Left::default(),
            watch: Watch::new(self.policy.apps.len(), self.is_timed),
        };
        for app in 0..whole.lives.len() {
            whole.lives[app].main = Some(whole.new_process());
        }
        self.start_executor(&mut whole);
        self.start_guardian(&mut whole);
        if !self.is_young {
            self.calm_down(&mut whole);
        }
        whole.left = self.left;
        vec![whole]
    }

    fn actions(&self, whole: &Whole, actions: &mut Vec<Action>) {
        if whole.watch.broken.is_some() {
            return;
        }
        if whole.going_down {
            for (is_cured, is_flushed) in
                [(true, true), (true, false), (false, true), (false, false)]
            {
                let sick = whole.lives.iter().any(|life| life.health != Health::Well);
                if is_cured || whole.left.stubborn > 0 && sick {
                    actions.push(Action::GoDown { is_cured, is_flushed });
                }
            }
        }
        match (&whole.guardian, &whole.hands) {
            (_, None) => actions.push(Action::StartExecutor),
            (Guardian::Down(_), Some(_)) => actions.push(Action::StartGuardian),
            (Guardian::Up { .. }, Some(_)) => self.guardian_actions(whole, actions),
        }
        if whole.hands.is_some() {
            if !whole.orders.is_empty() {
                actions.push(Action::TakeOrder(true));
                if whole.left.failing > 0 {
                    actions.push(Action::TakeOrder(false));
                }
            }
            self.acts(whole, actions);
            if whole.left.executor > 0 {
                actions.push(Action::KillExecutor);
            }
        }
        if !self.is_urgent(whole) {
            actions.push(Action::Pass);
        }
        if !whole.going_down {
            let mut happenings = Vec::new();
            self.happenings(whole, &mut happenings);
            actions.extend(happenings.into_iter().map(Action::World));
        }
    }

    fn next_state(&self, last: &Whole, action: Action) -> Option<Whole> {
        let mut whole = last.clone();
        match action {
            Action::Pass => self.pass(&mut whole),
            Action::Wake(_) | Action::Answer(_) | Action::Hear(_) => {
                self.feed_next(&mut whole, action)?;
            }
            Action::TakeOrder(is_written) => {
                if !is_written {
                    whole.left.failing -= 1;
                    whole.watch.disturbed(whole.now);
                }
                self.take_order(&mut whole, is_written);
            }
            Action::Act(app, how) => {
                self.spend(&mut whole, how);
                self.act(&mut whole, app, how);
            }
            Action::StartExecutor => self.start_executor(&mut whole),
            Action::StartGuardian => self.start_guardian(&mut whole),
            Action::KillGuardian => {
                whole.left.guardian -= 1;
                whole.watch.disturbed(whole.now);
                self.kill_guardian(&mut whole);
            }
            Action::KillExecutor => {
                whole.left.executor -= 1;
                whole.watch.disturbed(whole.now);
                self.kill_executor(&mut whole);
            }
            Action::GoDown { is_cured, is_flushed } => {
                if !is_cured {
                    whole.left.stubborn -= 1;
                }
                whole.watch.disturbed(whole.now);
                self.reboot(&mut whole, is_cured, is_flushed);
            }
            Action::World(what) => self.happen(&mut whole, what),
        }
        whole.watch.forget(whole.now);
        Some(whole)
    }

    fn properties(&self) -> Vec<Property<Modelled>> {
        let mut all = promises![
            "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S11", "S13", "S14", "S16",
            "S17", "S20", "S30", "one life", "alarm",
        ];
        all.push(Property::always("L1", |_, whole: &Whole| whole.watch.is_cured(whole)));
        all.push(Property::always("L2 L5", |_, whole: &Whole| whole.watch.is_closed(whole)));
        all.push(Property::always("spares the well", |model: &Modelled, whole: &Whole| {
            model.left.faults > 0 || model.has_needs || whole.watch.spares_the_well()
        }));
        all
    }
}
