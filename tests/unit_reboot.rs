//! The last rung, asked of a scripted logind on a private bus: only with permission, and once.

mod support;

use std::time::Duration;
use support::folder::Folder;
use support::lone::Lone;
use support::machine::{Machine, UNIT};
use support::wait::{poll_until, stays_false};
use support::whole::{Daemon, Home, SOON};

struct Stage {
    home: Home,
    daemon: Daemon,
    machine: Machine,
    _lone: Lone,
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
    Stage { home, daemon, machine, _lone: lone }
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
