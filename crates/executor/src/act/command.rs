//! A command of the user's that recovers the app.

use super::{Stage, Turn};
use crate::executor::{Executor, Token};
use crate::process::handle::Handle;
use crate::process::stat;
use crate::spawn::{Start, is_our_limit};
use crate::words;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::{Exit, Failure, Outcome};
use defib_journal::order::ActStep;
use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;

/// How long a killed command may take to be gone before the act ends without it.
const GONE_MS: u64 = 1_000;

/// What `exec-child` and shells answer for a program that is not there.
const NOT_STARTABLE: u8 = 127;

/// The running command.
#[derive(Debug)]
pub(crate) struct CommandAct {
    pid: u32,
    /// Keeps the process in the epoll set; its end is seen by reaping.
    _handle: Option<Handle>,
    exit: Option<Exit>,
    killed_at: Option<u64>,
}

impl CommandAct {
    pub(super) fn reaped(&mut self, pid: u32, exit: Exit) {
        if pid == self.pid {
            self.exit = Some(exit);
        }
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.killed_at.map(|at| at + GONE_MS)
    }
}

impl Executor {
    pub(super) fn begin_command(&mut self, order: &Order) -> Turn {
        match self.spawn_command(order) {
            Ok(pid) => {
                let handle = stat::read(pid).and_then(|stat| Handle::open(stat.identity));
                if let Some(handle) = &handle {
                    self.wait_for(handle, Token::Act(order.app));
                }
                self.say_step(order, ActStep::CommandStarted);
                let act = CommandAct { pid, _handle: handle, exit: None, killed_at: None };
                Turn::Wait(Stage::Command(act))
            }
            Err(error) => {
                let failure =
                    if is_our_limit(&error) { Failure::OurLimit } else { Failure::NotStartable };
                Turn::End(Outcome::Failed(failure), format!("the command did not start: {error}"))
            }
        }
    }

    fn spawn_command(&self, order: &Order) -> io::Result<u32> {
        let app = &self.config.apps[usize::from(order.app.0)];
        let Target::Recover(command) = &app.target else {
            return Err(io::Error::other("the app has no recover command"));
        };
        let facts = self.facts_for_command(order, &app.name);
        let environment: Vec<(&str, OsString)> =
            facts.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        self.spawner.spawn(Start {
            argv: &command.argv,
            options: Vec::new(),
            user: command.user.as_deref(),
            directory: None,
            environment: &environment,
            input: json_input(&facts)?,
            output: Some(self.outputs.open(&command_log(&app.name))?),
        })
    }

    fn facts_for_command(&self, order: &Order, name: &str) -> [(&'static str, String); 7] {
        let attempts =
            self.keeper.ledger().app(name).map_or(1, |app| {
                app.intents.iter().filter(|record| record.rung == order.rung).count()
            });
        [
            ("DEFIB_EVENT", "recover".into()),
            ("DEFIB_APP", name.into()),
            ("DEFIB_INCIDENT_ID", order.incident.0.to_string()),
            ("DEFIB_RUNG", words::rung(order.rung).into()),
            ("DEFIB_REASON", words::class(order.class).into()),
            ("DEFIB_ATTEMPT", attempts.to_string()),
            ("DEFIB_STATE_DIR", self.state_dir.to_string_lossy().into_owned()),
        ]
    }

    pub(super) fn turn_command(
        &mut self,
        order: &Order,
        mut command: CommandAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let log = self.outputs.path(&command_log(&self.config.apps[usize::from(order.app.0)].name));
        let late = || {
            let detail =
                format!("the command did not end in time and was killed; see {}", log.display());
            Turn::End(Outcome::Failed(Failure::Deadline), detail)
        };
        match (command.exit, command.killed_at) {
            (Some(_), Some(_)) => late(),
            (Some(Exit::Code(0)), None) => Turn::End(Outcome::Done, String::new()),
            (Some(exit), None) => {
                let detail = format!("the command ended with {exit:?}; see {}", log.display());
                Turn::End(Outcome::Failed(failure_of(exit)), detail)
            }
            (None, Some(at)) if now_ms >= at + GONE_MS => late(),
            (None, None) if now_ms >= end_at => {
                // Not reaped yet, so the number is still the command's own group.
                if let Some(group) = Pid::from_raw(command.pid as i32).filter(|_| command.pid > 1) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                self.say_step(order, ActStep::KillSent);
                command.killed_at = Some(now_ms);
                Turn::Wait(Stage::Command(command))
            }
            _ => Turn::Wait(Stage::Command(command)),
        }
    }
}

const fn failure_of(exit: Exit) -> Failure {
    match exit {
        Exit::Code(NOT_STARTABLE) => Failure::NotStartable,
        Exit::Code(code) => Failure::ExitCode(code),
        // As a shell would say it.
        Exit::Signal(signal) => Failure::ExitCode(128u8.saturating_add(signal)),
        Exit::Unseen => Failure::ExitCode(255),
    }
}

/// The name of the file that a command's output goes to.
pub(crate) fn command_log(app: &str) -> String {
    format!("{app}.recover")
}

/// One JSON object as a file in memory: no pipe that somebody would have to feed.
fn json_input(facts: &[(&str, String)]) -> io::Result<OwnedFd> {
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
pub(crate) fn memory_file(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::io::Write;
    let mut file = std::fs::File::from(memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    seek(&file, SeekFrom::Start(0))?;
    Ok(file.into())
}
