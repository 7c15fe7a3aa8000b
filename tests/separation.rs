//! Two processes, two users: what the guardian of a root daemon is, and what it is not.
//!
//! Without root there is nothing to separate, and nothing here to see.

mod support;

use defib_journal::recorder::{FILE_NAME, RING_BYTES, read_ring};
use rustix::process::{Signal, geteuid};
use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use support::folder::Folder;
use support::port::free_port;
use support::wait::poll_until;
use support::whole::{Daemon, Home, SOON};

fn config(more: &str) -> String {
    let port = free_port();
    format!(
        "[machine]\nmode = \"observe\"\n\n[app.shop]\nurl = \"http://127.0.0.1:{port}/\"\n\
         interval = \"200ms\"\nfast = \"200ms\"\n{more}"
    )
}

/// The lines of `/proc/PID/status`.
fn status(pid: u32) -> HashMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// The same of each thread.
fn threads(pid: u32) -> Vec<HashMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it lives");
    let number = |task: fs::DirEntry| task.file_name().to_string_lossy().parse().expect("a number");
    tasks.map(|task| status(number(task.expect("a thread")))).collect()
}

/// A guardian that serves its socket.
fn serving(home: &Home, daemon: &Daemon) -> u32 {
    poll_until("the control socket answers", SOON, || home.ask("{\"do\":\"status\"}"));
    poll_until("there is a guardian", SOON, || daemon.guardian())
}

/// The guardian's user, wherever this test runs.
fn user_of(pid: u32) -> u32 {
    let status = status(pid);
    let ids: Vec<&str> = status["Uid"].split_whitespace().collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    ids[0].parse().expect("a number")
}

fn owner(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).uid()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

#[test]
fn the_guardian_of_a_root_daemon_has_no_privilege() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("powerless"), &config(""));
    let daemon = home.daemon();
    let guardian = serving(&home, &daemon);
    let (now, executor) = (status(guardian), status(daemon.pid()));
    assert_ne!(user_of(guardian), 0);
    assert!(!now["Groups"].split_whitespace().any(|group| group == "0"), "{now:?}");
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(now[set], "0000000000000000", "{set}");
    }
    assert_eq!((&*now["NoNewPrivs"], &*now["Seccomp"]), ("1", "2"));
    // The journal's thread, too, has given up all that the guardian has.
    let threads = threads(guardian);
    assert_eq!(threads.len(), 2, "the loop and the journal's: {threads:?}");
    for thread in &threads {
        let same = ["Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters"];
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
        for field in same.iter().chain(&sets) {
            assert_eq!(thread.get(*field), now.get(*field), "{field}");
        }
    }
    // What the executor gave before the drop outlives it.
    let score = |pid| fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).expect("it lives");
    assert_eq!(score(guardian), score(daemon.pid()));
    // CAP_SYS_ADMIN and CAP_SETUID: a mount and a change of user are what the executor never does itself.
    let left = u64::from_str_radix(&executor["CapPrm"], 16).expect("a set");
    assert_eq!(left & (1 << 21 | 1 << 7), 0, "{left:x}");
    // CAP_SYS_RESOURCE lifts the limit of locked memory; some containers are without it.
    if left & 1 << 24 != 0 && executor["VmLck"] != "0 kB" {
        assert_ne!(now["VmLck"], "0 kB");
    }
    assert_eq!(daemon.stop(), Some(0));
}

/// Since Linux 6.5 everybody may ask the kernel to be woken when memory is short; before, it depends.
#[test]
fn the_kernel_wakes_a_guardian_without_privilege_when_memory_is_short() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("pressure"), &config(""));
    let daemon = home.daemon();
    let guardian = serving(&home, &daemon);
    assert_ne!(user_of(guardian), 0);
    let folder = fs::read_dir(format!("/proc/{guardian}/fdinfo")).expect("root may look");
    let numbers = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    // O_RDWR: the figures are read through descriptors of their own.
    let is_trigger = |number: &String| {
        let name = fs::read_link(format!("/proc/{guardian}/fd/{number}"));
        let info = fs::read_to_string(format!("/proc/{guardian}/fdinfo/{number}"));
        name.is_ok_and(|name| name == Path::new("/proc/pressure/memory"))
            && info.is_ok_and(|info| info.lines().any(is_read_write))
    };
    let triggers = numbers.filter(is_trigger).count();
    let status = home.ask("{\"do\":\"status\"}").expect("it answers");
    let is_heard = status.contains("\"trigger\":{\"error\":null");
    assert_eq!(triggers, usize::from(is_heard), "{status}");
    let has_pressure = fs::read_to_string("/proc/pressure/memory").is_ok_and(|it| !it.is_empty());
    if has_pressure && kernel_is_at_least((6, 5)) {
        assert!(is_heard, "{status}");
    }
    assert_eq!(daemon.stop(), Some(0));
}

/// A line of `/proc/PID/fdinfo/N`.
fn is_read_write(line: &str) -> bool {
    let flags = line.strip_prefix("flags:").map(str::trim);
    flags.and_then(|octal| u32::from_str_radix(octal, 8).ok()).is_some_and(|bits| bits & 3 == 2)
}

fn kernel_is_at_least(wanted: (u32, u32)) -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux");
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next()) >= wanted
}

#[test]
fn the_ledger_is_roots_and_the_journal_the_guardians() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("whose"), &config(""));
    let daemon = home.daemon();
    let guardian = user_of(serving(&home, &daemon));
    for ours in [home.state(), home.state().join("ledger"), home.runtime().join("ledger.run")] {
        assert_eq!(owner(&ours), 0, "{}", ours.display());
        // The runtime folder is sticky: the guardian writes there and can take nothing of ours away.
        assert_eq!(mode(&ours) & 0o022, 0, "{}", ours.display());
    }
    assert_eq!((owner(&home.runtime()), mode(&home.runtime()) & 0o1022), (0, 0o1020));
    for own in [home.state().join("journal"), home.runtime().join("hold")] {
        assert_eq!(owner(&own), guardian, "{}", own.display());
    }
    let socket = home.runtime().join("defib.sock");
    assert_eq!((owner(&socket), mode(&socket)), (guardian, 0o660));
    assert!(!home.journal().is_empty());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn the_flight_recorder_is_written_without_privilege() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("recorder"), &config(""));
    let daemon = home.daemon();
    let guardian = user_of(serving(&home, &daemon));
    let place = home.state().join("journal").join(FILE_NAME);
    let sample = poll_until("a reading is recorded", SOON, || {
        read_ring(&fs::read(&place).ok()?).last().copied()
    });
    assert!(sample.memory_kb > 0 && sample.available_kb > 0 && sample.tasks > 0, "{sample:?}");
    assert_eq!((owner(&place), mode(&place) & 0o027), (guardian, 0), "as the journal's files");
    assert_eq!(fs::metadata(&place).expect("it is there").len(), RING_BYTES as u64);
    let is_off = |line: &str| line.contains("the flight recorder is off");
    assert!(!home.journal().iter().any(|line| is_off(&format!("{line:?}"))));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn what_a_root_guardian_left_is_handed_over_and_links_are_not() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("migrated"), &config(""));
    let (journal, runtime) = (home.state().join("journal"), home.runtime());
    fs::create_dir_all(&journal).expect("ours");
    // As the umask of the shipped unit would have it.
    fs::set_permissions(&journal, Permissions::from_mode(0o700)).expect("ours");
    fs::create_dir_all(runtime.join("hold")).expect("ours");
    fs::set_permissions(home.state(), Permissions::from_mode(0o700)).expect("ours");
    fs::write(home.state().join("ledger"), "").expect("ours");
    fs::write(journal.join("20200101.jsonl"), "").expect("ours");
    fs::write(runtime.join("hold/shop"), "").expect("ours");
    drop(UnixListener::bind(runtime.join("defib.sock")).expect("ours"));
    let secret = home.folder().join("secret");
    fs::write(&secret, "").expect("ours");
    fs::hard_link(&secret, journal.join("20200102.jsonl")).expect("ours");
    std::os::unix::fs::symlink(&secret, journal.join("20200103.jsonl")).expect("ours");
    // Somebody of the group was quicker than the executor.
    fs::write(home.runtime().join("ledger.run"), "not a ledger").expect("ours");
    std::os::unix::fs::chown(home.runtime().join("ledger.run"), Some(65_530), None).expect("root");

    let daemon = home.daemon();
    let guardian = user_of(serving(&home, &daemon));
    for own in [&journal, &journal.join("20200101.jsonl"), &runtime.join("hold")] {
        assert_eq!(owner(own), guardian, "{}", own.display());
    }
    assert_eq!(mode(&journal), 0o750);
    assert_eq!(owner(&secret), 0);
    assert_eq!(owner(&runtime.join("ledger.run")), 0);
    home.wait_for_word("held", SOON);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn check_commands_run_as_the_guardians_user_and_a_reload_brings_them() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("checks"), &config(""));
    let daemon = home.daemon();
    let before = serving(&home, &daemon);
    let told = home.folder().join("told");
    fs::write(&told, "").expect("ours");
    fs::set_permissions(&told, Permissions::from_mode(0o666)).expect("ours");
    let script = "(id -u; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status) >$0";
    let command = format!("[\"sh\", \"-c\", {script:?}, {told:?}]");
    let more = format!("[app.shop.probe.own]\ncommand = {command}\n");
    fs::write(home.folder().join("defib.toml"), config(&more)).expect("ours");
    daemon.signal(Signal::HUP);
    let said = poll_until("the check has run", SOON, || {
        let text = fs::read_to_string(&told).ok()?;
        (text.lines().count() == 3).then_some(text)
    });
    let after = serving(&home, &daemon);
    assert_ne!(after, before, "a guardian that has given up starting programs begins anew");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, [&*user_of(after).to_string(), "0", "NoNewPrivs:\t1"]);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_closed_folder_is_told_and_guarded_all_the_same() {
    if !geteuid().is_root() {
        return;
    }
    let home = Home::new(Folder::new("closed"), &config(""));
    fs::set_permissions(home.folder().path(), Permissions::from_mode(0o700)).expect("ours");
    let daemon = home.daemon();
    assert_eq!(user_of(serving(&home, &daemon)), 0);
    assert!(home.log().contains("the guardian runs as root"), "{}", home.log());
    let alarm = |entry: &defib_journal::line::Entry| {
        let is_alarm = entry.line.kind() == "alarm";
        (is_alarm && format!("{:?}", entry.line).contains("the guardian runs as root"))
            .then_some(())
    };
    home.wait_for_line("an alarm", SOON, alarm);
    assert_eq!(daemon.stop(), Some(0));
}

/// The capabilities that the shipped unit leaves, as setpriv(1) writes them.
fn of_the_unit() -> String {
    let unit = include_str!("../dist/usr/lib/systemd/system/defib.service");
    let sets = unit.lines().filter_map(|line| line.strip_prefix("CapabilityBoundingSet="));
    let words = sets.flat_map(str::split_whitespace);
    let words = words.map(|word| format!("+{}", word.trim_start_matches("CAP_").to_lowercase()));
    // This machine may itself be without one, and setpriv cannot give it.
    let own = status(std::process::id());
    let has_resource = u64::from_str_radix(&own["CapBnd"], 16).expect("a set") & 1 << 24 != 0;
    let words = words.filter(|word| has_resource || word != "+sys_resource");
    format!("-all,{}", words.collect::<Vec<_>>().join(","))
}

#[test]
fn with_the_units_capabilities_apps_of_another_user_are_started() {
    if !geteuid().is_root() {
        return;
    }
    let more = "start = [\"sleep\", \"77\"]\nuser = \"nobody\"\n";
    let config = config(more).replace("observe", "act");
    let home = Home::new(Folder::new("unitcaps"), &config);
    let left = of_the_unit();
    let sandbox = ["setpriv", "--no-new-privs", "--bounding-set", &left, "--inh-caps=-all"];
    let daemon = home.daemon_under(&sandbox);
    let guardian = serving(&home, &daemon);
    assert_ne!(user_of(guardian), 0);
    assert_eq!(status(guardian)["CapBnd"], "0000000000000000");
    let app = poll_until("the app runs as nobody", SOON, || {
        let children = format!("/proc/{0}/task/{0}/children", daemon.pid());
        let children = fs::read_to_string(children).ok()?;
        let mut pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.find(|pid| fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"sleep\n"))
    });
    let nobody = owner(Path::new(&format!("/proc/{app}")));
    assert!(nobody != 0 && nobody != user_of(guardian), "{nobody}");
    assert_eq!(daemon.stop(), Some(0));
    // The app outlives a daemon; it is ours to end.
    support::whole::signal_to(app, Signal::KILL);
}
