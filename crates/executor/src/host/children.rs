//! Children of this process: started through `exec-child`, reaped by wait(2).

use super::output::Outputs;
use super::spawn::{Spawner, Start};
use super::waits::Waits;
use crate::act::command_log;
use crate::boundary::{Children, Gate, GateNews, Token};
use crate::exec_child::GateSocket;
use crate::words;
use defib_config::spec::{App, ChildSpec, CommandSpec};
use defib_engine::event::Exit;
use defib_engine::id::AppId;
use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, wait};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

/// Our children.
#[derive(Debug)]
pub(super) struct Spawned {
    outputs: Outputs,
    spawner: Rc<Spawner>,
    waits: Rc<Waits>,
}

impl Spawned {
    pub(super) fn new(state_dir: &Path, spawner: Rc<Spawner>, waits: Rc<Waits>) -> Spawned {
        Spawned { outputs: Outputs::new(state_dir), spawner, waits }
    }
}

/// A child at its gate.
#[derive(Debug)]
struct AtSocket {
    socket: GateSocket,
    pid: u32,
}

impl Gate for AtSocket {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn open(&self) -> io::Result<()> {
        self.socket.open()
    }

    fn news(&self) -> GateNews {
        self.socket.news()
    }
}

impl Children for Spawned {
    fn start_app(
        &mut self,
        app: AppId,
        spec: &App,
        child: &ChildSpec,
    ) -> io::Result<Box<dyn Gate>> {
        let (socket, input) = GateSocket::make()?;
        let mut environment: Vec<(&str, OsString)> = vec![("DEFIB_APP", (&spec.name).into())];
        environment
            .extend(child.environment.iter().map(|(name, value)| (name.as_str(), value.into())));
        let pid = self.spawner.spawn(Start {
            argv: &child.argv,
            options: vec!["--gate".into(), "--own-group".into(), (&spec.name).into()],
            user: child.user.as_deref(),
            directory: child.directory.as_deref(),
            environment: &environment,
            input,
            output: Some(self.outputs.open_or_none(&spec.name)?),
        })?;
        self.waits.wait_for(socket.as_fd(), Token::Act(app), false);
        Ok(Box::new(AtSocket { socket, pid }))
    }

    fn start_command(
        &mut self,
        spec: &App,
        command: &CommandSpec,
        facts: &[(&'static str, String)],
    ) -> io::Result<u32> {
        let environment: Vec<(&str, OsString)> =
            facts.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        self.spawner.spawn(Start {
            argv: &command.argv,
            options: Vec::new(),
            user: command.user.as_deref(),
            directory: None,
            environment: &environment,
            input: json_input(facts)?,
            output: Some(self.outputs.open_or_none(&command_log(&spec.name))?),
        })
    }

    fn end_command(&mut self, pid: u32) {
        // Not reaped yet, so the number is still the command's own group.
        if let Some(group) = Pid::from_raw(pid as i32).filter(|_| pid > 1) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The orphans that came to us as subreaper, too.
    fn reap(&mut self) -> Option<(u32, Exit)> {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let exit = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code(code as u8),
                (None, Some(signal)) => Exit::Signal(signal as u8),
                (None, None) => continue,
            };
            return Some((pid.as_raw_nonzero().get() as u32, exit));
        }
        None
    }

    fn find_program(&self, program: &str) -> Result<String, String> {
        find_program(program)
    }
}

/// One JSON object as a file in memory: no pipe that somebody would have to feed.
fn json_input(facts: &[(&'static str, String)]) -> io::Result<OwnedFd> {
    let fields: Vec<String> = facts
        .iter()
        .map(|(name, value)| {
            let name = name.trim_start_matches("DEFIB_").to_ascii_lowercase();
            format!("{}:{}", words::json_string(&name), words::json_string(value))
        })
        .collect();
    let text = format!("{{{}}}\n", fields.join(","));
    memory_file("defib-recover", text.as_bytes())
}

/// A file in memory, read from its start.
pub(super) fn memory_file(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::io::Write;
    let mut file = std::fs::File::from(memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    seek(&file, SeekFrom::Start(0))?;
    Ok(file.into())
}

/// A bare name is looked up in PATH here: a transient unit takes only absolute paths.
pub(super) fn find_program(program: &str) -> Result<String, String> {
    if program.contains('/') {
        return Ok(program.to_owned());
    }
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok())
        .and_then(|file| file.into_os_string().into_string().ok())
        .ok_or_else(|| format!("there is no program {program} in PATH ({path})"))
}
