//! sd_notify for the daemon itself: one datagram a message to `$NOTIFY_SOCKET`.
//! Nothing is ever waited for: a manager that does not read loses the message, not us.

use crate::notify::Notify;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, sendto, socket_with,
};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

/// The longest STATUS= text: one line of a terminal or two.
const STATUS_MAX: usize = 400;

/// Speaks to the manager that started us, if it listens.
#[derive(Debug)]
pub struct Notifier {
    to: Option<(OwnedFd, SocketAddrUnix)>,
    watchdog_every_ms: Option<u64>,
}

impl Notifier {
    /// From the environment that the manager gave us (sd_notify(3), sd_watchdog_enabled(3)).
    pub fn from_environment() -> Notifier {
        let usec = std::env::var("WATCHDOG_USEC").ok();
        let pid = std::env::var("WATCHDOG_PID").ok();
        let is_for_us = pid.is_none_or(|pid| pid == std::process::id().to_string());
        let usec = usec.filter(|_| is_for_us).and_then(|usec| usec.parse().ok());
        Notifier::new(std::env::var_os("NOTIFY_SOCKET").as_deref(), usec)
    }

    /// To this socket (a path, or `@` and an abstract name), petting every half of `watchdog_usec`.
    /// Without a socket, or with one of another kind, everything is a no-op.
    pub fn new(socket: Option<&OsStr>, watchdog_usec: Option<u64>) -> Notifier {
        let address = socket.and_then(|name| match name.as_bytes() {
            [b'@', name @ ..] => SocketAddrUnix::new_abstract_name(name).ok(),
            [b'/', ..] => SocketAddrUnix::new(name).ok(),
            _ => None,
        });
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let to = address.and_then(|address| {
            let fd = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None).ok()?;
            Some((fd, address))
        });
        // Half the timeout is what sd_watchdog_enabled(3) recommends.
        let every_ms = watchdog_usec.filter(|&usec| usec > 0).map(|usec| (usec / 2000).max(1));
        Notifier { watchdog_every_ms: every_ms.filter(|_| to.is_some()), to }
    }

    fn say(&mut self, text: &str) {
        if let Some((fd, address)) = &self.to {
            // A lost message is no reason to do anything else than go on.
            let _ = sendto(fd, text.as_bytes(), SendFlags::NOSIGNAL, address);
        }
    }
}

impl Notify for Notifier {
    fn ready(&mut self) {
        self.say("READY=1");
    }

    fn reloading(&mut self) {
        // Type=notify-reload compares this time with its own, so it must be CLOCK_MONOTONIC.
        let now = clock_gettime(ClockId::Monotonic);
        let usec = now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={usec}"));
    }

    fn status(&mut self, text: &str) {
        // A line break would begin another assignment.
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let end = line.floor_char_boundary(STATUS_MAX);
        self.say(&format!("STATUS={}", &line[..end]));
    }

    fn stopping(&mut self) {
        self.say("STOPPING=1");
    }

    fn extend_stop(&mut self, by_ms: u64) {
        self.say(&format!("EXTEND_TIMEOUT_USEC={}", by_ms * 1000));
    }

    fn watchdog(&mut self) {
        self.say("WATCHDOG=1");
    }

    fn watchdog_every_ms(&self) -> Option<u64> {
        self.watchdog_every_ms
    }
}
