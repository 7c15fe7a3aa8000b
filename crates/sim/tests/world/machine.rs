//! The machine: freezes, power, clocks, noise; and that all of it is the same each time.

use crate::watcher::{fault, hour_of, person, quiet, watch};
use defib_engine::event::Exit;
use defib_engine::seen::Seen;
use defib_sim::fact::{By, Fact};
use defib_sim::plan::{
    AppFault, Happening, MachineFault, ManagerFault, Noise, Person, Planned, Remedy,
};
use defib_sim::world::news::News;

/// Nobody listens.
struct Deaf;

impl defib_sim::fact::Witness for Deaf {
    fn take(&mut self, _at_ms: u64, _fact: &Fact) {}
}

fn machine(at_ms: u64, fault: MachineFault) -> Planned {
    Planned { at_ms, what: Happening::Machine(fault) }
}

/// 8 s down, 25 s of boot: nothing is looked at, and the unit starts by itself.
#[test]
fn a_reboot_is_polite_and_a_power_cut_is_not() {
    let cut = MachineFault::PowerCut { off_ms: 5_000 };
    for (what, is_hard, down_ms, up_ms) in [
        (person(100_000, Person::Reboot), false, 108_000, 133_000),
        (machine(100_000, cut), true, 100_000, 130_000),
    ] {
        let seen = watch(hour_of(vec![what]));
        let went = seen.facts(|fact| match fact {
            Fact::WentDown { hard, .. } => Some(*hard),
            _ => None,
        });
        assert_eq!(went, [(down_ms, is_hard)]);
        let born = seen.facts(|fact| match fact {
            Fact::Born { by, .. } => Some(*by),
            _ => None,
        });
        assert_eq!(born[1], (up_ms, By::Manager));
        assert!(!seen.looks.iter().any(|look| (down_ms..up_ms).contains(&look.0)));
        assert_eq!(seen.at(up_ms + 3_500, 0, 0), Some(Seen::Pass));
        assert_eq!(seen.news.contains(&News::ShuttingDown), !is_hard);
    }
}

#[test]
fn only_a_reboot_ends_what_a_new_process_does_not() {
    let unkillable = fault(100_000, AppFault::Unkillable, Remedy::REBOOT);
    let restart = person(200_000, Person::Restart { app: 0 });
    let seen = watch(hour_of(vec![unkillable, restart, person(300_000, Person::Reboot)]));
    assert!(seen.at(250_000, 0, 0).is_some_and(Seen::is_failure));
    assert_eq!(seen.at(400_000, 0, 0), Some(Seen::Pass));
}

/// What was due in a frozen stretch happens at its end.
#[test]
fn a_frozen_machine_does_everything_later() {
    let exit = fault(100_500, AppFault::DiesAfter { after_ms: 1_000 }, Remedy::NEW_PROCESS);
    let freeze = machine(101_000, MachineFault::Freeze { ms: 20_000 });
    let seen = watch(hour_of(vec![exit, freeze]));
    let died = seen.facts(|fact| match fact {
        Fact::Died { exit, .. } => Some(*exit),
        _ => None,
    });
    assert_eq!(died, [(121_000, Exit::Code(1))]);
    assert!(!seen.looks.iter().any(|look| (101_001..121_000).contains(&look.0)));
}

#[test]
fn clocks_tell_what_happened_to_them() {
    let mut plan = hour_of(vec![
        machine(100_000, MachineFault::Suspend { ms: 50_000 }),
        machine(200_000, MachineFault::WallStep { by_ms: -3_600_000 }),
    ]);
    plan.machine.uptime_ms = 0;
    let mut world = defib_sim::world::World::new(std::rc::Rc::new(plan)).expect("a good config");
    let before_ms = world.machine().wall_ms(0);
    let mut nobody = defib_sim::agent::nothing::Nothing::default();
    let pace = defib_sim::run::Pace::Every;
    defib_sim::run::run(&mut world, &mut nobody, pace, 300_000, &mut Deaf);
    let machine = world.machine();
    assert_eq!((machine.boot_ms(300_000), machine.monotonic_ms(300_000)), (300_000, 250_000));
    assert_eq!(machine.wall_ms(300_000), before_ms + 300_000 - 3_600_000);
}

/// Without processes nothing is started, by `Restart=` neither.
#[test]
fn no_process_can_be_made_for_a_while() {
    let full = machine(50_000, MachineFault::NoProcesses { ms: 100_000 });
    let exit = fault(100_000, AppFault::Exit(Exit::Code(1)), Remedy::NEW_PROCESS);
    let seen = watch(hour_of(vec![full, exit, person(120_000, Person::Start { app: 0 })]));
    assert_eq!(seen.at(3_000_000, 0, 0), Some(Seen::Refused));
}

#[test]
fn a_lost_manager_is_lost_for_its_time() {
    let lost = machine(1_000, MachineFault::Manager { fault: ManagerFault::Lost, ms: 10_000 });
    let plan = std::rc::Rc::new(hour_of(vec![lost]));
    let mut world = defib_sim::world::World::new(plan).expect("a good config");
    assert!(world.has_manager());
    let mut nobody = defib_sim::agent::nothing::Nothing::default();
    let pace = defib_sim::run::Pace::Every;
    for (until_ms, is_there) in [(5_000, false), (12_000, true)] {
        defib_sim::run::run(&mut world, &mut nobody, pace, until_ms, &mut Deaf);
        assert_eq!(world.has_manager(), is_there, "{until_ms}");
    }
}

/// The fixed noise over 30 days, within five standard deviations of what it says.
#[test]
fn noise_is_as_dense_as_it_says() {
    let mut plan = quiet();
    plan.noise = Noise::FIXED;
    plan.ends_at_ms = 30 * 86_400_000;
    let seen = watch(plan);
    let froze = seen.facts(|fact| match fact {
        Fact::Froze { ms } => Some(*ms),
        _ => None,
    });
    let deploys = seen.facts(|fact| match fact {
        Fact::Born { by: By::Person, .. } => Some(()),
        _ => None,
    });
    assert!((1..=15).contains(&froze.len()) && froze.iter().all(|(_, ms)| *ms == 25_000));
    assert!((5..=58).contains(&deploys.len()), "{}", deploys.len());
    // Alone among good ones: lost, not a burst or a stolen CPU.
    let lost = seen.looks.windows(3).filter(|three| {
        !three[0].3.is_failure() && three[1].3.is_failure() && !three[2].3.is_failure()
    });
    let per_million = lost.count() as u64 * 1_000_000 / seen.looks.len() as u64;
    assert!((800..=1_400).contains(&per_million), "{per_million}");
}

#[test]
fn the_same_plan_gives_the_same_world() {
    let run = || {
        let plan = defib_sim::plan::generate(11, defib_sim::plan::Profile::Swarm);
        let seen = watch(plan);
        (seen.looks, seen.facts)
    };
    assert!(run() == run());
}
