//! Real cgroups, where this machine lets us make some.

use super::path::{Hierarchy, folder, mount_of};
use super::*;
use crate::process::stat;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A cgroup of its own for one test; empty again and gone at the end.
struct Den {
    place: PathBuf,
    children: Vec<Child>,
}

impl Den {
    /// `None`: this machine has no such hierarchy, or we may not make cgroups in it.
    fn make(hierarchy: Hierarchy, name: &str) -> Option<Den> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
        let name = format!("{name}.{}.service", std::process::id());
        let place = folder(&mount_of(&mounts, hierarchy)?, &name);
        std::fs::create_dir(&place).ok()?;
        Some(Den { place, children: Vec::new() })
    }

    /// A process in it, which starts more than can be counted if it is a `storm`.
    fn put(&mut self, script: &str) -> Identity {
        let procs = self.place.join("cgroup.procs");
        let enter = format!("echo 0 > {} && echo in && {script}", procs.display());
        let mut command = Command::new("sh");
        command.args(["-c", &enter]).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("sh starts");
        let mut line = [0; 3];
        let mut out = child.stdout.take().expect("piped");
        std::io::Read::read_exact(&mut out, &mut line).expect("it is in");
        let identity = stat::read(child.id()).expect("it runs").identity;
        self.children.push(child);
        identity
    }

    fn open(&self, main: Identity) -> Option<OpenGroup> {
        let unit = self.place.file_name().and_then(|name| name.to_str()).expect("named");
        of_unit(main, unit)?.open(main, Rc::new(Reclaim::start()))
    }
}

impl Drop for Den {
    fn drop(&mut self) {
        // What is left is this test's own.
        let _ = std::fs::write(self.place.join("cgroup.kill"), "1");
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        eventually(|| std::fs::remove_dir(&self.place).is_ok());
    }
}

fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > Duration::from_secs(8) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

/// Forks without an end, but never more than some at a time: the machine is others' too.
const STORM: &str = "n=0; while [ $n -lt 40 ]; do (while :; do (:); done) & n=$((n+1)); done; wait";

fn ends(hierarchy: Hierarchy, name: &str, spoil: impl Fn(&mut OpenGroup), expected: Blow) {
    let Some(mut den) = Den::make(hierarchy, name) else { return };
    let main = den.put(STORM);
    let Some(mut group) = den.open(main) else { panic!("it is the unit's own") };
    spoil(&mut group);
    assert!(!group.is_empty());
    // As the act does it: a blow, a look a little later, and another if something was being forked.
    let ended = eventually(|| {
        assert_eq!(group.strike().expect("ours"), expected);
        let struck = Instant::now();
        eventually(|| group.is_empty() || struck.elapsed() > Duration::from_millis(50));
        group.is_empty()
    });
    assert!(ended, "{:?}", std::fs::read_to_string(den.place.join("cgroup.procs")));
}

#[test]
fn a_fork_storm_ends_by_cgroup_kill() {
    ends(Hierarchy::Unified, "defib-test-kill", |_| {}, Blow::Killed);
}

#[test]
fn a_fork_storm_ends_frozen_where_there_is_no_cgroup_kill() {
    ends(Hierarchy::Unified, "defib-test-freeze", |group| group.kill = None, Blow::Frozen);
}

#[test]
fn a_fork_storm_ends_in_the_old_freezer() {
    ends(Hierarchy::Freezer, "defib-test-old", |_| {}, Blow::Frozen);
}

#[test]
fn a_cgroup_that_is_not_the_units_is_never_opened() {
    let Some(mut den) = Den::make(Hierarchy::Unified, "defib-test-other") else { return };
    let main = den.put("exec sleep 60");
    assert!(of_unit(main, "shop.service").is_none());
    // Our own is the root, or somebody else's.
    let own = stat::read(std::process::id()).expect("we run").identity;
    assert!(of_unit(own, "shop.service").is_none());
    // One of ours that nobody has made.
    assert!(of_child(main, "shop").is_none());
}

#[test]
fn a_cgroup_with_an_sshd_or_with_us_in_it_is_left_alone() {
    let Some(mut den) = Den::make(Hierarchy::Unified, "defib-test-sshd") else { return };
    let main = den.put("exec sleep 60");
    let group = den.open(main).expect("nobody is in it yet");
    // As the kernel names a program that is called sshd.
    let sshd = std::env::temp_dir().join(format!("defib-{}/sshd", std::process::id()));
    std::fs::create_dir_all(sshd.parent().expect("there")).expect("made");
    std::os::unix::fs::symlink("/bin/sleep", &sshd).expect("linked");
    den.put(&format!("exec {} 60", sshd.display()));
    let name = den.children[1].id();
    eventually(|| members::name_of(name).starts_with("sshd"));
    assert!(den.open(main).is_none());
    std::fs::remove_dir_all(sshd.parent().expect("there")).expect("removed");
    // We ourselves, as a person could have put us.
    let procs = group.place.folder.join("cgroup.procs");
    let home = std::fs::read_to_string("/proc/self/cgroup").expect("read");
    let home = path::path_in(&home, Hierarchy::Unified).expect("there").to_owned();
    std::fs::write(&procs, "0").expect("entered");
    let refused = group.strike();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("read");
    let back = folder(&mount_of(&mounts, Hierarchy::Unified).expect("there"), &home);
    std::fs::write(back.join("cgroup.procs"), "0").expect("back");
    assert_eq!(refused.map_err(|it| it.raw_os_error()), Err(Some(libc::EPERM)));
}
