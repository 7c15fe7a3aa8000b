//! `/etc/hosts` and `/etc/resolv.conf`, read again when they change.

use super::{choose, loopback};
use defib_config::spec::Family;
use std::fs::{self, File};
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The most that is read of a file. Block lists of ads in a hosts file have reached several MiB.
const FILE_MAX: u64 = 16 << 20;

/// Name servers beyond the third are ignored: so does the C library (`MAXNS` in resolv.conf(5)).
const SERVERS_MAX: usize = 3;

/// Search domains beyond the sixth are ignored, as in the C library (`MAXDNSRCH`).
const SEARCH_MAX: usize = 6;

/// A file's parsed content, read again when its identity, size or modification time changes: one
/// `stat` a look-up.
#[derive(Debug)]
pub(super) struct Watched<T> {
    path: PathBuf,
    parse: fn(&str) -> T,
    stamp: Option<Stamp>,
    value: T,
}

type Stamp = (u64, u64, i64, i64);

impl<T> Watched<T> {
    pub(super) fn new(path: PathBuf, parse: fn(&str) -> T) -> Watched<T> {
        Watched { path, parse, stamp: None, value: parse("") }
    }

    /// The content as it is now. A file that is not there, or cannot be read, is empty.
    pub(super) fn read(&mut self) -> &T {
        let stamp = self.stamp_now();
        if stamp != self.stamp {
            self.stamp = stamp;
            self.value = (self.parse)(&self.text());
        }
        &self.value
    }

    fn stamp_now(&self) -> Option<Stamp> {
        let meta = fs::metadata(&self.path).ok()?;
        Some((meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()))
    }

    fn text(&self) -> String {
        let mut bytes = Vec::new();
        let Ok(file) = File::open(&self.path) else { return String::new() };
        match file.take(FILE_MAX).read_to_end(&mut bytes) {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        }
    }
}

/// The lines of `/etc/hosts`.
#[derive(Debug)]
pub(super) struct Hosts(Vec<(String, IpAddr)>);

impl Hosts {
    pub(super) fn parse(text: &str) -> Hosts {
        let mut names = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or("");
            let mut words = line.split_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else { continue };
            names.extend(words.map(|name| (name.to_ascii_lowercase(), address)));
        }
        Hosts(names)
    }

    pub(super) fn find(&self, host: &str, family: Family) -> Option<IpAddr> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let entries = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(host));
        choose(entries.map(|&(_, address)| address), family)
    }
}

/// What is used of `/etc/resolv.conf`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conf {
    pub(super) servers: Vec<IpAddr>,
    search: Vec<String>,
}

impl Conf {
    pub(super) fn parse(text: &str) -> Conf {
        let mut conf = Conf { servers: Vec::new(), search: Vec::new() };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                // A scoped address (`fe80::1%eth0`) needs an interface number: left out.
                Some("nameserver") => {
                    conf.servers.extend(words.next().and_then(|word| word.parse::<IpAddr>().ok()));
                }
                Some("search") => conf.search = words.map(str::to_owned).collect(),
                Some("domain") => conf.search = words.take(1).map(str::to_owned).collect(),
                _ => {}
            }
        }
        conf.servers.truncate(SERVERS_MAX);
        conf.search.truncate(SEARCH_MAX);
        // resolv.conf(5): with no server listed, the one on this machine is used.
        if conf.servers.is_empty() {
            conf.servers.push(loopback(Family::V4));
        }
        conf
    }

    /// The full names to ask for, in order: as it is if it has a dot, else by the search list
    /// first. A final dot means that the name is full.
    pub(super) fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(full) = host.strip_suffix('.') {
            return vec![full.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{host}.{domain}"));
        let as_is = std::iter::once(host.to_owned());
        if host.contains('.') { as_is.collect() } else { searched.chain(as_is).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_family_and_without_case() {
        let hosts = Hosts::parse(
            "# local\n127.0.0.1 localhost\n::1 shop Shop.test # both\n192.0.2.7\tshop.test\nbad line\n",
        );
        let v4 = Some(IpAddr::from([192, 0, 2, 7]));
        let v6 = Some("::1".parse().unwrap());
        assert_eq!(hosts.find("SHOP.test", Family::Any), v4);
        assert_eq!(hosts.find("shop.test.", Family::V4), v4);
        assert_eq!(hosts.find("shop.test", Family::V6), v6);
        assert_eq!(hosts.find("shop", Family::Any), v6);
        assert_eq!(hosts.find("shop", Family::V4), None);
        assert_eq!(hosts.find("line", Family::Any), None);
    }

    #[test]
    fn a_conf_names_servers_and_search_domains() {
        let conf = Conf::parse(
            "; comment\nnameserver 192.0.2.1\nnameserver ::1\nnameserver fe80::1%eth0\n\
             nameserver 192.0.2.2\nnameserver 192.0.2.3\ndomain old.test\nsearch a.test b.test\n",
        );
        assert_eq!(conf.servers.len(), SERVERS_MAX);
        assert_eq!(conf.candidates("shop"), ["shop.a.test", "shop.b.test", "shop"]);
        assert_eq!(conf.candidates("shop.example"), ["shop.example"]);
        assert_eq!(conf.candidates("shop."), ["shop"]);
        assert_eq!(Conf::parse("").servers, [IpAddr::from([127, 0, 0, 1])]);
    }

    #[test]
    fn a_changed_file_is_read_again() {
        let path = std::env::temp_dir().join(format!("defib-hosts-{}", std::process::id()));
        let mut hosts = Watched::new(path.clone(), Hosts::parse);
        assert_eq!(hosts.read().find("shop", Family::Any), None);
        fs::write(&path, "192.0.2.1 shop\n").unwrap();
        assert_eq!(hosts.read().find("shop", Family::Any), Some([192, 0, 2, 1].into()));
        fs::write(&path, "192.0.2.20 shop\n").unwrap();
        assert_eq!(hosts.read().find("shop", Family::Any), Some([192, 0, 2, 20].into()));
        fs::remove_file(&path).unwrap();
        assert_eq!(hosts.read().find("shop", Family::Any), None);
    }
}
