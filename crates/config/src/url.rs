//! URLs of probes: `http`, `https`, and both over a unix socket.

use crate::section::Wrong;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) tls: bool,
    pub(crate) place: Place,
    /// The Host header that belongs to it.
    pub(crate) host: String,
    /// The name for SNI and the certificate.
    pub(crate) server_name: String,
    /// Path and query.
    pub(crate) target: String,
}

/// Where a URL or a `tcp` key points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Ip(IpAddr, u16),
    Name(String, u16),
    Unix(PathBuf),
}

impl Place {
    /// Whether it can only be this machine. `localhost` and names under it are the loopback by
    /// RFC 6761.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Place::Ip(address, _) => address.to_canonical().is_loopback(),
            Place::Name(name, _) => is_localhost(name),
            Place::Unix(_) => true,
        }
    }

    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Place::Ip(_, port) | Place::Name(_, port) => Some(*port),
            Place::Unix(_) => None,
        }
    }
}

pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Takes a URL apart, or says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Url, Wrong> {
    if text.len() > 2048 {
        return Err(Wrong::new("is longer than 2048 bytes"));
    }
    if let Some(bad) = text.chars().find(|letter| !letter.is_ascii_graphic()) {
        return Err(Wrong::new(format!("contains {bad:?}, which no URL may"))
            .hint("percent-encode it, for example a space as %20; a name in punycode"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let tls = text.starts_with("https");
        let rest = text.trim_start_matches("https").trim_start_matches("http");
        let (scheme, rest) =
            (if tls { "https" } else { "http" }, rest.trim_start_matches([':', '/']));
        return Err(
            Wrong::new("has no scheme").hint(format!("did you mean \"{scheme}://{rest}\"?"))
        );
    };
    if rest.contains('#') {
        return Err(Wrong::new("has a fragment (`#...`), which is never sent to a server")
            .hint("leave it out"));
    }
    match scheme.to_ascii_lowercase().as_str() {
        "http" => over_network(false, rest),
        "https" => over_network(true, rest),
        "http+unix" => over_unix(false, rest),
        "https+unix" => over_unix(true, rest),
        other => Err(Wrong::new(format!("has the scheme `{other}`"))
            .hint("use http, https, http+unix or https+unix; for a mere connect use `tcp`")),
    }
}

fn over_network(tls: bool, rest: &str) -> Result<Url, Wrong> {
    let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_len);
    if authority.contains('@') {
        return Err(Wrong::new("holds a user name or password").hint(
            "take it out of the URL and send it: headers = { Authorization = \"Basic ...\" }",
        ));
    }
    let default_port = if tls { 443 } else { 80 };
    let place = parse_place(authority, Some(default_port))?;
    let (shown, server_name) = match &place {
        Place::Ip(IpAddr::V6(address), _) => (format!("[{address}]"), address.to_string()),
        Place::Ip(address, _) => (address.to_string(), address.to_string()),
        Place::Name(name, _) => (name.clone(), name.trim_end_matches('.').to_owned()),
        Place::Unix(_) => (String::new(), String::new()),
    };
    let host = match place.port() {
        Some(port) if port != default_port => format!("{shown}:{port}"),
        _ => shown,
    };
    Ok(Url { tls, place, host, server_name, target: target(tail) })
}

/// `http+unix:///run/app.sock:/path`: the socket up to the first colon, then path and query.
fn over_unix(tls: bool, rest: &str) -> Result<Url, Wrong> {
    let form = "write \"http+unix:///run/app.sock:/path\"";
    if rest.to_ascii_lowercase().starts_with("%2f") {
        return Err(Wrong::new("has an encoded socket path").hint(form));
    }
    let (socket, tail) = rest.split_once(':').unwrap_or((rest, "/"));
    if !socket.starts_with('/') || socket.len() < 2 {
        return Err(Wrong::new("names no absolute path of a socket").hint(form));
    }
    if !tail.starts_with('/') {
        return Err(Wrong::new("has a path that does not begin with `/`").hint(form));
    }
    socket_fits(socket)?;
    Ok(Url {
        tls,
        place: Place::Unix(PathBuf::from(socket)),
        host: "localhost".to_owned(),
        server_name: "localhost".to_owned(),
        target: target(tail),
    })
}

/// The kernel's `sun_path` holds 108 bytes with the closing NUL: unix(7).
pub(crate) fn socket_fits(path: &str) -> Result<(), Wrong> {
    if path.len() < 108 {
        return Ok(());
    }
    Err(Wrong::new(format!("names a socket path of {} bytes; the kernel takes 107", path.len())))
}

fn target(tail: &str) -> String {
    if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") }
}

/// `host`, `host:port`, `1.2.3.4:port`, `[::1]:port`; the port may be left out if there is a
/// default.
pub(crate) fn parse_place(text: &str, default_port: Option<u16>) -> Result<Place, Wrong> {
    let (host, port) = split_port(text)?;
    let port = match port {
        Some(digits) => parse_port(digits)?,
        None => default_port.ok_or_else(|| {
            Wrong::new("names no port").hint(format!("for example \"{text}:5432\""))
        })?,
    };
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let address: Ipv6Addr = inner
            .parse()
            .map_err(|_| Wrong::new(format!("has a bad IPv6 address: \"{inner}\"")))?;
        return specified(IpAddr::V6(address), port);
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return specified(address, port);
    }
    check_name(host)?;
    Ok(Place::Name(host.to_ascii_lowercase(), port))
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), Wrong> {
    if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return Err(Wrong::new("has an IPv6 address without a closing `]`"));
        };
        let (host, tail) = text.split_at(end + 1);
        return match tail.strip_prefix(':') {
            None if !tail.is_empty() => Err(Wrong::new(format!("has `{tail}` after the `]`"))),
            port => Ok((host, port)),
        };
    }
    if text.matches(':').count() > 1 {
        return Err(Wrong::new("has an IPv6 address without brackets")
            .hint("write it as \"[::1]\", the port after the bracket"));
    }
    Ok(match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn parse_port(digits: &str) -> Result<u16, Wrong> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if port > 0 && plain => Ok(port),
        _ => Err(Wrong::new(format!("has a bad port: \"{digits}\"")).hint("1 to 65535")),
    }
}

fn specified(address: IpAddr, port: u16) -> Result<Place, Wrong> {
    if address.is_unspecified() {
        return Err(Wrong::new(format!("points to {address}, which is no place to connect to"))
            .hint("a server that listens there is reached at 127.0.0.1 or [::1]"));
    }
    Ok(Place::Ip(address, port))
}

/// A host name as DNS takes it: labels of 1 to 63 letters, digits, `-` and `_`, 253 in all.
pub(crate) fn check_name(name: &str) -> Result<(), Wrong> {
    if name.is_empty() {
        return Err(Wrong::new("names no host"));
    }
    let labels: Vec<&str> = name.strip_suffix('.').unwrap_or(name).split('.').collect();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let good = |label: &&str| (1..=63).contains(&label.len()) && label.bytes().all(letter);
    if name.len() > 253 || !labels.iter().all(good) {
        return Err(Wrong::new(format!("has a bad host name: \"{name}\"")));
    }
    let last = labels.last().copied().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::new(format!("has a bad IPv4 address: \"{name}\""))
            .hint("four numbers from 0 to 255, as in 127.0.0.1"));
    }
    Ok(())
}
