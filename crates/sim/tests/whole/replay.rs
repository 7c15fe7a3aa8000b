//! What the journal holds must lead to the same notes and orders again.

use defib_engine::effect::Effect;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::step;
use defib_engine::time::Moment;
use defib_journal::files::Reader;
use defib_journal::line::{Entry, Line};
use defib_sim::disk::Disk;
use std::collections::VecDeque;

/// Feeds the events of the whole journal again; the first decision that is another one.
pub(crate) fn disagreement(journal: &Disk) -> Option<String> {
    let mount = journal.mount();
    let mut reader = Reader::open_in(mount.storage()).unwrap();
    let mut replay = Replay::default();
    while let Some(entry) = reader.next_entry().unwrap() {
        if let Err(what) = replay.take(entry) {
            return Some(what);
        }
    }
    None
}

#[derive(Default)]
struct Replay {
    policy: Option<Policy>,
    state: Option<State>,
    expected: VecDeque<Effect>,
    last_seq: u64,
}

impl Replay {
    fn take(&mut self, entry: Entry) -> Result<(), String> {
        let seq = entry.seq;
        if std::mem::replace(&mut self.last_seq, seq) + 1 != seq {
            // A disk has lost lines.
            *self = Replay { last_seq: seq, ..Replay::default() };
        }
        match entry.line {
            Line::Policy { policy } => self.reload(entry.up, policy.as_ref()),
            Line::Checkpoint { ref state } => {
                if let Some(missing) = self.expected.front() {
                    return Err(format!("line {seq}: a checkpoint comes before {missing:?}"));
                }
                // Without its policy, which a disk may have lost, it is of no use.
                self.state = self.policy.is_some().then(|| state.as_ref().clone());
            }
            Line::Event { event } => {
                if let Some(missing) = self.expected.front() {
                    return Err(format!("line {seq}: {event:?} comes before {missing:?}"));
                }
                let mut effects = Vec::new();
                let (Some(state), Some(policy)) = (&mut self.state, &self.policy) else {
                    return Ok(());
                };
                step(state, policy, entry.up, &event, &mut effects);
                self.expect(effects);
            }
            Line::Note { note } => self.compare(seq, &Effect::Note(note.into_owned()))?,
            Line::Order { order } => self.compare(seq, &Effect::Order(order))?,
            _ => {}
        }
        Ok(())
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

    fn compare(&mut self, seq: u64, found: &Effect) -> Result<(), String> {
        if self.expected.is_empty() && self.state.as_ref().is_none_or(State::is_quiet) {
            // Good looks of a quiet state are not written one by one.
            return Ok(());
        }
        match self.expected.pop_front() {
            Some(expected) if expected == *found => Ok(()),
            expected => Err(format!("line {seq}: {found:?}, and expected was {expected:?}")),
        }
    }
}
