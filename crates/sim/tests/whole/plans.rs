//! Random plans that are hard on the agent itself.

use defib_engine::event::Exit;
use defib_sim::chance::Chance;
use defib_sim::plan::*;

const HOUR_MS: u64 = 3_600_000;

/// One seed, one plan: two hours of trouble, and then three of peace.
pub(crate) fn plan(seed: u64) -> Plan {
    let mut chance = Chance::new(seed, "whole plans");
    let apps: Vec<AppPlan> = (0..chance.between(1, 3)).map(|at| app(at, &mut chance)).collect();
    let reboot = if chance.happens(500_000) { "allowed" } else { "never" };
    let mut config = format!("[machine]\nmode = \"act\"\nreboot = \"{reboot}\"\n");
    for (at, app) in apps.iter().enumerate() {
        let name = &app.name;
        let target = match app.keeper {
            Keeper::Unit { .. } => format!("unit = \"{name}.service\""),
            Keeper::Agent => format!("start = [\"/opt/{name}/run\"]\nuser = \"{name}\""),
            Keeper::Command => format!("recover = [\"/opt/{name}/again\"]\nuser = \"{name}\""),
        };
        let port = 8000 + at;
        let section = format!("[app.{name}]\nurl = \"http://127.0.0.1:{port}/\"\n{target}\n");
        config.push_str(&section);
    }
    let mut happenings = happenings(apps.len(), &mut chance);
    happenings.sort_by_key(|planned| planned.at_ms);
    Plan {
        seed,
        config,
        machine: MachinePlan { uptime_ms: chance.between(0, 40) * HOUR_MS, ..MachinePlan::SMALL },
        apps,
        noise: Noise::default(),
        happenings,
        healed_at_ms: 2 * HOUR_MS,
        ends_at_ms: 5 * HOUR_MS,
    }
}

fn app(at: u64, chance: &mut Chance) -> AppPlan {
    let keeper = match chance.below(4) {
        0 => Keeper::Unit { restart_ms: None },
        1 => Keeper::Unit { restart_ms: Some(chance.between(100, 30_000)) },
        2 => Keeper::Agent,
        _ => Keeper::Command,
    };
    AppPlan {
        name: ["alpha", "beta", "gamma"][at as usize].into(),
        keeper,
        warm_up_ms: chance.between(100, 20_000),
        stop_ms: chance.between(10, 3_000),
        answer_ms: chance.between(1, 200),
        deaf: chance.happens(200_000),
        starts_at_boot: matches!(keeper, Keeper::Unit { .. }),
    }
}

/// Each seed draws what can happen in it at all, and how often.
fn happenings(apps_len: usize, chance: &mut Chance) -> Vec<Planned> {
    let kinds: Vec<u64> = (0..KINDS).filter(|_| chance.happens(500_000)).collect();
    let mut planned = Vec::new();
    if kinds.is_empty() {
        return planned;
    }
    let mut at_ms = 60_000;
    let every_ms = chance.between(5_000, 900_000);
    while at_ms < 2 * HOUR_MS {
        let kind = chance.one_of(&kinds).copied().unwrap_or_default();
        let app = chance.below(apps_len as u64) as usize;
        planned.push(Planned { at_ms, what: happening(kind, app, chance) });
        if chance.happens(300_000) {
            // Often something happens while the agent deals with something.
            at_ms += chance.between(0, 25_000);
        } else {
            at_ms += chance.exponential_ms(every_ms);
        }
    }
    planned
}

const KINDS: u64 = 20;

fn happening(kind: u64, app: usize, chance: &mut Chance) -> Happening {
    let remedy = match chance.below(4) {
        0 => Remedy::time(chance.between(1_000, 1_800_000)),
        1 => Remedy::REBOOT,
        _ => Remedy::NEW_PROCESS,
    };
    let fault = |fault| Happening::App { app, fault, remedy };
    let ms = chance.between(500, 120_000);
    match kind {
        0 => fault(AppFault::Hang),
        1 => fault(AppFault::Exit(Exit::Code(1))),
        2 => fault(AppFault::Exit(Exit::Signal(9))),
        3 => fault(AppFault::DiesAfter { after_ms: chance.between(100, 60_000) }),
        4 => fault(AppFault::Status { code: 500 }),
        5 => fault(AppFault::Stopped),
        6 => fault(AppFault::WorkersHang { permille: 700 }),
        7 | 8 => Happening::Agent(AgentFault::KillGuardian),
        9 => Happening::Agent(AgentFault::KillExecutor),
        10 => Happening::Agent(AgentFault::StopGuardian { ms: ms / 8 }),
        11 => Happening::Agent(AgentFault::StopExecutor { ms: ms / 8 }),
        12 | 13 => {
            let point = [CrashPoint::Before, CrashPoint::Torn, CrashPoint::After];
            let point = point[chance.below(3) as usize];
            let nth = chance.between(1, 12) as u32;
            Happening::Agent(AgentFault::CrashAtWrite { nth, point })
        }
        14 => Happening::Machine(MachineFault::PowerCut { off_ms: ms }),
        15 => {
            let faults = [
                DiskFault::Full,
                DiskFault::ReadOnly,
                DiskFault::SyncFails,
                DiskFault::Slow { ms: chance.between(1, 4_000) },
            ];
            let fault = faults[chance.below(4) as usize];
            let disk = if chance.happens(800_000) { DiskName::State } else { DiskName::Run };
            Happening::Machine(MachineFault::Disk { disk, fault, ms: 4 * ms })
        }
        16 => {
            let faults = [
                ManagerFault::Slow { by_ms: ms / 10 },
                ManagerFault::Stuck,
                ManagerFault::Lost,
                ManagerFault::StartFails,
            ];
            let fault = faults[chance.below(4) as usize];
            Happening::Machine(MachineFault::Manager { fault, ms })
        }
        17 => match chance.below(3) {
            0 => Happening::Machine(MachineFault::Freeze { ms }),
            1 => Happening::Machine(MachineFault::Suspend { ms }),
            _ => Happening::Machine(MachineFault::WallStep { by_ms: 3_600_000 - ms as i64 * 60 }),
        },
        18 => match chance.below(5) {
            0 => Happening::Person(Person::Stop { app }),
            1 => Happening::Person(Person::Start { app }),
            2 => Happening::Person(Person::Restart { app }),
            3 => Happening::Person(Person::Hold { app, ms: 5 * ms }),
            _ => Happening::Person(Person::Release { app }),
        },
        _ => Happening::Machine(MachineFault::NoProcesses { ms }),
    }
}
