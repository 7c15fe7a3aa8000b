use super::*;
use proptest::prelude::*;

fn hop(endpoint: Endpoint, authority: &str, is_tls: bool) -> Hop {
    let place = Place { is_tls, authority: authority.to_owned(), target: "/a/b?c=d".to_owned() };
    let tls = is_tls.then(|| HopTls { name: name("shop.test").unwrap(), ca_file: None });
    Hop {
        endpoint: Rc::new(endpoint),
        tls,
        request: Vec::new(),
        place,
        method: "POST".to_owned(),
        headers: vec![("Authorization".to_owned(), "secret".to_owned())],
        ca_file: None,
    }
}

fn local(port: u16) -> Endpoint {
    Endpoint::Ip([127, 0, 0, 1].into(), port)
}

fn target(location: &str) -> String {
    let place = hop(local(80), "shop.test", false).place;
    place.resolve(location).map_or_else(
        || "none".to_owned(),
        |place| {
            let scheme = if place.is_tls { "https" } else { "http" };
            format!("{scheme}://{}{}", place.authority, place.target)
        },
    )
}

#[test]
fn references_are_resolved_as_browsers_do() {
    for (location, expected) in [
        ("/login", "http://shop.test/login"),
        ("login?x=1#top", "http://shop.test/a/login?x=1"),
        ("../up", "http://shop.test/up"),
        ("../../../up/./x/..", "http://shop.test/up/"),
        ("?q", "http://shop.test/a/b?q"),
        ("", "http://shop.test/a/b?c=d"),
        ("//cdn.test/x", "http://cdn.test/x"),
        ("HTTPS://shop.test", "https://shop.test/"),
        ("https://shop.test:8443?x", "https://shop.test:8443/?x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("ftp://shop.test/", "none"),
        ("javascript:alert(1)", "none"),
        ("https://user@shop.test/", "none"),
        ("http://shop.test:70000/", "none"),
        ("http:///x", "none"),
        ("/a b", "none"),
        ("/a\r\nX: y", "none"),
    ] {
        assert_eq!(target(location), expected, "{location:?}");
    }
}

#[test]
fn the_same_host_stays_at_the_address_that_was_configured() {
    let old = hop(local(8000), "shop.test:8000", false);
    let next = old.follow(302, b"/login").unwrap();
    assert_eq!(*next.endpoint, local(8000));
    assert_eq!(next.method, "GET");
    let text = String::from_utf8(next.request).unwrap();
    assert!(text.starts_with("GET /login HTTP/1.1\r\nHost: shop.test:8000\r\n"), "{text}");
    assert!(text.contains("Authorization: secret\r\n"), "{text}");
    let secure = old.follow(308, b"https://shop.test/").unwrap();
    assert_eq!(*secure.endpoint, local(443));
    assert_eq!(secure.method, "POST");
    assert_eq!(secure.tls.unwrap().name, name("shop.test").unwrap());
}

#[test]
fn another_host_is_resolved_and_shown_no_credentials() {
    let unix = hop(Endpoint::Unix("/run/shop.sock".into()), "shop.test", true);
    let next = unix.follow(307, b"http://other.test:81/").unwrap();
    let expected = Endpoint::Name { host: "other.test".to_owned(), port: 81, family: Family::Any };
    assert_eq!(*next.endpoint, expected);
    assert!(next.tls.is_none());
    assert!(!String::from_utf8(next.request).unwrap().contains("secret"));
    let stays = unix.follow(303, b"https://SHOP.test/x").unwrap();
    assert_eq!(*stays.endpoint, Endpoint::Unix("/run/shop.sock".into()));
    let literal = unix.follow(302, b"http://[::1]:8080/").unwrap();
    assert_eq!(*literal.endpoint, Endpoint::Ip("::1".parse().unwrap(), 8080));
}

proptest! {
    #[test]
    fn no_location_makes_it_panic(location in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = hop(local(80), "shop.test", true).follow(302, &location);
    }

    #[test]
    fn no_odd_url_makes_a_second_request(location in "(http:)?[/.?:@#a\\r\\n\\[\\] ]{0,20}") {
        if let Some(hop) = hop(local(80), "shop.test", false).follow(302, location.as_bytes()) {
            let text = String::from_utf8(hop.request).unwrap();
            prop_assert_eq!(text.matches("HTTP/1.1").count(), 1);
            prop_assert_eq!(text.matches("\r\n\r\n").count(), 1);
        }
    }
}
