//! Verbs that ask an agent, against a socket that answers as docs/formats/control.md says.

mod fixture;

use defib_console::agents::{hold, release, status, why};
use defib_console::answer::Answer;
use defib_console::check::check;
use defib_console::cli::args::{AppArgs, CheckArgs, Global, HoldArgs, StatusArgs};
use fixture::{Fixture, PLAIN, clock};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

/// An agent that answers each `do` with its line, for as long as the test runs.
fn agent(folder: &Path, answers: Vec<(&'static str, Value)>) -> Global {
    let socket = folder.join("defib.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_err() {
                continue;
            }
            let question: Value = serde_json::from_str(&line).unwrap_or_default();
            let known = answers.iter().find(|(verb, _)| question["do"] == *verb);
            let answer =
                known.map_or_else(|| json!({"ok": false, "error": "?"}), |(_, a)| a.clone());
            // A test that has seen enough may have hung up.
            let _ = (&stream).write_all(format!("{answer}\n").as_bytes());
        }
    });
    Global { socket: Some(socket), ..Global::default() }
}

fn healthy() -> Value {
    json!({"schema": "defib.status/1", "ok": true, "mode": "act", "reboot": "never", "pid": 42,
        "version": "0.1.0", "config": {"loaded": "2026-11-22T03:00:00.000Z",
        "error": "shop.toml:3: unknown key 'intervall'"}, "doubt": 0,
        "apps": [
            {"app": "shop", "state": "up", "up_for_s": 7500, "since": "2026-11-22T01:00:00.000Z",
             "probes": [{"probe": "url", "view": "app", "seen": "pass", "latency_ms": 12, "age_s": 2}],
             "budget": {"hour_used": 1, "hour_limit": 4, "day_used": 1, "day_limit": 10}},
            {"app": "mail", "state": "down", "class": "hung", "since": "2026-11-22T03:12:07.000Z",
             "incident": 4, "next": "kill + start in 3 s", "rungs": ["start", "kill"],
             "probes": [{"probe": "url", "view": "app", "seen": "timeout(first-byte)",
                "latency_ms": 3000, "age_s": 1}],
             "why_not": "reboot: not allowed"}]})
}

fn asked(global: &Global, nagios: bool) -> Answer {
    let args = StatusArgs { app: None, nagios, state: None };
    status(&args, global, &clock(), PLAIN)
}

#[test]
fn status_is_one_line_an_app_and_details_where_they_matter() {
    let folder = tempfile::tempdir().expect("a folder");
    let global = agent(folder.path(), vec![("status", healthy())]);
    let answer = asked(&global, false);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert_snapshot!("status_text", answer.out);
    let json = Global { json: true, ..global.clone() };
    let shown: Value = serde_json::from_str(&asked(&json, false).out).expect("JSON");
    assert_eq!(shown["schema"], "defib.status/1");
    assert_eq!(shown["agents"][0]["apps"][0]["up_for_seconds"], 7500.0);
    assert_eq!(shown["agents"][0]["apps"][0]["probes"][0]["latency_seconds"], 0.012);
    let nagios = asked(&global, true);
    assert_eq!(nagios.out, "DEFIB CRITICAL: 1 of 2 up: mail | up=1;;;0;2\n");
    assert_eq!(nagios.code, 2);
}

#[test]
fn without_an_agent_the_journals_last_word_is_shown() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed().dying_and_open();
    let args = StatusArgs { app: None, nagios: false, state: Some(fixture.state()) };
    let answer = status(&args, &Global::default(), &clock(), PLAIN);
    assert_eq!(answer.code, 1);
    assert_snapshot!("status_last_word", answer.out);
    assert!(answer.err.contains("no agent answers at"), "{}", answer.err);
    let nagios = StatusArgs { nagios: true, ..args };
    assert_eq!(status(&nagios, &Global::default(), &clock(), PLAIN).code, 3);
}

#[test]
fn hold_and_release_say_what_they_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = json!({"schema": "defib.hold/1", "ok": true, "until": "2026-11-22T03:22:00.000Z"});
    let free = json!({"schema": "defib.release/1", "ok": true});
    let answers = vec![("status", healthy()), ("hold", held), ("release", free)];
    let global = agent(folder.path(), answers);
    let args = HoldArgs {
        app: "shop".to_owned(),
        duration: Duration::from_mins(10),
        reason: Some("deploy".to_owned()),
        state: None,
    };
    assert_eq!(
        hold(&args, &global, &clock()).out,
        "shop is held for 10 min, until 03:22:00: looking goes on, acts wait\nend it with: defib \
         release shop\n"
    );
    let shop = AppArgs { app: "shop".to_owned(), state: None };
    assert_eq!(release(&shop, &global).out, "shop is released: acts are possible again\n");
    let too_long = HoldArgs { duration: Duration::from_hours(25), ..args };
    assert_eq!(hold(&too_long, &global, &clock()).code, 2);
}

#[test]
fn a_name_that_is_not_there_gets_a_suggestion() {
    let folder = tempfile::tempdir().expect("a folder");
    let global = agent(folder.path(), vec![("status", healthy())]);
    let answer = why(&AppArgs { app: "shp".to_owned(), state: None }, &global, &clock(), PLAIN);
    assert_eq!(answer, Answer::failed(1, "no app 'shp'\ndid you mean 'shop'?"));
}

#[test]
fn an_agent_is_found_by_its_state_folder_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("run")).expect("our own folder");
    let held = json!({"schema": "defib.hold/1", "ok": true, "until": "2026-11-22T03:22:00.000Z"});
    let free = json!({"schema": "defib.release/1", "ok": true});
    let believed = json!({"schema": "defib.why/1", "ok": true, "state": "up"});
    let answers = vec![("status", healthy()), ("hold", held), ("release", free), ("why", believed)];
    // The socket of `guard --state DIR` is in DIR/run.
    agent(&folder.path().join("run"), answers);
    let global = Global::default();
    let state = Some(folder.path().to_path_buf());
    let shop = AppArgs { app: "shop".to_owned(), state: state.clone() };
    let duration = Duration::from_mins(1);
    let args = HoldArgs { app: "shop".to_owned(), duration, reason: None, state };
    assert_eq!(why(&shop, &global, &clock(), PLAIN).out, "shop is UP\n");
    assert_eq!(hold(&args, &global, &clock()).code, 0);
    assert_eq!(release(&shop, &global).code, 0);
}

#[test]
fn why_draws_what_the_agent_believes() {
    let folder = tempfile::tempdir().expect("a folder");
    let believed = json!({"schema": "defib.why/1", "ok": true, "state": "suspect", "class": "hung",
        "score_db": 54, "bars": {"kill_db": 61}, "evidence": [{"text": "url: timeout, 2 in a row"}],
        "refusals": [{"guard": "held", "holds": false, "refusal": null},
            {"guard": "bar", "holds": true,
             "refusal": {"BelowBar": {"have_db": 54, "need_db": 61}}},
            {"guard": "back-off", "holds": true, "refusal": {"BackOff": {"until": 99}}},
            {"guard": "new", "holds": true, "refusal": "NotYetInvented"}],
        "next": "one more failed look, then kill + start"});
    let global = agent(folder.path(), vec![("status", healthy()), ("why", believed)]);
    let answer = why(&AppArgs { app: "shop".to_owned(), state: None }, &global, &clock(), PLAIN);
    assert_snapshot!("why_text", answer.out);
}

#[test]
fn check_tells_errors_from_what_was_not_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.toml");
    let global = agent(folder.path(), vec![("status", healthy())]);
    let args = CheckArgs { file: Some(file.clone()), strict: false };
    assert_eq!(check(&args, &global, PLAIN).code, 3);
    std::fs::write(&file, "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nintervall = \"5s\"\n")
        .expect("a disk");
    let wrong = check(&args, &global, PLAIN);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("intervall") && wrong.err.contains("1 error"), "{}", wrong.err);
    assert!(wrong.err.contains("(pid 42) is still on an older config"), "{}", wrong.err);
    std::fs::write(
        &file,
        "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nrecover = [\"/bin/true\"]\n",
    )
    .expect("a disk");
    let good = check(&args, &global, PLAIN);
    assert_eq!(good.code, 0, "{}", good.err);
    assert!(good.out.starts_with("shop\n  - ") && good.out.contains(": good"), "{}", good.out);
    let json = Global { json: true, ..global };
    let shown: Value = serde_json::from_str(&check(&args, &json, PLAIN).out).expect("JSON");
    assert_eq!((&shown["schema"], &shown["ok"]), (&json!("defib.check/1"), &json!(true)));
}
