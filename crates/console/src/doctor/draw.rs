//! The doctor's word for a person: what there is, what could be done, what to change.

use super::advice::{Finding, Fix, Severity};
use super::report::Report;
use super::rungs::{Rung, State};
use super::summary;
use crate::page::put;
use crate::style::{Style, Tone, harmless};
use std::fmt::Write as _;

pub(crate) fn text(report: &Report, quiet: bool, style: Style) -> String {
    let mut out = String::new();
    if !quiet {
        for (key, value) in summary::lines(report) {
            put!(out, "{key:<10} {}\n", harmless(&value));
        }
        out.push('\n');
        out.push_str(&table(&report.table, style));
        out.push('\n');
    }
    for (index, finding) in report.findings.iter().enumerate() {
        one(&mut out, index + 1, finding, style);
    }
    for unseen in &report.unseen {
        put!(out, "not seen: {}\n", harmless(unseen));
    }
    put!(out, "{}\n", closing(report));
    out
}

fn table(rungs: &[Rung], style: Style) -> String {
    let about = rungs.iter().map(|rung| rung.about.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for rung in rungs {
        let (tone, word, reason) = state(&rung.state);
        let word = style.paint(tone, &format!("{word:<11}"));
        let name = harmless(&rung.about);
        put!(out, "{name:about$}  {:<13}  {word}  {}\n", rung.name, harmless(reason));
    }
    out
}

fn state(state: &State) -> (Tone, &'static str, &str) {
    match state {
        State::Can(how) => (Tone::Good, "can", how),
        State::Cannot(why) => (Tone::Bad, "cannot", why),
        State::NotAllowed(why) => (Tone::Warn, "not allowed", why),
    }
}

fn one(out: &mut String, number: usize, finding: &Finding, style: Style) {
    let tone = match finding.severity {
        Severity::Impossible => Tone::Bad,
        Severity::Advice => Tone::Warn,
    };
    put!(*out, "{number}. {}\n", style.paint(tone, &harmless(&finding.what)));
    put!(*out, "   why: {}\n", harmless(&finding.why));
    for fix in &finding.fixes {
        match fix {
            Fix::File { path, text } => {
                put!(*out, "   write {path}\n");
                for line in text.lines() {
                    put!(*out, "       {line}\n");
                }
            }
            Fix::Run(command) => put!(*out, "   run {}\n", harmless(command)),
            Fix::Do(what) => put!(*out, "   do: {}\n", harmless(what)),
        }
    }
    out.push('\n');
}

fn closing(report: &Report) -> String {
    let impossible = report.count(Severity::Impossible);
    let advice = report.count(Severity::Advice);
    let mut said = match (impossible, advice) {
        (0, 0) => "nothing to say against this machine".to_owned(),
        (0, count) => format!("{count} to do"),
        (broken, count) => format!("{broken} promised and impossible, {count} to do"),
    };
    said.push_str("; nothing was changed");
    said
}

/// One record a line, tabs between its fields.
pub(crate) fn plain(report: &Report) -> String {
    let mut out = String::new();
    for (key, value) in summary::lines(report) {
        put!(out, "fact\t{key}\t{}\n", flat(&value));
    }
    for rung in &report.table {
        let (_, word, reason) = state(&rung.state);
        put!(out, "rung\t{}\t{}\t{word}\t{}\n", flat(&rung.about), rung.name, flat(reason));
    }
    for finding in &report.findings {
        let severity = severity(finding.severity);
        let Finding { id, about, what, why, .. } = finding;
        let (about, what, why) = (flat(about), flat(what), flat(why));
        put!(out, "{severity}\t{id}\t{about}\t{what}\t{why}\n");
        for fix in &finding.fixes {
            match fix {
                Fix::File { path, text } => put!(out, "write\t{id}\t{path}\t{}\n", flat(text)),
                Fix::Run(command) => put!(out, "run\t{id}\t{}\n", flat(command)),
                Fix::Do(what) => put!(out, "do\t{id}\t{}\n", flat(what)),
            }
        }
    }
    for unseen in &report.unseen {
        put!(out, "unseen\t{}\n", flat(unseen));
    }
    out
}

/// The word for a severity.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Impossible => "impossible",
        Severity::Advice => "advice",
    }
}

fn flat(text: &str) -> String {
    let mut out = String::new();
    for line in harmless(text).trim_end().replace('\t', " ").split('\n') {
        let gap = if out.is_empty() { "" } else { "\\n" };
        write!(out, "{gap}{line}").unwrap_or(());
    }
    out
}
