//! The roles that the executor's tests start: a real executor, its `exec-child`, and a guardian that
//! only passes messages on to the test.
#![expect(clippy::expect_used, reason = "a test program fails loudly")]

#[path = "file_dog.rs"]
mod file_dog;
#[path = "inherited.rs"]
mod inherited;
#[path = "scripted.rs"]
mod scripted;

use defib_executor::machine::ladder::LastDeed;
use defib_executor::machine::{Machine, NotDone, PoliteMachine};
use defib_executor::manager::{JobId, NoManager, ServiceManager};
use defib_executor::notify::NoNotify;
use defib_executor::{AtEnd, Setup, exec_child, run};
use defib_journal::order::{MESSAGE_MAX, PROTOCOL, Report, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, SendFlags, SocketAddrUnix, SocketType, connect,
    recv, recvmsg, send, socket,
};
use std::ffi::OsString;
use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next().and_then(|role| role.into_string().ok()).as_deref() {
        Some("exec-child") => exec_child(args),
        Some("guardian") => {
            guardian();
            ExitCode::SUCCESS
        }
        Some("executor") => executor(&args.collect::<Vec<_>>()),
        role => panic!("unknown role {role:?}"),
    }
}

/// `executor FOLDER stop|leave`: config, state and runtime are in FOLDER.
fn executor(args: &[OsString]) -> ExitCode {
    let folder = PathBuf::from(&args[0]);
    let exe = std::env::current_exe().expect("known").into_os_string();
    let config_path = folder.join("config.toml");
    let config_text = std::fs::read_to_string(&config_path).expect("a config");
    let manager: Box<dyn ServiceManager> =
        if config_text.contains("unit = ") || folder.join("transient").exists() {
            Box::new(scripted::Scripted::new(folder.clone()))
        } else {
            Box::new(NoManager::default())
        };
    let setup = Setup {
        config_text,
        config_path: Some(config_path),
        config_fault: None,
        state_dir: folder.join("state"),
        runtime_dir: folder.join("run"),
        guardian_argv: vec![exe.clone(), "guardian".into()],
        guardian_user: None,
        exec_child_argv: vec![exe, "exec-child".into()],
        at_end: if args[1] == "stop" { AtEnd::StopApps } else { AtEnd::LeaveApps },
        manager,
        machine: Box::new(FakeMachine(folder.clone())),
        login_dir: Some(folder.join("motd.d")),
        watchdog: Box::new(file_dog::FileDog::new(folder)),
        notify: Box::new(NoNotify),
        keep_program: || (),
    };
    if let Err(error) = run(setup) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Writes down what it was told, and refuses as a machine without a manager does.
struct FakeMachine(PathBuf);

impl FakeMachine {
    fn note(&self, deed: &str) {
        let mut file = std::fs::File::options();
        let mut file = file.append(true).create(true).open(self.0.join("deeds")).expect("opened");
        writeln!(file, "{deed}").expect("written");
    }
}

impl Machine for FakeMachine {
    fn why_not(&self, _manager: &dyn ServiceManager) -> Option<String> {
        None
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        let asked = self.0.join("reboot-asked");
        let mut asked =
            std::fs::File::options().append(true).create(true).open(asked).expect("ours");
        asked.write_all(b"once\n").expect("written");
        self.note("reboot");
        PoliteMachine.reboot(manager, deadline_ms)
    }

    fn force(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        self.note("force");
        PoliteMachine.force(manager, deadline_ms)
    }

    fn reset_on_panic(&mut self) {
        self.note("panics reset");
    }

    fn leave_panic_as_found(&mut self) {
        self.note("panics as found");
    }

    fn is_in_last_phase(&self) -> bool {
        self.0.join("last-phase").exists()
    }

    fn awaits_others(&self) -> bool {
        self.0.join("others").exists()
    }

    fn last(&mut self, deed: LastDeed) -> Result<(), NotDone> {
        self.note(&format!("{deed:?}"));
        PoliteMachine.last(deed)
    }
}

/// Passes messages between the executor (descriptor 3) and the test (the socket in
/// `DEFIB_TEST_SOCKET`), and beats by itself unless the file of that name plus `.silent` is there.
fn guardian() {
    let executor = inherited::socket();
    let path = std::env::var("DEFIB_TEST_SOCKET").expect("set by the test");
    let test = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).expect("a socket");
    connect(&test, &SocketAddrUnix::new(&*path).expect("short")).expect("the test listens");
    say(&executor, &Request::Hello { protocol: PROTOCOL });
    loop {
        if !std::fs::exists(format!("{path}.silent")).expect("readable") {
            say(&executor, &Request::Beat);
        }
        let mut fds = [PollFd::new(&executor, PollFlags::IN), PollFd::new(&test, PollFlags::IN)];
        let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 300_000_000 }));
        let ready = fds.map(|fd| !fd.revents().is_empty());
        if ready[0] && !from_executor(&executor, &test) || ready[1] && !from_test(&test, &executor)
        {
            return;
        }
    }
}

fn say(to: &OwnedFd, request: &Request) {
    let mut bytes = Vec::new();
    request.encode(&mut bytes);
    let _ = send(to, &bytes, SendFlags::NOSIGNAL);
}

fn from_executor(executor: &OwnedFd, test: &OwnedFd) -> bool {
    let mut bytes = [0; MESSAGE_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let len = {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        recvmsg(executor, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)
            .map_or(0, |it| it.bytes)
    };
    if control.drain().count() > 0 {
        say(executor, &Request::ConfigRead { accepted: true });
    }
    let goes_on = len > 0 && send(test, &bytes[..len], SendFlags::NOSIGNAL).is_ok();
    goes_on && Report::decode(&bytes[..len]) != Ok(Report::Stop)
}

fn from_test(test: &OwnedFd, executor: &OwnedFd) -> bool {
    // More than a message may have: what is too long is for the executor to refuse.
    let mut bytes = vec![0; 16 * MESSAGE_MAX];
    match recv(test, &mut bytes, RecvFlags::empty()) {
        Ok((len, _)) if len > 0 => send(executor, &bytes[..len], SendFlags::NOSIGNAL).is_ok(),
        _ => false,
    }
}
