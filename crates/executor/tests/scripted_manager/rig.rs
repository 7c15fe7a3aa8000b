//! The manager under test in a loop like the executor's.

use defib_executor::manager::{JobId, ManagerEvent, ServiceManager};
use defib_executor::service::systemd::{Settings, Systemd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// No test waits longer for anything.
const PATIENCE_MS: u64 = 8_000;

pub fn now_ms() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Settings that lead nowhere but to `bus`.
pub fn settings(bus: &str) -> Settings {
    Settings {
        bus: bus.into(),
        private: None,
        systemctl: None,
        has_transient: true,
        connect_ms: 2_000,
    }
}

pub struct Rig {
    pub systemd: Systemd,
    /// All that was told so far.
    pub told: Vec<ManagerEvent>,
    /// How often the loop went round.
    pub turns: u32,
}

impl Rig {
    pub fn new(settings: Settings) -> Rig {
        let systemd = Systemd::new(settings).expect("an epoll");
        Rig { systemd, told: Vec::new(), turns: 0 }
    }

    /// One turn of the loop: waits for news or the deadline, at most until `until_ms`.
    fn turn(&mut self, until_ms: u64) {
        let deadline_ms = self.systemd.deadline_ms().unwrap_or(u64::MAX).min(until_ms);
        let wait_ms = deadline_ms.saturating_sub(now_ms());
        let (fd, wants_write) = self.systemd.fd().expect("a descriptor");
        let mut flags = PollFlags::IN;
        flags.set(PollFlags::OUT, wants_write);
        let timeout = Timespec {
            tv_sec: (wait_ms / 1000) as i64,
            tv_nsec: (wait_ms % 1000 * 1_000_000) as i64,
        };
        poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&timeout)).expect("poll");
        self.systemd.advance(now_ms(), &mut self.told);
        self.turns += 1;
    }

    /// Goes on until something told satisfies `wanted`, which is then taken out with all before.
    pub fn until(&mut self, wanted: impl Fn(&ManagerEvent) -> bool) -> Vec<ManagerEvent> {
        let end_ms = now_ms() + PATIENCE_MS;
        loop {
            if let Some(index) = self.told.iter().position(&wanted) {
                return self.told.drain(..=index).collect();
            }
            assert!(now_ms() < end_ms, "it never came; told: {:?}", self.told);
            self.turn(end_ms);
        }
    }

    /// Goes on for this long, and returns all that was told.
    pub fn for_ms(&mut self, ms: u64) -> Vec<ManagerEvent> {
        let end_ms = now_ms() + ms;
        while now_ms() < end_ms {
            self.turn(end_ms);
        }
        std::mem::take(&mut self.told)
    }

    pub fn until_reached(&mut self) {
        self.until(|event| *event == ManagerEvent::Reached);
    }

    /// The result of a job, with all that was told before it.
    pub fn end_of(&mut self, id: JobId) -> Result<(), (defib_engine::event::Failure, String)> {
        let told =
            self.until(|event| matches!(event, ManagerEvent::JobDone { job, .. } if *job == id));
        match told.into_iter().last() {
            Some(ManagerEvent::JobDone { result, .. }) => result,
            other => panic!("{other:?}"),
        }
    }
}
