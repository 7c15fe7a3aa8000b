//! Check commands.

use crate::servers::{LONG_MS, SHORT_MS, looker, probe_of};
use defib_config::spec::{CommandSpec, ProbeKind, ProbeSpec};
use defib_engine::seen::{Phase, Seen, UnknownWhy};
use defib_guardian::probe::{Look, Looker, LookerSettings, look_once};
use std::path::Path;
use std::time::{Duration, Instant};

fn command(argv: &[&str]) -> ProbeSpec {
    let argv = argv.iter().map(|&word| word.to_owned()).collect();
    probe_of(ProbeKind::Command(CommandSpec { argv, user: None }))
}

fn shell(script: &str) -> ProbeSpec {
    command(&["/bin/sh", "-c", script])
}

fn run(script: &str) -> Look {
    look_once(&mut looker(), &shell(script), LONG_MS)
}

#[test]
fn exit_codes_mean_what_nagios_says() {
    let unsure = Seen::Unknown(UnknownWhy::CommandUnsure);
    for (script, seen) in [
        ("exit 0", Seen::Pass),
        ("exit 1", Seen::Command(1)),
        ("exit 2", Seen::Command(2)),
        ("exit 3", unsure),
        ("exit 77", unsure),
        ("kill -9 $$", unsure),
    ] {
        assert_eq!(run(script).seen, seen, "{script}");
    }
    assert!(Seen::Command(1).is_good());
}

#[test]
fn the_first_line_of_output_is_kept() {
    let look = run("echo 'DISK WARNING - 9% free | /=9%'; echo more; exit 1");
    assert_eq!(look.detail.as_str(), "DISK WARNING - 9% free | /=9%");
}

#[test]
fn more_output_than_a_pipe_holds_stops_nobody() {
    let look = run("echo first; head -c 1000000 /dev/zero; exit 2");
    assert_eq!((look.seen, look.detail.as_str()), (Seen::Command(2), "first"));
}

#[test]
fn input_is_empty_and_there_is_no_shell() {
    assert_eq!(look_once(&mut looker(), &command(&["/bin/cat"]), LONG_MS).seen, Seen::Pass);
    let look = look_once(&mut looker(), &command(&["/bin/echo", "$HOME; *"]), LONG_MS);
    assert_eq!(look.detail.as_str(), "$HOME; *");
}

#[test]
fn a_program_that_is_not_there_knows_nothing() {
    let look = look_once(&mut looker(), &command(&["/nonexistent/check"]), LONG_MS);
    assert_eq!(look.seen, Seen::Unknown(UnknownWhy::CommandUnsure));
    assert!(look.detail.as_str().starts_with("cannot start /nonexistent/check: No such file"));
}

/// The pid that a script wrote; read after its run is over.
fn pid_in(path: &Path) -> u32 {
    std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
}

/// Whether a process ends within two seconds. One that waits for its parent to notice has ended.
fn ends(pid: u32) -> bool {
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        if stat.map_or(true, |stat| stat.contains(") Z ")) {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn at_the_deadline_the_whole_group_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let script =
        format!("echo begun; sleep 300 & echo $! > {}; trap '' TERM; wait", path.display());
    let look = look_once(&mut looker(), &shell(&script), 10 * SHORT_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Command));
    assert_eq!(look.detail.as_str(), "begun");
    assert!(ends(pid_in(&path)));
}

#[test]
fn a_grandchild_that_holds_the_pipe_delays_nothing_and_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; echo bad; exit 2", path.display());
    let look = run(&script);
    assert_eq!((look.seen, look.detail.as_str()), (Seen::Command(2), "bad"));
    assert!(ends(pid_in(&path)));
}

#[test]
fn a_run_that_is_dropped_ends_its_command_and_leaves_no_zombie() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 300", path.display());
    let epoll = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC).unwrap();
    let poller = defib_guardian::probe::Poller::new(rustix::fd::AsFd::as_fd(&epoll), 1);
    let mut looker = looker();
    let probe = defib_guardian::probe::Probe::new(&shell(&script)).unwrap();
    let now = defib_guardian::probe::boottime();
    let terms = defib_guardian::probe::Terms { timeout_ms: LONG_MS, listener_seen: false };
    let mut run = probe.start(terms, now);
    run.advance(&mut looker, &poller, now);
    let deadline = Instant::now() + Duration::from_secs(2);
    while !path.exists() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let pid = pid_in(&path);
    drop(run);
    assert!(ends(pid));
    // The next command's start reaps it.
    assert_eq!(look_once(&mut looker, &shell("exit 0"), LONG_MS).seen, Seen::Pass);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn another_user_is_taken_on_by_our_own_role() {
    let spec = CommandSpec {
        argv: vec!["/bin/check".to_owned(), "-w".to_owned()],
        user: Some("nobody".to_owned()),
    };
    let spec = probe_of(ProbeKind::Command(spec));
    let refused = look_once(&mut looker(), &spec, LONG_MS);
    assert_eq!(refused.seen, Seen::Unknown(UnknownWhy::OurLimit));
    let settings =
        LookerSettings { exec_child: vec!["/bin/echo".into()], ..LookerSettings::default() };
    let look = look_once(&mut Looker::new(settings), &spec, LONG_MS);
    assert_eq!(look.detail.as_str(), "--user nobody -- /bin/check -w");
}
