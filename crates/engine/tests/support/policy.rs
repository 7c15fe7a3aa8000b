//! Policies for tests: the defaults of the config reference, with a few words to change them.

use defib_engine::effect::Rung;
use defib_engine::policy::{
    AppPolicy, Bars, Budget, ClassSet, Deadlines, Mode, Permission, Policy, ProbePolicy, RungSet,
    View, Weights,
};

pub const MINUTE: u64 = 60_000;

/// A machine with no app yet.
pub fn machine() -> Policy {
    Policy {
        mode: Mode::Act,
        reboot: Permission::Never,
        min_uptime_ms: 15 * MINUTE,
        reboot_budget: Budget::REBOOTS,
        apps: Vec::new(),
        weights: Weights::FIELD,
        bars: Bars::FIELD,
    }
}

/// An app of the default settings: `child`, `unit`, `recover`, `nothing` or `known`.
pub fn app(name: &str, target: &str) -> AppPolicy {
    let (rungs, process_known) = match target {
        "child" => (&[Rung::Start, Rung::Restart, Rung::Kill][..], true),
        "unit" => (&[Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill][..], true),
        "recover" => (&[Rung::Start, Rung::Restart][..], false),
        "nothing" => (&[][..], false),
        // Found by the port that it listens on.
        "known" => (&[][..], true),
        other => panic!("no target '{other}'"),
    };
    AppPolicy {
        name: name.into(),
        probes: vec![probe("url", View::App)],
        rungs: rungs.iter().fold(RungSet::NONE, |set, rung| set.with(*rung)),
        process_known,
        reboot_on: ClassSet::REBOOT_DEFAULT,
        window_ms: 16_000,
        rise: 5,
        verify_ms: 20_000,
        start_grace_ms: 60_000,
        relapse_ms: 10 * MINUTE,
        healthy_reset_ms: 10 * MINUTE,
        backoff_first_ms: 10_000,
        backoff_max_ms: 5 * MINUTE,
        budget: Budget::ACTS,
        incident_limit: 5,
        gentle_every_ms: 15 * MINUTE,
        unknown_wait_ms: 5 * MINUTE,
        deadlines: Deadlines {
            start_ms: 90_000,
            reload_ms: 20_000,
            restart_ms: 90_000,
            kill_ms: 30_000,
            reboot_ms: 60_000,
        },
    }
}

/// A probe of the default settings.
pub fn probe(name: &str, view: View) -> ProbePolicy {
    ProbePolicy {
        name: name.into(),
        view,
        fingerprint: 1,
        interval_ms: 5_000,
        fast_ms: 2_000,
        timeout_ms: 3_000,
    }
}

/// Allows reboots, for every app.
pub fn allow_reboot(policy: &mut Policy) {
    policy.reboot = Permission::Allowed;
    for app in &mut policy.apps {
        app.rungs = app.rungs.with(Rung::Reboot);
    }
}
