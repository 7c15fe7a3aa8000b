//! `check [FILE]`: what is wrong with a config, what its rules are in words, and whether a running
//! agent has not taken it.

use crate::agents::{Asked, find, live};
use crate::answer::Answer;
use crate::cli::args::{CheckArgs, Global};
use crate::page::put;
use crate::style::{Style, Tone, harmless};
use defib_config::{Host, Level, Loaded, Report, load, rule_in_words, watchdog_in_words};
use defib_engine::scale::FOR_A_LAB_ONLY;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The service's config file.
pub const DEFAULT_CONFIG: &str = "/etc/defib/defib.toml";

/// It could not be read: that is not the same as being wrong.
const NOT_CHECKED: u8 = 3;

/// `check [FILE]`
pub fn check(args: &CheckArgs, global: &Global, style: Style) -> Answer {
    let named = args.file.clone().or_else(|| global.config.clone());
    let path = named.unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    let text = match read(&path) {
        Ok(text) => text,
        Err(sentence) if global.json => {
            let shown = json!({"schema": "defib.check/1", "file": path, "checked": false,
                "error": sentence});
            return Answer::done(format!("{shown}\n")).with_code(NOT_CHECKED);
        }
        Err(sentence) => return Answer::failed(NOT_CHECKED, sentence),
    };
    let result = load(&text, &Host { root: runs_as_root(&path) });
    let running = older_agents(global, &path);
    if global.json {
        return json_report(&path, &result, args.strict, &running);
    }
    let name = path.display().to_string();
    let mut answer = match &result {
        Ok(loaded) => accepted(&name, &text, loaded, args.strict, global, style),
        Err(report) => refused(&name, &text, report, style),
    };
    for line in running {
        put!(answer.err, "{}\n", style.paint(Tone::Warn, &harmless(&line)));
    }
    answer
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| {
        format!("{} was not checked: {error}\nname a file: defib check FILE", path.display())
    })?;
    String::from_utf8(bytes)
        .map_err(|_| format!("{} was not checked: it is not UTF-8 text", path.display()))
}

/// Who will run it decides what it may leave out; a file of the system is root's.
fn runs_as_root(path: &Path) -> bool {
    rustix::process::geteuid().is_root() || path.starts_with("/etc")
}

fn refused(name: &str, text: &str, report: &Report, style: Style) -> Answer {
    let errors = report.error_count();
    let plural = if errors == 1 { "" } else { "s" };
    let shown = report.render(name, text, style.color);
    Answer::failed(1, format!("{shown}\n{name}: {errors} error{plural}"))
}

fn accepted(
    name: &str,
    text: &str,
    loaded: &Loaded,
    strict: bool,
    global: &Global,
    style: Style,
) -> Answer {
    let mut answer = Answer::default();
    if let Some(words) = FOR_A_LAB_ONLY {
        put!(answer.err, "{}\n", style.paint(Tone::Bad, words));
    }
    if !loaded.warnings.is_empty() {
        put!(answer.err, "{}\n", loaded.warnings.render(name, text, style.color));
        answer.code = u8::from(strict);
    }
    if !global.quiet {
        for app in &loaded.config.policy.apps {
            put!(answer.out, "{}\n", style.paint(Tone::Strong, &app.name));
            for rule in rule_in_words(app, &loaded.config.policy) {
                put!(answer.out, "  - {rule}\n");
            }
        }
        put!(answer.out, "{}\n", style.paint(Tone::Strong, "the machine"));
        put!(answer.out, "  - {}\n", watchdog_in_words(&loaded.config));
    }
    let verdict = match (answer.code, loaded.warnings.diagnostics.len()) {
        (0, 0) => "good".to_owned(),
        (0, count) => format!("good, with {count} warning{}", if count == 1 { "" } else { "s" }),
        (_, count) => format!("{count} warning(s), and --strict was asked for"),
    };
    put!(answer.out, "{name}: {verdict}\n");
    answer
}

/// Agents that run on an older config because this file was refused at their last reload. An
/// agent does not say which file it runs on, but its error names it.
fn older_agents(global: &Global, path: &Path) -> Vec<String> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let asked = Asked::of(global, None);
    let named = asked.socket.is_some();
    find(&asked)
        .iter()
        .filter_map(live)
        .filter_map(|status| {
            let error = status.config_error?;
            let pid = status.pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            (named || error.contains(&file)).then(|| {
                format!(
                    "the running agent{pid} is still on an older config: its last reload was \
                     refused: {error}\nonce the file is good, reload: systemctl reload defib, or \
                     send SIGHUP"
                )
            })
        })
        .collect()
}

fn json_report(
    path: &Path,
    result: &Result<Loaded, Report>,
    strict: bool,
    running: &[String],
) -> Answer {
    let (report, rules, machine) = match result {
        Ok(loaded) => (&loaded.warnings, rules(loaded), machine(loaded)),
        Err(report) => (report, json!([]), json!([])),
    };
    let code = u8::from(result.is_err() || (strict && !report.is_empty()));
    let diagnostics: Vec<Value> = report
        .diagnostics
        .iter()
        .map(|one| {
            let level = if one.level == Level::Error { "error" } else { "warning" };
            json!({"level": level, "message": one.message, "hint": one.hint,
                "from_byte": one.span.as_ref().map(|span| span.start),
                "to_byte": one.span.as_ref().map(|span| span.end)})
        })
        .collect();
    let shown = json!({"schema": "defib.check/1", "file": path, "checked": true, "ok": code == 0,
        "diagnostics": diagnostics, "apps": rules, "machine": machine, "running": running});
    Answer::done(format!("{shown}\n")).with_code(code)
}

fn machine(loaded: &Loaded) -> Value {
    FOR_A_LAB_ONLY.into_iter().chain([watchdog_in_words(&loaded.config)]).collect()
}

fn rules(loaded: &Loaded) -> Value {
    let policy = &loaded.config.policy;
    policy
        .apps
        .iter()
        .map(|app| json!({"app": app.name, "rules": rule_in_words(app, policy)}))
        .collect()
}
