//! The watchdog device's requests (include/uapi/linux/watchdog.h).
#![expect(
    unsafe_code,
    reason = "ioctl has no safe form: a request's argument is known to its driver alone"
)]

use rustix::ioctl::{Getter, Opcode, Setter, Updater, ioctl, opcode};
use std::ffi::c_int;
use std::io;
use std::os::fd::BorrowedFd;

const GROUP: u8 = b'W';
const SET_TIMEOUT: Opcode = opcode::read_write::<c_int>(GROUP, 6);
const GET_TIMEOUT: Opcode = opcode::read::<c_int>(GROUP, 7);
const GET_SUPPORT: Opcode = opcode::read::<Support>(GROUP, 0);
/// The header calls it a read; the kernel reads the int.
const SET_OPTIONS: Opcode = opcode::read::<c_int>(GROUP, 4);

/// `WDIOS_DISABLECARD`.
const DISABLE: c_int = 0x0001;

/// `WDIOS_ENABLECARD`.
const ENABLE: c_int = 0x0002;

/// `WDIOF_CARDRESET`: the last reset was the watchdog's. sysfs has the status as `bootstatus`, so that
/// WDIOC_GETBOOTSTATUS, which needs an open device, is not asked.
pub(crate) const CARD_RESET: u32 = 0x0020;

/// `WDIOF_MAGICCLOSE`: without it each close disarms.
pub(crate) const MAGIC_CLOSE: u32 = 0x0100;

/// `struct watchdog_info`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Support {
    options: u32,
    firmware_version: u32,
    identity: [u8; 32],
}

/// What the driver can do (`WDIOF_*`).
pub(crate) fn options(device: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: the kernel fills in a `struct watchdog_info`, which `Support` is; any bytes are one.
    let support: Support = unsafe { ioctl(device, Getter::<GET_SUPPORT, Support>::new())? };
    Ok(support.options)
}

/// The timeout in force, in seconds.
pub(crate) fn timeout_s(device: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: the kernel writes one int.
    let seconds: c_int = unsafe { ioctl(device, Getter::<GET_TIMEOUT, c_int>::new())? };
    u32::try_from(seconds).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Asks for a timeout. What the driver makes of it is to be read back.
pub(crate) fn set_timeout_s(device: BorrowedFd<'_>, timeout_s: u32) -> io::Result<()> {
    let mut seconds = c_int::try_from(timeout_s).unwrap_or(c_int::MAX);
    // SAFETY: the kernel reads one int and writes one, and `seconds` outlives the call.
    unsafe { ioctl(device, Updater::<SET_TIMEOUT, c_int>::new(&mut seconds))? };
    Ok(())
}

/// Stops the device and starts it: one that the kernel calls armed is started by nothing else. With nowayout the first
/// is refused, and nothing was done.
pub(crate) fn restart(device: BorrowedFd<'_>) -> io::Result<()> {
    for option in [DISABLE, ENABLE] {
        // SAFETY: the kernel reads one int.
        unsafe { ioctl(device, Setter::<SET_OPTIONS, c_int>::new(option))? };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the header's macros give them on x86 and ARM.
    #[test]
    fn the_requests_have_the_numbers_of_the_header() {
        assert_eq!(GET_SUPPORT, 0x8028_5700);
        assert_eq!(SET_TIMEOUT, 0xc004_5706);
        assert_eq!(GET_TIMEOUT, 0x8004_5707);
        assert_eq!(SET_OPTIONS, 0x8004_5704);
    }

    #[test]
    fn what_is_no_watchdog_refuses() {
        let file = std::fs::File::open("/dev/null").expect("there");
        let fd = std::os::fd::AsFd::as_fd(&file);
        assert!(options(fd).is_err());
        assert!(timeout_s(fd).is_err() && set_timeout_s(fd, 60).is_err() && restart(fd).is_err());
    }
}
