//! A cgroup v2 of its own for each app, where we may make one. Without it nothing is lost but the
//! neatness of `systemd-cgls`: membership is told by session and descent.

use std::path::{Path, PathBuf};

/// Makes the app's cgroup beside ours; `None` where that is not possible.
pub(crate) fn make(app: &str) -> Option<PathBuf> {
    let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let folder = folder_of(&own, &mounts)?.join(format!("defib-app-{app}"));
    match std::fs::create_dir(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => None,
        _ => Some(folder),
    }
}

/// Our own folder in the unified hierarchy.
fn folder_of(own: &str, mounts: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mount = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (_, folder, kind) = (fields.next()?, fields.next()?, fields.next()?);
        (kind == "cgroup2").then_some(folder)
    })?;
    Some(Path::new(mount).join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_unified_hierarchy_only() {
        let mounts = "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n\
                      none /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(
            folder_of("1:cpu:/a\n0::/system.slice/defib.service\n", mounts),
            Some(PathBuf::from("/sys/fs/cgroup/unified/system.slice/defib.service"))
        );
        assert_eq!(folder_of("1:cpu:/a\n", mounts), None);
        assert_eq!(folder_of("0::/\n", "none /x cgroup rw 0 0\n"), None);
    }
}
