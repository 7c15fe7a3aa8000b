//! Small random plans: a few hours of trouble, then a fair world. They are kept apart from the big
//! generator of `defib_sim::plan`, so that what a mutant needs to be caught does not change with it.

use defib_engine::event::Exit;
use defib_sim::chance::Chance;
use defib_sim::plan::*;
use std::fmt::Write;
use std::rc::Rc;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Worlds for mutants.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A few hours of anything.
    Small,
    /// One app that hangs again and again under a small budget, on a machine that loses its power.
    Spent,
    /// One app that nothing cures for a day.
    Hopeless,
    /// Three apps that nothing cures, on a machine that may be rebooted, for more than a day.
    InVain,
    /// Agents that are killed in the middle of their acts.
    Agent,
    /// Machines that run out of memory, processes, CPU and disk.
    Machine,
}

/// The plan of a seed, of this kind.
pub(crate) fn of(kind: Kind, seed: u64) -> Rc<Plan> {
    match kind {
        Kind::Small => plan(seed),
        Kind::Spent => Rc::new(spent(seed)),
        Kind::Hopeless => Rc::new(hopeless(seed)),
        Kind::InVain => Rc::new(in_vain(seed)),
        Kind::Agent => Rc::new(generate(seed, Profile::Agent)),
        Kind::Machine => Rc::new(generate(seed, Profile::Machine)),
    }
}

fn one_app(seed: u64, config: &str, hours: u64) -> Plan {
    let mut plan = Plan::clone(&plan(seed));
    plan.config = format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n{config}\n"
    );
    plan.apps.truncate(1);
    plan.apps[0].name = "shop".into();
    plan.apps[0].keeper = Keeper::Unit { restart_ms: None };
    plan.apps[0].starts_at_boot = true;
    plan.noise = Noise::default();
    plan.happenings.clear();
    plan.healed_at_ms = hours * HOUR_MS;
    plan.ends_at_ms = (hours + 3) * HOUR_MS;
    plan
}

fn spent(seed: u64) -> Plan {
    let budget = "unit = \"shop.service\"\nbudget = { hour = 1, day = 20 }";
    let mut plan = one_app(seed, budget, 12);
    let mut chance = Chance::new(seed, "spent");
    let mut at_ms = 40 * MINUTE_MS;
    while at_ms < plan.healed_at_ms {
        let what = match chance.below(6) {
            0 => Happening::Machine(MachineFault::PowerCut {
                off_ms: chance.between(30 * MINUTE_MS, HOUR_MS),
            }),
            1 => Happening::Agent(AgentFault::KillExecutor),
            2 => Happening::Agent(AgentFault::KillGuardian),
            _ => Happening::App { app: 0, fault: AppFault::Hang, remedy: Remedy::NEW_PROCESS },
        };
        plan.happenings.push(Planned { at_ms, what });
        at_ms += chance.between(3 * MINUTE_MS, 20 * MINUTE_MS);
    }
    plan
}

fn hopeless(seed: u64) -> Plan {
    let mut plan = one_app(seed, "unit = \"shop.service\"", 24);
    let what = Happening::App { app: 0, fault: AppFault::Hang, remedy: Remedy::NONE };
    plan.happenings.push(Planned { at_ms: 40 * MINUTE_MS, what });
    plan
}

/// One reboot for each of three apps: the second 6 h after the first, the third when the first is a day old.
fn in_vain(seed: u64) -> Plan {
    let mut plan = one_app(seed, "unit = \"shop.service\"", 26);
    plan.config = plan.config.replace("mode = \"act\"", "mode = \"act\"\nreboot = \"allowed\"");
    for (app, name) in ["shop", "api", "wiki"].into_iter().enumerate() {
        if app > 0 {
            let url = format!("http://127.0.0.1:{}/", 8_000 + app);
            let _ =
                write!(plan.config, "[app.{name}]\nurl = \"{url}\"\nunit = \"{name}.service\"\n");
            plan.apps.push(AppPlan { name: name.into(), ..plan.apps[0].clone() });
        }
        let what = Happening::App { app, fault: AppFault::Hang, remedy: Remedy::NONE };
        plan.happenings.push(Planned { at_ms: 40 * MINUTE_MS, what });
    }
    plan
}

/// The plan of a seed.
pub(crate) fn plan(seed: u64) -> Rc<Plan> {
    let mut chance = Chance::new(seed, "small plan");
    let machine_text = machine_text(&mut chance);
    let apps_len = chance.between(1, 3) as usize;
    let mut config = machine_text;
    let apps: Vec<AppPlan> = ["api", "shop", "wiki"][..apps_len]
        .iter()
        .map(|name| app(&mut chance, name, &mut config))
        .collect();
    let healed_at_ms = chance.between(HOUR_MS, 8 * HOUR_MS);
    let happenings = happenings(&mut chance, apps_len, healed_at_ms);
    let noise = if chance.below(4) == 0 { noise() } else { Noise::default() };
    let machine = MachinePlan {
        uptime_ms: *chance.one_of(&[30_000, 600_000, 86_400_000]).unwrap_or(&0),
        down_ms: chance.between(1_000, 20_000),
        boot_ms: chance.between(10_000, 60_000),
        agent_restart_ms: 1_000,
        host: None,
    };
    let ends_at_ms = healed_at_ms + 3 * HOUR_MS;
    Rc::new(Plan { seed, config, machine, apps, noise, happenings, healed_at_ms, ends_at_ms })
}

/// Much more noise than there is, but none that lasts as long as the window.
fn noise() -> Noise {
    Noise {
        loss_in_a_million: 2_000,
        burst_every_ms: HOUR_MS,
        burst_ms: 1_000,
        pause_every_ms: 3 * HOUR_MS,
        pause_ms: 25_000,
        steal_every_ms: 2 * HOUR_MS,
        steal_ms: 300_000,
        steal_percent: 90,
        deploy_every_ms: 2 * HOUR_MS,
    }
}

fn machine_text(chance: &mut Chance) -> String {
    let mode = if chance.below(12) == 0 { "observe" } else { "act" };
    let reboot = if chance.below(3) == 0 { "never" } else { "allowed" };
    format!("[machine]\nmode = \"{mode}\"\nreboot = \"{reboot}\"\n")
}

fn app(chance: &mut Chance, name: &str, config: &mut String) -> AppPlan {
    let keeper = match chance.below(5) {
        0 | 1 => Keeper::Unit { restart_ms: None },
        2 => Keeper::Unit { restart_ms: Some(chance.between(100, 5_000)) },
        3 => Keeper::Agent,
        _ => Keeper::Command,
    };
    let port = 8_000 + u64::from(name.as_bytes()[0]);
    let url = match chance.below(3) {
        0 => format!("https://{name}.example/"),
        _ => format!("http://127.0.0.1:{port}/"),
    };
    let target = match keeper {
        Keeper::Unit { .. } => format!("unit = \"{name}.service\""),
        Keeper::Agent => format!("start = [\"/opt/{name}/run\"]\nuser = \"{name}\""),
        Keeper::Command => format!("recover = [\"/opt/{name}/again\"]\nuser = \"{name}\""),
    };
    let _ = write!(config, "[app.{name}]\nurl = \"{url}\"\n{target}\n");
    if chance.below(4) == 0 {
        *config += "interval = \"1s\"\ntimeout = \"1s\"\nwindow = \"3s\"\n";
    }
    if chance.below(3) == 0 {
        *config +=
            "[app.NAME.depends.db]\ntcp = \"127.0.0.1:5432\"\n".replace("NAME", name).as_str();
    }
    AppPlan {
        name: name.into(),
        keeper,
        warm_up_ms: *chance.one_of(&[200, 2_000, 10_000, 50_000]).unwrap_or(&0),
        stop_ms: chance.between(10, 5_000),
        answer_ms: chance.between(1, 200),
        deaf: chance.below(6) == 0,
        starts_at_boot: keeper != Keeper::Agent,
    }
}

fn happenings(chance: &mut Chance, apps_len: usize, until_ms: u64) -> Vec<Planned> {
    // Each seed has its own weights: some worlds are all agent faults, some none (swarm testing).
    let weights: Vec<u64> = (0..4).map(|_| chance.below(4) * chance.below(3)).collect();
    let total: u64 = weights.iter().sum::<u64>().max(1);
    let mean_ms = *chance.one_of(&[2 * MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS]).unwrap_or(&1);
    let mut at_ms = 30_000;
    let mut list = Vec::new();
    loop {
        at_ms += chance.exponential_ms(mean_ms);
        if at_ms >= until_ms {
            return list;
        }
        let mut draw = chance.below(total);
        let kind = weights.iter().position(|weight| {
            let is_it = draw < *weight;
            draw = draw.saturating_sub(*weight);
            is_it
        });
        let app = chance.below(apps_len as u64) as usize;
        let what = match kind.unwrap_or(0) {
            0 => app_fault(chance, app),
            1 => Happening::Machine(machine_fault(chance)),
            2 => Happening::Agent(agent_fault(chance)),
            _ => Happening::Person(person(chance, app)),
        };
        list.push(Planned { at_ms, what });
    }
}

fn app_fault(chance: &mut Chance, app: usize) -> Happening {
    let remedy = match chance.below(6) {
        0 => Remedy::REBOOT,
        1 => Remedy::time(chance.between(1_000, 20 * MINUTE_MS)),
        2 => Remedy::NONE,
        _ => Remedy::NEW_PROCESS,
    };
    let (fault, remedy) = match chance.below(16) {
        0..3 => (AppFault::Exit(Exit::Code(1)), Remedy::NEW_PROCESS),
        3 => (AppFault::DiesAfter { after_ms: chance.between(100, 60_000) }, remedy),
        4..7 => (AppFault::Hang, remedy),
        7 => (AppFault::Stopped, remedy),
        8 => (AppFault::Status { code: 500 }, remedy),
        9 => (AppFault::Status { code: 404 }, Remedy::time(chance.between(1_000, HOUR_MS))),
        10 => (AppFault::WrongBody, remedy),
        11 => (AppFault::WorkersHang { permille: chance.between(100, 900) as u16 }, remedy),
        12 => (AppFault::DependencyDown, Remedy::time(chance.between(1_000, HOUR_MS))),
        13 => (AppFault::CertificateExpired, Remedy::time(chance.between(1_000, HOUR_MS))),
        14 => (AppFault::PathCut, Remedy::time(chance.between(1_000, HOUR_MS))),
        _ => (AppFault::Unkillable, remedy),
    };
    Happening::App { app, fault, remedy }
}

fn machine_fault(chance: &mut Chance) -> MachineFault {
    let ms = chance.between(100, 5 * MINUTE_MS);
    match chance.below(9) {
        0 => MachineFault::Freeze { ms },
        1 => MachineFault::Suspend { ms: ms * 10 },
        2 => MachineFault::Steal { ms, percent: 90 },
        3 => MachineFault::WallStep { by_ms: chance.between(0, 200_000) as i64 - 100_000 },
        4 => MachineFault::PowerCut { off_ms: chance.between(0, 7 * HOUR_MS) },
        5 => MachineFault::Manager { fault: ManagerFault::Slow { by_ms: 5_000 }, ms },
        6 => MachineFault::Manager { fault: ManagerFault::StartFails, ms },
        7 => MachineFault::NoProcesses { ms },
        _ => MachineFault::Manager {
            fault: if chance.below(2) == 0 { ManagerFault::Stuck } else { ManagerFault::Lost },
            ms,
        },
    }
}

fn agent_fault(chance: &mut Chance) -> AgentFault {
    let ms = chance.between(10, 60_000);
    match chance.below(4) {
        0 => AgentFault::KillGuardian,
        1 => AgentFault::KillExecutor,
        2 => AgentFault::StopGuardian { ms },
        _ => AgentFault::StopExecutor { ms },
    }
}

fn person(chance: &mut Chance, app: usize) -> Person {
    let ms = chance.between(1_000, 2 * HOUR_MS);
    match chance.below(8) {
        0 => Person::Stop { app },
        1 => Person::Start { app },
        2 | 3 => Person::Restart { app },
        4 => Person::Hold { app, ms },
        5 => Person::Release { app },
        6 => Person::Mend { app },
        _ if chance.below(8) == 0 => Person::Reboot,
        _ => Person::Reload,
    }
}
