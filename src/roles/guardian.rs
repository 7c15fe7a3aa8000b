//! The hidden role `guardian`: started by the executor, with the socket as descriptor 3.

use defib_console::narrate::{Form, Narrator, Row};
use defib_console::style::Style;
use defib_engine::policy::Policy;
use defib_engine::seen::Seen;
use defib_guardian::{AppStatus, Ended, Narrate, Setup};
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
    let setup = Setup {
        socket,
        state_dir: options.state,
        runtime_dir: options.runtime,
        narrator: Box::new(Spoken { narrator, form: options.form, quiet: options.verbose == 0 }),
        exec_child_argv: own_exec_child(),
        version: env!("CARGO_PKG_VERSION"),
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
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--color") => options.color = true,
                Some("--unicode") => options.unicode = true,
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
    let look = app.probes.first();
    let good = look.filter(|look| look.seen.is_some_and(Seen::is_good));
    let bad = look.filter(|look| look.seen.is_some_and(|seen| !seen.is_good()));
    Row {
        app: app.app.clone(),
        state: format!("{:?}", app.view.word).to_lowercase(),
        for_ms: app.up_for_ms,
        // How long a look failed for is no answer's time.
        latency_ms: good.and_then(|look| look.latency_us).map(|us| u64::from(us / 1000)),
        trouble: bad.map(|look| look.detail.clone()),
        incident: app.view.incident.map(|incident| incident.0),
        next: Some(app.next.clone()).filter(|next| !next.is_empty()),
    }
}
