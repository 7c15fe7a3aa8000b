//! Carries out what the dog wants, at the boundary and in the ledger.

use super::dog::{KERNEL_STEPS_S, TIMEOUT_MIN_S, TIMEOUT_S};
use super::ground::{Forbidden, Ground, Recorded, Step};
use super::{busy, device_in_words, named, sight_in_words};
use crate::admit::has_reboot_room;
use crate::boundary::{self, Device, Sight};
use crate::executor::Executor;
use crate::ledger::DiskState;
use defib_config::spec::Watchdog;
use defib_engine::policy::{Mode, Permission};
use defib_journal::ledger::WatchdogMark;
use std::io::{self, ErrorKind};

/// A cycle of looks that takes longer is not waited for: the last rung must not be missing for hours.
const CYCLE_MAX_MS: u64 = 300_000;

/// Record, open, feed, and one to spare.
const STEPS_MAX: u32 = 4;

impl Executor {
    /// Looks what there is, and takes over what an earlier executor of this boot left armed.
    pub(crate) fn begin_watchdog(&mut self, now_ms: u64) {
        match self.keeper.ledger().watchdog_now() {
            Some(WatchdogMark::Armed | WatchdogMark::LeftArmed) => self.adopt_watchdog(now_ms),
            // The last rung goes on: to open it again would be a way out that nobody ordered.
            Some(WatchdogMark::Starved) => self.is_feeding_over = true,
            Some(WatchdogMark::Disarmed) | None if self.forbids() != Some(Forbidden::ByConfig) => {
                if let Err(why) = sight_in_words(&self.watchdog.look()) {
                    self.say_no_watchdog(&why);
                }
            }
            Some(WatchdogMark::Disarmed) | None => {}
        }
    }

    /// It counts already, so there is nothing to be careful about but to feed it by the rules.
    fn adopt_watchdog(&mut self, now_ms: u64) {
        if let Sight::Device(Device { name, is_active: false, identity: Some(_), .. }) =
            self.watchdog.look()
        {
            // Somebody has disarmed it meanwhile.
            self.mark_watchdog(WatchdogMark::Disarmed, now_ms);
            return self.say_no_watchdog(&format!("{name} was armed by us and is not any more"));
        }
        match self.watchdog.arm() {
            Ok(()) => {
                self.mark_watchdog(WatchdogMark::Armed, now_ms);
                self.take_timeout(now_ms);
            }
            Err(error) => self.refuse_watchdog(&error, now_ms),
        }
    }

    /// When it is to be looked after even without news.
    pub(crate) fn watchdog_deadline_ms(&self) -> Option<u64> {
        let is_ours = self.stopping.is_none();
        let due_ms = self.dog.deadline_ms(self.deaths.is_observing(), self.is_feeding_over);
        due_ms.filter(|_| is_ours)
    }

    /// Arms, feeds or disarms it, as is due now.
    pub(crate) fn keep_watchdog(&mut self, now_ms: u64) {
        if self.stopping.is_some() {
            return;
        }
        for _ in 0..STEPS_MAX {
            match self.dog.next(&self.watchdog_ground(now_ms)) {
                Step::Rest => break,
                Step::Record => self.record_watchdog(now_ms),
                Step::Unrecord => {
                    self.mark_watchdog(WatchdogMark::Disarmed, now_ms);
                    self.dog.refused(now_ms);
                    self.say_no_watchdog("the disk cannot remember that it would be armed");
                }
                Step::Open => self.open_watchdog(now_ms),
                Step::Feed => self.feed_watchdog(now_ms),
                Step::Disarm => self.disarm_watchdog(now_ms),
            }
        }
        if self.is_feeding_over
            && self.dog.is_armed()
            && self.keeper.ledger().watchdog_now() != Some(WatchdogMark::Starved)
        {
            self.keeper.mark_starved(now_ms);
        }
    }

    fn watchdog_ground(&self, now_ms: u64) -> Ground {
        Ground {
            now_ms,
            forbidden: self.forbids().or_else(|| self.forbids_now(now_ms)),
            cycle_ms: self.cycle_ms(),
            is_observing: self.deaths.is_observing(),
            is_feeding_over: self.is_feeding_over,
            recorded: match self.keeper.disk_state() {
                DiskState::Written => Recorded::Yes,
                DiskState::Waiting => Recorded::Waiting,
                DiskState::Failed => Recorded::Failed,
            },
        }
    }

    /// A reset is a reboot: it needs the same permission.
    fn forbids(&self) -> Option<Forbidden> {
        let policy = &self.config.policy;
        let is_allowed = self.config.watchdog == Watchdog::Auto
            && policy.reboot == Permission::Allowed
            && policy.mode == Mode::Act;
        (!is_allowed).then_some(Forbidden::ByConfig)
    }

    fn forbids_now(&self, now_ms: u64) -> Option<Forbidden> {
        if self.freezes_watchdog(now_ms) {
            return Some(Forbidden::Frozen);
        }
        let ledger = self.keeper.ledger();
        let has_room = has_reboot_room(&self.config.policy, ledger, self.keeper.moment(now_ms));
        (!has_room).then_some(Forbidden::ForNow)
    }

    /// How long every probe needs for one look.
    fn cycle_ms(&self) -> u64 {
        let probes = self.config.policy.apps.iter().flat_map(|app| app.probes.iter());
        let cycles = probes.map(|probe| probe.interval_ms.saturating_add(probe.timeout_ms));
        cycles.max().unwrap_or(0).min(CYCLE_MAX_MS)
    }

    /// Before the device is opened the disk knows of it: a reset that no ledger expects is not charged.
    fn record_watchdog(&mut self, now_ms: u64) {
        match sight_in_words(&self.watchdog.look()) {
            Ok(_) => {
                self.mark_watchdog(WatchdogMark::Armed, now_ms);
                self.dog.recording(now_ms);
            }
            Err(why) => {
                self.dog.refused(now_ms);
                self.say_no_watchdog(&why);
            }
        }
    }

    /// Armed whatever the up-time: a reboot that was paid for is about to be asked for, and may hang.
    /// Its intent is durable already, so a reset behind it costs nothing more.
    pub(crate) fn arm_behind_reboot(&mut self, now_ms: u64) {
        let is_welcome = self.forbids().is_none() && !self.deaths.is_observing();
        if !is_welcome || self.dog.is_armed() || self.is_feeding_over {
            return;
        }
        if sight_in_words(&self.watchdog.look()).is_ok() {
            self.mark_watchdog(WatchdogMark::Armed, now_ms);
            self.open_watchdog(now_ms);
        }
    }

    /// The kernel is about to be asked: an armed device waits no longer than that takes. One whose timeout is fixed
    /// keeps it.
    pub(crate) fn hasten_watchdog(&mut self, now_ms: u64) {
        if !self.dog.is_armed() || self.is_feeding_over {
            return;
        }
        if let Ok(timeout_s) = self.watchdog.set_timeout_s(KERNEL_STEPS_S) {
            self.dog.hastened(now_ms, u64::from(timeout_s) * 1_000);
        }
    }

    /// reboot(2) was called and the machine stands. Where a driver asks for it (`watchdog_stop_on_reboot`, as i6300esb
    /// does) the kernel has stopped the device first, and goes on calling it armed: feeding it starts nothing.
    pub(crate) fn rearm_watchdog(&mut self, now_ms: u64) {
        if self.dog.is_armed() && !self.is_feeding_over && self.watchdog.restart().is_ok() {
            self.dog.fed(now_ms);
        }
    }

    fn open_watchdog(&mut self, now_ms: u64) {
        match self.watchdog.arm() {
            Ok(()) => self.take_timeout(now_ms),
            Err(error) => self.refuse_watchdog(&error, now_ms),
        }
    }

    /// It is open: how long it waits is what it says, not what it was asked.
    fn take_timeout(&mut self, now_ms: u64) {
        let timeout_s = self.watchdog.set_timeout_s(TIMEOUT_S).unwrap_or(0);
        self.dog.armed(now_ms, u64::from(timeout_s) * 1_000);
        if timeout_s < TIMEOUT_MIN_S {
            self.say_no_watchdog(&format!(
                "it resets after {timeout_s} s, and {TIMEOUT_MIN_S} s are needed to replace a guardian"
            ));
            self.disarm_watchdog(now_ms);
            return;
        }
        self.no_watchdog = None;
        self.tell_service_status();
    }

    fn refuse_watchdog(&mut self, error: &io::Error, now_ms: u64) {
        self.mark_watchdog(WatchdogMark::Disarmed, now_ms);
        self.dog.refused(now_ms);
        let sight = self.watchdog.look();
        let why = match (error.kind(), &sight) {
            (ErrorKind::ResourceBusy, Sight::Device(device)) => {
                device_in_words(device).err().unwrap_or_else(|| busy(&named(device), None))
            }
            _ => format!("it cannot be opened: {error}"),
        };
        self.say_no_watchdog(&why);
    }

    fn feed_watchdog(&mut self, now_ms: u64) {
        let result = self.watchdog.feed();
        self.dog.fed(now_ms);
        if let Err(error) = result {
            self.say_no_watchdog(&format!("it cannot be fed: {error}"));
        }
    }

    fn disarm_watchdog(&mut self, now_ms: u64) {
        match self.watchdog.disarm() {
            boundary::Parting::Disarmed => {
                self.dog.refused(now_ms);
                self.mark_watchdog(WatchdogMark::Disarmed, now_ms);
            }
            boundary::Parting::StillArmed => {
                // Closed, and it counts on: only to open it again lets it be fed.
                self.dog.stuck();
                let again =
                    self.watchdog.arm().and_then(|()| self.watchdog.set_timeout_s(TIMEOUT_S));
                let how = again.map_or_else(|error| error.to_string(), |_| "it is fed on".into());
                self.say_no_watchdog(&format!("its driver knows no way out (nowayout): {how}"));
            }
        }
        self.tell_service_status();
    }

    pub(super) fn mark_watchdog(&mut self, mark: WatchdogMark, now_ms: u64) {
        if let Err(error) = self.keeper.mark_watchdog(mark, now_ms) {
            self.notify.complain(&format!("the watchdog's state is not in the ledger: {error}"));
        }
    }

    /// Said when it is new, and shown as long as it holds.
    fn say_no_watchdog(&mut self, why: &str) {
        if self.no_watchdog.as_deref() != Some(why) {
            self.notify.complain(&format!("no watchdog stands behind us: {why}"));
            self.no_watchdog = Some(why.to_owned());
        }
    }
}
