//! The hardware watchdog: a device that resets the machine when it is not fed in time.
//!
//! Opening it arms it, so nothing is opened just to look: what a driver says of itself is in sysfs.

use std::io;

/// What can be known without opening anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// There is no device.
    Missing,
    /// A node is there, and no driver behind it.
    Phantom,
    /// It would not be ours to arm; why, for people.
    NotOurs(String),
    /// A device with a driver.
    Device(Device),
}

/// A device, as sysfs describes it. Kernels without CONFIG_WATCHDOG_SYSFS leave all but the name out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// `watchdog0`.
    pub name: String,
    /// What the driver calls itself.
    pub identity: Option<String>,
    /// After how many seconds unfed it resets the machine.
    pub timeout_s: Option<u32>,
    /// The longest timeout that can be set, in seconds; the kernel knows no bound if it is missing.
    pub max_timeout_s: Option<u32>,
    /// Once armed it cannot be disarmed.
    pub has_no_way_out: bool,
    /// It is armed now, by whomever.
    pub is_active: bool,
    /// It says that it has reset the machine (`WDIOF_CARDRESET`). Not to be said proves nothing.
    pub has_reset_us: bool,
    /// Who holds it open, if that can be seen; for people.
    pub holder: Option<String>,
}

impl Device {
    /// A timer of the kernel's own, which dies with the kernel.
    pub fn is_software(&self) -> bool {
        self.identity.as_deref() == Some("Software Watchdog")
    }
}

/// What became of a device that was to be disarmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It is disarmed.
    Disarmed,
    /// It is closed and counts on: its driver knows no way out.
    StillArmed,
}

/// The device. After [`Watchdog::arm`] it is held open until it is disarmed or left.
pub trait Watchdog {
    /// Looks for the device that would be armed, and opens nothing.
    fn look(&mut self) -> Sight;

    /// Opens the device, which arms it. `ResourceBusy`: somebody else holds it.
    fn arm(&mut self) -> io::Result<()>;

    /// Asks for a timeout; the one that the driver has really set, read back, in seconds.
    fn set_timeout_s(&mut self, timeout_s: u32) -> io::Result<u32>;

    /// Feeds it: it begins to count anew. Allocates nothing.
    fn feed(&mut self) -> io::Result<()>;

    /// Stops it and starts it, whichever of the two it was. Allocates nothing. An error: it cannot be stopped, and is
    /// as it was.
    fn restart(&mut self) -> io::Result<()>;

    /// Disarms and closes it.
    fn disarm(&mut self) -> Parting;

    /// Closes it armed. The kernel feeds it once more by that.
    fn leave(&mut self);
}

/// There is none for us, and why.
#[derive(Clone, Copy, Debug)]
pub struct NoWatchdog(
    /// For people.
    pub &'static str,
);

impl Watchdog for NoWatchdog {
    fn look(&mut self) -> Sight {
        Sight::NotOurs(self.0.to_owned())
    }

    fn arm(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn set_timeout_s(&mut self, _timeout_s: u32) -> io::Result<u32> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn feed(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn restart(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn disarm(&mut self) -> Parting {
        Parting::Disarmed
    }

    fn leave(&mut self) {}
}
