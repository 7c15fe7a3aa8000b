//! What the kernel offers, and what it does when it fails itself.

use super::root::Root;
use std::io;

/// The kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kernel {
    /// Such as `6.1.0-18-amd64`.
    pub(crate) release: String,
    /// Its first two numbers.
    pub(crate) version: (u32, u32),
    /// Seconds from a panic to the reboot; 0 is never, below 0 at once.
    pub(crate) panic_s: Option<i64>,
    /// Whether an oops is a panic.
    pub(crate) panic_on_oops: Option<i64>,
    /// Whether running out of memory is a panic.
    pub(crate) panic_on_oom: Option<i64>,
    /// `kernel.sysrq`. It binds the keyboard, not root's writes to `sysrq-trigger`.
    pub(crate) sysrq: Option<i64>,
    /// Whether `/proc/sysrq-trigger` is there: some kernels are built without.
    pub(crate) has_sysrq_trigger: bool,
    /// Pressure stall information.
    pub(crate) pressure: Pressure,
}

/// Pressure stall information.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// It can be read.
    Present,
    /// Compiled in and switched off.
    Off,
    /// Not compiled in.
    #[default]
    Missing,
}

impl Kernel {
    pub(super) fn read(root: &Root) -> Kernel {
        let release = root.word("/proc/sys/kernel/osrelease").unwrap_or_default();
        Kernel {
            version: version(&release),
            release,
            panic_s: root.number("/proc/sys/kernel/panic"),
            panic_on_oops: root.number("/proc/sys/kernel/panic_on_oops"),
            panic_on_oom: root.number("/proc/sys/vm/panic_on_oom"),
            sysrq: root.number("/proc/sys/kernel/sysrq"),
            has_sysrq_trigger: root.has("/proc/sysrq-trigger"),
            pressure: pressure(&root.look("/proc/pressure/memory")),
        }
    }

    /// Whether it is at least this version.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.version >= (major, minor)
    }

    /// Whether it wakes a guardian without privilege when tasks wait for memory; `None`: it may, as stable kernels
    /// before Linux 6.5 may have taken that over.
    pub(crate) fn has_trigger(&self) -> Option<bool> {
        match self.pressure {
            Pressure::Present => self.is_at_least(6, 5).then_some(true),
            Pressure::Off | Pressure::Missing => Some(false),
        }
    }

    /// Whether it has processes as descriptors, which no number's reuse can confuse.
    pub(crate) fn has_pidfd(&self) -> bool {
        self.is_at_least(5, 3)
    }

    /// Whether a killed process' memory can be taken back at once.
    pub(crate) fn has_mrelease(&self) -> bool {
        self.is_at_least(5, 15)
    }

    /// Whether this module is there, loaded or loadable.
    pub(super) fn has_module(&self, root: &Root, folder: &str, name: &str) -> bool {
        let file = format!("/lib/modules/{}/kernel/{folder}/{name}.ko", self.release);
        root.has(&format!("/sys/module/{name}"))
            || ["", ".xz", ".zst", ".gz"].iter().any(|end| root.has(&format!("{file}{end}")))
    }
}

/// RHEL 8's kernels have the file and answer EOPNOTSUPP until they are booted with `psi=1`.
fn pressure(memory: &io::Result<String>) -> Pressure {
    match memory {
        Ok(text) if text.contains("avg10=") => Pressure::Present,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Pressure::Missing,
        Ok(_) | Err(_) => Pressure::Off,
    }
}

fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|one: char| !one.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_pressure_are_told_apart() {
        assert_eq!(version("6.1.0-18-cloud-amd64"), (6, 1));
        assert_eq!(version("5.15-rc2"), (5, 15));
        assert_eq!(version("odd"), (0, 0));
        let unsupported = Err(io::Error::from_raw_os_error(95));
        assert_eq!(pressure(&unsupported), Pressure::Off);
        assert_eq!(pressure(&Ok(String::new())), Pressure::Off);
        assert_eq!(pressure(&Ok("some avg10=0.00".into())), Pressure::Present);
        assert_eq!(pressure(&Err(io::ErrorKind::NotFound.into())), Pressure::Missing);
    }
}
