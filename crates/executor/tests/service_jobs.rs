//! Jobs of the service manager, against a scripted one on a private bus.

#[path = "scripted_manager/mod.rs"]
mod scripted_manager;

use defib_engine::event::Failure;
use defib_engine::id::AppId;
use defib_executor::manager::{ManagerEvent, ServiceManager, TransientUnit, UnitJob, UnitState};
use scripted_manager::rig::{Rig, now_ms, settings};
use scripted_manager::server::{Fate, Server};
use scripted_manager::{Bus, Folder, Sleeper, script};

const NAMES: [&str; 2] = ["org.freedesktop.systemd1", "org.freedesktop.login1"];

/// A bus with a scripted manager on it, and ours connected.
struct Stage {
    rig: Rig,
    server: Server,
    bus: Option<Bus>,
    folder: Folder,
}

fn stage() -> Stage {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let server = Server::new();
    server.join(bus.socket(), &NAMES);
    let mut rig = Rig::new(settings(&bus.address()));
    rig.until_reached();
    Stage { rig, server, bus: Some(bus), folder }
}

fn failure(result: Result<(), (Failure, String)>) -> (Failure, String) {
    result.expect_err("it should have failed")
}

#[test]
fn each_job_is_called_by_its_method_and_ends_when_the_manager_s_job_does() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    server.take_calls();
    for (job, call) in [
        (UnitJob::Start, "StartUnit shop.service replace"),
        (UnitJob::Stop, "StopUnit shop.service replace"),
        (UnitJob::Restart, "RestartUnit shop.service replace"),
        (UnitJob::Reload, "ReloadUnit shop.service replace"),
        (UnitJob::ResetFailed, "ResetFailedUnit shop.service"),
        (UnitJob::Kill { signal: 9 }, "KillUnit shop.service all 9"),
    ] {
        let id = rig.systemd.begin(job, "shop.service", now_ms() + 3000);
        assert_eq!(rig.end_of(id), Ok(()), "{job:?}");
        assert_eq!(server.take_calls(), [call]);
    }
}

#[test]
fn a_failed_job_says_what_systemctl_status_would_say() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    for (result, words) in [
        ("failed", "shop.service: the job failed"),
        ("canceled", "shop.service: the job was canceled by another one"),
        ("timeout", "shop.service: the service manager's own timeout ended the job"),
        ("dependency", "shop.service: a unit that it needs could not be started"),
    ] {
        server.set_fate(Fate::Ends(result));
        let id = rig.systemd.begin(UnitJob::Restart, "shop.service", now_ms() + 3000);
        assert_eq!(failure(rig.end_of(id)), (Failure::Job, words.into()));
    }
}

#[test]
fn a_job_that_never_ends_is_over_at_its_deadline() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    for fate in [Fate::Never, Fate::Silent] {
        server.set_fate(fate);
        let begun_ms = now_ms();
        let id = rig.systemd.begin(UnitJob::Restart, "shop.service", begun_ms + 300);
        assert_eq!(failure(rig.end_of(id)).0, Failure::Deadline, "{fate:?}");
        let took_ms = now_ms() - begun_ms;
        assert!((300..1500).contains(&took_ms), "{took_ms} ms");
    }
    // What comes too late is told of no job.
    let told = rig.for_ms(50);
    assert!(!told.iter().any(|event| matches!(event, ManagerEvent::JobDone { .. })), "{told:?}");
}

#[test]
fn the_start_limit_is_named_and_reset_by_reset_failed() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    server.set_fate(Fate::NeedsReset);
    let id = rig.systemd.begin(UnitJob::Start, "shop.service", now_ms() + 3000);
    let (kind, words) = failure(rig.end_of(id));
    assert_eq!(kind, Failure::Job);
    assert_eq!(words, "shop.service: the job failed (Result=start-limit-hit)");
    let reset = rig.systemd.begin(UnitJob::ResetFailed, "shop.service", now_ms() + 3000);
    let start = rig.systemd.begin(UnitJob::Start, "shop.service", now_ms() + 3000);
    assert_eq!(rig.end_of(reset), Ok(()));
    assert_eq!(rig.end_of(start), Ok(()));
}

#[test]
fn a_refusal_keeps_its_meaning() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    for (error, kind) in [
        ("NoSuchUnit", Failure::NotStartable),
        ("UnitMasked", Failure::NotPossible),
        ("JobTypeNotApplicable", Failure::NotPossible),
        ("TransactionIsDestructive", Failure::Job),
    ] {
        server.set_fate(Fate::Refused(error));
        let id = rig.systemd.begin(UnitJob::Start, "shop.service", now_ms() + 3000);
        let (seen, words) = failure(rig.end_of(id));
        assert_eq!(seen, kind, "{error}");
        assert!(words.contains(error) && words.contains("as the script says"), "{words}");
    }
}

#[test]
fn a_transient_unit_is_asked_for_after_its_failed_forerunner_was_forgotten() {
    let Stage { mut rig, server, folder, bus: _bus } = stage();
    server.take_calls();
    let unit = TransientUnit {
        unit: "defib-app-shop.service".into(),
        description: "shop, kept by defib".into(),
        argv: vec!["/bin/echo".into(), "$HOME".into()],
        user: Some("www-data".into()),
        directory: Some("/srv".into()),
        environment: vec![("PORT".into(), "8000".into())],
        output: folder.0.join("out"),
        grace_ms: 5000,
    };
    let id = rig.systemd.start_transient(&unit, now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    let calls = server.take_calls();
    assert_eq!(
        calls,
        [
            "ResetFailedUnit defib-app-shop.service",
            "StartTransientUnit defib-app-shop.service fail"
        ]
    );
}

#[test]
fn the_bus_dies_in_the_middle_of_a_job_and_comes_back() {
    let mut stage = stage();
    let main = Sleeper::start();
    stage.server.add_service("shop.service", "active", main.pid());
    stage.server.set_fate(Fate::Never);
    let running = stage.rig.systemd.begin(UnitJob::Restart, "shop.service", now_ms() + 7000);
    stage.server.wait_for_call("RestartUnit");
    stage.rig.for_ms(50);
    drop(stage.bus.take());
    stage.rig.until(|event| *event == ManagerEvent::Lost);
    stage.server.hang_up();

    // While it is away a start may be begun; it waits for no bus that is not there.
    let meanwhile = stage.rig.systemd.begin(UnitJob::Start, "shop.service", now_ms() + 7000);
    assert_eq!(failure(stage.rig.end_of(meanwhile)).0, Failure::NoManager);
    let turns_before = stage.rig.turns;
    stage.rig.for_ms(300);
    assert!(stage.rig.turns - turns_before < 20, "it spins while nobody is there");

    let bus = Bus::start(&stage.folder.0);
    let server = Server::new();
    // The job went on without us and is over: systemd has forgotten it.
    server.add_service("shop.service", "active", main.pid());
    server.join(bus.socket(), &NAMES);
    assert_eq!(stage.rig.end_of(running), Ok(()));
    assert!(!server.take_calls().iter().any(|call| call.starts_with("RestartUnit")));
}

#[test]
fn a_restart_without_an_answer_is_not_asked_for_twice() {
    let mut stage = stage();
    stage.server.set_fate(Fate::Silent);
    let id = stage.rig.systemd.begin(UnitJob::Restart, "shop.service", now_ms() + 5000);
    stage.server.wait_for_call("RestartUnit");
    drop(stage.bus.take());
    assert_eq!(failure(stage.rig.end_of(id)).0, Failure::NoManager);
    stage.server.hang_up();
    let bus = Bus::start(&stage.folder.0);
    let server = Server::new();
    server.join(bus.socket(), &NAMES);
    stage.rig.until_reached();
    stage.rig.for_ms(50);
    assert_eq!(server.take_calls(), Vec::<String>::new());
}

#[test]
fn without_a_bus_the_private_socket_is_used() {
    let folder = Folder::new();
    let socket = folder.0.join("private");
    let server = Server::new();
    let main = Sleeper::start();
    server.add_service("shop.service", "active", main.pid());
    server.listen(&socket);
    let mut settings = settings(&format!("unix:path={}/nobody", folder.0.display()));
    settings.private = Some(socket);
    let mut rig = Rig::new(settings);
    rig.systemd.watch_unit(AppId(0), "shop.service");
    rig.until_reached();
    let active = ManagerEvent::State { app: AppId(0), state: UnitState::Active };
    rig.until(|event| *event == active);
    let id = rig.systemd.begin(UnitJob::Restart, "shop.service", now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    assert_eq!(server.take_calls(), ["RestartUnit shop.service replace"]);
    // No logind there: what `systemctl reboot` does without it.
    let id = rig.systemd.reboot(now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    assert_eq!(server.take_calls(), ["StartUnit reboot.target replace-irreversibly"]);
}

#[test]
fn without_any_way_systemctl_is_run() {
    let folder = Folder::new();
    let program = folder.0.join("systemctl");
    let log = folder.0.join("log");
    script(
        &program,
        &format!(
            "echo \"$@\" >> {}\ncase \"$3\" in reload) echo 'cannot reload' >&2; exit 3;; stop) \
             exec sleep 60;; esac",
            log.display()
        ),
    );
    let mut settings = settings(&format!("unix:path={}/nobody", folder.0.display()));
    settings.systemctl = Some(program);
    let mut rig = Rig::new(settings);
    let mut end = |job, deadline_ms| {
        let id = rig.systemd.begin(job, "shop.service", now_ms() + deadline_ms);
        rig.end_of(id)
    };
    assert_eq!(end(UnitJob::Restart, 5000), Ok(()));
    assert_eq!(end(UnitJob::Kill { signal: 15 }, 5000), Ok(()));
    let (kind, words) = failure(end(UnitJob::Reload, 5000));
    assert_eq!(kind, Failure::Job);
    assert!(words.contains("cannot reload") && words.contains("exit status: 3"), "{words}");
    assert_eq!(failure(end(UnitJob::Stop, 500)).0, Failure::Deadline);
    assert_eq!(
        std::fs::read_to_string(log).expect("log"),
        "--quiet --no-ask-password restart -- shop.service\n\
         --quiet --no-ask-password kill --kill-who=all --signal=15 -- shop.service\n\
         --quiet --no-ask-password reload -- shop.service\n\
         --quiet --no-ask-password stop -- shop.service\n"
    );
}

#[test]
fn a_reboot_is_asked_of_logind_first_past_inhibitors() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    server.take_calls();
    let id = rig.systemd.reboot(now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    assert_eq!(server.take_calls(), ["RebootWithFlags 0x10"]);
}

#[test]
fn a_reboot_that_logind_refuses_goes_the_next_ways_but_not_the_forced_one() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    server.take_calls();
    server.set_fate(Fate::Refused("OperationInProgress"));
    let id = rig.systemd.reboot(now_ms() + 3000);
    assert_eq!(failure(rig.end_of(id)).0, Failure::Job);
    assert_eq!(
        server.take_calls(),
        [
            "RebootWithFlags 0x10",
            "Reboot org.freedesktop.login1 Some(false)",
            "StartUnit reboot.target replace-irreversibly",
        ]
    );
}

#[test]
fn a_forced_reboot_is_asked_of_pid_1_alone() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    server.take_calls();
    let id = rig.systemd.force_reboot(now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    assert_eq!(server.take_calls(), ["Reboot org.freedesktop.systemd1 None"]);
}

/// A bus that is stuck, or stopped on the way down, is not asked to pass it on.
#[test]
fn a_forced_reboot_leaves_the_bus_for_the_private_socket() {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let (on_bus, private) = (Server::new(), Server::new());
    on_bus.join(bus.socket(), &NAMES);
    let socket = folder.0.join("private");
    private.listen(&socket);
    let mut settings = settings(&bus.address());
    settings.private = Some(socket);
    let mut rig = Rig::new(settings);
    rig.until_reached();
    on_bus.take_calls();
    let id = rig.systemd.force_reboot(now_ms() + 3000);
    assert_eq!(rig.end_of(id), Ok(()));
    assert_eq!(private.take_calls(), ["Reboot org.freedesktop.systemd1 None"]);
    assert!(!on_bus.take_calls().iter().any(|call| call.contains("Reboot")));
}

#[test]
fn running_jobs_are_counted_without_those_that_wait() {
    let Stage { mut rig, server: _server, bus: _bus, folder: _folder } = stage();
    rig.systemd.count_jobs();
    rig.until(|event| *event == ManagerEvent::Running { jobs: 1 });
}

/// What shows that it runs: its own words, and not that the bus took ours.
#[test]
fn only_the_managers_own_words_count_as_heard() {
    let Stage { mut rig, server, bus: _bus, folder: _folder } = stage();
    let before = rig.systemd.heard();
    rig.systemd.count_jobs();
    rig.until(|event| *event == ManagerEvent::Running { jobs: 1 });
    assert!(rig.systemd.heard() > before, "an answer");
    let answered = rig.systemd.heard();
    server.set_fate(Fate::Silent);
    let id = rig.systemd.begin(UnitJob::Start, "shop.service", now_ms() + 300);
    assert_eq!(rig.end_of(id).map_err(|(why, _)| why), Err(Failure::Deadline));
    assert_eq!(rig.systemd.heard(), answered, "a question alone");
}
