//! A look that may wait for ever, made by a thread, so that only the thread does.
//!
//! `/proc/PID/cmdline` and `environ` are read out of the process's own memory, under a lock that a process stuck in
//! the kernel may hold for hours. The executor feeds the watchdog: it must not stand still with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use std::time::Duration;

/// Room for a path or two, and for what a look keeps on its stack.
const STACK_BYTES: usize = 256 * 1024;

/// Who looks, one look at a time: a thread that is stuck is not joined by others.
#[derive(Debug, Default)]
pub(super) struct Aside(Arc<AtomicBool>);

impl Aside {
    /// What the look found. `None`: not within `limit`, an earlier one still waits, or there is no thread to
    /// be had.
    pub(super) fn look<T: Send + 'static>(
        &self,
        limit: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.0.swap(true, Ordering::AcqRel) {
            return None;
        }
        let (say, hear) = sync_channel(1);
        let is_busy = Arc::clone(&self.0);
        let thread = Builder::new().name("aside".into()).stack_size(STACK_BYTES).spawn(move || {
            let found = look();
            is_busy.store(false, Ordering::Release);
            // Nobody may be waiting any more.
            let _ = say.send(found);
        });
        if thread.is_err() {
            self.0.store(false, Ordering::Release);
        }
        hear.recv_timeout(limit).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_is_stuck_holds_up_nobody() {
        let aside = Aside::default();
        assert_eq!(aside.look(Duration::from_secs(5), || 7), Some(7));
        let (free, stuck) = sync_channel::<()>(0);
        let waits = move || stuck.recv().is_ok();
        assert_eq!(aside.look(Duration::from_millis(20), waits), None);
        assert_eq!(aside.look(Duration::from_secs(5), || 7), None, "one at a time");
        free.send(()).expect("it waits");
        while aside.look(Duration::from_secs(5), || 7).is_none() {
            std::thread::yield_now();
        }
    }
}
