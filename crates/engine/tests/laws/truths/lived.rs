//! A world in which a truth holds: how it comes about, and how its cause goes.

use super::{Fault, MINUTE, Truth, Views};
use crate::support::policy as rules;
use crate::support::world::{HANG, Life, WELL, World};
use defib_engine::effect::Rung;
use defib_engine::event::Exit;
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Sleep};
use defib_engine::policy::{AppPolicy, Mode, Policy};
use defib_engine::seen::Seen;

fn app(truth: &Truth) -> AppPolicy {
    let mut app = rules::app("shop", truth.keeper.target());
    let views = truth.views.all().iter();
    app.probes = views.zip(["a", "b"]).map(|(view, name)| rules::probe(name, *view)).collect();
    app
}

fn policy(truth: &Truth) -> Policy {
    let mut policy = rules::machine();
    policy.apps = vec![app(truth)];
    if truth.reboot {
        rules::allow_reboot(&mut policy);
    }
    if truth.observes {
        policy.mode = Mode::Observe;
    }
    policy
}

/// A world in which this comes true after a minute, and nothing that was told before.
pub(super) fn world(truth: &Truth) -> World {
    let mut world = World::new(policy(truth), 60 * MINUTE);
    if truth.fault == Fault::NeverPassed {
        world.set_all(0, HANG);
    }
    world.start_guardian();
    world.run(if truth.fault == Fault::NeverPassed { 0 } else { MINUTE + truth.phase_ms });
    world.trace.clear();
    world.apps[0].next = if truth.cured { Life::Good { warm_ms: 500 } } else { Life::Same };
    if truth.views == Views::AppAndBrokenDependency {
        world.set_answer(0, 1, Seen::Refused);
    }
    befall(&mut world, truth);
    world
}

fn befall(world: &mut World, truth: &Truth) {
    let disk = DiskFacts {
        free_permille: 500,
        free_kb: None,
        inodes_permille: 500,
        free_inodes: None,
        turned_read_only: false,
    };
    let with = |disk| MachineFacts { disks: [Some(disk), None, None, None], ..WELL };
    let short = MachineFacts { available_kb: 9_000, pressure: None, ..WELL };
    let facts = &mut world.apps[0].facts;
    match truth.fault {
        Fault::Spins => facts.cpu_permille = 950,
        Fault::LeaksMemory => {
            (facts.memory_kb, facts.grown_kb) = (500_000, 400_000);
            world.machine = short;
        }
        Fault::OthersMemory => {
            facts.memory_kb = 50_000;
            let full = defib_engine::host::Pressure { memory_full: 600, ..Default::default() };
            world.machine = MachineFacts { pressure: Some(full), ..short };
        }
        Fault::SleepsOnDisk => facts.sleep = Sleep::Local,
        Fault::SleepsOnServer => facts.sleep = Sleep::Remote,
        Fault::NoDescriptors => (facts.files, facts.files_max) = (Some(1_020), Some(1_024)),
        Fault::DiskReadOnly => world.machine = with(DiskFacts { turned_read_only: true, ..disk }),
        Fault::DiskFull | Fault::HangsBesideFullDisk => {
            world.machine = with(DiskFacts { free_permille: 0, ..disk });
        }
        _ => {}
    }
    match truth.fault {
        Fault::Dies => {
            if !truth.cured {
                world.apps[0].next = Life::Dies { after_ms: 300 };
            }
            world.die(0, Exit::Code(1), None);
        }
        Fault::PathCut => world.set_answer(0, truth.views.all().len() - 1, HANG),
        Fault::OneViewHangs => world.set_answer(0, 0, HANG),
        Fault::LosesOneLook => {
            world.set_all(0, HANG);
            world.run(5_500);
            world.set_all(0, Seen::Pass);
        }
        fault => world.set_all(0, fault.seen()),
    }
}

/// The cause is gone. (The app is well first: what its looks saw while memory was short says nothing of a hang.)
pub(super) fn mend(world: &mut World) {
    let starts = world.policy.apps[0].rungs.has(Rung::Start) && world.policy.mode == Mode::Act;
    if world.apps[0].process.is_none() && !starts {
        world.appear(0);
    }
    world.apps[0].next = Life::Good { warm_ms: 500 };
    for index in 0..world.apps[0].answers.len() {
        world.set_answer(0, index, Seen::Pass);
    }
    world.run(10_000);
    (world.machine, world.apps[0].facts) = (WELL, AppFacts::default());
    world.run(15 * MINUTE);
}
