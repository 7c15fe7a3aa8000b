//! How an app is, for people: the engine's view of it, and what we saw ourselves.

use crate::clock::Clock;
use crate::looks::{Looks, kebab};
use defib_config::spec::Config;
use defib_engine::effect::Rung;
use defib_engine::id::{AppId, ProbeId};
use defib_engine::policy::{RungSet, View};
use defib_engine::seen::Seen;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_engine::view::{AppView, app_view};

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppStatus {
    /// Its name.
    pub app: String,
    /// What the engine thinks of it.
    pub view: AppView,
    /// The wall time (ms) of [`AppView::since`].
    pub since_wall_ms: Option<u64>,
    /// Well for so long.
    pub up_for_ms: Option<u64>,
    /// The end of a hold, as wall time in milliseconds.
    pub held_until_wall_ms: Option<u64>,
    /// The rungs that are possible here.
    pub rungs: RungSet,
    /// Why the others are not.
    pub why_not: String,
    /// Its probes.
    pub probes: Vec<ProbeStatus>,
    /// Acts allowed in the shorter and in the longer window.
    pub limits: (u8, u8),
    /// Starts without a healthy stretch between them.
    pub starts: u16,
    /// What comes next, as a sentence.
    pub next: String,
    /// A drill is under way.
    pub drill: bool,
}

/// One probe's last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeStatus {
    /// Its name.
    pub probe: String,
    /// What it can witness.
    pub view: View,
    /// The last verdict; `None` before the first.
    pub seen: Option<Seen>,
    /// How long that look took.
    pub latency_us: Option<u32>,
    /// How long ago it ended.
    pub age_ms: Option<u64>,
    /// What the look said for people.
    pub detail: String,
}

/// What statuses are made from.
pub(crate) struct Sources<'a> {
    pub(crate) config: &'a Config,
    pub(crate) state: &'a State,
    pub(crate) looks: &'a Looks,
    pub(crate) why_not: &'a [String],
    pub(crate) drilled: &'a std::collections::BTreeSet<AppId>,
    pub(crate) clock: &'a Clock,
}

impl Sources<'_> {
    /// Every app.
    pub(crate) fn all(&self) -> Vec<AppStatus> {
        (0..self.config.apps.len()).filter_map(|index| self.one(AppId(index as u16))).collect()
    }

    /// One app; `None` if there is no such one.
    pub(crate) fn one(&self, app: AppId) -> Option<AppStatus> {
        let index = usize::from(app.0);
        let (seen, rules) = (self.state.apps.get(index)?, self.config.policy.apps.get(index)?);
        let view = app_view(self.state, &self.config.policy, app)?;
        let now = self.clock.now();
        Some(AppStatus {
            app: rules.name.clone(),
            since_wall_ms: view.since.map(|since| self.clock.wall_of(since)),
            up_for_ms: seen.healthy_since.map(|since| now.since(since)),
            held_until_wall_ms: seen.held_until.map(|until| self.clock.wall_of(until)),
            rungs: seen.capable,
            why_not: self.why_not.get(index).cloned().unwrap_or_default(),
            probes: self.probes(app, now),
            limits: (rules.budget.short_limit, rules.budget.long_limit),
            starts: seen.starts.count,
            next: next_sentence(&view),
            drill: self.drilled.contains(&app),
            view,
        })
    }

    fn probes(&self, app: AppId, now: Moment) -> Vec<ProbeStatus> {
        let rules = &self.config.policy.apps[usize::from(app.0)].probes;
        let status = |(index, rule): (usize, &defib_engine::policy::ProbePolicy)| {
            let last = self.looks.last(ProbeId { app, index: index as u8 });
            ProbeStatus {
                probe: rule.name.clone(),
                view: rule.view,
                seen: last.map(|look| look.seen),
                latency_us: last.map(|look| look.total_us),
                age_ms: last.map(|look| now.since(look.ended)),
                detail: last.map(|look| look.detail.clone()).unwrap_or_default(),
            }
        };
        rules.iter().enumerate().map(status).collect()
    }
}

fn next_sentence(view: &AppView) -> String {
    let Some(rung) = view.next else { return "nothing is to be done".into() };
    let rung = rung_word(rung);
    let holding = view.guards.iter().find(|(_, refusal)| refusal.is_some());
    match (holding, view.bar_db) {
        (Some((guard, _)), _) => format!("{rung}, held back by the guard '{guard}'"),
        (None, Some(bar)) if view.score_db < bar => {
            format!("{rung} at {bar} dB of evidence; there are {}", view.score_db)
        }
        (None, _) => format!("{rung}, now"),
    }
}

/// A rung as people write it.
pub(crate) fn rung_word(rung: Rung) -> String {
    kebab(&format!("{rung:?}"))
}
