//! Where the engine's events come from: a world that obeys, so that it gets as far as acts, and nonsense between.

use super::bytes::Bytes;
use defib_config::{Host, load};
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Event, Failure, OrderRefusal, Outcome, Started};
use defib_engine::id::{AppId, Identity, IncidentId, ProbeId};
use defib_engine::policy::Policy;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::state::State;
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
    pub(super) now: Moment,
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
                    self.now = self.now.plus(bytes.span_ms()).min(END);
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
}

const DAY_MS: u64 = 86_400_000;
/// In 140,000 years: at the end of the count itself nothing can be due later.
const END: Moment = Moment(1 << 52);
pub(super) const RUNGS: [Rung; 5] =
    [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];

pub(super) const SEEN: [Seen; 16] = [
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

pub(super) const OUTCOMES: [Outcome; 6] = [
    Outcome::Done,
    Outcome::Failed(Failure::Deadline),
    Outcome::Failed(Failure::OurLimit),
    Outcome::Refused(OrderRefusal::Budget),
    Outcome::Interrupted,
    Outcome::Done,
];
