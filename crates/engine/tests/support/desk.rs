//! A desk: the engine alone, and a test that decides what each look saw and when it began and ended, to the millisecond.

use defib_engine::effect::{Effect, Order};
use defib_engine::event::{Event, Exit};
use defib_engine::id::{AppId, Identity, ProbeId};
use defib_engine::note::Note;
use defib_engine::policy::{Policy, ProbePolicy};
use defib_engine::seen::Seen;
use defib_engine::state::{AppState, Process, State};
use defib_engine::step;
use defib_engine::time::Moment;

use super::policy;
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use super::world::HANG;

pub const ERROR: Seen = Seen::Status { code: 500, retry_after_s: None };
/// The first moment of a desk: the machine has been up for a day.
pub const ZERO: u64 = 86_400_000;
pub const BORN: Identity = Identity { pid: 7, start_ticks: 100 };

/// A moment by its milliseconds since the desk's beginning.
pub const fn at(ms: u64) -> Moment {
    Moment(ZERO + ms)
}

/// One app with these probes.
pub fn one(target: &str, probes: Vec<ProbePolicy>) -> Policy {
    let mut policy = policy::machine();
    let mut app = policy::app("shop", target);
    app.probes = probes;
    policy.apps = vec![app];
    policy
}

/// Bars that no evidence reaches.
pub fn without_verdict(mut policy: Policy) -> Policy {
    let bars = &mut policy.bars;
    (bars.start_db, bars.kill_db, bars.restart_db) = (30_000, 30_000, 30_000);
    (bars.reboot_db, bars.cusum_alarm) = (30_000, 30_000);
    policy
}

#[derive(Clone)]
pub struct Desk {
    pub state: State,
    pub policy: Policy,
    /// Of the last event.
    pub effects: Vec<Effect>,
    /// Of all events.
    pub notes: Vec<Note>,
    pub orders: Vec<Order>,
}

impl Desk {
    /// The apps run, and every probe has passed once, five minutes ago.
    pub fn well(policy: Policy) -> Desk {
        let mut desk = Desk::blank(policy);
        for app in 0..desk.policy.apps.len() {
            desk.state.apps[app].process = Process::Alive { identity: BORN, since: Moment(0) };
            desk.state.apps[app].healthy_since = Some(Moment(0));
            for probe in &mut desk.state.apps[app].probes {
                probe.ever_passed = true;
                probe.fresh = 3;
            }
        }
        desk
    }

    /// Nothing is known yet.
    pub fn blank(policy: Policy) -> Desk {
        let state = State::new(&policy, at(0));
        Desk { state, policy, effects: vec![], notes: vec![], orders: vec![] }
    }

    #[allow(clippy::needless_pass_by_value, reason = "events are written down where they are fed")]
    pub fn feed(&mut self, ms: u64, event: Event) -> &mut Desk {
        self.effects.clear();
        step(&mut self.state, &self.policy, at(ms), &event, &mut self.effects);
        for effect in &self.effects {
            match effect {
                Effect::Note(note) => self.notes.push(note.clone()),
                Effect::Order(order) => self.orders.push(*order),
                _ => {}
            }
        }
        self
    }

    pub fn wake(&mut self, ms: u64) -> &mut Desk {
        self.feed(ms, Event::Woke)
    }

    /// One look of the first app, asked for when it began and told when it ended.
    pub fn look(&mut self, index: u8, began: u64, ended: u64, seen: Seen) -> &mut Desk {
        self.told(index, [began, began, ended, ended], seen)
    }

    /// Asked for, began, ended, told.
    pub fn told(&mut self, index: u8, times: [u64; 4], seen: Seen) -> &mut Desk {
        let [asked, began, ended, now] = times;
        let state = &mut self.state.apps[0].probes[usize::from(index)];
        state.asked_at = Some(at(asked));
        let attempt = state.attempt;
        let probe = ProbeId { app: AppId(0), index };
        self.feed(
            now,
            Event::Observed { probe, attempt, started: at(began), ended: at(ended), seen },
        )
    }

    /// Looks of 10 ms that end every two seconds, from then on.
    pub fn looks(&mut self, index: u8, from: u64, seen: &[Seen]) -> &mut Desk {
        for (number, seen) in (0..).zip(seen) {
            let ended = from + 2_000 * number;
            self.look(index, ended - 10, ended, *seen);
        }
        self
    }

    pub fn die(&mut self, ms: u64) -> &mut Desk {
        let (app, exit) = (AppId(0), Exit::Code(1));
        self.feed(ms, Event::Died { app, identity: None, exit, restart_in_ms: None })
    }

    pub fn app(&self) -> &AppState {
        &self.state.apps[0]
    }

    pub fn probe(&self, index: usize) -> &defib_engine::state::ProbeState {
        &self.state.apps[0].probes[index]
    }

    pub fn has_opened(&self) -> bool {
        self.app().incident().is_some()
    }

    pub fn count(&self, which: impl Fn(&Note) -> bool) -> usize {
        self.notes.iter().filter(|note| which(note)).count()
    }

    /// The evidence at hand, found by moving the bars until they are not reached.
    pub fn score_db(&self, ms: u64) -> i16 {
        let reaches = |db: i16| {
            let mut desk = self.clone();
            let bars = &mut desk.policy.bars;
            (bars.start_db, bars.kill_db, bars.restart_db) = (db, db, db);
            desk.wake(ms).has_opened()
        };
        (1..400).take_while(|db| reaches(*db)).last().unwrap_or(0)
    }
}
