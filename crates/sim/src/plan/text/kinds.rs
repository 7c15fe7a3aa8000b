//! The name of each kind of thing that happens, with its fields.

use super::words::{Fields, Names, Word};
use crate::plan::{AgentFault, AppFault, MachineFault, Person};
use std::fmt::Write;

/// Something that has a name and fields.
pub(super) trait Kind: Sized {
    fn write(&self, names: &Names) -> String;
    fn read(kind: &str, fields: &mut Fields<'_>, names: &Names) -> Result<Self, String>;
}

/// `"name" => Variant { label = field, }`: both ways from one line, so that neither can forget the other.
macro_rules! kinds {
    ($type:ident { $($word:literal => $variant:ident { $($label:ident = $field:tt),* },)* }) => {
        impl Kind for $type {
            fn write(&self, names: &Names) -> String {
                let mut text = String::new();
                match self {
                    $($type::$variant { $($field: $label),* } => {
                        text += $word;
                        $(let _ = write!(text, " {}={}", stringify!($label), $label.write(names));)*
                    })*
                }
                text
            }

            fn read(kind: &str, fields: &mut Fields<'_>, names: &Names) -> Result<Self, String> {
                Ok(match kind {
                    $($word => $type::$variant {
                        $($field: fields.value(stringify!($label), names)?),*
                    },)*
                    _ => return Err(format!("unknown kind `{kind}`")),
                })
            }
        }
    };
}

kinds!(AppFault {
    "exit" => Exit { by = 0 },
    "dies-after" => DiesAfter { ms = after_ms },
    "hang" => Hang {},
    "spin" => Spin {},
    "stopped" => Stopped {},
    "status" => Status { code = code },
    "announces" => Announces { retry_after_s = retry_after_s },
    "wrong-body" => WrongBody {},
    "workers-hang" => WorkersHang { permille = permille },
    "slow" => Slow { by_ms = by_ms },
    "busy" => Busy { load_percent = load_percent, retries = retries },
    "leak" => Leak { lasts_ms = lasts_ms },
    "eats" => Eats { lasts_ms = lasts_ms, oom_ms = oom_ms },
    "forks" => Forks { lasts_ms = lasts_ms },
    "disk-full" => DiskFull {},
    "disk-read-only" => DiskReadOnly {},
    "dependency-down" => DependencyDown {},
    "dependency-slow" => DependencySlow {},
    "certificate-expired" => CertificateExpired {},
    "path-cut" => PathCut {},
    "cached-outside" => CachedOutside {},
    "port-taken" => PortTaken {},
    "unkillable" => Unkillable {},
    "recover-fails" => RecoverFails {},
    "recover-hangs" => RecoverHangs {},
});

kinds!(MachineFault {
    "freeze" => Freeze { ms = ms },
    "suspend" => Suspend { ms = ms },
    "steal" => Steal { ms = ms, percent = percent },
    "wall-step" => WallStep { by_ms = by_ms },
    "power-cut" => PowerCut { off_ms = off_ms },
    "disk" => Disk { disk = disk, fault = fault, ms = ms },
    "manager" => Manager { fault = fault, ms = ms },
    "no-processes" => NoProcesses { ms = ms },
    "memory-taken" => MemoryTaken { ms = ms },
    "reboot-stuck" => RebootStuck { ms = ms, steps = steps },
    "reboot-refused" => RebootRefused { ms = ms, steps = steps },
});

kinds!(AgentFault {
    "kill-guardian" => KillGuardian {},
    "kill-executor" => KillExecutor {},
    "stop-guardian" => StopGuardian { ms = ms },
    "stop-executor" => StopExecutor { ms = ms },
    "crash-at-write" => CrashAtWrite { nth = nth, point = point },
    "refuse-call" => RefuseCall { nth = nth, calls = calls, errno = errno },
});

kinds!(Person {
    "stop" => Stop { app = app },
    "start" => Start { app = app },
    "restart" => Restart { app = app },
    "hold" => Hold { app = app, ms = ms },
    "release" => Release { app = app },
    "reload" => Reload {},
    "reboot" => Reboot {},
    "mend" => Mend { app = app },
});
