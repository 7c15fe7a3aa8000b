//! What the kernel does when it panics or locks up: as most machines have it, it stands still for ever.
//!
//! The hardware watchdog is no help against that in the end of a reboot: where its driver asks for it
//! (`watchdog_stop_on_reboot`) the kernel has stopped it then, and we may be dead. Both seen in the guest: PID 1 died of a
//! page that it needed from a disk that was shut down already ("Attempted to kill init!"), and the machine stood; a disk
//! that answered nothing in the shutdown of the devices, and the machine stood until that gave up, 190 s later.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Under /proc/sys/kernel, from the first step of a reboot of ours on. Of these and the next it holds that 0 is never, or no
/// limit, and that less is sooner (`Documentation/admin-guide/sysctl/kernel.rst`).
const AT_PANIC: [(&str, i64); 2] = [
    // Seconds from a panic to the reset: enough to be read on a console. Its records are made before.
    ("panic", 5),
    // A CPU that the kernel does not give back for 20 s (twice watchdog_thresh) is a panic.
    ("softlockup_panic", 1),
];

/// The same once we are gone, and PID 1 is to call reboot(2): who has slept in the kernel for as long as a hardware watchdog
/// would wait is a panic, seen at most 20 s later. Not while others are to be stopped in order, and not where somebody
/// sleeps there already: such a one may be why we reboot, and would be a panic at once, before the disks are synced.
const AT_HANG: [(&str, i64); 3] =
    [("hung_task_timeout_secs", 60), ("hung_task_check_interval_secs", 10), ("hung_task_panic", 1)];

/// The longest number and its end of line.
const TEXT_BYTES: usize = 24;

/// The settings, open. Nothing here allocates once they are.
#[derive(Debug, Default)]
pub struct Lockups {
    at_panic: Vec<Setting>,
    at_hang: Vec<Setting>,
}

#[derive(Debug)]
struct Setting {
    file: OwnedFd,
    wanted: i64,
    /// The same, as it is written.
    text: String,
    /// What stood there before it was changed.
    found: Option<Text>,
}

#[derive(Clone, Copy, Debug)]
struct Text {
    bytes: [u8; TEXT_BYTES],
    len: usize,
}

impl Lockups {
    /// Opens those that this kernel has, under `/proc/sys/kernel`. A folder of such files in tests.
    pub fn open(folder: &Path) -> Lockups {
        let open = |&(name, wanted): &(&str, i64)| Setting::open(&folder.join(name), wanted).ok();
        Lockups {
            at_panic: AT_PANIC.iter().filter_map(open).collect(),
            at_hang: AT_HANG.iter().filter_map(open).collect(),
        }
    }

    /// From now on a panic is the machine's reset. What does that already, and as soon, is left alone: a person has
    /// chosen.
    pub fn reset_on_panic(&mut self) {
        self.at_panic.iter_mut().for_each(Setting::change);
    }

    /// The same of a kernel that does not come back to a process. After [`Lockups::reset_on_panic`].
    pub fn reset_on_hang(&mut self) {
        self.at_hang.iter_mut().for_each(Setting::change);
    }

    /// Puts back what was found, how a panic ends last.
    pub fn leave_as_found(&mut self) {
        self.at_hang.iter_mut().chain(&mut self.at_panic).rev().for_each(Setting::restore);
    }
}

impl Setting {
    fn open(path: &Path, wanted: i64) -> io::Result<Setting> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Setting { file: file.into(), wanted, text: wanted.to_string(), found: None })
    }

    fn change(&mut self) {
        let found = self.read().filter(|found| found.is_more_than(self.wanted));
        if found.is_some() && self.write(self.text.as_bytes()) {
            self.found = found;
        }
    }

    fn restore(&mut self) {
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
    /// 0 is never. Less than 0 is at once, where it may be that.
    fn is_more_than(&self, wanted: i64) -> bool {
        let text = std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default();
        text.trim().parse().is_ok_and(|found: i64| found == 0 || found > wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What stands in each of the files after both, beginning with these. `-`: there is no such file.
    fn course(name: &str, found: [&str; 5]) -> [[String; 5]; 2] {
        let folder = std::env::temp_dir().join(format!("defib-lock-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("ours");
        let names: Vec<&str> = AT_PANIC.iter().chain(&AT_HANG).map(|(name, _)| *name).collect();
        let path = |at: usize| folder.join(names[at]);
        for (at, text) in found.iter().enumerate().filter(|(_, text)| **text != "-") {
            fs::write(path(at), text).expect("ours");
        }
        let now = || [0, 1, 2, 3, 4].map(|at| fs::read_to_string(path(at)).unwrap_or("-".into()));
        let mut lockups = Lockups::open(&folder);
        lockups.reset_on_panic();
        assert_eq!(now()[2..], found[2..], "not before the end");
        lockups.reset_on_hang();
        let changed = now();
        lockups.reset_on_panic();
        lockups.reset_on_hang();
        lockups.leave_as_found();
        let restored = now();
        fs::remove_dir_all(&folder).expect("ours");
        [changed, restored]
    }

    /// The numbers are as long as those that replace them: a file keeps what a new number does not reach.
    #[test]
    fn a_machine_that_would_stand_is_reset_and_has_its_settings_back_afterwards() {
        let found = ["0\n", "0\n", "99\n", "20\n", "0\n"];
        assert_eq!(course("never", found), [["5\n", "1\n", "60\n", "10\n", "1\n"], found]);
        let found = ["9\n", "0\n", "00\n", "00\n", "0\n"];
        assert_eq!(course("long", found), [["5\n", "1\n", "60\n", "10\n", "1\n"], found]);
    }

    #[test]
    fn what_is_quick_enough_stays_and_what_is_not_there_is_not_missed() {
        let found = ["5\n", "1\n", "45\n", "9\n", "1\n"];
        assert_eq!(course("quick", found), [found, found]);
        let found = ["-1\n", "-", "what\n", "-", "-"];
        assert_eq!(course("strange", found), [found, found]);
    }
}
