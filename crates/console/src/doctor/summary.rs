//! The facts in a few lines.

use super::facts::Facts;
use super::facts::cgroup::Kind;
use super::facts::kernel::Pressure;
use super::facts::manager::Journal;
use super::report::Report;

/// A heading and a line for each subject.
pub(crate) fn lines(report: &Report) -> Vec<(&'static str, String)> {
    let facts = &report.facts;
    vec![
        ("config", report.config.clone()),
        ("judged for", judged_for(report)),
        ("agent", agent(report)),
        ("kernel", kernel(facts)),
        ("memory", memory(facts)),
        ("stalls", stalls(report)),
        ("PID 1", manager(facts)),
        ("container", facts.who.container.clone().unwrap_or_else(|| "no".to_owned())),
    ]
}

fn judged_for(report: &Report) -> String {
    let looked = if report.facts.who.is_root { "root" } else { "an ordinary user" };
    let judged = if report.as_root { "defib as root" } else { "defib as this user" };
    format!("{judged}; looked at by {looked}")
}

fn agent(report: &Report) -> String {
    let mut said: Vec<String> = Vec::new();
    for word in &report.words {
        said.push(match &word.status {
            Ok(status) => {
                let pid = status.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
                format!("answers at {} (mode {}{pid})", word.socket.display(), status.mode)
            }
            Err(_) => format!("gave no answer at {}", word.socket.display()),
        });
    }
    if let Some(executor) = &report.facts.executor {
        let guardian = report.facts.guardian.as_ref().map(|it| it.user);
        let guardian = match guardian {
            Some(user) => format!("its guardian's user is {user}"),
            None => "its guardian is not there".to_owned(),
        };
        said.push(format!("executor pid {}, user {}; {guardian}", executor.pid, executor.user));
    }
    if said.is_empty() {
        "none: this is what defib sees itself".to_owned()
    } else {
        said.join("; ")
    }
}

fn kernel(facts: &Facts) -> String {
    let cgroups = match facts.cgroups.kind {
        Kind::Unified => "cgroup v2",
        Kind::Hybrid => "cgroup v1, v2 beside it",
        Kind::Legacy => "cgroup v1",
        Kind::Nothing => "no cgroups",
    };
    let pressure = match facts.kernel.pressure {
        Pressure::Present => "pressure (PSI)",
        Pressure::Off => "pressure (PSI) switched off",
        Pressure::Missing => "no pressure (PSI)",
    };
    let panic = facts.kernel.panic_s.map_or_else(|| "?".to_owned(), |s| s.to_string());
    format!("{}, {cgroups}, {pressure}, panic = {panic}", facts.kernel.release)
}

fn memory(facts: &Facts) -> String {
    let memory = &facts.memory;
    let mib = |kib: Option<u64>| kib.map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string());
    let zram = if memory.is_zram_used { " (zram)" } else { "" };
    format!("{} MiB, swap {} MiB{zram}", mib(memory.total_kib), mib(memory.swap_kib))
}

/// How soon a stall of memory is seen. An agent that answers knows; else the kernel's version tells.
fn stalls(report: &Report) -> String {
    let said = report.words.iter().filter_map(|word| word.status.as_ref().ok());
    let mut said = said.filter(|status| status.trigger_readings.is_some());
    let kernel = &report.facts.kernel;
    let woken = "one of memory wakes defib within 2 s (a PSI trigger)";
    let found = "one of memory is found by the reading each 5 s";
    if let Some(status) = said.next() {
        let error = status.trigger_error.as_ref();
        return error.map_or_else(|| woken.to_owned(), |why| format!("{found}: {why}"));
    }
    match (kernel.has_trigger(), kernel.pressure) {
        (Some(true), _) => woken.to_owned(),
        (None, _) => format!(
            "{woken} if this kernel gives it to a user without privilege, as all do since 6.5; else {found}"
        ),
        (Some(false), Pressure::Missing) => format!("{found}: there is no pressure (PSI)"),
        (Some(false), _) => format!("{found}: pressure (PSI) is switched off"),
    }
}

fn manager(facts: &Facts) -> String {
    let manager = &facts.manager;
    if !manager.is_systemd {
        return format!("{}, no systemd", manager.first_process);
    }
    let version = manager.version.map_or_else(String::new, |version| format!(" {version}"));
    let journal = match manager.journal {
        Journal::Persistent => "log kept across boots",
        Journal::Volatile => "log lost at a boot",
        Journal::Nothing => "no log",
    };
    format!("systemd{version}, {journal}")
}
