//! `hold` and `release`.

use crate::agents::ask::{ask_all, holders};
use crate::agents::find::Asked;
use crate::answer::Answer;
use crate::cli::args::{AppArgs, Global, HoldArgs};
use crate::clock::{Clock, parse_rfc3339};
use crate::words::span;
use serde_json::{Value, json};
use std::time::Duration;

/// A hold always ends: forgotten holds are how guarded apps stay down (docs/formats/control.md).
const HOLD_MAX: Duration = Duration::from_hours(24);

/// `hold APP DURATION [--reason TEXT]`
pub fn hold(args: &HoldArgs, global: &Global, clock: &Clock) -> Answer {
    let asked = Asked::of(global, args.state.as_deref());
    if args.duration > HOLD_MAX {
        return Answer::failed(2, "a hold lasts at most 24h: it can be renewed");
    }
    let for_ms = u64::try_from(args.duration.as_millis()).unwrap_or(u64::MAX);
    let question = json!({
        "do": "hold", "app": args.app, "for_ms": for_ms,
        "reason": args.reason.as_deref().unwrap_or_default(),
    });
    if global.dry_run {
        return Answer::done(format!("would hold {} for {}\n", args.app, span(for_ms)));
    }
    match put(&asked, &args.app, &question) {
        Ok(answers) if global.json => shown("defib.hold/1", &args.app, &answers),
        Ok(answers) => {
            let until = answers.iter().find_map(|a| parse_rfc3339(a["until"].as_str()?));
            let until = until.map_or_else(String::new, |ms| format!(", until {}", clock.time(ms)));
            Answer::done(format!(
                "{} is held for {}{until}: looking goes on, acts wait\nend it with: defib release \
                 {}\n",
                args.app,
                span(for_ms),
                args.app
            ))
        }
        Err(answer) => answer,
    }
}

/// `release APP`
pub fn release(args: &AppArgs, global: &Global) -> Answer {
    if global.dry_run {
        return Answer::done(format!("would release {}\n", args.app));
    }
    let asked = Asked::of(global, args.state.as_deref());
    match put(&asked, &args.app, &json!({"do": "release", "app": args.app})) {
        Ok(answers) if global.json => shown("defib.release/1", &args.app, &answers),
        Ok(_) => Answer::done(format!("{} is released: acts are possible again\n", args.app)),
        Err(answer) => answer,
    }
}

fn put(asked: &Asked, app: &str, question: &Value) -> Result<Vec<Value>, Answer> {
    ask_all(&holders(asked, app)?, question)
}

fn shown(schema: &str, app: &str, answers: &[Value]) -> Answer {
    let until = answers.first().map_or(Value::Null, |answer| answer["until"].clone());
    Answer::done(format!("{}\n", json!({"schema": schema, "app": app, "until": until})))
}
