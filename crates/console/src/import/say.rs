//! What a person is told before anything is changed.

use super::crontab::Entry;
use super::guard::{Guard, Target};
use super::plan::{Fate, Plan};
use super::text::carried_timeout;
use crate::page::put;
use crate::style::harmless;

/// Which lines became what, and what will be different.
pub(crate) fn say(plan: &Plan, entries: &[Entry], allow_reboot: bool) -> String {
    let (understood, related) = plan.counts();
    let mut out = String::new();
    if related == 0 {
        put!(
            out,
            "none of {} lines looks at a site and acts, or starts one at boot\n",
            entries.len()
        );
        return out;
    }
    let lines = if related == 1 { "line is" } else { "lines are" };
    put!(out, "{understood} of {related} {lines} understood");
    match entries.len() - related {
        0 => out += "\n",
        1 => out += "; 1 other has nothing to do with this\n",
        others => put!(out, "; {others} others have nothing to do with this\n"),
    }
    let width = entries.iter().map(|entry| entry.place.to_string().len()).max().unwrap_or(0);
    for (entry, fate) in entries.iter().zip(&plan.fates) {
        let place = harmless(&entry.place.to_string());
        let pace = entry.pace();
        match fate {
            Fate::Understood(app) => put!(out, "  {place:<width$}  {pace}: {app}\n"),
            Fate::Left(why) => {
                let why = why.strip_prefix(&format!("{place}: ")).unwrap_or(why);
                put!(out, "  {place:<width$}  {pace}: stays: {}\n", harmless(why));
            }
            Fate::Unrelated => {}
        }
    }
    if !plan.guards.is_empty() {
        out += "\nwhat will be different:\n";
        for guard in &plan.guards {
            for change in changes(guard, plan, entries, allow_reboot) {
                put!(out, "  {}: {}\n", guard.name, harmless(&change));
            }
        }
    }
    out
}

/// What the config does that the lines did not, and the reverse.
fn changes(guard: &Guard, plan: &Plan, entries: &[Entry], allow_reboot: bool) -> Vec<String> {
    let mut changes = Vec::new();
    let looking = guard.lines.iter().find(|&&line| !guard.starts(line));
    let pace = looking.map_or_else(String::new, |&line| format!(", not {}", entries[line].pace()));
    changes.push(format!("looks every 5 s{pace}; one bad look alone is never believed"));
    changes.extend(deadline(guard));
    changes.extend(answers(guard));
    changes.extend(acts(guard, allow_reboot));
    if guard.look.trusts_all {
        changes.push(
            "the certificate is verified; a bad one is reported, and nothing is done for it"
                .to_owned(),
        );
    }
    let also: std::collections::BTreeSet<&String> = guard.also.iter().collect();
    changes.extend(also.into_iter().map(|what| format!("does not wait for: {what}")));
    for &line in &guard.lines {
        let besides = plan.besides[line].iter();
        changes.extend(besides.map(|what| format!("no longer done: {what}")));
    }
    if let Target::Start(launch) = &guard.target {
        let program = launch.argv.first().map_or("", String::as_str);
        changes.push(format!(
            "defib keeps {program} as it runs, and starts it when it does not: its output then goes to \
             defib's own file, not where the line sent it"
        ));
    }
    changes
}

fn deadline(guard: &Guard) -> Option<String> {
    match (carried_timeout(guard), guard.look.timeout_s) {
        (Some(_), _) => None,
        (None, Some(timeout_s)) if timeout_s <= 3 => None,
        (None, Some(timeout_s)) => {
            Some(format!("a look fails after 3 s, not after {timeout_s} s: `timeout` changes that"))
        }
        (None, None) => Some(
            "a look fails after 3 s; the line waited for ever: `timeout` changes that".to_owned(),
        ),
    }
}

fn answers(guard: &Guard) -> Option<String> {
    let look = &guard.look;
    let judges = look.expect.is_some() || look.contains.is_some() || look.fails_on_status;
    (!judges).then(|| {
        "wants status 200; the line took any answer for good, a 500 too: `expect` changes that"
            .to_owned()
    })
}

fn acts(guard: &Guard, allow_reboot: bool) -> Vec<String> {
    let mut changes = Vec::new();
    let acts = match guard.target {
        Target::Nothing => None,
        Target::Recover(..) => Some("your command is run"),
        Target::Service(_) | Target::Start(_) => Some("it is restarted"),
    };
    if let Some(acts) = acts {
        changes.push(format!(
            "{acts} at most 4 times an hour and 10 a day; started whenever it does not run"
        ));
    }
    match (&guard.reboot, allow_reboot) {
        (Some(_), true) => changes.push(
            "the machine is rebooted only when nothing else helps, at most once in 6 h and twice a day"
                .to_owned(),
        ),
        (Some(place), false) => {
            changes.push(format!("the machine is never rebooted, which {place} does: --allow-reboot"));
        }
        (None, _) => {}
    }
    changes
}
