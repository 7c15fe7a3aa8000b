//! What a person has decided beforehand.

use super::declare::{typed_enum, typed_newtype, typed_struct};
use defib_engine::policy::{
    AppPolicy, Bars, Budget, ClassSet, Deadlines, Mode, Permission, Policy, ProbePolicy, RungSet,
    View, Weights,
};

crate::shape_newtype!(RungSet);
typed_newtype!(ClassSet);

/// Only bits that are rungs: others are refused where a set crosses to another process.
#[cfg(test)]
impl crate::sample::Sample for RungSet {
    fn sample(dice: &mut crate::sample::Dice) -> Self {
        RungSet(dice.byte() & 0b1_1111)
    }
}

typed_enum!(Mode { Observe, Act });
typed_enum!(Permission { Never, Allowed });
typed_enum!(View { App, Listener, UserPath, Dependency });
typed_struct!(Budget { short_ms, short_limit, long_ms, long_limit });
typed_struct!(Deadlines { start_ms, reload_ms, restart_ms, kill_ms, reboot_ms });
typed_struct!(ProbePolicy { name, view, fingerprint, interval_ms, fast_ms, timeout_ms });
typed_struct!(Weights {
    died_db,
    refused_db,
    timeout_db,
    reset_db,
    server_error_db,
    body_db,
    command_db,
    outside_db,
    pass_db,
    source_cap_db,
    cusum_fail,
    cusum_pass,
});
typed_struct!(Bars { start_db, kill_db, restart_db, reboot_db, cusum_alarm });
typed_struct!(AppPolicy {
    name,
    probes,
    rungs,
    process_known,
    reboot_on,
    window_ms,
    rise,
    verify_ms,
    start_grace_ms,
    relapse_ms,
    healthy_reset_ms,
    backoff_first_ms,
    backoff_max_ms,
    budget,
    incident_limit,
    gentle_every_ms,
    unknown_wait_ms,
    deadlines,
});
typed_struct!(Policy { mode, reboot, min_uptime_ms, reboot_budget, apps, weights, bars });
