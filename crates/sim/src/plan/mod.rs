//! A plan is everything that a world is made of, as a value: the config, the machine, the apps, and
//! what happens to them when. One seed makes one plan (`generate`), and a plan can be written down.

mod fault;
mod generate;
mod text;

pub use fault::{
    AgentFault, AppFault, CrashPoint, DiskFault, DiskName, Happening, MachineFault, ManagerFault,
    Person, Remedy,
};
pub use generate::{Profile, generate};
pub use text::{Names, happening, in_clock, read_clock};

/// What a world is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed of everything that is left to chance while it runs.
    pub seed: u64,
    /// The config text, as a person would write it: it goes through the real loader.
    pub config: String,
    /// The machine.
    pub machine: MachinePlan,
    /// The apps, in the order of the config's sections (by name).
    pub apps: Vec<AppPlan>,
    /// Noise that is no fault.
    pub noise: Noise,
    /// What happens, in the order of time.
    pub happenings: Vec<Planned>,
    /// From here on nothing bad happens, and what was broken is mended: then liveness is demanded.
    pub healed_at_ms: u64,
    /// The end.
    pub ends_at_ms: u64,
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When, in milliseconds of true time since the world began.
    pub at_ms: u64,
    /// What.
    pub what: Happening,
}

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachinePlan {
    /// How long it has been up when the world begins.
    pub uptime_ms: u64,
    /// From the reboot's acceptance until nothing runs any more.
    pub down_ms: u64,
    /// From power-on until the service manager starts its units, and the agent.
    pub boot_ms: u64,
    /// From the moment an agent process is gone until its supervisor has started it again.
    pub agent_restart_ms: u64,
    /// What can be read of its memory, processes and disk; without it agents see only what they look at.
    pub host: Option<HostPlan>,
}

/// What there is of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPlan {
    /// Memory, in kB.
    pub memory_kb: u64,
    /// Tasks that there may be.
    pub tasks_max: u64,
    /// The kernel tells how long tasks wait (PSI).
    pub has_pressure: bool,
}

impl MachinePlan {
    /// A small cloud machine: up for a day, 8 s to stop, 25 s to boot.
    pub const SMALL: MachinePlan = MachinePlan {
        uptime_ms: 86_400_000,
        down_ms: 8_000,
        boot_ms: 25_000,
        agent_restart_ms: 1_000,
        host: None,
    };
}

/// One app, as the world knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPlan {
    /// Its name in the config.
    pub name: String,
    /// Who keeps it.
    pub keeper: Keeper,
    /// From the start of its process to its first good answer.
    pub warm_up_ms: u64,
    /// From TERM to its end, if it heeds TERM.
    pub stop_ms: u64,
    /// How long a good answer takes.
    pub answer_ms: u64,
    /// It ignores TERM.
    pub deaf: bool,
    /// Its unit is started at boot. (`start` apps are started by the agent, `recover` apps by nobody.)
    pub starts_at_boot: bool,
}

impl AppPlan {
    /// A unit without `Restart=` that is quick in everything.
    pub fn plain_unit(name: &str) -> AppPlan {
        AppPlan {
            name: name.to_owned(),
            keeper: Keeper::Unit { restart_ms: None },
            warm_up_ms: 2_000,
            stop_ms: 300,
            answer_ms: 10,
            deaf: false,
            starts_at_boot: true,
        }
    }
}

/// Who keeps an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// The service manager; with `Restart=` after this many milliseconds, or without.
    Unit {
        /// RestartSec, if `Restart=` is set.
        restart_ms: Option<u64>,
    },
    /// The agent itself: a `start` app.
    Agent,
    /// Nobody: a `recover` command starts it.
    Command,
}

/// Noise that is no fault: what a healthy system shows (the model is fixed beforehand; its figures are
/// those of docs/decisions/081).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Noise {
    /// Chance in a million that one look is lost, independent of all others.
    pub loss_in_a_million: u64,
    /// Mean time between bursts in which every look fails; 0 is never.
    pub burst_every_ms: u64,
    /// Mean length of such a burst.
    pub burst_ms: u64,
    /// Mean time between pauses of the whole machine; 0 is never.
    pub pause_every_ms: u64,
    /// How long such a pause lasts.
    pub pause_ms: u64,
    /// Mean time between stretches in which the hypervisor steals the CPU; 0 is never.
    pub steal_every_ms: u64,
    /// How long such a stretch lasts.
    pub steal_ms: u64,
    /// Per cent of the CPU that it takes.
    pub steal_percent: u8,
    /// Mean time between deploys (an orderly restart by a person); 0 is never.
    pub deploy_every_ms: u64,
}

impl Noise {
    /// The fixed model: independent probe loss 10^-3, 730 bursts a year of mean 2 s, a 25 s pause a
    /// week, 5 min of 90 % steal a day, a deploy a day.
    pub const FIXED: Noise = Noise {
        loss_in_a_million: 1_000,
        burst_every_ms: 43_200_000,
        burst_ms: 2_000,
        pause_every_ms: 604_800_000,
        pause_ms: 25_000,
        steal_every_ms: 86_400_000,
        steal_ms: 300_000,
        steal_percent: 90,
        deploy_every_ms: 86_400_000,
    };
}
