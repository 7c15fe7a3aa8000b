//! What the kernel does when it panics: with `kernel.panic = 0`, as most machines have it, it stands still for ever.
//!
//! Seen in the guest: reboot(2) had stopped the hardware watchdog (its driver asks for that) and shut the disk down
//! when PID 1 needed a page of its program from there. It died, the kernel panicked ("Attempted to kill init!"), and
//! nothing stood behind it any more.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Long enough to be read on a console. The kernel's records of a panic are made before it waits.
const RESET_AFTER_S: i32 = 5;

/// The same, as it is written.
const RESET_AFTER: &[u8] = b"5";

/// The longest number and its end of line.
const TEXT_BYTES: usize = 16;

/// `/proc/sys/kernel/panic`, open. Nothing here allocates once it is.
#[derive(Debug)]
pub struct PanicTimeout {
    file: OwnedFd,
    /// What stood there before it was shortened.
    found: Option<Text>,
}

#[derive(Clone, Copy, Debug)]
struct Text {
    bytes: [u8; TEXT_BYTES],
    len: usize,
}

impl PanicTimeout {
    /// Opens it. A file of the same form in tests.
    pub fn open(path: &Path) -> io::Result<PanicTimeout> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(PanicTimeout { file: file.into(), found: None })
    }

    /// A panic resets the machine within 5 s. Where it does so already, nothing is changed: a person has chosen.
    pub fn shorten(&mut self) {
        let Some(found) = self.read().filter(Text::waits_long) else { return };
        if self.write(RESET_AFTER) {
            self.found = Some(found);
        }
    }

    /// Puts back what was found.
    pub fn restore(&mut self) {
        if let Some(found) = self.found.take() {
            self.write(&found.bytes[..found.len]);
        }
    }

    fn read(&self) -> Option<Text> {
        let mut bytes = [0; TEXT_BYTES];
        let len = rustix::io::pread(&self.file, &mut bytes, 0).ok()?;
        Some(Text { bytes, len })
    }

    /// At the beginning: elsewhere the kernel takes no number (`kernel.sysctl_writes_strict`).
    fn write(&self, text: &[u8]) -> bool {
        rustix::io::pwrite(&self.file, text, 0).is_ok()
    }
}

impl Text {
    /// 0 is for ever, and less than 0 at once.
    fn waits_long(&self) -> bool {
        let text = std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default();
        text.trim().parse().is_ok_and(|seconds: i32| seconds == 0 || seconds > RESET_AFTER_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands there after each of the two.
    fn course(name: &str, found: &str) -> [String; 2] {
        let path = std::env::temp_dir().join(format!("defib-panic-{name}-{}", std::process::id()));
        std::fs::write(&path, found).expect("ours");
        let now = || std::fs::read_to_string(&path).expect("there");
        let mut panic = PanicTimeout::open(&path).expect("there");
        panic.shorten();
        let shortened = now();
        panic.shorten();
        panic.restore();
        let restored = now();
        std::fs::remove_file(&path).expect("ours");
        [shortened, restored]
    }

    #[test]
    fn a_machine_that_would_stand_is_reset_and_has_its_setting_back_afterwards() {
        assert_eq!(course("never", "0\n"), ["5\n", "0\n"]);
        assert_eq!(course("long", "8\n"), ["5\n", "8\n"]);
    }

    #[test]
    fn what_is_quick_enough_stays() {
        for (name, found) in [("quick", "5\n"), ("once", "-1\n"), ("strange", "what\n")] {
            assert_eq!(course(name, found), [found, found]);
        }
    }
}
