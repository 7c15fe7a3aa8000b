//! What happens to the machine, and to the agent itself.

use super::draw::Spread;
use super::family::Family;
use crate::chance::Chance;
use crate::plan::{AgentFault, CrashPoint, DiskFault, DiskName, MachineFault, ManagerFault};

/// A fault of the machine, if the family is one.
pub(super) fn fault(chance: &mut Chance, family: Family) -> Option<MachineFault> {
    let ms = chance.spread(1_000, 3_600_000);
    Some(match family {
        Family::Freeze => MachineFault::Freeze { ms: chance.spread(500, 120_000) },
        Family::Suspend => MachineFault::Suspend { ms: chance.spread(1_000, 28_800_000) },
        Family::Steal => MachineFault::Steal { ms, percent: chance.between(50, 97) as u8 },
        Family::Clock => {
            let by_ms = chance.spread(1_100, 31_536_000_000) as i64;
            MachineFault::WallStep { by_ms: if chance.below(2) == 0 { by_ms } else { -by_ms } }
        }
        Family::Power => MachineFault::PowerCut { off_ms: chance.spread(100, 600_000) },
        Family::Disk => {
            let disk = chance.pick([DiskName::Run, DiskName::State, DiskName::State]);
            MachineFault::Disk { disk, fault: disk_fault(chance), ms }
        }
        Family::Manager => MachineFault::Manager { fault: manager_fault(chance), ms },
        Family::Memory => MachineFault::MemoryTaken { ms },
        Family::Processes => MachineFault::NoProcesses { ms },
        Family::RebootStuck => {
            let steps = chance.between(1, 4) as u8;
            let stuck = MachineFault::RebootStuck { ms, steps };
            chance.pick([stuck, MachineFault::RebootRefused { ms, steps }])
        }
        _ => return None,
    })
}

fn disk_fault(chance: &mut Chance) -> DiskFault {
    let slow = DiskFault::Slow { ms: chance.spread(100, 30_000) };
    chance.pick([DiskFault::Full, DiskFault::ReadOnly, DiskFault::SyncFails, slow])
}

fn manager_fault(chance: &mut Chance) -> ManagerFault {
    let slow = ManagerFault::Slow { by_ms: chance.spread(50, 120_000) };
    chance.pick([slow, ManagerFault::Stuck, ManagerFault::Lost, ManagerFault::StartFails])
}

/// A fault of the agent, if the family is one.
pub(super) fn agent_fault(chance: &mut Chance, family: Family) -> Option<AgentFault> {
    let ms = chance.spread(100, 30_000);
    Some(match family {
        Family::AgentDeath => chance.pick([AgentFault::KillGuardian, AgentFault::KillExecutor]),
        Family::AgentStop => {
            chance.pick([AgentFault::StopGuardian { ms }, AgentFault::StopExecutor { ms }])
        }
        Family::AgentCrash => AgentFault::CrashAtWrite {
            nth: chance.between(1, 6) as u32,
            point: chance.pick([CrashPoint::Before, CrashPoint::Torn, CrashPoint::After]),
        },
        _ => return None,
    })
}
