//! Two reboots that cured nothing freeze the next (S23): the whole binary on an app that is broken for good, with a
//! scripted service manager on a bus of the test's own. Nothing but that manager is ever asked for a reboot.

mod support;

use defib_console::clock::{now_ms as wall_ms, parse_rfc3339};
use defib_engine::note::{HandOver, Note, Thaw};
use defib_engine::time::Moment;
use defib_journal::ledger::{Ledger, Name, RebootCharge};
use defib_journal::line::Line;
use std::fs;
use std::time::Duration;
use support::books;
use support::folder::Folder;
use support::lone::Lone;
use support::machine::{Machine, UNIT, now_ms};
use support::wait::{poll_until, stays_false};
use support::whole::{Daemon, Home, SOON};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Longer than all rungs below a reboot take on a busy machine.
const LADDER: Duration = Duration::from_secs(45);

struct Stage {
    home: Home,
    daemon: Daemon,
    machine: Machine,
    /// Its process is ended with it.
    _lone: Lone,
    /// When the freeze ends by itself, on CLOCK_BOOTTIME.
    until_ms: u64,
}

/// A unit that hangs whatever is done to it, on a machine that was rebooted in vain for it so long ago.
fn frozen(name: &str, ago_ms: [u64; 2]) -> Stage {
    let folder = Folder::new(name);
    let lone = Lone::new(&folder);
    let machine = Machine::new(&folder, &lone);
    let config = format!(
        "[machine]\nmode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"0s\"\n[app.lone]\n\
         url = \"http://127.0.0.1:{}/\"\nunit = \"{UNIT}\"\ninterval = \"200ms\"\n\
         fast = \"100ms\"\ntimeout = \"200ms\"\nwindow = \"500ms\"\nrise = 2\nverify = \"300ms\"\n\
         grace = \"100ms\"\nstart_grace = \"1s\"\n",
        lone.port
    );
    let home = machine.home(folder, &config);
    // This machine may have been up for minutes only; the line counts the boots before, too.
    let mut ledger = Ledger::fresh(books::boot_id());
    ledger.line_offset_ms = 100 * HOUR_MS;
    books::put(&home, &ledger);
    let mut daemon = home.daemon();
    home.wait_for_word("up", SOON);
    daemon.kill();
    lone.strike("incurable");
    lone.strike("hang");
    let mut ledger = books::in_memory(&home).expect("a whole ledger");
    let now_ms = now_ms();
    for ago_ms in ago_ms {
        let at = Moment(ledger.now(now_ms).0 - ago_ms);
        let charge = RebootCharge { app: Name::new("lone"), at };
        ledger.reboots.push(charge);
        ledger.vain.push(charge);
    }
    books::put(&home, &ledger);
    let daemon = home.daemon();
    let until_ms = now_ms + DAY_MS - ago_ms[1];
    Stage { home, daemon, machine, _lone: lone, until_ms }
}

impl Stage {
    /// What a verb said on stdout, which must end with this code.
    #[track_caller]
    fn said(&self, code: i32, arguments: &[&str]) -> String {
        let socket = self.home.runtime().join("defib.sock").to_string_lossy().into_owned();
        let output = self.home.verb(&[&["--socket", &socket], arguments].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{output:?}");
        said
    }

    fn resume(&self, code: i32) -> String {
        let state = self.home.state().to_string_lossy().into_owned();
        self.said(code, &["resume", "--state", &state])
    }

    /// Until when reboots are frozen, as wall time in milliseconds.
    fn frozen_until(&self) -> Option<i64> {
        let answer = self.home.ask("{\"do\":\"status\"}")?;
        let (_, rest) = answer.split_once("\"frozen\":{\"reboots\":2,\"until\":\"")?;
        parse_rfc3339(rest.split_once('"')?.0)
    }

    fn wait_frozen(&self) {
        poll_until("status says frozen", SOON, || self.frozen_until());
    }

    /// Every rung below a reboot was in vain, too, and somebody is told.
    fn wait_handed_over(&self) {
        self.home.wait_for_line("the hand-over", LADDER, |entry| {
            let Line::Note { note } = &entry.line else { return None };
            matches!(**note, Note::HandedOver { why: HandOver::Frozen, .. }).then_some(())
        });
    }

    fn wait_thawed(&self, by: Thaw, limit: Duration) {
        self.home.wait_for_line("the end of the freeze", limit, |entry| {
            let Line::Note { note } = &entry.line else { return None };
            (**note == Note::Thawed { by }).then_some(())
        });
    }

    /// When a reboot was asked for.
    fn reboots(&self) -> Vec<u64> {
        self.machine.times_of("Reboot")
    }

    fn wait_rebooted(&self) -> u64 {
        poll_until("a reboot is asked for", LADDER, || self.reboots().first().copied())
    }
}

#[test]
fn it_is_said_until_when_and_what_ends_it() {
    let stage = frozen("frozen-said", [25 * HOUR_MS, 7 * HOUR_MS]);
    stage.wait_handed_over();
    let until = stage.frozen_until().expect("it is frozen");
    let left_ms = until - wall_ms();
    assert!((left_ms - 17 * HOUR_MS as i64).abs() < 300_000, "17 h are left, not {left_ms} ms");
    let status = stage.said(0, &["status"]);
    let line = status.lines().find(|line| line.starts_with("frozen: ")).expect("a line for it");
    assert!(line.starts_with("frozen: 2 reboots without recovery, until 20"), "{line}");
    assert!(line.ends_with(" or defib resume"), "{line}");
    let why = stage.said(0, &["why", "lone"]);
    assert!(why.contains(line), "{line}\n{why}");
    assert!(!why.contains("some time"), "{why}");
    assert!(stage.said(2, &["status", "--nagios"]).contains("CRITICAL: 0 of 1 up: lone"));
    let state = stage.home.state().to_string_lossy().into_owned();
    let story = stage.said(0, &["explain", "last", "--state", &state]);
    assert!(story.contains("frozen") && story.contains("defib resume"), "{story}");
    let is_asked = || !stage.reboots().is_empty();
    stays_false("a third reboot was asked for", Duration::from_secs(3), is_asked);
    stage.home.assert_replays();
}

#[test]
fn a_persons_resume_ends_it_once_and_for_good() {
    let mut stage = frozen("frozen-resume", [25 * HOUR_MS, 7 * HOUR_MS]);
    stage.wait_handed_over();
    assert!(stage.said(0, &["resume", "--dry-run"]).contains("would resume 1"));
    assert!(stage.frozen_until().is_some() && stage.reboots().is_empty());
    let said = stage.resume(0);
    assert!(said.starts_with("resumed: "), "{said}");
    // It is in force, and outlives the agent, before that is said.
    assert_eq!(stage.frozen_until(), None);
    stage.daemon.kill();
    let ledger = books::in_memory(&stage.home).expect("a whole ledger");
    assert_eq!(ledger.freeze(ledger.now(now_ms())), None);
    assert_eq!(ledger.reboots.len() - ledger.vain.len(), 2, "the budget stays as it was");
    assert!(!stage.home.state().join("resume").exists(), "said for once");
    assert!(stage.resume(1).is_empty(), "nobody is there to hear it");
    stage.daemon = stage.home.daemon();
    stage.home.wait_for_line("a person's yes", SOON, |entry| match &entry.line {
        Line::Note { note } => (**note == Note::Thawed { by: Thaw::Person }).then_some(()),
        _ => None,
    });
    poll_until("the agent answers", SOON, || stage.home.ask("{\"do\":\"status\"}"));
    assert!(stage.resume(0).starts_with("nothing is frozen"));
    assert!(!stage.home.state().join("resume").exists(), "nothing is kept for another time");
    stage.wait_rebooted();
    let is_storm = || stage.reboots().len() > 1;
    stays_false("another was asked for", Duration::from_secs(3), is_storm);
    stage.home.assert_replays();
}

#[test]
fn a_day_after_the_last_one_more_is_tried() {
    let stage = frozen("frozen-day", [25 * HOUR_MS, DAY_MS - 20_000]);
    stage.wait_frozen();
    stage.wait_thawed(Thaw::Time, LADDER);
    assert!(now_ms() >= stage.until_ms, "not a moment earlier");
    assert!(stage.wait_rebooted() >= stage.until_ms);
    // What comes of that one is not known yet: the next day begins with it.
    assert!(stage.said(0, &["status"]).contains("frozen: 3 reboots without recovery"));
    stage.home.assert_replays();
}

#[test]
fn neither_an_agents_death_nor_a_lost_journal_ends_it() {
    let mut stage = frozen("frozen-kept", [25 * HOUR_MS, 7 * HOUR_MS]);
    stage.wait_frozen();
    let journal = stage.home.state().join("journal");
    let before = stage.frozen_until();
    let again = |stage: &mut Stage, change: &dyn Fn()| {
        stage.daemon.kill();
        change();
        stage.daemon = stage.home.daemon();
        stage.wait_frozen();
        let moved_ms = stage.frozen_until().zip(before).map(|(now, then)| (now - then).abs());
        assert!(moved_ms.is_some_and(|ms| ms < 5_000), "it has moved: {moved_ms:?}");
    };
    again(&mut stage, &|| {});
    let files = || fs::read_dir(&journal).expect("ours").map(|file| file.expect("ours").path());
    again(&mut stage, &|| files().for_each(|path| fs::write(path, "nothing\n").expect("ours")));
    again(&mut stage, &|| files().for_each(|path| fs::remove_file(path).expect("ours")));
    let is_asked = || !stage.reboots().is_empty();
    stays_false("a reboot was asked for", Duration::from_secs(10), is_asked);
}
