//! What goes wrong with an app, and what ends it.

use super::apps::Drawn;
use super::draw::Spread;
use super::family::Family;
use crate::chance::Chance;
use crate::plan::{AppFault, Remedy};
use defib_engine::event::Exit;

/// A fault of the family, if the app can have it.
pub(super) fn of(chance: &mut Chance, family: Family, app: &Drawn) -> Option<(AppFault, Remedy)> {
    let fault = kind(chance, family, app)?;
    let remedy = if family == Family::Sleeps { wakes(chance) } else { remedy(chance, fault) };
    Some((fault, remedy))
}

fn kind(chance: &mut Chance, family: Family, app: &Drawn) -> Option<AppFault> {
    Some(match family {
        Family::Crash => AppFault::Exit(exit(chance)),
        Family::CrashLoop => AppFault::DiesAfter { after_ms: chance.spread(10, 60_000) },
        Family::Hang => AppFault::Hang,
        Family::Spin => AppFault::Spin,
        Family::Stopped => AppFault::Stopped,
        Family::Status => AppFault::Status { code: chance.pick([500, 502, 503, 504, 404, 301]) },
        Family::Announces => AppFault::Announces { retry_after_s: chance.spread(1, 600) as u32 },
        Family::WrongBody => AppFault::WrongBody,
        Family::Workers => AppFault::WorkersHang { permille: chance.between(100, 950) as u16 },
        Family::Slow => AppFault::Slow { by_ms: chance.spread(20, 400) },
        Family::Busy => AppFault::Busy {
            load_percent: chance.between(105, 400) as u16,
            retries: chance.below(4) as u8,
        },
        Family::Leak => AppFault::Leak { lasts_ms: chance.spread(20_000, 21_600_000) },
        Family::Service if app.has_service => {
            chance.pick([AppFault::DependencyDown, AppFault::DependencySlow])
        }
        Family::Certificate if app.is_https => AppFault::CertificateExpired,
        Family::Path if app.has_user_path => AppFault::PathCut,
        Family::Eats => AppFault::Eats {
            lasts_ms: chance.spread(10_000, 3_600_000),
            oom_ms: chance.pick([0, 0, 1]) * chance.spread(500, 600_000),
        },
        Family::Forks => AppFault::Forks { lasts_ms: chance.spread(500, 600_000) },
        Family::AppDisk => chance.pick([AppFault::DiskFull, AppFault::DiskReadOnly]),
        Family::Port => AppFault::PortTaken,
        Family::Sleeps | Family::Unkillable => AppFault::Unkillable,
        Family::Recover if app.has_recover => {
            chance.pick([AppFault::RecoverFails, AppFault::RecoverHangs])
        }
        _ => return None,
    })
}

fn exit(chance: &mut Chance) -> Exit {
    match chance.below(3) {
        0 => Exit::Code(chance.pick([0, 1, 2, 137])),
        1 => Exit::Signal(chance.pick([6, 11])),
        // What the kernel does when memory is gone.
        _ => Exit::Signal(9),
    }
}

/// What a process waits for in the kernel comes back, or only the machine's end ends that.
fn wakes(chance: &mut Chance) -> Remedy {
    let after_ms = chance.spread(500, 3_600_000);
    chance.pick([Remedy::REBOOT, Remedy { after_ms, ..Remedy::REBOOT }])
}

/// What ends it. A fault that nothing ends is mended by a person, or at the healing.
fn remedy(chance: &mut Chance, fault: AppFault) -> Remedy {
    let by_itself = Remedy::time(chance.spread(500, 7_200_000));
    match fault {
        AppFault::Exit(_) => Remedy::NEW_PROCESS,
        AppFault::Announces { .. } | AppFault::Slow { .. } => by_itself,
        AppFault::DependencyDown
        | AppFault::DependencySlow
        | AppFault::CertificateExpired
        | AppFault::PathCut
        | AppFault::CachedOutside
        | AppFault::RecoverFails
        | AppFault::RecoverHangs
        | AppFault::DiskFull => chance.pick([by_itself, Remedy::NONE]),
        AppFault::Unkillable | AppFault::DiskReadOnly => Remedy::REBOOT,
        // Both begin anew with each process, unless what was asked of the old one was to blame.
        AppFault::Eats { .. } | AppFault::Forks { .. } => {
            chance.pick([Remedy::NEW_PROCESS, Remedy::NEW_PROCESS, by_itself, Remedy::NONE])
        }
        // Its excess ends by itself; what is left of it is the world's affair (`world/load.rs`).
        AppFault::Busy { .. } => chance.pick([by_itself, by_itself, Remedy::NONE]),
        // A leak begins anew with each process; a loop is not ended by one more.
        AppFault::DiesAfter { .. } | AppFault::Leak { .. } | AppFault::PortTaken => {
            chance.pick([by_itself, by_itself, Remedy::NONE, Remedy::REBOOT])
        }
        // A stopped process is always another one's predecessor: whoever starts anew is not stopped.
        AppFault::Stopped => Remedy { after_ms: by_itself.after_ms, ..Remedy::NEW_PROCESS },
        _ => match chance.below(8) {
            0..4 => Remedy::NEW_PROCESS,
            4 => Remedy { after_ms: by_itself.after_ms, ..Remedy::NEW_PROCESS },
            5 => Remedy::REBOOT,
            6 => by_itself,
            _ => Remedy::NONE,
        },
    }
}
