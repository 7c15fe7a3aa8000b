//! defib itself did not run for a while: whatever it missed is no fault of the app.

mod support;

use std::time::Duration;
use support::calm::{Calm, QUICK};
use support::wait::poll_until;
use support::whole::SOON;

/// Longer than the executor bears the guardian's silence (5 s).
const QUICK_STOP: Duration = Duration::from_secs(7);
const STOP: Duration = Duration::from_secs(20);

/// Both: nobody was silent for longer than the other could see.
fn both(calm: Calm, span: Duration, after: Duration) {
    let guardian = calm.guardian();
    calm.freeze(&[guardian, calm.daemon.pid()], span);
    calm.pass(after);
    assert_eq!(calm.guardian(), guardian, "it was needlessly ended: {}", calm.home.log());
    calm.assert_untouched();
}

fn the_executor(calm: Calm, span: Duration, after: Duration) {
    let guardian = calm.guardian();
    calm.freeze(&[calm.daemon.pid()], span);
    calm.pass(after);
    assert_eq!(calm.guardian(), guardian, "it was needlessly ended: {}", calm.home.log());
    calm.assert_untouched();
}

/// The guardian: it is ended after 5 s of silence, and the next one goes on.
fn the_guardian(calm: Calm, span: Duration, after: Duration) {
    let guardian = calm.guardian();
    calm.freeze(&[guardian], span);
    let next = poll_until("another guardian", SOON, || {
        calm.daemon.guardian().filter(|pid| *pid != guardian)
    });
    calm.pass(after);
    assert_eq!(calm.guardian(), next);
    calm.assert_untouched();
}

#[test]
fn both_processes_stopped_for_a_while() {
    both(Calm::begin("both", QUICK), QUICK_STOP, Duration::from_secs(4));
}

#[test]
fn the_executor_stopped_for_a_while() {
    the_executor(Calm::begin("executor", QUICK), QUICK_STOP, Duration::from_secs(4));
}

#[test]
fn the_guardian_stopped_for_a_while() {
    the_guardian(Calm::begin("guardian", QUICK), QUICK_STOP, Duration::from_secs(4));
}

/// A failed look before the stop and one that was under way: the stretch between them is ours.
#[test]
fn looks_that_were_under_way_prove_nothing() {
    let calm = Calm::begin("under-way", QUICK);
    let guardian = calm.guardian();
    calm.lone.strike("hang");
    poll_until("a look fails", SOON, || (calm.bad_looks() > 0).then_some(()));
    calm.pass(Duration::from_millis(100));
    calm.freeze(&[guardian, calm.daemon.pid()], Duration::from_secs(4));
    calm.lone.mend("hang");
    calm.pass(Duration::from_secs(3));
    calm.assert_untouched();
}

#[test]
#[ignore = "soak: three stops of 20 s at the default settings"]
fn soak_stopped_for_twenty_seconds() {
    let after = Duration::from_secs(30);
    both(Calm::begin("both-20", ""), STOP, after);
    the_executor(Calm::begin("executor-20", ""), STOP, after);
    the_guardian(Calm::begin("guardian-20", ""), STOP, after);
}
