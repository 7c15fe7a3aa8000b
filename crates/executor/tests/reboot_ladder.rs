//! The reboot ladder under every order of failures: right order, right deadlines, and the hardware watchdog
//! armed behind every software step.

use defib_executor::machine::ladder::{Deed, Ladder, LastDeed, Step, Turn, Word};

/// What one step meets.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    /// Refused at once.
    Refused,
    /// Refused this much later.
    RefusedAfter(u64),
    /// Taken this much later, and the machine stands.
    Taken(u64),
    /// No word at all.
    Silent,
}

const FATES: [Fate; 5] =
    [Fate::Refused, Fate::RefusedAfter(700), Fate::Taken(0), Fate::Taken(2_500), Fate::Silent];

/// Not a second's beginning, so that nothing is right by chance.
const BEGUN_MS: u64 = 86_400_123;
const POLITE_MS: u64 = 30_000;

/// The fates of the four software steps, and whether their syncs can be begun.
#[derive(Clone, Copy, Debug)]
struct Course {
    fates: [Fate; 4],
    syncs: bool,
    watchdog_ms: u64,
    late_ms: u64,
}

impl Course {
    fn all() -> impl Iterator<Item = Course> {
        let count = FATES.len().pow(4);
        (0..count * 8).map(move |at| {
            let digit = |place: u32| FATES[at / FATES.len().pow(place) % FATES.len()];
            let rest = at / count;
            Course {
                fates: [digit(0), digit(1), digit(2), digit(3)],
                syncs: rest & 1 == 0,
                watchdog_ms: if rest & 2 == 0 { 0 } else { 60_000 },
                late_ms: if rest & 4 == 0 { 0 } else { 90_000 },
            }
        })
    }
}

/// Which step a deed ends the machine by, from 0.
fn main_deed(deed: Deed) -> Option<usize> {
    match deed {
        Deed::AskPolitely(_) => Some(0),
        Deed::Force(_) => Some(1),
        Deed::Last(LastDeed::Reset) => Some(2),
        Deed::Last(LastDeed::SysrqReset) => Some(3),
        _ => None,
    }
}

/// Climbs, waking `late_ms` after each deadline, until it is over.
fn climb(course: &Course) -> Vec<(u64, Deed)> {
    let mut ladder = Ladder::new(POLITE_MS, BEGUN_MS);
    let (mut now_ms, mut done) = (BEGUN_MS, Vec::new());
    let mut word: Option<(u64, Word)> = None;
    for _ in 0..100 {
        match ladder.turn(now_ms) {
            Turn::Do(deed) => {
                done.push((now_ms, deed));
                if deed == Deed::Arm && course.watchdog_ms > 0 {
                    ladder.armed(course.watchdog_ms);
                }
                if let Some(step) = main_deed(deed) {
                    word = match course.fates[step] {
                        Fate::Refused => {
                            ladder.hear(Word::Refused, now_ms);
                            None
                        }
                        Fate::RefusedAfter(ms) => Some((now_ms + ms, Word::Refused)),
                        Fate::Taken(ms) => Some((now_ms + ms, Word::Accepted)),
                        Fate::Silent => None,
                    };
                } else if matches!(deed, Deed::Last(_)) && !course.syncs {
                    ladder.hear(Word::Refused, now_ms);
                }
            }
            Turn::Wait(until_ms) => {
                assert!(until_ms > now_ms, "it waits for what is past: {course:?}");
                match word.take_if(|(at_ms, _)| *at_ms <= until_ms) {
                    Some((at_ms, said)) => {
                        now_ms = now_ms.max(at_ms);
                        ladder.hear(said, now_ms);
                    }
                    None => now_ms = until_ms + course.late_ms,
                }
            }
            Turn::Over => {
                assert_eq!(ladder.step(), Step::Starve);
                done.push((now_ms, Deed::Arm));
                return done;
            }
        }
    }
    panic!("it never ends: {course:?}");
}

/// From the asking to the next step, when nobody wakes late.
fn lasts_ms(step: usize, fate: Fate) -> u64 {
    let (limit_ms, spent_ms) = [(10_000, 0), (10_000, 0), (5_000, 1_000), (5_000, 2_000)][step];
    match fate {
        Fate::Refused => 0,
        Fate::RefusedAfter(ms) => ms,
        // The polite step's time begins with the manager's word.
        Fate::Taken(ms) if step == 0 => ms + POLITE_MS,
        Fate::Taken(_) | Fate::Silent => limit_ms - spent_ms,
    }
}

#[test]
fn every_order_of_failures_leads_through_every_step_in_time() {
    for course in Course::all().filter(|course| course.late_ms == 0) {
        let done = climb(&course);
        let sync_ms = if course.syncs { 1_000 } else { 0 };
        let mut at_ms = BEGUN_MS;
        let mut expected = vec![(at_ms, Deed::Arm), (at_ms, Deed::AskPolitely(at_ms + 10_000))];
        at_ms += lasts_ms(0, course.fates[0]);
        expected.push((at_ms, Deed::Force(at_ms + 10_000)));
        at_ms += lasts_ms(1, course.fates[1]);
        // A step's own deadline counts from its first deed; without a sync its last comes as early.
        let spare = |fate: Fate, ms: u64| match fate {
            Fate::Taken(_) | Fate::Silent => ms,
            Fate::Refused | Fate::RefusedAfter(_) => 0,
        };
        expected.push((at_ms, Deed::Hasten));
        expected.push((at_ms, Deed::Last(LastDeed::Sync)));
        expected.push((at_ms + sync_ms, Deed::Last(LastDeed::Reset)));
        at_ms += sync_ms + lasts_ms(2, course.fates[2]);
        at_ms += spare(course.fates[2], 1_000 - sync_ms);
        expected.push((at_ms, Deed::Rearm));
        expected.push((at_ms, Deed::Last(LastDeed::SysrqSync)));
        expected.push((at_ms + sync_ms, Deed::Last(LastDeed::SysrqReadOnly)));
        expected.push((at_ms + 2 * sync_ms, Deed::Last(LastDeed::SysrqReset)));
        at_ms += 2 * sync_ms + lasts_ms(3, course.fates[3]);
        at_ms += spare(course.fates[3], 2 * (1_000 - sync_ms));
        expected.push((at_ms, Deed::StopFeeding));
        expected.push((at_ms + course.watchdog_ms, Deed::Arm));
        assert_eq!(done, expected, "{course:?}");
    }
}

/// However late we are woken: no step is left out, none comes twice, the device is armed before the first.
#[test]
fn late_wakes_leave_nothing_out() {
    for course in Course::all().filter(|course| course.late_ms > 0) {
        let done = climb(&course);
        assert_eq!(done[0], (BEGUN_MS, Deed::Arm), "{course:?}");
        let steps: Vec<usize> = done.iter().filter_map(|(_, deed)| main_deed(*deed)).collect();
        assert_eq!(steps, [0, 1, 2, 3], "{course:?}");
        let fed: Vec<_> = done.iter().filter(|(_, deed)| *deed == Deed::StopFeeding).collect();
        assert_eq!(fed.len(), 1, "{course:?}");
        assert!(done.is_sorted_by_key(|(at_ms, _)| *at_ms), "{course:?}");
    }
}

/// The order's deadline holds all of it, from the disk's answer to the device.
#[test]
fn the_whole_ladder_fits_into_what_the_config_gives_the_order() {
    let longest = Course {
        fates: [Fate::Taken(9_999), Fate::Silent, Fate::Silent, Fate::Silent],
        syncs: true,
        watchdog_ms: 120_000,
        late_ms: 0,
    };
    let (over_ms, _) = climb(&longest).pop().expect("the end");
    let given_ms = POLITE_MS + u64::from(defib_config::spec::AFTER_POLITE_MS);
    assert!(over_ms - BEGUN_MS <= given_ms, "{} of {given_ms}", over_ms - BEGUN_MS);
}

/// A manager that does not run: the device is armed first all the same, and the kernel asked next, whether
/// that is known from the beginning or found out in either of its two steps.
#[test]
fn a_mute_manager_is_passed_over_behind_an_armed_device() {
    let mut ladder = Ladder::without_manager(POLITE_MS, BEGUN_MS);
    assert_eq!(ladder.turn(BEGUN_MS), Turn::Do(Deed::Arm));
    assert_eq!(ladder.turn(BEGUN_MS), Turn::Do(Deed::Hasten));
    for asked in [1, 2] {
        let mut ladder = Ladder::new(POLITE_MS, BEGUN_MS);
        assert_eq!(ladder.turn(BEGUN_MS), Turn::Do(Deed::Arm));
        for _ in 0..asked {
            assert!(matches!(
                ladder.turn(BEGUN_MS),
                Turn::Do(Deed::AskPolitely(_) | Deed::Force(_))
            ));
            ladder.hear(if asked == 2 { Word::Refused } else { Word::Mute }, BEGUN_MS);
        }
        ladder.hear(Word::Mute, BEGUN_MS + 5_000);
        assert_eq!(ladder.turn(BEGUN_MS + 5_000), Turn::Do(Deed::Hasten), "{asked}");
        assert_eq!(ladder.turn(BEGUN_MS + 5_000), Turn::Do(Deed::Last(LastDeed::Sync)), "{asked}");
        // The kernel's own steps are not cut short by it.
        ladder.hear(Word::Mute, BEGUN_MS + 5_000);
        assert_eq!(ladder.turn(BEGUN_MS + 5_000), Turn::Wait(BEGUN_MS + 6_000));
    }
}

/// A machine that takes its time to accept is not pushed before it was given its whole step.
#[test]
fn a_short_polite_step_asks_for_a_quick_answer() {
    let mut ladder = Ladder::new(2_000, BEGUN_MS);
    assert_eq!(ladder.turn(BEGUN_MS), Turn::Do(Deed::Arm));
    assert_eq!(ladder.turn(BEGUN_MS), Turn::Do(Deed::AskPolitely(BEGUN_MS + 2_000)));
    ladder.hear(Word::Accepted, BEGUN_MS + 1_999);
    assert_eq!(ladder.turn(BEGUN_MS + 1_999), Turn::Wait(BEGUN_MS + 3_999));
    assert_eq!(ladder.turn(BEGUN_MS + 3_999), Turn::Do(Deed::Force(BEGUN_MS + 13_999)));
}
