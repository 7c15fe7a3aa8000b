//! One line of `/proc/PID/stat`.

use defib_engine::id::Identity;
use std::io::Read;

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
}

impl Stat {
    /// Whether it still runs code (a zombie or dead task does not).
    pub(crate) const fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// Reads it; `None` if there is no such process.
pub(crate) fn read(pid: u32) -> Option<Stat> {
    // The line is under 400 bytes: 64 of name and 52 numbers, most of them short.
    let mut buffer = [0; 1024];
    let mut file = std::fs::File::open(format!("/proc/{pid}/stat")).ok()?;
    let len = file.read(&mut buffer).ok()?;
    parse(pid, &buffer[..len])
}

/// The name may hold spaces and brackets, so the fields are counted from the last `)`.
fn parse(pid: u32, line: &[u8]) -> Option<Stat> {
    let line = std::str::from_utf8(line.get(line.iter().rposition(|&b| b == b')')? + 1..)?)
        .ok()
        .map(str::trim)?;
    let fields: Vec<&str> = line.split(' ').take(20).collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        identity: Identity { pid, start_ticks: number(19)? },
        state: *fields.first()?.as_bytes().first()?,
        parent: number(1)? as u32,
        group: number(2)? as u32,
        session: number(3)? as u32,
    })
}

/// All processes, in one pass over /proc. About 20 us each: never in a quiet loop.
pub(crate) fn read_all() -> Vec<Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(read)
        .collect()
}

/// Whether this very process lives.
pub(crate) fn is_alive(identity: Identity) -> bool {
    read(identity.pid).is_some_and(|stat| stat.identity == identity && stat.is_alive())
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
        assert!(read_all().iter().any(|stat| stat.identity == own.identity));
        let other = Identity { start_ticks: own.identity.start_ticks + 1, ..own.identity };
        assert!(!is_alive(other));
    }
}
