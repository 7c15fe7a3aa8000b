//! The processes of a cgroup.

use super::path::{self, Place};
use crate::process::protect;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The members whose memory is taken back at once: an app's master and its workers. Of more than that,
/// each has little.
const HELD_MAX: usize = 32;

/// How deep a unit's own cgroups are looked into.
const DEPTH_MAX: usize = 6;

/// Some members, held.
pub(super) struct Members([Option<OwnedFd>; HELD_MAX]);

impl Members {
    /// The first ones, without an allocation.
    pub(super) fn first_of(procs: &File) -> Members {
        let mut held = [const { None }; HELD_MAX];
        let mut bytes = [0; 512];
        let len = procs.read_at(&mut bytes, 0).unwrap_or(0);
        let text = std::str::from_utf8(&bytes[..len]).unwrap_or("");
        // The last line may be cut in the middle of a number.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let numbers = whole.lines().filter_map(|line| line.parse().ok());
        for (place, pid) in held.iter_mut().zip(numbers) {
            *place = hold(pid);
        }
        Members(held)
    }

    pub(super) fn each(self, what: impl FnMut(OwnedFd)) {
        self.0.into_iter().flatten().for_each(what);
    }
}

fn hold(pid: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()
}

/// Kills every member by its pidfd. Those that do not stand still are stopped first: one that forks
/// faster than we read would always be ahead.
pub(super) fn kill_all(place: &Place, is_frozen: bool) -> io::Result<()> {
    if !is_frozen {
        send_all(place, Signal::STOP)?;
    }
    send_all(place, Signal::KILL)
}

fn send_all(place: &Place, signal: Signal) -> io::Result<()> {
    each(&place.folder, DEPTH_MAX, &mut |pid| {
        // The number may have been given to another process since it was read: that one is looked at
        // while it is held.
        if let Some(pidfd) = hold(pid)
            && is_member(place, pid)
            && protect::why_never(pid, name_of(pid).as_bytes(), protect::lineage()).is_none()
        {
            let _ = pidfd_send_signal(&pidfd, signal);
        }
    })
}

/// Whether the process still is in the cgroup or below it.
fn is_member(place: &Place, pid: u32) -> bool {
    let lines = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    path::path_in(&lines, place.hierarchy).is_some_and(|path| protect::lies_in(path, &place.path))
}

pub(super) fn name_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default()
}

/// Calls `what` for every member of the cgroup and of those below it.
pub(super) fn each(folder: &Path, depth: usize, what: &mut dyn FnMut(u32)) -> io::Result<()> {
    let procs = BufReader::new(File::open(folder.join("cgroup.procs"))?);
    procs.lines().map_while(Result::ok).filter_map(|line| line.parse().ok()).for_each(&mut *what);
    if depth == 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)?.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // One that was removed meanwhile has no members.
            let _ = each(&entry.path(), depth - 1, what);
        }
    }
    Ok(())
}
