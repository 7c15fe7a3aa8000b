//! First runs.
use defib_sim::agent::engine::EngineAgent;
use defib_sim::fact::{Fact, Witness};
use defib_sim::plan::*;
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use std::rc::Rc;

struct Count {
    looked: u64,
    notes: u64,
    acts: u64,
    print: bool,
}
impl Witness for Count {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        match fact {
            Fact::Looked { .. } => self.looked += 1,
            Fact::Began { ends, .. } if *ends => {
                self.acts += 1;
            }
            _ => {}
        }
        self.notes += 1;
        if self.print && !matches!(fact, Fact::Looked { .. }) {
            println!("{at_ms} {fact:?}");
        }
    }
}

fn plan(seed: u64, noise: Noise, happenings: Vec<Planned>, ends_at_ms: u64) -> Plan {
    Plan {
        seed,
        config: "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n".into(),
        machine: MachinePlan::SMALL,
        apps: vec![AppPlan {
            name: "shop".into(),
            keeper: Keeper::Unit { restart_ms: None },
            warm_up_ms: 2_000,
            stop_ms: 300,
            answer_ms: 10,
            deaf: false,
            starts_at_boot: true,
        }],
        noise,
        happenings,
        healed_at_ms: u64::MAX,
        ends_at_ms,
    }
}

#[test]
fn hang() {
    let plan = Rc::new(plan(
        1,
        Noise::default(),
        vec![Planned {
            at_ms: 100_000,
            what: Happening::App { app: 0, fault: AppFault::Hang, remedy: Remedy::NEW_PROCESS },
        }],
        600_000,
    ));
    let mut world = World::new(plan).unwrap();
    let mut agent = EngineAgent::new(&world);
    let mut count = Count { looked: 0, notes: 0, acts: 0, print: true };
    run(&mut world, &mut agent, Pace::Every, 600_000, &mut count);
    println!("looks {} facts {} acts {}", count.looked, count.notes, count.acts);
}

#[test]
fn windows() {
    for window in ["10s", "14s", "15s", "16s", "18s"] {
        let t = std::time::Instant::now();
        let mut acts = 0;
        for seed in 0..100 {
            let mut plan = plan(seed, Noise::FIXED, vec![], 31_536_000_000);
            plan.config += &format!("window = \"{window}\"\n");
            let mut world = World::new(Rc::new(plan)).unwrap();
            let mut agent = EngineAgent::new(&world);
            let mut count = Count { looked: 0, notes: 0, acts: 0, print: false };
            run(&mut world, &mut agent, Pace::Skip, 31_536_000_000, &mut count);
            acts += count.acts;
        }
        println!("window {window}: 100 years {acts} acts {:?}", t.elapsed());
    }
}

#[test]
fn years() {
    for (pace, years) in [(Pace::Every, 1u64), (Pace::Skip, 20)] {
        let t = std::time::Instant::now();
        let (mut acts, mut looked) = (0, 0);
        for seed in 0..years {
            let plan = Rc::new(plan(seed, Noise::FIXED, vec![], 31_536_000_000));
            let mut world = World::new(plan).unwrap();
            let mut agent = EngineAgent::new(&world);
            let mut count = Count { looked: 0, notes: 0, acts: 0, print: false };
            run(&mut world, &mut agent, pace, 31_536_000_000, &mut count);
            acts += count.acts;
            looked += count.looked;
        }
        println!("{pace:?}: {years} years {} looks {acts} acts {:?}", looked, t.elapsed());
    }
}
