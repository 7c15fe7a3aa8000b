//! Derived probes: the loopback's view of a public name.

use crate::servers::{
    LONG_MS, Scripted, answer, closed_port, drive, get, http, local, looker, probe_of,
};
use defib_config::spec::{Endpoint, Family, ProbeKind, ProbeSpec};
use defib_engine::seen::{Seen, UnknownWhy};
use defib_guardian::probe::Terms;

fn derived(port: u16) -> Endpoint {
    // Would not resolve: the derived look must not need it.
    Endpoint::Name { host: "shop.invalid".to_owned(), port, family: Family::Any }
}

fn terms(listener_seen: bool) -> Terms {
    Terms { timeout_ms: LONG_MS, listener_seen }
}

#[test]
fn the_local_listener_is_asked_with_the_public_host() {
    let script = answer(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let server = Scripted::new(vec![script]);
    let spec = ProbeSpec { derived: true, ..http(get(derived(server.port))) };
    let look = drive(&mut looker(), &spec, terms(false));
    assert_eq!(look.seen, Seen::Pass);
    assert!(look.answered);
    server.finish();
}

#[test]
fn a_refusal_counts_only_where_somebody_has_answered_before() {
    let (port, _guard) = closed_port();
    for kind in [http(get(derived(port))).kind, ProbeKind::Tcp(derived(port))] {
        let spec = ProbeSpec { derived: true, ..probe_of(kind) };
        let look = drive(&mut looker(), &spec, terms(false));
        assert_eq!(look.seen, Seen::Unknown(UnknownWhy::NothingThere));
        assert!(!look.answered);
        assert_eq!(drive(&mut looker(), &spec, terms(true)).seen, Seen::Refused);
    }
    let own = http(get(local(port)));
    assert_eq!(drive(&mut looker(), &own, terms(false)).seen, Seen::Refused);
}
