//! Advice about the units of the guarded apps: one drop-in each, so that each can be taken alone.

use super::Finding;
use crate::doctor::facts::cgroup::Memory;
use crate::doctor::facts::conf::{Amount, size_kib, time_span_ms};
use crate::doctor::facts::unit::{Unit, UnitFile};
use crate::doctor::rungs::Case;

/// The polite reboot gets this long before the forced one: a stop job that takes longer uses it up.
const POLITE_REBOOT_MS: u64 = 30_000;

/// systemd's own default for `TimeoutStopSec=`.
const STOP_DEFAULT_MS: u64 = 90_000;

/// Where an app should stand with the memory killer: before sshd and everything else.
const APP_SCORE: i64 = 300;

/// A limit above this share of the machine is none.
const LIMIT_PERCENT_MAX: u64 = 95;

/// What is left to the rest of the machine is a fifth; throttling begins a tenth earlier.
const HIGH_PERCENT: u64 = 70;
const MAX_PERCENT: u64 = 80;

pub(super) fn findings(case: Case<'_>) -> Vec<Finding> {
    let units = case.facts.units.iter().filter(|unit| matches!(unit.file, UnitFile::At(_)));
    let all: [fn(Case<'_>, &Unit) -> Option<Finding>; 5] =
        [memory, oom_policy, stop_timeout, score, own_watchdog];
    let found = units.flat_map(|unit| all.iter().filter_map(move |judge| judge(case, unit)));
    if case.facts.manager.is_systemd { found.collect() } else { Vec::new() }
}

fn drop_in(unit: &str, subject: &str) -> String {
    format!("/etc/systemd/system/{unit}.d/50-defib-{subject}.conf")
}

fn memory(case: Case<'_>, unit: &Unit) -> Option<Finding> {
    let total_kib = case.facts.memory.total_kib?;
    let most_kib = total_kib * LIMIT_PERCENT_MAX / 100;
    let binds = |limit: &Option<String>| {
        let kib = limit.as_deref().and_then(|text| size_kib(text, total_kib));
        matches!(kib, Some(Amount::Of(kib)) if kib < most_kib)
    };
    if binds(&unit.memory_high) || binds(&unit.memory_max) {
        return None;
    }
    let mib = |percent: u64| total_kib * percent / 100 / 1024;
    let (high, max) = (mib(HIGH_PERCENT), mib(MAX_PERCENT));
    let lines = match case.facts.cgroups.memory {
        Memory::Unified => format!("MemoryHigh={high}M\nMemoryMax={max}M\n"),
        Memory::Legacy => format!("MemoryMax={max}M\n"),
        Memory::Nothing => return None,
    };
    let given = unit.memory_max.as_ref().or(unit.memory_high.as_ref());
    let what = match given.filter(|text| *text != "infinity") {
        Some(text) => format!("the memory limit of {} ({text}) is no limit here", unit.name),
        None => format!("{} has no memory limit", unit.name),
    };
    let why = format!(
        "a leak of its takes all {} MiB, and then the kernel chooses whom it ends; with a limit it is \
         the app itself, and {} MiB stay for the rest",
        total_kib / 1024,
        total_kib / 1024 - max
    );
    let path = drop_in(&unit.name, "memory");
    let found = Finding::advice("memory-limit", &unit.name, what, why);
    Some(found.file(&path, format!("[Service]\n{lines}")).run("systemctl daemon-reload"))
}

fn oom_policy(case: Case<'_>, unit: &Unit) -> Option<Finding> {
    let default = case.facts.manager.default_oom_policy.as_deref();
    let policy = unit.oom_policy.as_deref().or(default).unwrap_or("stop");
    // OOMPolicy= is known since 243.
    if policy != "stop" || case.facts.manager.version.is_some_and(|version| version < 243) {
        return None;
    }
    let said =
        if unit.oom_policy.is_some() { "OOMPolicy=stop" } else { "OOMPolicy=stop (default)" };
    let found = Finding::advice(
        "oom-policy",
        &unit.name,
        format!("{} has {said}", unit.name),
        "when the kernel ends one of its processes for memory, systemd stops all the others; an app \
         with several workers would go on"
            .to_owned(),
    );
    let path = drop_in(&unit.name, "oom-policy");
    let text = "[Service]\nOOMPolicy=continue\n".to_owned();
    Some(found.file(&path, text).run("systemctl daemon-reload"))
}

fn stop_timeout(case: Case<'_>, unit: &Unit) -> Option<Finding> {
    let default = case.facts.manager.default_timeout_stop.as_deref();
    let given = unit.timeout_stop.as_deref().or(default);
    let stop = given.map_or(Some(Amount::Of(STOP_DEFAULT_MS)), time_span_ms)?;
    let shown = match stop {
        Amount::Of(ms) if ms <= POLITE_REBOOT_MS => return None,
        Amount::Of(ms) => format!("{} s", ms / 1000),
        Amount::Unbounded => "for ever".to_owned(),
    };
    let value = given.map_or("90s, the default".to_owned(), ToOwned::to_owned);
    let found = Finding::advice(
        "stop-timeout",
        &unit.name,
        format!("{} may take {shown} to stop (TimeoutStopSec={value})", unit.name),
        format!(
            "a polite reboot waits for it, and after {} s is given up for a forced one; a person's restart \
             waits for it, too",
            POLITE_REBOOT_MS / 1000
        ),
    );
    let path = drop_in(&unit.name, "stop");
    let text = "[Service]\nTimeoutStopSec=10s\n".to_owned();
    Some(found.file(&path, text).run("systemctl daemon-reload"))
}

fn score(_case: Case<'_>, unit: &Unit) -> Option<Finding> {
    let now = unit.oom_score_adj.or(unit.oom_score_adjust).unwrap_or(0);
    let is_set = unit.oom_score_adjust.is_some_and(|score| score >= APP_SCORE);
    if now >= APP_SCORE || is_set && unit.pid.is_none() {
        return None;
    }
    let found = Finding::advice(
        "oom-score-app",
        &unit.name,
        format!("the memory killer's score of {} is {now}", unit.name),
        format!(
            "at {APP_SCORE} the kernel ends the app, which defib starts again, before it ends what a \
             person needs to log in"
        ),
    );
    let restart = format!("systemctl daemon-reload && systemctl restart {}", unit.name);
    if is_set {
        return Some(found.run(restart));
    }
    let path = drop_in(&unit.name, "oom-score");
    let text = format!("[Service]\nOOMScoreAdjust={APP_SCORE}\n");
    Some(found.file(&path, text).run(restart))
}

fn own_watchdog(_case: Case<'_>, unit: &Unit) -> Option<Finding> {
    let time = unit.watchdog.as_ref()?;
    let found = Finding::advice(
        "healer-unit-watchdog",
        &unit.name,
        format!("systemd heals {} too (WatchdogSec={time})", unit.name),
        "a second healer ends the app on its own count, outside defib's budget of 4 an hour; defib \
         sees that as a death and verifies what follows"
            .to_owned(),
    );
    Some(found.person(
        "keep it if the app feeds it from its main loop; else set WatchdogSec=0 in a drop-in",
    ))
}
