//! What the executor has touched stays in memory, and its first real act reads nothing from a disk.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![expect(unsafe_code, reason = "process_madvise has no safe form in rustix")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, lives, start_config};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::note::Class;
use rustix::fs::{Advice, fadvise};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::AsRawFd;

/// CAP_IPC_LOCK, as a bit of CapEff.
const IPC_LOCK: u64 = 1 << 14;

fn pid_of(bench: &Bench) -> u32 {
    bench.executor.as_ref().expect("running").id()
}

fn proc_text(pid: u32, name: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{name}")).expect("it runs")
}

fn may_lock() -> bool {
    let status = proc_text(std::process::id(), "status");
    let bits = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("there");
    u64::from_str_radix(bits.trim(), 16).expect("a number") & IPC_LOCK != 0
}

/// Sums of Pss and of Locked, in KiB. The kernel counts a locked mapping's share as its Pss.
fn shares(pid: u32) -> (u64, u64) {
    let text = proc_text(pid, "smaps");
    let sum = |name: &str| -> u64 {
        let values = text.lines().filter_map(|line| line.strip_prefix(name));
        values.map(|it| it.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")).sum()
    };
    (sum("Pss:"), sum("Locked:"))
}

/// Faults that had to wait for a disk.
fn major_faults(pid: u32) -> u64 {
    let stat = proc_text(pid, "stat");
    stat.rsplit(") ").next().and_then(|it| it.split(' ').nth(9)?.parse().ok()).expect("a number")
}

/// Takes away what may be taken: each mapping is paged out, and the program's file leaves the cache.
fn page_out(bench: &Bench) {
    let executor = Pid::from_child(bench.executor.as_ref().expect("running"));
    let pidfd = pidfd_open(executor, PidfdFlags::empty()).expect("it runs");
    for line in proc_text(pid_of(bench), "maps").lines() {
        let (range, _) = line.split_once(' ').expect("a range");
        let (from, to) = range.split_once('-').expect("two ends");
        let from = usize::from_str_radix(from, 16).unwrap_or(0);
        let to = usize::from_str_radix(to, 16).unwrap_or(0);
        let part = libc::iovec { iov_base: from as *mut _, iov_len: to - from };
        // SAFETY: the addresses are another process's; nothing of ours is read or written but `part`.
        unsafe {
            let fd = pidfd.as_raw_fd();
            libc::syscall(libc::SYS_process_madvise, fd, &raw const part, 1, libc::MADV_PAGEOUT, 0);
        }
    }
    let file = std::fs::File::open(bench.folder.join("stand-in")).expect("there");
    file.sync_all().expect("written");
    fadvise(&file, 0, None, Advice::DontNeed).expect("advised");
}

/// The faults of the first act that ends something, after all that could be was taken away.
fn faults_of_an_act(bench: &mut Bench) -> u64 {
    bench.greeted();
    let app = bench.start_app();
    page_out(bench);
    let before = major_faults(pid_of(bench));
    let order = bench.order(Rung::Kill, Purse::Ladder, Some(app));
    let (outcome, why) = bench.act(Order { class: Class::Memory, ..order });
    assert_eq!(outcome, Outcome::Done, "{why}");
    assert!(!lives(app.pid));
    major_faults(pid_of(bench)) - before
}

/// A program file of its own: others run the same one, and would keep it in the cache.
fn bench_with_own_file(name: &str) -> Bench {
    let mut bench = Bench::prepare(name, &start_config("[\"sleep\", \"60\"]", ""), "stop");
    let own = bench.folder.join("stand-in");
    std::fs::copy(&bench.exe, &own).expect("copied");
    bench.exe = own;
    bench
}

#[test]
fn an_act_under_pressure_reads_nothing_from_the_disk() {
    if !may_lock() {
        return;
    }
    let mut bench = bench_with_own_file("locked");
    bench.start_executor();
    assert_eq!(faults_of_an_act(&mut bench), 0);
    let (touched, locked) = shares(pid_of(&bench));
    // The kernel's own page in each process (vvar, vdso) is never locked.
    assert!(locked + 16 >= touched, "{locked} of {touched} KiB are locked");
}

/// That the test above can fail: without the right to lock, the same act waits for the disk.
#[test]
fn without_the_lock_the_same_act_waits_for_the_disk() {
    use std::os::unix::fs::PermissionsExt;
    if !may_lock() || !std::fs::exists("/usr/bin/setpriv").expect("readable") {
        return;
    }
    let mut bench = bench_with_own_file("unlocked");
    let script = format!(
        "#!/bin/sh\nexec setpriv --bounding-set=-ipc_lock {} \"$@\"\n",
        bench.exe.display()
    );
    bench.exe = bench.folder.join("wrapper");
    std::fs::write(&bench.exe, script).expect("written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&bench.exe, mode).expect("ours");
    bench.start_executor();
    assert!(faults_of_an_act(&mut bench) > 0);
}
