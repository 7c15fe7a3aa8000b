//! What a script was found to look at and to do.

use std::collections::BTreeSet;

/// One look at a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// `http://`, `https://` or `tcp://`.
    pub(crate) url: String,
    /// How long it may take; `None` is for ever.
    pub(crate) timeout_s: Option<u32>,
    /// Whether a status like 500 makes the program fail (`curl -f`, `wget`).
    pub(crate) fails_on_status: bool,
    /// The statuses that the script takes for good, as `expect` has them.
    pub(crate) expect: Option<String>,
    /// `HEAD`, if it asks for that.
    pub(crate) method: Option<&'static str>,
    /// The Host header.
    pub(crate) host: Option<String>,
    /// What the answer must contain.
    pub(crate) contains: Option<String>,
    /// Whether it follows redirects.
    pub(crate) follows: bool,
    /// Whether it trusts any certificate.
    pub(crate) trusts_all: bool,
    /// Whether what it prints is the status.
    pub(crate) prints_status: bool,
    /// Why the config cannot do the same, if so.
    pub(crate) obstacle: Option<String>,
    /// Its line in the text that was read.
    pub(crate) place: Place,
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The file.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, form: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(form, "{}:{}", self.file, self.line)
    }
}

/// A command that runs an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Program and arguments.
    pub(crate) argv: Vec<String>,
    /// The folder it runs in, if the script says one.
    pub(crate) folder: Option<String>,
    /// Whom it runs as, if the script says so.
    pub(crate) user: Option<String>,
    /// Its own variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Whether the script goes on without waiting for it.
    pub(crate) is_detached: bool,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The machine is rebooted.
    Reboot,
    /// Services are restarted or started.
    Service(Vec<String>),
    /// A command of another keeper of applications (`docker restart x`).
    Keeper(Vec<String>),
    /// Processes are ended; by what they were named.
    Kill(String),
    /// A program is run.
    Run(Launch),
}

/// When something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Each time.
    Always,
    /// When these looks failed.
    Failed(Vec<usize>),
    /// When a look succeeded.
    Passed(usize),
    /// On a condition that is not a look.
    Other(String),
}

/// An act, its condition and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// What.
    pub(crate) act: Act,
    /// When.
    pub(crate) when: When,
    /// Further conditions beside failed looks, for people.
    pub(crate) also: Vec<String>,
    /// Where.
    pub(crate) place: Place,
}

/// All that was found in one line of a crontab and the scripts that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The looks, in order.
    pub(crate) looks: Vec<Look>,
    /// The acts, in order.
    pub(crate) done: Vec<Done>,
    /// What the script does besides (logging, mail), for people.
    pub(crate) besides: BTreeSet<String>,
    /// What was not read, for people.
    pub(crate) unread: BTreeSet<String>,
}
