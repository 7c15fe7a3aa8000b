//! The rules of a config, as TOML: for the machine, and for an app.

use super::Profile;
use super::draw::Spread;
use crate::chance::Chance;
use std::fmt::Write;

/// What the `[machine]` section says.
pub(super) struct Settings {
    pub(super) machine: String,
    pub(super) reboot_allowed: bool,
}

pub(super) fn draw(chance: &mut Chance, profile: Profile) -> Settings {
    let reboot_allowed = chance.below(2) == 0;
    let observes = profile != Profile::Agent && chance.once_in(16);
    let mode = if observes { "observe" } else { "act" };
    let reboot = if reboot_allowed { "allowed" } else { "never" };
    let mut machine = format!("[machine]\nmode = \"{mode}\"\nreboot = \"{reboot}\"\n");
    if chance.once_in(4) {
        let _ = writeln!(machine, "min_uptime = \"{}s\"", chance.spread(1, 7_200));
    }
    Settings { machine, reboot_allowed }
}

/// The further lines of an app that takes so long to warm up: defaults, the 1 s class, or anything
/// that the loader takes.
pub(super) fn of_app(chance: &mut Chance, warm_up_ms: u64, has_grace: bool) -> String {
    let mut lines = match chance.below(3) {
        0 => String::new(),
        1 => "interval = \"1s\"\ntimeout = \"1s\"\nwindow = \"3s\"\nrise = 3\nverify = \"3s\"\n"
            .into(),
        _ => custom(chance, has_grace),
    };
    // Most people give a slow app the grace that it needs; one in five does not.
    if warm_up_ms > 20_000 && !chance.once_in(5) {
        let _ = writeln!(lines, "start_grace = \"{}s\"", warm_up_ms * 2 / 1_000);
    }
    lines
}

/// The agent doubts itself by half of the shortest pace, but never by less than a second: the plans keep
/// to paces of which that second is the rule, so that agents of less detail need not know the others.
const FAST_MAX_MS: u64 = 2_000;

fn custom(chance: &mut Chance, has_grace: bool) -> String {
    let mut lines = String::new();
    let interval_ms = chance.spread(1_000, 60_000);
    let fast_ms = chance.spread(500, FAST_MAX_MS.min(interval_ms));
    let timeout_ms = chance.spread(500, 10_000);
    let window_ms = chance.between(timeout_ms, timeout_ms + 30_000);
    let mut line = |key: &str, ms: u64| {
        let _ = writeln!(lines, "{key} = \"{ms}ms\"");
    };
    line("interval", interval_ms);
    line("fast", fast_ms);
    line("timeout", timeout_ms);
    line("window", window_ms);
    let backoff_ms = chance.spread(500, 30_000);
    let further = [
        ("verify", chance.spread(1_000, 60_000)),
        ("relapse", chance.spread(10_000, 3_600_000)),
        ("healthy_reset", chance.spread(10_000, 3_600_000)),
        ("gentle_every", chance.spread(60_000, 900_000)),
        ("unknown_wait", chance.spread(10_000, 600_000)),
        ("restart_timeout", chance.spread(4_000, 120_000)),
        ("kill_timeout", chance.spread(4_000, 120_000)),
        ("start_timeout", chance.spread(4_000, 120_000)),
    ];
    for (key, ms) in further {
        if chance.below(2) == 0 {
            line(key, ms);
        }
    }
    if chance.below(2) == 0 {
        line("backoff", backoff_ms);
        line("backoff_max", chance.between(backoff_ms, 300_000));
    }
    if has_grace && chance.below(2) == 0 {
        line("grace", chance.spread(1, 3_900));
    }
    lines + &limits(chance)
}

fn limits(chance: &mut Chance) -> String {
    let mut lines = String::new();
    if chance.below(2) == 0 {
        let hour = chance.between(0, 6);
        let _ = writeln!(lines, "budget = {{ hour = {hour}, day = {} }}", chance.between(hour, 12));
    }
    if chance.below(2) == 0 {
        let _ = writeln!(lines, "incident_limit = {}", chance.between(0, 8));
    }
    if chance.below(2) == 0 {
        let _ = writeln!(lines, "rise = {}", chance.between(1, 8));
    }
    lines
}

/// Which faults may end in a reboot.
pub(super) fn reboot_on(chance: &mut Chance) -> String {
    const CLASSES: [&str; 6] = ["dead", "crash-loop", "hung", "spinning", "erroring", "memory"];
    let chosen: Vec<String> =
        CLASSES.iter().filter(|_| chance.below(2) == 0).map(|it| format!("\"{it}\"")).collect();
    format!("reboot_on = [{}]\n", chosen.join(", "))
}
