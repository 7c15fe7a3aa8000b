//! Who listens on a port of this machine: socket inode, then descriptor, then process.
//!
//! It reads every process's descriptors, so it runs once per start of an app, never in the loop.

use super::stat::{self, Stat};
use defib_engine::id::Identity;
use std::io::{self, BufRead, BufReader};

/// TCP_LISTEN, as /proc/net/tcp writes it.
const LISTEN: &str = "0A";

/// A port on which somebody listens.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The user of the first listening socket, which everybody may know.
    pub(crate) uid: u32,
    /// Who holds one of the sockets, oldest first; none if they cannot be seen.
    pub(crate) holders: Vec<Stat>,
    /// Everybody, as they were seen beside it.
    pub(crate) all: Vec<Stat>,
}

/// The process that listens on `port`. Of several that share the socket (a master and its
/// workers), the oldest.
pub(crate) fn find(port: u16) -> Option<Identity> {
    let taken = look(port).ok().flatten()?;
    taken.holders.first().map(|stat| stat.identity)
}

/// Whether anybody listens on `port`.
pub(crate) fn is_taken(port: u16) -> bool {
    !sockets_of(port).is_empty()
}

/// Who listens on `port`; `None`: nobody. `Err`: there is no descriptor or memory to find out.
pub(crate) fn look(port: u16) -> io::Result<Option<Taken>> {
    let sockets = sockets_of(port);
    let Some(uid) = sockets.first().map(|socket| socket.uid) else { return Ok(None) };
    let all = stat::read_all()?;
    let mut holders: Vec<Stat> = all
        .iter()
        .filter(|stat| stat.is_alive() && holds_one(stat.identity.pid, &sockets))
        .copied()
        .collect();
    holders.sort_by_key(|stat| (stat.identity.start_ticks, stat.identity.pid));
    if holders.is_empty() && !sockets_of(port).iter().any(|socket| sockets.contains(socket)) {
        // Its holder ended while it was looked for.
        return Ok(None);
    }
    Ok(Some(Taken { uid, holders, all }))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Socket {
    uid: u32,
    inode: u64,
}

fn sockets_of(port: u16) -> Vec<Socket> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::File::open(path).ok())
        .flat_map(|file| {
            let lines = BufReader::new(file).lines().map_while(Result::ok).skip(1);
            // The kernel tells the listening ones first (`tcp_get_idx`): what else a busy port has,
            // and that may be 30,000 lines of TIME_WAIT, need not be read.
            lines.take_while(|line| line.split_whitespace().nth(3) == Some(LISTEN))
        })
        .filter_map(|line| listening(&line, port))
        .collect()
}

/// `sl local remote st tx:rx tr:tm retrnsmt uid timeout inode ...`
fn listening(line: &str, port: u16) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().take(10).collect();
    let (_, hex) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(hex, 16).ok()? == port && *fields.get(3)? == LISTEN;
    let socket =
        || Some(Socket { uid: fields.get(7)?.parse().ok()?, inode: fields.get(9)?.parse().ok()? });
    is_it.then(socket).flatten()
}

fn holds_one(pid: u32, sockets: &[Socket]) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let Ok(link) = std::fs::read_link(entry.path()) else { return false };
        let inode = link.to_str().and_then(|text| text.strip_prefix("socket:["));
        inode
            .and_then(|text| text.strip_suffix(']')?.parse().ok())
            .is_some_and(|inode: u64| sockets.iter().any(|socket| socket.inode == inode))
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
        let tail = " 00000000:00000000 00:00000000 00000000    33        0 4711 1 0 100 0 0 10 0";
        let socket = Socket { uid: 33, inode: 4711 };
        assert_eq!(listening(&format!("{head}0A{tail}"), 8080), Some(socket));
        assert_eq!(listening(&format!("{head}01{tail}"), 8080), None);
        assert_eq!(listening(&format!("{head}0A{tail}"), 8081), None);
        assert_eq!(listening("  sl  local_address", 8080), None);
    }
}
