//! Machines made of files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that a [`Root`](crate::doctor::facts::root::Root) takes for `/`.
pub(super) struct Tree(TempDir);

impl Tree {
    pub(super) fn new() -> Tree {
        Tree(tempfile::tempdir().expect("a folder of our own"))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    fn place(&self, absolute: &str) -> PathBuf {
        let path = self.0.path().join(absolute.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("it is below the base")).expect("our folder");
        path
    }

    pub(super) fn file(&self, absolute: &str, text: &str) -> &Tree {
        fs::write(self.place(absolute), text).expect("our folder");
        self
    }

    pub(super) fn files(&self, all: &[(&str, &str)]) -> &Tree {
        for (path, text) in all {
            self.file(path, text);
        }
        self
    }

    pub(super) fn folder(&self, absolute: &str) -> &Tree {
        fs::create_dir_all(self.place(absolute)).expect("our folder");
        self
    }

    pub(super) fn link(&self, absolute: &str, to: &str) -> &Tree {
        symlink(to, self.place(absolute)).expect("our folder");
        self
    }

    pub(super) fn remove(&self, absolute: &str) -> &Tree {
        let path = self.place(absolute);
        fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).expect("it is there");
        self
    }

    /// A process: its parent, name, user, arguments, score and cgroup.
    pub(super) fn process(&self, pid: u32, is: (u32, &str, u32, &str), at: (i64, &str)) -> &Tree {
        let (parent, name, user, line) = is;
        let (score, cgroup) = at;
        let memory = if line.is_empty() { "" } else { "VmSize:\t9 kB\n" };
        let status = format!(
            "Name:\t{name}\n{memory}PPid:\t{parent}\nUid:\t{user}\t{user}\t{user}\t{user}\n\
             CapBnd:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"
        );
        let of = |file: &str| format!("/proc/{pid}/{file}");
        let line = if line.is_empty() { String::new() } else { line.replace(' ', "\0") + "\0" };
        self.file(&of("status"), &status)
            .file(&of("comm"), &format!("{name}\n"))
            .file(&of("cmdline"), &line)
            .file(&of("oom_score_adj"), &format!("{score}\n"))
            .file(&of("cgroup"), cgroup)
    }

    /// Seen by this user, in the machine's own PID namespace.
    fn looked_at_by(&self, user: u32) -> &Tree {
        let status = format!("Name:\tdefib\nUid:\t{user}\t{user}\t{user}\t{user}\n");
        self.file("/proc/self/status", &status)
    }

    fn kernel(&self, release: &str, total_kib: u64, swap_kib: u64) -> &Tree {
        let memory = format!("MemTotal: {total_kib} kB\nSwapTotal: {swap_kib} kB\n");
        self.file("/proc/sys/kernel/osrelease", release).file("/proc/meminfo", &memory).files(&[
            ("/proc/sys/kernel/panic_on_oops", "0\n"),
            ("/proc/sys/vm/panic_on_oom", "0\n"),
            ("/proc/sys/vm/overcommit_memory", "0\n"),
            ("/proc/swaps", "Filename Type Size Used Priority\n"),
        ])
    }

    fn systemd(&self, version: u32) -> &Tree {
        self.process(1, (0, "systemd", 0, "/sbin/init"), (0, "0::/init.scope\n"))
            .folder("/run/systemd/system")
            .file("/run/dbus/system_bus_socket", "")
            .file("/run/systemd/private", "")
            .file(&format!("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-{version}.so"), "")
    }

    /// 600 MB, systemd 252, cgroup v2, an i6300esb, and Debian's own settings.
    pub(super) fn small_guest() -> Tree {
        let tree = Tree::new();
        tree.looked_at_by(0)
            .link("/proc/self/ns/pid", "pid:[4026531836]")
            .kernel("6.1.0-18-amd64", 604_160, 0)
            .systemd(252)
            .process(410, (1, "sshd", 0, "/usr/sbin/sshd -D"), (0, "0::/system.slice/ssh.service"))
            .process(
                520,
                (1, "gunicorn", 33, "/usr/bin/python3 /usr/bin/gunicorn shop:app"),
                (0, "0::/system.slice/shop.service\n"),
            )
            .process(
                521,
                (520, "gunicorn", 33, "/usr/bin/python3 /usr/bin/gunicorn shop:app"),
                (0, "0::/system.slice/shop.service\n"),
            )
            // The kernel's own thread of that name is nobody's healer.
            .process(40, (2, "watchdogd", 0, ""), (0, "0::/\n"))
            .files(&[
                ("/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
                ("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"),
                ("/sys/fs/cgroup/system.slice/cgroup.procs", ""),
                ("/sys/fs/cgroup/system.slice/cgroup.kill", ""),
                ("/proc/pressure/memory", "some avg10=0.00\n"),
                ("/proc/sysrq-trigger", ""),
                ("/proc/sys/kernel/sysrq", "438\n"),
                ("/proc/sys/kernel/panic", "0\n"),
                ("/lib/modules/6.1.0-18-amd64/kernel/drivers/block/zram/zram.ko", ""),
                ("/sys/class/watchdog/watchdog0/identity", "i6300ESB timer\n"),
                ("/sys/class/watchdog/watchdog0/timeout", "30\n"),
                ("/sys/class/watchdog/watchdog0/nowayout", "0\n"),
                ("/sys/class/watchdog/watchdog0/state", "inactive\n"),
                ("/dev/watchdog0", ""),
                ("/etc/systemd/system/shop.service", SHOP),
            ]);
        tree
    }

    /// The same after all that the doctor advises.
    pub(super) fn cured_guest() -> Tree {
        let tree = Tree::small_guest();
        let drop_in = "[Service]\nMemoryMax=400M\nOOMPolicy=continue\nTimeoutStopSec=10s\n\
                       OOMScoreAdjust=300\n";
        tree.kernel("6.1.0-18-amd64", 604_160, 302_080)
            .file("/etc/systemd/system/shop.service.d/50-all.conf", drop_in)
            .file("/proc/sys/kernel/panic", "10\n")
            .file("/proc/410/oom_score_adj", "-1000\n")
            .file("/proc/520/oom_score_adj", "300\n")
            .folder("/var/log/journal");
        tree.process(700, (1, "defib", 0, "/usr/bin/defib daemon"), (-1000, "0::/x\n")).process(
            701,
            (700, "defib", 998, "/usr/bin/defib guardian"),
            (-1000, "0::/x\n"),
        );
        tree
    }

    /// A container: the host's kernel, no systemd, no power over the machine.
    pub(super) fn container() -> Tree {
        let tree = Tree::new();
        tree.looked_at_by(0)
            .link("/proc/self/ns/pid", "pid:[4026532198]")
            .file("/.dockerenv", "")
            .kernel("5.10.0-28-amd64", 16_384_000, 0)
            .process(1, (0, "python3", 0, "python3 app.py"), (0, "0::/\n"))
            .files(&[
                ("/proc/mounts", "cgroup /sys/fs/cgroup cgroup2 ro 0 0\n"),
                ("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
                ("/proc/sys/kernel/panic", "0\n"),
                ("/proc/sysrq-trigger", ""),
                ("/etc/passwd", "root:x:0:0::/:/bin/sh\n"),
                ("/srv/shop", ""),
            ]);
        tree
    }

    /// cgroup v1 with v2 beside it, a PID 1 that is not systemd, a node without a driver.
    pub(super) fn hybrid() -> Tree {
        let tree = Tree::new();
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                      cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n\
                      cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n";
        tree.looked_at_by(0)
            .link("/proc/self/ns/pid", "pid:[4026531836]")
            .file("/.dockerenv", "")
            .kernel("4.19.0-26-amd64", 8_000_000, 0)
            .process(1, (0, "busybox", 0, "/sbin/init"), (0, "0::/\n"))
            .process(90, (1, "monit", 0, "/usr/bin/monit -c /etc/monitrc"), (0, "0::/\n"))
            .files(&[
                ("/proc/mounts", mounts),
                ("/sys/fs/cgroup/unified/cgroup.controllers", "\n"),
                ("/proc/pressure/memory", ""),
                ("/proc/sys/kernel/panic", "10\n"),
                ("/dev/watchdog", ""),
                ("/etc/passwd", "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n"),
                ("/srv/shop", ""),
                (
                    "/etc/crontab",
                    "# m h\n*/5 * * * * root /usr/local/bin/check\n5 4 * * * root ls\n",
                ),
                ("/usr/local/bin/check", "#!/bin/sh\ncurl -s http://127.0.0.1/ || reboot\n"),
            ]);
        tree
    }
}

/// A unit as people write it.
const SHOP: &str = "\
[Unit]
Description=the shop

[Service]
ExecStart=/usr/bin/gunicorn shop:app
Restart=on-failure
";
