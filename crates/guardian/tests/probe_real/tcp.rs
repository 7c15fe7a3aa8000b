//! TCP and unix connects.

use crate::servers::{
    LONG_MS, SHORT_MS, Scripted, closed_port, get, hold, http, local, looker, probe_of,
};
use defib_config::spec::{Endpoint, ProbeKind};
use defib_engine::seen::{Phase, Seen};
use defib_guardian::probe::look_once;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

fn tcp(endpoint: Endpoint) -> defib_config::spec::ProbeSpec {
    probe_of(ProbeKind::Tcp(endpoint))
}

#[test]
fn a_listener_passes_and_is_left_at_once() {
    let server = Scripted::new(vec![Box::new(hold)]);
    let look = look_once(&mut looker(), &tcp(local(server.port)), LONG_MS);
    assert_eq!(look.seen, Seen::Pass);
    assert!(look.answered && look.phases.connect_us.is_some());
    server.finish();
}

#[test]
fn no_listener_refuses() {
    let (port, _guard) = closed_port();
    assert_eq!(look_once(&mut looker(), &tcp(local(port)), LONG_MS).seen, Seen::Refused);
}

/// A listening socket with the shortest backlog there is.
fn listener(
    family: AddressFamily,
    address: &impl rustix::net::addr::SocketAddrArg,
) -> rustix::fd::OwnedFd {
    let socket = rustix::net::socket(family, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, address).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    socket
}

#[test]
fn a_full_tcp_backlog_is_a_timeout_while_connecting() {
    let socket = listener(AddressFamily::INET, &SocketAddr::from(([127, 0, 0, 1], 0)));
    let address = SocketAddr::try_from(rustix::net::getsockname(&socket).unwrap()).unwrap();
    // Nobody accepts: these fill the queue, and later handshakes are dropped.
    let _fill: Vec<_> = (0..4)
        .map(|_| {
            let flags = SocketFlags::NONBLOCK;
            let client =
                rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
                    .unwrap();
            let _ = rustix::net::connect(&client, &address);
            client
        })
        .collect();
    let look = look_once(&mut looker(), &tcp(local(address.port())), SHORT_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Connect));
    let mut spec = http(get(local(address.port())));
    spec.phases.connect_ms = SHORT_MS;
    let look = look_once(&mut looker(), &spec, LONG_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Connect));
    assert_eq!(look.phases.first_byte_us, None);
}

#[test]
fn a_full_unix_backlog_is_a_timeout_and_ends_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
    let socket = listener(AddressFamily::UNIX, &address);
    let _first = UnixStream::connect(&path).unwrap();
    let spec = tcp(Endpoint::Unix(path.clone()));
    let look = look_once(&mut looker(), &spec, SHORT_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Connect));
    std::thread::scope(|scope| {
        scope.spawn(|| rustix::net::accept(&socket).unwrap());
        assert_eq!(look_once(&mut looker(), &spec, LONG_MS).seen, Seen::Pass);
    });
}
