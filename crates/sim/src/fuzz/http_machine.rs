//! A server's bytes, cut at any places: the verdict is the same, and a redirect cannot make us say what we would not.

use super::bytes::Bytes;
use defib_config::spec::{Endpoint, HttpSpec, StatusSet};
use defib_guardian::fuzz::http_answer;

/// A few bytes for what is expected, then the cuts, then what a server says.
pub fn http_machine(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let spec = any_spec(&mut bytes);
    let pieces = bytes.pieces();
    let whole = pieces.concat();
    let expected = http_answer(&spec, &[&whole]);
    assert_eq!(http_answer(&spec, &pieces), expected, "cut at {:?}", lengths(&pieces));
    let single: Vec<&[u8]> = whole.chunks(1).collect();
    assert_eq!(http_answer(&spec, &single), expected, "byte by byte");
    if let Ok((_, Some(request))) = expected {
        judge_request(&request);
    }
}

fn lengths(pieces: &[&[u8]]) -> Vec<usize> {
    pieces.iter().map(|piece| piece.len()).collect()
}

fn any_spec(bytes: &mut Bytes<'_>) -> HttpSpec {
    let statuses =
        [vec![(200, 200)], vec![(200, 299)], vec![(100, 599)], vec![(301, 302), (404, 404)]];
    HttpSpec {
        endpoint: Endpoint::Ip([127, 0, 0, 1].into(), 80),
        tls: None,
        method: bytes.one_of(&["GET", "GET", "HEAD", "POST"]).to_owned(),
        target: "/a/b?c=d".to_owned(),
        host: "shop.test".to_owned(),
        headers: vec![("X-Key".to_owned(), "secret".to_owned())],
        expect: StatusSet(statuses[bytes.below(statuses.len())].clone()),
        body_contains: bytes.one_of(&[None, Some("ok"), Some("aab")]).map(str::to_owned),
        body_regex: bytes.one_of(&[None, None, Some("a+b$"), Some("(?i)ok")]).map(str::to_owned),
        body_max: bytes.one_of(&[1024, 4, 0, 65_536]),
        body_cap_is_fault: bytes.coin(),
        redirects_max: bytes.one_of(&[0, 1, 10]),
    }
}

/// One request, and no line of it that a server has slipped in; the key is for the host that it was given for.
fn judge_request(request: &[u8]) {
    let text = std::str::from_utf8(request).expect("a request is text");
    let head = text.strip_suffix("\r\n\r\n").expect("a request ends with an empty line");
    let mut lines = head.split("\r\n");
    let first = lines.next().expect("a first line");
    assert!(first.ends_with(" HTTP/1.1") && first.split(' ').count() == 3, "{first:?}");
    assert!(!head.replace("\r\n", "").chars().any(char::is_control), "{head:?}");
    let names: Vec<_> = lines.map(|line| line.split_once(": ").expect("a header").0).collect();
    let host = head.lines().find_map(|line| line.strip_prefix("Host: ")).expect("a host");
    let known = ["Host", "User-Agent", "Accept", "Connection", "Accept-Encoding", "Content-Length"];
    let allowed = |name: &&&str| known.contains(*name) || **name == "X-Key" && is_ours(host);
    assert_eq!(names.iter().find(|name| !allowed(name)), None, "{head:?}");
}

fn is_ours(host: &str) -> bool {
    host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("shop.test"))
}
