//! TLS with servers that misbehave.

use crate::certificates::Authority;
use crate::servers::{
    LONG_MS, SHORT_MS, Script, Scripted, get, hold, http, local, look_at, looker,
};
use defib_config::spec::{HttpSpec, TlsSpec};
use defib_engine::seen::{Phase, Seen, TlsFault, UnknownWhy};
use defib_guardian::probe::look_once;
use std::io::{Read, Write};
use std::path::PathBuf;

fn tls(ca_file: PathBuf) -> impl FnOnce(&mut HttpSpec) {
    let ca_file = Some(ca_file);
    move |spec| spec.tls = Some(TlsSpec { server_name: "shop.test".to_owned(), ca_file })
}

/// Reads something of the client's first message, then goes on.
fn after_hello(then: impl FnOnce(std::net::TcpStream) + Send + 'static) -> Script {
    Box::new(move |mut stream| {
        let mut hello = [0; 4096];
        assert!(stream.read(&mut hello).unwrap() > 0);
        then(stream);
    })
}

#[test]
fn the_handshake_has_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ours");
    let server = Scripted::new(vec![after_hello(hold)]);
    let mut spec = get(local(server.port));
    tls(authority.file)(&mut spec);
    let mut spec = http(spec);
    spec.phases.tls_ms = SHORT_MS;
    let look = look_once(&mut looker(), &spec, LONG_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Tls));
    assert!(look.phases.tls_us.is_some() && look.phases.first_byte_us.is_none());
    server.finish();
}

#[test]
fn a_server_that_does_not_speak_tls_is_told_from_one_that_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ours");
    let banner = after_hello(|mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        hold(stream);
    });
    let look = look_at(banner, tls(authority.file.clone()));
    assert_eq!(look.seen, Seen::Tls(TlsFault::Protocol));
    let look = look_at(after_hello(drop), tls(authority.file));
    assert_eq!(look.seen, Seen::Reset);
    assert_eq!(look.detail.as_str(), "closed during the TLS handshake");
}

#[test]
fn a_ca_file_that_cannot_be_read_is_our_own_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing in here\n").unwrap();
    for (file, message) in [
        (empty, "no certificate authority found in "),
        (folder.path().join("missing.pem"), "cannot read ca_file "),
    ] {
        let look = look_at(Box::new(hold), tls(file));
        assert_eq!(look.seen, Seen::Unknown(UnknownWhy::OurLimit));
        assert!(look.detail.as_str().starts_with(message), "{look:?}");
    }
}
