//! The hardware watchdog: the last rung, and what stands behind us if we freeze ourselves.
//!
//! `dog` decides when it is armed, fed and disarmed; `carry` does that; `deaths` says when our own guardian is
//! the fault, so that the machine is not reset for it.

mod carry;
mod deaths;
mod dog;
mod ground;
mod observe;
mod part;

pub(crate) use deaths::Deaths;
pub(crate) use dog::Dog;

use crate::boundary::{Device, Sight, Watchdog};
use crate::host;
use defib_journal::ledger::BootEnd;
use dog::TIMEOUT_MIN_S;

/// The machine's own.
pub fn hardware_watchdog() -> Box<dyn Watchdog> {
    Box::new(host::watchdog::Kernel::under("/"))
}

/// Whether the device could be armed, and as what, for people. Needs no open device. `Err`: why not.
pub fn sight_in_words(sight: &Sight) -> Result<String, String> {
    match sight {
        Sight::Missing => Err("there is no watchdog device on this machine".into()),
        Sight::Phantom => {
            Err("/dev/watchdog is there, but no driver is behind it (/sys/class/watchdog is empty)"
                .into())
        }
        Sight::NotOurs(why) => Err(why.clone()),
        Sight::Device(device) => device_in_words(device),
    }
}

fn device_in_words(device: &Device) -> Result<String, String> {
    let name = named(device);
    if let Some(holder) = &device.holder {
        return Err(busy(&name, Some(holder)));
    }
    if let Some(max_s) = device.max_timeout_s.filter(|max_s| *max_s < TIMEOUT_MIN_S) {
        return Err(format!(
            "{name} resets after {max_s} s at the latest; {TIMEOUT_MIN_S} s are needed"
        ));
    }
    let way =
        if device.has_no_way_out { ", which cannot be disarmed once it is armed" } else { "" };
    Ok(format!("{name}{way}"))
}

/// `watchdog0 (i6300ESB timer)`.
fn named(device: &Device) -> String {
    let Device { name, identity, .. } = device;
    let what = identity.as_deref().unwrap_or("unnamed driver");
    let soft = if device.is_software() { ", softdog: it dies with the kernel" } else { "" };
    format!("{name} ({what}{soft})")
}

fn busy(name: &str, holder: Option<&str>) -> String {
    let who = holder.unwrap_or("another process");
    let what = if who.starts_with("process 1 ") {
        "PID 1 feeds it (RuntimeWatchdogSec=), which proves that PID 1 lives; WatchdogSec= in our unit lets it \
         watch us"
    } else {
        "either leave it there, or stop that and let defib have it; RuntimeWatchdogSec= gives it to PID 1"
    };
    format!("{name} is held by {who}: {what}")
}

/// What the end of the last boot is said to be, if it is worth a word.
pub(crate) const fn boot_end_in_words(end: BootEnd) -> Option<&'static str> {
    match end {
        BootEnd::NotArmed | BootEnd::OurReboot => None,
        BootEnd::Watchdog => {
            Some("the last boot was ended by the hardware watchdog; that counts as a reboot")
        }
        BootEnd::Reset => Some(
            "the last boot ended without a word while the watchdog was armed (a reset by it, a panic, or the \
             power); that counts as a reboot",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        let identity = Some("i6300ESB timer".to_owned());
        Device { name: "watchdog0".into(), identity, ..Device::default() }
    }

    fn words(sight: &Sight) -> Result<String, String> {
        sight_in_words(sight)
    }

    #[test]
    fn each_obstacle_is_said_in_words() {
        assert!(words(&Sight::Missing).unwrap_err().contains("no watchdog"));
        assert!(words(&Sight::Phantom).unwrap_err().contains("no driver"));
        assert_eq!(words(&Sight::Device(device())).unwrap(), "watchdog0 (i6300ESB timer)");
        let held = |who: &str| Device { holder: Some(who.into()), ..device() };
        let by_init = words(&Sight::Device(held("process 1 (systemd)"))).unwrap_err();
        assert!(by_init.contains("WatchdogSec= in our unit"), "{by_init}");
        let by_other = words(&Sight::Device(held("process 812 (watchdog)"))).unwrap_err();
        assert!(by_other.contains("812 (watchdog)") && by_other.contains("RuntimeWatchdogSec="));
        let short = Device { max_timeout_s: Some(15), ..device() };
        assert!(words(&Sight::Device(short)).unwrap_err().contains("15 s"));
        let stuck = Device { has_no_way_out: true, ..device() };
        assert!(words(&Sight::Device(stuck)).unwrap().contains("cannot be disarmed"));
        let soft = Device { identity: Some("Software Watchdog".into()), ..device() };
        assert!(words(&Sight::Device(soft)).unwrap().contains("softdog"));
    }
}
