//! Each call of the executor's that a machine can refuse is refused, or takes its time: the n-th after a
//! fault began, for every n that there is, with each error that there is, alone or many in a row, and for
//! each way of keeping an app.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use defib_engine::id::IntentId;
use defib_sim::agent::whole::WholeAgent;
use defib_sim::fact::{By, Dated, Fact, Witness};
use defib_sim::plan::*;
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use std::rc::Rc;

const FAULT_MS: u64 = 100_000;
const ENDS_MS: u64 = 260_000;

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

fn plan(keeper: Keeper, fault: AppFault, crash: Option<AgentFault>, seed: u64) -> Rc<Plan> {
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
        seed,
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

/// The simulated app has a cgroup of its own in every second world.
const ALONE: u64 = 3;
const WITH_GROUP: u64 = 4;

/// EIO, EAGAIN, ENOMEM, EMFILE, ENOSPC, EROFS; 0 is a stall.
const ERRORS: [u8; 7] = [5, 11, 12, 24, 28, 30, 0];

/// One call, or as many as a machine refuses that has nothing left for some seconds.
const IN_A_ROW: [u32; 2] = [1, 25];

fn refuse_every_call(keeper: Keeper, fault: AppFault, seed: u64) {
    for nth in 1..2_000 {
        let mut met = false;
        for (errno, calls) in ERRORS.into_iter().flat_map(|it| IN_A_ROW.map(|row| (it, row))) {
            let refusal = AgentFault::RefuseCall { nth, calls, errno };
            let plan = plan(keeper, fault, Some(refusal), seed);
            let mut world = World::new(Rc::clone(&plan)).unwrap();
            let mut agent = WholeAgent::new(&world);
            let mut facts = Facts::default();
            run(&mut world, &mut agent, Pace::Every, FAULT_MS + 60_000, &mut facts);
            // Calls that nobody has made by now belong to quiet times, which are like those before.
            met |= agent.was_refused();
            run(&mut world, &mut agent, Pace::Every, plan.ends_at_ms, &mut facts);
            judge(&facts, world.app(0).permille, &format!("{keeper:?} {fault:?} {refusal:?}"));
        }
        if !met {
            assert!(nth > 11, "{nth} calls are too few to have tried anything");
            return;
        }
    }
    panic!("there is no end of calls");
}

#[test]
fn a_hung_start_app() {
    refuse_every_call(Keeper::Agent, AppFault::Hang, ALONE);
}

#[test]
fn a_hung_start_app_with_a_cgroup_of_its_own() {
    refuse_every_call(Keeper::Agent, AppFault::Hang, WITH_GROUP);
}

#[test]
fn a_dead_start_app() {
    refuse_every_call(Keeper::Agent, AppFault::Exit(defib_engine::event::Exit::Code(1)), ALONE);
}

#[test]
fn a_hung_unit() {
    refuse_every_call(Keeper::Unit { restart_ms: None }, AppFault::Hang, ALONE);
}

#[test]
fn a_hung_app_with_a_recover_command() {
    refuse_every_call(Keeper::Command, AppFault::Hang, ALONE);
}
