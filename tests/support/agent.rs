//! defib guarding subjects: the whole binary, its journal read while it is written, and every journal
//! decided again at the end.

use super::folder::Folder;
use super::subject::{Subject, Workers, gunicorn};
use super::wait::poll_until;
use super::whole::{Daemon, Home};
use defib_console::view::{Incident, Item, View, What};
use defib_engine::note::Note;
use defib_journal::files::Reader;
use defib_journal::line::{Entry, Line};
use defib_journal::order::ActStep;
use rustix::process::{Signal, geteuid};
use std::cell::RefCell;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The 1 s class of settings: three failing looks over 3 s convict, three good ones over 3 s verify.
pub const QUICK: &str = "\
interval = \"1s\"
fast = \"500ms\"
timeout = \"1s\"
window = \"3s\"
rise = 3
verify = \"3s\"
start_grace = \"20s\"
backoff = \"1s\"
";

/// Longer than any fault and its cure take at [`QUICK`] settings on a busy machine.
pub const COURSE: Duration = Duration::from_secs(40);

/// How both kinds of workers are called in configs.
pub const KINDS: [(&str, Workers); 2] = [("sync", Workers::Sync), ("gthread", Workers::Threads)];

/// One subject of each kind, by its name in configs.
pub fn both_kinds(test: &str) -> Vec<(&'static str, Subject)> {
    KINDS.map(|(kind, workers)| (kind, Subject::new(&format!("{test}-{kind}"), workers))).into()
}

/// A config for these subjects, which defib starts; `further` lines end each app's section.
pub fn config(subjects: &[(&str, Subject)], further: &str) -> String {
    let mut text = machine();
    for (name, subject) in subjects {
        text += &section(name, subject, further);
    }
    text
}

/// The head of a config that acts.
pub fn machine() -> String {
    "[machine]\nmode = \"act\"\nreboot = \"never\"\n".to_owned()
}

/// One app that defib starts.
pub fn section(name: &str, subject: &Subject, further: &str) -> String {
    let mut text = format!("\n[app.{name}]\nurl = {:?}\n", subject.url());
    let _ = writeln!(text, "start = {:?}", subject.argv());
    let variables: Vec<String> =
        subject.environment().iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    let _ = writeln!(text, "environment = {{ {} }}", variables.join(", "));
    if let Some(user) = app_user() {
        let _ = writeln!(text, "user = {user:?}");
    }
    text + further
}

/// Whom an app runs as where the agent is root: `nobody`, if its interpreter is open to all.
pub fn app_user() -> Option<&'static str> {
    geteuid().is_root().then(|| if is_open_to_all(&interpreter()) { "nobody" } else { "root" })
}

fn interpreter() -> PathBuf {
    let python = gunicorn().with_file_name("python3");
    fs::canonicalize(python).expect("the venv has an interpreter")
}

fn is_open_to_all(path: &Path) -> bool {
    let is_open = |path: &Path| {
        path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    };
    path.ancestors().all(is_open)
}

/// A running agent. It must be declared after its subjects, so that it ends before them.
pub struct Agent {
    home: Home,
    daemon: Option<Daemon>,
    log: RefCell<Log>,
}

/// The journal so far.
#[derive(Default)]
struct Log {
    reader: Option<Reader>,
    entries: Vec<Entry>,
    view: View,
}

impl Agent {
    /// `defib daemon --config FILE --state DIR --runtime DIR`.
    pub fn daemon(test: &str, config: &str) -> Agent {
        let home = Home::new(Folder::new(&format!("{test}-agent")), config);
        let daemon = home.daemon();
        Agent::of(home, daemon)
    }

    /// `defib guard URL --state DIR` and further arguments, with the subject's environment.
    pub fn guard(test: &str, subject: &Subject, further: &[&str]) -> Agent {
        let home = Home::new(Folder::new(&format!("{test}-agent")), "");
        let home = subject
            .environment()
            .into_iter()
            .fold(home, |home, (name, value)| home.with(&name, value));
        let daemon = home.guard(&subject.url(), further);
        Agent::of(home, daemon)
    }

    fn of(home: Home, daemon: Daemon) -> Agent {
        Agent { home, daemon: Some(daemon), log: RefCell::default() }
    }

    /// Its folders, verbs and socket.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Sends a signal to the executor.
    pub fn signal(&self, signal: Signal) {
        self.daemon.as_ref().expect("it runs until it is stopped").signal(signal);
    }

    /// Ends it in order; its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.daemon.take().and_then(Daemon::stop)
    }

    /// Looks at the journal so far.
    pub fn read<T>(&self, look: impl FnOnce(&View, &[Entry]) -> T) -> T {
        let log = &mut *self.log.borrow_mut();
        if log.reader.is_none() {
            log.reader = Reader::open(&self.home.state().join("journal")).ok();
        }
        if let Some(reader) = &mut log.reader {
            while let Some(entry) = reader.next_entry().expect("the journal can be read") {
                log.view.take(&entry);
                log.entries.push(entry);
            }
        }
        look(&log.view, &log.entries)
    }

    /// Waits for something in the journal.
    pub fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&View, &[Entry]) -> Option<T>,
    ) -> T {
        poll_until(what, limit, || self.read(&mut look))
    }

    /// Waits for a note.
    pub fn wait_for_note(&self, what: &str, limit: Duration, is_it: impl Fn(&Note) -> bool) {
        self.wait(what, limit, |_, entries| notes(entries).any(&is_it).then_some(()));
    }

    /// Waits until each app has been seen well.
    pub fn wait_up(&self, apps: usize) {
        self.wait("all apps are up", COURSE, |_, entries| {
            let ups = notes(entries).filter(|note| matches!(note, Note::Up { .. })).count();
            (ups >= apps).then_some(())
        });
    }

    /// Waits until the app's only incident so far is open.
    pub fn wait_open(&self, app: &str, limit: Duration) -> Incident {
        self.wait(&format!("{app}: an incident"), limit, |view, _| the_incident(view, app))
    }

    /// Waits until the app's only incident so far satisfies `look`.
    pub fn wait_incident<T>(
        &self,
        app: &str,
        what: &str,
        limit: Duration,
        look: impl Fn(&Incident) -> Option<T>,
    ) -> T {
        self.wait(&format!("{app}: {what}"), limit, |view, _| look(&the_incident(view, app)?))
    }

    /// Waits until the app's only incident so far is closed.
    pub fn wait_closed(&self, app: &str, limit: Duration) -> Incident {
        self.wait_incident(app, "the incident's end", limit, |incident| {
            incident.ending.map(|_| incident.clone())
        })
    }

    /// Waits until the app's only incident so far has this step of an act; when it was taken, in
    /// milliseconds of the wall clock.
    pub fn wait_step(&self, app: &str, wanted: ActStep, limit: Duration) -> i64 {
        self.wait_incident(app, &format!("{wanted:?}"), limit, |incident| step(incident, wanted))
    }

    /// How many orders there are.
    pub fn order_count(&self) -> usize {
        let is_order = |entry: &&Entry| matches!(entry.line, Line::Order { .. });
        self.read(|_, entries| entries.iter().filter(is_order).count())
    }

    /// How many incidents there are.
    pub fn incident_count(&self) -> usize {
        self.read(|view, _| view.incidents().count())
    }

    /// Decides the journal again with one weight changed: the exit code.
    pub fn replay_with(&self, weight: &str) -> Option<i32> {
        let state = self.home.state().to_string_lossy().into_owned();
        self.home.verb(&["replay", &state, "--weight", weight]).status.code()
    }

    /// With `DEFIB_KEEP_JOURNALS=FOLDER` the journal outlives the test: the simulator replays such journals
    /// as worlds (docs/simulation.md).
    fn keep_journal(&self) {
        let Some(folder) = std::env::var_os("DEFIB_KEEP_JOURNALS") else { return };
        let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
        fs::create_dir_all(&folder).expect("the folder of DEFIB_KEEP_JOURNALS can be made");
        let mut kept = Vec::new();
        for entry in fs::read_dir(self.home.state().join("journal")).expect("there is a journal") {
            kept.push(entry.expect("its folder can be listed").path());
        }
        kept.sort();
        let text: String = kept.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        let path = Path::new(&folder).join(format!("{test}.jsonl"));
        fs::write(path, text).expect("a journal can be kept");
    }

    fn tell(&self) {
        let notes = self.read(|_, entries| {
            let mut text = String::new();
            for entry in entries {
                match &entry.line {
                    Line::Event { .. } | Line::Checkpoint { .. } | Line::Policy { .. } => {}
                    line => {
                        let _ = writeln!(text, "{} {line:?}", entry.up.0);
                    }
                }
            }
            text
        });
        eprintln!(
            "{notes}\n{}\nall is kept in {}",
            self.home.log(),
            self.home.folder().path().display()
        );
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Its own end first: nothing may start the subjects again.
            drop(self.daemon.take());
            self.tell();
            return;
        }
        self.stop();
        self.home.assert_replays();
        self.keep_journal();
    }
}

/// The notes of a journal.
pub fn notes(entries: &[Entry]) -> impl Iterator<Item = &Note> {
    entries.iter().filter_map(|entry| match &entry.line {
        Line::Note { note } => Some(&**note),
        _ => None,
    })
}

/// The app's incident, of which there must not be two.
fn the_incident(view: &View, app: &str) -> Option<Incident> {
    let mut own = view.incidents().filter(|incident| incident.app == app);
    let first = own.next().cloned();
    assert!(own.next().is_none(), "a second incident of {app}");
    first
}

/// When the first such step was taken, in milliseconds of the wall clock.
pub fn step(incident: &Incident, wanted: ActStep) -> Option<i64> {
    let is_it = |item: &&Item| matches!(item.what, What::Step { step, .. } if step == wanted);
    incident.items.iter().find(is_it).map(|item| item.at.wall_ms)
}

/// The wall clock in milliseconds, to be compared with the journal's.
pub fn wall_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_millis() as i64
}
