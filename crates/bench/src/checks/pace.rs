//! The loop that all runners share: starts in batches, one epoll, one wait. It is the least that a
//! paced prober can do; what differs is what a flight does.

use crate::failed::Failed;
use crate::pause::now_us;
use rustix::event::{Timespec, epoll};
use rustix::fd::{AsFd, BorrowedFd};
use std::mem::MaybeUninit;

/// A flight that takes longer has failed.
const PATIENCE_US: u64 = 5_000_000;

/// When checks start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    Every {
        ms: u64,
        batch: usize,
    },
    /// So many always in flight.
    Saturated(usize),
}

impl Pace {
    pub(crate) const fn every(ms: u64, batch: usize) -> Pace {
        Pace::Every { ms, batch }
    }

    pub(crate) const fn saturated(in_flight: usize) -> Pace {
        Pace::Saturated(in_flight)
    }

    pub(crate) fn words(self) -> String {
        match self {
            Pace::Every { ms, batch } => {
                format!("{}/s in batches of {batch}", batch as u64 * 1000 / ms)
            }
            Pace::Saturated(in_flight) => format!("saturated, {in_flight} in flight"),
        }
    }

    fn slots(self) -> usize {
        match self {
            Pace::Every { batch, .. } => batch,
            Pace::Saturated(in_flight) => in_flight,
        }
    }
}

/// Many checks of one kind.
pub(crate) trait Flights {
    /// Begins a check in a free slot. `Some` if it ended at once: whether well.
    fn start(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool>;
    /// Goes on with it. `Some` at its end: whether well.
    fn ready(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool>;
}

/// How many ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Landed {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Landed {
    fn count(&mut self, end: Option<bool>) -> bool {
        match end {
            Some(true) => self.passed += 1,
            Some(false) => self.failed += 1,
            None => return false,
        }
        true
    }
}

/// Flies for so long, and until the last has landed.
pub(crate) fn fly(flights: &mut dyn Flights, pace: Pace, ms: u64) -> Result<Landed, Failed> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(Failed::at("epoll"))?;
    let mut landed = Landed::default();
    let mut free: Vec<usize> = (0..pace.slots()).collect();
    let ends_us = now_us() + ms * 1000;
    let mut next_us = now_us();
    loop {
        let now = now_us();
        if now < ends_us && now >= next_us {
            for slot in std::mem::take(&mut free) {
                let is_over = landed.count(flights.start(slot, epoll.as_fd()));
                free.extend(is_over.then_some(slot));
            }
            if let Pace::Every { ms, .. } = pace {
                next_us += ms * 1000;
            }
        }
        if now >= ends_us && free.len() == pace.slots() {
            return Ok(landed);
        }
        if now > ends_us + PATIENCE_US {
            return Err(Failed::of("checks that do not end"));
        }
        let is_idle = free.len() == pace.slots();
        let until_us = if is_idle { next_us.min(ends_us) } else { next_us.max(now + 1_000_000) };
        wait(&epoll, flights, until_us.saturating_sub(now), &mut free, &mut landed)?;
    }
}

fn wait(
    epoll: &impl AsFd,
    flights: &mut dyn Flights,
    us: u64,
    free: &mut Vec<usize>,
    landed: &mut Landed,
) -> Result<(), Failed> {
    let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); 64];
    let timeout =
        Timespec { tv_sec: (us / 1_000_000) as i64, tv_nsec: (us % 1_000_000 * 1000) as i64 };
    let (ready, _) =
        epoll::wait(epoll, &mut buffer, Some(&timeout)).map_err(Failed::at("epoll"))?;
    for event in ready {
        let slot = event.data.u64() as usize;
        let is_over = landed.count(flights.ready(slot, epoll.as_fd()));
        free.extend(is_over.then_some(slot));
    }
    Ok(())
}
