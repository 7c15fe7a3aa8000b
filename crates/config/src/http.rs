//! The keys of one HTTP look.

use crate::request::{body_text, headers, host, method, pattern, statuses};
use crate::section::Section;
use crate::spec::{Endpoint, Family, HttpSpec, StatusSet, TlsSpec};
use crate::units::size;
use crate::url::{Place, Url, check_name, is_localhost};
use crate::value::{absolute_path, boolean, choice, number, word};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most of a body that is ever read: the buffer that every probe shares is this large.
const BODY_MAX: u64 = 1 << 20;

/// Keys that make sense only beside `url`.
const ONLY_WITH_URL: [&str; 12] = [
    "method",
    "headers",
    "host",
    "expect",
    "body_contains",
    "body_regex",
    "body_max",
    "body_max_is_fault",
    "redirects",
    "ca_file",
    "server_name",
    "unix",
];

const FAMILIES: [(&str, Family); 3] =
    [("any", Family::Any), ("v4", Family::V4), ("v6", Family::V6)];

/// Reports the HTTP keys of a section that has no `url`.
pub(crate) fn refuse_without_url(section: &Section<'_>) {
    for key in ONLY_WITH_URL {
        if section.has(key) {
            let message = format!("`{key}` needs a `url`");
            let hint = "add url = \"http://...\", or take the key out".to_owned();
            section.refuse(section.span_of(key), &message, Some(hint));
        }
    }
}

/// The address family of a section.
pub(crate) fn family(section: &Section<'_>) -> Family {
    section.get("family", choice(&FAMILIES)).unwrap_or_default()
}

/// The request that a section describes, for its `url`.
pub(crate) fn read(section: &Section<'_>, url: Url) -> HttpSpec {
    let place = match section.get("unix", |value| {
        let path = absolute_path(value)?;
        crate::url::socket_fits(&path.to_string_lossy())?;
        Ok(path)
    }) {
        Some(path) => Place::Unix(path),
        None => url.place,
    };
    let spec = HttpSpec {
        endpoint: endpoint(section, &place),
        tls: tls(section, url.tls, url.server_name),
        method: section.get("method", method).unwrap_or_else(|| "GET".to_owned()),
        target: url.target,
        host: section.get("host", host).unwrap_or(url.host),
        headers: section.get("headers", headers).unwrap_or_default(),
        expect: section.get("expect", statuses).unwrap_or(StatusSet(vec![(200, 200)])),
        body_contains: section.get("body_contains", body_text),
        body_regex: section.get("body_regex", pattern),
        body_max: section.get("body_max", size(1..=BODY_MAX)).unwrap_or(BODY_MAX) as u32,
        body_cap_is_fault: section.get("body_max_is_fault", boolean).unwrap_or(false),
        redirects_max: section.get("redirects", number(0..=10)).unwrap_or(0) as u8,
    };
    check(section, &spec);
    spec
}

fn check(section: &Section<'_>, spec: &HttpSpec) {
    let wants_body = ["body_contains", "body_regex"].into_iter().find(|key| section.has(key));
    if let Some(key) = wants_body.filter(|_| spec.method == "HEAD") {
        let message = format!("`{key}` cannot hold: an answer to HEAD has no body");
        let hint = "use method = \"GET\", or take the key out".to_owned();
        section.refuse(section.span_of(key), &message, Some(hint));
    }
    if !["GET", "HEAD", "OPTIONS"].contains(&spec.method.as_str()) {
        let message = format!("`method` {} may change something at every look", spec.method);
        section.problems.warning(section.span_of("method"), message).hint("prefer GET or HEAD");
    }
    if spec.redirects_max > 0 && spec.expect.has(301) && spec.expect.has(302) {
        section
            .problems
            .warning(section.span_of("expect"), "`expect` has redirects that are followed instead")
            .hint("set redirects = 0, or expect only what comes after them");
    }
}

/// Where to connect for a place. A loopback name needs no resolver.
pub(crate) fn endpoint(section: &Section<'_>, place: &Place) -> Endpoint {
    let family = family(section);
    match place {
        Place::Unix(path) => Endpoint::Unix(path.clone()),
        Place::Ip(address, port) => {
            let agrees = matches!(
                (family, address),
                (Family::Any, _) | (Family::V4, IpAddr::V4(_)) | (Family::V6, IpAddr::V6(_))
            );
            if !agrees {
                let message = format!("`family` contradicts the address {address}");
                section.refuse(section.span_of("family"), &message, Some("take it out".to_owned()));
            }
            Endpoint::Ip(*address, *port)
        }
        Place::Name(name, port) if is_localhost(name) => Endpoint::Ip(loopback(family), *port),
        Place::Name(name, port) => Endpoint::Name { host: name.clone(), port: *port, family },
    }
}

/// The loopback address of a family.
pub(crate) fn loopback(family: Family) -> IpAddr {
    match family {
        Family::V6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
        Family::Any | Family::V4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

fn tls(section: &Section<'_>, tls: bool, default_name: String) -> Option<TlsSpec> {
    let ca_file = section.get("ca_file", absolute_path);
    let server_name = section.get("server_name", |value| {
        let name = word(value)?;
        if name.parse::<IpAddr>().is_err() {
            check_name(&name)?;
        }
        Ok(name)
    });
    if tls {
        return Some(TlsSpec { server_name: server_name.unwrap_or(default_name), ca_file });
    }
    for key in ["ca_file", "server_name"] {
        if section.has(key) {
            let message = format!("`{key}` means nothing for plain http");
            let hint = "use an https URL, or take the key out".to_owned();
            section.refuse(section.span_of(key), &message, Some(hint));
        }
    }
    None
}
