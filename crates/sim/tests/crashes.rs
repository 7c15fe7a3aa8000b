//! Death at every durable write: whoever makes the n-th write after a fault began dies before it, in it
//! or after it, for every n that there is, and for each way of keeping an app.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use defib_engine::id::IntentId;
use defib_sim::agent::whole::WholeAgent;
use defib_sim::fact::{By, Dated, Fact, Witness};
use defib_sim::plan::*;
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use std::rc::Rc;

const FAULT_MS: u64 = 100_000;
const ENDS_MS: u64 = 220_000;

#[derive(Default)]
struct Facts(Vec<Dated>);

impl Witness for Facts {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        if !matches!(fact, Fact::Looked { .. }) {
            self.0.push(Dated { at_ms, fact: fact.clone() });
        }
    }
}

impl Facts {
    fn find(&self, which: impl Fn(&Fact) -> bool) -> Vec<u64> {
        self.0.iter().filter(|dated| which(&dated.fact)).map(|dated| dated.at_ms).collect()
    }

    fn told(&self) -> String {
        let lines = self.0.iter().filter(|dated| dated.at_ms > FAULT_MS - 20_000);
        let lines: Vec<String> =
            lines.map(|dated| format!("{} {:?}", dated.at_ms, dated.fact)).collect();
        lines.join("\n")
    }
}

fn plan(keeper: Keeper, fault: AppFault, crash: Option<AgentFault>) -> Rc<Plan> {
    let target = match keeper {
        Keeper::Unit { .. } => "unit = \"shop.service\"",
        Keeper::Agent => "start = [\"/opt/shop/run\"]\nuser = \"shop\"",
        Keeper::Command => "recover = [\"/opt/shop/again\"]\nuser = \"shop\"",
    };
    let app = AppPlan {
        name: "shop".into(),
        keeper,
        warm_up_ms: 2_000,
        stop_ms: 300,
        answer_ms: 10,
        deaf: false,
        starts_at_boot: keeper != Keeper::Agent,
    };
    let happens = Happening::App { app: 0, fault, remedy: Remedy::NEW_PROCESS };
    let crash = crash.map(|fault| Planned { at_ms: FAULT_MS - 1, what: Happening::Agent(fault) });
    let fault = Planned { at_ms: FAULT_MS, what: happens };
    Rc::new(Plan {
        seed: 3,
        config: format!(
            "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n{target}\n"
        ),
        machine: MachinePlan::SMALL,
        apps: vec![app],
        noise: Noise::default(),
        happenings: crash.into_iter().chain([fault]).collect(),
        healed_at_ms: ENDS_MS,
        ends_at_ms: ENDS_MS,
    })
}

fn live(plan: &Rc<Plan>) -> (Facts, u16) {
    let mut world = World::new(Rc::clone(plan)).unwrap();
    let mut agent = WholeAgent::new(&world);
    let mut facts = Facts::default();
    run(&mut world, &mut agent, Pace::Every, plan.ends_at_ms, &mut facts);
    let permille = world.app(0).permille;
    (facts, permille)
}

/// Each intent touches the world at most once, and after it was durable; nothing that serves is ended more
/// often than there was reason to; and the app is back.
fn judge(facts: &Facts, permille: u16, name: &str) {
    let mut durable: Vec<IntentId> = Vec::new();
    let mut begun: Vec<IntentId> = Vec::new();
    for Dated { fact, .. } in &facts.0 {
        match fact {
            Fact::Intended { order, .. } => {
                assert!(!durable.contains(&order.intent), "{name}: twice\n{}", facts.told());
                durable.push(order.intent);
            }
            Fact::Began { intent, .. } => {
                assert!(durable.contains(intent), "{name}: not durable\n{}", facts.told());
                assert!(!begun.contains(intent), "{name}: begun twice\n{}", facts.told());
                begun.push(*intent);
            }
            _ => {}
        }
    }
    let ended = facts.find(|fact| matches!(fact, Fact::Died { by: By::Agent, .. }));
    assert!(ended.len() <= 2, "{name}: {} processes were ended\n{}", ended.len(), facts.told());
    assert_eq!(permille, 1_000, "{name}: the app is not back\n{}", facts.told());
}

fn die_at_every_write(keeper: Keeper, fault: AppFault) {
    let (facts, permille) = live(&plan(keeper, fault, None));
    judge(&facts, permille, "no crash");
    for nth in 1..1_000 {
        let mut met = false;
        for point in [CrashPoint::Before, CrashPoint::Torn, CrashPoint::After] {
            let crash = AgentFault::CrashAtWrite { nth, point };
            let (facts, permille) = live(&plan(keeper, fault, Some(crash)));
            let name = format!("{keeper:?} {fault:?} {crash:?}");
            let gone = |fact: &Fact| matches!(fact, Fact::ExecutorEnded | Fact::GuardianEnded);
            met |= facts.find(gone).iter().any(|at_ms| *at_ms > FAULT_MS);
            judge(&facts, permille, &name);
        }
        if !met {
            assert!(nth > 11, "{nth} writes are too few to have tried anything");
            return;
        }
    }
    panic!("there is no end of writes");
}

#[test]
fn a_hung_start_app() {
    die_at_every_write(Keeper::Agent, AppFault::Hang);
}

#[test]
fn a_dead_start_app() {
    die_at_every_write(Keeper::Agent, AppFault::Exit(defib_engine::event::Exit::Code(1)));
}

#[test]
fn a_hung_unit() {
    die_at_every_write(Keeper::Unit { restart_ms: None }, AppFault::Hang);
}

#[test]
fn a_dead_unit_that_starts_itself() {
    let keeper = Keeper::Unit { restart_ms: Some(1_000) };
    die_at_every_write(keeper, AppFault::Exit(defib_engine::event::Exit::Signal(11)));
}

#[test]
fn a_hung_app_with_a_recover_command() {
    die_at_every_write(Keeper::Command, AppFault::Hang);
}
