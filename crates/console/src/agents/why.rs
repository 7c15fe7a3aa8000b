//! `why APP`: what is believed now, and what would be done next.

use crate::agents::ask::{ask_all, holders};
use crate::agents::find::Asked;
use crate::agents::status::{frozen_of, maybe, text};
use crate::agents::status_text::{cannot_start, frozen_line};
use crate::answer::Answer;
use crate::cli::args::{AppArgs, Global};
use crate::clock::Clock;
use crate::page::put;
use crate::style::{Style, Tone, harmless, tone_of_state};
use crate::view::BootEnd;
use crate::words::{self, Names};
use defib_engine::note::Refusal;
use defib_journal::json::from_slice;
use serde_json::{Value, json};

/// `why APP`
pub fn why(args: &AppArgs, global: &Global, clock: &Clock, style: Style) -> Answer {
    let question = json!({"do": "why", "app": args.app});
    let asked = Asked::of(global, args.state.as_deref());
    let answers = match holders(&asked, &args.app).and_then(|agents| ask_all(&agents, &question)) {
        Ok(answers) => answers,
        Err(answer) => return answer,
    };
    if !global.json {
        return Answer::done(
            answers.iter().map(|answer| draw(&args.app, answer, clock, style)).collect::<String>(),
        );
    }
    let shown = answers.into_iter().map(|mut answer| {
        answer["schema"] = json!("defib.why/1");
        answer["app"] = json!(args.app);
        format!("{answer}\n")
    });
    Answer::done(shown.collect::<String>())
}

fn draw(app: &str, answer: &Value, clock: &Clock, style: Style) -> String {
    let state = text(&answer["state"]);
    let painted = style.paint(tone_of_state(&state), &state.to_uppercase());
    let class = maybe(&answer["class"]).map_or_else(String::new, |c| format!(", class {c}"));
    let mut out = format!("{} is {painted}{}\n", harmless(app), harmless(&class));
    if let Some(machine) = maybe(&answer["machine"]) {
        put!(out, "{}\n", harmless(&machine));
    }
    if let Some(score) = answer["score_db"].as_i64() {
        put!(out, "evidence: {score} dB");
        out.push_str(&bars(&answer["bars"]));
        out.push('\n');
    }
    for piece in answer["evidence"].as_array().into_iter().flatten() {
        put!(out, "    {}\n", harmless(&evidence(piece)));
    }
    for refusal in answer["refusals"].as_array().into_iter().flatten() {
        out.push_str(&guard(refusal, style));
    }
    out.push_str(&cannot_start(answer["why_not"].as_str(), style));
    if let Some(frozen) = frozen_of(answer) {
        out.push_str(&frozen_line(&frozen, clock, style));
    }
    if let Some(end) = BootEnd::of_wire(&answer["last_boot"]) {
        put!(out, "last boot: {}\n", harmless(&words::boot_end(&end)));
        for trace in &end.traces {
            put!(out, "    {}\n", words::trace(*trace));
        }
    }
    if let Some(next) = maybe(&answer["next"]) {
        put!(out, "next: {}\n", harmless(&next));
    }
    out
}

fn bars(bars: &Value) -> String {
    let each = bars.as_object().into_iter().flatten();
    let parts: Vec<String> = each
        .map(|(rung, bar)| format!("{} at {}", rung.trim_end_matches("_db"), text(bar)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" (bars: {})", parts.join(", ")) }
}

/// The agent may give a sentence, or an object with a sentence in it, or parts.
fn evidence(piece: &Value) -> String {
    if let Some(said) = maybe(&piece["text"]) {
        return said;
    }
    let Some(parts) = piece.as_object() else { return text(piece) };
    let parts = parts.iter().filter(|(_, value)| !value.is_null());
    parts.map(|(name, value)| format!("{name} {}", text(value))).collect::<Vec<_>>().join(", ")
}

fn guard(refusal: &Value, style: Style) -> String {
    let holds = refusal["holds"].as_bool().unwrap_or(false);
    let (mark, tone) = if holds { ("blocks", Tone::Warn) } else { ("clear", Tone::Dim) };
    let name = maybe(&refusal["guard"]).unwrap_or_default();
    let why = reason(&refusal["refusal"]).map_or_else(String::new, |said| format!(": {said}"));
    let mark = style.paint(tone, &format!("{mark:<6}"));
    format!("    {mark}  {}{}\n", harmless(&name), harmless(&why))
}

/// The engine's refusal in its journal shape, as a sentence; what this defib does not know is shown
/// as it came.
fn reason(refusal: &Value) -> Option<String> {
    if refusal.is_null() {
        return None;
    }
    let shape = refusal.to_string();
    match from_slice::<Refusal>(shape.as_bytes()) {
        Ok(known) => Some(words::refusal(known, &Names::default(), None)),
        Err(_) => Some(shape),
    }
}
