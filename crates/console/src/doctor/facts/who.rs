//! Who looks, and on what kind of machine.

use super::root::Root;

/// The first PID namespace of a kernel has this fixed number (`PROC_PID_INIT_INO`).
const FIRST_NAMESPACE: &str = "pid:[4026531836]";

/// `CAP_SYS_BOOT`, as a bit.
const SYS_BOOT: u64 = 1 << 22;

/// Who looks, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Who {
    /// Whether it is root who looks.
    pub(crate) is_root: bool,
    /// Whether PID 1 (and so a service) may end the machine; `None` is not known.
    pub(crate) may_service_boot: Option<bool>,
    /// What kind of container this is, if `reboot(2)` ends that and not the machine.
    pub(crate) container: Option<String>,
}

impl Who {
    pub(super) fn read(root: &Root) -> Who {
        let status = root.text("/proc/self/status").unwrap_or_default();
        Who {
            is_root: field(&status, "Uid:", 1) == Some("0"),
            may_service_boot: root
                .text("/proc/1/status")
                .and_then(|text| may_boot(&text, "CapBnd:")),
            container: container(root),
        }
    }
}

/// Whether this set of a `/proc/PID/status` allows to end the machine.
pub(super) fn may_boot(status: &str, set: &str) -> Option<bool> {
    let bits = u64::from_str_radix(field(status, set, 0)?, 16).ok()?;
    Some(bits & SYS_BOOT != 0)
}

/// The `index`th word after `key`.
pub(super) fn field<'a>(status: &'a str, key: &str, index: usize) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().nth(index)
}

/// What matters is whose init a reboot ends, so the namespace decides. Marks alone do not: a machine may
/// have been made from a container's image, mark and all.
fn container(root: &Root) -> Option<String> {
    let namespace = root.link("/proc/self/ns/pid");
    if namespace.as_deref() == Some(FIRST_NAMESPACE) {
        return None;
    }
    let mark = root.word("/run/systemd/container").filter(|name| !name.is_empty());
    let file = |path, name: &str| root.has(path).then(|| name.to_owned());
    mark.or_else(|| file("/run/.containerenv", "podman"))
        .or_else(|| file("/.dockerenv", "docker"))
        .or_else(|| namespace.map(|_| "PID namespace".to_owned()))
}
