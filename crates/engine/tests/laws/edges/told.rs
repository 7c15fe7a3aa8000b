//! What a person is told of an incident, and what its end is called: the reason that stands, in the turn in which it
//! begins to stand.

use super::refusals::{read_only, refuses};
use super::{APP, Bench, HOUR, NOW, SECOND, ago, notes, verdict, well};
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::Event;
use defib_engine::freeze::VainReboot;
use defib_engine::note::{Class, Ending, HandOver, Note, Refusal};
use defib_engine::state::{LastAct, Stage, Starts};

fn handed_over(effects: &[Effect]) -> Vec<HandOver> {
    let of = |note: &Note| match note {
        Note::HandedOver { app: APP, why, .. } => Some(*why),
        _ => None,
    };
    notes(effects).filter_map(of).collect()
}

#[test]
fn s23_a_person_is_told_of_the_freeze_when_it_is_what_refuses_the_reboot() {
    let mut bench = read_only();
    for at in [ago(2 * HOUR), ago(HOUR)] {
        bench.state.vain.0.push(VainReboot { app: APP, at });
    }
    let until = ago(HOUR).plus(24 * HOUR);
    let effects = bench.wake();
    let frozen = Refusal::Frozen { reboots: 2, limit: 2, until };
    assert_eq!(verdict(&effects), refuses(Rung::Reboot, frozen));
    assert_eq!(handed_over(&effects), [HandOver::Frozen]);
    assert_eq!(handed_over(&bench.at(NOW.plus(SECOND), &Event::Woke)), [], "once");
}

/// The pause may last five minutes: whoever has to mend it hears of the loop before, not after it.
#[test]
fn a_person_is_told_of_a_loop_at_its_death_and_not_with_the_next_start() {
    let dies = |count| {
        let mut bench = Bench::dead();
        bench.app().starts = Starts { count, last: ago(SECOND), ..Starts::default() };
        bench.wake()
    };
    let until = |ms| refuses(Rung::Start, Refusal::BackOff { until: ago(SECOND).plus(ms) });
    let effects = dies(3);
    assert_eq!(verdict(&effects), until(40 * SECOND));
    assert_eq!(handed_over(&effects), [HandOver::CrashLoop]);
    let effects = dies(2);
    assert_eq!(verdict(&effects), until(20 * SECOND));
    assert_eq!(handed_over(&effects), [], "it is no loop yet, and is started again");
}

#[test]
fn an_act_that_was_not_done_has_cured_nobody() {
    let ends = |done: bool, class: Class| {
        let mut bench = Bench::hung();
        well(bench.probe(0));
        let (rung, ordered_at, ended_at) = (Rung::Kill, ago(9 * SECOND), ago(8 * SECOND));
        bench.open(class, Stage::Judging).acted =
            Some(LastAct { rung, ordered_at, ended_at, done, spared: None });
        let effects = bench.wake();
        notes(&effects).find_map(|note| match note {
            Note::Closed { app: APP, ending, .. } => Some(*ending),
            _ => None,
        })
    };
    assert_eq!(ends(true, Class::Hung), Some(Ending::Recovered { rung: Rung::Kill }));
    assert_eq!(ends(false, Class::Hung), Some(Ending::SelfHealed));
    assert_eq!(ends(false, Class::Busy), Some(Ending::Passed));
}
