//! What the journal holds must lead to the same notes and orders again.

use crate::world::World;
use defib_engine::effect::Effect;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::step;
use defib_engine::time::Moment;
use defib_journal::line::{Entry, Line};
use std::collections::VecDeque;

/// Feeds the events of the whole journal again; gives the number of decisions that were compared.
pub(crate) fn decisions_agree(world: &World) -> usize {
    let mut replay = Replay { policy: None, state: None, expected: VecDeque::new(), compared: 0 };
    for entry in world.journal() {
        replay.take(entry);
    }
    replay.compared
}

struct Replay {
    policy: Option<Policy>,
    state: Option<State>,
    expected: VecDeque<Effect>,
    compared: usize,
}

impl Replay {
    fn take(&mut self, entry: Entry) {
        match entry.line {
            Line::Policy { policy } => self.reload(entry.up, policy.as_ref()),
            Line::Checkpoint { ref state } => {
                assert!(self.expected.is_empty(), "before {entry:?}: {:?}", self.expected);
                self.state = Some(state.as_ref().clone());
            }
            Line::Event { event } => {
                let mut effects = Vec::new();
                let (Some(state), Some(policy)) = (&mut self.state, &self.policy) else { return };
                step(state, policy, entry.up, &event, &mut effects);
                self.expect(effects);
            }
            Line::Note { note } => self.compare(&Effect::Note(note.into_owned())),
            Line::Order { order } => self.compare(&Effect::Order(order)),
            _ => {}
        }
    }

    fn reload(&mut self, up: Moment, policy: &Policy) {
        let old = self.policy.replace(policy.clone());
        let (Some(old), Some(state)) = (old, self.state.take()) else { return };
        let mut effects = Vec::new();
        self.state = Some(state.reload(&old, policy, up, &mut effects));
        self.expect(effects);
    }

    fn expect(&mut self, effects: Vec<Effect>) {
        let kept = |effect: &Effect| matches!(effect, Effect::Note(_) | Effect::Order(_));
        self.expected.extend(effects.into_iter().filter(kept));
    }

    fn compare(&mut self, found: &Effect) {
        assert_eq!(self.expected.pop_front().as_ref(), Some(found));
        self.compared += 1;
    }
}
