//! From an endpoint to a socket that is connected, or connecting.

use super::errno::Failure;
use super::resolve::{Begin, Lookup, Step, loopback};
use super::stopwatch::Stopwatch;
use super::{Looker, Micros, Poller};
use defib_config::spec::{Endpoint, Family};
use defib_engine::seen::{Phase, Seen, UnknownWhy};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// A unix socket whose backlog is full says EAGAIN and gives no event when there is room again, so
/// it has to be asked again: 20 times a second costs nothing and is soon enough.
const FULL_BACKLOG_MS: u64 = 50;

/// Makes a connection.
#[derive(Debug)]
pub(super) struct Dial {
    endpoint: Rc<Endpoint>,
    lookup: Option<Box<Lookup>>,
}

/// How far that is.
#[derive(Debug)]
pub(super) enum Dialed {
    /// To be advanced again when ready, and at this time.
    Waiting(Micros),
    /// Connected or connecting: the first write will tell.
    Open(OwnedFd),
    /// It cannot be.
    Failed(Failure),
}

impl Dial {
    pub(super) fn new(endpoint: &Rc<Endpoint>) -> Dial {
        Dial { endpoint: Rc::clone(endpoint), lookup: None }
    }

    pub(super) fn advance(
        &mut self,
        looker: &mut Looker,
        poller: &Poller<'_>,
        watch: &mut Stopwatch,
        now: Micros,
    ) -> Dialed {
        match &*self.endpoint {
            Endpoint::Ip(address, port) => connect_ip(*address, *port, watch, now),
            Endpoint::Unix(path) => {
                watch.enter(Phase::Connect, now);
                match SocketAddrUnix::new(path) {
                    Ok(address) => open(AddressFamily::UNIX, &address, now),
                    Err(errno) => failed(errno, "bad socket path"),
                }
            }
            Endpoint::Name { host, port, family } => {
                watch.enter(Phase::Resolve, now);
                let step = resolve(&mut self.lookup, host, *family, looker, poller, now);
                match step {
                    Step::Found(address) => {
                        self.lookup = None;
                        connect_ip(address, *port, watch, now)
                    }
                    Step::Waiting(at) => Dialed::Waiting(at),
                    Step::NoSuchName => unresolved(format_args!("{host}: no such name")),
                    Step::NoAnswer => unresolved(format_args!("{host}: no name server answered")),
                    Step::OurLimit(errno) => failed(errno, "cannot ask a name server"),
                }
            }
        }
    }
}

fn resolve(
    lookup: &mut Option<Box<Lookup>>,
    host: &str,
    family: Family,
    looker: &mut Looker,
    poller: &Poller<'_>,
    now: Micros,
) -> Step {
    if lookup.is_none() {
        match looker.resolver.begin(host, family, now) {
            Begin::Known(address) => return Step::Found(address),
            Begin::Nowhere => return Step::NoSuchName,
            Begin::Ask(begun) => *lookup = Some(begun),
        }
    }
    match lookup {
        Some(lookup) => lookup.advance(&mut looker.resolver, poller, now),
        None => Step::NoAnswer,
    }
}

fn connect_ip(address: IpAddr, port: u16, watch: &mut Stopwatch, now: Micros) -> Dialed {
    watch.enter(Phase::Connect, now);
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    open(family, &SocketAddr::new(address, port), now)
}

fn open(family: AddressFamily, address: &impl SocketAddrArg, now: Micros) -> Dialed {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = match rustix::net::socket_with(family, SocketType::STREAM, flags, None) {
        Ok(socket) => socket,
        Err(errno) => return failed(errno, "cannot make a socket"),
    };
    match rustix::net::connect(&socket, address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Dialed::Open(socket),
        // Only a unix socket whose listener is there and does not accept.
        Err(Errno::AGAIN) if family == AddressFamily::UNIX => {
            Dialed::Waiting(now.plus_ms(FULL_BACKLOG_MS))
        }
        Err(errno) => failed(errno, "connect"),
    }
}

fn failed(errno: Errno, what: &str) -> Dialed {
    Dialed::Failed(Failure::of_errno(errno, Phase::Connect, what))
}

fn unresolved(detail: std::fmt::Arguments<'_>) -> Dialed {
    Dialed::Failed(Failure::new(Seen::Unknown(UnknownWhy::Unresolved), detail))
}

/// The local listener of an endpoint's port, for derived probes.
pub(super) fn local_view(endpoint: &Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Ip(IpAddr::V4(_), port) => Endpoint::Ip(loopback(Family::V4), *port),
        Endpoint::Ip(IpAddr::V6(_), port) => Endpoint::Ip(loopback(Family::V6), *port),
        Endpoint::Name { port, family, .. } => Endpoint::Ip(loopback(*family), *port),
        Endpoint::Unix(path) => Endpoint::Unix(path.clone()),
    }
}

/// A refusal by the loopback is no evidence while nothing has ever answered there: the app may
/// listen on another address only.
pub(super) fn doubt_refusal(failure: Failure, never_answered: bool) -> Failure {
    if failure.seen == Seen::Refused && never_answered {
        let detail = format_args!("nothing has ever answered on the loopback at this port");
        return Failure::new(Seen::Unknown(UnknownWhy::NothingThere), detail);
    }
    failure
}
