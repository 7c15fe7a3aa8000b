//! The last rung, asked of a scripted logind on a private bus: only with permission, and once.

mod support;

use defib_engine::effect::Rung;
use defib_engine::note::{Ending, Note};
use defib_journal::boot::BootEnding;
use defib_journal::line::{Entry, Line};
use defib_journal::order::ActStep;
use std::time::Duration;
use support::books;
use support::folder::Folder;
use support::lone::Lone;
use support::machine::{Machine, UNIT};
use support::wait::{poll_until, stays_false};
use support::whole::{Daemon, Home, SOON};

struct Stage {
    home: Home,
    daemon: Daemon,
    machine: Machine,
    lone: Lone,
}

/// A unit that hangs whatever is done to it.
fn incurable(name: &str, reboot: &str) -> Stage {
    let folder = Folder::new(name);
    let lone = Lone::new(&folder);
    let machine = Machine::new(&folder, &lone);
    let config = format!(
        "[machine]\nmode = \"act\"\nreboot = \"{reboot}\"\nmin_uptime = \"0s\"\n[app.lone]\n\
         url = \"http://127.0.0.1:{}/\"\nunit = \"{UNIT}\"\ninterval = \"200ms\"\n\
         fast = \"100ms\"\ntimeout = \"200ms\"\nwindow = \"500ms\"\nrise = 2\nverify = \"300ms\"\n\
         grace = \"100ms\"\nstart_grace = \"1s\"\n",
        lone.port
    );
    let home = machine.home(folder, &config);
    let daemon = home.daemon();
    home.wait_for_word("up", SOON);
    lone.strike("incurable");
    lone.strike("hang");
    Stage { home, daemon, machine, lone }
}

fn reboots(stage: &Stage) -> usize {
    stage.machine.times_of("RebootWithFlags").len()
}

#[test]
fn a_permitted_reboot_is_asked_for_once() {
    let mut stage = incurable("unit-reboot", "allowed");
    poll_until("logind is asked", Duration::from_secs(30), || (reboots(&stage) > 0).then_some(()));
    assert!(!stage.machine.times_of("RestartUnit").is_empty(), "gentler rungs come first");
    let again = |stage: &Stage| {
        stays_false("it was asked for twice", Duration::from_secs(6), || reboots(stage) > 1);
    };
    again(&stage);
    // Neither a new executor forgets it, nor a new guardian.
    stage.daemon.kill();
    stage.daemon = stage.home.daemon();
    again(&stage);
    let calls = stage.machine.calls();
    let asked: Vec<&String> =
        calls.iter().map(|(_, call)| call).filter(|call| call.contains("eboot")).collect();
    assert_eq!(asked, ["RebootWithFlags 0x10"]);
    stage.home.assert_replays();
}

#[test]
fn without_permission_there_is_no_reboot() {
    let stage = incurable("unit-no-reboot", "never");
    poll_until("the ladder begins", SOON, || {
        (!stage.machine.times_of("RestartUnit").is_empty()).then_some(())
    });
    stays_false("it was asked for", Duration::from_secs(10), || {
        stage.machine.calls().iter().any(|(_, call)| call.contains("eboot"))
    });
    stage.home.assert_replays();
}

/// As another boot finds it: the ledger is an earlier boot's, and its copy on /run is gone.
fn leave_to_another_boot(home: &Home) {
    let mut ledger = books::on_disk(home).expect("a whole ledger");
    ledger.boot_id = [1; 16];
    books::put(home, &ledger);
}

fn is_boot(entry: &Entry) -> bool {
    matches!(entry.line, Line::Boot { .. })
}

#[test]
fn a_boot_later_the_incident_closes_and_it_is_said_who_ended_the_last_one() {
    let mut stage = incurable("unit-gap", "allowed");
    poll_until("the disk knows that logind is asked", Duration::from_secs(30), || {
        let step = books::on_disk(&stage.home)?.reboot_mark?.step;
        step.filter(|it| matches!(it, ActStep::RebootAsked | ActStep::RebootAccepted))
    });
    stage.daemon.kill();
    stage.lone.mend("incurable");
    stage.lone.mend("hang");
    leave_to_another_boot(&stage.home);
    stage.daemon = stage.home.daemon();
    let down_ms =
        stage.home.wait_for_line("the incident's end", Duration::from_secs(30), |entry| {
            let Line::Note { note } = &entry.line else { return None };
            match **note {
                Note::Closed {
                    ending: Ending::Recovered { rung: Rung::Reboot }, down_ms, ..
                } => Some(down_ms),
                _ => None,
            }
        });
    let journal = stage.home.journal();
    let boots: Vec<&Entry> = journal.iter().filter(|entry| is_boot(entry)).collect();
    assert_eq!(boots.len(), 1);
    let Line::Boot { ending, app, away_ms, .. } = &boots[0].line else { unreachable!("found so") };
    assert_eq!((*ending, app.as_deref()), (BootEnding::Ours, Some("lone")));
    assert!(away_ms.is_some_and(|away_ms| away_ms <= down_ms), "{away_ms:?} of {down_ms}");
    let said = |arguments: &[&str]| {
        String::from_utf8_lossy(&stage.home.verb(arguments).stdout).into_owned()
    };
    let state = stage.home.state().to_string_lossy().into_owned();
    let list = said(&["incidents", "--state", &state]);
    assert!(list.contains("rebooted by defib (by the service manager, in order)"), "{list}");
    let socket = stage.home.runtime().join("defib.sock").to_string_lossy().into_owned();
    // Without `-v` status is silent of an end of more than a day ago: this machine's own boot may be that.
    for verb in [&["status", "-v"][..], &["why", "lone"]] {
        let out = said(&[verb, &["--socket", &socket]].concat());
        assert!(out.contains("last boot: defib rebooted the machine for lone"), "{out}");
    }
    stage.home.assert_replays();
}
