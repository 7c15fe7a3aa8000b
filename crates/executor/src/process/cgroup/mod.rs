//! An app's own cgroup: found when its process becomes known, held open, and ended as a whole.
//!
//! `cgroup.kill` (Linux 5.14) ends a whole subtree, and no fork escapes it. Where it is not there the
//! members are frozen (v2 since 5.2, v1's freezer), killed one by one, and thawed, as often as it takes.
//! The blow itself needs no process, opens nothing but pidfds and allocates nothing.

mod members;
mod open;
mod own;
mod path;

pub(crate) use open::{nothing, of_child, of_unit};
pub(crate) use own::{enter_own, remove_empty};

use super::reclaim::Reclaim;
use crate::boundary::{Blow, Group};
use defib_engine::id::Identity;
use members::Members;
use path::Place;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

/// The unit that this process belongs to, where a service manager says so by its cgroups.
pub(crate) fn unit_of(pid: u32) -> Option<String> {
    let lines = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    path::ALL.into_iter().find_map(|hierarchy| {
        path::path_in(&lines, hierarchy).and_then(defib_config::unit_in).map(ToOwned::to_owned)
    })
}

/// How the members are made to stand still.
#[derive(Debug)]
enum Freezer {
    /// `cgroup.freeze`: 1 and 0.
    Unified(File),
    /// `freezer.state`: FROZEN and THAWED. A frozen task takes its KILL when it is thawed.
    Old(File),
}

impl Freezer {
    fn set(&self, frozen: bool) -> io::Result<()> {
        match self {
            Freezer::Unified(file) => file.write_all_at(if frozen { b"1" } else { b"0" }, 0),
            Freezer::Old(file) => file.write_all_at(if frozen { b"FROZEN" } else { b"THAWED" }, 0),
        }
    }
}

/// One cgroup and the files of it that an act needs.
#[derive(Debug)]
pub(crate) struct OpenGroup {
    main: Identity,
    is_ours: bool,
    place: Place,
    kill: Option<File>,
    freezer: Option<Freezer>,
    /// `cgroup.events`, which says whether anything runs in it or below it.
    events: Option<File>,
    procs: File,
    reclaim: Rc<Reclaim>,
}

impl Group for OpenGroup {
    fn main(&self) -> Identity {
        self.main
    }

    fn is_ours(&self) -> bool {
        self.is_ours
    }

    fn strike(&self) -> io::Result<Blow> {
        self.check()?;
        // Held before the blow: afterwards the numbers may be others'.
        let members = Members::first_of(&self.procs);
        let blow = if let Some(kill) = &self.kill
            && kill.write_all_at(b"1", 0).is_ok()
        {
            Blow::Killed
        } else {
            self.kill_one_by_one()?
        };
        members.each(|pidfd| self.reclaim.offer(pidfd));
        Ok(blow)
    }

    fn is_empty(&self) -> bool {
        let mut bytes = [0; 256];
        match &self.events {
            Some(events) => match events.read_at(&mut bytes, 0) {
                Ok(len) => bytes[..len].starts_with(b"populated 0"),
                // The cgroup was removed.
                Err(error) => error.raw_os_error() == Some(libc::ENODEV),
            },
            None => match self.procs.read_at(&mut bytes, 0) {
                Ok(len) => len == 0,
                Err(error) => error.raw_os_error() == Some(libc::ENODEV),
            },
        }
    }
}

impl OpenGroup {
    /// Somebody may have moved into it since it was opened.
    fn check(&self) -> io::Result<()> {
        match open::why_never(&self.place) {
            None => Ok(()),
            // A number: a text would have to be allocated.
            Some(_) => Err(io::Error::from_raw_os_error(libc::EPERM)),
        }
    }

    fn kill_one_by_one(&self) -> io::Result<Blow> {
        let is_frozen = self.freezer.as_ref().is_some_and(|freezer| freezer.set(true).is_ok());
        let killed = members::kill_all(&self.place, is_frozen);
        if let Some(freezer) = &self.freezer {
            // Whatever happened: what is left frozen would never end.
            freezer.set(false)?;
        }
        killed?;
        Ok(if is_frozen { Blow::Frozen } else { Blow::OneByOne })
    }
}

impl Drop for OpenGroup {
    /// Only an empty one can be removed, so this is no risk for a living app.
    fn drop(&mut self) {
        if self.is_ours {
            let _ = std::fs::remove_dir(&self.place.folder);
        }
    }
}

#[cfg(test)]
mod tests;
