//! The real service manager, systemd, and the notifications to whoever started defib.
//!
//! [`systemd::Systemd`] speaks D-Bus through [`bus`], a small client with fixed, bounded buffers: over
//! the system bus, else over PID 1's private socket, else by running `systemctl`.
//! [`notify::Notifier`] is the sd_notify protocol.

pub mod bus;
pub mod notify;
pub mod systemctl;
pub mod systemd;
