//! What is told about watched units, by a scripted manager on a private bus.

#[path = "scripted_manager/mod.rs"]
mod scripted_manager;

use defib_engine::event::Exit;
use defib_engine::id::AppId;
use defib_executor::manager::{ManagerEvent, ServiceManager, UnitJob, UnitState};
use defib_executor::service::bus::message::{Kind, Message};
use defib_executor::service::bus::write::Writer;
use scripted_manager::rig::{Rig, now_ms, settings};
use scripted_manager::server::{Fate, Server, Value, unit_path};
use scripted_manager::{Bus, Folder, Sleeper};

const SHOP: AppId = AppId(3);
const UNIT: &str = "shop.service";
const NAMES: [&str; 2] = ["org.freedesktop.systemd1", "org.freedesktop.login1"];

struct Stage {
    rig: Rig,
    server: Server,
    main: Sleeper,
    bus: Bus,
    folder: Folder,
}

/// A unit that runs, watched, with its first events taken.
fn stage() -> Stage {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let server = Server::new();
    let main = Sleeper::start();
    server.add_service(UNIT, "active", main.pid());
    server.join(bus.socket(), &NAMES);
    let mut rig = Rig::new(settings(&bus.address()));
    rig.systemd.watch_unit(SHOP, UNIT);
    let told = rig.until(|event| is_state(event, UnitState::Active));
    assert!(
        told.iter().any(|event| main_pid(event) == Some(main.pid())),
        "the main process was not told: {told:?}"
    );
    Stage { rig, server, main, bus, folder }
}

fn is_state(event: &ManagerEvent, wanted: UnitState) -> bool {
    *event == ManagerEvent::State { app: SHOP, state: wanted }
}

fn main_pid(event: &ManagerEvent) -> Option<u32> {
    match event {
        ManagerEvent::MainPid { identity, .. } => Some(identity.map_or(0, |it| it.pid)),
        _ => None,
    }
}

const STOPPED: ManagerEvent = ManagerEvent::StoppedByPerson { app: SHOP };
const RESUMED: ManagerEvent = ManagerEvent::Resumed { app: SHOP };

/// The two signals of PID 1 after the main process has ended.
fn tell_death(server: &Server, code: i32, status: i32, active: &'static str, sub: &'static str) {
    let service = [
        ("MainPID", Value::U32(0)),
        ("ExecMainCode", Value::I32(code)),
        ("ExecMainStatus", Value::I32(status)),
    ];
    server.change(UNIT, "Service", &service);
    let unit = [("ActiveState", Value::Text(active)), ("SubState", Value::Text(sub))];
    server.change(UNIT, "Unit", &unit);
}

/// `systemctl disable` of the running unit.
fn disable(rig: &mut Rig, server: &Server) {
    server.set(&unit_path(UNIT), "Unit", "UnitFileState", Value::Text("disabled"));
    let (path, interface) = ("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
    server.signal(path, interface, "UnitFilesChanged", "", &Writer::new());
    let told = rig.for_ms(100);
    assert!(!told.contains(&STOPPED), "it runs: {told:?}");
}

#[test]
fn a_new_main_process_is_told_with_its_start_time() {
    let Stage { mut rig, server, main: _main, bus: _bus, folder: _folder } = stage();
    let next = Sleeper::start();
    server.change(UNIT, "Service", &[("MainPID", Value::U32(next.pid()))]);
    let told = rig.until(|event| main_pid(event) == Some(next.pid()));
    let Some(ManagerEvent::MainPid { app, identity: Some(identity) }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!(*app, SHOP);
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", next.pid())).expect("it lives");
    assert_eq!(stat.split(' ').nth(21), Some(identity.start_ticks.to_string().as_str()));
}

#[test]
fn a_death_that_systemd_will_mend_is_announced_before_it() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    server.change(UNIT, "Service", &[("RestartUSec", Value::U64(2_500_000))]);
    main.kill();
    tell_death(&server, 2, 9, "activating", "auto-restart");
    let told = rig.until(|event| main_pid(event) == Some(0));
    let ManagerEvent::Ended { app: SHOP, identity, exit: Exit::Signal(9) } = told[0] else {
        panic!("{told:?}");
    };
    assert_eq!(identity.pid, main.pid());
    assert_eq!(told[1], ManagerEvent::RestartIn { app: SHOP, in_ms: 4500 });
    assert_eq!(told.len(), 3, "{told:?}");
    rig.until(|event| is_state(event, UnitState::Activating));
}

#[test]
fn failed_is_not_the_last_word_where_restart_covers_the_death() {
    for (sub, is_announced) in [("auto-restart", true), ("failed", false)] {
        let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
        server.change(UNIT, "Service", &[("Restart", Value::Text("always"))]);
        rig.for_ms(30);
        main.kill();
        // What systemd 252 sends, one after the other.
        tell_death(&server, 2, 9, "failed", "failed");
        rig.for_ms(10);
        let active = if is_announced { "activating" } else { "failed" };
        let unit = [("ActiveState", Value::Text(active)), ("SubState", Value::Text(sub))];
        server.change(UNIT, "Unit", &unit);
        let told = rig.until(|event| main_pid(event) == Some(0));
        let announced = told.contains(&ManagerEvent::RestartIn { app: SHOP, in_ms: 2100 });
        assert_eq!(announced, is_announced, "{told:?}");
        let state = if is_announced { UnitState::Activating } else { UnitState::Failed };
        let told = rig.until(|event| is_state(event, state));
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

#[test]
fn while_the_rest_of_the_unit_is_ended_its_restart_rule_is_applied() {
    for (restart, code, status, is_covered) in [
        ("on-failure", 2, 9, true),
        ("on-failure", 1, 0, false),
        ("always", 1, 0, true),
        ("no", 2, 9, false),
    ] {
        let folder = Folder::new();
        let bus = Bus::start(&folder.0);
        let server = Server::new();
        let mut main = Sleeper::start();
        server.add_service(UNIT, "active", main.pid());
        server.set(&unit_path(UNIT), "Service", "Restart", Value::Text(restart));
        server.join(bus.socket(), &NAMES);
        let mut rig = Rig::new(settings(&bus.address()));
        rig.systemd.watch_unit(SHOP, UNIT);
        rig.until(|event| is_state(event, UnitState::Active));
        main.kill();
        tell_death(&server, code, status, "deactivating", "stop-sigterm");
        let told = rig.until(|event| main_pid(event) == Some(0));
        let announced = told.contains(&ManagerEvent::RestartIn { app: SHOP, in_ms: 2100 });
        assert_eq!(announced, is_covered, "Restart={restart}, code {code}: {told:?}");
    }
}

#[test]
fn a_death_without_the_second_signal_is_told_all_the_same() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    main.kill();
    server.change(UNIT, "Service", &[("MainPID", Value::U32(0))]);
    let begun_ms = now_ms();
    rig.until(|event| main_pid(event) == Some(0));
    assert!(now_ms() - begun_ms < 500);
}

#[test]
fn systemctl_stop_is_a_person_s_word_until_a_start() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    let (id, _) = server.new_job(UNIT, "stop");
    rig.until(|event| *event == STOPPED);
    main.kill();
    tell_death(&server, 2, 15, "inactive", "dead");
    server.end_job(UNIT, id, "done");
    let told = rig.until(|event| is_state(event, UnitState::Inactive));
    assert!(!told.contains(&RESUMED), "{told:?}");
    assert!(!told.iter().any(|e| matches!(e, ManagerEvent::RestartIn { .. })), "{told:?}");

    let told = rig.for_ms(50);
    assert!(!told.contains(&RESUMED) && !told.contains(&STOPPED), "{told:?}");
    let (id, _) = server.new_job(UNIT, "start");
    server.change(UNIT, "Unit", &[("ActiveState", Value::Text("activating"))]);
    let told = rig.for_ms(100);
    assert!(!told.contains(&RESUMED), "what was stopped is not back yet: {told:?}");
    let next = Sleeper::start();
    server.change(UNIT, "Service", &[("MainPID", Value::U32(next.pid()))]);
    server.change(UNIT, "Unit", &[("ActiveState", Value::Text("active"))]);
    server.end_job(UNIT, id, "done");
    let told = rig.until(|event| *event == RESUMED);
    let has_main = told.iter().any(|event| main_pid(event) == Some(next.pid()));
    assert!(has_main, "guarded again before the new process was known: {told:?}");
}

/// At boot defib may be up before the app's own start job is through.
#[test]
fn a_unit_on_its_way_up_is_not_dead() {
    for active in ["activating", "inactive"] {
        let folder = Folder::new();
        let bus = Bus::start(&folder.0);
        let server = Server::new();
        server.add_service(UNIT, active, 0);
        server.join(bus.socket(), &NAMES);
        let (id, _) = server.new_job(UNIT, "start");
        let mut rig = Rig::new(settings(&bus.address()));
        rig.systemd.watch_unit(SHOP, UNIT);
        rig.until_reached();
        let told = rig.for_ms(150);
        assert!(told.is_empty(), "{active}: nothing is known yet: {told:?}");
        let main = Sleeper::start();
        server.change(UNIT, "Service", &[("MainPID", Value::U32(main.pid()))]);
        server.change(UNIT, "Unit", &[("ActiveState", Value::Text("active"))]);
        server.end_job(UNIT, id, "done");
        let told = rig.until(|event| is_state(event, UnitState::Active));
        assert_eq!(told.iter().find_map(main_pid), Some(main.pid()), "{active}: {told:?}");
    }
}

#[test]
fn a_unit_whose_first_start_fails_is_dead() {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let server = Server::new();
    server.add_service(UNIT, "activating", 0);
    server.join(bus.socket(), &NAMES);
    let (id, _) = server.new_job(UNIT, "start");
    let mut rig = Rig::new(settings(&bus.address()));
    rig.systemd.watch_unit(SHOP, UNIT);
    rig.until_reached();
    rig.for_ms(50);
    let unit = [("ActiveState", Value::Text("failed")), ("SubState", Value::Text("failed"))];
    server.change(UNIT, "Unit", &unit);
    server.end_job(UNIT, id, "failed");
    rig.until(|event| main_pid(event) == Some(0));
    rig.until(|event| is_state(event, UnitState::Failed));
}

#[test]
fn a_person_s_start_that_fails_ends_the_stop_all_the_same() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    let (id, _) = server.new_job(UNIT, "stop");
    rig.until(|event| *event == STOPPED);
    main.kill();
    tell_death(&server, 2, 15, "inactive", "dead");
    server.end_job(UNIT, id, "done");
    rig.until(|event| is_state(event, UnitState::Inactive));
    let (id, _) = server.new_job(UNIT, "start");
    rig.for_ms(50);
    let unit = [("ActiveState", Value::Text("failed")), ("SubState", Value::Text("failed"))];
    server.change(UNIT, "Unit", &unit);
    server.end_job(UNIT, id, "failed");
    rig.until(|event| *event == RESUMED);
}

#[test]
fn a_person_s_restart_is_announced_before_the_death() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    let (id, _) = server.new_job(UNIT, "restart");
    let unit = [("ActiveState", Value::Text("deactivating"))];
    server.change(UNIT, "Unit", &unit);
    rig.until(|event| *event == ManagerEvent::RestartIn { app: SHOP, in_ms: 2000 });
    // systemd 252 says that the unit is down before the job's second half begins.
    main.kill();
    tell_death(&server, 1, 0, "inactive", "dead");
    let told = rig.until(|event| is_state(event, UnitState::Inactive));
    assert!(!told.contains(&STOPPED), "{told:?}");
    let next = Sleeper::start();
    server.change(UNIT, "Service", &[("MainPID", Value::U32(next.pid()))]);
    server.change(UNIT, "Unit", &[("ActiveState", Value::Text("active"))]);
    server.end_job(UNIT, id, "done");
    let told = rig.until(|event| is_state(event, UnitState::Active));
    assert!(!told.contains(&STOPPED) && !told.contains(&RESUMED), "{told:?}");
}

#[test]
fn a_quick_restart_by_a_person_is_announced_with_the_death() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    server.new_job(UNIT, "restart");
    rig.for_ms(50);
    main.kill();
    tell_death(&server, 1, 0, "inactive", "dead");
    let told = rig.until(|event| main_pid(event) == Some(0));
    assert!(told.contains(&ManagerEvent::RestartIn { app: SHOP, in_ms: 2000 }), "{told:?}");
}

#[test]
fn a_stop_job_that_was_over_at_once_is_still_seen() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    main.kill();
    let (id, path) = server.new_job(UNIT, "stop");
    // Gone before its type can be asked for.
    server.set(&path, "Job", "JobType", Value::U32(0));
    server.end_job(UNIT, id, "done");
    tell_death(&server, 2, 15, "inactive", "dead");
    rig.until(|event| *event == STOPPED);
}

#[test]
fn a_quick_stop_of_a_unit_that_is_gone_with_it_is_still_seen() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    main.kill();
    let (id, path) = server.new_job(UNIT, "stop");
    server.set(&path, "Job", "JobType", Value::U32(0));
    server.set(&unit_path(UNIT), "Unit", "LoadState", Value::Text("not-found"));
    server.end_job(UNIT, id, "done");
    tell_death(&server, 2, 15, "inactive", "dead");
    rig.until(|event| *event == STOPPED);
}

#[test]
fn our_own_stop_is_nobody_s_word() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    disable(&mut rig, &server);
    server.set_fate(Fate::Never);
    let stop = rig.systemd.begin(UnitJob::Stop, UNIT, now_ms() + 4000);
    server.wait_for_call("StopUnit");
    main.kill();
    tell_death(&server, 2, 15, "inactive", "dead");
    server.end_job(UNIT, 1, "done");
    assert_eq!(rig.end_of(stop), Ok(()));
    let told = rig.for_ms(150);
    assert!(!told.contains(&STOPPED), "{told:?}");
    assert!(!told.iter().any(|e| matches!(e, ManagerEvent::RestartIn { .. })), "{told:?}");
}

#[test]
fn a_person_s_stop_that_replaces_our_job_is_seen_when_ours_is_over() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    server.set_fate(Fate::Never);
    let restart = rig.systemd.begin(UnitJob::Restart, UNIT, now_ms() + 4000);
    server.wait_for_call("RestartUnit");
    rig.for_ms(50);
    let (id, _) = server.new_job(UNIT, "stop");
    let told = rig.for_ms(50);
    assert!(!told.contains(&STOPPED), "while ours runs nothing is told: {told:?}");
    server.end_job(UNIT, 1, "canceled");
    assert!(rig.end_of(restart).is_err());
    main.kill();
    tell_death(&server, 2, 15, "inactive", "dead");
    server.end_job(UNIT, id, "done");
    rig.until(|event| *event == STOPPED);
}

#[test]
fn a_disabled_unit_that_is_down_was_stopped_but_a_crashed_one_was_not() {
    for (file_state, active, is_stopped) in [
        ("disabled", "inactive", true),
        ("disabled", "failed", false),
        ("enabled", "inactive", false),
    ] {
        let folder = Folder::new();
        let bus = Bus::start(&folder.0);
        let server = Server::new();
        server.add_service(UNIT, active, 0);
        server.set(&unit_path(UNIT), "Unit", "UnitFileState", Value::Text(file_state));
        server.join(bus.socket(), &NAMES);
        let mut rig = Rig::new(settings(&bus.address()));
        rig.systemd.watch_unit(SHOP, UNIT);
        let told = rig.until(|event| matches!(event, ManagerEvent::State { .. }));
        assert_eq!(told.contains(&STOPPED), is_stopped, "{file_state}, {active}: {told:?}");
    }
}

#[test]
fn a_disabled_unit_that_ends_by_itself_was_not_stopped() {
    let Stage { mut rig, server, mut main, bus: _bus, folder: _folder } = stage();
    disable(&mut rig, &server);
    main.kill();
    tell_death(&server, 1, 0, "inactive", "dead");
    let told = rig.until(|event| is_state(event, UnitState::Inactive));
    assert!(!told.contains(&STOPPED), "{told:?}");
}

#[test]
fn a_shutdown_is_told_once() {
    let Stage { mut rig, server, main: _main, bus: _bus, folder: _folder } = stage();
    server.prepare_for_shutdown();
    rig.until(|event| *event == ManagerEvent::ShuttingDown);
    server.prepare_for_shutdown();
    server.new_job("shutdown.target", "start");
    let told = rig.for_ms(50);
    assert!(!told.contains(&ManagerEvent::ShuttingDown), "{told:?}");
}

#[test]
fn a_signal_of_somebody_else_is_not_believed() {
    let Stage { mut rig, server, bus, main: _main, folder: _folder } = stage();
    let liar = Server::new();
    liar.join(bus.socket(), &[]);
    let mut body = Writer::new();
    body.string("org.freedesktop.systemd1.Service");
    body.array(8, |list| {
        list.property("MainPID", "u", |value| {
            value.u32(std::process::id());
        });
    });
    body.array(4, |_| {});
    let path = unit_path(UNIT);
    // Sent straight to each connection there is: no match rule stands between.
    for number in 0..8 {
        let destination = format!(":1.{number}");
        liar.send(&Message {
            destination: &destination,
            path: &path,
            interface: "org.freedesktop.DBus.Properties",
            member: "PropertiesChanged",
            signature: b"sa{sv}as",
            body: body.bytes().expect("it fits"),
            ..Message::new(Kind::Signal)
        });
    }
    let told = rig.for_ms(200);
    assert!(told.iter().all(|event| main_pid(event).is_none()), "{told:?}");
    // The true one is still heard.
    server.change(UNIT, "Service", &[("MainPID", Value::U32(std::process::id()))]);
    rig.until(|event| main_pid(event) == Some(std::process::id()));
}

#[test]
fn a_lost_manager_is_told_and_everything_is_told_anew_when_it_is_back() {
    let Stage { mut rig, server, main, bus, folder: _folder } = stage();
    server.hang_up();
    rig.until(|event| *event == ManagerEvent::Lost);
    assert!(!rig.systemd.is_reached());
    let again = Server::new();
    again.add_service(UNIT, "active", main.pid());
    again.join(bus.socket(), &NAMES);
    rig.until_reached();
    rig.until(|event| main_pid(event) == Some(main.pid()));
    rig.until(|event| is_state(event, UnitState::Active));
}

#[test]
fn whether_a_unit_can_be_reloaded_is_told_now_and_when_its_file_was_changed() {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let server = Server::new();
    let main = Sleeper::start();
    server.add_service(UNIT, "active", main.pid());
    server.set(&unit_path(UNIT), "Unit", "CanReload", Value::Bool(false));
    server.join(bus.socket(), &NAMES);
    let mut rig = Rig::new(settings(&bus.address()));
    rig.systemd.watch_unit(SHOP, UNIT);
    let can_reload =
        |can| move |event: &ManagerEvent| *event == ManagerEvent::CanReload { app: SHOP, can };
    rig.until(can_reload(false));
    rig.until(|event| is_state(event, UnitState::Active));
    // `systemctl daemon-reload`, with and without a change.
    let reloaded = |server: &Server| {
        let mut is_reading = Writer::new();
        is_reading.boolean(false);
        let (path, interface) = ("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
        server.signal(path, interface, "Reloading", "b", &is_reading);
    };
    reloaded(&server);
    assert_eq!(rig.for_ms(100), []);
    server.set(&unit_path(UNIT), "Unit", "CanReload", Value::Bool(true));
    reloaded(&server);
    assert_eq!(rig.until(can_reload(true)).len(), 1);
}
