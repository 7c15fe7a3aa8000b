//! Processes as the kernel shows them: pidfds and /proc.

use super::aside::Aside;
use super::children::find_program;
use super::waits::Waits;
use crate::boundary::{Claim, Group, GroupOf, Held, Piece, Processes, Signal, Token};
use crate::process::reclaim::Reclaim;
use crate::process::{cgroup, claim, evidence, handle, listener, protect, stat, tree};
use defib_config::spec::{App, ChildSpec, ProcessSource};
use defib_engine::id::Identity;
use std::io;
use std::rc::Rc;
use std::time::Duration;

/// A search of all descriptors took 0.1 to 0.5 s under load.
const CLAIM_DEADLINE: Duration = Duration::from_secs(1);

/// The kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    waits: Rc<Waits>,
    reclaim: Rc<Reclaim>,
    aside: Aside,
}

impl Kernel {
    pub(super) fn new(waits: Rc<Waits>) -> Kernel {
        // Looked at now: later there may be no descriptor left to find out.
        let _ = protect::lineage();
        Kernel { waits, reclaim: Rc::new(Reclaim::start()), aside: Aside::default() }
    }
}

impl Processes for Kernel {
    fn hold(&self, identity: Identity, token: Option<Token>) -> Option<Held> {
        let held = handle::open(identity)?;
        if let (Some(fd), Some(token)) = (held.fd(), token) {
            self.waits.wait_for(fd, token, false);
        }
        Some(held)
    }

    fn is_gone(&self, held: &Held) -> bool {
        handle::is_gone(held)
    }

    fn signal(&self, held: &Held, signal: Signal) -> io::Result<()> {
        handle::signal(held, signal)
    }

    fn identify(&self, pid: u32) -> Option<Identity> {
        stat::read(pid).map(|stat| stat.identity)
    }

    fn is_alive(&self, identity: Identity) -> bool {
        stat::is_alive(identity)
    }

    fn members(&self, main: Identity) -> io::Result<Vec<Identity>> {
        tree::members(main)
    }

    fn group(&self, main: Identity, of: GroupOf<'_>) -> Option<Box<dyn Group>> {
        let found = match of {
            GroupOf::Unit(unit) => cgroup::of_unit(main, unit)?,
            GroupOf::Child(app) => {
                cgroup::remove_empty(app);
                cgroup::of_child(main, app)?
            }
        };
        Some(Box::new(found.open(main, Rc::clone(&self.reclaim))?))
    }

    fn reclaim(&self, held: &Held) {
        // A copy, because the act still waits on its own.
        if let Some(copy) = held.fd().and_then(|fd| fd.try_clone_to_owned().ok()) {
            self.reclaim.offer(copy);
        }
    }

    fn look(&self, source: &ProcessSource) -> Option<Identity> {
        match source {
            ProcessSource::Port(port) => listener::find(*port),
            ProcessSource::Pidfile(path) => {
                let text = std::fs::read_to_string(path).ok()?;
                alive(text.split_whitespace().next()?.parse().ok()?)
            }
            ProcessSource::Pid(pid) => alive(*pid),
            ProcessSource::Child | ProcessSource::Unit | ProcessSource::Unknown => None,
        }
    }

    fn listener(&self, port: u16) -> Option<Identity> {
        listener::find(port)
    }

    fn claim(&self, app: &App, child: &ChildSpec, last: Option<Identity>) -> Claim {
        let Some(address) = claim::taken_address(app, last) else { return Claim::Nobody };
        let (app, child) = (app.name.clone(), child.clone());
        let look = move || claim::of(&app, address, &child, find_program);
        self.aside.look(CLAIM_DEADLINE, look).flatten().unwrap_or(Claim::Nobody)
    }

    fn evidence(&self, identity: Identity) -> Vec<Piece> {
        evidence::of_process(identity)
    }
}

fn alive(pid: u32) -> Option<Identity> {
    stat::read(pid).filter(stat::Stat::is_alive).map(|stat| stat.identity)
}
