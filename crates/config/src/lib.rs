//! TOML text to a validated policy, without IO.
//!
//! [`load`] reads a whole text and reports everything that is wrong with it, each with its place
//! and what to do. A text with one error is not used at all: no default stands in for a line that
//! could not be read, so nothing that defib may do is ever widened by a mistake.

mod app;
mod clean;
mod diagnostic;
mod guard;
mod http;
mod look;
mod machine;
mod pace;
mod request;
mod rules;
mod section;
pub mod spec;
mod starter;
mod target;
mod units;
mod url;
mod value;
mod words;

pub use diagnostic::{Diagnostic, Level, Report};
pub use guard::{GuardOptions, guard_name, guard_text};
pub use starter::{is_starter, unit_in};
pub use units::{in_words as duration_in_words, parse_duration as parse_duration_ms};
pub use value::{toml_list, toml_string};
pub use words::{rule_in_words, watchdog_in_words};

use defib_engine::policy::{Bars, Budget, Mode, Policy, Weights};
use diagnostic::Problems;
use machine::Machine;
use section::Section;
use spec::Config;
use toml::de::DeTable;

/// The most bytes of a text. 64 apps with 16 looks of 20 lines each need a tenth of it.
pub const TEXT_MAX: usize = 1 << 20;

/// The most apps of one config.
pub const APPS_MAX: usize = 64;

/// What a config must know about the process that loads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Whether it runs as root: a `start` app must then name its `user`.
    pub root: bool,
}

/// A config that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// How much of the journal is kept.
    pub journal: JournalLimits,
    /// What may not be as it was meant. Holds no errors.
    pub warnings: Report,
}

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    /// Days.
    pub days: u16,
    /// Bytes.
    pub bytes: u64,
}

/// Reads and validates `text`. On failure the report holds every error that was found, and the
/// warnings.
pub fn load(text: &str, host: &Host) -> Result<Loaded, Report> {
    let problems = Problems::default();
    if text.len() > TEXT_MAX {
        let message = format!("the text has {} bytes; at most {TEXT_MAX} are read", text.len());
        problems.error_nowhere(message);
        return Err(problems.into_report());
    }
    let (document, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        for fault in faults {
            report_syntax(text, &fault, &problems);
        }
        return Err(problems.into_report());
    }
    let root = Section::new(String::new(), 0..0, document.as_ref(), &problems);
    let (config, journal) = read(&root, text, *host);
    let report = problems.into_report();
    if report.error_count() > 0 {
        return Err(report);
    }
    Ok(Loaded { config, journal, warnings: report })
}

/// Whether `text` can be read and names no app: then nothing is lost with it.
pub fn guards_nothing(text: &str) -> bool {
    let (document, faults) = DeTable::parse_recoverable(text);
    faults.is_empty() && !document.as_ref().iter().any(|(key, _)| key.as_ref() == "app")
}

fn report_syntax(text: &str, fault: &toml::de::Error, problems: &Problems) {
    let span = fault.span().unwrap_or(0..0);
    let message = fault.message().replace('\n', "; ");
    let name = text.get(span.clone()).unwrap_or_default();
    if message == "duplicate key" && !name.is_empty() {
        problems.error(span, format!("`{name}` is there already")).hint("keep one of the two");
    } else {
        problems.error(span, message);
    }
}

fn read(root: &Section<'_>, text: &str, host: Host) -> (Config, JournalLimits) {
    let machine = read_machine(root, text);
    let mut policy = Policy {
        mode: machine.mode,
        reboot: machine.reboot,
        min_uptime_ms: machine.min_uptime_ms,
        reboot_budget: Budget::REBOOTS,
        apps: Vec::new(),
        weights: Weights::FIELD,
        bars: Bars::FIELD,
    };
    let mut apps = Vec::new();
    let sections = root.sections("app");
    check_apps(root, sections.len(), machine.mode);
    for (entry, section) in sections {
        if let Err(wrong) = app::check_name(entry.name) {
            root.refuse(entry.span.clone(), &wrong.message, wrong.hint);
        }
        if let Some((rules, app)) = app::read(&section, entry.name, &machine, host) {
            policy.apps.push(rules);
            apps.push(app);
        }
    }
    root.finish();
    let polite_reboot_ms = machine.reboot_timeout_ms as u32;
    let Machine { watchdog, clean, journal, .. } = machine;
    (Config { policy, apps, polite_reboot_ms, watchdog, clean }, journal)
}

fn read_machine(root: &Section<'_>, text: &str) -> Machine {
    let Some(entry) = root.entry("machine") else {
        return Machine::DEFAULT;
    };
    let Some(table) = entry.value.as_ref().as_table() else {
        root.refuse(entry.span, "`machine` must be a section", Some("write [machine]".to_owned()));
        return Machine::DEFAULT;
    };
    let section = Section::new("machine".to_owned(), entry.span, table, root.problems);
    machine::read(&section, text, root.problems)
}

/// A config that says that it only observes may have no app yet: so a fresh package install begins. Any other
/// has lost its apps, and the last good one stays in force.
fn check_apps(root: &Section<'_>, apps_len: usize, mode: Mode) {
    if apps_len > APPS_MAX {
        let message = format!("{apps_len} apps; at most {APPS_MAX} are taken");
        root.refuse(root.span_of("app"), &message, None);
    }
    if apps_len == 0 && mode == Mode::Observe && !root.has("app") {
        root.problems
            .warning(root.span_of("machine"), "there is no app to guard yet")
            .hint("add [app.NAME] with a url and a unit, a start or a recover");
    } else if apps_len == 0 && root.raw("app").is_none_or(|apps| apps.as_ref().is_table()) {
        root.problems
            .error_nowhere("no app to guard")
            .hint("add [app.NAME] with a url and a unit, a start or a recover");
    }
}
