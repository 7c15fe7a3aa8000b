//! Where a redirect leads.

use super::request::{Hop, HopTls, name};
use defib_config::spec::{Endpoint, Family};
use std::net::IpAddr;
use std::rc::Rc;

/// A place on the web: what a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) is_tls: bool,
    /// Host, and port if it is written: the Host header.
    pub(super) authority: String,
    /// Path and query.
    pub(super) target: String,
}

impl Place {
    /// The place that `location` means when it is read here (RFC 3986, 5.2, less what HTTP has no
    /// use for); `None` if that is not http.
    fn resolve(&self, location: &str) -> Option<Place> {
        let location = location.split('#').next()?.trim();
        if location.chars().any(|letter| letter.is_control() || letter == ' ') {
            return None;
        }
        if let Some(rest) = strip_scheme(location, "http:") {
            return absolute(false, rest);
        }
        if let Some(rest) = strip_scheme(location, "https:") {
            return absolute(true, rest);
        }
        if location.starts_with("//") {
            return absolute(self.is_tls, location);
        }
        let before_query = location.split('?').next()?;
        if before_query.split('/').next()?.contains(':') {
            return None;
        }
        let path = self.target.split('?').next()?;
        let target = match location.chars().next() {
            None => self.target.clone(),
            Some('/') => location.to_owned(),
            Some('?') => format!("{path}{location}"),
            Some(_) => format!("{}/{location}", path.rsplit_once('/').map_or("", |(dir, _)| dir)),
        };
        Some(Place { target: without_dots(&target), ..self.clone() })
    }

    /// Host without brackets, and port.
    fn host_and_port(&self) -> Option<(&str, u16)> {
        let default = if self.is_tls { 443 } else { 80 };
        let authority = self.authority.as_str();
        if let Some(rest) = authority.strip_prefix('[') {
            let (host, port) = rest.split_once(']')?;
            let port = port.strip_prefix(':').map_or(Some(default), |port| port.parse().ok())?;
            return Some((host, port));
        }
        match authority.split_once(':') {
            Some((host, port)) => Some((host, port.parse().ok()?)),
            None => Some((authority, default)),
        }
    }
}

fn strip_scheme<'a>(location: &'a str, scheme: &str) -> Option<&'a str> {
    let start = location.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| &location[scheme.len()..])
}

fn absolute(is_tls: bool, rest: &str) -> Option<Place> {
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    // Credentials in a redirect are somebody's mistake, or a trick.
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    let target = without_dots(&format!("{slash}{target}"));
    let place = Place { is_tls, authority: authority.to_owned(), target };
    place.host_and_port()?;
    Some(place)
}

/// Takes `.` and `..` out of the path (RFC 3986, 5.2.4).
fn without_dots(target: &str) -> String {
    let (path, query) = match target.find('?') {
        Some(at) => target.split_at(at),
        None => (target, ""),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." => kept.extend(is_last.then_some("")),
            ".." => {
                kept.pop();
                kept.extend(is_last.then_some(""));
            }
            part => kept.push(part),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

impl Hop {
    /// The request that follows an answer of `status` with this `Location`.
    pub(super) fn follow(&self, status: u16, location: &[u8]) -> Option<Hop> {
        let place = self.place.resolve(std::str::from_utf8(location).ok()?)?;
        let (host, port) = place.host_and_port()?;
        let (old_host, old_port) = self.place.host_and_port()?;
        let same_host = host.eq_ignore_ascii_case(old_host);
        let is_same = same_host && port == old_port && place.is_tls == self.place.is_tls;
        let endpoint = if is_same {
            Rc::clone(&self.endpoint)
        } else {
            Rc::new(self.endpoint_for(host, port, same_host))
        };
        let tls = if place.is_tls {
            let name = match &self.tls {
                Some(tls) if same_host => tls.name.clone(),
                _ => name(host).ok()?,
            };
            Some(HopTls { name, ca_file: self.ca_file.clone() })
        } else {
            None
        };
        // RFC 9110, 15.4: 307 and 308 repeat the method, browsers made the others a GET.
        let keeps_method = matches!(status, 307 | 308) || self.is_head();
        let mut hop = Hop {
            endpoint,
            tls,
            request: Vec::new(),
            method: if keeps_method { self.method.clone() } else { "GET".to_owned() },
            // Another host must not be shown this one's credentials.
            headers: if same_host { self.headers.clone() } else { Vec::new() },
            ca_file: self.ca_file.clone(),
            place,
        };
        hop.request = hop.spell().ok()?.into_bytes();
        Some(hop)
    }

    /// Where to connect for a host and port. The same host stays at the address that the config
    /// named for it, if only the port changes.
    fn endpoint_for(&self, host: &str, port: u16, same_host: bool) -> Endpoint {
        match (&*self.endpoint, host.parse::<IpAddr>()) {
            (Endpoint::Ip(address, _), _) if same_host => Endpoint::Ip(*address, port),
            (Endpoint::Name { host, family, .. }, _) if same_host => {
                Endpoint::Name { host: host.clone(), port, family: *family }
            }
            (_, Ok(address)) => Endpoint::Ip(address, port),
            (old, Err(_)) => {
                let family = match old {
                    Endpoint::Name { family, .. } => *family,
                    Endpoint::Ip(..) | Endpoint::Unix(_) => Family::Any,
                };
                Endpoint::Name { host: host.to_owned(), port, family }
            }
        }
    }
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
