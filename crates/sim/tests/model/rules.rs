//! The rules of the modelled machine: the same that people write, with short times, so that every
//! window closes within a minute and the reachable states are few enough to visit them all.

use defib_config::spec::{App, ProcessSource, Target, UnitSpec};
use defib_engine::effect::Rung;
use defib_engine::policy::{
    AppPolicy, Bars, Budget, ClassSet, Deadlines, Mode, Permission, Policy, ProbePolicy, RungSet,
    View, Weights,
};

/// From one look to the next, sick or well. Longer than a look stays fresh (2 s), so that each act of the
/// ladder needs a look of its own.
pub(crate) const PACE_MS: u64 = 4_000;
/// A look at what hangs ends after this.
pub(crate) const TIMEOUT_MS: u64 = 1_000;
/// How long a source must fail.
pub(crate) const WINDOW_MS: u64 = 4_000;
/// Good looks in a row, and the time that they span.
pub(crate) const RISE: u8 = 2;
/// See [`RISE`].
pub(crate) const VERIFY_MS: u64 = 2_000;
/// Only death counts after a start. Longer than it takes to convict, or it would make no difference.
pub(crate) const GRACE_MS: u64 = 9_000;
/// Down again within this time counts against the rung.
pub(crate) const RELAPSE_MS: u64 = 6_000;
/// Starts are forgotten after this.
pub(crate) const HEALTHY_MS: u64 = 8_000;
/// The longest pause between starts.
pub(crate) const BACKOFF_MAX_MS: u64 = 4_000;
/// Restarts and kills. Shorter pauses than these are what the room between two acts allows.
pub(crate) const ACTS: Budget =
    Budget { short_ms: 25_500, short_limit: 1, long_ms: 60_000, long_limit: 2 };
/// Reboots.
pub(crate) const REBOOTS: Budget =
    Budget { short_ms: 40_000, short_limit: 1, long_ms: 60_000, long_limit: 2 };
/// From one gentle act to the next.
pub(crate) const GENTLE_MS: u64 = 30_000;
/// How long the unclear is watched.
pub(crate) const UNCLEAR_MS: u64 = 4_000;
/// The least up-time before a reboot.
pub(crate) const UPTIME_MS: u64 = 120_000;
/// The most acts of one incident.
pub(crate) const INCIDENT_LIMIT: u8 = 4;
/// Every act but a reboot.
pub(crate) const ACT_MS: u32 = 3_000;
/// The engine's own constant: a dependency that failed this recently may still be the cause.
pub(crate) const SETTLE_MS: u64 = 30_000;

/// A machine with so many apps, the first of them with a dependency if asked for.
pub(crate) fn policy(apps: usize, dependency: bool, reboot: bool) -> Policy {
    let mut apps: Vec<AppPolicy> = (0..apps).map(app).collect();
    if dependency {
        apps[0].probes.push(probe("db", View::Dependency));
    }
    let rungs = [Rung::Start, Rung::Restart, Rung::Kill];
    for app in &mut apps {
        app.rungs = rungs.iter().fold(RungSet::NONE, |set, rung| set.with(*rung));
        if reboot {
            app.rungs = app.rungs.with(Rung::Reboot);
        }
    }
    Policy {
        mode: Mode::Act,
        reboot: if reboot { Permission::Allowed } else { Permission::Never },
        min_uptime_ms: UPTIME_MS,
        reboot_budget: REBOOTS,
        apps,
        weights: Weights::FIELD,
        bars: Bars::FIELD,
    }
}

fn app(index: usize) -> AppPolicy {
    AppPolicy {
        name: format!("app{index}"),
        probes: vec![probe("url", View::App)],
        rungs: RungSet::NONE,
        process_known: true,
        reboot_on: ClassSet::REBOOT_DEFAULT,
        window_ms: WINDOW_MS,
        rise: RISE,
        verify_ms: VERIFY_MS,
        start_grace_ms: GRACE_MS,
        relapse_ms: RELAPSE_MS,
        healthy_reset_ms: HEALTHY_MS,
        backoff_first_ms: 2_000,
        backoff_max_ms: BACKOFF_MAX_MS,
        budget: ACTS,
        incident_limit: INCIDENT_LIMIT,
        gentle_every_ms: GENTLE_MS,
        unknown_wait_ms: UNCLEAR_MS,
        deadlines: Deadlines {
            start_ms: ACT_MS,
            reload_ms: ACT_MS,
            restart_ms: ACT_MS,
            kill_ms: ACT_MS,
            reboot_ms: ACT_MS,
        },
    }
}

fn probe(name: &str, view: View) -> ProbePolicy {
    ProbePolicy {
        name: name.into(),
        view,
        fingerprint: 1,
        interval_ms: PACE_MS,
        fast_ms: PACE_MS,
        timeout_ms: TIMEOUT_MS,
    }
}

/// What the executor knows of the same apps.
pub(crate) fn targets(policy: &Policy) -> Vec<App> {
    let unit = |name: &str| UnitSpec { name: format!("{name}.service"), grace_ms: 1_000 };
    let app = |rules: &AppPolicy| App {
        name: rules.name.clone(),
        probes: Vec::new(),
        target: Target::Unit(unit(&rules.name)),
        process: ProcessSource::Unit,
    };
    policy.apps.iter().map(app).collect()
}
