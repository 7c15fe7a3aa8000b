//! More load than an app can carry: a queue, clients that give up and ask again, and what is left of it
//! when the load is normal again. (A model, not a recording: every figure here is assumed. Its shape is
//! that of metastable failures: Bronson et al., HotOS 2021.)
//!
//! The unit is per cent of what the app can do in a second. Whoever waits for longer than he is ready to
//! has given up when his turn comes: the work is done and wasted. He asks again, so that far more
//! is offered than there are clients, and the queue stays when its cause is gone. Only an empty queue
//! ends that: a new process has one, and is slow at first.

use super::{Due, World};
use crate::plan::AppFault;

/// How often it is reckoned.
const TICK_MS: u64 = 1_000;

/// How long a client waits, in ticks of full capacity.
const PATIENCE: u32 = 3;

/// What the app can do in a tick, warm and cold.
const CAPACITY: u32 = 100;
const COLD_CAPACITY: u32 = 50;

/// A new process is cold for so long.
const COLD_MS: u64 = 30_000;

/// The listen queue and the workers hold no more.
const QUEUE_MAX: u32 = 2_000;

/// The usual load.
const USUAL: u32 = 70;

/// The queue of an app that is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// What waits.
    pub queue: u32,
    /// What was asked in the last tick, retries included.
    arrived: u32,
    /// Of a thousand clients, how many were answered while they still waited.
    pub permille: u16,
    /// The excess ends then; the queue may stay.
    excess_until_ms: u64,
    excess: u32,
    retries: u32,
}

impl Load {
    fn new(load_percent: u16, retries: u8, until_ms: u64) -> Load {
        Load {
            queue: 0,
            arrived: 0,
            permille: 1_000,
            excess_until_ms: until_ms,
            excess: u32::from(load_percent),
            retries: u32::from(retries),
        }
    }

    /// How long whoever asks now waits.
    pub(super) fn wait_ms(&self) -> u64 {
        u64::from(self.queue) * TICK_MS / u64::from(CAPACITY)
    }

    /// What was done in the last tick, of what the app can do, in permille.
    pub(super) fn worked_permille(&self) -> u64 {
        u64::from((self.queue + self.arrived).min(CAPACITY)) * 1_000 / u64::from(CAPACITY)
    }

    /// Nobody waits for long, and no more is asked than the app can do.
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.excess_until_ms && self.queue < CAPACITY
    }

    fn tick(&mut self, now_ms: u64, born_ms: u64) {
        let fresh = if now_ms < self.excess_until_ms { self.excess } else { USUAL };
        let gives_up = self.queue > PATIENCE * CAPACITY;
        self.arrived = if gives_up { fresh * (1 + self.retries) } else { fresh };
        let capacity = if now_ms < born_ms + COLD_MS { COLD_CAPACITY } else { CAPACITY };
        let asked = self.queue + self.arrived;
        let done = asked.min(capacity);
        self.queue = (asked - done).min(QUEUE_MAX);
        self.permille = match () {
            () if gives_up => 0,
            // In steps, so that a slow change is not a new fact each second.
            () => (done * 10 / self.arrived.max(1)).min(10) as u16 * 100,
        };
    }
}

impl World {
    /// The excess begins.
    pub(super) fn begin_load(&mut self, app: usize, load_percent: u16, retries: u8, until_ms: u64) {
        if self.apps[app].load.is_none() {
            self.outside(self.now_ms + TICK_MS, Due::Load { app });
        }
        self.apps[app].load = Some(Load::new(load_percent, retries, until_ms));
    }

    pub(super) fn go_on_with_load(&mut self, app: usize) {
        let Some(mut load) = self.apps[app].load else { return };
        match self.apps[app].process {
            Some(process) if self.can_run() => load.tick(self.now_ms, process.born_ms),
            Some(_) => {}
            None => load.queue = 0,
        }
        self.apps[app].load = Some(load);
        if load.is_over(self.now_ms) {
            self.end_faults(app, |active| matches!(active.fault, AppFault::Busy { .. }));
        } else {
            self.outside(self.now_ms + TICK_MS, Due::Load { app });
            self.tell_serving(app);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(load: &mut Load, ticks: u64, from_ms: u64) {
        for tick in 0..ticks {
            load.tick(from_ms + tick * TICK_MS, 0);
        }
    }

    #[test]
    fn a_queue_outlives_its_cause_when_clients_ask_again() {
        let mut load = Load::new(200, 2, 100_000);
        after(&mut load, 60, 40_000);
        assert_eq!(load.permille, 0);
        after(&mut load, 600, 100_000);
        assert!(load.queue > PATIENCE * CAPACITY, "{load:?}");
        load.queue = 0;
        after(&mut load, 10, 800_000);
        assert!(load.is_over(810_000) && load.permille == 1_000, "{load:?}");
    }

    #[test]
    fn it_drains_when_they_do_not() {
        let mut load = Load::new(200, 0, 100_000);
        after(&mut load, 60, 40_000);
        assert_eq!(load.permille, 0);
        after(&mut load, 120, 100_000);
        assert!(load.is_over(220_000), "{load:?}");
    }
}
