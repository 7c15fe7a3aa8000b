//! Whether this is a machine at all. In a container reboot(2) ends the container's init at the best, and
//! a host is not ours to end.

use std::fs;
use std::path::Path;

/// The inode of the first PID namespace, fixed in the kernel (`PROC_PID_INIT_INO`).
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
/// The same for users (`PROC_USER_INIT_INO`): CAP_SYS_BOOT of another one is no right to reboot.
const FIRST_USER_NAMESPACE: &str = "user:[4026531837]";

/// What container managers leave in the root folder or in /run.
const TRACES: [(&str, &str); 4] = [
    ("run/systemd/container", "a container of systemd's"),
    (".dockerenv", "a Docker container"),
    ("run/.containerenv", "a Podman container"),
    ("dev/lxc", "an LXC container"),
];

/// Words in the path of PID 1's cgroup.
const CGROUPS: [&str; 6] = ["docker", "lxc", "kubepods", "libpod", "containerd", "machine.slice"];

/// Which kind of container this is; `None`: it is a machine. `root` is `/`, and a made one in tests.
pub fn container(root: &Path) -> Option<&'static str> {
    let traces = TRACES.iter().find(|(path, _)| root.join(path).exists());
    traces.map(|(_, name)| *name).or_else(|| namespace(root)).or_else(|| init(root))
}

/// A kernel without namespaces has no such links, and no containers either.
fn namespace(root: &Path) -> Option<&'static str> {
    let is_other = |name: &str, first: &str| {
        fs::read_link(root.join("proc/self/ns").join(name))
            .is_ok_and(|link| link != Path::new(first))
    };
    if is_other("pid", FIRST_PID_NAMESPACE) {
        return Some("a PID namespace of its own");
    }
    is_other("user", FIRST_USER_NAMESPACE).then_some("a user namespace of its own")
}

/// What PID 1 was told and where it lives.
fn init(root: &Path) -> Option<&'static str> {
    let environment = fs::read(root.join("proc/1/environ")).unwrap_or_default();
    let mut words = environment.split(|byte| *byte == 0);
    if words.any(|word| word.starts_with(b"container=") && word.len() > b"container=".len()) {
        return Some("a container, as its init was told");
    }
    let cgroup = fs::read_to_string(root.join("proc/1/cgroup")).unwrap_or_default();
    CGROUPS.iter().any(|word| cgroup.contains(word)).then_some("a container, by its cgroup")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Root(std::path::PathBuf);

    impl Root {
        /// What a machine looks like.
        fn new(name: &str) -> Root {
            let root = std::env::temp_dir().join(format!("defib-{name}-{}", std::process::id()));
            fs::create_dir_all(root.join("proc/self/ns")).unwrap();
            fs::create_dir_all(root.join("proc/1")).unwrap();
            fs::create_dir_all(root.join("run/systemd")).unwrap();
            symlink(FIRST_PID_NAMESPACE, root.join("proc/self/ns/pid")).unwrap();
            symlink(FIRST_USER_NAMESPACE, root.join("proc/self/ns/user")).unwrap();
            fs::write(root.join("proc/1/environ"), "TERM=linux\0").unwrap();
            fs::write(root.join("proc/1/cgroup"), "0::/init.scope\n").unwrap();
            Root(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_machine_is_none() {
        assert_eq!(container(&Root::new("machine").0), None);
    }

    #[test]
    fn each_trace_is_enough() {
        for (at, path) in
            ["run/systemd/container", ".dockerenv", "run/.containerenv"].iter().enumerate()
        {
            let root = Root::new(&format!("trace{at}"));
            fs::write(root.0.join(path), "").unwrap();
            assert!(container(&root.0).is_some(), "{path}");
        }
        let root = Root::new("environ");
        fs::write(root.0.join("proc/1/environ"), "a=b\0container=lxc\0").unwrap();
        assert!(container(&root.0).is_some());
        let root = Root::new("cgroup");
        fs::write(root.0.join("proc/1/cgroup"), "0::/docker/0123\n").unwrap();
        assert!(container(&root.0).is_some());
    }

    #[test]
    fn another_namespace_is_enough() {
        for name in ["pid", "user"] {
            let root = Root::new(&format!("{name}ns"));
            let link = root.0.join("proc/self/ns").join(name);
            fs::remove_file(&link).unwrap();
            symlink(format!("{name}:[4026532000]"), link).unwrap();
            assert!(container(&root.0).is_some(), "{name}");
        }
    }
}
