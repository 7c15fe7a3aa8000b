//! The kernel's watchdog device: looked for in sysfs, opened to be armed.

use crate::boundary::{Device, Parting, Sight, Watchdog};
use crate::sys::watchdog as request;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What is left of a machine's root in tests.
pub(crate) struct Kernel {
    root: PathBuf,
    device: Option<OwnedFd>,
    /// Which one is open.
    name: String,
}

impl Kernel {
    /// The devices under this root, which is `/`.
    pub(crate) fn under(root: impl Into<PathBuf>) -> Kernel {
        Kernel { root: root.into(), device: None, name: String::new() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn class(&self, name: &str) -> PathBuf {
        self.at("sys/class/watchdog").join(name)
    }

    /// Devices by number. Hardware before the kernel's own timer, which dies with the kernel; then one that
    /// is not armed before one that is.
    fn devices(&self) -> Vec<Device> {
        let entries = fs::read_dir(self.at("sys/class/watchdog")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("watchdog")).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        let mut devices: Vec<Device> = names.into_iter().map(|name| self.device(name)).collect();
        devices.sort_by_key(|device| (device.is_software(), device.is_active));
        devices
    }

    fn device(&self, name: String) -> Device {
        let text = |key: &str| {
            let text = fs::read_to_string(self.class(&name).join(key)).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let number = |key: &str| text(key).and_then(|text| parse_number(&text));
        Device {
            identity: text("identity"),
            timeout_s: number("timeout"),
            max_timeout_s: number("max_timeout").filter(|seconds| *seconds > 0),
            has_no_way_out: number("nowayout").is_some_and(|it| it != 0),
            is_active: text("state").as_deref() == Some("active"),
            has_reset_us: number("bootstatus").is_some_and(|it| it & request::CARD_RESET != 0),
            holder: None,
            name,
        }
    }

    /// A container's device, if there is one, is the host's.
    fn container(&self) -> Option<String> {
        let named = fs::read_to_string(self.at("run/systemd/container")).ok();
        let marks = [".dockerenv", "run/.containerenv"];
        let marked = || marks.iter().any(|mark| self.at(mark).exists());
        named.map(|name| name.trim().to_owned()).or_else(|| marked().then(|| "container".into()))
    }

    /// Which process has the device open. PID 1 first; of others only what we may see.
    fn holder(&self, name: &str) -> Option<String> {
        let entries = fs::read_dir(self.at("proc")).into_iter().flatten().flatten();
        let mut pids: Vec<u32> =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        let pid = pids.into_iter().find(|pid| self.holds(*pid, name))?;
        let comm = fs::read_to_string(self.at(&format!("proc/{pid}/comm"))).unwrap_or_default();
        Some(format!("process {pid} ({})", comm.trim()))
    }

    fn holds(&self, pid: u32, name: &str) -> bool {
        let targets = [Path::new("/dev").join(name), PathBuf::from("/dev/watchdog")];
        let fds = fs::read_dir(self.at(&format!("proc/{pid}/fd"))).into_iter().flatten().flatten();
        let mut links = fds.filter_map(|fd| fs::read_link(fd.path()).ok());
        links.any(|link| targets.contains(&link))
    }

    /// The first device has two names: as `/dev/watchdog` it is a misc device (10, 130), as `/dev/watchdog0` one of a
    /// major number that systemd cannot allow (`DeviceAllow=char-watchdog`) before the first driver has come, which
    /// may be after us.
    fn open(&self, name: &str) -> io::Result<OwnedFd> {
        let open = |name: &str| {
            let flags = OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::open(self.at("dev").join(name), flags, Mode::empty())
        };
        let opened = open(name).or_else(|error| {
            if name != "watchdog0" || error == Errno::BUSY {
                return Err(error);
            }
            open("watchdog").map_err(|_| error)
        });
        Ok(opened?)
    }

    fn held(&self) -> io::Result<&OwnedFd> {
        self.device.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Decimal, or hexadecimal with its `0x`, as sysfs has it.
fn parse_number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl Watchdog for Kernel {
    fn look(&mut self) -> Sight {
        if let Some(name) = self.container() {
            return Sight::NotOurs(format!(
                "this is a container ({name}): the device is its host's"
            ));
        }
        match self.devices().into_iter().next() {
            Some(mut device) => {
                if device.is_active && self.device.is_none() {
                    device.holder = self.holder(&device.name);
                }
                Sight::Device(device)
            }
            None if self.at("dev/watchdog").exists() => Sight::Phantom,
            None => Sight::Missing,
        }
    }

    fn arm(&mut self) -> io::Result<()> {
        let first = self.devices().into_iter().next();
        let Device { name, .. } = first.ok_or(io::ErrorKind::NotFound)?;
        self.device = Some(self.open(&name)?);
        self.name = name;
        Ok(())
    }

    fn set_timeout_s(&mut self, timeout_s: u32) -> io::Result<u32> {
        let device = self.held()?.as_fd();
        // Refused by drivers whose timeout is fixed: what is in force counts.
        let _ = request::set_timeout_s(device, timeout_s);
        request::timeout_s(device)
    }

    fn feed(&mut self) -> io::Result<()> {
        // A write is understood by every driver, WDIOC_KEEPALIVE is not. Any byte but V.
        rustix::io::write(self.held()?, b"w")?;
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        request::restart(self.held()?.as_fd())
    }

    fn disarm(&mut self) -> Parting {
        let Some(device) = self.device.take() else { return Parting::Disarmed };
        let is_written = rustix::io::write(&device, b"V").is_ok();
        let disarms_at_close =
            request::options(device.as_fd()).is_ok_and(|it| it & request::MAGIC_CLOSE == 0);
        drop(device);
        let now = self.device(self.name.clone());
        if now.is_active || now.has_no_way_out || !is_written && !disarms_at_close {
            return Parting::StillArmed;
        }
        Parting::Disarmed
    }

    fn leave(&mut self) {
        self.device = None;
    }
}

#[cfg(test)]
#[path = "watchdog_tests.rs"]
mod tests;
