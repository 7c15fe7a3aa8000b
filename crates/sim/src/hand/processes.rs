//! Processes as the simulated kernel shows them.

use super::ground::Kind;
use super::seat::Seat;
use crate::fact::By;
use crate::world::{self, World};
use defib_config::spec::ProcessSource;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_executor::boundary::{Blow, Group, GroupOf, Held, Piece, Processes, Signal, Token};
use std::io;

/// From a signal until a process that has no reason to stay is gone.
const GONE_MS: u64 = 5;

const ESRCH: i32 = 3;

impl Processes for Seat {
    fn hold(&self, identity: Identity, token: Option<Token>) -> Option<Held> {
        if self.may_call().is_err()
            || self.is_dead()
            || !self.lives(identity) && !self.is_zombie(identity)
        {
            return None;
        }
        if let Some(token) = token {
            self.wait_for(identity, token);
        }
        Some(Held::new(identity, None))
    }

    fn is_gone(&self, held: &Held) -> bool {
        !self.lives(held.identity)
    }

    fn signal(&self, held: &Held, signal: Signal) -> io::Result<()> {
        let is_sent = !self.is_dead() && self.send(held.identity, signal);
        if is_sent { Ok(()) } else { Err(io::Error::from_raw_os_error(ESRCH)) }
    }

    fn identify(&self, pid: u32) -> Option<Identity> {
        self.may_call().ok().and_then(|()| self.who_is(pid))
    }

    fn is_alive(&self, identity: Identity) -> bool {
        self.may_call().is_err() || self.lives(identity)
    }

    fn members(&self, main: Identity) -> io::Result<Vec<Identity>> {
        self.may_call().map(|()| self.members_of(main))
    }

    /// Every second app has a cgroup of its own.
    fn group(&self, main: Identity, of: GroupOf<'_>) -> Option<Box<dyn Group>> {
        self.may_call().ok()?;
        let app = match of {
            GroupOf::Unit(unit) => self.unit_app(unit)?,
            GroupOf::Child(name) => {
                self.world().config().apps.iter().position(|app| app.name == name)?
            }
        };
        let is_there = (self.world().plan().seed + app as u64).is_multiple_of(2);
        let is_ours = matches!(of, GroupOf::Child(_));
        is_there.then(|| Box::new(Cgroup { seat: self.clone(), main, is_ours }) as Box<dyn Group>)
    }

    fn reclaim(&self, _held: &Held) {}

    fn look(&self, source: &ProcessSource) -> Option<Identity> {
        self.may_call().ok()?;
        let world = self.world();
        let app = world.config().apps.iter().position(|app| app.process == *source)?;
        match source {
            ProcessSource::Port(_) => listener(&world, app),
            ProcessSource::Pidfile(_) | ProcessSource::Pid(_) => world.main(app),
            ProcessSource::Child | ProcessSource::Unit | ProcessSource::Unknown => None,
        }
    }

    fn listener(&self, port: u16) -> Option<Identity> {
        let world = self.world();
        let source = ProcessSource::Port(port);
        let app = world.config().apps.iter().position(|app| app.process == source)?;
        listener(&world, app)
    }

    /// No decision depends on it, so there is none.
    fn evidence(&self, _identity: Identity) -> Vec<Piece> {
        Vec::new()
    }
}

/// A cgroup with a `cgroup.kill`.
#[derive(Debug)]
struct Cgroup {
    seat: Seat,
    main: Identity,
    is_ours: bool,
}

impl Group for Cgroup {
    fn main(&self) -> Identity {
        self.main
    }

    fn is_ours(&self) -> bool {
        self.is_ours
    }

    fn strike(&self) -> io::Result<Blow> {
        self.seat.may_call()?;
        if self.seat.is_dead() {
            return Err(io::Error::from_raw_os_error(ESRCH));
        }
        for member in self.seat.members_of(self.main) {
            self.seat.send(member, Signal::Kill);
        }
        Ok(Blow::Killed)
    }

    fn is_empty(&self) -> bool {
        self.seat.members_of(self.main).is_empty()
    }
}

/// A process listens when it has warmed up. (A stranger on the port is not shown: the search would
/// name it, and it is nobody's app.)
fn listener(world: &World, app: usize) -> Option<Identity> {
    world.main(app).filter(|_| world.app(app).is_warm(world.now_ms()))
}

impl Seat {
    /// The main process and whatever bears its number as its session's.
    fn members_of(&self, main: Identity) -> Vec<Identity> {
        let is_there = self.world().lives(main);
        let mut members: Vec<Identity> = is_there.then_some(main).into_iter().collect();
        members.extend(self.ground().session_of(main));
        members
    }

    /// `false`: there is no such process.
    fn send(&self, identity: Identity, signal: Signal) -> bool {
        let ends = matches!(signal, Signal::Term | Signal::Kill);
        if let Some(stray) = self.ground().stray(identity) {
            if ends {
                if stray.kind == Kind::Orphan {
                    // What is dead is not ended by what is left of it.
                    self.touch(stray.app, false);
                }
                self.ground().keep_from_exec(identity);
                let exit = Exit::Signal(if signal == Signal::Kill { 9 } else { 15 });
                self.end_soon(identity, exit);
            }
            return true;
        }
        let Some(app) = self.app_of(identity) else { return self.is_zombie(identity) };
        let Some(of_world) = of_world(signal) else { return true };
        if signal != Signal::Cont {
            self.touch(app, ends);
        }
        self.world().signal(app, identity, of_world, By::Agent)
    }

    pub(super) fn end_soon(&self, identity: Identity, exit: Exit) {
        let at_ms = self.world_now_ms() + GONE_MS;
        self.ground().plan(at_ms, super::ground::Due::Ends(identity, exit));
    }
}

/// A stop only ever comes right before its KILL.
const fn of_world(signal: Signal) -> Option<world::Signal> {
    match signal {
        Signal::Hup => Some(world::Signal::Hup),
        Signal::Term => Some(world::Signal::Term),
        Signal::Cont => Some(world::Signal::Cont),
        Signal::Stop => None,
        Signal::Kill => Some(world::Signal::Kill),
    }
}
