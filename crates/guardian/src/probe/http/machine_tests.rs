use super::*;
use defib_config::spec::Endpoint;
use proptest::prelude::*;

fn spec() -> HttpSpec {
    HttpSpec {
        endpoint: Endpoint::Ip([127, 0, 0, 1].into(), 80),
        tls: None,
        method: "GET".to_owned(),
        target: "/".to_owned(),
        host: "shop.test".to_owned(),
        headers: Vec::new(),
        expect: StatusSet(vec![(200, 200)]),
        body_contains: None,
        body_regex: None,
        body_max: 1024,
        body_cap_is_fault: false,
        redirects_max: 0,
    }
}

fn machine(spec: &HttpSpec) -> Machine {
    let rules = Rc::new(Rules::new(spec).unwrap());
    Machine::new(rules, spec.method == "HEAD", spec.redirects_max > 0)
}

fn run<'a>(spec: &HttpSpec, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut machine = machine(spec);
    pieces.into_iter().find_map(|piece| machine.feed(piece)).unwrap_or_else(|| machine.end())
}

fn seen(spec: &HttpSpec, bytes: &[u8]) -> Seen {
    match run(spec, [bytes]) {
        Outcome::Judged(seen) => seen,
        Outcome::Redirected(code, location) => panic!("{code} to {}", location.escape_ascii()),
    }
}

/// Needs no end: the verdict stands while the connection is still open.
fn seen_open(spec: &HttpSpec, bytes: &[u8]) -> Option<Outcome> {
    machine(spec).feed(bytes)
}

fn status(code: u16, retry_after_s: Option<u32>) -> Seen {
    Seen::Status { code, retry_after_s }
}

const MISSING: Seen = Seen::Body(BodyFault::Missing);
const CUT: Seen = Seen::Body(BodyFault::Truncated);
const BAD: Seen = Seen::Body(BodyFault::Malformed);

#[test]
fn a_length_ends_the_body_without_a_close() {
    let pass = Some(Outcome::Judged(Seen::Pass));
    assert_eq!(seen_open(&spec(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), pass);
    assert_eq!(seen_open(&spec(), b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"), pass);
    assert_eq!(seen_open(&spec(), b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), None);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(seen_open(&spec(), chunked), pass);
}

#[test]
fn every_way_to_break_off_has_its_name() {
    assert_eq!(seen(&spec(), b""), Seen::Reset);
    assert_eq!(seen(&spec(), b"HTTP/1.1 200 OK\r\nContent-"), CUT);
    assert_eq!(seen(&spec(), b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), CUT);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
    assert_eq!(seen(&spec(), chunked), CUT);
    assert_eq!(seen(&spec(), b"HTTP/1.0 200 OK\r\n\r\nwhatever"), Seen::Pass);
}

#[test]
fn what_is_not_http_is_told_at_once() {
    let bad = Some(Outcome::Judged(BAD));
    assert_eq!(seen_open(&spec(), b"SSH-2.0-OpenSSH_9.2\r\n"), bad);
    assert_eq!(seen_open(&spec(), b"\x16\x03\x01"), bad);
    assert_eq!(seen_open(&spec(), b"HTTP/2 200\r\n"), bad);
    assert_eq!(seen_open(&spec(), b"HTTP/1.1 2x0 OK\r\n\r\n"), bad);
    assert_eq!(seen(&spec(), b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), BAD);
    let two = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(seen(&spec(), two), BAD);
    let same = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2, 2\r\n\r\nok";
    assert_eq!(seen(&spec(), same), Seen::Pass);
    let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nzz\r\n";
    assert_eq!(seen(&spec(), chunk), BAD);
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; HEAD_MAX]].concat();
    assert_eq!(seen_open(&spec(), &endless), bad);
}

#[test]
fn a_head_may_be_as_long_as_the_limit_however_it_comes() {
    for (padding, expected) in [(HEAD_MAX - 100, Seen::Pass), (HEAD_MAX, BAD)] {
        let line = format!("X: {}\r\n", "x".repeat(padding));
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{line}\r\n");
        assert_eq!(seen(&spec(), answer.as_bytes()), expected);
        let pieces = answer.as_bytes().chunks(1000);
        assert_eq!(run(&spec(), pieces), Outcome::Judged(expected));
    }
}

#[test]
fn a_text_is_found_across_pieces() {
    let want = HttpSpec { body_contains: Some("lo wo".to_owned()), ..spec() };
    let pieces = [&b"HTTP/1.0 200 OK\r\n\r\nhel"[..], b"lo", b" world"];
    assert_eq!(run(&want, pieces), Outcome::Judged(Seen::Pass));
}

#[test]
fn interim_answers_are_read_past_and_bodiless_ones_have_no_body() {
    let early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(seen(&spec(), early), Seen::Pass);
    assert_eq!(seen(&spec(), b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), status(101, None));
    let head = HttpSpec { method: "HEAD".to_owned(), ..spec() };
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
    assert_eq!(seen_open(&head, answer), Some(Outcome::Judged(Seen::Pass)));
    let empty = HttpSpec { expect: StatusSet(vec![(200, 299)]), ..spec() };
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(seen_open(&empty, answer), Some(Outcome::Judged(Seen::Pass)));
}

#[test]
fn statuses_are_judged_before_bodies_and_say_when_to_come_again() {
    let busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 9\r\n\r\n";
    assert_eq!(seen_open(&spec(), busy), Some(Outcome::Judged(status(503, Some(120)))));
    let dated = b"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n\r\n";
    assert_eq!(seen(&spec(), dated), status(503, Some(120)));
    let undated = b"HTTP/1.1 503 x\r\nRetry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n\r\n";
    assert_eq!(seen(&spec(), undated), status(503, None));
    assert_eq!(seen(&spec(), b"HTTP/1.1 500 x\r\nRetry-After: soon\r\n\r\n"), status(500, None));
    let ranges = HttpSpec { expect: StatusSet(vec![(200, 204), (401, 401)]), ..spec() };
    assert_eq!(seen(&ranges, b"HTTP/1.1 401 x\r\n\r\n"), Seen::Pass);
    assert_eq!(seen(&ranges, b"HTTP/1.1 205 x\r\n\r\n"), status(205, None));
}

#[test]
fn a_redirect_is_followed_only_if_asked_for_and_unexpected() {
    let answer = b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n";
    assert_eq!(seen(&spec(), answer), status(302, None));
    let follow = HttpSpec { redirects_max: 1, ..spec() };
    assert_eq!(run(&follow, [&answer[..]]), Outcome::Redirected(302, b"/login".to_vec()));
    assert_eq!(seen(&follow, b"HTTP/1.1 302 Found\r\n\r\n"), status(302, None));
    assert_eq!(seen(&follow, b"HTTP/1.1 304 x\r\nLocation: /login\r\n\r\n"), status(304, None));
    let expected = HttpSpec { expect: StatusSet(vec![(302, 302)]), ..follow };
    assert_eq!(seen(&expected, answer), Seen::Pass);
}

#[test]
fn bodies_are_searched_up_to_the_cap_and_no_further() {
    let want = |text: &str| HttpSpec { body_contains: Some(text.to_owned()), ..spec() };
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
    assert_eq!(seen(&want("lo wo"), answer), Seen::Pass);
    assert_eq!(seen(&want("bye"), answer), MISSING);
    let pattern = HttpSpec { body_regex: Some("^hel+o (world|moon)$".to_owned()), ..spec() };
    assert_eq!(seen(&pattern, answer), Seen::Pass);
    assert_eq!(seen(&HttpSpec { body_max: 8, ..pattern }, answer), MISSING);
    assert_eq!(seen(&HttpSpec { body_max: 8, ..want("lo wo") }, answer), Seen::Pass);
    assert_eq!(seen(&HttpSpec { body_max: 7, ..want("lo wo") }, answer), MISSING);
    let strict = |body_max| HttpSpec { body_max, body_cap_is_fault: true, ..spec() };
    assert_eq!(seen(&strict(11), answer), Seen::Pass);
    assert_eq!(seen(&strict(10), answer), Seen::Body(BodyFault::TooLarge));
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n";
    assert_eq!(seen(&strict(8), chunked), Seen::Body(BodyFault::TooLarge));
    assert_eq!(seen(&strict(9), chunked), Seen::Pass);
}

#[test]
fn details_say_what_was_there() {
    let mut machine = machine(&HttpSpec { body_contains: Some("bye".to_owned()), ..spec() });
    machine.feed(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(machine.detail(Seen::Pass).as_str(), "HTTP 200 Fine");
    assert_eq!(machine.detail(MISSING).as_str(), "HTTP 200, but the body has no \"bye\"");
}

#[test]
fn a_bad_pattern_is_refused_with_its_text() {
    let bad = HttpSpec { body_regex: Some("a(".to_owned()), ..spec() };
    assert!(Rules::new(&bad).unwrap_err().starts_with("body_regex \"a(\": "));
}

/// Answers that are nearly right, from pieces of right and wrong ones: mostly a whole head first, so
/// that the rest is read as a body.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let head = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n",
        "HTTP/1.1 103 Early\r\n\r\nHTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "",
    ]);
    let piece = prop::sample::select(vec![
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "\n",
        "\r",
        "5\r\nhello\r\n",
        "6;x=y\r\n world\r\n",
        "0\r\n",
        "0\r\n\r\n",
        "a;x=y\r\n",
        "hello world",
        "lo wo",
        "X: y\r\n",
        "\u{1}",
        "HTTP/1.",
    ]);
    let noise = prop_oneof![8 => piece.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6)];
    (head, prop::collection::vec(noise, 0..6))
        .prop_map(|(head, pieces)| [head.as_bytes(), &pieces.concat()].concat())
}

fn any_spec() -> impl Strategy<Value = HttpSpec> {
    let contains = prop::option::of(Just("lo wo".to_owned()));
    let regex = prop::option::of(Just("h.*o".to_owned()));
    (contains, regex, 0..20_u32, any::<bool>(), 0..2_u8, any::<bool>()).prop_map(
        |(body_contains, body_regex, body_max, body_cap_is_fault, redirects_max, head)| HttpSpec {
            body_contains,
            body_regex,
            body_max,
            body_cap_is_fault,
            redirects_max,
            method: if head { "HEAD" } else { "GET" }.to_owned(),
            ..spec()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_split_gives_the_same_verdict(
        spec in any_spec(),
        answer in answer(),
        cuts in prop::collection::vec(0..120_usize, 0..6),
    ) {
        let whole = run(&spec, [&answer[..]]);
        let bytewise = run(&spec, answer.chunks(1));
        prop_assert_eq!(&whole, &bytewise);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(answer.len())).collect();
        cuts.extend([0, answer.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &answer[pair[0]..pair[1]]);
        prop_assert_eq!(&whole, &run(&spec, pieces));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        run(&spec(), [&bytes[..]]);
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        run(&spec(), [&head[..], &bytes]);
    }
}
