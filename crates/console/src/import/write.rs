//! Files are replaced whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Replaces a file's content if it still is `before`: mode and owner stay, and a crash leaves the old
/// file or the new one.
pub(crate) fn replace(path: &Path, before: &[u8], after: &[u8]) -> io::Result<()> {
    // A link stays a link: what it names is replaced.
    let path = fs::canonicalize(path)?;
    let known = fs::metadata(&path)?;
    if fs::read(&path)? != before {
        return Err(io::Error::other("it has changed since it was read: run this again"));
    }
    write_beside(
        &path,
        after,
        known.permissions().mode() & 0o7777,
        Some((known.uid(), known.gid())),
    )
}

/// Makes a new file, and its folder if that is missing.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_beside(path, content, 0o644, None)
}

/// cron reads no file whose name begins with a dot, so it never sees the half-written one.
fn write_beside(
    path: &Path,
    content: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("it is in no folder"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.defib-{}", std::process::id()));
    let mut new = OpenOptions::new();
    let written =
        new.write(true).create_new(true).mode(0o600).open(&beside).and_then(|mut file| {
            file.write_all(content)?;
            if let Some((uid, gid)) = owner {
                fchown(&file, Some(uid), Some(gid))?;
            }
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            file.sync_all()?;
            fs::rename(&beside, path)
        });
    if let Err(error) = written {
        // The error is what counts; a left-over file is dotted, and read by nobody.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    File::open(folder)?.sync_all()
}
