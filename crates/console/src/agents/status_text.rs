//! `status` for a person, and for Nagios.

use crate::agents::ask::NOBODY;
use crate::agents::find::Agent;
use crate::agents::status::{AgentStatus, AppStatus, Word};
use crate::answer::Answer;
use crate::cli::args::{Global, StatusArgs};
use crate::clock::{self, Clock, parse_rfc3339};
use crate::page::put;
use crate::style::{Style, Tone, harmless, tone_of_state};
use crate::view::{BootEnd, View};
use crate::words::{self, boot_end, span};
use defib_journal::boot::BootEnding;

/// How long the end of a boot is news.
const NEWS_MS: i64 = 86_400_000;

pub(crate) fn draw(
    words: &[(Agent, Word)],
    args: &StatusArgs,
    global: &Global,
    clock: &Clock,
    style: Style,
) -> Answer {
    if words.is_empty() {
        return Answer::failed(1, NOBODY);
    }
    let mut answer = Answer::default();
    let mut alive = false;
    for (agent, word) in words {
        match word {
            Word::Live(status) => {
                alive = true;
                answer.out.push_str(&live(status, global, clock, style));
            }
            Word::Last(error, reading) => {
                answer.out.push_str(&last(&reading.view, clock, style));
                put!(answer.err, "{}\n", error.sentence(&agent.socket));
            }
            Word::Nothing(error) => {
                put!(answer.err, "{}\n", error.sentence(&agent.socket));
            }
        }
    }
    if let (Some(app), true) = (&args.app, answer.out.is_empty() && alive) {
        return Answer::failed(1, format!("no app '{app}'\nsee: defib status"));
    }
    answer.with_code(u8::from(!alive))
}

fn live(status: &AgentStatus, global: &Global, clock: &Clock, style: Style) -> String {
    let mut out = String::new();
    let width = status.apps.iter().map(|app| app.app.chars().count()).max().unwrap_or(0);
    for app in &status.apps {
        out.push_str(&app_line(app, width, clock, style));
        if !global.quiet && (global.verbose > 0 || app.state != "up") {
            out.push_str(&details(app, style));
        } else if !global.quiet {
            out.push_str(&cannot_start(app.why_not.as_deref(), style));
        }
    }
    if status.mode == "observe" {
        out.push_str("mode observe: decisions are recorded, nothing is done\n");
    }
    if let Some(frozen) = &status.frozen {
        out.push_str(&frozen_line(frozen, clock, style));
    }
    if status.doubt > 0 {
        put!(out, "defib doubts its own eyes: level {} of 8\n", status.doubt);
    }
    if let Some(end) = status.last_boot.as_ref().filter(|_| !global.quiet) {
        out.push_str(&last_boot(end, global.verbose > 0, clock));
    }
    if let Some(error) = &status.config_error {
        let said = format!("the last reload was refused; the old config is in force: {error}");
        put!(out, "{}\n", style.paint(Tone::Warn, &harmless(&said)));
    }
    if let Some(error) = &status.journal_error {
        let said = format!("what happens now may leave no trace: {error}");
        put!(out, "{}\n", style.paint(Tone::Warn, &harmless(&said)));
    }
    out
}

/// An end in order is nobody's news; neither is one of more than a day ago.
fn last_boot(end: &BootEnd, is_asked_for: bool, clock: &Clock) -> String {
    let age_ms = end.began_wall_ms.map(|began| clock::now_ms() - began.cast_signed());
    let is_news = end.ending != BootEnding::Orderly && age_ms.is_none_or(|ms| ms < NEWS_MS);
    if !is_news && !is_asked_for {
        return String::new();
    }
    let at = end.began_wall_ms.map(|began| clock.date_time(began.cast_signed()));
    let since = at.map_or_else(String::new, |at| format!(", up again since {at}"));
    format!("last boot: {}{since}\n", harmless(&boot_end(end)))
}

/// Why the machine is not rebooted, and how that ends.
pub(crate) fn frozen_line((reboots, until): &(u64, String), clock: &Clock, style: Style) -> String {
    let until = parse_rfc3339(until).map_or_else(|| until.clone(), |ms| clock.date_time(ms));
    let said = format!("frozen: {reboots} reboots without recovery, until {until} or defib resume");
    format!("{}\n", style.paint(Tone::Warn, &harmless(&said)))
}

fn app_line(app: &AppStatus, width: usize, clock: &Clock, style: Style) -> String {
    let tone = tone_of_state(&app.state);
    let state = style.paint(tone, &format!("{} {:<9}", style.mark(tone), app.state.to_uppercase()));
    let mut facts: Vec<String> = Vec::new();
    facts.extend(app.drill.then(|| "DRILL".to_owned()));
    facts.extend(app.class.clone());
    match (app.up_for_s, app.since.as_deref().and_then(parse_rfc3339)) {
        (Some(up_s), _) if app.state == "up" => {
            facts.push(format!("for {}", span((up_s.max(0.0) * 1000.0) as u64)));
        }
        (_, Some(since)) => facts.push(format!("since {}", clock.date_time(since))),
        _ => {}
    }
    // How long a look failed for is no answer's time.
    let good = app.probes.first().filter(|probe| matches!(probe.seen.as_str(), "pass" | "slow"));
    if let Some(ms) = good.and_then(|probe| probe.latency_ms) {
        facts.push(format!("answers in {ms:.0} ms"));
    }
    facts.extend(app.incident.map(|id| format!("incident {id}")));
    if let Some(until) = app.held_until.as_deref().and_then(parse_rfc3339) {
        facts.push(format!("held until {}", clock.time(until)));
    }
    let name = harmless(&app.app);
    let pad = width.saturating_sub(name.chars().count());
    format!("{state} {name}{:pad$}  {}\n", "", harmless(&facts.join(", ")))
}

/// One that is up and cannot be started is not the one that answers.
pub(super) fn cannot_start(why_not: Option<&str>, style: Style) -> String {
    let why = why_not.and_then(words::why_no_start);
    let line = |why| style.paint(Tone::Warn, &harmless(&words::cannot_start(why)));
    why.map_or_else(String::new, |why| format!("    {}\n", line(why)))
}

fn details(app: &AppStatus, style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(app.next.as_ref().map(|next| format!("next: {next}")));
    for probe in &app.probes {
        let age = probe.age_s.map_or_else(String::new, |age| format!(", {age:.0} s ago"));
        let took = probe.latency_ms.map_or_else(String::new, |ms| format!(" in {ms:.0} ms"));
        lines.push(format!("{} ({}): {}{took}{age}", probe.probe, probe.view, probe.seen));
    }
    if let (Some((hour, hour_max)), Some((day, day_max))) = (app.hour, app.day) {
        lines.push(format!("acts: {hour} of {hour_max} this hour, {day} of {day_max} today"));
    }
    lines.extend(
        app.starts.filter(|count| *count > 0).map(|count| format!("starts in a row: {count}")),
    );
    if !app.rungs.is_empty() {
        lines.push(format!("possible: {}", app.rungs.join(", ")));
    }
    lines.extend(app.why_not.as_ref().map(|why| format!("not possible: {why}")));
    lines.extend(app.incident.map(|id| format!("the story so far: defib explain {id}")));
    let paint = |line: &String| format!("    {}\n", style.paint(Tone::Dim, &harmless(line)));
    lines.iter().map(paint).collect()
}

fn last(view: &View, clock: &Clock, style: Style) -> String {
    let mut out = String::new();
    let when = clock.date_time(view.now().wall_ms);
    for app in view.apps() {
        let state = style.paint(Tone::Dim, &format!("{} {:<9}", style.mark(Tone::Dim), "UNKNOWN"));
        let incident =
            app.incident.map_or_else(String::new, |id| format!(", incident {id} was open"));
        put!(out, "{state} {}  was {} at {when}{incident}\n", harmless(&app.name), app.word.text());
    }
    match view.stopped() {
        Some(reason) => put!(out, "defib stopped at {when}: {}\n", harmless(reason)),
        None => {
            put!(out, "defib's last word was at {when}, and it said no good-bye\n");
        }
    }
    out
}

/// One line, and Nagios' code: the worst app's.
pub(crate) fn nagios(words: &[(Agent, Word)]) -> Answer {
    let mut apps: Vec<(u8, String)> = Vec::new();
    for (_, word) in words {
        match word {
            Word::Live(status) => apps.extend(
                status.apps.iter().map(|app| (nagios_code(&app.state), harmless(&app.app))),
            ),
            other => match other.last() {
                Some(view) => {
                    apps.extend(view.apps().iter().map(|app| (3, harmless(&app.name))));
                }
                None => apps.push((3, "agent".to_owned())),
            },
        }
    }
    let worst = [2, 3, 1, 0].into_iter().find(|code| apps.iter().any(|(c, _)| c == code));
    let Some(worst) = worst else {
        return Answer::done("DEFIB UNKNOWN: no agent is known here\n").with_code(3);
    };
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::from(worst)];
    let up = apps.iter().filter(|(code, _)| *code == 0).count();
    let bad: Vec<&str> = apps
        .iter()
        .filter(|(code, _)| *code == worst && worst > 0)
        .map(|(_, n)| n.as_str())
        .collect();
    let named = if bad.is_empty() { String::new() } else { format!(": {}", bad.join(", ")) };
    let head: String =
        format!("DEFIB {word}: {up} of {} up{named}", apps.len()).chars().take(80).collect();
    let out = format!("{head} | up={up};;;0;{}\n", apps.len());
    Answer::done(out).with_code(worst)
}

fn nagios_code(state: &str) -> u8 {
    match state {
        "up" => 0,
        "down" | "acting" | "waiting" => 2,
        "slow" | "suspect" | "verifying" | "held" | "starting" | "stopped" => 1,
        _ => 3,
    }
}
