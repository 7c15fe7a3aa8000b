//! Finding an app's own cgroup, and refusing every other.

use super::path::{self, ALL, Hierarchy, Place};
use super::{Freezer, OpenGroup, members, own};
use crate::process::protect;
use crate::process::reclaim::Reclaim;
use defib_engine::id::Identity;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::rc::Rc;

/// The most members that are looked at before a cgroup is taken for the app's own.
const LOOKED_MAX: usize = 512;

/// Where an app's cgroup was found.
#[derive(Debug)]
pub(crate) struct Found {
    place: Place,
    is_ours: bool,
}

/// The cgroup of a unit whose main process this is.
pub(crate) fn of_unit(main: Identity, unit: &str) -> Option<Found> {
    let lines = std::fs::read_to_string(format!("/proc/{}/cgroup", main.pid)).ok()?;
    let mounts = mounts();
    ALL.into_iter().find_map(|hierarchy| {
        let full = path::path_in(&lines, hierarchy)?;
        let path = path::of_unit(full, unit)?.to_owned();
        let mount = path::mount_of(&mounts, hierarchy)?;
        // A mount that shows other paths would name a stranger's cgroup.
        let is_there = has_member(&path::folder(&mount, full), main.pid);
        let folder = path::folder(&mount, &path);
        is_there.then_some(Found { place: Place { hierarchy, path, folder }, is_ours: false })
    })
}

/// The cgroup that our child, an app of this name, has made for itself; its main process may be gone.
pub(crate) fn of_child(main: Identity, app: &str) -> Option<Found> {
    let name = own::name(app, main.pid);
    let mounts = mounts();
    own::HIERARCHIES.into_iter().find_map(|hierarchy| {
        let folder = path::mount_of(&mounts, hierarchy)?.join(&name);
        let is_there = folder.is_dir();
        let place = Place { hierarchy, path: format!("/{name}"), folder };
        is_there.then_some(Found { place, is_ours: true })
    })
}

/// A cgroup of nobody's, whose files are all `/dev/null`: for the rehearsal.
pub(crate) fn nothing(main: Identity) -> Option<OpenGroup> {
    let file = || OpenOptions::new().read(true).write(true).open("/dev/null").ok();
    let folder = "/dev/null".into();
    let place = Place { hierarchy: Hierarchy::Unified, path: "/defib-nothing".into(), folder };
    Some(OpenGroup {
        main,
        is_ours: false,
        place,
        kill: file(),
        freezer: file().map(Freezer::Unified),
        events: file(),
        procs: file()?,
        reclaim: Rc::new(Reclaim::nobody()),
    })
}

impl Found {
    /// Opens what an act will need; `None` if there is somebody in it who is never ended.
    pub(crate) fn open(self, main: Identity, reclaim: Rc<Reclaim>) -> Option<OpenGroup> {
        let Found { place, is_ours } = self;
        let folder = &place.folder;
        if why_never(&place).is_some() || has_protected_member(folder) {
            return None;
        }
        let is_unified = place.hierarchy == Hierarchy::Unified;
        let write = |name: &str| OpenOptions::new().write(true).open(folder.join(name)).ok();
        let freezer = match place.hierarchy {
            Hierarchy::Unified => write("cgroup.freeze").map(Freezer::Unified),
            Hierarchy::Freezer => write("freezer.state").map(Freezer::Old),
            Hierarchy::Named => None,
        };
        Some(OpenGroup {
            main,
            is_ours,
            kill: write("cgroup.kill").filter(|_| is_unified),
            freezer,
            events: File::open(folder.join("cgroup.events")).ok().filter(|_| is_unified),
            procs: File::open(folder.join("cgroup.procs")).ok()?,
            place,
            reclaim,
        })
    }
}

fn mounts() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}

fn has_member(folder: &Path, pid: u32) -> bool {
    let mut found = false;
    members::each(folder, 0, &mut |member| found |= member == pid).is_ok() && found
}

fn has_protected_member(folder: &Path) -> bool {
    let (mut looked, mut found) = (0, false);
    let _ = members::each(folder, 1, &mut |pid| {
        looked += 1;
        if looked <= LOOKED_MAX && !found {
            let name = members::name_of(pid);
            found = protect::why_never(pid, name.as_bytes(), protect::lineage()).is_some();
        }
    });
    found
}

/// Why the cgroup is never ended, from where process 1, defib and all above it live now. Allocates
/// nothing: it is asked once more before the blow.
pub(super) fn why_never(place: &Place) -> Option<&'static str> {
    let pids = protect::lineage().iter().copied().chain([1]);
    let mut bytes = [0; 2048];
    protect::why_never_group(&place.path, &[""; 0]).or_else(|| {
        pids.into_iter().find_map(|pid| {
            let home = path::path_in(lines_of(pid, &mut bytes), place.hierarchy)?;
            protect::why_never_group(&place.path, &[home])
        })
    })
}

/// `/proc/PID/cgroup`, as far as it goes into `bytes`.
fn lines_of(pid: u32, bytes: &mut [u8]) -> &str {
    let mut name = [0; 32];
    let len = {
        let mut rest = &mut name[..];
        let _ = write!(rest, "/proc/{pid}/cgroup");
        32 - rest.len()
    };
    let name = std::str::from_utf8(&name[..len]).unwrap_or("");
    let len = File::open(name).and_then(|mut file| file.read(bytes)).unwrap_or(0);
    std::str::from_utf8(&bytes[..len]).unwrap_or("")
}
