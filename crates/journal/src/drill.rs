//! A drill: a fault that a person asks for, to see that it is healed.

/// What is done to the app's main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillKind {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, to it and all its members.
    Hang,
}

impl DrillKind {
    /// The word on the command line, the control socket and in reports.
    pub const fn word(self) -> &'static str {
        match self {
            DrillKind::Kill => "kill",
            DrillKind::Hang => "hang",
        }
    }
}

/// How far a drill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillStage {
    /// A person asked for it; it leaves for the executor.
    Asked,
    /// The signals were sent.
    Begun,
    /// The executor did not do it.
    Refused,
    /// It is over: what it stopped and nothing ended was continued.
    Over,
}
