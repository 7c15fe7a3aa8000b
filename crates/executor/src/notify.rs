//! What the executor tells whoever started it (sd_notify under systemd).

/// The supervisor of defib itself.
pub trait Notify {
    /// The config is in force and the guardian has said hello.
    fn ready(&mut self);
    /// A reload has begun; [`Notify::ready`] ends it.
    fn reloading(&mut self);
    /// One line for `systemctl status`.
    fn status(&mut self, text: &str);
    /// We are ending.
    fn stopping(&mut self);
    /// Ending takes this much longer, in milliseconds.
    fn extend_stop(&mut self, _by_ms: u64) {}
    /// Still alive. Sent when [`Notify::watchdog_every_ms`] has passed.
    fn watchdog(&mut self);
    /// How often `watchdog` is wanted; `None`: never.
    fn watchdog_every_ms(&self) -> Option<u64>;
    /// Something that a person should read. Rare, and never in place of an act's result.
    fn complain(&mut self, what: &str) {
        eprintln!("defib: {what}");
    }
}

/// Nobody is listening.
#[derive(Debug, Default)]
pub struct NoNotify;

impl Notify for NoNotify {
    fn ready(&mut self) {}
    fn reloading(&mut self) {}
    fn status(&mut self, _text: &str) {}
    fn stopping(&mut self) {}
    fn watchdog(&mut self) {}
    fn watchdog_every_ms(&self) -> Option<u64> {
        None
    }
}
