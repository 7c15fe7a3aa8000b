//! The clean-up: a short-lived thread, because a sick disk may hold up whoever asks it, and the loop of the
//! executor waits for nobody. It starts no process.

mod folder;
mod rule;

use crate::boundary::{Cleaned, Cleaner};
use defib_config::spec::CleanRule;
use folder::Room;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// Its work is system calls on names of at most 255 bytes; what it sorts lies on the heap.
const STACK_BYTES: usize = 64 << 10;

/// Our end of the thread, if one runs.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    done: Receiver<Cleaned>,
    is_over: Arc<AtomicBool>,
}

impl Cleaner for Sweeper {
    fn begin(&mut self, rules: &[CleanRule]) -> io::Result<()> {
        if self.running.is_some() && self.done().is_none() {
            // The one before is held up by a disk.
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
        }
        let (tell, done) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let (rules, flag) = (rules.to_vec(), Arc::clone(&is_over));
        std::thread::Builder::new().name("clean".into()).stack_size(STACK_BYTES).spawn(
            move || {
                let is_stopped = || flag.load(Ordering::Relaxed);
                let _ = tell.send(rule::clean(&rules, &Room::of, &is_stopped));
            },
        )?;
        self.running = Some(Running { done, is_over });
        Ok(())
    }

    fn done(&mut self) -> Option<Cleaned> {
        match self.running.as_ref()?.done.try_recv() {
            Err(TryRecvError::Empty) => None,
            Ok(cleaned) => {
                self.running = None;
                Some(cleaned)
            }
            Err(TryRecvError::Disconnected) => {
                self.running = None;
                let fault = Some("the clean-up broke off".to_owned());
                Some(Cleaned { fault, is_full: true, ..Cleaned::default() })
            }
        }
    }

    fn stop(&mut self) {
        if let Some(running) = &self.running {
            running.is_over.store(true, Ordering::Relaxed);
        }
    }
}
