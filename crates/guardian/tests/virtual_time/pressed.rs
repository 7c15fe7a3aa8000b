//! The kernel says that all tasks wait for memory: the machine is read at once, and not all the time.

use crate::puppet::{Puppet, Time, Told, born};
use crate::{SHOP, process, serve};
use defib_engine::effect::Rung;
use defib_engine::event::Event;
use defib_engine::host::{AppFacts, MachineFacts};
use defib_engine::policy::RungSet;
use defib_guardian::mind::Mind;
use defib_journal::line::Line;
use defib_journal::order::Report;

const SECOND: u64 = 1_000;

/// An app that answers, on a machine that can be read, half a minute old.
pub(crate) struct Story {
    pub(crate) mind: Mind<Puppet>,
    time: Time,
    pub(crate) told: Told,
    pub(crate) folder: tempfile::TempDir,
}

impl Story {
    pub(crate) fn begin() -> Story {
        let folder = tempfile::tempdir().unwrap();
        let (time, told) = (Time::default(), Told::default());
        let puppet = Puppet { time: time.clone(), host: Some(Vec::new()), ..Puppet::default() };
        let mut mind = born(puppet, &told, &folder);
        let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
        mind.report(Report::Capable { app: SHOP, rungs, why_not: String::new() }, None);
        mind.report(Report::Found { app: SHOP, identity: process(1) }, None);
        let mut story = Story { mind, time, told, folder };
        story.run_until(30 * SECOND, None);
        story.mind.body_mut().read.clear();
        story
    }

    /// The trigger fires each so often, and as the driver has it, is heard again once the machine was read.
    pub(crate) fn run_until(&mut self, end_ms: u64, fires_each_ms: Option<u64>) {
        let mut fires_ms = fires_each_ms.map(|_| self.time.0.get());
        while self.time.0.get() < end_ms {
            if let (Some(at_ms), Some(each_ms)) = (fires_ms, fires_each_ms)
                && at_ms <= self.time.0.get()
            {
                fires_ms = Some(at_ms + each_ms);
                self.mind.press();
            }
            assert_eq!(self.mind.turn(), None);
            let other_ms = [Some(end_ms), fires_ms].into_iter().flatten().min();
            let asked_ms = self.mind.rest(other_ms);
            let least_ms = self.time.0.get() + u64::from(self.mind.body().said.is_empty());
            self.time.0.set(asked_ms.max(least_ms));
            self.mind.woke(asked_ms);
            serve(&mut self.mind);
        }
    }

    fn read(&self) -> Vec<u64> {
        self.mind.body().read.iter().map(|(at_ms, _)| *at_ms).collect()
    }
}

#[test]
fn the_machine_is_read_at_once_and_at_most_once_a_second() {
    let mut story = Story::begin();
    let begun_ms = 31_500;
    story.run_until(begun_ms, None);
    let before = story.read().len();
    story.run_until(begun_ms + 10 * SECOND, Some(1));
    let read = &story.read()[before..];
    assert!(read[0] <= begun_ms + SECOND, "{read:?}");
    assert!(read.windows(2).all(|two| two[1] - two[0] >= SECOND), "{read:?}");
    assert!((9..=11).contains(&read.len()), "{read:?}");
    // What starts is timed by two of them in ten seconds, as ever.
    let paced = story.mind.body().read[before..].iter().filter(|(_, is_paced)| *is_paced).count();
    assert!((2..=3).contains(&paced), "{:?}", story.mind.body().read);
    // And once it rests, the pace is what it was.
    let rests = story.read().len();
    story.run_until(begun_ms + 40 * SECOND, None);
    assert!((5..=7).contains(&(story.read().len() - rests)), "{:?}", story.read());
}

#[test]
fn memory_that_is_gone_is_read_again_when_that_convicts_and_the_grown_app_is_killed() {
    let mut story = Story::begin();
    let begun_ms = 31_500;
    story.run_until(begun_ms, None);
    let machine =
        MachineFacts { memory_kb: 600_000, available_kb: 9_000, ..MachineFacts::default() };
    let facts = AppFacts { memory_kb: 500_000, grown_kb: 450_000, ..AppFacts::default() };
    story.mind.body_mut().hangs = true;
    story.mind.body_mut().host =
        Some(vec![Event::Measured { app: SHOP, facts }, Event::Machine(machine)]);
    let before = story.read().len();
    // As the kernel does: 2 s after the stall began, and each 2 s while it lasts.
    story.run_until(begun_ms + 2 * SECOND, None);
    story.run_until(begun_ms + 8 * SECOND, Some(2 * SECOND));
    let read = &story.read()[before..];
    let first = read.iter().position(|at_ms| *at_ms >= begun_ms).unwrap();
    assert!(read[first] <= begun_ms + 2 * SECOND, "{read:?}");
    let apart_ms = read[first + 1] - read[first];
    assert!((4_500..=5_000).contains(&apart_ms), "{read:?}");
    let orders = story.told.0.borrow();
    let order = orders.iter().find(|entry| matches!(entry.line, Line::Order { .. }));
    let after_ms = order.expect("an order").up.0 - 5_000_000 - begun_ms;
    assert!(after_ms < 9 * SECOND, "{after_ms}");
}
