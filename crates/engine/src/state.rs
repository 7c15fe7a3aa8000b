//! Everything the engine remembers: a value.

use crate::policy::Policy;
use crate::time::Moment;

/// The engine's memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {}

impl State {
    /// The state of a guardian that has never seen anything.
    pub fn new(_policy: &Policy, _now: Moment) -> State {
        State {}
    }

    /// Whether nothing is suspected, open, held or doubted: passes may be folded away.
    pub fn is_quiet(&self) -> bool {
        true
    }

    /// The state under a new policy: apps are matched by name, probes by name within the app.
    /// Incidents of apps that are gone end as superseded; budgets stay.
    #[must_use]
    pub fn reload(
        self,
        _old: &Policy,
        _new: &Policy,
        _now: Moment,
        _effects: &mut alloc::vec::Vec<crate::effect::Effect>,
    ) -> State {
        self
    }
}
