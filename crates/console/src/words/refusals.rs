//! Reasons not to act, each with the two values that disagree.

use crate::words::{Names, acts, looks, span};
use defib_engine::note::Refusal;
use defib_engine::time::Moment;

/// Why nothing is done, as said at the moment `now`; without one, lengths of time stay vague.
pub fn refusal(refusal: Refusal, names: &Names, now: Option<Moment>) -> String {
    let left = |until: Moment| left(until, now);
    match refusal {
        Refusal::Observing => "the config says observe, not act".to_owned(),
        Refusal::ShuttingDown { .. } => "the machine is shutting down".to_owned(),
        Refusal::Stopped => "a person stopped it".to_owned(),
        Refusal::Held { until } => format!("held for {} more", left(until)),
        Refusal::Announced { until } => {
            format!("the app itself asked for {} (Retry-After)", left(until))
        }
        Refusal::ClassForbids { class } => {
            format!("no act cures a fault of class {}", looks::class(class))
        }
        Refusal::DependencyDown { probe } => {
            format!("what it depends on is down: {}", names.probe(probe))
        }
        Refusal::DependencyUnseen { probe } => {
            format!("what it depends on is looked at first: {}", names.probe(probe))
        }
        Refusal::SupervisorFirst { until } => {
            format!("its own supervisor starts it within {}", left(until))
        }
        Refusal::StartGrace { until } => {
            format!("just started: only death counts for {} more", left(until))
        }
        Refusal::BackOff { until } => format!("the next start is in {}", left(until)),
        Refusal::Spacing { until } => format!("the pause between two acts lasts {}", left(until)),
        Refusal::Unclear { until } => {
            format!("the evidence is unclear: watched for {} more", left(until))
        }
        refusal => limit(refusal, names, now),
    }
}

fn left(until: Moment, now: Option<Moment>) -> String {
    now.map_or_else(|| "some time".to_owned(), |now| span(until.since(now)))
}

/// The refusals that name a limit.
fn limit(refusal: Refusal, names: &Names, now: Option<Moment>) -> String {
    match refusal {
        Refusal::SelfDoubt { level } => {
            format!("defib doubts its own eyes (level {level} of 8)")
        }
        Refusal::TooFewLooks { have, need } => {
            format!("too few looks yet: {have} of {need}")
        }
        Refusal::BelowBar { have_db, need_db } => {
            format!("evidence {have_db} dB of the {need_db} dB needed")
        }
        Refusal::NotPermitted { rung } => format!("{} is not allowed here", acts::rung(rung)),
        Refusal::NotPossible { rung } => format!("{} is not possible here", acts::rung(rung)),
        Refusal::BudgetSpent { used, limit, until } => {
            format!(
                "the budget is spent: {used} of {limit} acts, the next is free in {}",
                left(until, now)
            )
        }
        Refusal::Frozen { reboots, limit, until } => {
            let end = now.map_or_else(
                || "a day after the last of them".to_owned(),
                |now| format!("in {}", span(until.since(now))),
            );
            format!(
                "frozen: {reboots} reboots without recovery, {limit} are the most; it ends {end}, or by \
                 'defib resume'"
            )
        }
        Refusal::IncidentSpent { used, limit } => {
            format!("this incident has had its acts: {used} of {limit}")
        }
        Refusal::MinUptime { have_ms, need_ms } => {
            format!("the machine is up for {} of the {} needed", span(have_ms), span(need_ms))
        }
        Refusal::ActRunning { app } => {
            format!("an act on {} comes first", names.app(app))
        }
        // The guards above have been worded by the caller.
        other => format!("{other:?}"),
    }
}
