//! The evidence bundle: the telling pieces, or all of it.

use crate::explain::text::{Detail, heading};
use crate::page::put;
use crate::style::{Style, harmless};
use crate::view::{Incident, Piece};

/// A piece shows so many lines unless all are asked for: the last ones, because a process says
/// last what ended it.
const PIECE_LINES: usize = 8;

/// Pieces for whoever looks for the cause in depth; a report names them.
const DEEP: [&str; 4] = ["limits", "members", "stack", "syscall"];

/// Of the fifty lines of `/proc/PID/status`, those that say what it does and how large it is.
const STATUS: [&str; 3] = ["State:", "Threads:", "VmRSS:"];

/// The section; empty if there is no evidence.
pub(super) fn draw(incident: &Incident, detail: Detail, style: Style) -> String {
    if incident.evidence.count() == 0 {
        return String::new();
    }
    let mut out = heading("Evidence", style);
    let mut deep: Vec<String> = Vec::new();
    for piece in incident.evidence.iter() {
        if detail != Detail::All && DEEP.contains(&piece.name.as_str()) {
            deep.push(harmless(&piece.name));
        } else {
            out.push_str(&draw_piece(piece, detail));
        }
    }
    if !deep.is_empty() {
        deep.dedup();
        put!(out, "- more with -v: {}\n", deep.join(", "));
    }
    if incident.evidence.lost() > 0 {
        put!(out, "- {} more pieces are in the journal\n", incident.evidence.lost());
    }
    out
}

fn draw_piece(piece: &Piece, detail: Detail) -> String {
    let (name, text) = (harmless(&piece.name), harmless(&piece.text));
    let lines: Vec<&str> = text.lines().filter(|line| is_telling(&name, line, detail)).collect();
    if let [line] = lines.as_slice() {
        return format!("- {name}: {}\n", line.trim());
    }
    let skipped = match detail {
        Detail::All => 0,
        _ => lines.len().saturating_sub(PIECE_LINES),
    };
    let mut out = format!("- {name}:\n\n");
    if skipped > 0 {
        put!(out, "      ({skipped} lines before; -v shows them)\n");
    }
    for line in &lines[skipped..] {
        put!(out, "      {line}\n");
    }
    out
}

fn is_telling(name: &str, line: &str, detail: Detail) -> bool {
    detail == Detail::All || name != "status" || STATUS.iter().any(|key| line.starts_with(key))
}
