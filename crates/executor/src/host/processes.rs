//! Processes as the kernel shows them: pidfds and /proc.

use super::waits::Waits;
use crate::boundary::{Held, Piece, Processes, Signal, Token};
use crate::process::{evidence, handle, listener, stat, tree};
use defib_config::spec::ProcessSource;
use defib_engine::id::Identity;
use std::io;
use std::rc::Rc;

/// The kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    waits: Rc<Waits>,
}

impl Kernel {
    pub(super) fn new(waits: Rc<Waits>) -> Kernel {
        Kernel { waits }
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

    fn members(&self, main: Identity) -> Vec<Identity> {
        tree::members(main)
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

    fn evidence(&self, identity: Identity) -> Vec<Piece> {
        evidence::of_process(identity)
    }
}

fn alive(pid: u32) -> Option<Identity> {
    stat::read(pid).filter(stat::Stat::is_alive).map(|stat| stat.identity)
}
