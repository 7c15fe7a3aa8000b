//! What the machine itself tells of the end of its last boot, and where people read of it at login.

use defib_journal::recorder::Summary;
use std::io;

/// What the machine tells, apart from what we have written down ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// When this boot began (`btime` of /proc/stat), by the wall clock, in milliseconds since 1970.
    pub began_wall_ms: Option<u64>,
    /// When the journal was last written to, by the same clock.
    pub last_wall_ms: Option<u64>,
    /// A panic's record that was made between the two.
    pub panic: Option<Panic>,
}

/// What a panic was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panic {
    /// Memory was gone (`vm.panic_on_oom`, or nothing was left to kill).
    OutOfMemory,
    /// Anything else.
    Other,
}

/// The witness of the last boot's end.
pub trait Boots {
    /// Asked once, by the first executor of a boot, before the first guardian writes anything.
    fn signs(&mut self) -> Signs;

    /// What the flight recorder says of the machine at the end of the boot before this one (`boot_id`), if it can be
    /// read.
    fn recorded(&mut self, boot_id: [u8; 16]) -> Option<Summary> {
        let _ = boot_id;
        None
    }

    /// Shows this text at each login until the next boot; `None`: nothing.
    fn show_at_login(&mut self, text: Option<&str>) -> io::Result<()>;
}

/// Nobody saw anything, and nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBoots;

impl Boots for NoBoots {
    fn signs(&mut self) -> Signs {
        Signs::default()
    }

    fn show_at_login(&mut self, _text: Option<&str>) -> io::Result<()> {
        Ok(())
    }
}
