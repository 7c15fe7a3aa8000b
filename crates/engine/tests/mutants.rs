//! Mutants: for each promise a way of breaking it that its checker must notice. A check that no
//! mutant can fail proves nothing.

mod support;

use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Doubt, Event};
use defib_engine::id::{AppId, Identity};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Budget, Mode, Policy};
use defib_engine::seen::Seen;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::atomic::{AtomicU32, Ordering};
use support::laws::{self, Law, RIGHT, UPTIME_MS, Wrong};
use support::script::{self, Line};
use support::world::{HANG, World};

/// Judges a mutant by up to 4,000 random scripts, always the same ones, until this promise is broken.
fn first_breach(promise: &str, law: impl Fn(&[Line]) -> Law) -> Option<String> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..4_000).find_map(|_| {
        let script = script::script().new_tree(&mut runner).expect("a script").current();
        law(&script).err().filter(|breach| breach.contains(promise))
    })
}

fn must_break(promise: &str, law: impl Fn(&[Line]) -> Law) {
    assert!(first_breach(promise, law).is_some(), "{promise}: the mutant was not caught");
}

fn safety_breaks(promise: &str, wrong: Wrong) {
    must_break(promise, |script| laws::safety(&wrong, script, true, false, UPTIME_MS));
}

fn with_policy(policy: fn(&mut Policy)) -> Wrong {
    Wrong { policy: Some(policy), ..RIGHT }
}

fn with_tamper(tamper: fn(&mut World, &mut Event) -> bool) -> Wrong {
    Wrong { tamper: Some(tamper), ..RIGHT }
}

fn with_effects(effects: fn(&mut Vec<Effect>)) -> Wrong {
    Wrong { effects: Some(effects), ..RIGHT }
}

fn each_order(effects: &mut [Effect], change: impl Fn(&mut defib_engine::effect::Order)) {
    for effect in effects {
        if let Effect::Order(order) = effect {
            change(order);
        }
    }
}

fn twice(effects: &mut Vec<Effect>) {
    let orders: Vec<Effect> =
        effects.iter().filter(|effect| matches!(effect, Effect::Order(_))).cloned().collect();
    effects.extend(orders);
}

const BOUNDLESS: Budget =
    Budget { short_ms: 3_600_000, short_limit: 90, long_ms: 86_400_000, long_limit: 99 };

#[test]
fn s1_an_order_sent_twice() {
    safety_breaks("S1", with_effects(twice));
}

#[test]
fn s2_an_order_without_its_note() {
    safety_breaks(
        "S2",
        with_effects(|effects| {
            effects.retain(|effect| !matches!(effect, Effect::Note(Note::Ordered { .. })));
        }),
    );
}

#[test]
fn s3_a_restart_that_forgets_its_charges() {
    let forget = with_tamper(|_, event| {
        if let Event::Started(started) = event {
            started.charges.clear();
        }
        true
    });
    let kills = [Line::Run(12_000), Line::Answer(0, 0, HANG), Line::Run(40_000)];
    let mut script = vec![Line::Next(0, support::world::Life::Good { warm_ms: 100 })];
    for _ in 0..12 {
        script.extend(kills.clone());
        script.extend([Line::Run(120_000), Line::GuardianDies(100)]);
    }
    assert_eq!(laws::safety(&RIGHT, &script, false, false, UPTIME_MS), Ok(()));
    let breach = laws::safety(&forget, &script, false, false, UPTIME_MS);
    assert!(breach.as_ref().is_err_and(|why| why.contains("S4")), "{breach:?}");
}

#[test]
fn s4_a_budget_without_end() {
    safety_breaks(
        "S4",
        with_policy(|policy| {
            policy.reboot_budget = BOUNDLESS;
            policy.min_uptime_ms = 0;
            for app in &mut policy.apps {
                app.budget = BOUNDLESS;
                app.gentle_every_ms = 1_000;
            }
        }),
    );
}

#[test]
fn s5_observe_that_acts() {
    let wrong = with_policy(|policy| policy.mode = Mode::Act);
    must_break("S5", |script| laws::safety(&wrong, script, true, true, UPTIME_MS));
}

#[test]
fn s6_a_pass_read_as_a_failure() {
    safety_breaks(
        "S6",
        with_tamper(|_, event| {
            if let Event::Observed { seen: seen @ Seen::Pass, .. } = event {
                *seen = HANG;
            }
            true
        }),
    );
}

#[test]
fn s7_an_incident_without_end() {
    safety_breaks(
        "S7",
        with_effects(|effects| {
            each_order(effects, |order| {
                // A rung below one that was used already.
                if order.rung == Rung::Kill && order.intent.0 % 2 == 0 {
                    order.rung = Rung::Restart;
                }
            });
        }),
    );
}

#[test]
fn s8_no_room_between_two_acts() {
    safety_breaks(
        "S8",
        with_policy(|policy| {
            for app in &mut policy.apps {
                app.start_grace_ms = 0;
                app.verify_ms = 0;
            }
        }),
    );
}

#[test]
fn s9_a_reboot_of_a_young_machine() {
    let wrong = with_policy(|policy| policy.min_uptime_ms = 0);
    must_break("S9", |script| laws::safety(&wrong, script, true, false, 1_000));
}

#[test]
fn s13_a_reboot_for_the_unclear() {
    safety_breaks(
        "S13",
        with_effects(|effects| {
            each_order(effects, |order| {
                if order.class == Class::Unknown {
                    order.rung = Rung::Reboot;
                }
            });
        }),
    );
}

#[test]
fn s14_no_self_doubt() {
    safety_breaks("S14", with_tamper(|_, event| !matches!(event, Event::Doubted(_))));
}

/// Told that all wait for memory while there is plenty: acts without a look that shows a fault.
#[test]
fn s14_memory_that_is_not_gone() {
    safety_breaks(
        "S14",
        with_tamper(|_, event| {
            if let Event::Machine(facts) = event {
                facts.available_kb = 1_000;
                facts.pressure.get_or_insert_default().memory_full = 900;
            }
            true
        }),
    );
}

/// Told that the app has not grown: reboots before it has killed what would have cured.
#[test]
fn s9_a_hog_that_is_taken_for_another() {
    safety_breaks(
        "S9",
        with_tamper(|_, event| {
            if let Event::Measured { facts, .. } = event {
                facts.grown_kb = 0;
            }
            true
        }),
    );
}

/// No signal reaches what sleeps in the kernel.
#[test]
fn s5_a_kill_of_what_sleeps_in_the_kernel() {
    safety_breaks(
        "S5",
        with_effects(|effects| {
            each_order(effects, |order| {
                if order.class == Class::KernelIo {
                    order.rung = Rung::Kill;
                }
            });
        }),
    );
}

#[test]
fn s15_a_late_look_stamped_anew() {
    let wrong = with_tamper(|world, event| {
        if let Event::Observed { started, ended, .. } = event {
            *ended = world.now;
            *started = world.state.apps[0].probes[0].asked_at.unwrap_or(world.now);
            let now = world.now;
            if let Some(at) = &mut world.state.apps[0].probes[0].asked_at {
                *at = now;
                *started = now;
            }
        }
        true
    });
    assert!(laws::late_is_unknown(&wrong, 20_000, 5).is_err());
}

#[test]
fn s16_no_grace_after_a_start() {
    safety_breaks(
        "S16",
        with_policy(|policy| {
            for app in &mut policy.apps {
                app.start_grace_ms = 0;
            }
        }),
    );
}

#[test]
fn s17_a_hold_that_is_not_heard() {
    safety_breaks("S17", with_tamper(|_, event| !matches!(event, Event::Held { .. })));
}

#[test]
fn s17_a_stop_that_is_not_heard() {
    safety_breaks("S17", with_tamper(|_, event| !matches!(event, Event::Stopped { .. })));
}

#[test]
fn s20_another_process() {
    safety_breaks(
        "S20",
        with_effects(|effects| {
            each_order(effects, |order| {
                order.identity = Some(Identity { pid: 1, start_ticks: 0 });
            });
        }),
    );
}

#[test]
fn s21_an_app_that_is_not_there() {
    let wrong = with_effects(|effects| each_order(effects, |order| order.app = AppId(7)));
    must_break("S21", |script| {
        let mut truth = script::two_apps(true);
        truth.mode = Mode::Act;
        let mut world = World::new(truth.clone(), UPTIME_MS);
        world.tamper_effects = wrong.effects;
        world.start_guardian();
        script::play(&mut world, script);
        let stray = world.trace.iter().any(|(_, trace)| {
            matches!(trace, support::world::Trace::Effect(Effect::Order(o)) if usize::from(o.app.0) >= truth.apps.len())
        });
        if stray { Err("S21".into()) } else { Ok(()) }
    });
}

static DICE: AtomicU32 = AtomicU32::new(0);

#[test]
fn s25_a_hidden_die() {
    let wrong = with_tamper(|_, event| {
        let thrown = DICE.fetch_add(1, Ordering::Relaxed);
        !(matches!(event, Event::Woke) && thrown.is_multiple_of(7))
    });
    must_break("S25", |script| laws::deterministic(&wrong, script));
}

#[test]
fn s29_a_decision_by_the_wall_clock() {
    let wrong = with_tamper(|_, event| match event {
        Event::Doubted(Doubt::ClockStepped { by_ms }) => *by_ms < 0,
        _ => true,
    });
    must_break("S29", |script| {
        laws::wall_clock_is_irrelevant(&wrong, script, -5)
            .and_then(|()| laws::wall_clock_is_irrelevant(&wrong, script, 5))
    });
}

#[test]
fn s30_an_executor_that_forgets() {
    let wrong = Wrong { effects: Some(twice), forgetful: true, ..RIGHT };
    safety_breaks("S30", wrong);
}

#[test]
fn s31_not_seeing_counts_more_than_seeing() {
    let wrong = with_tamper(|_, event| {
        if let Event::Observed { seen: seen @ Seen::Unknown(_), .. } = event {
            *seen = Seen::Refused;
        }
        true
    });
    // It takes two silent looks in a row to be more than wrong answers.
    let looks = [2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0];
    let breach = (0..12usize).find_map(|drop| laws::monotone(&wrong, &looks, drop).err());
    assert!(breach.is_some(), "S31: the mutant was not caught");
}

#[test]
fn s32_one_app_judged_by_another() {
    safety_breaks(
        "S32",
        with_tamper(|world, event| {
            if let Event::Observed { probe, attempt, seen, .. } = event
                && probe.app == AppId(0)
                && seen.is_failure()
            {
                probe.app = AppId(1);
                probe.index = 0;
                *attempt = world.state.apps[1].probes[0].attempt;
                let now = world.now;
                world.state.apps[1].probes[0].asked_at.get_or_insert(now);
            }
            true
        }),
    );
}

#[test]
fn l1_an_answer_that_is_never_heard() {
    let wrong = with_tamper(|_, event| !matches!(event, Event::Acted { .. }));
    must_break("L1", |script| laws::healed_world_closes(&wrong, script));
}

#[test]
fn l2_an_incident_that_is_not_reported() {
    let wrong = with_effects(|effects| {
        effects.retain(|effect| !matches!(effect, Effect::Note(Note::Closed { .. })));
    });
    must_break("L2", |script| laws::healed_world_closes(&wrong, script));
}

#[test]
fn l3_a_death_that_is_not_heard() {
    let wrong = with_tamper(|_, event| !matches!(event, Event::Died { .. }));
    assert!(laws::death_is_answered(&wrong, 60_000).is_err());
}

#[test]
fn l4_a_window_too_long() {
    let wrong = with_policy(|policy| {
        for app in &mut policy.apps {
            app.window_ms = 60_000;
        }
    });
    assert!(laws::hang_is_killed(&wrong, 60_000).is_err());
}

#[test]
fn l4_a_last_look_that_outlasts_the_window() {
    // No look is ever enough, so none is aimed at the window's end; a hang needs less and is still judged.
    let wrong = with_policy(|policy| policy.bars.restart_db = i16::MAX);
    let law = laws::conviction_ends_with_the_window(&wrong, 60_000, 3_000);
    assert!(law.as_ref().is_err_and(|why| why.contains("Some(18000)")), "{law:?}");
    assert!((60_000..65_000).any(|calm_ms| laws::hang_is_killed(&wrong, calm_ms).is_err()));
}

#[test]
fn a_cusum_that_three_failures_alarm() {
    // Three failures of one burst span two thirds of the window.
    let wrong = with_policy(|policy| policy.bars.cusum_alarm = 26);
    assert!(laws::burst_is_no_fault(&wrong, (1_000, 1_000), 16_000, 0).is_err());
}

#[test]
fn l5_a_person_told_and_no_look_after_that() {
    let wrong = with_tamper(|world, event| {
        let told = world
            .state
            .apps
            .iter()
            .any(|app| app.incident().is_some_and(|incident| incident.handed_over.is_some()));
        !(told && matches!(event, Event::Observed { .. }))
    });
    must_break("L5", |script| laws::healed_world_closes(&wrong, script));
}
