//! The command line from outside: what is printed where, and the exit codes of docs/cli.md.

mod support;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Output, Stdio};
use support::folder::Folder;

/// A person on a machine where nothing of defib is.
struct Person {
    home: Folder,
}

/// What a verb said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Person {
    fn new(name: &str) -> Person {
        Person { home: Folder::new(name) }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.home.join(name);
        fs::write(&path, text).expect("the folder is ours");
        path.to_string_lossy().into_owned()
    }

    fn path(&self, name: &str) -> String {
        self.home.join(name).to_string_lossy().into_owned()
    }

    /// Runs `defib` with these words. The service's folders are named too, because this machine may
    /// have a real one.
    fn run(&self, line: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_defib"))
            .args(line)
            .env_clear()
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output();
        let Output { status, stdout, stderr } = output.expect("the binary starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what we print is UTF-8");
        Said { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Said {
    #[track_caller]
    fn expect(self, code: i32, out: &str, err: &str) -> Said {
        let all = format!("code {:?}\nstdout:\n{}\nstderr:\n{}", self.code, self.out, self.err);
        assert_eq!(self.code, Some(code), "{all}");
        assert!(self.out.contains(out) && (!out.is_empty() || self.out.is_empty()), "{all}");
        assert!(self.err.contains(err) && (!err.is_empty() || self.err.is_empty()), "{all}");
        self
    }
}

const VERBS: [&str; 15] = [
    "guard",
    "daemon",
    "status",
    "incidents",
    "explain",
    "why",
    "hold",
    "release",
    "probe",
    "check",
    "doctor",
    "replay",
    "demo",
    "completions",
    "man",
];

#[test]
fn help_is_short_or_begins_with_examples() {
    let person = Person::new("help");
    person.run(&[]).expect(0, "All commands: defib --help", "");
    person.run(&["--version"]).expect(0, concat!("defib ", env!("CARGO_PKG_VERSION")), "");
    let long = person.run(&["--help"]).expect(0, "Examples:", "");
    for verb in VERBS {
        assert!(long.out.contains(&format!("  {verb} ")), "{verb} is listed");
        let help = person.run(&[verb, "--help"]).expect(0, "Usage: defib", "");
        let short = person.run(&[verb, "-h"]).expect(0, "Usage: defib", "");
        assert!(short.out.lines().count() <= help.out.lines().count(), "{verb}");
        if !["completions", "man"].contains(&verb) {
            assert!(help.out.starts_with("Example"), "{verb}: {}", help.out);
        }
    }
}

#[test]
fn wrong_usage_is_2_and_3_where_monitoring_reads() {
    let person = Person::new("usage");
    person.run(&["chek"]).expect(2, "", "'check'");
    person.run(&["status", "--wrong"]).expect(2, "", "--wrong");
    person.run(&["guard"]).expect(2, "", "URL");
    person.run(&["guard", "http://127.0.0.1:1/", "--interval", "5"]).expect(2, "", "\"5s\"");
    person.run(&["hold", "shop", "25h"]).expect(2, "", "at most 24h");
    person.run(&["probe"]).expect(3, "UNKNOWN: ", "URL");
    person.run(&["probe", "ftp://127.0.0.1/"]).expect(3, "PROBE UNKNOWN: `url` has", "ftp");
    person.run(&["status", "--nagios", "--wrong"]).expect(3, "UNKNOWN: ", "--wrong");
}

#[test]
fn without_an_agent_each_verb_says_how_to_get_one() {
    let person = Person::new("nobody");
    let state = person.path("nowhere");
    let socket = person.path("nowhere.sock");
    for verb in ["why", "release"] {
        person.run(&[verb, "shop", "--socket", &socket]).expect(1, "", "no agent answers at");
        person.run(&[verb, "shop", "--state", &state]).expect(1, "", "no agent answers at");
    }
    person.run(&["hold", "shop", "1m", "--state", &state]).expect(1, "", "no agent answers at");
    person.run(&["status", "--state", &state]).expect(1, "", "is it running?");
    person.run(&["incidents", "--state", &state]).expect(1, "", "cannot be read");
    person.run(&["explain", "last", "--state", &state]).expect(1, "", "cannot be read");
    let nagios = ["status", "--nagios", "--state", &state];
    person.run(&nagios).expect(3, "DEFIB UNKNOWN", "");
    person.run(&["replay", &state]).expect(3, "", "cannot be read");
    let json = person.run(&["status", "--json", "--state", &state]);
    assert!(json.out.contains("\"schema\":\"defib.status/1\""), "{}", json.out);
}

#[test]
fn check_tells_good_from_bad_from_unreadable() {
    let person = Person::new("check");
    let good = "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n";
    let good = person.write("good.toml", good);
    let said = person.run(&["check", &good]).expect(0, "good.toml: good", "");
    assert!(said.out.contains("reboot the machine: never"), "{}", said.out);
    let bad = person.write("bad.toml", "[app.shop]\nurl = \"http://a/\"\nintervall = \"1s\"\n");
    let said = person.run(&["check", &bad]).expect(1, "", "did you mean `interval`?");
    assert!(said.err.contains("bad.toml:3:1"), "{}", said.err);
    person.run(&["check", &person.path("none.toml")]).expect(3, "", "was not checked");
    let json = person.run(&["check", "--json", &bad]).expect(1, "\"ok\":false", "");
    assert!(json.out.contains("\"schema\":\"defib.check/1\""), "{}", json.out);
}

/// On this very machine, whatever it is: the code is that of the findings, and the JSON's shape holds.
#[test]
fn doctor_looks_at_this_machine_and_says_so_in_its_code() {
    let person = Person::new("doctor");
    let config = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n\
                  unit = \"no-such-unit-of-defib.service\"\n";
    let config = person.write("doctor.toml", config);
    let said = person.run(&["doctor", "--config", &config]).expect(2, "shop is not possible", "");
    assert!(said.out.contains("nothing was changed"), "{}", said.out);
    let json = person.run(&["doctor", "--json", "--config", &config]).expect(2, "\"code\":2", "");
    for part in ["\"schema\":\"defib.doctor/1\"", "\"rungs\":[", "\"promised\":true"] {
        assert!(json.out.contains(part), "{part} in {}", json.out);
    }
    let plain =
        person.run(&["doctor", "--plain", "--config", &config]).expect(2, "rung\tshop\t", "");
    let kinds = ["fact", "rung", "impossible", "advice", "write", "run", "do", "unseen"];
    for line in plain.out.lines() {
        assert!(kinds.contains(&line.split('\t').next().unwrap_or_default()), "{line}");
    }
    let nowhere = person.path("none.toml");
    person.run(&["doctor", "--config", &nowhere]).expect(2, "the config cannot be used", "");
}

#[test]
fn a_dry_run_prints_the_config_that_the_flags_stand_for() {
    let person = Person::new("dry");
    let line = ["guard", "http://127.0.0.1:8000/", "--unit", "shop.service", "--dry-run"];
    let said = person.run(&line).expect(0, "[machine]", "");
    assert_eq!(
        said.out,
        "[machine]\nmode = \"act\"\nreboot = \"never\"\n\n[app.shop]\n\
         url = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n"
    );
    // What it prints can be kept as a file.
    let file = person.write("kept.toml", &said.out);
    person.run(&["check", &file]).expect(0, "kept.toml: good", "");
    let kept = person.run(&["daemon", "--config", &file, "--dry-run"]).expect(0, "[machine]", "");
    assert_eq!(kept.out, said.out);
    assert!(!person.home.join(".local").exists(), "a dry run leaves nothing behind");
}

#[test]
fn probe_is_a_monitoring_plugin_and_the_old_cron_line() {
    let person = Person::new("probe");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback is there");
    let port = listener.local_addr().expect("it is bound").port();
    let place = format!("tcp://127.0.0.1:{port}");
    person.run(&["probe", &place]).expect(0, "TCP OK: connected in", "");
    let hangs = format!("http://127.0.0.1:{port}/");
    let hung = person.run(&["probe", &hangs, "--timeout", "300ms"]);
    let hung = hung.expect(2, "HTTP CRITICAL: no answer in 0.3 s", "");
    assert!(hung.out.contains(" | time=0.3"), "{}", hung.out);
    drop(listener);
    let refused =
        person.run(&["probe", &hangs, "--json"]).expect(2, "\"verdict\":\"CRITICAL\"", "");
    assert!(refused.out.contains("\"seen\":\"Refused\""), "{}", refused.out);
    person.run(&["probe", &place]).expect(2, "TCP CRITICAL: connection refused", "");
}

#[test]
fn completions_and_manual_know_every_verb() {
    let person = Person::new("pages");
    let bash = person.run(&["completions", "bash"]).expect(0, "_defib()", "");
    let page = person.run(&["man"]).expect(0, ".TH defib", "");
    for verb in VERBS {
        assert!(bash.out.contains(verb) && page.out.contains(verb), "{verb}");
    }
    person.run(&["completions", "tcsh"]).expect(2, "", "bash");
}
