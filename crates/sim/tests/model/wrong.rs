//! Ways of being wrong, for the agent and for the world around it: each must break a named promise, or
//! the model proves nothing.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing.
    Right,
    /// A new executor begins with an empty ledger.
    ForgetsLedger,
    /// The ledger is written when the act is over.
    ChargesLate,
    /// An order is accepted for whatever process is the app now.
    AnyIdentity,
    /// The guardian does not hear of holds.
    DeafToHold,
    /// The guardian does not hear of a person's stop.
    DeafToStop,
    /// The executor carries out an order on an app that a person has just stopped.
    OverrulesStop,
    /// The guardian sends an open order again when it starts, and the executor looks at no number.
    RepeatsUnchecked,
    /// Each order carries the number of the last one, and the executor looks at no number.
    SameNumber,
    /// An act is begun as soon as it is decided.
    NoLastLook,
    /// The executor takes a second order while the first is at work.
    NeverBusy,
    /// Budgets are not counted, by neither of the two.
    Boundless,
    /// A reboot needs no up-time, for neither of the two.
    YoungReboot,
    /// No time is given to a process that was just started.
    NoGrace,
    /// The guardian does not doubt itself.
    NoDoubt,
    /// The guardian does not see that the dependency is down.
    BlindToNeeds,
    /// Deadlines of the engine are slept through.
    Oversleeps,
    /// Good looks after an act are not told.
    DeafToHealth,
    /// It starts a second copy beside a living process.
    SecondCopy,
    /// Each act is a kill first and a restart after it.
    RungsFall,
    /// Not wrong: the guardian sends an open order again when it starts, and the numbers stop it.
    RepeatsChecked,
    /// Not wrong: a new guardian is not told what was paid, and the executor knows it.
    ForgetsCharges,
}
