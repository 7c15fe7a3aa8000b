//! The forms in which a run is told.

use crate::clock::{Clock, rfc3339};
use crate::narrate::told::{Level, Told};
use crate::style::{Style, Tone, harmless};
use serde_json::json;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Events above one living line an app.
    Terminal,
    /// One event a line.
    Plain,
    /// One JSON object a line, `defib.event/1`.
    JsonLines,
    /// One event a line with journald's level before it; journald adds the time.
    Journald,
}

impl Form {
    /// What fits the flags and the other side.
    pub fn choose(json: bool, style: Style) -> Form {
        let journald = std::env::var_os("JOURNAL_STREAM").is_some();
        match (json, style.terminal, journald) {
            (true, _, _) => Form::JsonLines,
            (false, true, _) => Form::Terminal,
            (false, false, true) => Form::Journald,
            (false, false, false) => Form::Plain,
        }
    }

    /// One thing, with its newline.
    pub(crate) fn draw(
        self,
        told: &Told,
        clock: &Clock,
        style: Style,
        name_width: usize,
    ) -> String {
        // A newline from outside must not begin a line of its own: journald would read a level.
        let text = harmless(&told.text).replace('\n', " ");
        let app = harmless(told.app.as_deref().unwrap_or("defib")).replace('\n', " ");
        match self {
            Form::Terminal | Form::Plain => {
                let pad = name_width.saturating_sub(app.chars().count());
                let time = style.paint(Tone::Dim, &clock.time(told.wall_ms));
                let text = style.paint(tone(told), &text);
                format!("{time} {app}{:pad$}  {text}\n", "")
            }
            Form::Journald => format!("<{}>{app}: {text}\n", told.level.number()),
            Form::JsonLines => json_line(told),
        }
    }
}

fn tone(told: &Told) -> Tone {
    match (told.event, told.level) {
        ("back" | "up" | "closed", _) => Tone::Good,
        (_, Level::Critical | Level::Error) => Tone::Bad,
        (_, Level::Warning) => Tone::Warn,
        _ => Tone::Dim,
    }
}

fn json_line(told: &Told) -> String {
    let line = json!({
        "schema": "defib.event/1",
        "ts": rfc3339(told.wall_ms),
        "level": told.level.word(),
        "event": told.event,
        "app": told.app,
        "incident": told.incident,
        "text": told.text,
    });
    format!("{line}\n")
}
