//! What looks add up to: a second, simpler account of docs/decisions/004 must come to the same sums.

use crate::support::desk::{Desk, ERROR, HANG, at, one, without_verdict};
use crate::support::policy::probe;
use defib_engine::note::Note;
use defib_engine::policy::View;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::state::{Look, Stretch};

const UNSURE: Seen = Seen::Unknown(UnknownWhy::CommandUnsure);

fn status(code: u16) -> Seen {
    Seen::Status { code, retry_after_s: None }
}

fn single() -> Desk {
    Desk::well(without_verdict(one("child", vec![probe("url", View::App)])))
}

#[test]
fn each_kind_of_failure_has_its_weight() {
    let table = [
        (Seen::Refused, 50),
        (Seen::Reset, 27),
        (Seen::Timeout(Phase::Connect), 27),
        (Seen::Timeout(Phase::Command), 27),
        (Seen::Tls(TlsFault::Expired), 29),
        (Seen::Tls(TlsFault::Protocol), 29),
        (status(404), 29),
        (ERROR, 29),
        (Seen::Body(BodyFault::Missing), 29),
        (Seen::Command(2), 29),
        (Seen::Command(1), 0),
        (Seen::Pass, 0),
        (Seen::Slow, 0),
        (UNSURE, 0),
        (Seen::Unknown(UnknownWhy::Late), 0),
    ];
    for (seen, db) in table {
        let mut desk = single();
        desk.look(0, 100, 110, seen);
        assert_eq!(desk.probe(0).db, db, "{seen:?}");
        assert_eq!(desk.probe(0).stretch.is_some(), db > 0, "{seen:?}");
        assert_eq!(desk.app().suspected_since.is_some(), db > 0, "{seen:?}");
    }
}

/// The account of one probe.
#[derive(Default)]
struct Account {
    db: i16,
    cusum: i16,
    moved: u64,
    stretch: Option<(u64, u64, u16)>,
    passes: u8,
    first_pass: u64,
    failed: Option<u64>,
}

impl Account {
    fn add(&mut self, began: u64, ended: u64, seen: Seen, [interval, window]: [u64; 2]) {
        let good = matches!(seen, Seen::Pass);
        // A third of the window; cut to whole intervals unless the failures go on.
        let third = window.div_ceil(3);
        let whole = third / interval * interval;
        let goes_on = !good && self.stretch.is_some();
        let pace = interval.max(if goes_on { third } else { whole });
        if self.cusum == 0 || ended - self.moved >= pace {
            self.cusum = if good { (self.cusum - 1).max(0) } else { (self.cusum + 10).min(60) };
            self.moved = ended;
        }
        if good {
            self.db = (self.db - 10).max(0);
            self.stretch = None;
            if self.passes == 0 {
                self.first_pass = began;
            }
            self.passes += 1;
        } else {
            let weight = if seen == Seen::Refused { 50 } else { 27 };
            self.db = (self.db + weight).min(200);
            let (since, _, count) = self.stretch.unwrap_or((began, 0, 0));
            self.stretch = Some((since, ended, count + 1));
            self.passes = 0;
            self.failed = Some(ended);
        }
    }
}

#[test]
fn sums_are_those_of_a_second_account() {
    for (seed, interval, window) in [(1u64, 5_000, 16_000), (2, 2_000, 16_000), (3, 7_000, 10_000)]
    {
        let mut desk = single();
        desk.policy.apps[0].probes[0].interval_ms = interval;
        desk.policy.apps[0].window_ms = window;
        let (mut account, mut now, mut chance) = (Account::default(), 0, seed);
        for _ in 0..400 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888);
            let third = window.div_ceil(3);
            let gaps =
                [1_000, interval - 1, interval, third - 1, third, third / interval * interval];
            now += gaps[(chance >> 40) as usize % gaps.len()].max(20);
            // Now mostly good, now mostly not.
            let seen = match (chance >> 50) % 8 + (now / 100_000) % 3 * 2 {
                0..=5 => Seen::Pass,
                6..=9 => HANG,
                _ => Seen::Refused,
            };
            account.add(now - 10, now, seen, [interval, window]);
            desk.look(0, now - 10, now, seen);
            let probe = desk.probe(0);
            let stretch = account.stretch.map(|(since, until, count)| Stretch {
                since: at(since),
                until: at(until),
                count,
            });
            assert_eq!(
                (probe.db, probe.cusum, probe.stretch),
                (account.db, account.cusum, stretch)
            );
            assert_eq!((probe.passes, probe.failed_at), (account.passes, account.failed.map(at)));
            assert!(account.passes == 0 || probe.passing_since == at(account.first_pass));
            // Suspected from the first failure until the sum is nothing.
            assert_eq!(desk.app().suspected_since.is_some(), account.db > 0 || stretch.is_some());
        }
        assert!(desk.probe(0).fresh == 255 && desk.notes.len() > 2);
    }
}

/// Which probes there are, which of them failed (from, until, how often), and what all of it weighs.
#[test]
fn views_share_one_cap_until_one_that_sees_the_app_has_failed_for_the_window() {
    use View::{App, Dependency, Listener, UserPath};
    type Failures = (usize, u64, u64, u16);
    let table: [(&[View], &[Failures], i16); 14] = [
        (&[App], &[(0, 0, 15_999, 3)], 55),
        (&[App], &[(0, 0, 16_000, 3)], 81),
        (&[App], &[(0, 0, 10_000, 1)], 27),
        (&[App], &[(0, 0, 16_000, 20)], 200),
        (&[UserPath], &[(0, 0, 15_999, 3)], 55),
        (&[UserPath], &[(0, 0, 16_000, 3)], 81),
        (&[Listener, App], &[(0, 0, 16_000, 3)], 81),
        (&[App, UserPath], &[(0, 0, 15_000, 2), (1, 0, 15_000, 3)], 55),
        (&[App, UserPath], &[(0, 0, 15_000, 1), (1, 0, 15_000, 3)], 45),
        (&[App, UserPath], &[(0, 0, 16_000, 3), (1, 0, 15_000, 3)], 99),
        (&[App, UserPath], &[(0, 0, 16_000, 3), (1, 0, 15_000, 12)], 135),
        (&[App, UserPath], &[(0, 0, 3_000, 1), (1, 0, 50_000, 12)], 55),
        (&[App, Dependency], &[(0, 0, 16_000, 3), (1, 0, 16_000, 3)], 81),
        (&[App, App], &[(0, 0, 16_000, 3), (1, 0, 3_000, 2)], 135),
    ];
    for (number, (views, failures, db)) in table.into_iter().enumerate() {
        let probes = views.iter().map(|view| probe("probe", *view)).collect();
        let mut desk = Desk::well(without_verdict(one("child", probes)));
        let mut now = 0;
        for (index, since, until, count) in failures {
            let state = &mut desk.state.apps[0].probes[*index];
            let (started, ended) = (at(until - since.min(until)), at(*until));
            state.last = Some(Look { seen: HANG, started, ended });
            state.stretch = Some(Stretch { since: at(*since), until: ended, count: *count });
            state.db = (27 * *count as i16).min(200);
            now = now.max(*until);
        }
        assert_eq!(desk.score_db(now), db, "{number}: {views:?} {failures:?}");
    }
}

#[test]
fn a_death_is_not_capped_and_looks_beside_it_are() {
    let mut desk = single();
    desk.die(1_000);
    assert_eq!(desk.score_db(1_000), 70);
    desk.looks(0, 3_000, &[Seen::Refused, Seen::Refused]);
    assert_eq!(desk.score_db(5_000), 125);
}

#[test]
fn a_view_that_has_nothing_to_look_at_leaves_the_way_to_it() {
    let probes = vec![probe("url", View::App), probe("path", View::UserPath)];
    let mut desk = Desk::well(without_verdict(one("child", probes)));
    desk.looks(1, 2_000, &[HANG, HANG]);
    assert_eq!(desk.score_db(4_000), 54, "told as an outside fault, by its own sum");
    desk.look(0, 4_000, 4_100, Seen::Unknown(UnknownWhy::NothingThere));
    assert!(desk.probe(0).absent && !desk.probe(1).absent);
    desk.look(1, 5_990, 6_000, HANG);
    assert_eq!(desk.score_db(6_000), 55);
    desk.look(0, 6_100, 6_200, UNSURE);
    assert!(!desk.probe(0).absent);
    desk.look(1, 7_000, 7_010, Seen::Unknown(UnknownWhy::NothingThere));
    assert!(!desk.probe(1).absent, "only a view on the app is derived");
}

/// An address that has moved for hours, seen by the users, is no second witness of two lost looks.
#[test]
fn what_no_act_cures_on_the_users_path_says_nothing_of_a_hang() {
    let moved = Seen::Status { code: 301, retry_after_s: None };
    for (path, db) in [(moved, 54), (ERROR, 72)] {
        let probes = vec![probe("url", View::App), probe("path", View::UserPath)];
        let mut desk = Desk::well(without_verdict(one("child", probes)));
        desk.looks(1, 2_000, &[path, path, path]);
        desk.looks(0, 8_000, &[HANG, HANG]);
        // Beyond the window, so that nothing is capped.
        desk.policy.apps[0].window_ms = 1_000;
        assert_eq!(desk.score_db(10_000), db, "{path:?}");
    }
}

#[test]
fn a_look_that_came_late_says_nothing() {
    // Asked for, began, ended, told; an interval of 5 s and a time-out of 3 s.
    let table = [
        ([0, 5_000, 5_010, 5_010], true),
        ([0, 5_001, 5_011, 5_011], false),
        ([0, 0, 8_000, 8_000], true),
        ([0, 0, 8_001, 8_001], false),
        ([0, 0, 10, 5_010], true),
        ([0, 0, 10, 5_011], false),
    ];
    for (times, believed) in table {
        let mut desk = single();
        desk.told(0, times, HANG);
        assert_eq!(desk.probe(0).stretch.is_some(), believed, "{times:?}");
    }
    // The slack is an interval, and a second at least.
    for (told, believed) in [(1_010, true), (1_011, false)] {
        let mut desk = single();
        desk.policy.apps[0].probes[0].interval_ms = 200;
        desk.told(0, [0, 0, 10, told], HANG);
        assert_eq!(desk.probe(0).stretch.is_some(), believed, "{told}");
    }
}

#[test]
fn what_nothing_of_ours_cures_is_forgotten_when_something_else_shows() {
    let certificates =
        [TlsFault::Expired, TlsFault::NotYetValid, TlsFault::WrongName, TlsFault::UnknownAuthority];
    let forgiven = certificates.map(Seen::Tls).into_iter().chain([300, 404, 499].map(status));
    let kept = [Seen::Tls(TlsFault::Protocol), status(299), ERROR, Seen::Body(BodyFault::Missing)];
    let table = forgiven.map(|it| (it, true)).chain(kept.map(|it| (it, false)));
    for (seen, is_forgiven) in table {
        let mut desk = single();
        desk.looks(0, 2_000, &[seen, HANG]);
        let expected = if is_forgiven { (27, 1) } else { (56, 2) };
        let probe = desk.probe(0);
        assert_eq!((probe.db, probe.stretch.map_or(0, |it| it.count)), expected, "{seen:?}");
        assert_eq!(probe.cusum, 10);
        let mut desk = single();
        desk.looks(0, 2_000, &[seen, Seen::Pass]);
        assert_eq!(desk.probe(0).db, if is_forgiven { 0 } else { 19 }, "{seen:?}");
        let mut desk = single();
        desk.looks(0, 2_000, &[seen, UNSURE]);
        assert_eq!(desk.probe(0).db, 29, "{seen:?}");
    }
    let mut desk = single();
    desk.looks(0, 2_000, &[status(404), Seen::Tls(TlsFault::Expired), status(301)]);
    assert_eq!(desk.probe(0).db, 87, "one as little the app's as the other");
}

#[test]
fn a_command_may_have_failed_for_what_is_forgiven() {
    let (url, check) = (probe("url", View::App), probe("check", View::App));
    let others = [probe("db", View::Dependency), probe("more", View::App)];
    let probes = [url, check].into_iter().chain(others).collect();
    let mut desk = Desk::well(without_verdict(one("child", probes)));
    desk.looks(1, 1_000, &[Seen::Command(2), HANG]);
    desk.look(2, 3_100, 3_110, Seen::Command(2));
    desk.look(3, 3_200, 3_210, ERROR);
    desk.look(0, 3_300, 3_310, status(404));
    let db = |desk: &Desk| [0, 1, 2, 3].map(|index| desk.probe(index).db);
    assert_eq!(db(&desk), [29, 56, 29, 29]);
    desk.look(0, 4_000, 4_010, ERROR);
    assert_eq!(db(&desk), [29, 0, 29, 29]);
    assert_eq!((desk.probe(1).stretch, desk.probe(1).cusum), (None, 0));
    // One that only failed a moment ago, too; a dependency shows nothing of the app.
    desk.looks(1, 5_000, &[Seen::Command(2), Seen::Command(1)]);
    desk.look(0, 7_100, 7_110, status(404));
    desk.looks(2, 7_200, &[status(404), HANG]);
    assert_eq!(db(&desk), [58, 19, 85, 29]);
    desk.look(0, 9_300, 9_310, HANG);
    assert_eq!(db(&desk), [27, 0, 85, 29]);
}

#[test]
fn one_lost_look_among_answers_tells_no_hang() {
    let check = Seen::Command(2);
    let table: [(&[Seen], Seen); 13] = [
        (&[HANG], HANG),
        (&[ERROR, HANG], ERROR),
        (&[ERROR, Seen::Refused], ERROR),
        (&[ERROR, Seen::Reset], ERROR),
        (&[ERROR, HANG, HANG], HANG),
        (&[HANG, ERROR], ERROR),
        (&[Seen::Reset, HANG], HANG),
        (&[ERROR, Seen::Pass, HANG], HANG),
        (&[ERROR, UNSURE, HANG], HANG),
        (&[ERROR, Seen::Body(BodyFault::Missing)], Seen::Body(BodyFault::Missing)),
        (&[check, HANG, HANG], check),
        (&[HANG, check], check),
        (&[check, Seen::Pass, HANG], HANG),
    ];
    for (looks, told) in table {
        let mut desk = single();
        desk.looks(0, 2_000, looks);
        assert_eq!(desk.probe(0).telling, Some(told), "{looks:?}");
    }
}

/// What an address that has moved adds to a verdict is nothing, and it is not named as a reason.
#[test]
fn a_verdict_names_only_what_weighs() {
    let mut desk =
        Desk::well(one("child", vec![probe("url", View::App), probe("path", View::UserPath)]));
    let moved = Seen::Status { code: 301, retry_after_s: None };
    for number in 0..12 {
        desk.look(1, 2_000 * number, 2_000 * number + 10, moved);
        desk.look(0, 2_000 * number + 20, 2_000 * number + 30, HANG);
    }
    let named = |note: &Note| match note {
        Note::Decided { evidence, .. } => Some(evidence.iter().map(|it| it.db).collect()),
        _ => None,
    };
    let weights: Vec<Vec<i16>> = desk.notes.iter().filter_map(named).collect();
    assert!(!weights.is_empty(), "it was convicted");
    assert!(weights.iter().flatten().all(|db| *db > 0), "{weights:?}");
}
