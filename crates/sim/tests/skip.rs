//! Stretches that are jumped over leave nothing out: the same seeds, stepped and skipped, give the same
//! facts (good looks apart), and in the end the same engine and the same world.

use defib_engine::event::{Event, Exit};
use defib_engine::state::State;
use defib_engine::step;
use defib_sim::agent::engine::EngineAgent;
use defib_sim::chance::Chance;
use defib_sim::fact::{Dated, Fact, Witness};
use defib_sim::plan::{
    AppFault, AppPlan, Happening, Keeper, MachineFault, MachinePlan, Noise, Person, Plan, Planned,
    Profile, Remedy, generate,
};
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use std::fmt::Write as _;
use std::rc::Rc;

const HOUR_MS: u64 = 3_600_000;
const WEEK_MS: u64 = 7 * 24 * HOUR_MS;
const YEAR_MS: u64 = 365 * 24 * HOUR_MS;

/// All facts but good looks, of which it counts the shown ones.
#[derive(Default)]
struct Kept {
    facts: Vec<Dated>,
    good_looks: u64,
}

impl Witness for Kept {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        match fact {
            Fact::Looked { seen, .. } if seen.is_good() => self.good_looks += 1,
            _ => self.facts.push(Dated { at_ms, fact: fact.clone() }),
        }
    }
}

/// What is left of a life: the facts, the engine after one step more, and the world.
struct Life {
    kept: Kept,
    state: State,
    world: String,
}

fn live(plan: &Rc<Plan>, pace: Pace) -> Life {
    let mut world = World::new(Rc::clone(plan)).expect("the config is good");
    let mut agent = EngineAgent::new(&world);
    let mut kept = Kept::default();
    run(&mut world, &mut agent, pace, plan.ends_at_ms, &mut kept);
    // A step more: charges that no budget sees any more are dropped by the next step, whenever it comes.
    let mut state = agent.state().clone();
    let now = state.now.plus(1);
    step(&mut state, &world.config().policy, now, &Event::Woke, &mut Vec::new());
    Life { kept, state, world: format!("{world:?}") }
}

/// Lives a plan both ways, and gives how many good looks were stepped in each.
fn both_ways(plan: Plan) -> (u64, u64) {
    let seed = plan.seed;
    let plan = Rc::new(plan);
    let (stepped, skipped) = (live(&plan, Pace::Every), live(&plan, Pace::Skip));
    let pairs = stepped.kept.facts.iter().zip(&skipped.kept.facts);
    for (one, other) in pairs {
        assert_eq!(one, other, "seed {seed}: the first fact that differs");
    }
    let (stepped_len, skipped_len) = (stepped.kept.facts.len(), skipped.kept.facts.len());
    assert_eq!(stepped_len, skipped_len, "seed {seed}: one way has facts that the other lacks");
    assert_eq!(stepped.state, skipped.state, "seed {seed}: the engine remembers something else");
    assert_eq!(stepped.world, skipped.world, "seed {seed}: the worlds differ");
    (stepped.kept.good_looks, skipped.kept.good_looks)
}

fn app(name: &str, keeper: Keeper) -> AppPlan {
    AppPlan {
        name: name.to_owned(),
        keeper,
        warm_up_ms: 2_000,
        stop_ms: 300,
        answer_ms: 10,
        deaf: false,
        starts_at_boot: keeper != Keeper::Agent,
    }
}

/// One app under the defaults and the fixed noise.
fn noisy(seed: u64, ends_at_ms: u64) -> Plan {
    Plan {
        seed,
        config: "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n".into(),
        machine: MachinePlan::SMALL,
        apps: vec![app("shop", Keeper::Unit { restart_ms: None })],
        noise: Noise::FIXED,
        happenings: Vec::new(),
        healed_at_ms: u64::MAX,
        ends_at_ms,
    }
}

/// Some apps with probes of many paces, noise or none, and now and then something that happens.
fn mixed(seed: u64, ends_at_ms: u64) -> Plan {
    let mut chance = Chance::new(seed, "skip test");
    let mut config = String::from("[machine]\nmode = \"act\"\nreboot = \"allowed\"\n");
    let mut apps = Vec::new();
    for index in 0..=chance.below(3) {
        let (keeper, kept) = match chance.below(3) {
            0 => (Keeper::Unit { restart_ms: Some(200) }, "unit = \"UNIT\""),
            1 => (Keeper::Unit { restart_ms: None }, "unit = \"UNIT\""),
            _ => (Keeper::Agent, "start = [\"/usr/bin/app\"]\nuser = \"www-data\""),
        };
        let name = format!("app{index}");
        let kept = kept.replace("UNIT", &format!("{name}.service"));
        let port = 8_000 + index;
        let _ = write!(config, "\n[app.{name}]\nurl = \"http://127.0.0.1:{port}/\"\n{kept}\n");
        let interval_s = chance.one_of(&[1, 2, 5, 7, 30]).copied().unwrap_or(5);
        let _ = writeln!(config, "interval = \"{interval_s}s\"");
        for probe in 0..chance.below(3) {
            let every_s = chance.one_of(&[3, 5, 11, 60]).copied().unwrap_or(5);
            let kind = if chance.below(2) == 0 { "depends" } else { "probe" };
            let _ = writeln!(config, "[app.{name}.{kind}.p{probe}]");
            let _ = writeln!(config, "url = \"http://127.0.0.1:{port}/p{probe}\"");
            let _ = writeln!(config, "interval = \"{every_s}s\"");
        }
        let answer_ms = chance.one_of(&[1, 10, 700, 2_500]).copied().unwrap_or(10);
        apps.push(AppPlan { answer_ms, ..app(&name, keeper) });
    }
    let noise = chance.one_of(&[Noise::default(), Noise::FIXED]).copied().unwrap_or_default();
    let happenings = happenings(&mut chance, apps.len() as u64, ends_at_ms);
    let (machine, healed_at_ms) = (MachinePlan::SMALL, ends_at_ms / 2);
    Plan { seed, config, machine, apps, noise, happenings, healed_at_ms, ends_at_ms }
}

fn happenings(chance: &mut Chance, apps_len: u64, ends_at_ms: u64) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut at_ms = chance.exponential_ms(20 * HOUR_MS);
    while at_ms < ends_at_ms {
        let app = chance.below(apps_len) as usize;
        let faulty = |fault, remedy| Happening::App { app, fault, remedy };
        let what = match chance.below(10) {
            0 => faulty(AppFault::Exit(Exit::Code(1)), Remedy::NEW_PROCESS),
            1 => faulty(AppFault::Hang, Remedy::NEW_PROCESS),
            2 => faulty(AppFault::Hang, Remedy::REBOOT),
            3 => {
                let permille = 300;
                faulty(AppFault::WorkersHang { permille }, Remedy::time(chance.below(HOUR_MS)))
            }
            4 => faulty(AppFault::DependencyDown, Remedy::time(chance.below(HOUR_MS))),
            5 => Happening::Person(Person::Hold { app, ms: chance.below(2 * HOUR_MS) }),
            6 => Happening::Person(Person::Restart { app }),
            7 => Happening::Machine(MachineFault::Freeze { ms: chance.below(60_000) }),
            8 => Happening::Machine(MachineFault::Suspend { ms: chance.below(HOUR_MS) }),
            _ => Happening::Machine(MachineFault::WallStep { by_ms: 86_400_000 }),
        };
        planned.push(Planned { at_ms, what });
        at_ms += chance.exponential_ms(20 * HOUR_MS);
    }
    planned
}

#[test]
fn noise_skipped_is_noise_stepped() {
    let (mut stepped, mut skipped) = (0, 0);
    for seed in 0..16 {
        let (every, rest) = both_ways(noisy(seed, WEEK_MS));
        (stepped, skipped) = (stepped + every, skipped + rest);
    }
    assert!(skipped * 20 < stepped, "{skipped} of {stepped} good looks had to be stepped");
}

#[test]
fn mixed_worlds_skipped_are_mixed_worlds_stepped() {
    let (mut stepped, mut skipped) = (0, 0);
    for seed in 0..24 {
        let (every, rest) = both_ways(mixed(seed, 4 * 24 * HOUR_MS));
        (stepped, skipped) = (stepped + every, skipped + rest);
    }
    assert!(skipped * 3 < stepped, "{skipped} of {stepped} good looks had to be stepped");
}

/// Everything that the generator knows of; what was found there stays found.
#[test]
fn generated_worlds_skipped_are_generated_worlds_stepped() {
    for seed in 0..12 {
        both_ways(generate(seed, Profile::Swarm));
    }
    both_ways(generate(0, Profile::Calm));
}

#[test]
fn sick_machines_skipped_are_sick_machines_stepped() {
    for seed in 0..12 {
        both_ways(generate(seed, Profile::Machine));
    }
}

#[test]
#[ignore = "soak: many years, both ways"]
fn soak_years_skipped_are_years_stepped() {
    for seed in 0..20 {
        both_ways(noisy(1_000 + seed, YEAR_MS));
        both_ways(mixed(1_000 + seed, YEAR_MS / 4));
        both_ways(generate(1_000 + seed, Profile::Calm));
    }
    for seed in 1_000..3_000 {
        both_ways(generate(seed, Profile::Swarm));
    }
}
