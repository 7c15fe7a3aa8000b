//! The keys of one HTTP look.

use crate::section::{Section, Value, Wrong, entries};
use crate::spec::{Endpoint, Family, HttpSpec, StatusSet, TlsSpec};
use crate::url::{Place, Url, check_name, is_localhost};
use crate::value::{absolute_path, boolean, choice, number, size, text, word};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use toml::de::DeValue;

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

fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(letter)
}

fn method(value: &Value<'_>) -> Result<String, Wrong> {
    let method = word(value)?;
    if !is_token(&method) || method.len() > 16 {
        return Err(Wrong::new(format!("is not an HTTP method: \"{method}\"")));
    }
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let upper = method.to_ascii_uppercase();
        return Err(Wrong::new("is case-sensitive").hint(format!("did you mean \"{upper}\"?")));
    }
    if method == "CONNECT" {
        return Err(Wrong::new("cannot be CONNECT").hint("for a mere connect use `tcp`"));
    }
    Ok(method)
}

fn host(value: &Value<'_>) -> Result<String, Wrong> {
    let host = word(value)?;
    let letter = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\\"".contains(&byte);
    if host.len() <= 300 && host.bytes().all(letter) {
        return Ok(host);
    }
    Err(Wrong::new(format!("is not a Host header: \"{host}\"")).hint("a name, or name:port"))
}

fn body_text(value: &Value<'_>) -> Result<String, Wrong> {
    let text = text(value)?;
    if text.is_empty() || text.len() > 4096 {
        return Err(Wrong::new("must have 1 to 4096 bytes"));
    }
    Ok(text.to_owned())
}

fn pattern(value: &Value<'_>) -> Result<String, Wrong> {
    let pattern = body_text(value)?;
    match regex_lite::RegexBuilder::new(&pattern).size_limit(1 << 18).build() {
        Ok(_) => Ok(pattern),
        Err(fault) => Err(Wrong::new(format!("is not a pattern that can be used: {fault}"))
            .hint("the syntax of the regex-lite crate; a literal text belongs in `body_contains`")),
    }
}

/// Headers that the prober sets itself, with the reason.
const OWN_HEADERS: [(&str, &str); 4] = [
    ("host", "use the key `host`"),
    ("connection", "every look closes its connection, so that none is left idle on the app"),
    ("content-length", "a look sends no body"),
    ("transfer-encoding", "a look sends no body"),
];

fn headers(value: &Value<'_>) -> Result<Vec<(String, String)>, Wrong> {
    let Some(table) = value.as_ref().as_table() else {
        let kind = value.as_ref().type_str();
        return Err(Wrong::new(format!("must be a table, not {kind}"))
            .hint("headers = { Accept = \"text/html\" }"));
    };
    if table.len() > 32 {
        return Err(Wrong::new("has more than 32 headers"));
    }
    let mut headers = Vec::new();
    for entry in entries(table) {
        let name = entry.name;
        crate::target::refuse_machine_key(name)?;
        if !is_token(name) {
            return Err(Wrong::new(format!("has a bad name: \"{name}\"")));
        }
        let own = OWN_HEADERS.iter().find(|(own, _)| name.eq_ignore_ascii_case(own));
        if let Some((_, why)) = own {
            return Err(Wrong::new(format!("cannot set {name}")).hint(*why));
        }
        let text = word(entry.value).map_err(|wrong| Wrong {
            message: format!("has a bad value: {name} {}", wrong.message),
            hint: wrong.hint,
        })?;
        headers.push((name.to_owned(), text));
    }
    Ok(headers)
}

const STATUS_FORMS: &str = "write 200, [200, 204], \"200-299\" or [\"200-204\", 301]";

fn statuses(value: &Value<'_>) -> Result<StatusSet, Wrong> {
    let ranges = match value.as_ref() {
        DeValue::Array(items) => items.iter().map(status_range).collect::<Result<Vec<_>, _>>()?,
        _ => vec![status_range(value)?],
    };
    if ranges.is_empty() {
        return Err(Wrong::new("expects nothing, so every look would fail").hint(STATUS_FORMS));
    }
    Ok(StatusSet(ranges))
}

fn status_range(value: &Value<'_>) -> Result<(u16, u16), Wrong> {
    if let DeValue::Integer(_) = value.as_ref() {
        let code = number(100..=599)(value).map_err(|wrong| wrong.hint(STATUS_FORMS))? as u16;
        return Ok((code, code));
    }
    let text = value.as_ref().as_str().ok_or_else(|| {
        let kind = value.as_ref().type_str();
        Wrong::new(format!("must be a status or a range, not {kind}")).hint(STATUS_FORMS)
    })?;
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
        (Ok(low), Ok(high)) if 100 <= low && low <= high && high <= 599 => Ok((low, high)),
        (Ok(low), Ok(high)) if low > high => {
            Err(Wrong::new(format!("has a range that runs backwards: \"{text}\""))
                .hint(format!("did you mean \"{high}-{low}\"?")))
        }
        _ => Err(Wrong::new(format!("is not a status or a range: \"{text}\"")).hint(STATUS_FORMS)),
    }
}
