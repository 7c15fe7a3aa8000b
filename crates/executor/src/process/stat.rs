//! One line of `/proc/PID/stat`.

use super::protect;
use crate::error::is_our_limit;
use defib_engine::id::Identity;
use std::io::{self, Read};

/// What defib needs of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stat {
    /// Who.
    pub(crate) identity: Identity,
    /// R, S, D, T, Z, ...
    pub(crate) state: u8,
    /// The parent's number.
    pub(crate) parent: u32,
    /// The process group's number.
    pub(crate) group: u32,
    /// The session's number.
    pub(crate) session: u32,
    /// Whether its name is that of the way in for a person.
    pub(crate) is_sshd: bool,
}

impl Stat {
    /// Whether it still runs code (a zombie or dead task does not).
    pub(crate) const fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// Reads it; `None` if there is no such process.
pub(crate) fn read(pid: u32) -> Option<Stat> {
    try_read(pid).ok().flatten()
}

fn try_read(pid: u32) -> io::Result<Option<Stat>> {
    // The line is under 400 bytes: 64 of name and 52 numbers, most of them short.
    let mut buffer = [0; 1024];
    let mut file = std::fs::File::open(format!("/proc/{pid}/stat"))?;
    let len = file.read(&mut buffer)?;
    Ok(parse(pid, &buffer[..len]))
}

/// The name may hold spaces and brackets, so the fields are counted from the last `)`.
pub(crate) fn parse(pid: u32, line: &[u8]) -> Option<Stat> {
    let end = line.iter().rposition(|&b| b == b')')?;
    let name = line.get(line.iter().position(|&b| b == b'(')? + 1..end)?;
    let line = std::str::from_utf8(line.get(end + 1..)?).ok().map(str::trim)?;
    let fields: Vec<&str> = line.split(' ').take(20).collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        identity: Identity { pid, start_ticks: number(19)? },
        state: *fields.first()?.as_bytes().first()?,
        parent: number(1)? as u32,
        group: number(2)? as u32,
        session: number(3)? as u32,
        is_sshd: protect::why_never(pid, name, &[]) == Some("sshd"),
    })
}

/// All processes, in one pass over /proc. About 20 us each: never in a quiet loop. `Err`: the machine has
/// no descriptor or memory for that, so a process that is missing says nothing.
pub(crate) fn read_all() -> io::Result<Vec<Stat>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match try_read(pid) {
            Ok(stat) => all.extend(stat),
            Err(error) if is_our_limit(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// Whether this very process lives. What cannot be seen for want of a descriptor is not taken for dead: a
/// second copy would be started beside it.
pub(crate) fn is_alive(identity: Identity) -> bool {
    match try_read(identity.pid) {
        Ok(stat) => stat.is_some_and(|stat| stat.identity == identity && stat.is_alive()),
        Err(error) => is_our_limit(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let line = b"77 (a) R (b)) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4242 99 1\n";
        let stat = parse(77, line).expect("valid");
        assert_eq!((stat.parent, stat.group, stat.session), (1, 2, 3));
        assert_eq!((stat.state, stat.identity.start_ticks), (b'S', 4242));
        assert_eq!(parse(77, b"77 (x"), None);
        assert_eq!(parse(77, b"77 (x) S 1 2"), None);
    }

    #[test]
    fn this_process_is_alive_and_in_the_list() {
        let own = read(std::process::id()).expect("we run");
        assert!(is_alive(own.identity));
        assert!(
            read_all().expect("there is room").iter().any(|stat| stat.identity == own.identity)
        );
        let other = Identity { start_ticks: own.identity.start_ticks + 1, ..own.identity };
        assert!(!is_alive(other));
    }
}
