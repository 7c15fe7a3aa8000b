//! Looks: what a probe of the agent sees, and how long that takes.

use super::{Due, World};
use crate::plan::AppFault;
use crate::world::news::News;
use defib_config::spec::ProbeKind;
use defib_engine::policy::View;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};

/// A refusal on loopback.
const REFUSED_MS: u64 = 1;

/// Mean delay of an answer while the CPU is stolen (assumed).
const STOLEN_MEAN_MS: u64 = 300;

/// Mean delay of an answer while another app spins (assumed: two cores, and one of them is taken).
const SPUN_MEAN_MS: u64 = 30;

/// A look that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    number: u64,
    app: usize,
    probe: usize,
    attempt: u32,
    began_ms: u64,
}

impl World {
    /// The agent begins a look. Its end comes as [`News::Looked`].
    pub fn begin_look(&mut self, app: usize, probe: usize, attempt: u32) {
        let timeout_ms = self.config.policy.apps[app].probes[probe].timeout_ms;
        let (seen, took_ms) = self.noisy_answer(app, probe, timeout_ms);
        let began_ms = self.now_ms;
        let ended_ms = began_ms + took_ms;
        let news = News::Looked { app, probe, attempt, began_ms, ended_ms, seen };
        let number = self.next_flight;
        self.next_flight += 1;
        self.inside(ended_ms, Due::Looked { news, number });
        self.flights.push(Flight { number, app, probe, attempt, began_ms });
    }

    /// The guardian is gone, and its looks with it.
    pub fn drop_looks(&mut self) {
        self.flights.clear();
        self.answered.iter_mut().for_each(|probes| probes.fill(false));
    }

    pub(super) fn end_look(&mut self, news: News, number: u64) {
        // Gone with its guardian, or cut off by the death of whoever was to answer.
        let Some(at) = self.flights.iter().position(|flight| flight.number == number) else {
            return;
        };
        self.flights.swap_remove(at);
        let News::Looked { app, probe, attempt, began_ms, seen, .. } = news else { return };
        let silent = matches!(seen, Seen::Refused | Seen::Timeout(_) | Seen::Unknown(_));
        self.answered[app][probe] |= !silent;
        // Later than planned, if the machine was frozen.
        let ended_ms = self.now_ms;
        self.news.push_back(News::Looked { app, probe, attempt, began_ms, ended_ms, seen });
    }

    /// The kernel closes the connections of a process that ends: whoever waits for its answer knows at
    /// once (seen in every recorded trace of a kill).
    pub(super) fn cut_looks(&mut self, app: usize) {
        let (ended_ms, seen) = (self.now_ms, Seen::Reset);
        let policies = &self.config.policy.apps[app].probes;
        let (news, cut) = (&mut self.news, |flight: &Flight| {
            flight.app == app && policies[flight.probe].view != View::Dependency
        });
        self.flights.retain(|flight| {
            if cut(flight) {
                let Flight { probe, attempt, began_ms, .. } = *flight;
                news.push_back(News::Looked { app, probe, attempt, began_ms, ended_ms, seen });
            }
            !cut(flight)
        });
    }

    fn noisy_answer(&mut self, app: usize, probe: usize, timeout_ms: u64) -> (Seen, u64) {
        if let Some(answer) = self.lost(app, probe, timeout_ms) {
            return answer;
        }
        let (seen, took_ms) = self.by_probe(app, probe, timeout_ms);
        // A look that is given up is given up in time, however slow the app's machine is.
        let sick_ms = if matches!(seen, Seen::Timeout(_)) { 0 } else { self.sick_ms() };
        let took_ms = took_ms + self.delay_ms() + self.spun_ms(app) + sick_ms;
        if took_ms >= timeout_ms && !matches!(seen, Seen::Timeout(_)) {
            return (Seen::Timeout(Phase::FirstByte), timeout_ms);
        }
        (seen, took_ms)
    }

    /// How long a look of this probe takes, if it would be good and nothing of it is left to chance: so
    /// it stays until something happens.
    pub(crate) fn calm_look_ms(&mut self, app: usize, probe: usize) -> Option<u64> {
        if self.script.is_some() {
            return None;
        }
        let timeout_ms = self.config.policy.apps[app].probes[probe].timeout_ms;
        let chance = self.chance.clone();
        let (seen, took_ms) = self.by_probe(app, probe, timeout_ms);
        if self.chance != chance {
            self.chance = chance;
            return None;
        }
        (seen == Seen::Pass && took_ms < timeout_ms).then_some(took_ms)
    }

    /// How much later things happen while the hypervisor steals the CPU.
    fn delay_ms(&mut self) -> u64 {
        if self.machine.stolen_percent(self.now_ms) < 50 {
            return 0;
        }
        self.chance.exponential_ms(STOLEN_MEAN_MS)
    }

    fn spun_ms(&mut self, app: usize) -> u64 {
        let spins = |other: &usize| self.apps[*other].has(|fault| *fault == AppFault::Spin);
        let is_spun = (0..self.apps.len()).any(|other| other != app && spins(&other));
        if is_spun { self.chance.exponential_ms(SPUN_MEAN_MS) } else { 0 }
    }

    /// How late the agent wakes while the hypervisor steals the CPU (assumed: half of what an answer of
    /// the app is delayed by, for the agent only has to be scheduled).
    pub(crate) fn wake_delay_ms(&mut self) -> u64 {
        self.delay_ms() / 2 + self.sick_wake_ms()
    }

    /// What this kind of look sees.
    fn by_probe(&mut self, app: usize, probe: usize, timeout_ms: u64) -> (Seen, u64) {
        let config = std::rc::Rc::clone(&self.config);
        if let Some(answer) = self.scripted(app, probe) {
            return answer;
        }
        let view = config.policy.apps[app].probes[probe].view;
        let spec = &config.apps[app].probes[probe];
        if view == View::Dependency {
            return match self.needs.aim(app, probe) {
                Some(other) => self.request(other, timeout_ms),
                None => self.service(app, timeout_ms),
            };
        }
        if view == View::UserPath && self.apps[app].has(|fault| *fault == AppFault::PathCut) {
            return (Seen::Timeout(Phase::Connect), timeout_ms);
        }
        if view == View::UserPath && self.apps[app].has(|it| *it == AppFault::CachedOutside) {
            return (Seen::Pass, self.apps[app].plan.answer_ms);
        }
        match spec.kind {
            ProbeKind::Http(_) => {
                let (seen, took_ms) = self.request(app, timeout_ms);
                let is_nothing = spec.derived && !self.answered[app][probe];
                if seen == Seen::Refused && is_nothing {
                    return (Seen::Unknown(UnknownWhy::NothingThere), took_ms);
                }
                (seen, took_ms)
            }
            ProbeKind::Tcp(_) => self.connect(app),
            ProbeKind::Command(_) => self.check_command(app, timeout_ms),
        }
    }

    /// Something that the app needs, and that is no app of this machine.
    fn service(&self, app: usize, timeout_ms: u64) -> (Seen, u64) {
        let it = &self.apps[app];
        match () {
            () if it.has(|fault| *fault == AppFault::DependencyDown) => (Seen::Refused, REFUSED_MS),
            () if it.has(|fault| *fault == AppFault::DependencySlow) => {
                (Seen::Timeout(Phase::FirstByte), timeout_ms)
            }
            () => (Seen::Pass, it.plan.answer_ms),
        }
    }

    /// The kernel completes the handshake for whoever listens, whether he runs or not.
    fn connect(&self, app: usize) -> (Seen, u64) {
        let it = &self.apps[app];
        let listens = it.is_warm(self.now_ms) || it.has(|fault| *fault == AppFault::PortTaken);
        (if listens { Seen::Pass } else { Seen::Refused }, REFUSED_MS)
    }

    /// A check of the user's that asks as everybody does, and says what he saw as Nagios has it.
    fn check_command(&mut self, app: usize, timeout_ms: u64) -> (Seen, u64) {
        if !self.makes_processes() {
            return (Seen::Unknown(UnknownWhy::OurLimit), REFUSED_MS);
        }
        match self.request(app, timeout_ms) {
            (Seen::Timeout(_), took_ms) => (Seen::Timeout(Phase::Command), took_ms),
            (seen, took_ms) if seen.is_failure() => (Seen::Command(2), took_ms),
            good => good,
        }
    }

    /// One request to the app itself.
    fn request(&mut self, app: usize, timeout_ms: u64) -> (Seen, u64) {
        let hang = (Seen::Timeout(Phase::FirstByte), timeout_ms);
        let mut answer = (Seen::Pass, self.apps[app].plan.answer_ms);
        if self.apps[app].has(|fault| *fault == AppFault::PortTaken) {
            return (Seen::Body(BodyFault::Missing), answer.1);
        }
        if !self.apps[app].is_warm(self.now_ms) {
            return (Seen::Refused, REFUSED_MS);
        }
        if self.is_wedged(app) {
            return hang;
        }
        if self.needs.of_app(app).any(|other| self.apps[other].permille == 0) {
            answer.0 = Seen::Status { code: 500, retry_after_s: None };
        }
        for index in 0..self.apps[app].faults.len() {
            let fault = self.apps[app].faults[index].fault;
            let under = self.answer_under(app, fault, hang, answer);
            // The worst of them shows.
            if under.0.is_failure() || under.1 > answer.1 {
                answer = under;
            }
        }
        answer
    }

    fn answer_under(
        &mut self,
        app: usize,
        fault: AppFault,
        hang: (Seen, u64),
        now: (Seen, u64),
    ) -> (Seen, u64) {
        let took_ms = now.1;
        match fault {
            AppFault::Hang
            | AppFault::Spin
            | AppFault::Stopped
            | AppFault::DependencySlow
            | AppFault::Unkillable => hang,
            AppFault::Status { code } => (Seen::Status { code, retry_after_s: None }, took_ms),
            AppFault::DiskFull | AppFault::DiskReadOnly | AppFault::DependencyDown => {
                (Seen::Status { code: 500, retry_after_s: None }, took_ms)
            }
            AppFault::Announces { retry_after_s } => {
                (Seen::Status { code: 503, retry_after_s: Some(retry_after_s) }, took_ms)
            }
            AppFault::WrongBody => (Seen::Body(BodyFault::Missing), took_ms),
            AppFault::CertificateExpired => (Seen::Tls(TlsFault::Expired), took_ms),
            AppFault::WorkersHang { permille } => {
                if self.chance.below(1_000) < u64::from(permille) { hang } else { now }
            }
            AppFault::Slow { by_ms } => (now.0, took_ms + by_ms),
            AppFault::Busy { .. } => {
                let wait_ms = self.apps[app].load.map_or(0, |load| load.wait_ms());
                if wait_ms >= hang.1 { hang } else { (now.0, took_ms + wait_ms) }
            }
            AppFault::Exit(_)
            | AppFault::DiesAfter { .. }
            | AppFault::Leak { .. }
            | AppFault::Eats { .. }
            | AppFault::Forks { .. }
            | AppFault::PathCut
            | AppFault::CachedOutside
            | AppFault::PortTaken
            | AppFault::RecoverFails
            | AppFault::RecoverHangs => now,
        }
    }
}
