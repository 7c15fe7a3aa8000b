//! `doctor --json`: `defib.doctor/1`.

use super::advice::{Finding, Fix};
use super::draw::severity;
use super::facts::Facts;
use super::facts::cgroup::{Kind, Memory};
use super::facts::conf::{Amount, time_span_ms};
use super::facts::kernel::Pressure;
use super::facts::manager::Journal;
use super::facts::process::Process;
use super::facts::unit::{Unit, UnitFile};
use super::report::Report;
use super::rungs::{MACHINE, Rung, State};
use super::word::Word;
use serde_json::{Value, json};

pub(crate) fn draw(report: &Report) -> Value {
    json!({
        "schema": "defib.doctor/1",
        "code": report.code(),
        "config": report.config,
        "judged_for_root": report.as_root,
        "looked_as_root": report.facts.who.is_root,
        "agents": report.words.iter().map(agent).collect::<Vec<_>>(),
        "machine": machine(&report.facts),
        "units": report.facts.units.iter().map(unit).collect::<Vec<_>>(),
        "rungs": report.table.iter().map(rung).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "unseen": report.unseen,
    })
}

fn agent(word: &Word) -> Value {
    let error = word.status.as_ref().err().map(|error| error.sentence(&word.socket));
    let said = word.status.as_ref().ok();
    json!({
        "socket": word.socket.to_string_lossy(),
        "answers": said.is_some(),
        "mode": said.map(|status| &status.mode),
        "reboot": said.map(|status| &status.reboot),
        "pid": said.and_then(|status| status.pid),
        "trigger_error": said.and_then(|status| status.trigger_error.as_ref()),
        "trigger_readings": said.and_then(|status| status.trigger_readings),
        "error": error,
    })
}

fn machine(facts: &Facts) -> Value {
    let (kernel, memory, manager) = (&facts.kernel, &facts.memory, &facts.manager);
    let bytes = |kib: Option<u64>| kib.map(|kib| kib * 1024);
    json!({
        "container": facts.who.container,
        "kernel": {
            "release": kernel.release,
            "pidfd": kernel.has_pidfd(),
            "process_mrelease": kernel.has_mrelease(),
            "pressure": pressure(kernel.pressure),
            "pressure_trigger": kernel.has_trigger(),
            "sysrq": kernel.sysrq,
            "sysrq_trigger": kernel.has_sysrq_trigger,
            "panic_seconds": kernel.panic_s,
            "panic_on_oops": kernel.panic_on_oops,
            "panic_on_oom": kernel.panic_on_oom,
        },
        "cgroup": cgroup(facts),
        "memory": {
            "total_bytes": bytes(memory.total_kib),
            "swap_bytes": bytes(memory.swap_kib),
            "zram": memory.is_zram_used,
            "overcommit": memory.overcommit,
        },
        "manager": {
            "first_process": manager.first_process,
            "systemd": manager.is_systemd,
            "version": manager.version,
            "bus": manager.has_bus,
            "private_socket": manager.has_private,
            "journal": journal(manager.journal),
            "runtime_watchdog": manager.runtime_watchdog,
        },
        "watchdogs": watchdogs(facts),
        "watchdog_node": facts.watchdogs.has_node,
        "sshd": facts.sshd.as_ref().map(process),
        "executor": facts.executor.as_ref().map(process),
        "guardian": facts.guardian.as_ref().map(process),
        "healers": facts.healers.iter().map(|one| &one.what).collect::<Vec<_>>(),
    })
}

fn cgroup(facts: &Facts) -> Value {
    let kind = match facts.cgroups.kind {
        Kind::Unified => "v2",
        Kind::Hybrid => "hybrid",
        Kind::Legacy => "v1",
        Kind::Nothing => "none",
    };
    let memory = match facts.cgroups.memory {
        Memory::Unified => Some("v2"),
        Memory::Legacy => Some("v1"),
        Memory::Nothing => None,
    };
    json!({
        "kind": kind,
        "kill": facts.cgroups.has_kill,
        "freeze": facts.cgroups.has_freeze,
        "freezer_v1": facts.cgroups.has_old_freezer,
        "memory": memory,
    })
}

fn watchdogs(facts: &Facts) -> Vec<Value> {
    let devices = facts.watchdogs.devices.iter();
    devices
        .map(|one| {
            json!({"name": one.name, "identity": one.identity, "timeout_seconds": one.timeout_s,
                "nowayout": one.is_for_ever, "armed": one.is_armed})
        })
        .collect()
}

fn pressure(pressure: Pressure) -> &'static str {
    match pressure {
        Pressure::Present => "present",
        Pressure::Off => "off",
        Pressure::Missing => "missing",
    }
}

fn journal(journal: Journal) -> Option<&'static str> {
    match journal {
        Journal::Persistent => Some("persistent"),
        Journal::Volatile => Some("volatile"),
        Journal::Nothing => None,
    }
}

fn process(process: &Process) -> Value {
    json!({"pid": process.pid, "user": process.user, "oom_score_adj": process.oom_score_adj})
}

fn unit(unit: &Unit) -> Value {
    let file = match &unit.file {
        UnitFile::At(path) => Some(path.as_str()),
        UnitFile::Masked => Some("/dev/null"),
        UnitFile::Missing => None,
    };
    let stop_seconds = match unit.timeout_stop.as_deref().and_then(time_span_ms) {
        Some(Amount::Of(ms)) => Some(ms as f64 / 1000.0),
        Some(Amount::Unbounded) | None => None,
    };
    json!({
        "unit": unit.name,
        "file": file,
        "masked": unit.file == UnitFile::Masked,
        "reload": unit.has_reload,
        "restart": unit.restart,
        "oom_policy": unit.oom_policy,
        "timeout_stop": unit.timeout_stop,
        "timeout_stop_seconds": stop_seconds,
        "memory_high": unit.memory_high,
        "memory_max": unit.memory_max,
        "watchdog": unit.watchdog,
        "start_limit_interval": unit.start_limit_interval,
        "start_limit_burst": unit.start_limit_burst,
        "oom_score_adjust": unit.oom_score_adjust,
        "pid": unit.pid,
        "oom_score_adj": unit.oom_score_adj,
    })
}

fn rung(rung: &Rung) -> Value {
    let (state, text) = match &rung.state {
        State::Can(how) => ("can", how),
        State::Cannot(why) => ("cannot", why),
        State::NotAllowed(why) => ("not_allowed", why),
    };
    let app = (rung.about != MACHINE).then_some(&rung.about);
    json!({"app": app, "rung": rung.name, "state": state, "text": text,
        "promised": rung.is_promised})
}

fn finding(finding: &Finding) -> Value {
    let fixes: Vec<Value> = finding
        .fixes
        .iter()
        .map(|fix| match fix {
            Fix::File { path, text } => json!({"write": path, "text": text}),
            Fix::Run(command) => json!({"run": command}),
            Fix::Do(what) => json!({"do": what}),
        })
        .collect();
    json!({"id": finding.id, "severity": severity(finding.severity), "about": finding.about,
        "what": finding.what, "why": finding.why, "fixes": fixes})
}
