//! What is not ours: apps that fail and heal, people, lost packets; and what a look sees.

use super::modelled::{Fate, Modelled};
use super::rules as r;
use super::whole::{Guardian, Health, Run, RunFate, Whole};
use defib_engine::event::{Doubt, Event, Exit};
use defib_engine::id::AppId;
use defib_engine::seen::{Phase, Seen};
use defib_engine::time::Moment;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The app's process ends.
    Dies(usize),
    /// It does not answer any more.
    Hangs(usize),
    /// It answers 500.
    Errs(usize),
    /// It is well again by itself.
    Heals(usize),
    /// The dependency goes down.
    NeedsDown,
    /// The dependency comes back.
    NeedsUp,
    /// A person asks for quiet.
    Holds(usize),
    /// A person lifts the hold.
    Releases(usize),
    /// A person stops the app.
    Stops(usize),
    /// A person starts it again.
    Resumes(usize),
    /// A person restarts the app.
    Restarts(usize),
    /// The packets of this running look are lost.
    Loses(usize),
    /// The result of this running look comes much too late.
    Delays(usize),
    /// The evidence that was asked for does not come.
    NoEvidence,
    /// The guardian finds that its timers were late.
    Doubts,
}

const HOLD_MS: u64 = 5_000;

impl Modelled {
    /// All that may happen now.
    pub(crate) fn happenings(&self, whole: &Whole, all: &mut Vec<Happening>) {
        let (left, is_urgent) = (&whole.left, self.is_urgent(whole));
        for (app, life) in whole.lives.iter().enumerate() {
            let is_alive = life.main.is_some();
            let is_well = is_alive && life.health == Health::Well;
            if left.faults > 0 && is_well {
                all.push(Happening::Dies(app));
            }
            // Only a look tells what a living process does, so before what is urgent is as good as now.
            if left.faults > 0 && is_well && !is_urgent {
                all.extend([Happening::Hangs(app), Happening::Errs(app)]);
            }
            if left.heals > 0 && is_alive && !is_well && !is_urgent {
                all.push(Happening::Heals(app));
            }
            self.people(whole, app, all);
        }
        if self.has_needs && whole.is_needed_up && left.dependency > 0 {
            all.push(Happening::NeedsDown);
        }
        if !whole.is_needed_up {
            all.push(Happening::NeedsUp);
        }
        let Guardian::Up { runs, .. } = &whole.guardian else { return };
        if left.noise > 0 {
            all.push(Happening::Doubts);
            for (index, run) in
                runs.iter().enumerate().filter(|(_, run)| run.fate == RunFate::Honest)
            {
                if run.started == whole.now {
                    all.extend([Happening::Loses(index), Happening::Delays(index)]);
                }
            }
            if whole.reports.iter().any(|report| matches!(report, Event::EvidenceClosed { .. })) {
                all.push(Happening::NoEvidence);
            }
        }
    }

    fn people(&self, whole: &Whole, app: usize, all: &mut Vec<Happening>) {
        let life = whole.lives[app];
        if life.stopped && !whole.is_busy(app) {
            all.push(Happening::Resumes(app));
        }
        if life.hold.is_some_and(|until| until > whole.now) {
            all.push(Happening::Releases(app));
        }
        if whole.left.people == 0 {
            return;
        }
        if life.hold.is_none_or(|until| until <= whole.now) {
            all.push(Happening::Holds(app));
        }
        // Whoever stops or restarts an app while we are at it is not in this model.
        if life.main.is_some() && !whole.is_busy(app) {
            all.extend([Happening::Stops(app), Happening::Restarts(app)]);
        }
    }

    /// It happens.
    pub(crate) fn happen(&self, whole: &mut Whole, what: Happening) {
        whole.watch.disturbed(whole.now);
        match what {
            Happening::Dies(app) => {
                whole.left.faults -= 1;
                whole.watch.troubled(app);
                self.ends(whole, app);
            }
            Happening::Hangs(app) => self.sickens(whole, app, Health::Hung),
            Happening::Errs(app) => self.sickens(whole, app, Health::Erroring),
            Happening::Heals(app) => {
                whole.left.heals -= 1;
                whole.lives[app].health = Health::Well;
            }
            Happening::NeedsDown => {
                whole.left.dependency -= 1;
                whole.is_needed_up = false;
            }
            Happening::NeedsUp => whole.is_needed_up = true,
            Happening::Holds(app) => {
                whole.left.people -= 1;
                let until = whole.now + HOLD_MS;
                whole.lives[app].hold = Some(until);
                self.tell_hold(whole, app, until);
            }
            Happening::Releases(app) => {
                whole.lives[app].hold = None;
                self.feed(whole, &Event::Released { app: AppId(app as u16) }, Fate::Whole);
            }
            Happening::Stops(app) | Happening::Resumes(app) | Happening::Restarts(app) => {
                self.person(whole, app, what);
            }
            Happening::Loses(index) => self.disturb_run(whole, index, RunFate::Lost),
            Happening::Delays(index) => self.disturb_run(whole, index, RunFate::Late),
            Happening::NoEvidence => {
                whole.left.noise -= 1;
                whole.reports.retain(|report| !matches!(report, Event::EvidenceClosed { .. }));
            }
            Happening::Doubts => {
                whole.left.noise -= 1;
                let doubt = Doubt::LateTimer { late_ms: 9_000 };
                self.feed(whole, &Event::Doubted(doubt), Fate::Whole);
            }
        }
    }

    fn sickens(&self, whole: &mut Whole, app: usize, health: Health) {
        whole.left.faults -= 1;
        whole.watch.troubled(app);
        whole.lives[app].health = health;
    }

    fn disturb_run(&self, whole: &mut Whole, index: usize, fate: RunFate) {
        whole.left.noise -= 1;
        if let Guardian::Up { runs, .. } = &mut whole.guardian {
            runs[index].fate = fate;
        }
    }

    fn person(&self, whole: &mut Whole, app: usize, what: Happening) {
        whole.watch.troubled(app);
        let id = AppId(app as u16);
        if what == Happening::Resumes(app) {
            whole.lives[app].stopped = false;
        } else {
            whole.left.people -= 1;
        }
        if what == Happening::Stops(app) {
            whole.lives[app].stopped = true;
            if let Some(hands) = &mut whole.hands {
                hands[app].is_stopped = true;
                whole.reports.push(Event::Stopped { app: id });
            }
        }
        self.ends(whole, app);
        if what == Happening::Stops(app) {
            return;
        }
        let identity = whole.new_process();
        (whole.lives[app].main, whole.lives[app].health) = (Some(identity), Health::Well);
        if let Some(hands) = &mut whole.hands {
            let hand = &mut hands[app];
            (hand.main, hand.is_stopped, hand.told_dead) = (Some(identity), false, false);
            whole.reports.push(Event::Found { app: id, identity });
        }
    }

    /// The app's process ends, and a living executor sees it at once.
    fn ends(&self, whole: &mut Whole, app: usize) {
        let Some(identity) = whole.lives[app].main.take() else { return };
        if let Some(hands) = &mut whole.hands {
            (hands[app].main, hands[app].told_dead) = (None, true);
            whole.reports.push(Event::Died {
                app: AppId(app as u16),
                identity: Some(identity),
                exit: Exit::Signal(9),
                restart_in_ms: None,
            });
        }
    }

    /// When the look ends, and what it sees, as things are now.
    pub(crate) fn sight(&self, whole: &Whole, run: &Run) -> (u64, Seen) {
        const HANG: Seen = Seen::Timeout(Phase::FirstByte);
        let life = &whole.lives[usize::from(run.probe.app.0)];
        let needs = self.has_needs && run.probe.app == AppId(0) && !whole.is_needed_up;
        match run.fate {
            RunFate::Lost => (run.started + r::TIMEOUT_MS, HANG),
            RunFate::Late => (run.started + r::TIMEOUT_MS + r::PACE_MS + 500, HANG),
            RunFate::Honest if run.probe.index > 0 && needs => (run.started, Seen::Refused),
            RunFate::Honest if run.probe.index > 0 => (run.started, Seen::Pass),
            RunFate::Honest if life.main.is_none() => (run.started, Seen::Refused),
            RunFate::Honest => match life.health {
                Health::Hung => (run.started + r::TIMEOUT_MS, HANG),
                Health::Well if !needs => (run.started, Seen::Pass),
                _ => (run.started, Seen::Status { code: 500, retry_after_s: None }),
            },
        }
    }

    /// The look that ends first among those that are due, as an event.
    pub(crate) fn answer(&self, whole: &Whole) -> Option<(usize, Event)> {
        let Guardian::Up { runs, offset_ms, .. } = &whole.guardian else { return None };
        let moment = |at: u64| Moment(at - whole.booted + offset_ms);
        runs.iter().enumerate().find_map(|(index, run)| {
            let (ends, seen) = self.sight(whole, run);
            let Run { probe, attempt, started, .. } = *run;
            (ends <= whole.now).then(|| {
                let (started, ended) = (moment(started), moment(whole.now));
                (index, Event::Observed { probe, attempt, started, ended, seen })
            })
        })
    }
}
