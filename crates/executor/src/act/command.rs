//! A command of the user's that recovers the app.

use super::child::not_begun;
use super::ending::{Then, takes_all};
use super::{Pause, Stage, Turn};
use crate::boundary::{Held, Token};
use crate::error::is_our_limit;
use crate::executor::Executor;
use crate::words;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::{Exit, Failure, Outcome};
use defib_journal::order::ActStep;
use std::io;

/// How long a killed command may take to be gone before the act ends without it.
const GONE_MS: u64 = 1_000;

/// What `exec-child` and shells answer for a program that is not there.
const NOT_STARTABLE: u8 = 127;

/// The running command.
#[derive(Debug)]
pub(crate) struct CommandAct {
    pid: u32,
    /// Its end wakes us as long as it is held, and is seen by reaping.
    _held: Option<Held>,
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
    pub(super) fn turn_calling(
        &mut self,
        order: &Order,
        pause: Pause,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        if now_ms < pause.until {
            return Turn::Wait(Stage::Calling(pause));
        }
        let error = match self.spawn_command(order) {
            Ok(pid) => return self.begin_command(order, pid),
            Err(error) => error,
        };
        let is_our_limit = is_our_limit(&error);
        let may_end = order.rung.is_disruptive() && takes_all(order.class);
        match pause.longer(now_ms, end_at).filter(|_| is_our_limit) {
            // No process is to be had, and this one has taken them or the memory for them.
            Some(_) if may_end && pause.is_first() => {
                self.begin_ending(order, 0, Then::Command, now_ms, end_at)
            }
            Some(pause) => Turn::Wait(Stage::Calling(pause)),
            None => {
                Turn::End(not_begun(is_our_limit), format!("the command did not start: {error}"))
            }
        }
    }

    fn begin_command(&mut self, order: &Order, pid: u32) -> Turn {
        let token = Some(Token::Act(order.app));
        let identity = self.processes.identify(pid);
        let held = identity.and_then(|identity| self.processes.hold(identity, token));
        self.say_step(order, ActStep::CommandStarted);
        Turn::Wait(Stage::Command(CommandAct { pid, _held: held, exit: None, killed_at: None }))
    }

    fn spawn_command(&mut self, order: &Order) -> io::Result<u32> {
        let app = &self.config.apps[usize::from(order.app.0)];
        let Target::Recover(command) = &app.target else {
            return Err(io::Error::other("the app has no recover command"));
        };
        let facts = self.facts_for_command(order, &app.name);
        self.children.start_command(app, command, &facts)
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
        let log =
            self.files.output_path(&command_log(&self.config.apps[usize::from(order.app.0)].name));
        let late = || {
            let detail =
                format!("the command did not end in time and was killed; see {}", log.display());
            Turn::End(Outcome::Failed(Failure::Deadline), detail)
        };
        match (command.exit, command.killed_at) {
            (Some(_), Some(_)) => late(),
            (Some(Exit::Code(0)), None) => {
                // What it started is not known yet, and what was told dead is no longer true.
                self.apps[usize::from(order.app.0)].told_dead = false;
                Turn::End(Outcome::Done, String::new())
            }
            (Some(exit), None) => {
                let detail = format!("the command ended with {exit:?}; see {}", log.display());
                Turn::End(Outcome::Failed(failure_of(exit)), detail)
            }
            (None, Some(at)) if now_ms >= at + GONE_MS => late(),
            (None, None) if now_ms >= end_at => {
                self.children.end_command(command.pid);
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
