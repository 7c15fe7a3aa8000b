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
    /// It was armed, and reboot(2) has stopped it, as the driver of such a device asks for.
    is_stopped: bool,
    feeds: u64,
}

impl Watchdog for Seat {
    fn look(&mut self) -> Sight {
        Sight::Device(Device {
            name: "watchdog0".into(),
            identity: Some("i6300ESB timer".into()),
            is_active: self.ground().0.dog.get().is_open(),
            ..Device::default()
        })
    }

    fn arm(&mut self) -> io::Result<()> {
        if self.is_dead() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let dog = self.ground().0.dog.get();
        if !dog.is_open() {
            self.ground().0.dog.set(Dog { timeout_ms: DEFAULT_MS, ..dog });
            self.start_counting();
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

    fn restart(&mut self) -> io::Result<()> {
        if !self.is_dead() {
            self.start_counting();
            self.world().tell(Fact::Watchdog(DogFact::Armed));
        }
        Ok(())
    }

    fn disarm(&mut self) -> Parting {
        if !self.is_dead() {
            let dog = self.ground().0.dog.get();
            self.ground().0.dog.set(Dog { fed: None, is_stopped: false, ..dog });
            self.world().tell(Fact::Watchdog(DogFact::Disarmed));
        }
        Parting::Disarmed
    }

    fn leave(&mut self) {
        self.count_anew();
    }
}

impl Dog {
    /// As the kernel sees it, which does not note that reboot(2) has stopped it.
    fn is_open(self) -> bool {
        self.fed.is_some() || self.is_stopped
    }
}

impl Seat {
    /// It is fed: its time begins anew. So does the kernel when an armed device is closed. One that was stopped is not
    /// started by it.
    pub(super) fn count_anew(&self) {
        if !self.ground().0.dog.get().is_stopped {
            self.start_counting();
        }
    }

    /// reboot(2) was called: drivers like i6300esb's have their device stopped before all else.
    pub(super) fn stop_dog(&self) {
        let dog = self.ground().0.dog.get();
        self.ground().0.dog.set(Dog { fed: None, is_stopped: dog.is_open(), ..dog });
    }

    fn start_counting(&self) {
        let dog = self.ground().0.dog.get();
        let feeds = dog.feeds + 1;
        self.ground().0.dog.set(Dog { fed: Some(feeds), is_stopped: false, feeds, ..dog });
        self.ground().plan(self.world_now_ms() + dog.timeout_ms, Due::Bites(feeds));
    }

    /// Whether it is armed, as the kernel sees it.
    pub(super) fn is_dog_armed(&self) -> bool {
        self.ground().0.dog.get().is_open()
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
