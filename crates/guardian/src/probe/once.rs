//! One look with a loop of its own, for the command line.

use super::look::{Detail, Look, Phases};
use super::{Looker, Micros, Poller, Probe, Progress, Terms};
use defib_config::spec::ProbeSpec;
use defib_engine::seen::{Seen, UnknownWhy};
use rustix::event::epoll;
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The clock that probes are told: CLOCK_BOOTTIME in microseconds.
pub fn boottime() -> Micros {
    let time = clock_gettime(ClockId::Boottime);
    Micros(time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000)
}

/// Runs one probe to its end, blocking for at most `timeout_ms`.
pub fn look_once(looker: &mut Looker, spec: &ProbeSpec, timeout_ms: u32) -> Look {
    let probe = match Probe::new(spec) {
        Ok(probe) => probe,
        Err(message) => return could_not(format_args!("{message}")),
    };
    let epoll = match epoll::create(epoll::CreateFlags::CLOEXEC) {
        Ok(epoll) => epoll,
        Err(errno) => {
            return could_not(format_args!(
                "cannot make an epoll: {}",
                std::io::Error::from(errno)
            ));
        }
    };
    let poller = Poller::new(epoll.as_fd(), 0);
    let mut now = boottime();
    let mut run = probe.start(Terms { timeout_ms, listener_seen: false }, now);
    loop {
        match run.advance(looker, &poller, now) {
            Progress::Done(look) => return *look,
            Progress::Waiting { deadline } => sleep_until(&epoll, deadline, now),
        }
        now = boottime();
    }
}

fn sleep_until(epoll: impl AsFd, deadline: Micros, now: Micros) {
    let left_us = u64::from(deadline.since(now));
    let timeout = Timespec {
        tv_sec: (left_us / 1_000_000) as i64,
        tv_nsec: (left_us % 1_000_000 * 1000) as i64,
    };
    let mut events =
        [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 4];
    // An interrupted wait is an early turn, which every run takes; no other error can happen to
    // a descriptor that we just made.
    let _: Result<usize, Errno> = epoll::wait(epoll, &mut events[..], Some(&timeout));
}

fn could_not(detail: std::fmt::Arguments<'_>) -> Look {
    Look {
        seen: Seen::Unknown(UnknownWhy::OurLimit),
        phases: Phases::default(),
        total_us: 0,
        detail: Detail::of(detail),
        certificate_days_left: None,
        answered: false,
    }
}
