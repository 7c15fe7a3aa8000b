//! The journal's disk takes longer for each sync than the executor has patience with a silent guardian.

use crate::{hang_at, live_whole, plan, replay};
use defib_engine::note::Note;
use defib_sim::fact::Fact;
use defib_sim::plan::{DiskFault, DiskName, Happening, Keeper, MachineFault, Planned};

const KEEPERS: [Keeper; 3] = [Keeper::Unit { restart_ms: None }, Keeper::Agent, Keeper::Command];

fn slow_at(at_ms: u64, ms: u64) -> Planned {
    let fault =
        MachineFault::Disk { disk: DiskName::State, fault: DiskFault::Slow { ms }, ms: 600_000 };
    Planned { at_ms, what: Happening::Machine(fault) }
}

#[test]
fn an_order_leaves_within_2_s_of_its_decision_and_the_guardian_lives() {
    for keeper in KEEPERS {
        for ms in [900, 1_500, 4_000, 28_000] {
            let plan = plan(ms, keeper, vec![slow_at(60_000, ms), hang_at(100_000)]);
            let (facts, agent) = live_whole(&plan);
            let decided = |fact: &Fact| matches!(fact, Fact::Noted(Note::Decided { rung, .. }) if rung.is_disruptive());
            let decided = facts.0.iter().position(|dated| decided(&dated.fact)).expect("an act");
            let mut since = facts.0[decided..].iter();
            let intended = since.find(|dated| matches!(dated.fact, Fact::Intended { .. }));
            let (decided, intended) = (facts.0[decided].at_ms, intended.expect("an order").at_ms);
            assert!(intended - decided <= 2_000, "{keeper:?}, {ms} ms: {decided} {intended}");
            assert_eq!(facts.count(|fact| matches!(fact, Fact::GuardianEnded)), 0, "{ms} ms");
            assert_eq!(replay::disagreement(agent.journal()), None, "{keeper:?}, {ms} ms");
        }
    }
}
