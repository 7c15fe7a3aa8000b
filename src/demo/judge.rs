//! Whether what happened is what had to happen. Strict: one act too many is a failure.

use crate::demo::scenario::Scenario;
use defib_console::view::Incident;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Ending};

/// What the journal says of one incident, as far as the demo judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) class: Class,
    pub(crate) acts: Vec<(Rung, Option<Outcome>)>,
    pub(crate) ending: Option<Ending>,
    pub(crate) detected_ms: u64,
    pub(crate) back_ms: Option<u64>,
}

impl Course {
    pub(crate) fn of(incident: &Incident) -> Course {
        Course {
            class: incident.class(),
            acts: incident.acts.iter().map(|act| (act.rung, act.outcome)).collect(),
            ending: incident.ending,
            detected_ms: incident.detected_ms,
            back_ms: incident.back_ms.or(incident.down_ms),
        }
    }
}

/// The judgement on one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not over yet: for what it waits.
    Open(&'static str),
    /// As it had to be.
    Right,
    /// Not as it had to be: why.
    Wrong(String),
}

/// Judges the incidents of one application so far.
pub(crate) fn judge(scenario: &Scenario, courses: &[Course]) -> Verdict {
    let made: Vec<Rung> =
        courses.iter().flat_map(|course| course.acts.iter().map(|(rung, _)| *rung)).collect();
    if !scenario.acts.starts_with(&made) {
        return Verdict::Wrong(format!("the acts were {made:?} instead of {:?}", scenario.acts));
    }
    match courses {
        [] => Verdict::Open("no incident yet"),
        [course] => match course.ending {
            None => Verdict::Open("the incident is open"),
            Some(ending) => judge_end(scenario, course, ending),
        },
        _ => Verdict::Wrong(format!("{} incidents instead of one", courses.len())),
    }
}

fn judge_end(scenario: &Scenario, course: &Course, ending: Ending) -> Verdict {
    if course.class != scenario.class {
        return Verdict::Wrong(format!("taken for {:?}, not {:?}", course.class, scenario.class));
    }
    if course.acts.len() != scenario.acts.len() {
        return Verdict::Wrong(format!("it ended ({ending:?}) before {:?}", scenario.acts));
    }
    if let Some((rung, outcome)) = course.acts.iter().find(|(_, end)| *end != Some(Outcome::Done)) {
        return Verdict::Wrong(format!("the act {rung:?} ended as {outcome:?}"));
    }
    let expected = match scenario.acts.last() {
        Some(rung) => ending == Ending::Recovered { rung: *rung },
        None => matches!(ending, Ending::SelfHealed | Ending::Passed),
    };
    if expected { Verdict::Right } else { Verdict::Wrong(format!("it ended as {ending:?}")) }
}

#[cfg(test)]
mod tests {
    use super::{Course, Verdict, judge};
    use crate::demo::scenario::{SCENARIOS, Scenario};
    use defib_engine::effect::Rung;
    use defib_engine::event::{Failure, Outcome};
    use defib_engine::note::{Class, Ending};

    const HANG: Scenario = SCENARIOS[1];
    const ORDERS: Scenario = SCENARIOS[4];

    fn course(class: Class, acts: &[Rung], ending: Option<Ending>) -> Course {
        let acts = acts.iter().map(|rung| (*rung, Some(Outcome::Done))).collect();
        Course { class, acts, ending, detected_ms: 3000, back_ms: Some(4000) }
    }

    fn is_wrong(scenario: &Scenario, courses: &[Course]) -> bool {
        matches!(judge(scenario, courses), Verdict::Wrong(_))
    }

    #[test]
    fn the_expected_course_is_right_and_nothing_before_its_end() {
        let healed = Some(Ending::Recovered { rung: Rung::Kill });
        assert_eq!(judge(&HANG, &[course(Class::Hung, &[Rung::Kill], healed)]), Verdict::Right);
        assert_eq!(
            judge(&ORDERS, &[course(Class::Dependency, &[], Some(Ending::SelfHealed))]),
            Verdict::Right
        );
        assert!(matches!(judge(&HANG, &[]), Verdict::Open(_)));
        assert!(matches!(judge(&HANG, &[course(Class::Unknown, &[], None)]), Verdict::Open(_)));
    }

    #[test]
    fn an_act_where_none_may_be_is_wrong_at_once() {
        assert!(is_wrong(&ORDERS, &[course(Class::Dependency, &[Rung::Restart], None)]));
        assert!(is_wrong(&HANG, &[course(Class::Hung, &[Rung::Kill, Rung::Kill], None)]));
        assert!(is_wrong(&HANG, &[course(Class::Hung, &[Rung::Restart], None)]));
    }

    #[test]
    fn a_wrong_class_ending_outcome_or_number_is_wrong() {
        let healed = Some(Ending::Recovered { rung: Rung::Kill });
        let right = course(Class::Hung, &[Rung::Kill], healed);
        assert!(is_wrong(&HANG, &[course(Class::Erroring, &[Rung::Kill], healed)]));
        assert!(is_wrong(&HANG, &[course(Class::Hung, &[Rung::Kill], Some(Ending::SelfHealed))]));
        assert!(is_wrong(&HANG, &[course(Class::Hung, &[], Some(Ending::SelfHealed))]));
        assert!(is_wrong(&HANG, &[right.clone(), course(Class::Hung, &[], None)]));
        let mut failed = right;
        failed.acts[0].1 = Some(Outcome::Failed(Failure::Deadline));
        assert!(is_wrong(&HANG, &[failed]));
    }
}
