//! The replay of one journal.

use crate::replay::weight::Nudge;
use defib_engine::effect::{Effect, Order};
use defib_engine::event::Event;
use defib_engine::note::Note;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::step;
use defib_engine::time::Moment;
use defib_journal::line::{Entry, Line};
use std::collections::VecDeque;

/// Something that the engine decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// A note.
    Note(Note),
    /// An order.
    Order(Order),
}

/// Where then and now disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The journal line at which it shows.
    pub seq: u64,
    /// Its time.
    pub up: Moment,
    /// The event that was decided on last.
    pub event: Option<Event>,
    /// What stands in the journal; `None` if nothing does.
    pub recorded: Option<Side>,
    /// What the engine says now; `None` if it says nothing.
    pub replayed: Option<Side>,
}

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events fed to the engine.
    pub events: u64,
    /// Notes and orders that were equal.
    pub decisions: u64,
    /// Checkpoints from which the replay began.
    pub checkpoints: u64,
    /// Decisions whose journal lines are missing because the writer was cut off there.
    pub cut_off: u64,
    /// Notes and orders before any checkpoint, or of a quiet state: nothing to compare them with.
    pub unfounded: u64,
}

/// Replays line after line, up to the first difference.
#[derive(Debug, Default)]
pub struct Replayer {
    nudge: Option<Nudge>,
    policy: Option<Policy>,
    state: Option<State>,
    last_event: Option<Event>,
    last_seq: u64,
    produced: VecDeque<Side>,
    effects: Vec<Effect>,
    tally: Tally,
}

impl Replayer {
    /// With a changed weight, or without.
    pub fn new(nudge: Option<Nudge>) -> Replayer {
        Replayer { nudge, ..Replayer::default() }
    }

    /// What was compared so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Takes the next line.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Box<Difference>> {
        if std::mem::replace(&mut self.last_seq, entry.seq) + 1 != entry.seq {
            // Lines are missing (a disk lost them), and nobody knows what they would have changed.
            self.begin_anew();
        }
        match &entry.line {
            Line::Started { .. } => self.begin_anew(),
            Line::Policy { policy } => self.take_policy(entry, policy)?,
            Line::Checkpoint { state } => {
                self.settled(entry)?;
                self.tally.checkpoints += 1;
                // Without its policy, which a disk may have lost, it is of no use.
                self.state = self.policy.is_some().then(|| state.clone().into_owned());
            }
            Line::Event { event } => {
                self.settled(entry)?;
                self.feed(entry.up, event);
            }
            Line::Note { note } => self.compare(entry, Side::Note(note.clone().into_owned()))?,
            Line::Order { order } => self.compare(entry, Side::Order(*order))?,
            _ => {}
        }
        Ok(())
    }

    /// The journal's end: whatever the last event decided may not have been written any more.
    pub fn end(&mut self) {
        self.begin_anew();
    }

    /// A guardian that was killed wrote its last event, and not what came of it.
    fn begin_anew(&mut self) {
        self.tally.cut_off += self.produced.len() as u64;
        self.produced.clear();
        self.policy = None;
        self.state = None;
        self.last_event = None;
    }

    /// At a file's head the same policy stands again; after a reload another one.
    fn take_policy(&mut self, entry: &Entry, policy: &Policy) -> Result<(), Box<Difference>> {
        self.settled(entry)?;
        let mut policy = policy.clone();
        if let Some(nudge) = self.nudge {
            nudge.apply(&mut policy.weights);
        }
        if let (Some(state), Some(old)) = (self.state.take(), &self.policy) {
            self.state = Some(if *old == policy {
                state
            } else {
                let state = state.reload(old, &policy, entry.up, &mut self.effects);
                self.collect();
                state
            });
        }
        self.policy = Some(policy);
        Ok(())
    }

    fn feed(&mut self, now: Moment, event: &Event) {
        if let (Some(state), Some(policy)) = (&mut self.state, &self.policy) {
            step(state, policy, now, event, &mut self.effects);
            self.last_event = Some(event.clone());
            self.tally.events += 1;
            self.collect();
        }
    }

    fn collect(&mut self) {
        let decided = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Note(note) => Some(Side::Note(note)),
            Effect::Order(order) => Some(Side::Order(order)),
            Effect::Probe { .. } | Effect::Gather { .. } | Effect::Recovered { .. } => None,
        });
        self.produced.extend(decided);
    }

    fn compare(&mut self, entry: &Entry, recorded: Side) -> Result<(), Box<Difference>> {
        // Passes of a quiet state are folded into minutes, so what they change cannot be repeated:
        // the next checkpoint stands before the next thing that matters.
        let quiet = self.state.as_ref().is_none_or(State::is_quiet);
        if quiet && self.produced.is_empty() {
            self.tally.unfounded += 1;
            return Ok(());
        }
        let replayed = self.produced.pop_front();
        if replayed.as_ref() == Some(&recorded) {
            self.tally.decisions += 1;
            return Ok(());
        }
        Err(self.difference(entry, Some(recorded), replayed))
    }

    /// Before the next step all that was decided must have been found in the journal.
    fn settled(&mut self, entry: &Entry) -> Result<(), Box<Difference>> {
        match self.produced.pop_front() {
            None => Ok(()),
            replayed => Err(self.difference(entry, None, replayed)),
        }
    }

    fn difference(
        &self,
        entry: &Entry,
        recorded: Option<Side>,
        replayed: Option<Side>,
    ) -> Box<Difference> {
        let event = self.last_event.clone();
        Box::new(Difference { seq: entry.seq, up: entry.up, event, recorded, replayed })
    }
}
