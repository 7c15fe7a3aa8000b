//! Phases and deadlines of one run.

use super::look::{Detail, Look, Phases};
use super::{Micros, Progress};
use defib_config::spec::PhaseDeadlines;
use defib_engine::seen::{Phase, Seen, UnknownWhy};

/// A turn that comes this much after the deadline it was asked for is our own fault: timers on an
/// idle machine are at most a few milliseconds late, and starts are coalesced into 100 ms slots.
const LATE_US: u32 = 100_000;

/// Knows in which phase a run is, since when, and when it must end.
#[derive(Debug)]
pub(super) struct Stopwatch {
    started: Micros,
    ends: Micros,
    limits: PhaseDeadlines,
    slow_us: Option<u32>,
    phase: Option<(Phase, Micros)>,
    phases: Phases,
}

impl Stopwatch {
    pub(super) fn start(
        now: Micros,
        timeout_ms: u32,
        limits: PhaseDeadlines,
        slow_ms: u32,
    ) -> Stopwatch {
        Stopwatch {
            started: now,
            ends: now.plus_ms(u64::from(timeout_ms)),
            limits,
            slow_us: (slow_ms > 0).then(|| slow_ms.saturating_mul(1000)),
            phase: None,
            phases: Phases::default(),
        }
    }

    /// Ends the present phase and begins another; entering the same one again changes nothing.
    pub(super) fn enter(&mut self, phase: Phase, now: Micros) {
        if self.phase.is_some_and(|(present, _)| present == phase) {
            return;
        }
        self.close_phase(now);
        self.phase = Some((phase, now));
    }

    /// Ends the present phase, with none after it.
    pub(super) fn close_phase(&mut self, now: Micros) {
        let Some((phase, since)) = self.phase.take() else { return };
        let cell = match phase {
            Phase::Resolve => &mut self.phases.resolve_us,
            Phase::Connect => &mut self.phases.connect_us,
            Phase::Tls => &mut self.phases.tls_us,
            Phase::FirstByte => &mut self.phases.first_byte_us,
            Phase::Body => &mut self.phases.body_us,
            // A command has one phase: the whole run.
            Phase::Command => return,
        };
        *cell = Some(cell.unwrap_or(0).saturating_add(now.since(since)));
    }

    /// When the run must be advanced at the latest.
    pub(super) fn deadline(&self) -> Micros {
        self.phase_ends().map_or(self.ends, |ends| ends.min(self.ends))
    }

    fn phase_ends(&self) -> Option<Micros> {
        let (phase, since) = self.phase?;
        let limit_ms = match phase {
            Phase::Resolve => self.limits.resolve_ms,
            Phase::Connect => self.limits.connect_ms,
            Phase::Tls => self.limits.tls_ms,
            Phase::FirstByte => self.limits.first_byte_ms,
            Phase::Body => self.limits.body_ms,
            Phase::Command => 0,
        };
        (limit_ms > 0).then(|| since.plus_ms(u64::from(limit_ms)))
    }

    /// Waits on, or ends the run if its deadline has passed. To be called after everything that
    /// could be read or written has been: what stood ready at the deadline was in time.
    ///
    /// `moved` says that the other side sent something in this very turn. If the turn itself is
    /// late, the answer may well have waited for us, and nothing can be concluded.
    pub(super) fn wait(&mut self, now: Micros, moved: bool) -> Progress {
        let deadline = self.deadline();
        if now < deadline {
            return Progress::Waiting { deadline };
        }
        let phase = self.phase.map_or(Phase::Connect, |(phase, _)| phase);
        if moved && now.since(deadline) > LATE_US {
            let detail = Detail::of(format_args!("defib itself was late while it read the answer"));
            return self.done(Seen::Unknown(UnknownWhy::Late), detail, now);
        }
        // A silent name server says nothing about the app, unless somebody set a limit for it.
        if phase == Phase::Resolve && self.limits.resolve_ms == 0 {
            let detail = Detail::of(format_args!("no name server answered in time"));
            return self.done(Seen::Unknown(UnknownWhy::Unresolved), detail, now);
        }
        self.done(Seen::Timeout(phase), Detail::EMPTY, now)
    }

    /// The run is over.
    pub(super) fn done(&mut self, seen: Seen, detail: Detail, now: Micros) -> Progress {
        self.close_phase(now);
        let total_us = now.since(self.started);
        let slow = seen == Seen::Pass && self.slow_us.is_some_and(|slow_us| total_us >= slow_us);
        Progress::Done(Box::new(Look {
            seen: if slow { Seen::Slow } else { seen },
            phases: self.phases,
            total_us,
            detail,
            certificate_days_left: None,
            answered: false,
        }))
    }

    /// The present phase, for errors that the kernel reports as a time-out.
    pub(super) fn phase(&self) -> Phase {
        self.phase.map_or(Phase::Connect, |(phase, _)| phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(limits: PhaseDeadlines) -> Stopwatch {
        Stopwatch::start(Micros(1_000_000), 3000, limits, 500)
    }

    fn look(progress: Progress) -> Look {
        match progress {
            Progress::Done(look) => *look,
            Progress::Waiting { deadline } => panic!("still waiting until {deadline:?}"),
        }
    }

    #[test]
    fn the_earlier_of_both_deadlines_counts() {
        let mut watch = watch(PhaseDeadlines { tls_ms: 200, ..PhaseDeadlines::default() });
        assert_eq!(watch.deadline(), Micros(4_000_000));
        watch.enter(Phase::Tls, Micros(1_500_000));
        assert_eq!(watch.deadline(), Micros(1_700_000));
        watch.enter(Phase::Tls, Micros(1_600_000));
        assert_eq!(watch.deadline(), Micros(1_700_000));
        watch.enter(Phase::FirstByte, Micros(1_650_000));
        assert_eq!(watch.deadline(), Micros(4_000_000));
        let end = look(watch.wait(Micros(4_000_000), false));
        assert_eq!(end.seen, Seen::Timeout(Phase::FirstByte));
        assert_eq!(end.phases.tls_us, Some(150_000));
        assert_eq!(end.phases.first_byte_us, Some(2_350_000));
        assert_eq!(end.phases.body_us, None);
        assert_eq!(end.total_us, 3_000_000);
    }

    #[test]
    fn a_late_turn_that_found_bytes_concludes_nothing() {
        let mut watch = watch(PhaseDeadlines::default());
        watch.enter(Phase::Body, Micros(1_500_000));
        let late = Micros(4_100_001);
        assert_eq!(look(watch.wait(late, true)).seen, Seen::Unknown(UnknownWhy::Late));
        watch.enter(Phase::Body, Micros(1_500_000));
        assert_eq!(look(watch.wait(late, false)).seen, Seen::Timeout(Phase::Body));
        watch.enter(Phase::Body, Micros(1_500_000));
        let in_time = Micros(4_100_000);
        assert_eq!(look(watch.wait(in_time, true)).seen, Seen::Timeout(Phase::Body));
    }

    #[test]
    fn only_a_pass_can_be_slow() {
        let mut watch = watch(PhaseDeadlines::default());
        assert_eq!(look(watch.done(Seen::Pass, Detail::EMPTY, Micros(1_499_999))).seen, Seen::Pass);
        assert_eq!(look(watch.done(Seen::Pass, Detail::EMPTY, Micros(1_500_000))).seen, Seen::Slow);
        let reset = watch.done(Seen::Reset, Detail::EMPTY, Micros(2_000_000));
        assert_eq!(look(reset).seen, Seen::Reset);
    }
}
