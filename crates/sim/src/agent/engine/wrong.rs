//! Ways to be wrong, for the tests that ask whether the checkers notice. None of them is on in an agent
//! that is made by [`EngineAgent::new`](super::EngineAgent::new).

use crate::world::World;
use defib_engine::effect::Effect;
use defib_engine::event::Event;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_journal::ledger::Ledger;

/// What is wrong with an agent, at its boundaries: what it hears, does, believes and remembers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrong {
    /// Changes the rules that it believes to have.
    pub policy: Option<fn(&mut Policy)>,
    /// Changes its memory before each step.
    pub state: Option<fn(&mut State)>,
    /// Changes an event before the engine hears it; `false`: it never does.
    pub event: Option<fn(&State, &mut Event) -> bool>,
    /// Changes what the engine wants done.
    pub effects: Option<fn(&State, &mut Vec<Effect>)>,
    /// Changes the ledger each time that a new executor begins.
    pub ledger: Option<fn(&mut Ledger, &World)>,
    /// What is wrong with its hand.
    pub hand: WrongHand,
    /// A guardian that ended comes back so much later.
    pub back_late_ms: u64,
}

/// What is wrong with a hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrongHand {
    /// Nothing.
    #[default]
    Right,
    /// It takes an order while another on the same app is carried out.
    NeverBusy,
    /// It acts, and writes no intent.
    Unwritten,
    /// A new executor does again what its predecessor had not finished.
    Repeats,
    /// It ends the processes of every app.
    EndsAll,
}
