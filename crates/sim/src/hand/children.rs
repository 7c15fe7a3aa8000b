//! Children of the simulated executor: apps behind their gates, and `recover` commands.

use super::ground::{Due, Kind, Step};
use super::seat::Seat;
use crate::fact::By;
use crate::plan::AppFault;
use crate::world::Signal;
use defib_config::spec::{App, ChildSpec, CommandSpec};
use defib_engine::event::Exit;
use defib_engine::id::{AppId, Identity};
use defib_executor::boundary::{Children, Gate, GateNews, Token};
use std::io;

/// The errors of a machine that makes no processes: EAGAIN (a limit) and ENOMEM.
const REFUSALS: [i32; 2] = [11, 12];

/// What a program says that finds its address in use.
const IN_USE: Exit = Exit::Code(98);

/// A child that waits for its byte.
#[derive(Debug)]
struct AtGate {
    seat: Seat,
    identity: Identity,
}

impl Gate for AtGate {
    fn pid(&self) -> u32 {
        self.identity.pid
    }

    fn open(&self) -> io::Result<()> {
        if !self.seat.is_dead() && self.seat.ground().let_through(self.identity) {
            let at_ms = self.seat.world_now_ms() + self.seat.ground().between(2, 12);
            self.seat.ground().plan(at_ms, Due::Execs(self.identity));
        }
        Ok(())
    }

    fn news(&self) -> GateNews {
        match self.seat.ground().stray(self.identity) {
            Some(_) => GateNews::Waiting,
            None => GateNews::Closed,
        }
    }
}

impl Drop for AtGate {
    /// The socket closes: a child that still waits ends.
    fn drop(&mut self) {
        let stray = self.seat.ground().stray(self.identity);
        if stray.is_some_and(|stray| stray.kind == Kind::AtGate { is_open: false }) {
            self.seat.end_stray(self.identity, Exit::Code(127));
        }
    }
}

impl Children for Seat {
    fn start_app(
        &mut self,
        app: AppId,
        _spec: &App,
        _child: &ChildSpec,
    ) -> io::Result<Box<dyn Gate>> {
        let app = usize::from(app.0);
        self.may_spawn()?;
        self.touch(app, false);
        let identity = self.new_stray(app, Kind::AtGate { is_open: false });
        Ok(Box::new(AtGate { seat: self.clone(), identity }))
    }

    fn start_command(
        &mut self,
        spec: &App,
        _command: &CommandSpec,
        _facts: &[(&'static str, String)],
    ) -> io::Result<u32> {
        self.may_spawn()?;
        let app = self.world().config().apps.iter().position(|app| app.name == spec.name);
        let app = app.ok_or_else(|| io::Error::other("the world has no such app"))?;
        let ends = self.world().main(app).is_some();
        self.touch(app, ends);
        let identity = self.new_stray(app, Kind::Command);
        let at_ms = self.world_now_ms() + self.ground().between(20, 200);
        self.ground().plan(at_ms, Due::Goes(identity, Step::Kills));
        Ok(identity.pid)
    }

    fn end_command(&mut self, pid: u32) {
        if let Some(identity) = self.who_is(pid).filter(|_| !self.is_dead()) {
            self.end_soon(identity, Exit::Signal(9));
        }
    }

    fn reap(&mut self) -> Option<(u32, Exit)> {
        self.next_zombie()
    }

    fn find_program(&self, program: &str) -> Result<String, String> {
        Ok(format!("/usr/bin/{program}"))
    }
}

impl Seat {
    pub(super) fn may_spawn(&self) -> io::Result<()> {
        self.may_call()?;
        let is_possible = {
            let world = self.world();
            world.makes_processes()
        };
        if is_possible && !self.is_dead() {
            return Ok(());
        }
        let which = self.ground().between(0, 1) as usize;
        Err(io::Error::from_raw_os_error(REFUSALS[which]))
    }

    /// What is due of the processes that are no app's main process.
    pub(super) fn go_on(&self, due: Due) {
        match due {
            Due::Execs(identity) => self.exec(identity),
            Due::Goes(identity, step) => self.go_on_with_command(identity, step),
            Due::Ends(identity, exit) => self.end_stray(identity, exit),
            Due::Bites(feed) => self.bite(feed),
        }
    }

    /// The child at its gate becomes the app, unless another process has its place: then it ends as a
    /// program does that finds its address in use.
    fn exec(&self, identity: Identity) {
        let Some(stray) = self.ground().stray(identity) else { return };
        if stray.kind != (Kind::AtGate { is_open: true }) {
            return;
        }
        self.ground().remove(identity);
        if !self.world().become_app(stray.app, identity, By::Agent) {
            self.process_ended(identity, IN_USE);
        }
        self.wake(Token::Act(AppId(stray.app as u16)));
    }

    /// What a person's script does: end the app if it is there, then start it, and say whether that
    /// went well.
    fn go_on_with_command(&self, identity: Identity, step: Step) {
        let Some(stray) = self.ground().stray(identity) else { return };
        let main = self.world().main(stray.app);
        let now_ms = self.world_now_ms();
        let has = |fault: AppFault| self.world().app(stray.app).has(|it| *it == fault);
        match (step, main) {
            (Step::Kills, _) if has(AppFault::RecoverHangs) => {}
            (Step::Kills, _) if has(AppFault::RecoverFails) => {
                self.ground().plan(now_ms + 20, Due::Ends(identity, Exit::Code(1)));
            }
            (Step::Kills, _) => {
                if let Some(main) = main {
                    self.world().signal(stray.app, main, Signal::Kill, By::Agent);
                }
                let at_ms = now_ms + self.ground().between(50, 400);
                self.ground().plan(at_ms, Due::Goes(identity, Step::Starts));
            }
            (Step::Starts, main) => {
                let is_well = main.is_none() && self.world().spawn(stray.app, By::Agent).is_ok();
                let exit = Exit::Code(u8::from(!is_well));
                self.ground().plan(now_ms + 20, Due::Ends(identity, exit));
            }
        }
    }
}
