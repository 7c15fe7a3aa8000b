//! What a person has decided beforehand.

use crate::{shape_enum, shape_newtype, shape_struct};
use defib_engine::policy::{
    AppPolicy, Bars, Budget, ClassSet, Deadlines, Mode, Permission, Policy, ProbePolicy, RungSet,
    View, Weights,
};

shape_newtype!(RungSet, ClassSet);
shape_enum!(Mode { Observe, Act });
shape_enum!(Permission { Never, Allowed });
shape_enum!(View { App, UserPath, Dependency });
shape_struct!(Budget { short_ms, short_limit, long_ms, long_limit });
shape_struct!(Deadlines { start_ms, reload_ms, restart_ms, kill_ms, reboot_ms });
shape_struct!(ProbePolicy { name, view, fingerprint, interval_ms, fast_ms, timeout_ms });
shape_struct!(Weights {
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
shape_struct!(Bars { start_db, kill_db, restart_db, reboot_db, cusum_alarm });
shape_struct!(AppPolicy {
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
shape_struct!(Policy { mode, reboot, min_uptime_ms, reboot_budget, apps, weights, bars });
