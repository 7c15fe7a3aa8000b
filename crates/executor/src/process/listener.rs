//! Who listens on a port of this machine: socket inode, then descriptor, then process.
//!
//! It reads every process's descriptors, so it runs once per start of an app, never in the loop.

use super::stat;
use defib_engine::id::Identity;
use std::io::{BufRead, BufReader};

/// TCP_LISTEN, as /proc/net/tcp writes it.
const LISTEN: &str = "0A";

/// The process that listens on `port`. Of several that share the socket (a master and its
/// workers), the oldest.
pub(crate) fn find(port: u16) -> Option<Identity> {
    let inodes = inodes_of(port);
    if inodes.is_empty() {
        return None;
    }
    let holders = stat::read_all().ok()?.into_iter().filter(stat::Stat::is_alive);
    holders
        .filter(|stat| holds_one(stat.identity.pid, &inodes))
        .map(|stat| stat.identity)
        .min_by_key(|identity| (identity.start_ticks, identity.pid))
}

fn inodes_of(port: u16) -> Vec<u64> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::File::open(path).ok())
        .flat_map(|file| BufReader::new(file).lines().map_while(Result::ok))
        .filter_map(|line| listening_inode(&line, port))
        .collect()
}

/// `sl local remote st tx:rx tr:tm retrnsmt uid timeout inode ...`
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    let fields: Vec<&str> = line.split_whitespace().take(10).collect();
    let (_, hex) = fields.get(1)?.rsplit_once(':')?;
    let is_ours = u16::from_str_radix(hex, 16).ok()? == port && *fields.get(3)? == LISTEN;
    is_ours.then(|| fields.get(9)?.parse().ok()).flatten()
}

fn holds_one(pid: u32, inodes: &[u64]) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let Ok(link) = std::fs::read_link(entry.path()) else { return false };
        let inode = link.to_str().and_then(|text| text.strip_prefix("socket:["));
        inode
            .and_then(|text| text.strip_suffix(']')?.parse().ok())
            .is_some_and(|inode| inodes.contains(&inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn finds_this_process_by_its_port() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        assert_eq!(find(port).map(|identity| identity.pid), Some(std::process::id()));
        drop(listener);
        assert_eq!(find(port), None);
    }

    #[test]
    fn only_listening_sockets_count() {
        let head = "   0: 0100007F:1F90 00000000:0000 ";
        let tail = " 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        assert_eq!(listening_inode(&format!("{head}0A{tail}"), 8080), Some(4711));
        assert_eq!(listening_inode(&format!("{head}01{tail}"), 8080), None);
        assert_eq!(listening_inode(&format!("{head}0A{tail}"), 8081), None);
        assert_eq!(listening_inode("  sl  local_address", 8080), None);
    }
}
