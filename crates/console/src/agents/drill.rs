//! `drill APP --kill|--hang`: a fault on purpose, told as it is healed.

use crate::agents::ask::holders;
use crate::agents::find::{Agent, Asked};
use crate::answer::Answer;
use crate::cli::args::{DrillArgs, Global};
use crate::control::{AskError, Watch, ask};
use crate::page::put;
use crate::words;
use defib_engine::effect::Purse;
use defib_engine::id::AppId;
use defib_engine::note::{Ending, Note};
use defib_journal::drill::DrillStage;
use defib_journal::line::{Entry, Line, decode_line};
use serde_json::{Value, json};
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::{Duration, Instant};

/// The whole drill, from the request on.
const BOUND: Duration = Duration::from_mins(1);

/// `drill APP`
pub fn drill(args: &DrillArgs, global: &Global) -> Answer {
    let kind = if args.kill { "kill" } else { "hang" };
    let agent = match the_holder(args, global) {
        Ok(agent) => agent,
        Err(answer) => return answer,
    };
    let what = if args.kill { "SIGKILL is sent to" } else { "SIGSTOP is sent to" };
    let question = format!("{what} {} now; whoever uses it sees that. Go on?", args.app);
    if global.dry_run {
        return Answer::done(format!("would drill {} ({kind})\n", args.app));
    }
    if !args.yes && !is_agreed(&question, global) {
        return Answer::failed(1, "nothing was done: a drill needs a yes (or --yes)");
    }
    match run(&agent, &args.app, kind, global.json) {
        Ok(answer) => answer,
        Err(error) => Answer::failed(1, error.sentence(&agent.socket)),
    }
}

fn the_holder(args: &DrillArgs, global: &Global) -> Result<Agent, Answer> {
    let agents = holders(&Asked::of(global, args.state.as_deref()), &args.app)?;
    match <[Agent; 1]>::try_from(agents) {
        Ok([agent]) => Ok(agent),
        Err(_) => {
            Err(Answer::failed(2, "several agents have it: say which with --state or --socket"))
        }
    }
}

fn is_agreed(question: &str, global: &Global) -> bool {
    if global.no_input || !io::stdin().is_terminal() {
        return false;
    }
    eprint!("{question} [y/N] ");
    let mut line = String::new();
    let is_read = io::stderr().flush().is_ok() && io::stdin().lock().read_line(&mut line).is_ok();
    is_read && ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str())
}

/// Watches first, so that nothing is missed, then asks.
fn run(agent: &Agent, app: &str, kind: &str, is_json: bool) -> Result<Answer, AskError> {
    let mut watch = Watch::open(&agent.socket)?;
    let answer = ask(&agent.socket, &json!({"do": "drill", "app": app, "kind": kind}))?;
    let number = answer["app"].as_u64().and_then(|number| u16::try_from(number).ok());
    let mut course = Course::new(AppId(number.unwrap_or(u16::MAX)), app, kind, &answer);
    tell(is_json, &format!("DRILL {app}: {kind}, process {}", answer["pid"]));
    let begun = Instant::now();
    while !course.is_over() && begun.elapsed() < BOUND {
        let left = BOUND.saturating_sub(begun.elapsed());
        let Some(line) = watch.next(left)? else { continue };
        // What is no line of the journal is not for us.
        let Ok(entry) = decode_line(line.trim_end().as_bytes()) else { continue };
        if let Some(said) = course.take(&entry) {
            tell(is_json, &said);
        }
    }
    Ok(course.end(is_json))
}

/// Live, a line at a time; a reader that has gone away changes nothing.
fn tell(is_json: bool, line: &str) {
    if !is_json {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{}", crate::style::harmless(line)).and_then(|()| out.flush());
    }
}

/// What was seen of the drill so far, in milliseconds of the agent's own line.
struct Course {
    app: AppId,
    name: String,
    kind: String,
    pid: Value,
    begun_ms: Option<u64>,
    noticed_ms: Option<u64>,
    acted_ms: Option<u64>,
    back_ms: Option<u64>,
    closed_ms: Option<u64>,
    incident: Option<u32>,
    refused: Option<String>,
    is_charged: bool,
}

impl Course {
    fn new(app: AppId, name: &str, kind: &str, answer: &Value) -> Course {
        Course {
            app,
            name: name.to_owned(),
            kind: kind.to_owned(),
            pid: answer["pid"].clone(),
            begun_ms: None,
            noticed_ms: None,
            acted_ms: None,
            back_ms: None,
            closed_ms: None,
            incident: None,
            refused: None,
            is_charged: false,
        }
    }

    fn is_over(&self) -> bool {
        self.closed_ms.is_some() || self.refused.is_some()
    }

    /// What there is to say of a line.
    fn take(&mut self, entry: &Entry) -> Option<String> {
        let now_ms = entry.up.0;
        match &entry.line {
            Line::Drill { app, stage, detail, .. } if *app == self.app => match stage {
                DrillStage::Begun => {
                    self.begun_ms = Some(now_ms);
                    Some(format!("  0.0 s  {detail}"))
                }
                DrillStage::Refused => {
                    self.refused = Some(detail.to_string());
                    None
                }
                DrillStage::Asked | DrillStage::Over => None,
            },
            Line::Note { note } => self.note(note, now_ms),
            _ => None,
        }
    }

    fn note(&mut self, note: &Note, now_ms: u64) -> Option<String> {
        let said = match note {
            Note::Opened { app, incident, class, .. } if *app == self.app => {
                self.noticed_ms = self.noticed_ms.or(Some(now_ms));
                self.incident = Some(incident.0);
                format!("noticed: {}, incident {}", words::class(*class), incident.0)
            }
            Note::Ordered { app, rung, purse, .. } if *app == self.app => {
                self.is_charged |= *purse != Purse::Free;
                self.acted_ms = self.acted_ms.or(Some(now_ms));
                format!("act: {}", words::rung(*rung))
            }
            Note::Back { app, .. } if *app == self.app => {
                self.back_ms = Some(now_ms);
                "back: first good look".to_owned()
            }
            Note::Closed { app, ending, .. } if *app == self.app => {
                // A drill that nothing healed is no proof, however it ended.
                if matches!(ending, Ending::Recovered { .. }) {
                    self.closed_ms = Some(now_ms);
                } else {
                    self.refused = Some(format!("it ended otherwise: {}", words::ending(*ending)));
                }
                format!("verified: {}", words::ending(*ending))
            }
            _ => return None,
        };
        let since = self.begun_ms.map_or(0, |begun_ms| now_ms.saturating_sub(begun_ms));
        Some(format!("  {}  {said}", words::span(since)))
    }

    /// Live, a line at a time; a reader that has gone away changes nothing.
    fn end(&self, is_json: bool) -> Answer {
        let is_healed = self.back_ms.is_some() && self.refused.is_none() && self.acted_ms.is_some();
        let code = u8::from(!is_healed);
        if is_json {
            return Answer::done(format!("{}\n", self.as_json(is_healed))).with_code(code);
        }
        let after = |ms: Option<u64>| {
            let since = ms.zip(self.begun_ms).map(|(ms, begun_ms)| ms.saturating_sub(begun_ms));
            since.map_or_else(|| "never".to_owned(), words::span)
        };
        let mut out = String::new();
        match (&self.refused, is_healed) {
            (Some(why), _) => put!(out, "DRILL {}: not done: {why}\n", self.name),
            (None, true) => put!(
                out,
                "DRILL {}: healed: noticed after {}, act after {}, back after {}{}\n",
                self.name,
                after(self.noticed_ms),
                after(self.acted_ms),
                after(self.back_ms),
                if self.closed_ms.is_some() { "" } else { " (its verification goes on)" }
            ),
            (None, false) => put!(
                out,
                "DRILL {}: NOT healed within 60 s; what was stopped runs again\nsee why: defib why {}\n",
                self.name,
                self.name
            ),
        }
        if let Some(incident) = self.incident {
            let charged =
                if self.is_charged { "; the act was charged to the app's budget" } else { "" };
            put!(out, "its story: defib explain {incident}{charged}\n");
        }
        Answer::done(out).with_code(code)
    }

    fn as_json(&self, is_healed: bool) -> Value {
        let after = |ms: Option<u64>| {
            let since = ms.zip(self.begun_ms).map(|(ms, begun_ms)| ms.saturating_sub(begun_ms));
            since.map(|ms| ms as f64 / 1000.0)
        };
        json!({
            "schema": "defib.drill/1", "app": self.name, "kind": self.kind, "pid": self.pid,
            "healed": is_healed, "incident": self.incident, "refused": self.refused,
            "noticed_after_seconds": after(self.noticed_ms), "act_after_seconds": after(self.acted_ms),
            "back_after_seconds": after(self.back_ms), "verified_after_seconds": after(self.closed_ms),
        })
    }
}
