//! The guardian's life, reloads, and a listener that is somebody else's child.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, PATIENCE, found, start_config};
use defib_engine::event::Exit;
use defib_engine::id::AppId;
use defib_journal::order::{Report, Request};
use rustix::process::Signal;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SLEEP: &str = "[\"sleep\", \"60\"]";

#[test]
fn a_silent_guardian_is_replaced_and_told_everything_again() {
    let mut bench = Bench::start("silent", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let app = bench.start_app();
    std::fs::write(bench.folder.join("s.silent"), "").expect("written");
    let begun = Instant::now();
    assert_eq!(bench.greeted(), 1);
    assert!((4_000..7_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(bench.until("Found", found), app);
}

#[test]
fn a_guardian_that_sends_nonsense_is_replaced_within_a_second_or_so() {
    let mut bench = Bench::start("nonsense", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let begun = Instant::now();
    bench.say_bytes(b"\xff\xff\xff");
    bench.greeted();
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[test]
fn a_bad_config_is_refused_and_a_good_one_taken() {
    let mut bench = Bench::start("reload", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let app = bench.start_app();
    // Warnings before the mistake must not push it out of what a report has room for.
    let warned = "window = \"10s\"\nexpect = \"100-599\"\n";
    let section =
        |n: u32| format!("[app.a{n}]\nurl = \"http://127.0.0.1:1/\"\ntimeout = \"9s\"\n{warned}");
    let wordy = (0..12).map(section).collect::<Vec<_>>().concat();
    bench.write_config(&format!("{wordy}[machine]\nmode = \"atc\"\n"));
    bench.signal_executor(Signal::HUP);
    let message = bench.until("ConfigRefused", |report| match report {
        Report::ConfigRefused { message } => Some(message.clone()),
        _ => None,
    });
    assert!(message.contains("atc"), "{message}");
    // The app is number 1 now; its process is known all the same.
    let good = start_config(SLEEP, "")
        .replace("[app.shop]", "[app.first]\nurl = \"http://127.0.0.1:2/\"\n[app.shop]");
    bench.write_config(&good);
    bench.signal_executor(Signal::HUP);
    bench.until("Config", |report| matches!(report, Report::Config).then_some(()));
    let (number, identity) = bench.until("Found", |report| match report {
        Report::Found { app, identity } => Some((*app, *identity)),
        _ => None,
    });
    assert_eq!((number, identity), (AppId(1), app));
}

#[test]
fn the_owner_of_a_port_is_found_and_its_death_is_seen() {
    let mut server = Command::new("python3")
        .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 is there");
    // "Serving HTTP on 127.0.0.1 port 40123 (...)"
    let mut line = Vec::new();
    let mut stdout = server.stdout.take().expect("piped");
    while !line.contains(&b'(') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).expect("it says its port");
        line.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&line);
    let port = text.split("port ").nth(1).and_then(|it| it.split(' ').next()).expect("a port");
    let config = format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:{port}/\"\n\
         recover = [\"true\"]\nprocess = {{ port = {port} }}\n"
    );
    let mut bench = Bench::start("port", &config, "leave");
    bench.greeted();
    bench.say(&Request::Identify { app: AppId(0) });
    assert_eq!(bench.until("Found", found).pid, server.id());
    let begun = Instant::now();
    server.kill().expect("ours");
    let (identity, exit) = bench.until("Died", |report| match report {
        Report::Died { identity, exit, .. } => Some((*identity, *exit)),
        _ => None,
    });
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!((identity.map(|it| it.pid), exit), (Some(server.id()), Exit::Unseen));
    server.wait().expect("ours");
    assert!(PATIENCE > begun.elapsed());
}

#[test]
fn no_new_guardian_is_started_while_defib_ends() {
    // The app is deaf to TERM, so that ending takes as long as it may.
    let deaf = "[\"sh\", \"-c\", \"trap '' TERM; while :; do sleep 0.1; done\"]";
    let mut bench = Bench::start("ending", &start_config(deaf, ""), "stop");
    bench.greeted();
    bench.start_app();
    bench.signal_executor(Signal::TERM);
    bench.until("Stop", |report| matches!(report, Report::Stop).then_some(()));
    // The guardian obeys and is gone; more than the second between two starts is left.
    bench.hang_up();
    assert_eq!(bench.next(Duration::from_secs(3)), None, "a new guardian said hello");
    assert!(bench.wait_executor().success());
}
