//! An app's rule as sentences, worked out from its numbers: what `defib check` prints.

use crate::app::REBOOT_CLASSES;
use crate::spec::{Config, Watchdog};
use crate::units::in_words;
use defib_engine::effect::Rung;
use defib_engine::policy::{AppPolicy, Budget, Mode, Permission, Policy, ProbePolicy, View};
use std::fmt::Write as _;

/// The rule of `app` under `policy`, a sentence an item.
pub fn rule_in_words(app: &AppPolicy, policy: &Policy) -> Vec<String> {
    let mut rule: Vec<String> = app.probes.iter().map(look).collect();
    let acts = [Rung::Start, Rung::Restart, Rung::Kill].iter().any(|&rung| app.rungs.has(rung));
    if acts {
        rule.extend(when_dead(app, policy));
        rule.extend(when_hung(app, policy));
        rule.extend(when_erroring(app, policy));
        rule.extend(when_wavering(app, policy));
        rule.extend(when_unclear(app));
        rule.push(format!("at most {} acts that end it in one incident", app.incident_limit));
    } else {
        rule.push("nothing is done for it: it is looked at and reported on".to_owned());
    }
    rule.extend(when_full(app));
    rule.push(reboot(app, policy));
    rule.push(
        "what was never expected of it (3xx, 4xx, a look that never passed): report".to_owned(),
    );
    rule.push(verify(app));
    if policy.mode == Mode::Observe {
        rule.push(
            "mode is observe: all this is decided and recorded, and nothing is done".to_owned(),
        );
    }
    rule
}

/// Whether a hardware watchdog may be armed, as a sentence.
pub fn watchdog_in_words(config: &Config) -> &'static str {
    let Config { policy, watchdog, .. } = config;
    match watchdog {
        Watchdog::Off => "no hardware watchdog: it is off",
        Watchdog::Auto if policy.reboot != Permission::Allowed => {
            "no hardware watchdog: a reset is a reboot, and that is never allowed"
        }
        Watchdog::Auto if policy.mode == Mode::Observe => "no hardware watchdog: mode is observe",
        Watchdog::Auto => {
            "a hardware watchdog, if there is one, resets the machine when defib itself stands still for a minute"
        }
    }
}

fn look(probe: &ProbePolicy) -> String {
    let what = match probe.view {
        View::App => "looks at the app",
        View::Listener => "looks whether the app listens",
        View::UserPath => "looks along the users' path",
        View::Dependency => "looks at something the app needs",
    };
    let mut sentence = format!("`{}` {what} every {}", probe.name, in_words(probe.interval_ms));
    if probe.fast_ms < probe.interval_ms {
        let _ = write!(sentence, ", every {} from the first failure on", in_words(probe.fast_ms));
    }
    let _ = write!(sentence, "; a look is over after {}", in_words(probe.timeout_ms));
    if probe.view == View::Dependency {
        sentence += "; while it fails, nothing that runs is ended";
    }
    sentence
}

fn when_dead(app: &AppPolicy, policy: &Policy) -> Option<String> {
    if !app.rungs.has(Rung::Start) {
        return None;
    }
    let when = if app.process_known && policy.weights.died_db >= policy.bars.start_db {
        "its process ends: start it at once".to_owned()
    } else {
        let bar_db = policy.bars.start_db;
        let looks = conviction(app, policy, policy.weights.refused_db, bar_db)?;
        format!("nothing listens: start it {looks}")
    };
    let first = in_words(app.backoff_first_ms);
    let longest = in_words(app.backoff_max_ms);
    Some(format!("{when}; again after {first}, doubling to {longest}, for ever"))
}

fn when_hung(app: &AppPolicy, policy: &Policy) -> Option<String> {
    let looks = conviction(app, policy, policy.weights.timeout_db, policy.bars.kill_db)?;
    let gently = format!("one gentle restart every {}", in_words(app.gentle_every_ms));
    let hangs = "it hangs (no answer in time)";
    if app.rungs.has(Rung::Kill) {
        let often = often(&app.budget);
        return Some(format!(
            "{hangs}: kill and start {looks}, {often}; when that is spent, {gently}"
        ));
    }
    let often = often(&app.budget);
    app.rungs
        .has(Rung::Restart)
        .then(|| format!("{hangs}: restart {looks}, {often}; when that is spent, {gently}"))
}

/// Failures with good looks between them: a sum that each failed look raises and each good one lowers.
fn when_wavering(app: &AppPolicy, policy: &Policy) -> Option<String> {
    let (fail, pass) = (policy.weights.cusum_fail, policy.weights.cusum_pass);
    if !app.rungs.has(Rung::Restart) || fail <= 0 || pass <= 0 {
        return None;
    }
    let count = (policy.bars.cusum_alarm.max(1) + fail - 1) / fail;
    let undone = fail / pass;
    let interval_ms = app.probes.iter().map(|probe| probe.interval_ms).min().unwrap_or(0);
    let pace = in_words(app.cusum_pace_ms(interval_ms, false));
    Some(format!(
        "it fails now and then: one restart after {count} failures, each undone by {undone} good looks \
         (one look counted every {pace})"
    ))
}

fn when_unclear(app: &AppPolicy) -> Option<String> {
    let wait = in_words(app.unknown_wait_ms);
    let sentence = format!("the looks contradict each other for {wait}: one restart");
    app.rungs.has(Rung::Restart).then_some(sentence)
}

fn when_erroring(app: &AppPolicy, policy: &Policy) -> Option<String> {
    if !app.rungs.has(Rung::Restart) {
        return None;
    }
    let weights = &policy.weights;
    let looks = conviction(app, policy, weights.server_error_db, policy.bars.restart_db)?;
    let then = if app.rungs.has(Rung::Kill) { "; then kill and start" } else { "" };
    let often = often(&app.budget);
    Some(format!("it answers wrongly (5xx, body): restart {looks}, {often}{then}; then a person"))
}

/// After how many looks of `weight_db` each the evidence reaches `bar_db`, and over how long: one
/// source alone is capped until its failing stretch reaches the window.
fn conviction(app: &AppPolicy, policy: &Policy, weight_db: i16, bar_db: i16) -> Option<String> {
    if weight_db <= 0 {
        return None;
    }
    let count = (bar_db.max(1) + weight_db - 1) / weight_db;
    let plural = if count == 1 { "look" } else { "looks" };
    let mut sentence = format!("after {count} failed {plural}");
    let cap_db = policy.weights.source_cap_db;
    if bar_db > cap_db {
        let _ = write!(sentence, " over {}", in_words(app.window_ms));
    }
    Some(sentence)
}

fn often(budget: &Budget) -> String {
    if budget.short_limit == 0 || budget.long_limit == 0 {
        return "which its budget never allows".to_owned();
    }
    let short = period(budget.short_ms);
    let long = period(budget.long_ms);
    format!("at most {} {short} and {} {long}", budget.short_limit, budget.long_limit)
}

fn period(ms: u64) -> String {
    match ms {
        3_600_000 => "an hour".to_owned(),
        86_400_000 => "a day".to_owned(),
        ms => format!("in {}", in_words(ms)),
    }
}

fn reboot(app: &AppPolicy, policy: &Policy) -> String {
    let classes: Vec<&str> = REBOOT_CLASSES
        .iter()
        .filter(|(_, class)| app.reboot_on.has(*class))
        .map(|(name, _)| *name)
        .collect();
    let allowed = policy.reboot == Permission::Allowed && app.rungs.has(Rung::Reboot);
    if !allowed || classes.is_empty() {
        return "reboot the machine: never".to_owned();
    }
    format!(
        "reboot the machine (for {}) when nothing else helps: {}, and not before it was up for {}",
        classes.join(", "),
        often(&policy.reboot_budget),
        in_words(policy.min_uptime_ms)
    )
}

/// What `[machine] clean` names.
fn when_full(app: &AppPolicy) -> Option<String> {
    let sentence = format!(
        "it fails because a disk is full: delete what `clean` of [machine] names there, at most once in {}; then a person",
        in_words(app.gentle_every_ms)
    );
    app.rungs.has(Rung::Clean).then_some(sentence)
}

fn verify(app: &AppPolicy) -> String {
    format!(
        "recovered: {} good looks in a row over {}; down again within {} counts against the act",
        app.rise,
        in_words(app.verify_ms),
        in_words(app.relapse_ms)
    )
}
