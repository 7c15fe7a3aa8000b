//! Which promise is judged by what. A test compares this table with SPECIFICATION.md.

/// How far a promise is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// By a checker of the judge, in every world.
    Judged(&'static str),
    /// By comparing runs, or elsewhere in the repository.
    Elsewhere(&'static str),
    /// Not yet, because what it speaks of does not exist yet.
    Waiting(&'static str),
}

/// One promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its number in SPECIFICATION.md.
    pub number: &'static str,
    /// How far it is judged.
    pub stand: Stand,
}

const fn judged(number: &'static str, file: &'static str) -> Promise {
    Promise { number, stand: Stand::Judged(file) }
}

const fn elsewhere(number: &'static str, what: &'static str) -> Promise {
    Promise { number, stand: Stand::Elsewhere(what) }
}

const fn waiting(number: &'static str, why: &'static str) -> Promise {
    Promise { number, stand: Stand::Waiting(why) }
}

/// All promises of one run that have a number; those of fleets (S18, S27) are not there.
pub const PROMISES: &[Promise] = &[
    judged("S1", "acts"),
    judged("S2", "acts"),
    judged("S3", "budgets"),
    judged("S4", "budgets"),
    judged("S5", "permission"),
    judged("S6", "evidence"),
    judged("S7", "incidents"),
    judged("S8", "spacing"),
    judged("S9", "reboots"),
    judged("S10", "evidence"),
    judged("S11", "blame"),
    waiting("S12", "an app's own progress is not seen yet: it comes with the host's signals"),
    judged("S13", "permission"),
    judged("S14", "evidence"),
    judged("S15", "evidence"),
    judged("S16", "grace"),
    judged("S17", "operator"),
    waiting(
        "S19",
        "no turn of a loop takes time in a world: commands and their deadlines are the whole binary's",
    ),
    judged("S20", "acts"),
    judged("S21", "acts"),
    waiting(
        "S22",
        "no second ledger is refused to an engine without disks: the whole agent's, and quotas are the flight recorder's",
    ),
    judged("S23", "freeze"),
    judged("S24", "watchdog"),
    elsewhere("S25", "crates/sim/tests/runs.rs"),
    waiting(
        "S26",
        "bundles are made by the executor from real processes, of which a world has none",
    ),
    elsewhere("S28", "crates/config/tests/promises.rs"),
    elsewhere("S29", "crates/sim/tests/runs.rs"),
    judged("S30", "acts"),
    elsewhere("S31", "crates/sim/tests/runs.rs"),
    judged("S32", "blame"),
    judged("L1", "healed"),
    judged("L2", "incidents"),
    judged("L3", "speed"),
    judged("L4", "speed"),
    judged("L5", "watching"),
    judged("L6", "speed"),
    elsewhere("L7", "crates/sim/tests/stories.rs"),
    waiting(
        "L8",
        "tests/ladder.rs holds each step to its deadline; no checker asks for it in every world",
    ),
    judged("L9", "watching"),
    waiting("L10", "there are no notifications yet"),
    judged("L11", "watching"),
    waiting("L12", "there is no flight recorder yet"),
    judged("L13", "healed"),
];
