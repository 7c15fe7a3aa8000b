//! The hidden role `guardian`: started by the executor, with the socket as descriptor 3.

use defib_console::narrate::{Form, Narrator, Row};
use defib_console::style::Style;
use defib_console::words;
use defib_engine::policy::Policy;
use defib_guardian::{AppStatus, Ended, Narrate, ProbeStatus, Setup, Trigger};
use defib_journal::line::Entry;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The forms by the names that the executor passes on.
const FORMS: [(&str, Form); 4] = [
    ("terminal", Form::Terminal),
    ("plain", Form::Plain),
    ("json", Form::JsonLines),
    ("journald", Form::Journald),
];

/// The name of a form.
pub(crate) fn form_name(form: Form) -> &'static str {
    FORMS.iter().find(|(_, other)| *other == form).map_or("plain", |(name, _)| name)
}

/// Becomes the guardian. Only the executor starts this role.
pub(crate) fn become_guardian(arguments: &[OsString]) -> ExitCode {
    let Some(socket) = crate::roles::socket::from_executor() else {
        eprintln!("defib guardian: this role is started by `defib guard` and `defib daemon`");
        return ExitCode::from(2);
    };
    let options = Options::read(arguments);
    let style = Style {
        color: options.color,
        unicode: options.unicode,
        terminal: options.form == Form::Terminal,
    };
    let narrator = match Narrator::new(options.form, style, options.verbose.saturating_sub(1)) {
        Ok(narrator) => narrator,
        Err(error) => {
            eprintln!("defib guardian: nothing can be printed: {error}");
            return ExitCode::FAILURE;
        }
    };
    // We may have been executed as /proc/self/exe: this is what `ps` and people know us by.
    let _ = rustix::thread::set_name(c"defib");
    let mut alarms = options.alarms;
    if options.confined {
        alarms.extend(defib_guardian::confine().err());
    }
    let setup = Setup {
        socket,
        state_dir: options.state,
        runtime_dir: options.runtime,
        narrator: Box::new(Spoken { narrator, form: options.form, quiet: options.verbose == 0 }),
        exec_child_argv: own_exec_child(),
        executor_is_root: options.confined || rustix::process::geteuid().is_root(),
        is_confined: options.confined,
        trigger: Trigger::of_memory(),
        alarms,
        version: defib_console::VERSION,
        keep_program: crate::pages::keep_what_guards,
    };
    let ended = defib_guardian::run(setup);
    if let Ended::Failed(why) = &ended {
        eprintln!("defib guardian: {why}");
    }
    ExitCode::from(ended.code())
}

fn own_exec_child() -> Vec<OsString> {
    std::env::current_exe()
        .map(|own| vec![own.into_os_string(), "exec-child".into()])
        .unwrap_or_default()
}

struct Options {
    state: PathBuf,
    runtime: PathBuf,
    form: Form,
    color: bool,
    unicode: bool,
    verbose: u8,
    /// We are a user without any privilege, below a root executor.
    confined: bool,
    alarms: Vec<String>,
}

impl Options {
    /// What the executor passed on; both sides are this binary, so nothing can be misspelled.
    fn read(arguments: &[OsString]) -> Options {
        let mut options = Options {
            state: PathBuf::new(),
            runtime: PathBuf::new(),
            form: Form::Plain,
            color: false,
            unicode: false,
            verbose: 1,
            confined: false,
            alarms: Vec::new(),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--color") => options.color = true,
                Some("--unicode") => options.unicode = true,
                Some("--confined") => options.confined = true,
                Some(flag) => options.set(flag, words.next()),
                None => {}
            }
        }
        options
    }

    fn set(&mut self, flag: &str, value: Option<&OsString>) {
        let Some(value) = value else { return };
        let text = value.to_string_lossy();
        match flag {
            "--state" => self.state = PathBuf::from(value),
            "--runtime" => self.runtime = PathBuf::from(value),
            "--alarm" => self.alarms.push(text.into_owned()),
            "--verbose" => self.verbose = text.parse().unwrap_or(1),
            "--form" => {
                let form = FORMS.iter().find(|(name, _)| *name == text);
                self.form = form.map_or(Form::Plain, |(_, form)| *form);
            }
            _ => {}
        }
    }
}

/// The console's narrator behind the guardian's trait: neither crate knows the other.
struct Spoken {
    narrator: Narrator,
    form: Form,
    quiet: bool,
}

impl Narrate for Spoken {
    fn entry(&mut self, policy: &Policy, entry: &Entry) {
        if !self.quiet {
            self.narrator.entry(policy, entry);
        }
    }

    fn status(&mut self, apps: &[AppStatus]) {
        let rows: Vec<Row> = apps.iter().map(row).collect();
        self.narrator.status(&rows);
    }

    fn wants_status(&self) -> bool {
        self.form == Form::Terminal && !self.quiet
    }
}

fn row(app: &AppStatus) -> Row {
    let (latency_ms, trouble) = app.probes.first().map_or((None, None), told);
    Row {
        app: app.app.clone(),
        state: format!("{:?}", app.view.word).to_lowercase(),
        for_ms: app.up_for_ms,
        latency_ms,
        trouble,
        incident: app.view.incident.map(|incident| incident.0),
        next: Some(app.next.clone()).filter(|next| !next.is_empty()),
    }
}

/// How soon the app answered, or what was wrong: how long a look failed for is no answer's time.
fn told(look: &ProbeStatus) -> (Option<u64>, Option<String>) {
    match look.seen {
        Some(seen) if seen.is_good() => (look.latency_us.map(|us| u64::from(us / 1000)), None),
        seen => (None, seen.map(|seen| words::seen(seen, None))),
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use defib_engine::policy::View;
    use defib_engine::seen::{Phase, Seen};
    use defib_guardian::ProbeStatus;

    #[test]
    fn a_look_in_vain_is_not_told_as_an_answer() {
        let look = |seen| ProbeStatus {
            probe: "url".to_owned(),
            view: View::App,
            seen,
            latency_us: Some(3_000_000),
            age_ms: Some(1),
            detail: String::new(),
        };
        assert_eq!(told(&look(Some(Seen::Pass))), (Some(3000), None));
        let (latency_ms, trouble) = told(&look(Some(Seen::Timeout(Phase::FirstByte))));
        assert_eq!(latency_ms, None);
        assert_eq!(trouble.as_deref(), Some("no answer in time (timeout at first byte)"));
        assert_eq!(told(&look(None)), (None, None));
    }
}
