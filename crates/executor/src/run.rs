//! The loop: one thread, one epoll, deadlines; nothing wakes it without a reason.

use crate::boundary::Token;
use crate::error::Error;
use crate::executor::Executor;
use crate::host::{self, Waits};
use crate::{Ended, Setup, sys};
use std::rc::Rc;

/// The longest sleep. Every deadline is known, so this is only against a mistake.
const SLEEP_MAX_MS: u64 = 60_000;

/// Runs the executor on the real machine until it is told to end.
pub fn run(setup: Setup) -> Result<Ended, Error> {
    sys::heap::use_one();
    // Before the first thread, which would keep what we have now.
    host::keep_needed();
    let waits = Rc::new(Waits::new()?);
    let keep_program = setup.keep_program;
    let (assignment, outside) = host::open(setup, &waits)?;
    let mut executor = Executor::new(assignment, outside)?;
    crate::rehearse::rehearse(keep_program);
    sys::heap::trim();
    host::harden();
    if let Some(fd) = executor.keeper.disk_fd() {
        waits.wait_for(fd, Token::Disk, false);
    }
    executor.begin();
    let mut tokens = Vec::new();
    loop {
        let now_ms = executor.now_ms();
        let timeout_ms = executor.due_ms().saturating_sub(now_ms).min(SLEEP_MAX_MS);
        wait_for_peers(&executor, &waits);
        waits.sleep(timeout_ms, &mut tokens);
        if executor.turn(&tokens, now_ms + timeout_ms) {
            return Ok(Ended::Stopped);
        }
    }
}

/// The descriptors that come and go, and want to write at times.
fn wait_for_peers(executor: &Executor, waits: &Waits) {
    if let Some((fd, writing)) = executor.guardian.fd() {
        waits.wait_for(fd, Token::Guardian, writing);
    }
    if let Some((fd, writing)) = executor.manager.fd() {
        waits.wait_for(fd, Token::Manager, writing);
    }
}
