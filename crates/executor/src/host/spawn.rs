//! Every child starts here, through the role `exec-child`.
//!
//! `std::process::Command` uses posix_spawn as long as nothing is asked of it that needs code between
//! fork and exec (`pre_exec`, `uid`, `gid`, `groups`): so nothing of that is asked. The child shares our
//! memory until it execs, and starting works when a copy of us would not fit any more.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

/// How to start children.
#[derive(Debug)]
pub(super) struct Spawner {
    exec_child: Vec<OsString>,
}

/// One child to start.
#[derive(Debug)]
pub(super) struct Start<'a, T> {
    /// Program and arguments.
    pub(super) argv: &'a [T],
    /// Options of `exec-child`.
    pub(super) options: Vec<OsString>,
    /// The user to become.
    pub(super) user: Option<&'a str>,
    /// The working directory.
    pub(super) directory: Option<&'a Path>,
    /// Extra environment.
    pub(super) environment: &'a [(&'a str, OsString)],
    /// Standard input: a gate, a socket or a file.
    pub(super) input: OwnedFd,
    /// Standard output and error; `None`: ours.
    pub(super) output: Option<File>,
}

impl Spawner {
    /// `exec_child`: the command of the role.
    pub(super) fn new(exec_child: Vec<OsString>) -> Spawner {
        Spawner { exec_child }
    }

    /// Starts it and returns its number; it is reaped by the loop.
    pub(super) fn spawn<T: AsRef<std::ffi::OsStr>>(&self, start: Start<'_, T>) -> io::Result<u32> {
        let Some((program, arguments)) = self.exec_child.split_first() else {
            return Err(io::Error::other("no exec-child command was given"));
        };
        let mut command = Command::new(program);
        command.args(arguments).args(start.options);
        if let Some(user) = start.user {
            command.arg("--user").arg(user);
        }
        if let Some(directory) = start.directory {
            command.arg("--dir").arg(directory);
        }
        command.arg("--").args(start.argv);
        command.envs(start.environment.iter().map(|(name, value)| (name, value)));
        // What the service manager told us is not for children: they would speak in our name.
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").env_remove("WATCHDOG_PID");
        command.stdin(Stdio::from(start.input));
        if let Some(output) = start.output {
            command.stderr(Stdio::from(output.try_clone()?)).stdout(Stdio::from(output));
        }
        // Dropping `Child` neither waits nor kills.
        Ok(command.spawn()?.id())
    }
}
