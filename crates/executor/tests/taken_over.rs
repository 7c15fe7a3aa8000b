//! A guardian that somebody else has taken over: it speaks the protocol to a real executor and asks for what it
//! must not get.
//!
//! The protocol has no word for a unit, a program, a signal or a path: an order names an app by its number in
//! the config and one of five rungs, and that is all there is to ask for. So what is tried is every number,
//! every rung, every purse, and bytes that are no message.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, PATIENCE, kill, lives, start_config};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{OrderRefusal, Outcome};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_journal::order::{MESSAGE_MAX, PROTOCOL, Report, Request};
use rustix::process::Signal;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const SLEEP: &str = "[\"sleep\", \"60\"]";
const RUNGS: [Rung; 5] = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];
const PURSES: [Purse; 3] = [Purse::Free, Purse::Ladder, Purse::Gentle];

/// An executor that may reboot and has two acts to spend, and its running app.
fn taken(name: &str) -> (Bench, Identity) {
    let config = start_config(SLEEP, "budget = { hour = 2, day = 2 }\ngrace = \"100ms\"\n")
        .replace("mode = \"act\"", "mode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"0s\"");
    let mut bench = Bench::start(name, &config, "leave");
    bench.greeted();
    let app = bench.start_app();
    (bench, app)
}

/// A process of this machine that the config does not name.
struct Bystander(Child);

impl Bystander {
    fn start() -> Bystander {
        Bystander(Command::new("sleep").arg("61").spawn().expect("sleep starts"))
    }

    fn identity(&self) -> Identity {
        let pid = self.0.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let ticks = stat.rsplit(") ").next().and_then(|it| it.split(' ').nth(19)).expect("there");
        Identity { pid, start_ticks: ticks.parse().expect("a number") }
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_refused(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Refused(_) | Outcome::Failed(_))
}

#[test]
fn no_order_for_what_the_config_does_not_name() {
    let (mut bench, app) = taken("tnamed");
    for number in [1, 2, 63, 64, 255, 256, u16::MAX] {
        for rung in RUNGS {
            let mut order = bench.order(rung, Purse::Ladder, Some(app));
            order.app = AppId(number);
            let refused = Outcome::Refused(OrderRefusal::UnknownTarget);
            assert_eq!(bench.act(order).0, refused, "{number} {rung:?}");
        }
        bench.say(&Request::Identify { app: AppId(number) });
        bench.say(&Request::Evidence { app: AppId(number), incident: IncidentId(1) });
    }
    assert!(lives(app.pid));
    assert_eq!(bench.text("reboot-asked"), "");
}

#[test]
fn no_order_on_a_process_that_is_not_the_apps() {
    let (mut bench, app) = taken("tprocess");
    let bystander = Bystander::start();
    let own = bench.executor.as_ref().expect("it runs").id();
    let others = [
        bystander.identity(),
        Identity { pid: 1, start_ticks: 0 },
        Identity { pid: own, start_ticks: 1 },
        Identity { start_ticks: app.start_ticks + 1, ..app },
    ];
    for identity in others {
        for rung in [Rung::Restart, Rung::Kill] {
            let order = bench.order(rung, Purse::Ladder, Some(identity));
            let refused = Outcome::Refused(OrderRefusal::WrongIdentity);
            assert_eq!(bench.act(order).0, refused, "{identity:?}");
        }
    }
    assert!(lives(app.pid) && lives(bystander.identity().pid));
}

#[test]
fn no_second_reboot_however_it_is_asked_for() {
    let (mut bench, _) = taken("treboot");
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    bench.act(order);
    let begin_again = [false, true];
    for is_new_executor in begin_again {
        if is_new_executor {
            bench.kill_executor();
            bench.start_executor();
            bench.greeted();
        }
        for purse in PURSES {
            for class in [Class::Dead, Class::Hung, Class::KernelIo, Class::Memory] {
                let order = Order { class, ..bench.order(Rung::Reboot, purse, None) };
                assert!(is_refused(bench.act(order).0), "{purse:?} {class:?}");
            }
        }
    }
    assert_eq!(bench.text("reboot-asked"), "once\n");
}

#[test]
fn no_act_beyond_the_budget_whoever_is_said_to_pay() {
    let (mut bench, _) = taken("tbudget");
    for rung in [Rung::Restart, Rung::Kill] {
        let order = bench.order(rung, Purse::Ladder, None);
        assert_eq!(bench.act(order).0, Outcome::Done);
    }
    let app = the_app(&mut bench);
    for incident in 1..5 {
        for rung in [Rung::Restart, Rung::Kill] {
            for purse in PURSES {
                let incident = IncidentId(incident);
                let order = Order { incident, ..bench.order(rung, purse, None) };
                let refused = Outcome::Refused(OrderRefusal::Budget);
                assert_eq!(bench.act(order).0, refused, "{rung:?} {purse:?}");
            }
        }
    }
    assert!(lives(app.pid));
}

fn the_app(bench: &mut Bench) -> Identity {
    bench.say(&Request::Identify { app: AppId(0) });
    bench.until("Found", bench::found)
}

#[test]
fn nothing_twice_and_no_number_that_would_be_the_last() {
    let (mut bench, app) = taken("tnumber");
    for intent in [0, 1, u64::MAX, u64::MAX - 1, 1 << 40] {
        let order = bench.order(Rung::Restart, Purse::Ladder, None);
        let order = Order { intent: IntentId(intent), ..order };
        assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Repeated), "{intent}");
    }
    assert!(lives(app.pid));
    // The next honest guardian is not locked out.
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
}

#[test]
fn no_act_that_lasts_for_ever() {
    // The command hangs, and the order allows it 49 days.
    let config = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\n\
                  recover = [\"sleep\", \"30\"]\nrestart_timeout = \"5s\"\n";
    let mut bench = Bench::start("tdeadline", config, "leave");
    bench.greeted();
    let begun = Instant::now();
    let order = Order { deadline_ms: u32::MAX, ..bench.order(Rung::Restart, Purse::Ladder, None) };
    bench.act(order);
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
}

#[test]
fn long_broken_and_countless_messages_get_it_replaced_and_nothing_else() {
    let (mut bench, app) = taken("tbytes");
    let mut order = Vec::new();
    Request::Order(bench.order(Rung::Kill, Purse::Ladder, Some(app))).encode(&mut order);
    let mut long = order.clone();
    long.resize(12 * MESSAGE_MAX, 0);
    let mut padded = order.clone();
    padded.push(0);
    let cut = order[..order.len() - 1].to_vec();
    let full = vec![0xff; MESSAGE_MAX];
    let mut old = Vec::new();
    Request::Hello { protocol: PROTOCOL + 1 }.encode(&mut old);
    for bytes in [long, padded, cut, full, vec![0], old] {
        bench.say_bytes(&bytes);
        // The next one is welcomed: this one was not believed.
        bench.greeted();
        assert!(lives(app.pid), "{} bytes", bytes.len());
    }
    for _ in 0..2_000 {
        bench.say(&Request::Evidence { app: AppId(0), incident: IncidentId(9) });
    }
    assert!(lives(app.pid));
    assert!(lives(bench.executor.as_ref().expect("it runs").id()));
}

#[test]
fn a_taken_guardian_that_stops_speaking_or_dies_again_and_again_ends_nothing() {
    let (mut bench, app) = taken("tdies");
    let begun = Instant::now();
    for _ in 0..3 {
        bench.hang_up();
        bench.greeted();
        assert_eq!(bench.until("Found", bench::found), app);
    }
    assert!(begun.elapsed() < PATIENCE);
    assert!(lives(app.pid));
    kill(app.pid, Signal::TERM);
    bench.until("Died", |report| matches!(report, Report::Died { .. }).then_some(()));
}
