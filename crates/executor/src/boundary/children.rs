//! Our own children: apps behind their gates, and commands.

use defib_config::spec::{App, ChildSpec, CommandSpec};
use defib_engine::event::Exit;
use defib_engine::id::AppId;
use std::fmt::Debug;
use std::io;

/// A child that waits until the ledger knows it. Dropping the gate ends a child that still waits.
pub trait Gate: Debug {
    /// The child's number.
    fn pid(&self) -> u32;

    /// Lets it become its program.
    fn open(&self) -> io::Result<()>;

    /// What came out since.
    fn news(&self) -> GateNews;
}

/// What came out of a gate.
#[derive(Debug, PartialEq, Eq)]
pub enum GateNews {
    /// Nothing yet.
    Waiting,
    /// It closed: the program runs (or the child was killed; its death tells that).
    Closed,
    /// The program could not be started.
    Failed(String),
}

/// Starts children and learns how they ended.
pub trait Children {
    /// Starts an app, which waits at its gate. News of the gate wake us with
    /// [`Token::Act`](super::Token::Act).
    fn start_app(&mut self, app: AppId, spec: &App, child: &ChildSpec)
    -> io::Result<Box<dyn Gate>>;

    /// Starts a command of the user's in a group of its own; its number is the group's. `facts` are
    /// its environment, and one JSON object on its standard input.
    fn start_command(
        &mut self,
        spec: &App,
        command: &CommandSpec,
        facts: &[(&'static str, String)],
    ) -> io::Result<u32>;

    /// Ends a command that has not been reaped, and its group.
    fn end_command(&mut self, pid: u32);

    /// The next child that has ended. Its number may be given to another process from now on. An end
    /// wakes us with [`Call::Reap`](super::Call::Reap).
    fn reap(&mut self) -> Option<(u32, Exit)>;

    /// The path of a program that is given by its bare name.
    fn find_program(&self, program: &str) -> Result<String, String>;
}
