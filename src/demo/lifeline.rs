//! Nothing of the demo outlives it, however it ends.

use rustix::process::{Signal, set_parent_process_death_signal};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Waits for so long, or until the demo's process is gone. Returns whether the demo still runs.
///
/// Applications are children of the agent, so no signal of the kernel tells them that the demo
/// ended; a look at /proc once a second does, and bounds what a killed demo leaves behind.
pub(crate) fn wait(demo_pid: u32, span: Duration) -> bool {
    let until = Instant::now().checked_add(span);
    loop {
        let left = until.map_or(SECOND, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return true;
        }
        if !Path::new(&format!("/proc/{demo_pid}")).exists() {
            return false;
        }
        std::thread::park_timeout(left.min(SECOND));
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// Turns this process into the agent, which gets SIGTERM when the demo dies.
pub(crate) fn become_agent(arguments: &[String]) -> ExitCode {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        eprintln!("defib demo: the agent could not be tied to the demo: {error}");
        return ExitCode::FAILURE;
    }
    let error = match std::env::current_exe() {
        Ok(own) => Command::new(own).args(arguments).exec(),
        Err(error) => error,
    };
    eprintln!("defib demo: the agent could not be started: {error}");
    ExitCode::FAILURE
}
