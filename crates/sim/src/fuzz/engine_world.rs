//! Where the engine's events come from: partly a world that obeys, so that it gets as far as acts, partly nonsense.

use super::bytes::Bytes;
use defib_config::{Host, load};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::{
    Charge, Doubt, Event, Exit, Failure, LedgerIntent, OrderRefusal, Outcome, StartCount, Started,
};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use defib_engine::policy::{Policy, RungSet};
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::state::{AppState, State};
use defib_engine::time::Moment;
use defib_engine::{next_deadline, step};
use std::sync::LazyLock;

/// Each event costs two steps and their laws: longer inputs only repeat themselves.
const EVENTS_MAX: usize = 3_000;

/// One event that was fed, and what came of it.
pub(super) struct Fed<'a> {
    pub(super) now: Moment,
    pub(super) event: &'a Event,
    pub(super) effects: &'a [Effect],
    pub(super) state: &'a State,
}

impl Fed<'_> {
    pub(super) fn given_charges(&self) -> usize {
        match self.event {
            Event::Started(started) => started.charges.len(),
            _ => 0,
        }
    }
}

type Tell<'t> = &'t mut dyn FnMut(Fed<'_>);

pub(super) struct World<'p> {
    policy: &'p Policy,
    pub(super) state: State,
    /// All effects.
    pub(super) told: Vec<Effect>,
    now: Moment,
    fed: usize,
    gathers: Vec<(AppId, IncidentId)>,
    next_pid: u32,
}

/// Small policies, through the real loader.
pub(super) fn policies() -> &'static [Policy] {
    static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
        let read =
            |text: &str| load(text, &Host { root: false }).map(|loaded| loaded.config.policy);
        TEXTS.iter().map(|text| read(text).expect("a sound config")).collect()
    });
    &POLICIES
}

const TEXTS: [&str; 4] = [
    "[machine]\nmode = \"act\"\nreboot = \"allowed\"\n\
     [app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"shop.service\"\n",
    "[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"shop.service\"\n\
     budget = { hour = 1, day = 2 }\nincident_limit = 2\n\
     [app.shop.depends.db]\ntcp = \"127.0.0.1:2\"\n\
     [app.blog]\nurl = \"http://127.0.0.1:3/\"\nstart = [\"/bin/blog\"]\n",
    "[machine]\nmode = \"observe\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"shop.service\"\n",
    "[machine]\nmode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"5m\"\n\
     [app.shop]\nurl = \"http://127.0.0.1:1/\"\nrecover = [\"/bin/again\"]\n\
     interval = \"1s\"\nwindow = \"5s\"\ntimeout = \"1s\"\nverify = \"1s\"\nstart_grace = \"1s\"\nbackoff = \"100ms\"\n",
];

impl<'p> World<'p> {
    pub(super) fn new(policy: &'p Policy) -> World<'p> {
        let now = Moment(1_000_000);
        let state = State::new(policy, now);
        let (told, gathers) = (Vec::new(), Vec::new());
        World { policy, state, told, now, fed: 0, gathers, next_pid: 100 }
    }

    /// Plays all of the bytes.
    pub(super) fn play(&mut self, bytes: &mut Bytes<'_>, tell: Tell<'_>) {
        self.feed(&Event::Started(Started::default()), tell);
        while !bytes.is_empty() && self.fed < EVENTS_MAX {
            match bytes.below(8) {
                0..=2 => {
                    let (seen, turns) = (SEEN[bytes.below(SEEN.len())], bytes.below(40));
                    let obeys = bytes.byte();
                    (0..=turns).for_each(|_| self.obey(seen, obeys, tell));
                }
                3 => {
                    self.now = self.now.plus(bytes.span_ms());
                    self.feed(&Event::Woke, tell);
                }
                _ => {
                    let event = self.nonsense(bytes);
                    self.feed(&event, tell);
                }
            }
        }
    }

    fn feed(&mut self, event: &Event, tell: Tell<'_>) {
        self.fed += 1;
        let from = self.told.len();
        step(&mut self.state, self.policy, self.now, event, &mut self.told);
        let effects = &self.told[from..];
        let asked = effects.iter().filter_map(|effect| match effect {
            Effect::Gather { app, incident } => Some((*app, *incident)),
            _ => None,
        });
        self.gathers.extend(asked);
        tell(Fed { now: self.now, event, effects, state: &self.state });
    }

    /// Time goes on to the next deadline, and whatever was asked for happens: looks see `seen`, bundles close,
    /// orders are carried out unless a bit of `obeys` says otherwise.
    fn obey(&mut self, seen: Seen, obeys: u8, tell: Tell<'_>) {
        self.now =
            next_deadline(&self.state).unwrap_or(self.now.plus(1_000)).min(self.now.plus(DAY_MS));
        self.feed(&Event::Woke, tell);
        for (app, incident) in std::mem::take(&mut self.gathers) {
            self.feed(&Event::EvidenceClosed { app, incident, complete: true }, tell);
        }
        for index in 0..self.state.apps.len() {
            self.carry_out(index, obeys, tell);
            for probe in 0..self.state.apps[index].probes.len() {
                let known = self.state.apps[index].probes[probe];
                let Some(started) = known.asked_at else { continue };
                let probe = ProbeId { app: AppId(index as u16), index: probe as u8 };
                let (attempt, ended) = (known.attempt, self.now);
                self.feed(&Event::Observed { probe, attempt, started, ended, seen }, tell);
            }
        }
    }

    fn carry_out(&mut self, index: usize, obeys: u8, tell: Tell<'_>) {
        let Some((intent, rung)) = self.state.apps[index].acting() else { return };
        let app = AppId(index as u16);
        let outcome = OUTCOMES[usize::from(obeys) % OUTCOMES.len()];
        if rung != Rung::Reload && outcome == Outcome::Done {
            self.next_pid += 1;
            let identity = Identity { pid: self.next_pid, start_ticks: 1 };
            self.feed(&Event::Found { app, identity }, tell);
        }
        if obeys < 0xf0 {
            self.feed(&Event::Acted { app, intent, outcome }, tell);
        }
    }

    fn nonsense(&self, bytes: &mut Bytes<'_>) -> Event {
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
        Started {
            booted_at: self.any_moment(bytes),
            new_boot: bytes.coin(),
            last_intent: self.state.next_intent - 1 + u64::from(bytes.byte() % 3),
            charges: some(bytes).map(|_| charge(bytes)).collect(),
            intents: some(bytes).map(|_| intent(bytes)).collect(),
            starts: some(bytes).map(|_| start(bytes)).collect(),
        }
    }
}

const DAY_MS: u64 = 86_400_000;
const RUNGS: [Rung; 5] = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];

const SEEN: [Seen; 16] = [
    Seen::Pass,
    Seen::Timeout(Phase::FirstByte),
    Seen::Refused,
    Seen::Status { code: 500, retry_after_s: None },
    Seen::Status { code: 503, retry_after_s: Some(120) },
    Seen::Status { code: 503, retry_after_s: Some(u32::MAX) },
    Seen::Status { code: 404, retry_after_s: None },
    Seen::Slow,
    Seen::Reset,
    Seen::Timeout(Phase::Connect),
    Seen::Tls(TlsFault::Expired),
    Seen::Tls(TlsFault::Protocol),
    Seen::Body(BodyFault::Missing),
    Seen::Command(2),
    Seen::Unknown(UnknownWhy::OurLimit),
    Seen::Unknown(UnknownWhy::NothingThere),
];

const OUTCOMES: [Outcome; 6] = [
    Outcome::Done,
    Outcome::Failed(Failure::Deadline),
    Outcome::Failed(Failure::OurLimit),
    Outcome::Refused(OrderRefusal::Budget),
    Outcome::Interrupted,
    Outcome::Done,
];

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
