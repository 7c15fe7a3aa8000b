//! What was read of the machine, as plain values. Nothing is opened but plain files, and nothing is
//! changed.

pub(crate) mod cgroup;
pub(crate) mod conf;
pub(crate) mod healer;
pub(crate) mod kernel;
pub(crate) mod manager;
pub(crate) mod memory;
pub(crate) mod process;
pub(crate) mod root;
pub(crate) mod unit;
pub(crate) mod watchdog;
pub(crate) mod who;

use cgroup::Cgroups;
use defib_config::spec::{App, Config, Target};
use healer::Healer;
use kernel::Kernel;
use manager::Manager;
use memory::Memory;
use process::Process;
use root::Root;
use unit::Unit;
use watchdog::Watchdogs;
use who::Who;

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Who looks.
    pub(crate) who: Who,
    /// The kernel.
    pub(crate) kernel: Kernel,
    /// Its cgroups.
    pub(crate) cgroups: Cgroups,
    /// Memory and swap.
    pub(crate) memory: Memory,
    /// Hardware watchdogs.
    pub(crate) watchdogs: Watchdogs,
    /// PID 1.
    pub(crate) manager: Manager,
    /// The units of the guarded apps.
    pub(crate) units: Vec<Unit>,
    /// The programs of the config that are not there, and the users.
    pub(crate) missing: Vec<String>,
    /// Why each clean-up of the config could not be done, in its order.
    pub(crate) no_clean: Vec<Option<&'static str>>,
    /// The listening sshd.
    pub(crate) sshd: Option<Process>,
    /// The executor of the agent that answers, else of a `defib daemon`.
    pub(crate) executor: Option<Process>,
    /// Its guardian.
    pub(crate) guardian: Option<Process>,
    /// Other healers.
    pub(crate) healers: Vec<Healer>,
    /// What this user was not allowed to see.
    pub(crate) unseen: Vec<String>,
}

impl Facts {
    /// Reads everything below this root.
    /// `guardians`: the pids that answering agents gave; their executor is the one that is meant.
    pub(crate) fn read(root: &Root, config: Option<&Config>, guardians: &[u64]) -> Facts {
        let kernel = Kernel::read(root);
        let processes = Process::read_all(root);
        let apps: &[App] = config.map_or(&[], |config| &config.apps);
        let (executor, guardian) = agent(&processes, guardians);
        let mut facts = Facts {
            who: Who::read(root),
            cgroups: Cgroups::read(root, &kernel),
            memory: Memory::read(root, &kernel),
            watchdogs: Watchdogs::read(root, &kernel),
            manager: Manager::read(root),
            units: units(root, apps, &processes),
            missing: missing(root, apps),
            no_clean: config.map_or_else(Vec::new, |config| no_clean(root, config)),
            sshd: sshd(&processes).cloned(),
            guardian: guardian.cloned(),
            executor: executor.cloned(),
            healers: Healer::read_all(root, &processes),
            kernel,
            unseen: Vec::new(),
        };
        facts.unseen = root.unseen();
        facts
    }

    /// The facts about this unit.
    pub(crate) fn unit(&self, name: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.name == name)
    }
}

/// Executor and guardian, of which either may be missing.
fn agent<'a>(all: &'a [Process], named: &[u64]) -> (Option<&'a Process>, Option<&'a Process>) {
    let mut guardians = all.iter().filter(|process| process.is_defib(&["guardian"]));
    let answering = guardians.clone().find(|process| named.contains(&u64::from(process.pid)));
    if let Some(guardian) = answering {
        return (all.iter().find(|process| process.pid == guardian.parent), Some(guardian));
    }
    let daemon = all.iter().find(|process| process.is_defib(&["daemon"]));
    let is_its = |process: &&Process| daemon.is_some_and(|it| it.pid == process.parent);
    (daemon, guardians.find(is_its))
}

fn units(root: &Root, apps: &[App], processes: &[Process]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for app in apps {
        if let Target::Unit(spec) = &app.target
            && !units.iter().any(|unit| unit.name == spec.name)
        {
            units.push(Unit::read(root, &spec.name, processes));
        }
    }
    units
}

/// Programs (named by a path) and users that the config names and that are not there.
fn missing(root: &Root, apps: &[App]) -> Vec<String> {
    let passwd = root.text("/etc/passwd");
    let is_user = |name: &str| {
        let lines = passwd.as_deref().map(str::lines);
        lines.is_none_or(|mut all| all.any(|line| line.split(':').next() == Some(name)))
    };
    let mut missing = Vec::new();
    for app in apps {
        let (argv, user) = match &app.target {
            Target::Child(child) => (&child.argv, &child.user),
            Target::Recover(command) => (&command.argv, &command.user),
            Target::Unit(_) | Target::Nothing => continue,
        };
        let program = argv.first().filter(|path| path.starts_with('/') && root.has_not(path));
        missing.extend(program.cloned());
        missing.extend(user.clone().filter(|name| !is_user(name)));
    }
    missing
}

/// The executor follows no link on its way to a folder.
fn no_clean(root: &Root, config: &Config) -> Vec<Option<&'static str>> {
    let why_not = |folder: &std::path::Path| {
        let mut way: Vec<_> = folder.ancestors().filter_map(std::path::Path::to_str).collect();
        way.reverse();
        if way.iter().any(|path| root.link(path).is_some()) {
            return Some("a symbolic link leads there; name the folder itself");
        }
        way.last().is_none_or(|path| root.has_not(path)).then_some("there is no such folder")
    };
    config.clean.iter().map(|rule| why_not(&rule.folder)).collect()
}

/// The one that waits for people: its sessions are its children.
fn sshd(processes: &[Process]) -> Option<&Process> {
    let mut all = processes.iter().filter(|process| process.name == "sshd");
    all.find(|one| !processes.iter().any(|it| it.pid == one.parent && it.name == "sshd"))
}
