//! What the demo shows: one row per application, with what must come of it.

use crate::demo::options::Fault;
use defib_engine::effect::Rung;
use defib_engine::note::Class;
use std::time::Duration;

/// One application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// Its name in the config.
    pub(crate) name: &'static str,
    /// What happens to it, for people.
    pub(crate) story: &'static str,
    /// What breaks.
    pub(crate) breaks: Breaks,
    /// When, after its start.
    pub(crate) after: Duration,
    /// The class that the incident must end in.
    pub(crate) class: Class,
    /// The acts that must be made, in order, and no other.
    pub(crate) acts: &'static [Rung],
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// The application, once.
    App(Fault),
    /// What it needs, for so long; it comes back by itself.
    Dependency(Duration),
}

/// Faults strike a second apart, so that the progress lines can be followed, and late enough that each
/// application has been seen well: one that never passed is *contract* and left alone. The crash
/// comes last, more than 10 s after its start: sooner, the pause between two starts would hold the
/// next one back, and the figure would be the pause's.
pub(crate) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "demo-crash",
        story: "the process aborts",
        breaks: Breaks::App(Fault::Crash),
        after: Duration::from_secs(12),
        class: Class::Dead,
        acts: &[Rung::Start],
    },
    Scenario {
        name: "demo-hang",
        story: "connections are accepted and never answered",
        breaks: Breaks::App(Fault::Hang),
        after: Duration::from_secs(8),
        class: Class::Hung,
        acts: &[Rung::Kill],
    },
    Scenario {
        name: "demo-errors",
        story: "every answer is 500",
        breaks: Breaks::App(Fault::Errors),
        after: Duration::from_secs(9),
        class: Class::Erroring,
        acts: &[Rung::Restart],
    },
    Scenario {
        name: "demo-stopped",
        story: "the process is stopped (SIGSTOP)",
        breaks: Breaks::App(Fault::Stop),
        after: Duration::from_secs(10),
        class: Class::Hung,
        acts: &[Rung::Kill],
    },
    Scenario {
        name: "demo-orders",
        story: "its database is down for 12 s: no act can help",
        breaks: Breaks::Dependency(Duration::from_secs(12)),
        after: Duration::from_secs(11),
        class: Class::Dependency,
        acts: &[],
    },
];
