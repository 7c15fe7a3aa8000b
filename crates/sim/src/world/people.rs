//! What people do.

use super::{Due, World};
use crate::fact::{By, Fact};
use crate::plan::{Keeper, Person};
use crate::world::app::Signal;
use crate::world::news::News;
use defib_engine::effect::Rung;
use defib_engine::policy::Mode;

impl World {
    pub(super) fn do_person(&mut self, what: Person) {
        match what {
            Person::Stop { app } => self.person_stops(app),
            Person::Start { app } => {
                self.want(app, true);
                self.person_starts(app);
                // A start job waits for the stop job before it, which a suspended machine may not have ended.
                let stop_ms = self.apps[app].plan.stop_ms;
                self.inside(self.now_ms + stop_ms + 200, Due::PersonStarts { app });
            }
            Person::Restart { app } => self.person_restarts(app),
            Person::Hold { app, ms } => self.news.push_back(News::Held { app, ms }),
            Person::Release { app } => self.news.push_back(News::Released { app }),
            Person::Reload => self.news.push_back(News::Reload),
            Person::Reboot => {
                self.reboot(By::Person);
            }
            Person::Mend { app } => self.mend(app),
        }
    }

    fn person_stops(&mut self, app: usize) {
        self.want(app, false);
        self.news.push_back(News::Stopped { app });
        for job in self.manager.forget(app) {
            self.news.push_back(News::JobDone { job, ok: false });
        }
        if let Some(identity) = self.main(app) {
            self.signal(app, identity, Signal::Term, By::Person);
            // `systemctl stop` sends KILL in the end.
            let exit = defib_engine::event::Exit::Signal(9);
            let late_ms = self.now_ms + 90_000;
            self.inside(late_ms, Due::Dies { app, identity, exit, by: By::Person });
        }
    }

    fn want(&mut self, app: usize, runs: bool) {
        if self.apps[app].is_wanted != runs {
            self.apps[app].is_wanted = runs;
            self.tell(Fact::Wanted { app, runs });
            if runs {
                self.news.push_back(News::Resumed { app });
            }
        }
    }

    /// The second half of a restart, or a start.
    pub(super) fn person_starts(&mut self, app: usize) {
        // What the agent itself keeps, nobody else starts.
        let is_anothers = self.apps[app].plan.keeper == Keeper::Agent;
        let runs = self.main(app).is_some();
        if !self.apps[app].is_wanted || !self.machine.has_power() || is_anothers || runs {
            return;
        }
        let _ = self.spawn(app, By::Person);
    }

    /// A person mends the app itself and starts it if it is down.
    pub(super) fn mend(&mut self, app: usize) {
        self.end_faults(app, |_| true);
        self.want(app, true);
        if self.main(app).is_none() && self.machine.has_power() {
            self.person_starts(app);
        }
    }

    pub(super) fn agent_starts(&self, app: usize) -> bool {
        let policy = &self.config.policy;
        policy.mode == Mode::Act && policy.apps[app].rungs.has(Rung::Start)
    }

    /// Everything bad ends. What is down is started by a person if nobody else would ever do it, or if a
    /// person's stop is why it is down.
    pub(super) fn heal(&mut self) {
        self.is_healed = true;
        self.end_noise();
        self.machine.mend();
        self.manager.mend();
        // First what keeps others from being started.
        for app in 0..self.apps.len() {
            if self.is_wedged(app) {
                self.end_faults(app, |_| true);
            }
        }
        for app in 0..self.apps.len() {
            self.end_faults(app, |_| true);
            let was_stopped = !self.apps[app].is_wanted;
            self.want(app, true);
            if was_stopped || !self.agent_starts(app) {
                self.person_starts(app);
            }
        }
        self.tell(Fact::Healed);
    }
}
