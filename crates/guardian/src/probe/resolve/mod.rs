//! Names to addresses without getaddrinfo, which blocks, starts threads and loads libraries: an
//! address as such, `localhost`, the hosts file, then a small stub resolver over UDP.

mod cache;
mod files;
mod lookup;
mod packet;

pub(super) use lookup::{Lookup, Step};

use super::time::Micros;
use cache::Cache;
use defib_config::spec::Family;
use files::{Conf, Hosts, Watched};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Where the resolver reads how this machine resolves names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverFiles {
    /// Usually `/etc/hosts`.
    pub hosts: PathBuf,
    /// Usually `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// The port of the name servers: 53.
    pub port: u16,
}

impl Default for ResolverFiles {
    fn default() -> ResolverFiles {
        ResolverFiles {
            hosts: PathBuf::from("/etc/hosts"),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            port: 53,
        }
    }
}

/// What all look-ups share: the two files as last read, and the answers of the last minute.
#[derive(Debug)]
pub(super) struct Resolver {
    hosts: Watched<Hosts>,
    conf: Watched<Conf>,
    port: u16,
    cache: Cache,
}

/// The way a look-up begins.
#[derive(Debug)]
pub(super) enum Begin {
    /// The address is known here.
    Known(IpAddr),
    /// A name server has to be asked.
    Ask(Box<Lookup>),
    /// There is no such address, and nobody to ask.
    Nowhere,
}

impl Resolver {
    pub(super) fn new(files: ResolverFiles) -> Resolver {
        Resolver {
            hosts: Watched::new(files.hosts, Hosts::parse),
            conf: Watched::new(files.resolv_conf, Conf::parse),
            port: files.port,
            cache: Cache::default(),
        }
    }

    /// Answers from what is at hand, or says how to ask.
    pub(super) fn begin(&mut self, host: &str, family: Family, now: Micros) -> Begin {
        if let Some(address) = literal(host) {
            return if fits(address, family) { Begin::Known(address) } else { Begin::Nowhere };
        }
        // RFC 6761: never asked of a name server.
        if host.eq_ignore_ascii_case("localhost") {
            return Begin::Known(loopback(family));
        }
        if let Some(address) = self.hosts.read().find(host, family) {
            return Begin::Known(address);
        }
        if let Some(address) = self.cache.get(host, family, now) {
            return Begin::Known(address);
        }
        let conf = self.conf.read();
        let servers: Vec<SocketAddr> =
            conf.servers.iter().map(|&server| SocketAddr::new(server, self.port)).collect();
        Begin::Ask(Box::new(Lookup::new(host, family, conf.candidates(host), servers)))
    }

    /// Remembers an answer of a name server.
    fn remember(&mut self, host: &str, family: Family, address: IpAddr, ttl_s: u32, now: Micros) {
        self.cache.put(host, family, address, ttl_s, now);
    }
}

/// The loopback address of a family.
pub(super) fn loopback(family: Family) -> IpAddr {
    match family {
        Family::Any | Family::V4 => Ipv4Addr::LOCALHOST.into(),
        Family::V6 => Ipv6Addr::LOCALHOST.into(),
    }
}

/// An address written as a host, with or without the brackets of a URL.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether an address is of the family.
fn fits(address: IpAddr, family: Family) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

/// The one to take of several addresses.
fn choose(addresses: impl Iterator<Item = IpAddr>, family: Family) -> Option<IpAddr> {
    let mut second_best = None;
    for address in addresses.filter(|&address| fits(address, family)) {
        if address.is_ipv4() || family == Family::V6 {
            return Some(address);
        }
        second_best = second_best.or(Some(address));
    }
    second_best
}
