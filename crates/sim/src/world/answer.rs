//! Looks: what a probe of the agent sees, and how long that takes.

use super::{Due, World};
use crate::plan::AppFault;
use crate::world::news::News;
use defib_engine::policy::View;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault};

/// A refusal on loopback.
const REFUSED_MS: u64 = 1;

/// Mean delay of an answer while the CPU is stolen (assumed).
const STOLEN_MEAN_MS: u64 = 300;

impl World {
    /// The agent begins a look. Its end comes as [`News::Looked`].
    pub fn begin_look(&mut self, app: usize, probe: usize, attempt: u32) {
        let rules = &self.config.policy.apps[app].probes[probe];
        let (view, timeout_ms) = (rules.view, rules.timeout_ms);
        let (seen, took_ms) = self.noisy_answer(app, probe, view, timeout_ms);
        let began_ms = self.now_ms;
        let ended_ms = began_ms + took_ms;
        let pid = self.main(app).map_or(0, |main| main.pid);
        let news = News::Looked { app, probe, attempt, began_ms, ended_ms, seen };
        self.inside(ended_ms, Due::Looked { news, pid, life: self.guardian_life });
    }

    /// The guardian is gone, and its looks with it.
    pub fn drop_looks(&mut self) {
        self.guardian_life += 1;
    }

    pub(super) fn end_look(&mut self, news: News, pid: u32, life: u32) {
        if life != self.guardian_life {
            return;
        }
        let News::Looked { app, probe, attempt, began_ms, seen, .. } = news else { return };
        // Whoever was to answer died in between.
        let broken = seen.is_good() && self.main(app).map_or(0, |main| main.pid) != pid;
        let seen = if broken { Seen::Reset } else { seen };
        let ended_ms = self.now_ms;
        self.news.push_back(News::Looked { app, probe, attempt, began_ms, ended_ms, seen });
    }

    fn noisy_answer(
        &mut self,
        app: usize,
        probe: usize,
        view: View,
        timeout_ms: u64,
    ) -> (Seen, u64) {
        if let Some(answer) = self.lost(app, probe, timeout_ms) {
            return answer;
        }
        let (seen, took_ms) = self.answer(app, view, timeout_ms);
        let took_ms = took_ms + self.delay_ms();
        if took_ms >= timeout_ms && !matches!(seen, Seen::Timeout(_)) {
            return (Seen::Timeout(Phase::FirstByte), timeout_ms);
        }
        (seen, took_ms)
    }

    /// How much later things happen while the hypervisor steals the CPU.
    fn delay_ms(&mut self) -> u64 {
        if self.machine.stolen_percent(self.now_ms) < 50 {
            return 0;
        }
        self.chance.exponential_ms(STOLEN_MEAN_MS)
    }

    /// How late the agent wakes while the hypervisor steals the CPU (assumed: half of what an answer of
    /// the app is delayed by, for the agent only has to be scheduled).
    pub(crate) fn wake_delay_ms(&mut self) -> u64 {
        self.delay_ms() / 2
    }

    fn answer(&mut self, app: usize, view: View, timeout_ms: u64) -> (Seen, u64) {
        let hang = (Seen::Timeout(Phase::FirstByte), timeout_ms);
        let good = (Seen::Pass, self.apps[app].plan.answer_ms);
        if view == View::Dependency {
            let it = &self.apps[app];
            return match () {
                () if it.has(|fault| *fault == AppFault::DependencyDown) => {
                    (Seen::Refused, REFUSED_MS)
                }
                () if it.has(|fault| *fault == AppFault::DependencySlow) => hang,
                () => good,
            };
        }
        if view == View::UserPath && self.apps[app].has(|fault| *fault == AppFault::PathCut) {
            return (Seen::Timeout(Phase::Connect), timeout_ms);
        }
        if self.apps[app].has(|fault| *fault == AppFault::PortTaken) {
            return (Seen::Body(BodyFault::Missing), good.1);
        }
        if !self.apps[app].is_warm(self.now_ms) {
            return (Seen::Refused, REFUSED_MS);
        }
        let mut answer = good;
        for index in 0..self.apps[app].faults.len() {
            let fault = self.apps[app].faults[index].fault;
            let under = self.answer_under(fault, hang, answer);
            // The worst of them shows.
            if under.0.is_failure() || under.1 > answer.1 {
                answer = under;
            }
        }
        answer
    }

    fn answer_under(
        &mut self,
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
            AppFault::DependencyDown => (Seen::Status { code: 500, retry_after_s: None }, took_ms),
            AppFault::Announces { retry_after_s } => {
                (Seen::Status { code: 503, retry_after_s: Some(retry_after_s) }, took_ms)
            }
            AppFault::WrongBody => (Seen::Body(BodyFault::Missing), took_ms),
            AppFault::CertificateExpired => (Seen::Tls(TlsFault::Expired), took_ms),
            AppFault::WorkersHang { permille } => {
                if self.chance.below(1_000) < u64::from(permille) { hang } else { now }
            }
            AppFault::Slow { by_ms } => (now.0, took_ms + by_ms),
            AppFault::Busy { load_percent, retries } => {
                let served = 100_000 / u64::from(load_percent.max(100)) / (1 + u64::from(retries));
                if self.chance.below(1_000) < served { (Seen::Slow, hang.1 / 2) } else { hang }
            }
            AppFault::Exit(_)
            | AppFault::DiesAfter { .. }
            | AppFault::Leak { .. }
            | AppFault::PathCut
            | AppFault::PortTaken => now,
        }
    }
}
