//! One pass over the machine and the apps, every few seconds, into events for the engine. What cannot be
//! why an app fails is not told.

use super::app::App;
use super::hog::Finder;
use super::machine::{BUFFER, Machine};
use super::reading::Reading;
use defib_engine::event::Event;
use defib_engine::host::Sleep;
use defib_engine::id::{AppId, Identity};
use std::path::Path;
use std::time::Instant;

/// An app to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Which.
    pub app: AppId,
    /// Its main process.
    pub identity: Identity,
    /// It is well now: what it uses is what it uses when it is well.
    pub is_well: bool,
    /// The pass is one of those that come each 5 s, and not one that pressure has brought forward.
    pub is_paced: bool,
}

/// The reader.
#[derive(Debug)]
pub(crate) struct HostReader {
    machine: Machine,
    apps: Vec<(AppId, App)>,
    buffer: Vec<u8>,
    has_told: bool,
    finder: Finder,
    reading: Reading,
}

impl HostReader {
    /// Opens what is read. `state_dir` is where the journal is: its disk is watched beside the system's.
    pub(crate) fn open(state_dir: &Path) -> HostReader {
        let folders = [Path::new("/"), state_dir, Path::new("/var"), Path::new("/tmp")];
        HostReader {
            machine: Machine::open(&folders),
            apps: Vec::new(),
            buffer: vec![0; BUFFER],
            has_told: false,
            finder: Finder::open(Path::new("/proc")),
            reading: Reading::default(),
        }
    }

    /// What the last pass has read.
    pub(crate) fn reading(&self) -> &Reading {
        &self.reading
    }

    /// One pass.
    pub(crate) fn pass(&mut self, watched: &[Watched], events: &mut Vec<Event>) {
        let mut machine = self.machine.read(&mut self.buffer);
        self.apps.retain(|(app, reader)| {
            watched.iter().any(|it| it.app == *app && it.identity == reader.identity)
        });
        self.reading.apps.clear();
        let mark = events.len();
        for Watched { app, identity, is_well, is_paced } in watched.iter().copied() {
            let at = self.apps.iter().position(|(other, _)| *other == app).unwrap_or_else(|| {
                self.apps.push((app, App::open(identity, &mut self.buffer)));
                self.apps.len() - 1
            });
            let reader = &mut self.apps[at].1;
            let passed = self.machine.passed;
            let read = reader.read(is_well, is_paced, passed, &mut self.buffer);
            let Some(mut facts) = read else { continue };
            if facts.sleep != Sleep::None && has_remote_disk() {
                (facts.sleep, machine.has_remote_disk) = (Sleep::Remote, true);
            }
            self.reading.apps.push((app, facts));
            if facts.matters(&machine) {
                events.push(Event::Measured { app, facts });
            }
        }
        // Once more when it no longer matters, so that what was true ends.
        let tells = machine.matters() || events.len() > mark;
        if tells || self.has_told {
            events.push(Event::Machine(machine));
        }
        self.has_told = tells;
        self.reading.machine = machine;
        self.look_for_the_hog();
    }

    fn look_for_the_hog(&mut self) {
        if !self.reading.is_pressed() {
            self.finder.forget();
            self.reading.hog = None;
            return;
        }
        self.reading.hog = self.finder.look(Instant::now(), &self.apps, &mut self.buffer);
    }
}

/// Whether the process may wait for a server: the kernel tells only root what it waits for, so any
/// network file system will do. Asked only while a main process sleeps in the kernel.
fn has_remote_disk() -> bool {
    const KINDS: [&str; 8] =
        [" nfs", " cifs ", " smb3 ", " ceph ", " 9p ", " fuse.sshfs ", " glusterfs ", " afs "];
    // Unreadable: nobody is rebooted for what cannot be told apart.
    std::fs::read_to_string("/proc/self/mounts").map_or(true, |mounts| {
        mounts.lines().any(|line| KINDS.iter().any(|kind| line.contains(kind)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    /// A process of our own, ended with the test.
    struct Victim(Child);

    impl Drop for Victim {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    impl Victim {
        /// Bounded by itself: 60 s of CPU, 1 GB of addresses.
        fn python(code: &str) -> Victim {
            let limits = "import resource\n\
                          resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n\
                          resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n";
            let child = Command::new("python3")
                .args(["-c", &format!("{limits}{code}")])
                .stdin(Stdio::piped())
                .spawn()
                .expect("python3 runs");
            Victim(child)
        }

        fn watched(&self, is_well: bool) -> Watched {
            let pid = self.0.id();
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let behind = text.rsplit(") ").next().unwrap();
            let start_ticks = behind.split(' ').nth(19).unwrap().parse().unwrap();
            let identity = Identity { pid, start_ticks };
            Watched { app: AppId(0), identity, is_well, is_paced: true }
        }

        fn go(&mut self) {
            self.0.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        }
    }

    fn reader() -> HostReader {
        HostReader::open(Path::new("/tmp"))
    }

    /// Reads the app until `is_so`, at most 20 s long.
    fn wait_for(
        reader: &mut HostReader,
        watched: Watched,
        is_so: impl Fn(&defib_engine::host::AppFacts) -> bool,
    ) -> defib_engine::host::AppFacts {
        let end = Instant::now() + Duration::from_secs(20);
        let mut app = App::open(watched.identity, &mut reader.buffer);
        loop {
            let _ = reader.machine.read(&mut reader.buffer);
            let passed = reader.machine.passed;
            let facts =
                app.read(watched.is_well, true, passed, &mut reader.buffer).expect("it lives");
            if is_so(&facts) {
                return facts;
            }
            assert!(Instant::now() < end, "not seen in time: {facts:?}");
            let mut nobody = [];
            let half = rustix::event::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
            let _ = rustix::event::poll(&mut nobody, Some(&half));
        }
    }

    #[test]
    fn a_process_that_spins_is_seen_to_take_the_cpu() {
        let victim = Victim::python("while True: pass");
        let facts = wait_for(&mut reader(), victim.watched(false), |facts| {
            // At least a fifth of this machine, whatever else runs on it.
            facts.cpu_permille >= 200
        });
        assert!(facts.tasks >= 1 && facts.sleep == Sleep::None);
    }

    #[test]
    fn a_process_that_eats_memory_is_seen_to_have_grown() {
        let code = "import sys\nkept = []\nsys.stdin.readline()\n\
                    [kept.append(bytearray(b'x' * (1 << 20))) for _ in range(200)]\n\
                    sys.stdin.readline()";
        let mut victim = Victim::python(code);
        let watched = victim.watched(true);
        let mut reader = reader();
        let mut app = App::open(watched.identity, &mut reader.buffer);
        let begun = app.read(true, true, 0, &mut reader.buffer).expect("it lives");
        assert!(begun.memory_kb < 100_000 && begun.grown_kb == 0, "{begun:?}");
        victim.go();
        let end = Instant::now() + Duration::from_secs(20);
        let mut facts = begun;
        while facts.grown_kb < 180_000 {
            assert!(Instant::now() < end, "not seen in time: {facts:?}");
            facts = app.read(false, true, 0, &mut reader.buffer).expect("it lives");
        }
        assert!(facts.memory_kb >= 180_000, "{facts:?}");
    }

    #[test]
    fn a_process_that_is_gone_is_not_measured() {
        let mut victim = Victim::python("pass");
        let watched = victim.watched(false);
        victim.0.wait().unwrap();
        let mut events = Vec::new();
        reader().pass(&[watched], &mut events);
        assert!(!events.iter().any(|event| matches!(event, Event::Measured { .. })), "{events:?}");
    }

    /// What a pass costs; `cargo test -p defib-guardian a_pass -- --nocapture` prints it.
    #[test]
    fn a_pass_over_machine_and_app_costs_less_than_a_millisecond() {
        let victim = Victim::python("import sys; sys.stdin.readline()");
        let (mut reader, watched) = (reader(), [victim.watched(true)]);
        let mut events = Vec::with_capacity(8);
        reader.pass(&watched, &mut events);
        let room = events.capacity();
        let mut costs: Vec<Duration> = (0..200)
            .map(|_| {
                events.clear();
                let begun = Instant::now();
                reader.pass(&watched, &mut events);
                begun.elapsed()
            })
            .collect();
        costs.sort_unstable();
        let (best, middle) = (costs[0], costs[100]);
        println!("one pass: best {best:?}, median {middle:?}");
        assert_eq!(events.capacity(), room);
        assert!(best < Duration::from_millis(1), "{best:?}");
    }
}
