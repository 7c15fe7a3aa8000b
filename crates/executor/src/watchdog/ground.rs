//! What the dog is told, and what it answers.

/// What speaks against an armed watchdog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// The config: `reboot = "never"`, `watchdog = "off"` or `mode = "observe"`. It is disarmed.
    ByConfig,
    /// Reboots have been in vain: it must not end the machine once more. It is disarmed.
    Frozen,
    /// The reboot budget is spent, or only observing is left: it is not armed, and an armed one stays.
    ForNow,
}

/// How far the record is that comes before the device is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// Durable.
    Yes,
    /// On its way.
    Waiting,
    /// The disk does not take it.
    Failed,
}

/// What the dog does not know itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    /// CLOCK_BOOTTIME, which is the up-time too.
    pub(crate) now_ms: u64,
    /// What speaks against it.
    pub(crate) forbidden: Option<Forbidden>,
    /// How long one cycle of looks takes.
    pub(crate) cycle_ms: u64,
    /// The guardian died too often: it is fed without beats, or a fault of ours would reset the machine.
    pub(crate) is_observing: bool,
    /// The last rung is overdue: fed no more.
    pub(crate) is_feeding_over: bool,
    /// How far the record is.
    pub(crate) recorded: Recorded,
}

impl Ground {
    /// Whether one may be armed at all.
    pub(super) fn is_welcome(&self) -> bool {
        self.forbidden.is_none() && !self.is_observing && !self.is_feeding_over
    }
}

/// What is done with it when the executor ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    /// It is not armed.
    Nothing,
    /// It is disarmed: whoever ends us wants no reset, and PID 1 has a watchdog of its own for a shutdown.
    Disarm,
    /// It is left armed behind the reboot that we asked for: a shutdown that hangs ends by it.
    Leave,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing now.
    Rest,
    /// Write down that it is about to be armed.
    Record,
    /// Take that back: it was not armed.
    Unrecord,
    /// Open it.
    Open,
    /// Feed it.
    Feed,
    /// Disarm it.
    Disarm,
}
