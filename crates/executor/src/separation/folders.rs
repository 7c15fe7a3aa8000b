//! What is whose on the disk: the journal and the runtime folder are the guardian's to write in, all else
//! is ours.
//!
//! Nothing is changed that the guardian could have put there: a taken guardian must not get a file of root's
//! by leaving a link to it where we would give it away at the next start.

use super::Ids;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::fs::{chownat, fchmod, fchown, fstat, open, openat, statat};
use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Read and enter, for the group.
const GROUP_READS: u32 = 0o050;

/// Others may enter: then the guardian can as well.
const OTHERS_ENTER: u32 = 0o005;

/// The group writes, and nobody takes away or renames what is another's: the ledger's fast copy
/// lies in this folder, too.
const SHARED: u32 = 0o1070;

/// What only we leave in a folder: by this it is known as ours.
const OUR_MARKS: [&str; 3] = ["ledger", "ledger.run", "defib.sock"];

/// Gives the guardian what it needs, and no more. Idempotent, and the migration of folders whose guardian
/// was root. `Err`: why a guardian of this user could not work here.
pub(super) fn hand_over(ids: &Ids, state_dir: &Path, runtime_dir: &Path) -> Result<(), String> {
    let said = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    share(ids, state_dir, GROUP_READS).map_err(|e| said(state_dir, e))?;
    let journal = state_dir.join("journal");
    give_journal(ids, &journal).map_err(|e| said(&journal, e))?;
    share(ids, runtime_dir, SHARED).map_err(|e| said(runtime_dir, e))?;
    clear_runtime(ids, runtime_dir).map_err(|e| said(runtime_dir, e))?;
    for folder in [state_dir, runtime_dir] {
        enterable(ids, folder)?;
    }
    Ok(())
}

/// Opens one of our folders to the guardian's group.
fn share(ids: &Ids, folder: &Path, bits: u32) -> io::Result<()> {
    let found = std::fs::metadata(folder)?;
    let mode = found.mode() & 0o7777;
    let is_open =
        mode & 0o007 == 0o007 || bits == GROUP_READS && mode & OTHERS_ENTER == OTHERS_ENTER;
    if is_open || found.gid() == ids.gid && mode & bits == bits {
        return Ok(());
    }
    // `--state /root` must not open root's home to the guardian.
    if !is_ours(folder)? {
        let message =
            "is closed to others and holds other things than defib's; name another folder";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    let folder = open_folder(folder)?;
    fchown(&folder, None, Some(Gid::from_raw(ids.gid)))?;
    fchmod(&folder, Mode::from_raw_mode(mode | bits))?;
    Ok(())
}

fn is_ours(folder: &Path) -> io::Result<bool> {
    let is_marked = OUR_MARKS.iter().any(|mark| folder.join(mark).symlink_metadata().is_ok());
    // `guard` are the states of root's `defib guard`; `run` is the runtime folder of an agent whose state folder was named; it is made before us.
    let is_fresh = || {
        let mut entries = std::fs::read_dir(folder)?;
        let is_known =
            |name: &std::ffi::OsStr| name == "run" || name == "journal" || name == "guard";
        io::Result::Ok(entries.all(|entry| entry.is_ok_and(|it| is_known(&it.file_name()))))
    };
    Ok(is_marked || is_fresh()?)
}

/// Only a folder that is root's: what is in it the guardian cannot have put there. Its files first and
/// itself last, so that a start that was cut short is repeated.
fn give_journal(ids: &Ids, journal: &Path) -> io::Result<()> {
    if let Err(error) = DirBuilder::new().mode(0o750).create(journal)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    let folder = open_folder(journal)?;
    if fstat(&folder)?.st_uid != 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir(journal)? {
        let name = entry?.file_name();
        let found = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile && found.st_nlink == 1 {
            let (uid, gid) = (Uid::from_raw(ids.uid), Gid::from_raw(ids.gid));
            chownat(&folder, &name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
    }
    // The umask of a service would keep the group out, who may read it.
    fchmod(&folder, Mode::from_raw_mode(0o750))?;
    give(ids, &folder)
}

/// A socket that a guardian of root's left would be in the way of ours, and the folder of holds is where people
/// of the guardian's group may leave a file.
fn clear_runtime(ids: &Ids, runtime_dir: &Path) -> io::Result<()> {
    let runtime = open_folder(runtime_dir)?;
    for name in ["defib.sock", "defib.sock.new"] {
        let found = statat(&runtime, name, AtFlags::SYMLINK_NOFOLLOW);
        if found.is_ok_and(|found| found.st_uid != ids.uid) {
            rustix::fs::unlinkat(&runtime, name, AtFlags::empty())?;
        }
    }
    if let Err(error) = rustix::fs::mkdirat(&runtime, "hold", Mode::from_raw_mode(0o770))
        && error != rustix::io::Errno::EXIST
    {
        return Err(error.into());
    }
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let holds = openat(&runtime, "hold", flags, Mode::empty())?;
    if fstat(&holds)?.st_uid != 0 {
        return Ok(());
    }
    // Before it is another's: changing that would need one capability more.
    fchmod(&holds, Mode::from_raw_mode(0o770))?;
    give(ids, &holds)
}

fn give(ids: &Ids, folder: &OwnedFd) -> io::Result<()> {
    Ok(fchown(folder, Some(Uid::from_raw(ids.uid)), Some(Gid::from_raw(ids.gid)))?)
}

fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}

/// Whether the guardian gets to a folder: every folder above it must let it through.
fn enterable(ids: &Ids, folder: &Path) -> Result<(), String> {
    let whole = folder.canonicalize().map_err(|e| format!("{}: {e}", folder.display()))?;
    for above in whole.ancestors() {
        let found = above.metadata().map_err(|e| format!("{}: {e}", above.display()))?;
        let mode = found.mode();
        let enters = if found.uid() == ids.uid {
            mode & 0o100
        } else if ids.groups.contains(&found.gid()) {
            mode & 0o010
        } else {
            mode & 0o001
        };
        if enters == 0 {
            return Err(format!("{} lets nobody else into {}", above.display(), whole.display()));
        }
    }
    Ok(())
}
