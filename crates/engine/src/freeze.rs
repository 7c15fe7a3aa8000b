//! The freeze: two reboots in vain, and the machine is not rebooted again until somebody has looked, or a
//! day has passed (S23).
//!
//! A reboot is in vain until the app that it was for has been seen well since. The engine asks before it
//! decides and the executor before it acts, with the same function.

use crate::effect::{Effect, Rung};
use crate::id::AppId;
use crate::note::{Note, Thaw};
use crate::policy::Permission;
use crate::scale::DAY_MS;
use crate::state::{AppPhase, AppState, State};
use crate::time::Moment;
use crate::turn::{Turn, id};
use alloc::vec::Vec;

/// So many reboots in vain freeze.
pub const VAIN_LIMIT: u8 = 2;
/// So many are remembered, so that the cure of one does not hide that there are others.
pub const VAIN_MAX: usize = 4;
/// From the last of them until one more is tried, in milliseconds: a day of time with power.
pub const FREEZE_MS: u64 = DAY_MS;

/// A reboot that has been paid for, and after which nobody has been seen well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VainReboot {
    /// For which app; one that is not in the policy stands for a reset that nobody asked for.
    pub app: AppId,
    /// When the intent was written, or when the boot after the reset began.
    pub at: Moment,
}

/// Reboots in vain, oldest first; at most [`VAIN_MAX`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Vain(pub Vec<VainReboot>);

/// No reboot until then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Freeze {
    /// Reboots in vain.
    pub reboots: u8,
    /// Its end, if nothing ends it before.
    pub until: Moment,
}

/// What reboots in vain at these moments forbid now.
pub fn freeze(vain: impl Iterator<Item = Moment>, now: Moment) -> Option<Freeze> {
    let (mut reboots, mut last) = (0_u8, Moment(0));
    for at in vain {
        reboots = reboots.saturating_add(1);
        last = last.max(at);
    }
    let until = last.plus(FREEZE_MS);
    (reboots >= VAIN_LIMIT && now < until).then_some(Freeze { reboots, until })
}

/// What the state's reboots in vain forbid at its own time.
pub fn of(state: &State) -> Option<Freeze> {
    freeze(state.vain.0.iter().map(|reboot| reboot.at), state.now)
}

impl Turn<'_> {
    /// Whether the machine could be rebooted for this app, had it not been in vain.
    pub(crate) fn is_frozen_over(&self, app: usize) -> bool {
        let class = self.seen_app(app).incident().map(|incident| incident.class);
        self.policy.reboot == Permission::Allowed
            && class.is_some_and(|class| self.rules(app).reboot_on.has(class))
            && of(self.state).is_some()
    }

    /// A reboot is ordered: in vain until the opposite is seen.
    pub(crate) fn reboot_in_vain(&mut self, app: usize) {
        let at = self.now;
        self.remember_vain([VainReboot { app: id(app), at }]);
    }

    /// Adds reboots in vain; the oldest go if there are too many.
    pub(crate) fn remember_vain(&mut self, reboots: impl IntoIterator<Item = VainReboot>) {
        let vain = &mut self.state.vain.0;
        vain.extend(reboots);
        let surplus = vain.len().saturating_sub(VAIN_MAX);
        vain.drain(..surplus);
    }

    /// A reboot that the executor refused was none.
    pub(crate) fn reboot_refused(&mut self, app: usize, ordered_at: Moment) {
        let it = VainReboot { app: id(app), at: ordered_at };
        self.state.vain.0.retain(|other| *other != it);
    }

    /// A person has looked.
    pub(crate) fn thawed(&mut self) {
        self.state.vain.0.clear();
        self.thaw(Thaw::Person);
    }

    /// What the executor says the ledger holds: it knows better than what we remember.
    pub(crate) fn vain_by_ledger(&mut self, vain: &Vain) {
        self.state.vain.0.clear();
        self.remember_vain(vain.0.iter().copied());
    }

    /// Notes where a freeze begins and where time or a recovery ends it. First and last in each turn; not while
    /// a reboot is on its way, which may be refused.
    pub(crate) fn keep_freeze(&mut self) {
        let is_rebooting = |app: &AppState| matches!(app.acting(), Some((_, Rung::Reboot)));
        if self.state.apps.iter().any(is_rebooting) {
            return;
        }
        match (of(self.state), self.state.frozen_until) {
            (Some(Freeze { reboots, until }), before) if before != Some(until) => {
                self.state.frozen_until = Some(until);
                self.note(Note::Frozen { reboots, until });
            }
            (None, Some(until)) if self.now >= until => self.thaw(Thaw::Time),
            (None, Some(_)) => self.thaw(Thaw::Recovery),
            _ => {}
        }
    }

    fn thaw(&mut self, by: Thaw) {
        if self.state.frozen_until.take().is_some() {
            self.note(Note::Thawed { by });
        }
    }

    /// Whoever is seen well again has not been rebooted in vain. A reset that nobody asked for was not in
    /// vain once every app is well at the same time.
    pub(crate) fn see_recoveries(&mut self) {
        if self.state.vain.0.is_empty() || self.state.shutting_down.is_some() {
            return;
        }
        let apps = self.state.apps.len().min(self.policy.apps.len());
        let well: Vec<bool> = (0..apps).map(|app| self.has_recovered(app)).collect();
        for app in (0..apps).filter(|app| well[*app]) {
            self.not_in_vain(|reboot| reboot.app == id(app), Some(id(app)));
        }
        let rest = |app: usize| well[app] || self.seen_app(app).stopped;
        if well.contains(&true) && (0..apps).all(rest) {
            self.not_in_vain(|reboot| usize::from(reboot.app.0) >= apps, None);
        }
    }

    fn has_recovered(&self, app: usize) -> bool {
        let state = self.seen_app(app);
        state.phase == AppPhase::Watching && !state.stopped && self.is_well(app, false)
    }

    fn not_in_vain(&mut self, is_meant: impl Fn(&VainReboot) -> bool, app: Option<AppId>) {
        let before = self.state.vain.0.len();
        self.state.vain.0.retain(|reboot| !is_meant(reboot));
        if self.state.vain.0.len() < before {
            self.effects.push(Effect::Recovered { app });
        }
    }
}
