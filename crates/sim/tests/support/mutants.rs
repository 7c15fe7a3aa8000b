//! The mutants.

use super::plans::Kind;
use defib_engine::effect::{Effect, Order, Rung};
use defib_engine::event::Event;
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Budget, Mode, Permission, Policy, View};
use defib_engine::seen::{Phase, Seen};
use defib_engine::state::{AppPhase, Stage, State};
use defib_engine::time::Moment;
use defib_sim::agent::engine::{Wrong, WrongHand};

/// One wrong agent.
pub(crate) struct Mutant {
    /// What is wrong with it.
    pub(crate) name: &'static str,
    /// The promise whose checker must notice, and in some world alone.
    pub(crate) promise: &'static str,
    /// The worlds in which it lives.
    pub(crate) world: Kind,
    /// How it is wrong.
    pub(crate) wrong: Wrong,
}

/// An agent with nothing wrong, to build the others from.
const RIGHT: Wrong = Wrong {
    policy: None,
    state: None,
    event: None,
    effects: None,
    ledger: None,
    hand: WrongHand::Right,
    back_late_ms: 0,
};

const BOUNDLESS: Budget =
    Budget { short_ms: 3_600_000, short_limit: 90, long_ms: 86_400_000, long_limit: 99 };

const fn mutant(name: &'static str, promise: &'static str, world: Kind, wrong: Wrong) -> Mutant {
    Mutant { name, promise, world, wrong }
}

const fn by_effects(change: fn(&State, &mut Vec<Effect>)) -> Wrong {
    Wrong { effects: Some(change), ..RIGHT }
}

const fn by_event(change: fn(&State, &mut Event) -> bool) -> Wrong {
    Wrong { event: Some(change), ..RIGHT }
}

const fn by_policy(change: fn(&mut Policy)) -> Wrong {
    Wrong { policy: Some(change), ..RIGHT }
}

const fn by_state(change: fn(&mut State)) -> Wrong {
    Wrong { state: Some(change), ..RIGHT }
}

const fn by_hand(hand: WrongHand) -> Wrong {
    Wrong { hand, ..RIGHT }
}

fn each_order(effects: &mut [Effect], change: impl Fn(&mut Order)) {
    for effect in effects {
        if let Effect::Order(order) = effect {
            change(order);
        }
    }
}

fn has_opened(state: &State, incidents: u32) -> bool {
    state.next_incident > incidents
}

/// The table.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "each order is sent twice, under two numbers, to a hand that is never busy",
        "S1",
        Kind::Small,
        Wrong {
            effects: Some(|_, effects| {
                let mut copies = Vec::new();
                each_order(effects, |order| order.intent = IntentId(order.intent.0 * 2));
                for effect in effects.iter() {
                    if let Effect::Order(order) = effect {
                        let intent = IntentId(order.intent.0 + 1);
                        copies.push(Effect::Order(Order { intent, ..*order }));
                    }
                }
                effects.append(&mut copies);
            }),
            event: Some(|_, event| match event {
                Event::Acted { intent, .. } if intent.0 % 2 == 1 => false,
                Event::Acted { intent, .. } => {
                    intent.0 /= 2;
                    true
                }
                _ => true,
            }),
            hand: WrongHand::NeverBusy,
            ..RIGHT
        },
    ),
    mutant("a hand that writes no intents", "S2", Kind::Small, by_hand(WrongHand::Unwritten)),
    mutant(
        "a ledger whose line counts the time without power",
        "S3",
        Kind::Spent,
        Wrong {
            ledger: Some(|ledger, world| {
                let line_ms = world.now_ms() + world.plan().machine.uptime_ms;
                let boot_ms = world.machine().boot_ms(world.now_ms());
                ledger.line_offset_ms = ledger.line_offset_ms.max(line_ms - boot_ms.min(line_ms));
            }),
            ..RIGHT
        },
    ),
    mutant(
        "an engine that believes in a budget without end",
        "S4",
        Kind::Spent,
        by_policy(|policy| {
            for app in &mut policy.apps {
                app.budget = BOUNDLESS;
            }
        }),
    ),
    mutant(
        "a ledger that forgets its charges when the executor begins",
        "S4",
        Kind::Spent,
        Wrong { ledger: Some(|ledger, _| *ledger = forgetful(ledger, 0)), ..RIGHT },
    ),
    mutant(
        "a ledger that keeps charges for ten minutes",
        "S4",
        Kind::Spent,
        Wrong { ledger: Some(|ledger, _| *ledger = forgetful(ledger, 600_000)), ..RIGHT },
    ),
    mutant(
        "a guardian that begins without its charges",
        "S4",
        Kind::Spent,
        Wrong {
            event: Some(|_, event| {
                if let Event::Started(started) = event {
                    started.charges.clear();
                }
                true
            }),
            ..RIGHT
        },
    ),
    mutant(
        "gentle acts once a minute",
        "S4",
        Kind::Small,
        by_policy(|policy| {
            for app in &mut policy.apps {
                app.gentle_every_ms = 60_000;
            }
        }),
    ),
    mutant("observing, and acting", "S5", Kind::Small, by_policy(|policy| policy.mode = Mode::Act)),
    mutant(
        "a reboot that nobody has allowed",
        "S5",
        Kind::Small,
        by_policy(|policy| {
            policy.reboot = Permission::Allowed;
            for app in &mut policy.apps {
                app.rungs = app.rungs.with(Rung::Reboot);
            }
        }),
    ),
    mutant(
        "good looks taken for failures once it is suspected",
        "S6",
        Kind::Small,
        by_event(|state, event| {
            if let Event::Observed { probe, seen, .. } = event {
                let app = &state.apps[usize::from(probe.app.0)];
                if seen.is_good() && app.probes[usize::from(probe.index)].stretch.is_some() {
                    *seen = Seen::Timeout(Phase::FirstByte);
                }
            }
            true
        }),
    ),
    mutant(
        "a kill that is made a restart the second time",
        "S7",
        Kind::Small,
        by_effects(|_, effects| {
            each_order(effects, |order| {
                if order.rung == Rung::Kill && order.intent.0 % 2 == 0 {
                    order.rung = Rung::Restart;
                }
            });
        }),
    ),
    mutant(
        "no room between two acts",
        "S8",
        Kind::Small,
        by_state(|state| {
            let now = state.now;
            state.apps.iter_mut().for_each(|app| app.again_at = app.again_at.min(now));
        }),
    ),
    mutant(
        "a young machine is rebooted",
        "S9",
        Kind::Small,
        by_policy(|policy| policy.min_uptime_ms = 0),
    ),
    mutant(
        "the reboot first",
        "S9",
        Kind::Small,
        by_effects(|_, effects| {
            each_order(effects, |order| {
                if order.rung == Rung::Kill && order.class == Class::Hung {
                    order.rung = Rung::Reboot;
                }
            });
        }),
    ),
    mutant(
        "no evidence is gathered, and none is waited for",
        "S10",
        Kind::Small,
        Wrong {
            state: Some(|state| {
                for app in &mut state.apps {
                    if let AppPhase::Incident(incident) = &mut app.phase {
                        incident.bundled = true;
                    }
                }
            }),
            effects: Some(|_, effects| effects.retain(|it| !matches!(it, Effect::Gather { .. }))),
            ..RIGHT
        },
    ),
    mutant(
        "dependencies are not looked at as such",
        "S11",
        Kind::Small,
        by_policy(|policy| {
            for probe in policy.apps.iter_mut().flat_map(|app| app.probes.iter_mut()) {
                if probe.view == View::Dependency {
                    probe.view = View::UserPath;
                }
            }
        }),
    ),
    mutant(
        "404 taken for 500",
        "S11",
        Kind::Small,
        by_event(|_, event| {
            if let Event::Observed { seen: Seen::Status { code, .. }, .. } = event {
                *code = 500;
            }
            true
        }),
    ),
    mutant(
        "a reboot for what is unclear",
        "S13",
        Kind::Small,
        by_effects(|_, effects| {
            each_order(effects, |order| {
                if order.rung == Rung::Kill && order.class == Class::Erroring {
                    (order.rung, order.class) = (Rung::Reboot, Class::Unknown);
                }
            });
        }),
    ),
    mutant(
        "no self-doubt",
        "S14",
        Kind::Small,
        by_event(|_, event| !matches!(event, Event::Doubted(_))),
    ),
    mutant(
        "no grace after a start",
        "S16",
        Kind::Small,
        by_policy(|policy| {
            for app in &mut policy.apps {
                app.start_grace_ms = 0;
                app.verify_ms = app.verify_ms.max(60_000);
            }
        }),
    ),
    mutant(
        "a hold that is not heard",
        "S17",
        Kind::Small,
        by_event(|_, event| !matches!(event, Event::Held { .. })),
    ),
    mutant(
        "a person's stop that is not heard",
        "S17",
        Kind::Small,
        by_event(|_, event| !matches!(event, Event::Stopped { .. })),
    ),
    mutant(
        "an order for the process with the next number",
        "S20",
        Kind::Small,
        by_effects(|_, effects| {
            each_order(effects, |order| {
                order.identity = order.identity.map(|it| Identity { pid: it.pid + 1, ..it });
            });
        }),
    ),
    mutant(
        "a hand that ends the processes of every app",
        "S21",
        Kind::Small,
        by_hand(WrongHand::EndsAll),
    ),
    mutant(
        "a hand that does again what its predecessor was doing",
        "S30",
        Kind::Agent,
        by_hand(WrongHand::Repeats),
    ),
    mutant(
        "an engine that forgets which reboots were in vain",
        "S23",
        Kind::InVain,
        by_state(|state| state.vain.0.clear()),
    ),
    mutant(
        "an order that goes to the next app, as a reload",
        "S32",
        Kind::Small,
        by_effects(|state, effects| {
            let apps = state.apps.len() as u16;
            each_order(effects, |order| {
                if order.rung == Rung::Restart && apps > 1 {
                    (order.rung, order.app) = (Rung::Reload, AppId((order.app.0 + 1) % apps));
                }
            });
        }),
    ),
    mutant(
        "blind after its first incident",
        "L1",
        Kind::Small,
        by_event(|state, event| {
            let is_open = state.apps.iter().any(|app| app.incident().is_some());
            let is_blind = !is_open && has_opened(state, 1);
            if let Event::Observed { seen, .. } = event
                && is_blind
            {
                *seen = Seen::Pass;
            }
            !(is_blind && matches!(event, Event::Died { .. }))
        }),
    ),
    mutant(
        "an incident whose end is not told",
        "L2",
        Kind::Small,
        by_effects(|_, effects| {
            effects.retain(|it| !matches!(it, Effect::Note(Note::Closed { .. })));
        }),
    ),
    mutant(
        "a death that is not heard",
        "L3",
        Kind::Small,
        by_event(|_, event| !matches!(event, Event::Died { identity: Some(_), .. })),
    ),
    mutant(
        "a window of a minute",
        "L4",
        Kind::Small,
        by_policy(|policy| {
            for app in &mut policy.apps {
                app.window_ms = 60_000;
            }
        }),
    ),
    mutant(
        "seldom looked at once a person was told",
        "L5",
        Kind::Small,
        by_effects(|state, effects| {
            effects.retain(|effect| {
                let Effect::Probe { probe, attempt } = effect else { return true };
                let open = state.apps[usize::from(probe.app.0)].incident();
                open.is_none_or(|open| open.handed_over.is_none()) || attempt % 8 == 0
            });
        }),
    ),
    mutant(
        "a guardian that comes back after ten seconds",
        "L6",
        Kind::Small,
        Wrong { back_late_ms: 10_000, ..RIGHT },
    ),
    mutant(
        "nobody else is looked at while an act runs",
        "L9",
        Kind::Small,
        by_effects(|state, effects| {
            let busy = |other: AppId| {
                state.apps.iter().enumerate().any(|(app, it)| {
                    let acts =
                        it.incident().is_some_and(|it| matches!(it.stage, Stage::Acting { .. }));
                    acts && app != usize::from(other.0)
                })
            };
            effects.retain(|effect| match effect {
                Effect::Probe { probe, .. } => !busy(probe.app),
                _ => true,
            });
        }),
    ),
    mutant(
        "no look in the first five minutes of a boot",
        "L11",
        Kind::Small,
        by_effects(|state, effects| {
            let is_young = state.now.since(state.booted_at) < 300_000;
            effects.retain(|effect| !(is_young && matches!(effect, Effect::Probe { .. })));
        }),
    ),
    mutant(
        "never gently",
        "L13",
        Kind::Hopeless,
        by_policy(|policy| {
            for app in &mut policy.apps {
                app.gentle_every_ms = 30 * 86_400_000;
            }
        }),
    ),
    mutant(
        "every app is taken for the one that has grown",
        "S32",
        Kind::Machine,
        by_event(|_, event| {
            if let Event::Measured { facts, .. } = event {
                facts.grown_kb = 2 * facts.memory_kb;
            }
            true
        }),
    ),
    mutant(
        "the app that has grown is taken for another",
        "S9",
        Kind::Machine,
        by_event(|_, event| {
            if let Event::Measured { facts, .. } = event {
                facts.grown_kb = 0;
            }
            true
        }),
    ),
    mutant(
        "one reading of the machine is taken for two, and a doubt for an old one",
        "S14",
        Kind::Machine,
        by_state(|state| {
            state.doubt.since = Moment(state.now.0.saturating_sub(10_000));
            for host in state.apps.iter_mut().filter_map(|app| app.host.as_mut()) {
                if let Some(run) = &mut host.memory {
                    run.since = Moment(run.until.0.saturating_sub(10_000));
                    run.readings = 2;
                }
            }
        }),
    ),
    mutant(
        "the machine is read once in three minutes",
        "L4",
        Kind::Machine,
        by_event(|state, event| {
            let last = state.machine.as_ref().map(|(at, _)| *at);
            let is_soon = last.is_some_and(|at| state.now.since(at) < 175_000);
            !(is_soon && matches!(event, Event::Machine(_)))
        }),
    ),
];

/// A ledger that has forgotten the charges that are older than this, and knows all else.
fn forgetful(
    ledger: &defib_journal::ledger::Ledger,
    keep_ms: u64,
) -> defib_journal::ledger::Ledger {
    let mut fresh = defib_journal::ledger::Ledger::fresh(ledger.boot_id);
    fresh.line_offset_ms = ledger.line_offset_ms;
    fresh.stamp_boottime_ms = ledger.stamp_boottime_ms;
    let now = ledger.now(ledger.stamp_boottime_ms);
    for app in ledger.apps() {
        for record in app.intents.iter().filter(|record| now.since(record.at) < keep_ms) {
            let (intent, rung, purse, at) = (record.intent, record.rung, record.purse, record.at);
            let _ = fresh.charge_and_intend(app.name.as_str(), intent, rung, purse, at);
        }
    }
    fresh.last_intent = ledger.last_intent;
    fresh
}
