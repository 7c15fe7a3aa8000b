//! A /proc made of files, and this machine's own.

use super::*;
use defib_engine::id::Identity;
use std::fs;
use tempfile::TempDir;

/// `PID/statm` and what else is said of a process.
struct Proc(TempDir);

impl Proc {
    fn new() -> Proc {
        let proc = Proc(tempfile::tempdir().unwrap());
        proc.process(1, 500, "systemd", 0, "0::/init.scope\n");
        for other in ["self", "sys", "123abc", "99999999999"] {
            fs::create_dir(proc.0.path().join(other)).unwrap();
        }
        proc
    }

    fn process(&self, pid: u32, pages: u64, comm: &str, parent: u32, cgroup: &str) {
        let folder = self.0.path().join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
        write("statm", format!("999999 {pages} 10 1 0 20 0\n"));
        write("comm", format!("{comm}\n"));
        write("stat", format!("{pid} ({comm}) S {parent} 1 1 0 -1\n"));
        write("cgroup", cgroup.to_owned());
    }

    fn finder(&self) -> Finder {
        Finder::open(self.0.path())
    }
}

fn app(pid: u32) -> (AppId, App) {
    let identity = Identity { pid, start_ticks: 1 };
    (AppId(3), App::open(identity, &mut [0; 4_096]))
}

fn look(finder: &mut Finder, apps: &[(AppId, App)]) -> Option<(Hog, Option<AppId>)> {
    finder.look(Instant::now(), apps, &mut [0; 4_096])
}

#[test]
fn the_largest_is_named_with_its_unit() {
    let proc = Proc::new();
    proc.process(812, 127_488, "faulttool", 1, "0::/system.slice/cron.service\n");
    proc.process(813, 4_000, "nginx", 1, "0::/system.slice/nginx.service\n");
    let (hog, app) = look(&mut proc.finder(), &[app(u32::MAX)]).expect("somebody is the largest");
    assert_eq!((hog.pid, hog.rss_kb, app), (812, 498 * 1_024, None));
    assert_eq!((hog.comm.as_str(), hog.unit.as_str()), ("faulttool", "cron.service"));
}

#[test]
fn a_worker_of_the_app_is_the_app_s() {
    let proc = Proc::new();
    proc.process(400_000, 900, "python3", 1, "0::/\n");
    proc.process(400_001, 800, "sh", 400_000, "0::/\n");
    proc.process(
        400_002,
        99_000,
        "a) R 1 (b",
        400_001,
        "1:name=systemd:/user.slice/user-0.slice\n",
    );
    let (hog, owner) = look(&mut proc.finder(), &[app(400_000)]).expect("somebody");
    assert_eq!((hog.pid, owner), (400_002, Some(AppId(3))));
    assert_eq!((hog.comm.as_str(), hog.unit.as_str()), ("a) R 1 (b", "user-0.slice"));
}

#[test]
fn a_second_walk_comes_after_a_while_and_what_ended_is_forgotten() {
    let proc = Proc::new();
    proc.process(812, 9_000, "first", 1, "0::/\n");
    let (mut finder, begun) = (proc.finder(), Instant::now());
    let mut at = |ms| {
        let found = finder.look(begun + Duration::from_millis(ms), &[], &mut [0; 4_096]);
        found.map(|(hog, _)| hog.pid)
    };
    assert_eq!(at(0), Some(812));
    fs::remove_dir_all(proc.0.path().join("812")).unwrap();
    proc.process(813, 2_000, "second", 1, "0::/\n");
    assert_eq!(at(4_499), Some(812));
    assert_eq!(at(4_500), Some(813));
    finder.forget();
    assert!(finder.found.is_none() && !finder.is_under_way);
}

#[test]
fn a_step_that_is_over_goes_on_where_it_was() {
    let proc = Proc::new();
    (2..3_000).for_each(|pid| proc.process(pid, u64::from(pid), "one", 1, "0::/\n"));
    let mut finder = proc.finder();
    let mut steps = 1;
    while !finder.step(Instant::now()) {
        steps += 1;
        assert!(steps < 1_000);
    }
    // The time was over before each bufferful; the first one of a step is read all the same.
    assert_eq!(finder.largest, Some((2_999, 2_999)));
    assert!(steps > 1, "{steps}");
}

#[test]
fn where_others_are_hidden_nobody_is_named() {
    let proc = Proc::new();
    fs::remove_dir_all(proc.0.path().join("1")).unwrap();
    proc.process(4_711, 1_000, "defib", 1, "0::/\n");
    assert!(look(&mut proc.finder(), &[]).is_none());
    assert!(look(&mut Finder::open(Path::new("/nowhere")), &[]).is_none());
}

#[test]
fn units_are_found_in_what_lies_around_them() {
    let unit = |text: &str| String::from_utf8(last_part(group(text.as_bytes())).to_vec()).unwrap();
    assert_eq!(unit("0::/system.slice/a.service/workers\n"), "a.service");
    assert_eq!(unit("0::/user.slice/user-1000.slice/session-3.scope\n"), "session-3.scope");
    assert_eq!(unit("0::/docker/0123\n"), "0123");
    assert_eq!(unit("9:memory:/x\n1:name=systemd:/system.slice/b.service\n0::/\n"), "b.service");
    assert_eq!(unit(""), "");
}

/// What a walk costs here; `cargo test -p defib-guardian a_walk -- --nocapture` prints it.
#[test]
fn a_walk_through_this_machine_finds_somebody_in_bounded_time() {
    let mut finder = Finder::open(Path::new("/proc"));
    let processes = fs::read_dir("/proc").unwrap().count();
    let begun = Instant::now();
    let found = look(&mut finder, &[]);
    println!("a step over {processes} names: {:?}, found {found:?}", begun.elapsed());
    // In a container that hides the others there is nobody.
    assert!(found.is_some() || finder.proc.is_none());
}
