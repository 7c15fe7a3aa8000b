//! The cgroup that a `start` app gets where no service manager gives it one.

use super::path::{self, Hierarchy};
use std::io;
use std::path::{Path, PathBuf};

/// Where one can be made: v2, or v1's freezer.
pub(super) const HIERARCHIES: [Hierarchy; 2] = [Hierarchy::Unified, Hierarchy::Freezer];

/// All cgroups of a machine that systemd runs are systemd's: it alone may make others there.
const SYSTEMD: &str = "/run/systemd/system";

const PREFIX: &str = "defib-app-";

/// Its name. The number tells it from an earlier life's, whose last processes may still be there.
pub(super) fn name(app: &str, pid: u32) -> String {
    format!("{PREFIX}{app}.{pid}")
}

/// Makes one for this process and enters it. To be called by the child itself: whatever it starts then
/// is in it too. Where it cannot be, the app lives without one, and its session and descendants are
/// what is known of it.
pub(crate) fn enter_own(app: &str) {
    if Path::new(SYSTEMD).exists() {
        return;
    }
    let name = name(app, std::process::id());
    let _ = places().into_iter().any(|mount| enter(&mount.join(&name)).is_ok());
}

fn enter(folder: &Path) -> io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Of an earlier process with our number: if it is not empty, it is not ours to enter.
            std::fs::remove_dir(folder)?;
            std::fs::create_dir(folder)?;
        }
        made => made?,
    }
    std::fs::write(folder.join("cgroup.procs"), "0").inspect_err(|_| {
        let _ = std::fs::remove_dir(folder);
    })
}

/// Removes what earlier lives of this app have left, if nothing runs in it any more.
pub(crate) fn remove_empty(app: &str) {
    let prefix = format!("{PREFIX}{app}.");
    for mount in places() {
        let Ok(entries) = std::fs::read_dir(mount) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
            if number.is_some_and(|number| number.bytes().all(|it| it.is_ascii_digit())) {
                let _ = std::fs::remove_dir(entry.path());
            }
        }
    }
}

fn places() -> Vec<PathBuf> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    HIERARCHIES.iter().filter_map(|hierarchy| path::mount_of(&text, *hierarchy)).collect()
}
