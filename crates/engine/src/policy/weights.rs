//! Numbers: what evidence weighs, and how much of it each act needs (docs/decisions/004).

/// What each observation weighs, in decibans (docs/decisions/004).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Weights {
    /// The known process is gone.
    pub died_db: i16,
    /// Refused on loopback.
    pub refused_db: i16,
    /// No answer in time on loopback.
    pub timeout_db: i16,
    /// Reset, or closed without an answer.
    pub reset_db: i16,
    /// 5xx.
    pub server_error_db: i16,
    /// A wrong or broken body.
    pub body_db: i16,
    /// A check command says critical.
    pub command_db: i16,
    /// Any failure of the user path while no view of the app itself fails.
    pub outside_db: i16,
    /// A good look. Negative.
    pub pass_db: i16,
    /// The most that one sampled source may add before `window`.
    pub source_cap_db: i16,
    /// What a failed look adds to the CUSUM of partial failure (docs/decisions/004).
    pub cusum_fail: i16,
    /// What a good look takes from it.
    pub cusum_pass: i16,
}

impl Weights {
    /// The field's figures, argued in docs/decisions/004.
    pub const FIELD: Weights = Weights {
        died_db: 70,
        refused_db: 50,
        timeout_db: 27,
        reset_db: 27,
        server_error_db: 29,
        body_db: 29,
        command_db: 29,
        outside_db: 6,
        pass_db: -10,
        source_cap_db: 55,
        cusum_fail: 10,
        cusum_pass: 1,
    };
}

/// How much evidence each act needs, in decibans: 54 (the prior of a fresh fault) plus
/// 10·log10 of the odds at which acting is worth its price (docs/decisions/004).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bars {
    /// Start what is dead.
    pub start_db: i16,
    /// Kill what hangs.
    pub kill_db: i16,
    /// Restart what answers wrongly.
    pub restart_db: i16,
    /// Reboot.
    pub reboot_db: i16,
    /// The CUSUM's alarm.
    pub cusum_alarm: i16,
}

impl Bars {
    /// The field's figures, argued in docs/decisions/004.
    pub const FIELD: Bars =
        Bars { start_db: 57, kill_db: 61, restart_db: 67, reboot_db: 69, cusum_alarm: 36 };
}
