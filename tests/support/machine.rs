//! A machine with one unit whose service manager is scripted: it sits on a bus of its own, but starts and
//! ends a real process. Nothing here can reach the real PID 1: the bus is a socket in the test's
//! folder, and a bus that is named by the environment is defib's only way.

#[path = "../../crates/executor/tests/scripted_manager/mod.rs"]
mod scripted_manager;

use super::folder::Folder;
use super::lone::Lone;
use super::wait::poll_until;
use super::whole::{Home, SOON};
use defib_executor::service::bus::write::Writer;
use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};
use scripted_manager::Bus;
use scripted_manager::server::{Fate, Server, Value, unit_path};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

/// The unit.
pub const UNIT: &str = "lone.service";
const NAMES: [&str; 2] = ["org.freedesktop.systemd1", "org.freedesktop.login1"];

/// CLOCK_BOOTTIME in milliseconds.
pub fn now_ms() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// What becomes of the unit next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Aim {
    /// It stays as it is.
    Rest,
    /// It is stopping, for this job, and is started again if the job is a restart.
    Stop { job: u32, starts_again: bool },
    /// Its own Restart= starts it then.
    Restart { at_ms: u64 },
}

struct State {
    argv: [String; 4],
    child: Option<Child>,
    aim: Aim,
    jobs: u32,
    /// Restart=on-failure, with this pause.
    restart_ms: Option<u64>,
    calls: Vec<(u64, String)>,
}

/// The bus, the manager on it, and the unit's process.
pub struct Machine {
    server: Arc<Server>,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
    actor: Option<JoinHandle<()>>,
    bus: Bus,
}

impl Machine {
    /// A machine whose unit runs `lone`.
    pub fn new(folder: &Folder, lone: &Lone) -> Machine {
        let bus = Bus::start(folder.path());
        assert!(bus.socket().starts_with(folder.path()), "the bus is this test's own");
        let server = Arc::new(Server::new());
        // Jobs end when the process has done what they are for, as with the real one.
        server.set_fate(Fate::Never);
        server.add_service(UNIT, "inactive", 0);
        server.set(&unit_path(UNIT), "Unit", "CanReload", Value::Bool(false));
        let state = Arc::new(Mutex::new(State {
            argv: lone.argv(),
            child: None,
            aim: Aim::Rest,
            jobs: 0,
            restart_ms: None,
            calls: Vec::new(),
        }));
        start(&server, &mut state.lock().expect("lock"));
        server.join(bus.socket(), &NAMES);
        poll_until("the unit answers", SOON, || lone.is_well().then_some(()));
        let over = Arc::new(AtomicBool::new(false));
        let actor = {
            let (server, state, over) = (server.clone(), state.clone(), over.clone());
            std::thread::spawn(move || act(&server, &state, &over))
        };
        Machine { server, state, over, actor: Some(actor), bus }
    }

    /// A home whose agents know this manager and no other.
    pub fn home(&self, folder: Folder, config: &str) -> Home {
        Home::new(folder, config).with("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("lock")
    }

    /// Restart=on-failure with this RestartSec.
    pub fn restart_on_failure(&self, restart_ms: u64) {
        self.state().restart_ms = Some(restart_ms);
        self.server.change(
            UNIT,
            "Service",
            &[
                ("Restart", Value::Text("on-failure")),
                ("RestartUSec", Value::U64(restart_ms * 1000)),
            ],
        );
    }

    /// The unit's file gets an ExecReload=, and the manager has read it again.
    pub fn gain_reload(&self) {
        self.server.set(&unit_path(UNIT), "Unit", "CanReload", Value::Bool(true));
        let mut is_reading = Writer::new();
        is_reading.boolean(false);
        let (path, interface) = ("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
        self.server.signal(path, interface, "Reloading", "b", &is_reading);
    }

    /// `systemctl stop`, or `start`, by a person.
    pub fn by_person(&self, kind: &'static str) {
        let mut state = self.state();
        state.jobs += 1;
        let (job, _) = self.server.new_job(UNIT, kind);
        if kind == "stop" {
            stop(&self.server, &mut state, Aim::Stop { job, starts_again: false });
        } else {
            start(&self.server, &mut state);
            self.server.end_job(UNIT, job, "done");
        }
    }

    /// What defib has asked for so far, with the time.
    pub fn calls(&self) -> Vec<(u64, String)> {
        self.state().calls.clone()
    }

    /// When the calls that begin so came.
    pub fn times_of(&self, start: &str) -> Vec<u64> {
        let calls = self.calls();
        calls.iter().filter(|(_, call)| call.starts_with(start)).map(|(at, _)| *at).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(actor) = self.actor.take() {
            let _ = actor.join();
        }
        if let Ok(mut state) = self.state.lock()
            && let Some(mut child) = state.child.take()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn act(server: &Server, state: &Mutex<State>, over: &AtomicBool) {
    poll_until("the test is over", std::time::Duration::from_mins(10), || {
        let mut state = state.lock().ok()?;
        for call in server.take_calls() {
            state.calls.push((now_ms(), call.clone()));
            obey(server, &mut state, &call);
        }
        look_at_child(server, &mut state);
        if let Aim::Restart { at_ms } = state.aim
            && now_ms() >= at_ms
        {
            start(server, &mut state);
        }
        over.load(Ordering::Relaxed).then_some(())
    });
}

fn obey(server: &Server, state: &mut State, call: &str) {
    let verb = call.split(' ').next().unwrap_or_default();
    match verb {
        "StartUnit" if call.contains(UNIT) => {
            state.jobs += 1;
            if state.child.is_none() {
                start(server, state);
            }
            server.end_job(UNIT, state.jobs, "done");
        }
        "StopUnit" | "RestartUnit" => {
            state.jobs += 1;
            let aim = Aim::Stop { job: state.jobs, starts_again: verb == "RestartUnit" };
            stop(server, state, aim);
        }
        "KillUnit" if call.ends_with(" 9") => {
            if let Some(child) = &mut state.child {
                child.kill().expect("ours");
            }
        }
        _ => {}
    }
}

fn start(server: &Server, state: &mut State) {
    let [python, rest @ ..] = &state.argv;
    let child = Command::new(python)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("python3 starts");
    let pid = child.id();
    state.child = Some(child);
    state.aim = Aim::Rest;
    let service = [
        ("MainPID", Value::U32(pid)),
        ("ExecMainCode", Value::I32(0)),
        ("ExecMainStatus", Value::I32(0)),
    ];
    server.change(UNIT, "Service", &service);
    tell_state(server, "active", "running");
}

fn stop(server: &Server, state: &mut State, aim: Aim) {
    state.aim = aim;
    match &state.child {
        Some(child) => {
            tell_state(server, "deactivating", "stop-sigterm");
            super::whole::signal_to(child.id(), Signal::TERM);
        }
        None => stopped(server, state),
    }
}

fn tell_state(server: &Server, active: &'static str, sub: &'static str) {
    let states = [("ActiveState", Value::Text(active)), ("SubState", Value::Text(sub))];
    server.change(UNIT, "Unit", &states);
}

fn look_at_child(server: &Server, state: &mut State) {
    let Some(status) = state.child.as_mut().and_then(|child| child.try_wait().expect("ours"))
    else {
        return;
    };
    state.child = None;
    // `si_code`: exited or killed.
    let (code, number) = match status.signal() {
        Some(signal) => (2, signal),
        None => (1, status.code().unwrap_or(0)),
    };
    let service = [
        ("MainPID", Value::U32(0)),
        ("ExecMainCode", Value::I32(code)),
        ("ExecMainStatus", Value::I32(number)),
    ];
    server.change(UNIT, "Service", &service);
    match (state.aim, state.restart_ms) {
        (Aim::Stop { .. }, _) => stopped(server, state),
        (_, Some(restart_ms)) => {
            state.aim = Aim::Restart { at_ms: now_ms() + restart_ms };
            tell_state(server, "activating", "auto-restart");
        }
        (_, None) => tell_state(server, "failed", "failed"),
    }
}

fn stopped(server: &Server, state: &mut State) {
    let Aim::Stop { job, starts_again } = state.aim else { return };
    state.aim = Aim::Rest;
    if starts_again {
        start(server, state);
    } else {
        tell_state(server, "inactive", "dead");
    }
    server.end_job(UNIT, job, "done");
}
