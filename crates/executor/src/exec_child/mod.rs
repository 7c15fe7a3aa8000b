//! The hidden role `exec-child`: what a child must do to itself before it becomes its program.
//!
//! Session, user, scheduling and limits could be set between fork and exec by the parent, but that
//! makes `std::process::Command` really fork, and fork fails when memory is short. So the parent
//! spawns this role (posix_spawn, no copy of its memory), and the role sets them on itself.
//!
//! Standard input is the *gate*, when `--gate` is given: one end of a socketpair. The program starts only
//! after one byte has come through it, that is, after the ledger holds our pid. If the gate
//! closes first the executor is dead and nothing is started. A failure is written back into the gate;
//! a successful exec closes it.

mod gate;
mod options;
mod powerless;
pub(crate) mod users;

use crate::process::cgroup;
use crate::sys::{credentials, signals};
use options::Options;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

pub(crate) use gate::GateSocket;

/// What a shell reports for a program that cannot be started.
const EXIT_NOT_STARTABLE: i32 = 127;

/// Becomes the program that `args` (without the role's own name) describe. Ends the process if it
/// cannot.
#[expect(
    clippy::disallowed_methods,
    reason = "a process that was to become another has nothing of its own to clean up"
)]
pub fn exec_child(args: impl IntoIterator<Item = OsString>) -> ! {
    let problem = match options::parse(args) {
        Ok(options) => become_program(&options),
        Err(problem) => problem,
    };
    // Standard error is the app's output file: the reason stays where people look for it.
    eprintln!("defib exec-child: {problem}");
    std::process::exit(EXIT_NOT_STARTABLE);
}

/// Returns only why it failed.
fn become_program(options: &Options) -> String {
    let gate = match prepare_input(options) {
        Ok(gate) => gate,
        Err(problem) => return problem,
    };
    let problem = match set_up(options) {
        Ok(()) => exec(options),
        Err(problem) => problem,
    };
    if let Some(gate) = gate {
        gate.report(&problem);
    }
    problem
}

/// Waits at the gate, or makes standard input the socket that the program expects as descriptor 3.
fn prepare_input(options: &Options) -> Result<Option<gate::Inner>, String> {
    if options.socket_as_3 {
        gate::input_to_3().map_err(|e| format!("cannot hand over the socket: {e}"))?;
        return Ok(None);
    }
    if !options.gate {
        return Ok(None);
    }
    let gate = gate::Inner::take().map_err(|e| format!("cannot take the gate: {e}"))?;
    // The gate's own wait is short: a ledger write. A dead executor closes it.
    if gate.wait() {
        Ok(Some(gate))
    } else {
        Err("defib ended before the start was recorded".into())
    }
}

fn set_up(options: &Options) -> Result<(), String> {
    if !options.keep_session {
        rustix::process::setsid().map_err(|e| format!("setsid: {e}"))?;
    }
    if let Some(app) = &options.own_group {
        cgroup::enter_own(app);
    }
    // Raising the score needs no privilege, and 0 is what an app has that nobody treats specially.
    let _ = std::fs::write("/proc/self/oom_score_adj", options.oom_score_adj.to_string());
    if !options.keep_scheduling {
        credentials::reset_scheduling();
    }
    credentials::reset_limits();
    if options.may_lock_memory {
        let all = rustix::process::Rlimit { current: None, maximum: None };
        // Only root may raise it. It must be unlimited or nothing is locked at all: an allocation
        // beyond a limit would fail.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Memlock, all);
    }
    if rustix::process::geteuid().is_root() {
        // The service's own is narrow, since its ledger and outputs are nobody's business. Apps get the usual
        // one, and the guardian's journal can be read by its group.
        let hidden = if options.powerless.is_some() { 0o027 } else { 0o022 };
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(hidden));
    }
    if let Some(user) = &options.user {
        let user = users::find(user)?;
        credentials::become_user(user.uid, user.gid, &user.groups)
            .map_err(|e| format!("cannot become user {}: {e}", user.name))?;
    }
    if let Some(ids) = &options.powerless {
        powerless::become_powerless(ids)?;
    }
    if let Some(directory) = &options.directory {
        std::env::set_current_dir(directory)
            .map_err(|e| format!("cannot enter {}: {e}", directory.display()))?;
    }
    signals::reset_for_child();
    Ok(())
}

fn exec(options: &Options) -> String {
    let mut command = Command::new(&options.argv[0]);
    command.args(&options.argv[1..]);
    if let Some(user) = options.user.as_ref().and_then(|user| users::find(user).ok()) {
        command.env("HOME", user.home).env("USER", &user.name).env("LOGNAME", &user.name);
    }
    let error: io::Error = command.exec();
    format!("cannot start {}: {error}", options.argv[0].display())
}
