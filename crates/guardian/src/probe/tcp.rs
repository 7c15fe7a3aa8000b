//! A connect and nothing more: the connection is closed in the turn in which it stands.

use super::dial::{Dial, Dialed, doubt_refusal, local_view};
use super::errno::Failure;
use super::look::Detail;
use super::poller::{Interest, Registration};
use super::stopwatch::Stopwatch;
use super::{Kind, Looker, Micros, Poller, Progress, Run, Terms};
use defib_config::spec::Endpoint;
use defib_engine::seen::Seen;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::rc::Rc;

/// The kind.
pub(super) struct TcpKind {
    endpoint: Rc<Endpoint>,
    derived: bool,
}

impl TcpKind {
    pub(super) fn new(endpoint: &Endpoint, derived: bool) -> TcpKind {
        let endpoint = if derived { local_view(endpoint) } else { endpoint.clone() };
        TcpKind { endpoint: Rc::new(endpoint), derived }
    }
}

impl Kind for TcpKind {
    fn start(&self, terms: Terms, watch: Stopwatch) -> Box<dyn Run> {
        Box::new(TcpRun {
            dial: Dial::new(&self.endpoint),
            socket: None,
            registration: Registration::default(),
            never_answered: self.derived && !terms.listener_seen,
            watch,
        })
    }
}

struct TcpRun {
    dial: Dial,
    socket: Option<OwnedFd>,
    registration: Registration,
    never_answered: bool,
    watch: Stopwatch,
}

impl Run for TcpRun {
    fn advance(&mut self, looker: &mut Looker, poller: &Poller<'_>, now: Micros) -> Progress {
        if self.socket.is_none() {
            match self.dial.advance(looker, poller, &mut self.watch, now) {
                Dialed::Open(socket) => self.socket = Some(socket),
                Dialed::Waiting(at) => return self.watch.wait(now, false).by(at),
                Dialed::Failed(failure) => return self.fail(failure, now),
            }
        }
        match self.is_connected(poller) {
            Ok(true) => self.watch.done(Seen::Pass, Detail::EMPTY, now).answered(),
            Ok(false) => self.watch.wait(now, false),
            Err(errno) => {
                let failure = Failure::of_errno(errno, self.watch.phase(), "connect");
                self.fail(failure, now)
            }
        }
    }
}

impl TcpRun {
    /// On the loopback a connection mostly stands before `connect` has returned, though it says
    /// "in progress": asking saves the wait.
    fn is_connected(&mut self, poller: &Poller<'_>) -> Result<bool, Errno> {
        let Some(socket) = &self.socket else { return Ok(false) };
        match rustix::net::getpeername(socket) {
            Ok(_) => return Ok(true),
            Err(Errno::NOTCONN) => {}
            Err(errno) => return Err(errno),
        }
        rustix::net::sockopt::socket_error(socket)??;
        self.registration.want(poller, socket, Interest::Write)?;
        Ok(false)
    }

    fn fail(&mut self, failure: Failure, now: Micros) -> Progress {
        let failure = doubt_refusal(failure, self.never_answered);
        self.watch.done(failure.seen, *failure.detail, now)
    }
}
