//! What people do, and the healing.

use crate::watcher::{fault, hour_of, person, watch};
use defib_engine::event::Exit;
use defib_engine::seen::Seen;
use defib_sim::fact::{By, Fact};
use defib_sim::plan::{AppFault, Keeper, Person, Remedy};
use defib_sim::world::news::News;

#[test]
fn a_stop_lasts_until_the_person_starts_it_again() {
    let mut plan = hour_of(vec![
        person(100_000, Person::Stop { app: 0 }),
        person(200_000, Person::Start { app: 0 }),
    ]);
    // `Restart=` does not undo a person's stop.
    plan.apps[0].keeper = Keeper::Unit { restart_ms: Some(100) };
    let seen = watch(plan);
    assert_eq!(seen.at(199_000, 0, 0), Some(Seen::Refused));
    assert_eq!(seen.at(203_000, 0, 0), Some(Seen::Pass));
    assert!(seen.news.contains(&News::Stopped { app: 0 }));
    assert!(seen.news.contains(&News::Resumed { app: 0 }));
    let wanted = seen.facts(|fact| match fact {
        Fact::Wanted { runs, .. } => Some(*runs),
        _ => None,
    });
    assert_eq!(wanted, [(100_000, false), (200_000, true)]);
}

/// `systemctl stop` sends KILL after 90 s.
#[test]
fn a_stop_of_a_deaf_app_ends_by_kill() {
    let mut plan = hour_of(vec![person(100_000, Person::Stop { app: 0 })]);
    plan.apps[0].deaf = true;
    let seen = watch(plan);
    let died = seen.facts(|fact| match fact {
        Fact::Died { exit, by, .. } => Some((*exit, *by)),
        _ => None,
    });
    assert_eq!(died, [(190_000, (Exit::Signal(9), By::Person))]);
}

/// TERM, 300 ms, then the start and its warm-up.
#[test]
fn a_deploy_is_down_for_its_stop_and_its_warm_up() {
    let seen = watch(hour_of(vec![person(100_000, Person::Restart { app: 0 })]));
    let serves = seen.facts(|fact| match fact {
        Fact::Serves { permille, .. } => Some(*permille),
        _ => None,
    });
    assert_eq!(serves[1..], [(100_300, 0), (102_500, 1_000)]);
}

/// What the agent keeps comes back by the agent alone.
#[test]
fn a_deploy_of_a_start_app_leaves_the_start_to_the_agent() {
    let mut plan = hour_of(vec![person(100_000, Person::Restart { app: 0 })]);
    plan.config = "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nstart = [\"/srv/shop\"]\n\
                   user = \"www-data\"\n"
        .to_owned();
    plan.apps[0].keeper = Keeper::Agent;
    assert_eq!(watch(plan).at(3_000_000, 0, 0), Some(Seen::Refused));
}

#[test]
fn a_person_who_mends_ends_every_fault_and_starts_what_is_down() {
    let seen = watch(hour_of(vec![
        fault(100_000, AppFault::PortTaken, Remedy::NONE),
        fault(110_000, AppFault::Status { code: 500 }, Remedy::NONE),
        person(200_000, Person::Mend { app: 0 }),
    ]));
    assert_eq!(seen.at(203_000, 0, 0), Some(Seen::Pass));
    assert_eq!(
        seen.facts(|fact| matches!(fact, Fact::Mended { .. }).then_some(())),
        [(200_000, ())]
    );
}

#[test]
fn words_of_people_reach_the_agent() {
    let seen = watch(hour_of(vec![
        person(1_000, Person::Hold { app: 0, ms: 60_000 }),
        person(2_000, Person::Release { app: 0 }),
        person(3_000, Person::Reload),
    ]));
    let heard = [News::Held { app: 0, ms: 60_000 }, News::Released { app: 0 }, News::Reload];
    assert_eq!(seen.news, heard);
}

/// At the healing faults end, a person takes back his stop, and what nobody else would start he starts.
#[test]
fn the_healing_leaves_nothing_that_the_agent_cannot_mend() {
    for keeper in [Keeper::Unit { restart_ms: None }, Keeper::Command] {
        let mut plan = hour_of(vec![
            fault(100_000, AppFault::Exit(Exit::Code(1)), Remedy::NEW_PROCESS),
            fault(150_000, AppFault::Status { code: 500 }, Remedy::NONE),
        ]);
        // Looked at and reported: the agent starts nothing.
        plan.config = "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n".to_owned();
        plan.apps[0].keeper = keeper;
        plan.healed_at_ms = 200_000;
        let seen = watch(plan);
        assert_eq!(seen.at(199_000, 0, 0), Some(Seen::Refused), "{keeper:?}");
        assert_eq!(seen.at(203_000, 0, 0), Some(Seen::Pass), "{keeper:?}");
    }
    let mut plan = hour_of(vec![person(100_000, Person::Stop { app: 0 })]);
    plan.healed_at_ms = 200_000;
    assert_eq!(watch(plan).at(203_000, 0, 0), Some(Seen::Pass));
}
