//! What a person reads about the past, from journals as they are on a disk.

mod fixture;

use defib_console::answer::Answer;
use defib_console::cli::args::{ExplainArgs, Global, IncidentsArgs, Which};
use defib_console::past::{explain, incidents};
use defib_engine::id::IncidentId;
use defib_engine::note::{Class, Note};
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use fixture::{Fixture, PLAIN, SHOP, UP_0, clock};
use insta::assert_snapshot;
use serde_json::Value;
use std::io::Write;

fn told(fixture: &Fixture, which: Which, global: &Global) -> Answer {
    let args = ExplainArgs { which, app: None, state: Some(fixture.state()) };
    explain(&args, global, &clock(), PLAIN)
}

fn listed(fixture: &Fixture, global: &Global) -> Answer {
    let args = IncidentsArgs { app: None, last: 50, state: Some(fixture.state()) };
    incidents(&args, global, &clock(), PLAIN)
}

#[test]
fn a_healed_hang_is_told_from_the_fault_to_the_cure() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let answer = told(&fixture, Which::Last, &Global::default());
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert_snapshot!("hung_report", answer.out);
}

#[test]
fn a_crash_loop_says_that_a_person_is_needed() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed().dying_and_open();
    assert_snapshot!("crash_loop_report", told(&fixture, Which::Last, &Global::default()).out);
}

#[test]
fn the_summary_stands_alone_and_is_short() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed().dying_and_open();
    let quiet = Global { quiet: true, ..Global::default() };
    for which in [Which::Number(4), Which::Number(5)] {
        let line = told(&fixture, which, &quiet).out;
        assert_eq!(line.lines().count(), 1);
        assert!(line.trim_end().chars().count() <= 120, "{line}");
    }
    assert_eq!(
        told(&fixture, Which::Number(4), &quiet).out,
        "RECOVERED shop: killed and started after 3 timeouts: down 17.2 s [incident 4]\n"
    );
}

#[test]
fn evidence_is_cut_unless_all_of_it_is_asked_for() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let brief = told(&fixture, Which::Last, &Global::default()).out;
    assert!(!brief.contains("request 8\n") && brief.contains("request 20\n"));
    let all = Global { verbose: 1, ..Global::default() };
    assert!(told(&fixture, Which::Last, &all).out.contains("    request 1\n"));
}

#[test]
fn equal_looks_of_one_probe_are_told_once_whatever_another_sees() {
    let mut fixture = Fixture::new();
    let (app, incident) = (SHOP, IncidentId(4));
    let fails = Seen::Status { code: 500, retry_after_s: None };
    fixture.at(1_000).look(app, fails, "HTTP 500, but 200 is expected");
    let since = Moment(UP_0 + 1_000);
    fixture.note(Note::Opened { app, incident, class: Class::Erroring, since });
    for number in 2..=24 {
        fixture.at(number * 500 + 500).look(app, fails, "HTTP 500");
        let seen = if number % 2 == 0 { Seen::Refused } else { Seen::Reset };
        fixture.at(number * 500 + 501).look_of(app, 1, seen, "");
    }
    let report = told(&fixture, Which::Last, &Global::default()).out;
    let line = "-   +0.000 s  url: status 500 (HTTP 500, but 200 is expected), 24 times until \
                +11.500 s\n";
    assert!(report.contains(line), "{report}");
    assert_eq!(report.matches("connection refused").count(), 12, "each change is told: {report}");
}

#[test]
fn deep_evidence_is_named_and_shown_when_asked_for() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    fixture.evidence("status", "Name:\tpython\nState:\tS (sleeping)\nSeccomp:\t0\n".to_owned());
    fixture.evidence("limits", "Max cpu time  unlimited\n".to_owned());
    let brief = told(&fixture, Which::Last, &Global::default()).out;
    assert!(brief.contains("- status: State:\tS (sleeping)\n"), "{brief}");
    assert!(brief.contains("- more with -v: limits\n"), "{brief}");
    let all = Global { verbose: 1, ..Global::default() };
    let all = told(&fixture, Which::Last, &all).out;
    assert!(all.contains("Seccomp:") && all.contains("Max cpu time"), "{all}");
}

#[test]
fn json_has_the_same_story_in_numbers() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let json = Global { json: true, ..Global::default() };
    let report: Value =
        serde_json::from_str(&told(&fixture, Which::Number(4), &json).out).expect("JSON");
    assert_eq!(report["schema"], "defib.explain/1");
    assert_eq!(report["down_for_seconds"], 17.2);
    assert_eq!(report["detected_in_seconds"], 12.0);
    assert_eq!(report["acts"][0]["helped"], true);
    assert_snapshot!("hung_json", serde_json::to_string_pretty(&report).expect("JSON"));
    let list: Value = serde_json::from_str(&listed(&fixture, &json).out).expect("JSON");
    assert_eq!(list["schema"], "defib.incidents/1");
    assert_eq!(list["incidents"][0]["ending"], "recovered");
}

#[test]
fn incidents_are_a_table_for_people_and_tabs_for_programs() {
    let mut fixture = Fixture::new();
    assert_eq!(listed(&fixture, &Global::default()).out, "no incident: nothing went wrong\n");
    fixture.hung_and_healed().dying_and_open();
    assert_snapshot!("incidents_table", listed(&fixture, &Global::default()).out);
    let plain = Global { plain: true, ..Global::default() };
    assert_snapshot!("incidents_plain", listed(&fixture, &plain).out);
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let answer = told(&fixture, Which::Number(9), &Global::default());
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("there is no incident 9; the newest is 4"), "{}", answer.err);
    let typo =
        IncidentsArgs { app: Some("shpo".to_owned()), last: 1, state: Some(fixture.state()) };
    let answer = incidents(&typo, &Global::default(), &clock(), PLAIN);
    assert_eq!(answer, Answer::failed(1, "no app 'shpo'\ndid you mean 'shop'?"));
    let empty = tempfile::tempdir().expect("a folder");
    let args =
        ExplainArgs { which: Which::Last, app: None, state: Some(empty.path().join("nowhere")) };
    let answer = explain(&args, &Global::default(), &clock(), PLAIN);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("cannot be read"), "{}", answer.err);
}

#[test]
fn torn_lines_are_left_out_and_said() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let file = std::fs::read_dir(fixture.state().join("journal"))
        .expect("the folder")
        .next()
        .expect("a file")
        .expect("an entry");
    let mut file = std::fs::OpenOptions::new().append(true).open(file.path()).expect("the file");
    file.write_all(b"{\"v\":1,\"seq\":999,\"noise\n{\"v\":1\n").expect("a disk");
    let answer = told(&fixture, Which::Last, &Global::default());
    assert_eq!(answer.code, 0);
    assert!(answer.err.contains("2 lines are torn"), "{}", answer.err);
}
