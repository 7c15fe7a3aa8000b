//! An app that dies at once after every start: ever more slowly, for ever, and well when it can be.

mod support;

use defib_console::view::{Incident, What};
use defib_engine::effect::Rung;
use defib_engine::note::{Class, Ending, HandOver};
use support::agent::{Agent, COURSE, QUICK, both_kinds, config};
use support::subject::Fault;

/// Doubling from half a second to four: the defaults, 10 s to 5 min, made 20 times as fast.
const BACKOFF: &str = "backoff_max = \"4s\"\n";

#[test]
fn an_app_that_dies_after_every_start_is_started_ever_more_slowly() {
    let subjects = both_kinds("loop");
    let quick = QUICK.replace("backoff = \"1s\"", "backoff = \"500ms\"");
    let agent = Agent::daemon("loop", &config(&subjects, &format!("{quick}{BACKOFF}")));
    agent.wait_up(2);
    for (_, subject) in &subjects {
        subject.strike_always(Fault::DieAtStart, "");
        for pid in subject.processes() {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    for (kind, subject) in &subjects {
        let incident = agent.wait_incident(kind, "six starts in vain", COURSE, |incident| {
            (incident.acts.iter().count() >= 6).then(|| incident.clone())
        });
        assert_eq!(incident.class(), Class::CrashLoop);
        assert_eq!(incident.handed_over, Some(HandOver::CrashLoop), "a person is told");
        assert!(
            incident.acts.iter().all(|act| act.rung == Rung::Start),
            "and nothing else is done"
        );
        let times: Vec<u64> = incident.acts.iter().map(|act| act.ordered.up_ms).collect();
        let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        println!("{kind}: pauses between starts in ms: {pauses:?}");
        // The very first start, before the fault, had the shortest pause behind it.
        for (pause_ms, floor_ms) in pauses.iter().zip([1_000, 2_000, 4_000, 4_000, 4_000]) {
            // A busy machine is slow to start and to bury; never sooner is what counts.
            assert!((floor_ms..floor_ms + 5_000).contains(pause_ms), "{pauses:?}");
        }
        let status = agent.home().ask("{\"do\":\"status\"}").expect("it answers");
        assert!(status.contains("crash"), "{status}");
        let looks = |incident: &Incident| {
            incident.items.iter().filter(|item| matches!(item.what, What::Look { .. })).count()
        };
        let before = looks(&incident);
        agent.wait_incident(kind, "further looks", COURSE, |incident| {
            (looks(incident) > before + 2).then_some(())
        });
        subject.mend(Fault::DieAtStart);
    }
    for (kind, subject) in &subjects {
        let incident = agent.wait_closed(kind, COURSE);
        assert_eq!(incident.ending, Some(Ending::Recovered { rung: Rung::Start }));
        assert!(incident.acts.iter().all(|act| act.rung == Rung::Start));
        subject.wait_well();
    }
}
