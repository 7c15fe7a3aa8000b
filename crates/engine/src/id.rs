//! Names of things that are passed by value.

/// An app, as its index in [`Policy::apps`](crate::policy::Policy::apps).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AppId(pub u16);

/// One probe of one app: `index` counts within
/// [`AppPolicy::probes`](crate::policy::AppPolicy::probes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProbeId {
    /// The app that is looked at.
    pub app: AppId,
    /// Which of its probes.
    pub index: u8,
}

/// An incident of this state folder, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IncidentId(pub u32);

/// An intent to act, counted from 1 and never reused: the executor refuses a number it has
/// already seen, so that no crash can make one intent happen twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IntentId(pub u64);

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot: field 22 of `/proc/PID/stat`.
    pub start_ticks: u64,
}
