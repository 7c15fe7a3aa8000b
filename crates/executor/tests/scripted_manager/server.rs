//! The scripted org.freedesktop.systemd1, blocking, in a thread of its own.

use defib_executor::service::bus::frame::{Inbox, Next};
use defib_executor::service::bus::message::{Kind, Message};
use defib_executor::service::bus::write::Writer;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

const SYSTEMD_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";

/// A property's value.
#[derive(Clone, Debug)]
pub enum Value {
    Text(&'static str),
    U32(u32),
    U64(u64),
    I32(i32),
    Bool(bool),
    Job(u32, String),
    Exits(Vec<i32>, Vec<i32>),
}

impl Value {
    fn write(&self, out: &mut Writer) {
        match self {
            Value::Text(text) => out.signature("s").string(text),
            Value::U32(value) => out.signature("u").u32(*value),
            Value::U64(value) => out.signature("t").u64(*value),
            Value::I32(value) => out.signature("i").i32(*value),
            Value::Bool(value) => out.signature("b").boolean(*value),
            Value::Job(id, path) => out.signature("(uo)").align(8).u32(*id).string(path),
            Value::Exits(codes, signals) => {
                out.signature("(aiai)").align(8);
                numbers(out, codes);
                numbers(out, signals)
            }
        };
    }
}

fn numbers<'w>(out: &'w mut Writer, set: &[i32]) -> &'w mut Writer {
    out.array(4, |list| {
        for number in set {
            list.i32(*number);
        }
    })
}

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// JobRemoved with this result, at once.
    Ends(&'static str),
    /// Nothing is ever heard of it.
    Never,
    /// The call itself is refused with this error of org.freedesktop.systemd1.
    Refused(&'static str),
    /// Ends well only if ResetFailedUnit came before, else with the start limit hit.
    NeedsReset,
    /// The call has no answer at all.
    Silent,
}

#[derive(Default)]
struct State {
    /// By object path, then by interface and name.
    objects: BTreeMap<String, BTreeMap<(String, String), Value>>,
    calls: Vec<String>,
    fate: Option<Fate>,
    was_reset: bool,
    last_job: u32,
    serial: u32,
    name: String,
    is_connected: bool,
}

/// The scripted manager.
pub struct Server {
    state: Arc<(Mutex<State>, Condvar)>,
    stream: Arc<Mutex<Option<UnixStream>>>,
}

/// systemd's own object path for a unit name.
pub fn unit_path(name: &str) -> String {
    let escape = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_string(),
        other => format!("_{:02x}", other as u32),
    };
    format!("{SYSTEMD_PATH}/unit/{}", name.chars().map(escape).collect::<String>())
}

impl Server {
    pub fn new() -> Server {
        Server { state: Arc::default(), stream: Arc::default() }
    }

    /// Connects to a bus and takes these names there.
    pub fn join(&self, socket: &Path, names: &[&str]) {
        let mut stream = UnixStream::connect(socket).expect("the bus listens");
        let uid = rustix::process::geteuid().as_raw();
        let greeting = defib_executor::service::bus::auth::Auth::greeting(uid);
        stream.write_all(&greeting).expect("greeting");
        read_line(&mut stream);
        self.serve(stream);
        self.bus_call("Hello", "", |_| {});
        for name in names {
            self.bus_call("RequestName", "su", |body| {
                body.string(name).u32(0);
            });
        }
        self.wait(|state| {
            state.calls.iter().filter(|call| *call == "answer").count() > names.len()
        });
        self.take_calls();
    }

    /// Listens as PID 1's private socket, for one connection.
    pub fn listen(&self, socket: &Path) {
        let listener = UnixListener::bind(socket).expect("bound");
        let (state, slot) = (Arc::clone(&self.state), Arc::clone(&self.stream));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accepted");
            let greeting = read_line(&mut stream);
            assert!(greeting.starts_with(b"\0AUTH EXTERNAL "), "{greeting:?}");
            stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n").expect("ok");
            assert_eq!(read_line(&mut stream), b"BEGIN\r\n");
            serve(stream, &state, &slot);
        });
    }

    fn serve(&self, stream: UnixStream) {
        let (state, slot) = (Arc::clone(&self.state), Arc::clone(&self.stream));
        *slot.lock().expect("lock") = Some(stream.try_clone().expect("cloned"));
        std::thread::spawn(move || serve(stream, &state, &slot));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().expect("lock")
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) {
        let patience = Duration::from_secs(5);
        let (_state, result) = self
            .state
            .1
            .wait_timeout_while(self.state(), patience, |state| !is_so(state))
            .expect("lock");
        assert!(!result.timed_out(), "the scripted manager waited in vain");
    }

    /// Waits for a call that begins with `start`.
    pub fn wait_for_call(&self, start: &str) {
        self.wait(|state| state.calls.iter().any(|call| call.starts_with(start)));
    }

    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    pub fn set_fate(&self, fate: Fate) {
        self.state().fate = Some(fate);
    }

    /// Sets a property without a signal.
    pub fn set(&self, path: &str, interface: &str, name: &str, value: Value) {
        let mut state = self.state();
        let object = state.objects.entry(path.into()).or_default();
        object.insert((format!("org.freedesktop.systemd1.{interface}"), name.into()), value);
    }

    /// A service that runs as `pid` (0: it is down).
    pub fn add_service(&self, unit: &'static str, active: &'static str, pid: u32) {
        let path = unit_path(unit);
        for (name, value) in [
            ("Id", Value::Text(unit)),
            ("LoadState", Value::Text("loaded")),
            ("ActiveState", Value::Text(active)),
            ("SubState", Value::Text(if pid > 0 { "running" } else { "dead" })),
            ("UnitFileState", Value::Text("enabled")),
            ("Job", Value::Job(0, "/".into())),
        ] {
            self.set(&path, "Unit", name, value);
        }
        for (name, value) in [
            ("MainPID", Value::U32(pid)),
            ("Restart", Value::Text("no")),
            ("RestartUSec", Value::U64(100_000)),
            ("ExecMainCode", Value::I32(0)),
            ("ExecMainStatus", Value::I32(0)),
            ("RestartPreventExitStatus", Value::Exits(vec![], vec![])),
            ("RestartForceExitStatus", Value::Exits(vec![], vec![])),
            ("SuccessExitStatus", Value::Exits(vec![], vec![])),
            ("Result", Value::Text("success")),
        ] {
            self.set(&path, "Service", name, value);
        }
    }

    /// Sets properties and tells of it in one signal, as PID 1 does.
    pub fn change(&self, unit: &str, interface: &str, values: &[(&str, Value)]) {
        let path = unit_path(unit);
        let mut body = Writer::new();
        body.string(&format!("org.freedesktop.systemd1.{interface}"));
        body.array(8, |list| {
            for (name, value) in values {
                list.structure(|entry| {
                    entry.string(name);
                    value.write(entry);
                });
            }
        });
        body.array(4, |_| {});
        for (name, value) in values {
            self.set(&path, interface, name, value.clone());
        }
        let interface = "org.freedesktop.DBus.Properties";
        self.signal(&path, interface, "PropertiesChanged", "sa{sv}as", &body);
    }

    /// Somebody queues a job; returns its number and object.
    pub fn new_job(&self, unit: &'static str, kind: &'static str) -> (u32, String) {
        let mut state = self.state();
        state.last_job += 1;
        let id = state.last_job;
        drop(state);
        let path = format!("{SYSTEMD_PATH}/job/{id}");
        self.set(&path, "Job", "JobType", Value::Text(kind));
        self.set(&path, "Job", "State", Value::Text("running"));
        self.set(&unit_path(unit), "Unit", "Job", Value::Job(id, path.clone()));
        let mut body = Writer::new();
        body.u32(id).string(&path).string(unit);
        self.signal(SYSTEMD_PATH, MANAGER, "JobNew", "uos", &body);
        (id, path)
    }

    /// A job ends.
    pub fn end_job(&self, unit: &'static str, id: u32, result: &str) {
        let path = format!("{SYSTEMD_PATH}/job/{id}");
        self.state().objects.remove(&path);
        self.set(&unit_path(unit), "Unit", "Job", Value::Job(0, "/".into()));
        let mut body = Writer::new();
        body.u32(id).string(&path).string(unit).string(result);
        self.signal(SYSTEMD_PATH, MANAGER, "JobRemoved", "uoss", &body);
    }

    /// logind says that the machine goes down.
    pub fn prepare_for_shutdown(&self) {
        let mut body = Writer::new();
        body.boolean(true);
        let interface = "org.freedesktop.login1.Manager";
        self.signal("/org/freedesktop/login1", interface, "PrepareForShutdown", "b", &body);
    }

    pub fn signal(&self, path: &str, interface: &str, member: &str, types: &str, body: &Writer) {
        self.send(&Message {
            path,
            interface,
            member,
            signature: types.as_bytes(),
            body: body.bytes().expect("it fits"),
            ..Message::new(Kind::Signal)
        });
    }

    fn bus_call(&self, member: &str, types: &str, write: impl FnOnce(&mut Writer)) {
        let mut body = Writer::new();
        write(&mut body);
        let name = "org.freedesktop.DBus";
        self.send(&Message {
            destination: name,
            path: "/org/freedesktop/DBus",
            interface: name,
            member,
            signature: types.as_bytes(),
            body: body.bytes().expect("it fits"),
            ..Message::new(Kind::Call)
        });
    }

    /// Sends a message to all who listen, under the next serial.
    pub fn send(&self, message: &Message<'_>) {
        send(&self.stream, &mut self.state(), message);
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: &[u8]) {
        let mut slot = self.stream.lock().expect("lock");
        slot.as_mut().expect("connected").write_all(bytes).expect("sent");
    }

    /// Ends the connection.
    pub fn hang_up(&self) {
        if let Some(stream) = self.stream.lock().expect("lock").take() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Our unique name on the bus.
    pub fn name(&self) -> String {
        self.state().name.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.hang_up();
    }
}

fn read_line(stream: &mut UnixStream) -> Vec<u8> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') && stream.read(&mut byte).expect("a line") == 1 {
        line.push(byte[0]);
    }
    line
}

type Slot = Mutex<Option<UnixStream>>;

fn serve(mut stream: UnixStream, state: &(Mutex<State>, Condvar), slot: &Slot) {
    *slot.lock().expect("lock") = Some(stream.try_clone().expect("cloned"));
    let mut inbox = Inbox::default();
    loop {
        match inbox.next_message() {
            Next::Whole(bytes) => {
                let message = Message::parse(bytes).expect("a message");
                let mut locked = state.0.lock().expect("lock");
                handle(&mut locked, slot, &message);
                state.1.notify_all();
            }
            Next::More => match stream.read(inbox.space()) {
                Ok(len) if len > 0 => inbox.filled(len),
                _ => break,
            },
            Next::Garbage => panic!("we were sent garbage"),
        }
    }
    state.0.lock().expect("lock").is_connected = false;
}

fn send(slot: &Slot, state: &mut State, message: &Message<'_>) {
    state.serial += 1;
    let mut bytes = Vec::new();
    Message { serial: state.serial, ..*message }.write(&mut bytes).expect("it fits");
    if let Some(stream) = slot.lock().expect("lock").as_mut() {
        // The other side may have gone on purpose.
        let _ = stream.write_all(&bytes);
    }
}

fn handle(state: &mut State, slot: &Slot, message: &Message<'_>) {
    match message.kind {
        Kind::Return | Kind::Error => {
            if let (b"s", Some(name)) = (message.signature, message.reader().string()) {
                state.name = name.into();
            }
            state.calls.push("answer".into());
        }
        Kind::Call => answer(state, slot, message),
        Kind::Signal => {}
    }
}

fn answer(state: &mut State, slot: &Slot, call: &Message<'_>) {
    let mut arguments = call.reader();
    match call.member {
        "Get" => {
            let key =
                (arguments.string().expect("s").into(), arguments.string().expect("s").into());
            let value = state.objects.get(call.path).and_then(|object| object.get(&key)).cloned();
            match value {
                Some(value) => reply(state, slot, call, "v", |body| value.write(body)),
                None => refuse(state, slot, call, "org.freedesktop.DBus.Error.UnknownObject"),
            }
        }
        "LoadUnit" => {
            let path = unit_path(arguments.string().expect("s"));
            reply(state, slot, call, "o", |body| {
                body.string(&path);
            });
        }
        "Subscribe" => reply(state, slot, call, "", |_| {}),
        "StartUnit" | "StopUnit" | "RestartUnit" | "ReloadUnit" | "StartTransientUnit" => {
            let unit = arguments.string().expect("s").to_owned();
            let mode = arguments.string().expect("s");
            state.calls.push(format!("{} {unit} {mode}", call.member));
            begin_job(state, slot, call, &unit);
        }
        "ResetFailedUnit" => {
            let unit = arguments.string().expect("s");
            state.calls.push(format!("ResetFailedUnit {unit}"));
            state.was_reset = true;
            reply(state, slot, call, "", |_| {});
        }
        "KillUnit" => {
            let (unit, who) = (arguments.string().expect("s"), arguments.string().expect("s"));
            let signal = arguments.i32().expect("i");
            state.calls.push(format!("KillUnit {unit} {who} {signal}"));
            reply(state, slot, call, "", |_| {});
        }
        "Reboot" => {
            let flag = arguments.boolean();
            state.calls.push(format!("Reboot {} {flag:?}", call.destination));
            match (state.fate, call.destination) {
                (Some(Fate::Silent), _) => {}
                (Some(Fate::Refused(error)), "org.freedesktop.login1") => {
                    refuse(state, slot, call, &format!("org.freedesktop.login1.{error}"));
                }
                _ => reply(state, slot, call, "", |_| {}),
            }
        }
        "RebootWithFlags" => {
            let flags = arguments.u64().expect("t");
            state.calls.push(format!("RebootWithFlags {flags:#x}"));
            match state.fate {
                Some(Fate::Silent) => {}
                Some(Fate::Refused(_)) => {
                    refuse(state, slot, call, "org.freedesktop.DBus.Error.UnknownMethod");
                }
                _ => reply(state, slot, call, "", |_| {}),
            }
        }
        // What waits for others, and one job that runs.
        "ListJobs" => reply(state, slot, call, "a(usssoo)", |body| {
            body.array(8, |list| {
                for (id, job) in ["waiting", "running", "waiting"].into_iter().enumerate() {
                    list.structure(|entry| {
                        entry.u32(id as u32).string("shop.service").string("stop").string(job);
                        entry.string("/job").string("/unit");
                    });
                }
            });
        }),
        other => state.calls.push(other.into()),
    }
}

fn begin_job(state: &mut State, slot: &Slot, call: &Message<'_>, unit: &str) {
    let fate = state.fate.unwrap_or(Fate::Ends("done"));
    let result = match fate {
        Fate::Silent => return,
        Fate::Refused(error) => {
            return refuse(state, slot, call, &format!("org.freedesktop.systemd1.{error}"));
        }
        Fate::Never => None,
        Fate::Ends(result) => Some(result),
        Fate::NeedsReset if state.was_reset => Some("done"),
        Fate::NeedsReset => {
            let key = ("org.freedesktop.systemd1.Service".into(), "Result".into());
            let object = state.objects.entry(unit_path(unit)).or_default();
            object.insert(key, Value::Text("start-limit-hit"));
            Some("failed")
        }
    };
    state.last_job += 1;
    let id = state.last_job;
    let path = format!("{SYSTEMD_PATH}/job/{id}");
    // PID 1's order: the job is announced, the call answered, the job's end told.
    let mut body = Writer::new();
    body.u32(id).string(&path).string(unit);
    job_signal(state, slot, "JobNew", "uos", &body);
    reply(state, slot, call, "o", |body| {
        body.string(&path);
    });
    if let Some(result) = result {
        body.string(result);
        job_signal(state, slot, "JobRemoved", "uoss", &body);
    } else {
        let key = ("org.freedesktop.systemd1.Job".into(), "State".into());
        state.objects.entry(path).or_default().insert(key, Value::Text("running"));
    }
}

fn job_signal(state: &mut State, slot: &Slot, member: &str, types: &str, body: &Writer) {
    let message = Message {
        path: SYSTEMD_PATH,
        interface: MANAGER,
        member,
        signature: types.as_bytes(),
        body: body.bytes().expect("it fits"),
        ..Message::new(Kind::Signal)
    };
    send(slot, state, &message);
}

fn reply(
    state: &mut State,
    slot: &Slot,
    call: &Message<'_>,
    types: &str,
    write: impl FnOnce(&mut Writer),
) {
    let mut body = Writer::new();
    write(&mut body);
    let message = Message {
        reply_serial: call.serial,
        destination: call.sender,
        signature: types.as_bytes(),
        body: body.bytes().expect("it fits"),
        ..Message::new(Kind::Return)
    };
    send(slot, state, &message);
}

fn refuse(state: &mut State, slot: &Slot, call: &Message<'_>, error: &str) {
    let mut body = Writer::new();
    body.string("as the script says");
    let message = Message {
        reply_serial: call.serial,
        destination: call.sender,
        error,
        signature: b"s",
        body: body.bytes().expect("it fits"),
        ..Message::new(Kind::Error)
    };
    send(slot, state, &message);
}
