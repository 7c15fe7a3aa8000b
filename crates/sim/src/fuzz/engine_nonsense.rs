//! Events that no world would send, in what they name and when they say that it happened.

use super::bytes::Bytes;
use super::engine_world::{OUTCOMES, RUNGS, SEEN, World};
use defib_engine::effect::Purse;
use defib_engine::event::{Charge, Doubt, Event, Exit, LedgerIntent, StartCount, Started};
use defib_engine::freeze::{Vain, VainReboot};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use defib_engine::policy::RungSet;
use defib_engine::state::AppState;
use defib_engine::time::Moment;

impl World<'_> {
    pub(super) fn nonsense(&self, bytes: &mut Bytes<'_>) -> Event {
        let app = any_app(bytes);
        match bytes.below(14) {
            0 => Event::Started(self.any_start(bytes)),
            1 | 2 => self.any_look(app, bytes),
            3 => Event::Found { app, identity: any_identity(bytes) },
            4 => Event::Died {
                app,
                identity: bytes.coin().then(|| any_identity(bytes)),
                exit: bytes.one_of(&[Exit::Code(0), Exit::Signal(9), Exit::Unseen]),
                restart_in_ms: bytes.coin().then(|| bytes.span_ms() as u32),
            },
            5 => Event::Stopped { app },
            6 => Event::Resumed { app },
            7 => Event::Held { app, until: self.any_moment(bytes) },
            8 => Event::Released { app },
            9 => Event::Doubted(bytes.one_of(&[
                Doubt::LateTimer { late_ms: 3_000 },
                Doubt::Resumed { slept_ms: u64::MAX },
                Doubt::ClockStepped { by_ms: i64::MIN },
            ])),
            10 => {
                let incident = IncidentId(u32::from(bytes.byte()));
                Event::EvidenceClosed { app, incident, complete: bytes.coin() }
            }
            11 => Event::Capable { app, rungs: any_rungs(bytes) },
            12 => self.any_answer(app, bytes),
            _ if bytes.below(16) == 1 => Event::ShuttingDown,
            _ => Event::Woke,
        }
    }

    /// Mostly about now; sometimes far from it.
    fn any_moment(&self, bytes: &mut Bytes<'_>) -> Moment {
        let by_ms = bytes.span_ms();
        if bytes.coin() { self.now.plus(by_ms) } else { Moment(self.now.since(Moment(by_ms))) }
    }

    fn any_look(&self, app: AppId, bytes: &mut Bytes<'_>) -> Event {
        let index = bytes.byte() % 5;
        let known = self.state.apps.get(usize::from(app.0));
        let known = known.and_then(|known| known.probes.get(usize::from(index)));
        let attempt = known.filter(|_| bytes.coin()).map(|probe| probe.attempt);
        Event::Observed {
            probe: ProbeId { app, index },
            attempt: attempt.unwrap_or_else(|| bytes.word() as u32),
            started: self.any_moment(bytes),
            ended: self.any_moment(bytes),
            seen: SEEN[bytes.below(SEEN.len())],
        }
    }

    fn any_answer(&self, app: AppId, bytes: &mut Bytes<'_>) -> Event {
        let acting = self.state.apps.get(usize::from(app.0)).and_then(AppState::acting);
        let intent = acting.filter(|_| bytes.coin()).map(|(intent, _)| intent);
        let intent = intent.unwrap_or_else(|| IntentId(bytes.span_ms()));
        Event::Acted { app, intent, outcome: OUTCOMES[bytes.below(OUTCOMES.len())] }
    }

    /// A ledger that knows too much, too little or nonsense: `last_intent` apart, which only grows.
    fn any_start(&self, bytes: &mut Bytes<'_>) -> Started {
        let some = |bytes: &mut Bytes<'_>| 0..bytes.below(6);
        let charge = |bytes: &mut Bytes<'_>| Charge {
            app: any_app(bytes),
            rung: bytes.one_of(&RUNGS),
            purse: bytes.one_of(&[Purse::Ladder, Purse::Gentle, Purse::Free]),
            at: self.any_moment(bytes),
        };
        let intent = |bytes: &mut Bytes<'_>| LedgerIntent {
            app: any_app(bytes),
            intent: IntentId(self.state.next_intent.saturating_sub(u64::from(bytes.byte() % 4))),
            rung: bytes.one_of(&RUNGS),
            outcome: bytes.coin().then(|| OUTCOMES[bytes.below(OUTCOMES.len())]),
        };
        let start = |bytes: &mut Bytes<'_>| StartCount {
            app: any_app(bytes),
            count: bytes.word() as u16,
            last: self.any_moment(bytes),
        };
        let vain =
            |bytes: &mut Bytes<'_>| VainReboot { app: any_app(bytes), at: self.any_moment(bytes) };
        Started {
            booted_at: self.any_moment(bytes),
            new_boot: bytes.coin(),
            away_ms: bytes.coin().then(|| bytes.word()),
            last_intent: self.state.next_intent - 1 + u64::from(bytes.byte() % 3),
            charges: some(bytes).map(|_| charge(bytes)).collect(),
            intents: some(bytes).map(|_| intent(bytes)).collect(),
            starts: some(bytes).map(|_| start(bytes)).collect(),
            // Drawn last, so that the inputs of before keep their meaning.
            vain: Vain(some(bytes).map(|_| vain(bytes)).collect()),
        }
    }
}

/// One of the policy's, or none.
fn any_app(bytes: &mut Bytes<'_>) -> AppId {
    AppId(bytes.one_of(&[0, 0, 0, 1, 1, 2, 0x8000, u16::MAX]))
}

fn any_identity(bytes: &mut Bytes<'_>) -> Identity {
    Identity { pid: u32::from(bytes.byte()), start_ticks: 1 }
}

fn any_rungs(bytes: &mut Bytes<'_>) -> RungSet {
    let wanted = bytes.byte();
    let chosen = RUNGS.iter().enumerate().filter(|(bit, _)| wanted >> bit & 1 == 1);
    chosen.fold(RungSet::NONE, |set, (_, rung)| set.with(*rung))
}
