//! HTTP in clear: verdicts, phases and deadlines.

use crate::servers::{
    LONG_MS, SHORT_MS, Scripted, answer, answer_and_hold, closed_port, get, hold, http, local,
    look, look_at, looker, read_head,
};
use defib_config::spec::{Endpoint, StatusSet};
use defib_engine::seen::{BodyFault, Phase, Seen};
use defib_guardian::probe::look_once;
use rustix::net::sockopt::set_socket_linger;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

const OK: &[&str] = &["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];

#[test]
fn a_pass_names_its_phases_and_its_status_line() {
    // Held open by the server: the length alone ends the look.
    let look = look_at(answer_and_hold(OK), |_| {});
    assert_eq!(look.seen, Seen::Pass);
    assert_eq!(look.detail.as_str(), "HTTP 200 OK");
    assert!(look.answered);
    let phases = look.phases;
    assert_eq!((phases.resolve_us, phases.tls_us), (None, None));
    let sum = [phases.connect_us, phases.first_byte_us, phases.body_us].map(Option::unwrap);
    assert_eq!(sum.iter().sum::<u32>(), look.total_us);
}

#[test]
fn the_request_is_what_was_asked_for() {
    let server = Scripted::new(vec![Box::new(|mut stream| {
        let head = read_head(&mut stream);
        assert!(
            head.starts_with("OPTIONS /health?x=1 HTTP/1.1\r\nHost: shop.test:8080\r\n"),
            "{head}"
        );
        assert!(head.contains("\r\nX-Token: abc\r\n"), "{head}");
        assert!(head.contains("\r\nUser-Agent: mine\r\n"), "{head}");
        assert!(head.ends_with("\r\nConnection: close\r\n\r\n"), "{head}");
        assert_eq!(head.to_ascii_lowercase().matches("user-agent").count(), 1);
        stream.write_all(OK[0].as_bytes()).unwrap();
    })]);
    let mut spec = get(local(server.port));
    spec.method = "OPTIONS".to_owned();
    spec.target = "/health?x=1".to_owned();
    spec.host = "shop.test:8080".to_owned();
    let own = [("X-Token", "abc"), ("User-Agent", "mine"), ("Connection", "keep-alive")];
    spec.headers = own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(look(spec).seen, Seen::Pass);
    server.finish();
}

#[test]
fn a_request_with_a_line_break_is_refused_before_it_is_sent() {
    let mut spec = get(local(1));
    spec.headers = vec![("X".to_owned(), "a\r\nY: b".to_owned())];
    assert!(defib_guardian::probe::Probe::new(&http(spec)).is_err());
}

#[test]
fn statuses_outside_the_expected_set_are_told_with_their_retry_after() {
    let busy = &["HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\n\r\n"];
    let look = look_at(answer(busy), |_| {});
    assert_eq!(look.seen, Seen::Status { code: 503, retry_after_s: Some(30) });
    assert_eq!(look.detail.as_str(), "HTTP 503 Service Unavailable");
    let created = &["HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"];
    let set = StatusSet(vec![(200, 200), (201, 204)]);
    assert_eq!(look_at(answer(created), |spec| spec.expect = set).seen, Seen::Pass);
    let look = look_at(answer(created), |_| {});
    assert_eq!(look.seen, Seen::Status { code: 201, retry_after_s: None });
}

#[test]
fn bodies_are_searched_across_chunks_and_segments() {
    let pieces = &[
        "HTTP/1.1 200 OK\r\nTransfer-Enco",
        "ding: chunked\r\n\r\n6\r\nhel",
        "lo \r\n5",
        "\r\nworld\r\n0\r\n",
        "\r\n",
    ];
    let contains = |text: &str| Some(text.to_owned());
    let found = look_at(answer_and_hold(pieces), |spec| spec.body_contains = contains("lo wo"));
    assert_eq!(found.seen, Seen::Pass);
    let missing = look_at(answer_and_hold(pieces), |spec| spec.body_contains = contains("bye"));
    assert_eq!(missing.seen, Seen::Body(BodyFault::Missing));
    assert_eq!(missing.detail.as_str(), "HTTP 200, but the body has no \"bye\"");
    let pattern = look_at(answer(pieces), |spec| spec.body_regex = contains("^hello w.*d$"));
    assert_eq!(pattern.seen, Seen::Pass);
    let capped = look_at(answer(pieces), |spec| {
        spec.body_max = 8;
        spec.body_regex = contains("world");
    });
    assert_eq!(capped.seen, Seen::Body(BodyFault::Missing));
    let large = look_at(answer(pieces), |spec| {
        spec.body_max = 8;
        spec.body_cap_is_fault = true;
    });
    assert_eq!(large.seen, Seen::Body(BodyFault::TooLarge));
}

#[test]
fn a_head_request_waits_for_no_body() {
    let head_only = &["HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"];
    let look = look_at(answer_and_hold(head_only), |spec| spec.method = "HEAD".to_owned());
    assert_eq!(look.seen, Seen::Pass);
}

#[test]
fn broken_answers_are_told_apart() {
    let malformed = look_at(answer(&["220 mail.test ESMTP\r\n"]), |_| {});
    assert_eq!(malformed.seen, Seen::Body(BodyFault::Malformed));
    let cut = look_at(answer(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"]), |_| {});
    assert_eq!(cut.seen, Seen::Body(BodyFault::Truncated));
    let closed = look_at(answer(&[]), |_| {});
    assert_eq!(closed.seen, Seen::Reset);
    assert!(!closed.answered);
}

#[test]
fn a_reset_is_a_reset() {
    let look = look_at(
        Box::new(|mut stream| {
            read_head(&mut stream);
            set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }),
        |_| {},
    );
    assert_eq!(look.seen, Seen::Reset);
}

#[test]
fn refusals_need_nobody_to_listen() {
    let (port, _guard) = closed_port();
    let refused = look(get(local(port)));
    assert_eq!(refused.seen, Seen::Refused);
    assert_eq!((refused.phases.first_byte_us, refused.phases.body_us), (None, None));
    let nowhere = Endpoint::Unix("/nonexistent/defib.sock".into());
    assert_eq!(look(get(nowhere)).seen, Seen::Refused);
}

#[test]
fn the_ipv6_loopback_is_reached() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let server = Scripted::on(listener, vec![answer(OK)]);
    let look = look(get(Endpoint::Ip("::1".parse().unwrap(), server.port)));
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    server.finish();
}

#[test]
fn each_phase_has_its_deadline_and_the_whole_run_has_one() {
    let body: &[&str] = &["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"];
    for by_phase in [true, false] {
        for (pieces, phase) in [(&[][..], Phase::FirstByte), (body, Phase::Body)] {
            // The script ends only when the probe has closed the connection.
            let server = Scripted::new(vec![answer_and_hold(pieces)]);
            let mut spec = http(get(local(server.port)));
            if by_phase {
                spec.phases.first_byte_ms = SHORT_MS;
                spec.phases.body_ms = SHORT_MS;
            }
            let look = look_once(&mut looker(), &spec, if by_phase { LONG_MS } else { SHORT_MS });
            assert_eq!(look.seen, Seen::Timeout(phase));
            assert!((150_000..1_500_000).contains(&look.total_us), "{look:?}");
            server.finish();
        }
    }
}

#[test]
fn a_slow_pass_is_slow() {
    let server = Scripted::new(vec![Box::new(|mut stream| {
        read_head(&mut stream);
        // Nothing more comes from the probe, so this takes its whole time.
        stream.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
        assert!(stream.read(&mut [0]).is_err());
        stream.write_all(OK[0].as_bytes()).unwrap();
        stream.set_read_timeout(None).unwrap();
        hold(stream);
    })]);
    let mut spec = http(get(local(server.port)));
    spec.slow_ms = 50;
    assert_eq!(look_once(&mut looker(), &spec, LONG_MS).seen, Seen::Slow);
    server.finish();
}

#[test]
fn redirects_are_followed_as_often_as_allowed() {
    let to = |target: &'static str| -> crate::servers::Script {
        Box::new(move |mut stream| {
            read_head(&mut stream);
            write!(stream, "HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
            // Closed by the probe before it goes on, or this would never end.
            hold(stream);
        })
    };
    let last = || -> crate::servers::Script {
        Box::new(|mut stream| {
            let head = read_head(&mut stream);
            assert!(head.starts_with("GET /b HTTP/1.1\r\nHost: shop.test\r\n"), "{head}");
            stream.write_all(OK[0].as_bytes()).unwrap();
        })
    };
    for (allowed, expected) in [
        (2, Seen::Pass),
        (1, Seen::Status { code: 302, retry_after_s: None }),
        (0, Seen::Status { code: 302, retry_after_s: None }),
    ] {
        let mut scripts = vec![to("/a"), to("b"), last()];
        scripts.truncate(usize::from(allowed) + 1);
        let server = Scripted::new(scripts);
        let mut spec = get(local(server.port));
        spec.redirects_max = allowed;
        let look = look(spec);
        assert_eq!(look.seen, expected, "{look:?}");
        server.finish();
    }
}
