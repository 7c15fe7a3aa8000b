//! What all these tests share: specs, a driver's loop, and servers that do as a script says.

use defib_config::spec::{Endpoint, HttpSpec, PhaseDeadlines, ProbeKind, ProbeSpec, StatusSet};
use defib_guardian::probe::{
    Look, Looker, LookerSettings, Poller, Probe, Progress, Terms, boottime, look_once,
};
use rustix::event::{Timespec, epoll};
use rustix::fd::AsFd;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// Long enough for a loaded machine, short enough for a person.
pub(crate) const LONG_MS: u32 = 4000;

/// A deadline that is meant to pass.
pub(crate) const SHORT_MS: u32 = 150;

pub(crate) fn looker() -> Looker {
    Looker::new(LookerSettings::default())
}

pub(crate) fn local(port: u16) -> Endpoint {
    Endpoint::Ip([127, 0, 0, 1].into(), port)
}

/// GET / with 200 expected.
pub(crate) fn get(endpoint: Endpoint) -> HttpSpec {
    HttpSpec {
        endpoint,
        tls: None,
        method: "GET".to_owned(),
        target: "/".to_owned(),
        host: "shop.test".to_owned(),
        headers: Vec::new(),
        expect: StatusSet(vec![(200, 200)]),
        body_contains: None,
        body_regex: None,
        body_max: 65536,
        body_cap_is_fault: false,
        redirects_max: 0,
    }
}

pub(crate) fn probe_of(kind: ProbeKind) -> ProbeSpec {
    ProbeSpec { kind, slow_ms: 0, derived: false, phases: PhaseDeadlines::default() }
}

pub(crate) fn http(spec: HttpSpec) -> ProbeSpec {
    probe_of(ProbeKind::Http(Box::new(spec)))
}

/// One look with plenty of time.
pub(crate) fn look(spec: HttpSpec) -> Look {
    look_once(&mut looker(), &http(spec), LONG_MS)
}

/// Runs a probe as the driver does, with what the driver remembers.
pub(crate) fn drive(looker: &mut Looker, spec: &ProbeSpec, terms: Terms) -> Look {
    let probe = Probe::new(spec).unwrap();
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    let poller = Poller::new(epoll.as_fd(), 7);
    let mut run = probe.start(terms, boottime());
    loop {
        let now = boottime();
        let deadline = match run.advance(looker, &poller, now) {
            Progress::Done(look) => return *look,
            Progress::Waiting { deadline } => deadline,
        };
        let left_us = i64::from(deadline.since(now));
        let timeout = Timespec { tv_sec: left_us / 1_000_000, tv_nsec: left_us % 1_000_000 * 1000 };
        let mut events = Vec::with_capacity(4);
        let room = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&epoll, room, Some(&timeout)).unwrap();
        assert!(events.iter().all(|event| event.data.u64() == 7), "a foreign token");
    }
}

/// A server that treats its first connections as the scripts say, one after the other.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    thread: JoinHandle<()>,
}

pub(crate) type Script = Box<dyn FnOnce(TcpStream) + Send>;

impl Scripted {
    pub(crate) fn new(scripts: Vec<Script>) -> Scripted {
        Scripted::on(TcpListener::bind("127.0.0.1:0").unwrap(), scripts)
    }

    pub(crate) fn on(listener: TcpListener, scripts: Vec<Script>) -> Scripted {
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            for script in scripts {
                script(listener.accept().unwrap().0);
            }
        });
        Scripted { port, thread }
    }

    /// Waits until all scripts have run: their assertions count.
    pub(crate) fn finish(self) {
        self.thread.join().unwrap();
    }
}

/// Reads a request's head.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Reads until the probe closes: how a hung app looks from outside. A probe that never closed
/// would make the test hang.
pub(crate) fn hold(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // An error is a close, too.
    let _ = stream.read_to_end(&mut rest);
}

/// Answers with these pieces, each in a segment of its own, and closes.
pub(crate) fn answer(pieces: &'static [&'static str]) -> Script {
    Box::new(move |mut stream| {
        stream.set_nodelay(true).unwrap();
        read_head(&mut stream);
        send(&mut stream, pieces);
    })
}

/// Answers with these pieces and keeps the connection open.
pub(crate) fn answer_and_hold(pieces: &'static [&'static str]) -> Script {
    Box::new(move |mut stream| {
        stream.set_nodelay(true).unwrap();
        read_head(&mut stream);
        send(&mut stream, pieces);
        hold(stream);
    })
}

fn send(stream: &mut TcpStream, pieces: &[&str]) {
    for piece in pieces {
        // The probe may have seen enough and gone.
        if stream.write_all(piece.as_bytes()).is_err() {
            return;
        }
    }
}

/// One look at one scripted answer.
pub(crate) fn look_at(script: Script, change: impl FnOnce(&mut HttpSpec)) -> Look {
    let server = Scripted::new(vec![script]);
    let mut spec = get(local(server.port));
    change(&mut spec);
    let seen = look(spec);
    server.finish();
    seen
}

/// A port of the loopback on which nobody listens: bound, so that nobody else takes it.
pub(crate) fn closed_port() -> (u16, rustix::fd::OwnedFd) {
    use rustix::net::{AddressFamily, SocketType};
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).unwrap();
    let bound = rustix::net::getsockname(&socket).unwrap();
    let bound = std::net::SocketAddr::try_from(bound).unwrap();
    (bound.port(), socket)
}
