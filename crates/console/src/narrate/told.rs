//! One thing that is told.

/// How much it matters, as syslog's levels (`syslog(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A promise of our own is broken, or a person is needed.
    Critical,
    /// Something is down, or failed.
    Error,
    /// Something was done, or is doubtful.
    Warning,
    /// Worth knowing.
    Notice,
    /// Only for those who ask for more.
    Info,
}

impl Level {
    /// The number in journald's `<N>` prefix (`sd-daemon(3)`).
    pub const fn number(self) -> u8 {
        match self {
            Level::Critical => 2,
            Level::Error => 3,
            Level::Warning => 4,
            Level::Notice => 5,
            Level::Info => 6,
        }
    }

    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Critical => "critical",
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
            Level::Info => "info",
        }
    }
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How much it matters.
    pub level: Level,
    /// When, in milliseconds since the epoch.
    pub wall_ms: i64,
    /// The app; `None` is defib itself.
    pub app: Option<String>,
    /// What kind of thing, for programs.
    pub event: &'static str,
    /// The incident that it belongs to.
    pub incident: Option<u32>,
    /// The sentence.
    pub text: String,
}

impl Told {
    pub(crate) fn of_defib(level: Level, event: &'static str, text: String, wall_ms: i64) -> Told {
        Told { level, wall_ms, app: None, event, incident: None, text }
    }
}
