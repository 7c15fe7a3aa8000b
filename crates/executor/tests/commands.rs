//! Commands of the user's, output files, evidence.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, found, kill, lives, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::{AppId, IncidentId};
use defib_journal::order::{Report, Request};
use rustix::process::Signal;

fn recover_config(script: &str) -> String {
    let script = script.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\n\
         recover = [\"sh\", \"-c\", \"{script}\"]\n"
    )
}

#[test]
fn a_recover_command_knows_why_it_runs() {
    let script = "env | grep ^DEFIB_ | sort > FOLDER/env; cat > FOLDER/stdin; echo hello";
    let mut bench = Bench::start("recover", &recover_config(script), "leave");
    bench.greeted();
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    let env = bench.text("env");
    for line in [
        "DEFIB_APP=shop",
        "DEFIB_ATTEMPT=1",
        "DEFIB_EVENT=recover",
        "DEFIB_INCIDENT_ID=7",
        "DEFIB_REASON=hung",
        "DEFIB_RUNG=restart",
    ] {
        assert!(env.lines().any(|it| it == line), "{line} is not in {env}");
    }
    let stdin = bench.text("stdin");
    assert!(stdin.starts_with("{\"event\":\"recover\",\"app\":\"shop\""), "{stdin}");
    assert!(stdin.contains("\"reason\":\"hung\"") && stdin.ends_with("}\n"), "{stdin}");
    assert_eq!(bench.text("state/output/shop.recover.log"), "hello\n");
}

/// It hangs: no good look has asked for its process yet. Told as dead, it would be "started" for free.
#[test]
fn what_a_recover_command_started_is_not_told_as_dead_to_a_new_guardian() {
    let script = "setsid sleep 61 & echo $! > FOLDER/pid";
    let config = recover_config(script) + "process = { pidfile = \"FOLDER/pid\" }\n";
    let mut bench = Bench::prepare("anew", &config, "leave");
    let mut first = std::process::Command::new("sleep").arg("62").spawn().expect("started");
    std::fs::write(bench.folder.join("pid"), first.id().to_string()).expect("written");
    bench.start_executor();
    bench.greeted();
    assert_eq!(bench.until("Found", found).pid, first.id());
    first.kill().expect("ours");
    first.wait().expect("ours");
    bench.until("Died", |report| matches!(report, Report::Died { .. }).then_some(()));
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    let second = bench.text("pid").trim().parse::<u32>().expect("a number");

    bench.hang_up();
    bench.greeted();
    let told = bench.until("what is known of it", |report| match report {
        Report::Found { identity, .. } => Some(Some(identity.pid)),
        Report::Died { .. } => Some(None),
        _ => None,
    });
    assert_eq!(told, Some(second));
    kill(second, Signal::KILL);
}

#[test]
fn its_exit_code_is_the_outcome() {
    let mut bench = Bench::start("code", &recover_config("exit 3"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::ExitCode(3)));
}

#[test]
fn its_deadline_ends_its_group_but_not_what_left_it() {
    let script = "setsid sleep 63 & echo $! > FOLDER/kept; sleep 64 & echo $! > FOLDER/child; wait";
    let mut bench = Bench::start("late", &recover_config(script), "leave");
    bench.greeted();
    let mut order = bench.order(Rung::Restart, Purse::Ladder, None);
    order.deadline_ms = 400;
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::Deadline));
    let pid = |bench: &Bench, file| bench.text(file).trim().parse::<u32>().expect("a number");
    let (kept, child) = (pid(&bench, "kept"), pid(&bench, "child"));
    bench.eventually("the group is gone", || !lives(child));
    assert!(lives(kept));
    kill(kept, Signal::KILL);
}

#[test]
fn output_is_kept_below_its_limit_while_the_app_goes_on_writing() {
    let script = "i=0; while [ $i -lt 40 ]; do head -c 65536 /dev/zero | tr '\\\\0' 'x'; i=$((i+1)); done; \
                  echo; echo the end; sleep 60";
    let config = start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), "");
    let mut bench = Bench::start("output", &config, "leave");
    bench.greeted();
    bench.start_app();
    let path = bench.folder.join("state/output/shop.log");
    bench.eventually("the app wrote its last line", || {
        std::fs::read(&path).is_ok_and(|bytes| bytes.ends_with(b"the end\n"))
    });
    // For an instant of the cut the file is empty.
    bench.eventually("the file is short and has its end", || {
        let bytes = std::fs::read(&path).expect("there");
        bytes.len() <= 1 << 20 && bytes.ends_with(b"the end\n")
    });
}

#[test]
fn evidence_comes_in_pieces_with_a_last_one() {
    let mut bench = Bench::start(
        "evidence",
        &start_config("[\"sh\", \"-c\", \"echo ready; sleep 60\"]", ""),
        "leave",
    );
    bench.greeted();
    bench.start_app();
    bench.eventually("it wrote", || bench.text("state/output/shop.log") == "ready\n");
    bench.say(&Request::Evidence { app: AppId(0), incident: IncidentId(9) });
    let mut names = Vec::new();
    let last = bench.until("the last piece", |report| match report {
        Report::Evidence { name, bytes, last, incident: IncidentId(9), .. } => {
            names.push(name.clone());
            last.then(|| bytes.clone())
        }
        _ => None,
    });
    assert_eq!(last, b"ready\n");
    assert_eq!(
        names,
        ["status", "wchan", "syscall", "stack", "limits", "fds", "members", "listener", "output"]
    );
}

/// The search reads every descriptor of the machine: a start must not wait for it.
#[test]
fn the_listener_of_a_dead_app_is_looked_for_after_its_start() {
    let mut bench = Bench::start("late", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    bench.greeted();
    let first = bench.start_app();
    kill(first.pid, Signal::KILL);
    bench.until("Died", |report| matches!(report, Report::Died { .. }).then_some(()));
    bench.say(&Request::Evidence { app: AppId(0), incident: IncidentId(9) });
    let order = bench.order(Rung::Start, Purse::Free, None);
    bench.say(&Request::Order(order));
    let mut told = Vec::new();
    bench.until("the last piece", |report| {
        match report {
            Report::Evidence { name, .. } => told.push(name.clone()),
            Report::Step { step, .. } => told.push(format!("{step:?}")),
            _ => {}
        }
        matches!(report, Report::Evidence { last: true, .. }).then_some(())
    });
    assert_eq!(told, ["exit", "output", "Written", "Started", "listener"]);
}
