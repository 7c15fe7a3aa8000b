//! The simulated machine's watchdog: hardware that counts on whatever becomes of the processes.

use super::ground::Due;
use super::seat::Seat;
use crate::fact::{DogFact, Fact};
use defib_executor::boundary::{Device, Parting, Sight, Watchdog};
use std::io;

/// What it is set to before anybody asks.
const DEFAULT_MS: u64 = 30_000;

/// The device. A reset of the machine disarms it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dog {
    timeout_ms: u64,
    /// Counted by every feed, so that only the last one's end bites; `None`: not armed.
    fed: Option<u64>,
    feeds: u64,
}

impl Watchdog for Seat {
    fn look(&mut self) -> Sight {
        Sight::Device(Device {
            name: "watchdog0".into(),
            identity: Some("i6300ESB timer".into()),
            is_active: self.ground().0.dog.get().fed.is_some(),
            ..Device::default()
        })
    }

    fn arm(&mut self) -> io::Result<()> {
        if self.is_dead() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let dog = self.ground().0.dog.get();
        if dog.fed.is_none() {
            self.ground().0.dog.set(Dog { timeout_ms: DEFAULT_MS, ..dog });
            self.count_anew();
        }
        self.world().tell(Fact::Watchdog(DogFact::Armed));
        Ok(())
    }

    fn set_timeout_s(&mut self, timeout_s: u32) -> io::Result<u32> {
        let dog = self.ground().0.dog.get();
        self.ground().0.dog.set(Dog { timeout_ms: u64::from(timeout_s) * 1_000, ..dog });
        self.count_anew();
        Ok(timeout_s)
    }

    fn feed(&mut self) -> io::Result<()> {
        if !self.is_dead() {
            self.world().tell(Fact::Watchdog(DogFact::Fed));
            self.count_anew();
        }
        Ok(())
    }

    fn disarm(&mut self) -> Parting {
        if !self.is_dead() {
            let dog = self.ground().0.dog.get();
            self.ground().0.dog.set(Dog { fed: None, ..dog });
            self.world().tell(Fact::Watchdog(DogFact::Disarmed));
        }
        Parting::Disarmed
    }

    fn leave(&mut self) {
        self.count_anew();
    }
}

impl Seat {
    /// It is fed: its time begins anew. So does the kernel when an armed device is closed.
    pub(super) fn count_anew(&self) {
        let dog = self.ground().0.dog.get();
        let feeds = dog.feeds + 1;
        self.ground().0.dog.set(Dog { fed: Some(feeds), feeds, ..dog });
        self.ground().plan(self.world_now_ms() + dog.timeout_ms, Due::Bites(feeds));
    }

    /// Whether it counts.
    pub(super) fn is_dog_armed(&self) -> bool {
        self.ground().0.dog.get().fed.is_some()
    }

    /// The time since this feed is over. While the whole machine stood still the device did too.
    pub(super) fn bite(&self, feed: u64) {
        let dog = self.ground().0.dog.get();
        if dog.fed != Some(feed) {
            return;
        }
        let now_ms = self.world_now_ms();
        let counts_from_ms = self.world().machine().thawed_ms();
        if counts_from_ms + dog.timeout_ms > now_ms {
            return self.ground().plan(counts_from_ms + dog.timeout_ms, Due::Bites(feed));
        }
        self.world().bite();
    }
}
