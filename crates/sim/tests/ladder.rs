//! The reboot ladder of the shipped executor in a world whose machine refuses the first steps, or takes them and
//! stands: every mixture of the two, in virtual time, with every checker looking on.

use defib_sim::check::Judge;
use defib_sim::fact::{By, Fact, Witness};
use defib_sim::log::{breach_line, plan_of};
use defib_sim::run::{Pace, run};
use defib_sim::trial::Accused;
use defib_sim::world::World;
use std::rc::Rc;

/// A unit that only a reboot cures.
const PLAN: &str = "seed 1\nheals 0:15:00.000\nends 0:15:00.000\n\
    app shop keeper=unit warm-up=2000 stop=300 answer=10 starts-at-boot\nconfig\n\
    | [machine]\n| mode = \"act\"\n| reboot = \"allowed\"\n| [app.shop]\n\
    | url = \"http://127.0.0.1:8000/\"\n| unit = \"shop.service\"\nhappens\n";

struct Seen {
    judge: Judge,
    /// When each step was tried, and whether it was taken.
    pushed: Vec<(u64, u8, bool)>,
    went_down_ms: Vec<u64>,
    /// When the watchdog reset it.
    bitten_ms: Vec<u64>,
    failed_ms: Option<u64>,
}

impl Witness for Seen {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.judge.take(at_ms, fact);
        match *fact {
            Fact::Pushed { step, by: By::Agent, taken } => self.pushed.push((at_ms, step, taken)),
            Fact::WentDown { by: By::Agent, .. } => self.went_down_ms.push(at_ms),
            Fact::WentDown { by: By::Watchdog, .. } => self.bitten_ms.push(at_ms),
            Fact::Finished { outcome, .. } if !self.pushed.is_empty() => {
                let is_failed = matches!(outcome, defib_engine::event::Outcome::Failed(_));
                self.failed_ms = is_failed.then_some(at_ms).or(self.failed_ms);
            }
            _ => {}
        }
    }
}

fn live(refused: u8, stuck: u8) -> Seen {
    let happens = format!(
        "0:01:00.000 machine reboot-refused ms=3600000 steps={refused}\n\
         0:01:00.500 machine reboot-stuck ms=3600000 steps={stuck}\n\
         0:01:02.000 shop hang cure=reboot\n"
    );
    let plan = plan_of(&(PLAN.to_owned() + &happens)).unwrap();
    let mut world = World::new(Rc::new(plan.clone())).unwrap();
    let judge = Judge::new(&world, Pace::Every);
    let mut seen = Seen {
        judge,
        pushed: Vec::new(),
        went_down_ms: Vec::new(),
        bitten_ms: Vec::new(),
        failed_ms: None,
    };
    let mut agent = Accused::Whole.bring(&world);
    run(&mut world, agent.as_mut(), Pace::Every, plan.ends_at_ms, &mut seen);
    seen.judge.finish(plan.ends_at_ms);
    let breaches: Vec<String> = seen.judge.breaches().iter().map(breach_line).collect();
    assert_eq!(breaches, Vec::<String>::new(), "refused {refused} stuck {stuck}");
    seen
}

/// From one step to the next: its whole deadline if it was taken, else what the next step's syncs take.
/// The bus may add a little.
fn is_in_time(step: u8, taken: bool, after_ms: u64) -> bool {
    // Step 3 is asked a second after its begin, step 4 two.
    let (spent_ms, before_next_ms) = [(0, 0), (0, 1_000), (1_000, 2_000)][usize::from(step) - 1];
    let limit_ms = [30_000, 10_000, 5_000][usize::from(step) - 1] - spent_ms;
    let expected_ms = before_next_ms + if taken { limit_ms } else { 0 };
    (expected_ms..=expected_ms + 300).contains(&after_ms)
}

#[test]
fn every_mixture_of_refusals_and_vain_steps_goes_harder_and_harder() {
    for (refused, stuck) in (0..=4).flat_map(|refused| (0..=4).map(move |stuck| (refused, stuck))) {
        let seen = live(refused, stuck);
        let vain = refused.max(stuck);
        let expected: Vec<(u8, bool)> =
            (1..=4.min(vain + 1)).map(|step| (step, step > refused)).collect();
        let tried: Vec<(u8, bool)> =
            seen.pushed.iter().map(|&(_, step, taken)| (step, taken)).collect();
        assert_eq!(tried, expected, "refused {refused} stuck {stuck}");
        for pair in seen.pushed.windows(2) {
            let [(before_ms, step, taken), (at_ms, ..)] = *pair else { unreachable!("two") };
            assert!(is_in_time(step, taken, at_ms - before_ms), "{refused} {stuck} {pair:?}");
        }
        let downs = usize::from(vain < 4);
        assert_eq!(seen.went_down_ms.len(), downs, "refused {refused} stuck {stuck}");
        // With nothing of software left the watchdog ends it, 20 s after it was fed last: at most a quarter of
        // that before the last step began, 3 s after sysrq's b.
        let sysrq_ms = seen.pushed.last().map_or(0, |pushed| pushed.0);
        let bitten_ms: Vec<u64> = seen.bitten_ms.iter().map(|at_ms| at_ms - sysrq_ms).collect();
        assert_eq!(bitten_ms.len(), 1 - downs, "refused {refused} stuck {stuck}");
        assert!(bitten_ms.iter().all(|ms| (17_000..=24_000).contains(ms)), "{bitten_ms:?}");
        assert_eq!(seen.failed_ms, None, "refused {refused} stuck {stuck}");
    }
}
