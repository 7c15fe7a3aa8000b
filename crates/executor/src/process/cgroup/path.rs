//! Where cgroups are: the lines of `/proc/PID/cgroup` and the mounts.

use std::path::{Path, PathBuf};

/// A hierarchy that defib can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hierarchy {
    /// The one of cgroup v2, alone or beside v1.
    Unified,
    /// v1's freezer.
    Freezer,
    /// v1's `name=systemd`: it knows who belongs to a unit, and can do nothing to them.
    Named,
}

/// In the order in which they are useful.
pub(crate) const ALL: [Hierarchy; 3] = [Hierarchy::Unified, Hierarchy::Freezer, Hierarchy::Named];

/// The path that `/proc/PID/cgroup` (`lines`) gives in this hierarchy.
pub(crate) fn path_in(lines: &str, hierarchy: Hierarchy) -> Option<&str> {
    lines.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_it = match hierarchy {
            Hierarchy::Unified => controllers.is_empty() && line.starts_with("0:"),
            Hierarchy::Freezer => controllers.split(',').any(|it| it == "freezer"),
            Hierarchy::Named => controllers == "name=systemd",
        };
        // A cgroup that was removed under its process is no place to look for others.
        (is_it && path.starts_with('/') && !path.ends_with(" (deleted)")).then_some(path)
    })
}

/// The part of `path` that is the unit's own cgroup: up to the component that is the unit's name. What a
/// unit has divided for itself lies below.
pub(crate) fn of_unit<'a>(path: &'a str, unit: &str) -> Option<&'a str> {
    if unit.is_empty() || unit.contains('/') {
        return None;
    }
    let mut end = 0;
    for part in path.split('/') {
        end += part.len();
        // systemd puts a `_` before names that the kernel could take for its own.
        if part == unit || part.strip_prefix('_') == Some(unit) {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

/// Where a hierarchy is mounted, as `/proc/self/mountinfo` (`text`) says. One whose root is not the
/// hierarchy's own, as in some containers, shows other paths than `/proc/PID/cgroup`: it is left out.
pub(crate) fn mount_of(text: &str, hierarchy: Hierarchy) -> Option<PathBuf> {
    text.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, point) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let has = |name: &str| options.split(',').any(|option| option == name);
        let is_it = match hierarchy {
            Hierarchy::Unified => kind == "cgroup2",
            Hierarchy::Freezer => kind == "cgroup" && has("freezer"),
            Hierarchy::Named => kind == "cgroup" && has("name=systemd"),
        };
        (is_it && root == "/").then(|| PathBuf::from(point))
    })
}

/// One cgroup.
#[derive(Debug)]
pub(crate) struct Place {
    /// Of which hierarchy.
    pub(crate) hierarchy: Hierarchy,
    /// As `/proc/PID/cgroup` names it.
    pub(crate) path: String,
    /// Where its files are.
    pub(crate) folder: PathBuf,
}

/// The folder of a cgroup.
pub(crate) fn folder(mount: &Path, path: &str) -> PathBuf {
    mount.join(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hierarchy_has_its_line() {
        let lines = "9:name=systemd:/system.slice/a:b.service\n6:cpu,freezer:/f\n0::/u/v\n";
        assert_eq!(path_in(lines, Hierarchy::Unified), Some("/u/v"));
        assert_eq!(path_in(lines, Hierarchy::Freezer), Some("/f"));
        assert_eq!(path_in(lines, Hierarchy::Named), Some("/system.slice/a:b.service"));
        assert_eq!(path_in("0::/gone (deleted)\n", Hierarchy::Unified), None);
        assert_eq!(path_in("nonsense\n0:\n", Hierarchy::Unified), None);
    }

    #[test]
    fn only_the_units_own_cgroup_is_its_own() {
        let path = "/system.slice/system-shop.slice/shop@1.service/workers/a";
        let own = "/system.slice/system-shop.slice/shop@1.service";
        assert_eq!(of_unit(path, "shop@1.service"), Some(own));
        assert_eq!(of_unit(own, "shop@1.service"), Some(own));
        assert_eq!(
            of_unit("/system.slice/_cgroup.service", "cgroup.service"),
            Some("/system.slice/_cgroup.service")
        );
        for other in ["shop.service", "1.service", "", "system.slice/system-shop.slice"] {
            assert_eq!(of_unit(path, other), None, "{other}");
        }
        assert_eq!(of_unit("/", "shop.service"), None);
    }

    #[test]
    fn mounts_of_a_mixed_host() {
        let text = "30 22 0:26 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n\
                    31 22 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n\
                    32 22 0:28 /docker/x /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
        assert_eq!(mount_of(text, Hierarchy::Unified), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(mount_of(text, Hierarchy::Freezer), Some("/sys/fs/cgroup/freezer".into()));
        assert_eq!(mount_of(text, Hierarchy::Named), None);
    }
}
