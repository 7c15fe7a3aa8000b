//! The executor's part: the real admission and the real edits of the real ledger, in the real order;
//! the acts themselves as steps with a crash possible between any two of them.

use super::modelled::Modelled;
use super::rules as r;
use super::whole::{Act, Guardian, Hand, Health, Step, Whole};
use super::wrong::Wrong;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Event, Exit, Failure, OrderRefusal, Outcome};
use defib_engine::id::AppId;
use defib_engine::policy::RungSet;
use defib_executor::admit::{Facts, admit, check_number};
use defib_journal::ledger::Ledger;

/// How a step of an act goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As it should; a new process is well.
    Well,
    /// As it should, but a new process has the fault of the old one.
    InVain,
    /// The step cannot be done, for a limit of ours.
    OurLimit,
    /// The step cannot be done.
    Fails,
    /// The act's deadline has come.
    Late,
}

impl Modelled {
    /// The first order in the socket: admission, ledger, and only then an act.
    pub(crate) fn take_order(&self, whole: &mut Whole, is_written: bool) {
        let order = whole.orders.remove(0);
        let app = usize::from(order.app.0);
        if let Err(outcome) = self.admits(whole, &order) {
            return say(whole, &order, outcome);
        }
        let before = whole.ledger.clone();
        let late = self.wrong == Wrong::ChargesLate;
        if !is_written || !late && !self.enter(whole, &order) {
            whole.ledger = before;
            return say(whole, &order, Outcome::Refused(OrderRefusal::LedgerUnwritable));
        }
        let mut watch = std::mem::take(&mut whole.watch);
        watch.accepted(whole, &order);
        whole.watch = watch;
        let (victim, accepted) = (whole.lives[app].main, whole.now);
        if let Some(hands) = &mut whole.hands {
            hands[app].acts.push(Act { order, victim, accepted, step: Step::Accepted });
        }
    }

    fn admits(&self, whole: &Whole, order: &Order) -> Result<(), Outcome> {
        let unchecked = matches!(self.wrong, Wrong::RepeatsUnchecked | Wrong::SameNumber);
        if !unchecked {
            check_number(order, &whole.ledger).map_err(|refusal| refusal.0)?;
        }
        let app = usize::from(order.app.0);
        let main = whole.hands.as_ref().and_then(|hands| hands[app].main);
        let is_stopped = whole.hands.as_ref().is_some_and(|hands| hands[app].is_stopped);
        let blind = self.wrong == Wrong::SecondCopy;
        let facts = Facts {
            now: whole.ledger.now(whole.boottime()),
            up_ms: whole.boottime(),
            main: main.filter(|main| !blind && whole.lives[app].main == Some(*main)),
            is_busy: whole.is_busy(app) && self.wrong != Wrong::NeverBusy,
            is_stopped: is_stopped && self.wrong != Wrong::OverrulesStop,
            ledger: &whole.ledger,
        };
        let mut judged = *order;
        if self.wrong == Wrong::AnyIdentity {
            judged.identity = None;
        }
        admit(&judged, &self.told_policy, &self.targets[app], &facts).map_err(|refusal| refusal.0)
    }

    /// Intent and charge in one durable record.
    fn enter(&self, whole: &mut Whole, order: &Order) -> bool {
        let rules = &self.policy.apps[usize::from(order.app.0)];
        let at = whole.ledger.now(whole.boottime());
        let last = whole.ledger.app(&rules.name).map(|app| app.last_start);
        if order.rung == Rung::Start
            && last.is_some_and(|last| at.since(last) >= rules.healthy_reset_ms)
        {
            whole.ledger.settled(&rules.name);
        }
        if matches!(self.wrong, Wrong::RepeatsUnchecked | Wrong::SameNumber) {
            whole.ledger.last_intent = whole.ledger.last_intent.min(order.intent.0 - 1);
        }
        let edit =
            whole.ledger.charge_and_intend(&rules.name, order.intent, order.rung, order.purse, at);
        if edit.is_ok() {
            write(whole);
        }
        edit.is_ok()
    }

    /// One step of the act on an app.
    pub(crate) fn act(&self, whole: &mut Whole, app: usize, how: How) {
        let Some(mut act) = whole.hands.as_mut().and_then(|hands| hands[app].acts.pop()) else {
            return;
        };
        let failed = |failure| Outcome::Failed(failure);
        match (how, act.step) {
            (How::OurLimit, _) => self.end(whole, &act.order, failed(Failure::OurLimit)),
            (How::Fails, _) => self.end(whole, &act.order, failed(Failure::NotStartable)),
            (How::Late, _) => self.end(whole, &act.order, failed(Failure::Deadline)),
            (_, Step::Accepted) => {
                self.begin(whole, app, &act);
                act.step = if act.order.rung == Rung::Reboot { Step::Asked } else { Step::Ended };
                self.keep(whole, app, act);
            }
            (_, Step::Ended) => {
                self.start_app(whole, app, how == How::Well);
                act.step = Step::Started;
                self.keep(whole, app, act);
            }
            (_, Step::Started) => {
                let identity = whole.lives[app].main;
                if let (Some(identity), Some(hands)) = (identity, &mut whole.hands) {
                    hands[app].told_dead = false;
                    whole.reports.push(Event::Found { app: AppId(app as u16), identity });
                }
                self.end(whole, &act.order, Outcome::Done);
            }
            (_, Step::Asked) => {
                self.end(whole, &act.order, Outcome::Done);
                whole.reports.push(Event::ShuttingDown);
                whole.going_down = true;
            }
        }
    }

    fn keep(&self, whole: &mut Whole, app: usize, act: Act) {
        if let Some(hands) = &mut whole.hands {
            hands[app].acts.push(act);
        }
    }

    /// What runs is ended; or the machine is asked to reboot.
    fn begin(&self, whole: &mut Whole, app: usize, act: &Act) {
        let mut watch = std::mem::take(&mut whole.watch);
        watch.executes(whole, &self.policy, act);
        whole.watch = watch;
        if !matches!(act.order.rung, Rung::Restart | Rung::Kill) {
            return;
        }
        if let Some(identity) = whole.lives[app].main.take() {
            let exit = Exit::Signal(15);
            let app_id = AppId(app as u16);
            whole.reports.push(Event::Died {
                app: app_id,
                identity: Some(identity),
                exit,
                restart_in_ms: None,
            });
        }
        if let Some(hands) = &mut whole.hands {
            (hands[app].main, hands[app].told_dead) = (None, true);
        }
        whole.ledger.ended(&self.policy.apps[app].name);
        write(whole);
    }

    fn start_app(&self, whole: &mut Whole, app: usize, is_cured: bool) {
        let mut watch = std::mem::take(&mut whole.watch);
        watch.starts(whole, app);
        whole.watch = watch;
        let identity = whole.new_process();
        whole.lives[app].main = Some(identity);
        if is_cured {
            whole.lives[app].health = Health::Well;
        }
        if let Some(hands) = &mut whole.hands {
            hands[app].main = Some(identity);
        }
        let _ = whole.ledger.started(&self.policy.apps[app].name, identity);
        write(whole);
    }

    /// The result goes to the ledger before anybody hears of it.
    fn end(&self, whole: &mut Whole, order: &Order, outcome: Outcome) {
        if self.wrong == Wrong::ChargesLate {
            self.enter(whole, order);
        }
        whole.ledger.finish(order.intent, outcome);
        write(whole);
        say(whole, order, outcome);
    }

    /// Killed: acts and messages are gone with it, and so is its child, the guardian.
    pub(crate) fn kill_executor(&self, whole: &mut Whole) {
        whole.hands = None;
        whole.orders.clear();
        whole.reports.clear();
        self.kill_guardian(whole);
    }

    /// A new executor: the ledger is settled, what lives is adopted.
    pub(crate) fn start_executor(&self, whole: &mut Whole) {
        if self.wrong == Wrong::ForgetsLedger {
            whole.ledger = Ledger::fresh(whole.boot_id());
        }
        let is_new_boot = whole.ledger.next_boot(whole.boot_id());
        let open: Vec<_> = whole
            .ledger
            .apps()
            .iter()
            .flat_map(|app| app.intents.iter())
            .filter(|record| record.outcome.is_none())
            .map(|record| (record.intent, record.rung))
            .collect();
        for (intent, rung) in open {
            let done = is_new_boot && rung == Rung::Reboot;
            whole.ledger.finish(intent, if done { Outcome::Done } else { Outcome::Interrupted });
        }
        let mut hands = Vec::new();
        for (life, rules) in whole.lives.iter().zip(&self.policy.apps) {
            let told_dead = life.main.is_none();
            hands.push(Hand {
                main: life.main,
                is_stopped: life.stopped,
                told_dead,
                acts: Vec::new(),
            });
            match life.main {
                Some(identity) => drop(whole.ledger.started(&rules.name, identity)),
                None => whole.ledger.ended(&rules.name),
            }
        }
        whole.hands = Some(hands);
        write(whole);
    }

    /// What a new guardian is told of rungs and lives.
    pub(crate) fn tell_lives(&self, whole: &mut Whole) {
        let Some(hands) = &whole.hands else { return };
        for (index, hand) in hands.iter().enumerate() {
            let app = AppId(index as u16);
            whole.reports.push(Event::Capable {
                app,
                rungs: self.policy.apps[index].rungs.and(RungSet(u8::MAX)),
            });
            if hand.is_stopped {
                whole.reports.push(Event::Stopped { app });
            }
            match hand.main {
                Some(identity) if !hand.acts.iter().any(|act| act.step == Step::Started) => {
                    whole.reports.push(Event::Found { app, identity });
                }
                None if hand.told_dead && hand.acts.is_empty() => {
                    let (identity, exit) = (None, Exit::Unseen);
                    whole.reports.push(Event::Died { app, identity, exit, restart_in_ms: None });
                }
                _ => {}
            }
        }
    }

    /// The machine goes down and comes back: every process is new, the journal holds what was synced.
    pub(crate) fn reboot(&self, whole: &mut Whole, is_cured: bool, is_flushed: bool) {
        if let Guardian::Up { state, synced, .. } = &whole.guardian {
            let kept = if is_flushed { state } else { synced.as_ref().unwrap_or(state) };
            whole.guardian = Guardian::Down(kept.clone());
        }
        if let Guardian::Down(state) = &whole.guardian {
            for (index, app) in state.apps.iter().enumerate() {
                let open = app.incident();
                let handed_over = open.is_some_and(|open| open.handed_over.is_some());
                whole.watch.known(index, open.is_some(), handed_over);
            }
        }
        whole.hands = None;
        whole.orders.clear();
        whole.reports.clear();
        whole.now += r::PACE_MS;
        whole.booted = whole.now;
        whole.boot += 1;
        whole.going_down = false;
        for app in 0..whole.lives.len() {
            let identity = whole.new_process();
            let life = &mut whole.lives[app];
            (life.main, life.stopped, life.hold) = (Some(identity), false, None);
            if is_cured {
                life.health = Health::Well;
            }
        }
        whole.watch.rebooted();
    }
}

/// A durable write of the ledger.
fn write(whole: &mut Whole) {
    let boottime = whole.boottime();
    whole.ledger.stamp(boottime);
    whole.ledger.written();
}

fn say(whole: &mut Whole, order: &Order, outcome: Outcome) {
    let Order { app, intent, .. } = *order;
    whole.reports.push(Event::Acted { app, intent, outcome });
}
