//! Raw evidence that needs privilege: bounded copies, taken at once.
//!
//! Only files that the kernel answers without the process's memory lock are read: `cmdline`, `environ`
//! and `maps` wait for a process that is stuck in the kernel, and then we would be stuck too.

use super::{stat, tree};
use crate::boundary::Piece;
use defib_engine::id::Identity;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;

/// The most of one piece. [`defib_journal::order::MESSAGE_MAX`] leaves room for its head.
const PIECE_MAX: u64 = 3072;

/// The most members of an app that are listed.
const LISTED_MAX: usize = 24;

/// What /proc says about the process and those that belong to it.
pub(crate) fn of_process(identity: Identity) -> Vec<Piece> {
    let pid = identity.pid;
    let mut pieces: Vec<Piece> = ["status", "wchan", "syscall", "stack", "limits"]
        .into_iter()
        .map(|name| Piece { name, bytes: read_bounded(&format!("/proc/{pid}/{name}")) })
        .collect();
    pieces.push(Piece { name: "fds", bytes: count_fds(pid).into_bytes() });
    pieces.push(Piece { name: "members", bytes: list_members(identity).into_bytes() });
    pieces
}

fn read_bounded(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(PIECE_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => bytes,
        Err(error) => format!("not readable: {error}").into_bytes(),
    }
}

fn count_fds(pid: u32) -> String {
    match std::fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(entries) => entries.count().to_string(),
        Err(error) => format!("not readable: {error}"),
    }
}

fn list_members(main: Identity) -> String {
    let mut text = String::new();
    for member in tree::members(main).unwrap_or_default().into_iter().take(LISTED_MAX) {
        let Some(stat) = stat::read(member.pid) else { continue };
        let state = char::from(stat.state);
        let wchan = read_bounded(&format!("/proc/{}/wchan", member.pid));
        let wchan = String::from_utf8_lossy(&wchan);
        let _ = writeln!(text, "{} parent {} state {state} in {wchan}", member.pid, stat.parent);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_leaves_bounded_evidence() {
        let own = stat::read(std::process::id()).expect("we run").identity;
        let pieces = of_process(own);
        let status = pieces.iter().find(|piece| piece.name == "status").expect("there");
        assert!(String::from_utf8_lossy(&status.bytes).contains("Threads:"));
        assert!(pieces.iter().all(|piece| piece.bytes.len() <= PIECE_MAX as usize));
    }
}
