//! Guards: the reasons not to act now, asked in one fixed order.

use crate::budget;
use crate::class::Conviction;
use crate::effect::{Purse, Rung};
use crate::freeze::{self, Freeze, VAIN_LIMIT};
use crate::id::{AppId, ProbeId};
use crate::ladder::{self, Ladder};
use crate::note::{Class, Refusal};
use crate::policy::{Mode, Permission};
use crate::state::{Process, Starts};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// Fresh looks needed before anything that runs may be ended.
pub(crate) const FRESH_LOOKS: u8 = 3;
/// After our own limit (no process, no memory) the act is tried again this soon.
pub(crate) const RETRY_MS: u64 = 2_000;
/// Between two kills of an app that is overloaded.
const OVERLOAD_PAUSE_MS: u64 = 3_600_000;

/// What is about to be done.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rung: Rung,
    pub(crate) purse: Purse,
    /// Where the rung stands on its ladder; `None` for a start and for a gentle restart, which never
    /// run out.
    pub(crate) step: Option<(Ladder, u8)>,
    pub(crate) conviction: Conviction,
}

type Guard = fn(&Turn<'_>, usize, &Plan) -> Option<Refusal>;

/// Every guard with its name, in the order in which they are asked and printed.
pub(crate) const GUARDS: [(&str, Guard); 21] = [
    ("mode", mode),
    ("shutdown", shutdown),
    ("operator", operator),
    ("hold", hold),
    ("announced", announced),
    ("class", class),
    ("dependency", dependency),
    ("supervisor", supervisor),
    ("grace", grace),
    ("back-off", back_off),
    ("self-doubt", self_doubt),
    ("fresh looks", fresh_looks),
    ("evidence", bar),
    ("unclear", unclear),
    ("permission", permission),
    ("possible", possible),
    ("spacing", spacing),
    ("incident", incident_limit),
    ("frozen", frozen),
    ("budget", budget_left),
    ("fresh reading", fresh_reading),
];

impl Turn<'_> {
    /// The first guard that disagrees.
    pub(crate) fn refusal(&self, app: usize, plan: &Plan) -> Option<Refusal> {
        GUARDS.iter().find_map(|(_, guard)| guard(self, app, plan))
    }
}

fn mode(turn: &Turn<'_>, app: usize, _: &Plan) -> Option<Refusal> {
    let observes = turn.policy.mode == Mode::Observe || turn.seen_app(app).alarmed.is_some();
    observes.then_some(Refusal::Observing)
}

fn shutdown(turn: &Turn<'_>, _: usize, _: &Plan) -> Option<Refusal> {
    turn.state.shutting_down.map(|until| Refusal::ShuttingDown { until })
}

fn operator(turn: &Turn<'_>, app: usize, _: &Plan) -> Option<Refusal> {
    turn.seen_app(app).stopped.then_some(Refusal::Stopped)
}

fn hold(turn: &Turn<'_>, app: usize, _: &Plan) -> Option<Refusal> {
    let until = turn.seen_app(app).held_until.filter(|until| turn.now < *until)?;
    Some(Refusal::Held { until })
}

fn announced(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let until = turn.seen_app(app).announced?.until;
    (turn.now < until && plan.rung != Rung::Start).then_some(Refusal::Announced { until })
}

fn class(_: &Turn<'_>, _: usize, plan: &Plan) -> Option<Refusal> {
    let class = plan.conviction.class;
    ladder::of(class).is_none().then_some(Refusal::ClassForbids { class })
}

/// What is dead is started even while a dependency is down; what runs is not ended for it.
fn dependency(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    if !plan.rung.is_disruptive() || plan.conviction.by_kernel {
        return None;
    }
    let probe = |index: usize| ProbeId { app: id(app), index: index as u8 };
    if let Some(index) = turn.dependency_down(app) {
        return Some(Refusal::DependencyDown { probe: probe(index) });
    }
    let index = turn.dependency_unseen(app)?;
    Some(Refusal::DependencyUnseen { probe: probe(index) })
}

fn supervisor(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let until = match turn.seen_app(app).process {
        Process::Gone { supervisor_until: until, .. } => until?,
        // Nobody listens, and no death was seen: whoever keeps it may be starting it just now.
        Process::Unknown if plan.rung == Rung::Reboot && plan.conviction.class == Class::Dead => {
            plan.conviction.since.plus(turn.rules(app).start_grace_ms)
        }
        _ => return None,
    };
    (turn.now < until).then_some(Refusal::SupervisorFirst { until })
}

fn grace(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let until = turn.seen_app(app).grace_until.filter(|until| turn.now < *until)?;
    plan.rung.is_disruptive().then_some(Refusal::StartGrace { until })
}

fn back_off(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let rules = turn.rules(app);
    let starts = turn.seen_app(app).starts;
    let until = starts.free_at(rules.backoff_first_ms, rules.backoff_max_ms)?;
    (plan.rung == Rung::Start && turn.now < until).then_some(Refusal::BackOff { until })
}

fn self_doubt(turn: &Turn<'_>, _: usize, plan: &Plan) -> Option<Refusal> {
    let level = turn.state.doubt.level;
    (level > 0 && !by_kernel(plan)).then_some(Refusal::SelfDoubt { level })
}

fn fresh_looks(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    if by_kernel(plan) {
        return None;
    }
    let have = turn.fresh_looks(app);
    (have < FRESH_LOOKS).then_some(Refusal::TooFewLooks { have, need: FRESH_LOOKS })
}

fn bar(turn: &Turn<'_>, _: usize, plan: &Plan) -> Option<Refusal> {
    let have_db = plan.conviction.score_db;
    let need_db = turn.bar_db(plan);
    (have_db < need_db).then_some(Refusal::BelowBar { have_db, need_db })
}

fn unclear(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let until = match plan.conviction.class {
        Class::Unknown => plan.conviction.since.plus(turn.rules(app).unknown_wait_ms),
        Class::KernelIo => turn.wakes_until(app)?,
        _ => return None,
    };
    (turn.now < until).then_some(Refusal::Unclear { until })
}

fn permission(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let allowed = turn.policy.reboot == Permission::Allowed
        && turn.rules(app).reboot_on.has(plan.conviction.class);
    (plan.rung == Rung::Reboot && !allowed).then_some(Refusal::NotPermitted { rung: plan.rung })
}

fn possible(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let able = turn.seen_app(app).capable.and(turn.rules(app).rungs);
    (!able.has(plan.rung)).then_some(Refusal::NotPossible { rung: plan.rung })
}

fn spacing(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let until = turn.seen_app(app).again_at;
    (plan.rung.is_disruptive() && turn.now < until).then_some(Refusal::Spacing { until })
}

fn incident_limit(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let used = turn.seen_app(app).incident().map_or(0, |incident| incident.disruptive);
    let limit = turn.rules(app).incident_limit;
    let counts = plan.rung.is_disruptive() && plan.purse == Purse::Ladder;
    (counts && used >= limit).then_some(Refusal::IncidentSpent { used, limit })
}

fn frozen(turn: &Turn<'_>, _: usize, plan: &Plan) -> Option<Refusal> {
    let Freeze { reboots, until } = freeze::of(turn.state)?;
    (plan.rung == Rung::Reboot).then_some(Refusal::Frozen { reboots, limit: VAIN_LIMIT, until })
}

fn budget_left(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    if let Some(first) = turn.another_goes_first(app, plan) {
        return Some(Refusal::ActRunning { app: id(first) });
    }
    if plan.rung == Rung::Reboot {
        let have_ms = turn.now.since(turn.state.booted_at);
        let need_ms = turn.policy.min_uptime_ms;
        if have_ms < need_ms {
            return Some(Refusal::MinUptime { have_ms, need_ms });
        }
        if let Some(busy) = turn.state.apps.iter().position(|app| app.acting().is_some()) {
            return Some(Refusal::ActRunning { app: AppId(busy as u16) });
        }
    }
    let charges = &turn.state.charges;
    if plan.conviction.class == Class::Spinning
        && plan.conviction.partial
        && let Some(refusal) = once_an_hour(turn, app)
    {
        return Some(refusal);
    }
    budget::allows(charges, turn.policy, id(app), plan.rung, plan.purse, turn.now).err().map(
        |spent| Refusal::BudgetSpent { used: spent.used, limit: spent.limit, until: spent.until },
    )
}

/// The last to be asked: what was missing may have been given back since the machine was read.
fn fresh_reading(turn: &Turn<'_>, app: usize, plan: &Plan) -> Option<Refusal> {
    let is_for_memory = plan.conviction.class == Class::Memory && plan.rung == Rung::Reboot;
    let until = turn.next_reading_until(app).filter(|_| is_for_memory)?;
    Some(Refusal::Unclear { until })
}

/// What is down for half of those who ask may be busy and not ill: one kill an hour, then a person.
fn once_an_hour(turn: &Turn<'_>, app: usize) -> Option<Refusal> {
    let mine = turn.state.charges.iter().filter(|charge| charge.app == id(app));
    let until = mine.map(|charge| charge.at).max()?.plus(OVERLOAD_PAUSE_MS);
    (turn.now < until).then_some(Refusal::BudgetSpent { used: 1, limit: 1, until })
}

/// A death is a kernel fact, and so is memory that is gone: no probe can be wrong about them.
fn by_kernel(plan: &Plan) -> bool {
    plan.rung == Rung::Start || plan.conviction.by_kernel
}

impl Turn<'_> {
    fn bar_db(&self, plan: &Plan) -> i16 {
        let lowest = plan.conviction.bar_db;
        match plan.rung {
            // What fails now and then is weighed by its CUSUM, which never comes near this bar: under an app
            // that answers most of the time no machine is restarted.
            Rung::Reboot => lowest.max(self.policy.bars.reboot_db),
            _ => lowest,
        }
    }

    /// Looks at the app since they last became void.
    pub(crate) fn fresh_looks(&self, app: usize) -> u8 {
        let counted = |(probe, rules): (&crate::state::ProbeState, &crate::policy::ProbePolicy)| {
            (rules.view != crate::policy::View::Dependency).then_some(probe.fresh)
        };
        self.probes(app).filter_map(counted).max().unwrap_or(0)
    }
}

impl Starts {
    /// When the next start is free: the first is at once, then the pause doubles.
    pub(crate) fn free_at(&self, first_ms: u64, max_ms: u64) -> Option<Moment> {
        if self.undone > 0 && self.retry_soon {
            return Some(self.last.plus(RETRY_MS));
        }
        // An order that could not be carried out waits like a start that did not last.
        let tries = u32::from(self.count) + u32::from(self.undone);
        let doublings = tries.checked_sub(1)?.min(30);
        let pause_ms = first_ms.saturating_mul(1 << doublings).min(max_ms);
        Some(self.last.plus(pause_ms))
    }
}

impl Refusal {
    /// When the refusal may no longer hold, if time alone can end it.
    pub const fn until(&self) -> Option<Moment> {
        match self {
            Refusal::ShuttingDown { until }
            | Refusal::Held { until }
            | Refusal::Announced { until }
            | Refusal::SupervisorFirst { until }
            | Refusal::StartGrace { until }
            | Refusal::BackOff { until }
            | Refusal::Spacing { until }
            | Refusal::Unclear { until }
            | Refusal::Frozen { until, .. }
            | Refusal::BudgetSpent { until, .. } => Some(*until),
            _ => None,
        }
    }
}
