//! The rules of a journal, as a config that the real loader reads back to the same rules.

use crate::plan::Keeper;
use defib_config::Host;
use defib_engine::policy::{AppPolicy, Mode, Permission, Policy, View};
use std::fmt::Write;

/// Each kind of target, with its lines.
const TARGETS: [(Keeper, &str); 4] = [
    (Keeper::Agent, "start = [\"/srv/app\"]\nuser = \"nobody\"\n"),
    (Keeper::Command, "recover = [\"/usr/local/bin/recover\"]\n"),
    (Keeper::Unit { restart_ms: None }, "unit = \"app-of-trace\"\n"),
    (Keeper::Command, ""),
];

/// The port of the first app; each has its own.
const FIRST_PORT: usize = 9_000;

/// A config text with these rules, and who keeps each app.
pub(super) fn config(policy: &Policy) -> Result<(String, Vec<Keeper>), String> {
    let machine = machine(policy);
    let mut text = machine.clone();
    let mut keepers = Vec::new();
    for (index, rules) in policy.apps.iter().enumerate() {
        let section = |target: &str| section(rules, FIRST_PORT + index, target);
        let is_this = |(_, target): &&(Keeper, &str)| {
            let alone = machine.clone() + &section(target);
            let loaded = defib_config::load(&alone, &Host { root: true });
            loaded.is_ok_and(|loaded| is_same(&loaded.config.policy.apps[0], rules))
        };
        let found = TARGETS.iter().find(is_this);
        let (keeper, target) = found
            .ok_or_else(|| format!("no config gives these rules of {}: {rules:?}", rules.name))?;
        text += &section(target);
        keepers.push(*keeper);
    }
    Ok((text, keepers))
}

/// The same rules, wherever the looks are aimed. An order to reboot had less time before there was a ladder;
/// no recorded world reboots.
fn is_same(loaded: &AppPolicy, recorded: &AppPolicy) -> bool {
    let mut loaded = loaded.clone();
    for (own, other) in loaded.probes.iter_mut().zip(&recorded.probes) {
        own.fingerprint = other.fingerprint;
    }
    loaded.deadlines.reboot_ms = recorded.deadlines.reboot_ms;
    loaded == *recorded
}

fn machine(policy: &Policy) -> String {
    let mode = if policy.mode == Mode::Act { "act" } else { "observe" };
    let reboot = if policy.reboot == Permission::Allowed { "allowed" } else { "never" };
    let min_uptime_ms = policy.min_uptime_ms;
    format!(
        "[machine]\nmode = \"{mode}\"\nreboot = \"{reboot}\"\nmin_uptime = \"{min_uptime_ms}ms\"\n"
    )
}

fn section(rules: &AppPolicy, port: usize, target: &str) -> String {
    let mut text = format!("\n[app.{}]\n", rules.name);
    let mut own = rules.probes.iter().filter(|probe| probe.view != View::Dependency);
    let _ = writeln!(text, "url = \"http://127.0.0.1:{port}/\"\n{target}");
    if let Some(probe) = own.next() {
        let times = [
            ("interval", probe.interval_ms),
            ("fast", probe.fast_ms),
            ("timeout", probe.timeout_ms),
        ];
        for (key, ms) in times {
            line(&mut text, key, ms);
        }
    }
    let times = [
        ("window", rules.window_ms),
        ("verify", rules.verify_ms),
        ("start_grace", rules.start_grace_ms),
        ("relapse", rules.relapse_ms),
        ("healthy_reset", rules.healthy_reset_ms),
        ("backoff", rules.backoff_first_ms),
        ("backoff_max", rules.backoff_max_ms),
        ("gentle_every", rules.gentle_every_ms),
        ("unknown_wait", rules.unknown_wait_ms),
        ("start_timeout", u64::from(rules.deadlines.start_ms)),
        ("reload_timeout", u64::from(rules.deadlines.reload_ms)),
        ("restart_timeout", u64::from(rules.deadlines.restart_ms)),
        ("kill_timeout", u64::from(rules.deadlines.kill_ms)),
    ];
    for (key, ms) in times {
        line(&mut text, key, ms);
    }
    let (hour, day) = (rules.budget.short_limit, rules.budget.long_limit);
    let _ = writeln!(text, "rise = {}\nincident_limit = {}", rules.rise, rules.incident_limit);
    let _ = writeln!(text, "budget = {{ hour = {hour}, day = {day} }}");
    for probe in rules.probes.iter().filter(|probe| probe.view == View::Dependency) {
        let _ = writeln!(text, "\n[app.{}.depends.{}]", rules.name, probe.name);
        text += "tcp = \"127.0.0.1:5432\"\n";
        line(&mut text, "interval", probe.interval_ms);
        line(&mut text, "fast", probe.fast_ms);
        line(&mut text, "timeout", probe.timeout_ms);
    }
    text
}

fn line(text: &mut String, key: &str, ms: u64) {
    let _ = writeln!(text, "{key} = \"{ms}ms\"");
}
