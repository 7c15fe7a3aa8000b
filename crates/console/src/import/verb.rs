//! The verb: what is read, asked, and done.

use super::apply::{apply, undo};
use super::crontab::Entry;
use super::gather::{Crontab, gather};
use super::guard::Target;
use super::plan::{Fate, Plan, plan};
use super::reload::tell_service;
use super::say::say;
use super::surroundings::Rooted;
use super::text::config_text;
use crate::answer::Answer;
use crate::cli::args::{Global, ImportArgs};
use crate::page::put;
use serde_json::json;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// A text on stdin is read up to here.
const STDIN_MAX: u64 = 1 << 20;

/// Where the service's config is.
const CONFIG: &str = "/etc/defib/defib.toml";

/// `import cron`
pub fn import_cron(args: &ImportArgs, global: &Global) -> Answer {
    let machine = Rooted(args.root.clone().unwrap_or_else(|| PathBuf::from("/")));
    let config = global.config.clone().unwrap_or_else(|| machine.place(CONFIG));
    let (crontabs, unread) = match &args.file {
        None => gather(&machine),
        Some(file) if file.as_os_str() == "-" => match standard_input() {
            Ok(crontab) => (vec![crontab], Vec::new()),
            Err(error) => return Answer::failed(1, format!("stdin cannot be read: {error}")),
        },
        Some(file) => {
            let name = file.display();
            let why = format!("only `-` is read: crontab -l | defib import cron -   (not {name})");
            return Answer::failed(2, why);
        }
    };
    let err = unread.iter().fold(String::new(), |mut err, what| {
        put!(err, "not read: {what}\n");
        err
    });
    if args.undo {
        return undone(&crontabs, &config, global, err);
    }
    let entries: Vec<Entry> = crontabs.iter().flat_map(Crontab::entries).collect();
    let may_ask = !args.yes
        && !global.no_input
        && !global.dry_run
        && !global.json
        && args.file.is_none()
        && io::stdin().is_terminal();
    let mut allow_reboot = args.allow_reboot;
    if may_ask && !allow_reboot {
        allow_reboot = asks_for_reboot(&plan(&entries, &machine, true));
    }
    let plan = plan(&entries, &machine, allow_reboot);
    let text = config_text(&plan, allow_reboot);
    let code = u8::from(plan.guards.is_empty());
    if global.json {
        let out = format!("{}\n", as_json(&plan, &entries, &text));
        return Answer { out, err, code };
    }
    let mut out = say(&plan, &entries, allow_reboot);
    if plan.guards.is_empty() {
        return Answer { out, err, code };
    }
    put!(out, "\n{text}");
    let question = format!("Write {}, and comment these lines out?", config.display());
    let is_agreed = args.yes && !global.dry_run && args.file.is_none();
    if !is_agreed {
        if !may_ask {
            out += "\nnothing was changed; `sudo defib import cron --yes` does it\n";
            return Answer { out, err, code };
        }
        Answer { out: std::mem::take(&mut out), err: String::new(), code: 0 }.print();
        if !is_yes(&question) {
            return Answer { out: "nothing was changed\n".to_owned(), err, code: 0 };
        }
    }
    let (done, is_all) = apply(&config, &text, &plan, &entries, &crontabs, &date());
    put!(out, "\n{done}");
    if is_all {
        let is_this_machine = args.root.is_none() && global.config.is_none();
        out += &next(&plan, tell_service(is_this_machine));
    }
    Answer { out, err, code: u8::from(!is_all) }
}

fn undone(crontabs: &[Crontab], config: &Path, global: &Global, err: String) -> Answer {
    if global.dry_run {
        let count: usize =
            crontabs.iter().map(|crontab| super::retire::bring_back(&crontab.content).1).sum();
        return Answer { out: format!("would bring {count} lines back\n"), err, code: 0 };
    }
    let (out, is_all) = undo(crontabs, config);
    Answer { out, err, code: u8::from(!is_all) }
}

fn next(plan: &Plan, is_told: bool) -> String {
    let app = plan.guards.first().map_or("APP", |guard| guard.name.as_str());
    let mut out = String::new();
    for guard in &plan.guards {
        if matches!(guard.target, Target::Start(_)) {
            put!(out, "if {} runs now, it is kept as it runs, and not started again\n", guard.name);
        }
    }
    let first = if is_told {
        put!(out, "defib was told to read the config (systemctl reload defib)\n");
        ""
    } else {
        "start defib or reload it (sudo systemctl restart defib), then: "
    };
    put!(
        out,
        "next: {first}defib status; sudo defib drill {app} --kill\nback to cron: sudo defib import cron --undo\n"
    );
    out
}

/// `crontab -l | defib import cron -`
fn standard_input() -> io::Result<Crontab> {
    let mut content = Vec::new();
    io::stdin().lock().take(STDIN_MAX).read_to_end(&mut content)?;
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    Ok(Crontab::of_text(content, user.unwrap_or_else(|| "root".to_owned())))
}

fn asks_for_reboot(plan: &Plan) -> bool {
    let Some(place) = plan.guards.iter().find_map(|guard| guard.reboot.as_ref()) else {
        return false;
    };
    is_yes(&format!(
        "{place} reboots the machine. May defib, when nothing else helps, at most once in 6 h and twice \
         a day?"
    ))
}

/// Anything but a yes is a no.
fn is_yes(question: &str) -> bool {
    eprint!("{question} [y/N] ");
    if io::stderr().flush().is_err() {
        return false;
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.is_ok() && ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str())
}

fn date() -> String {
    jiff::Zoned::now().date().to_string()
}

fn as_json(plan: &Plan, entries: &[Entry], text: &str) -> serde_json::Value {
    let (understood, related) = plan.counts();
    let lines = entries.iter().zip(&plan.fates).filter(|(_, fate)| **fate != Fate::Unrelated);
    let lines: Vec<_> = lines
        .map(|(entry, fate)| {
            let (app, why) = match fate {
                Fate::Understood(app) => (Some(app), None),
                Fate::Left(why) => (None, Some(why)),
                Fate::Unrelated => (None, None),
            };
            json!({
                "file": entry.place.file, "line": entry.place.line, "schedule": entry.schedule,
                "app": app, "why_not": why,
            })
        })
        .collect();
    json!({
        "schema": "defib.import/1", "understood": understood, "related": related, "lines": lines,
        "config": text,
    })
}
