//! The keeper under random orders of events, judged by laws that know only what was done; and wrong
//! keepers, each caught by the law that is named.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

const CYCLE_MS: u64 = 8_000;

#[derive(Clone, Copy, Debug)]
enum Event {
    Passes(u64),
    /// A guardian works for so many beats.
    Works(u8),
    Configured,
    Dies,
    Config(bool),
    Budget(bool),
    Freeze(bool),
    Observes(bool),
    LastRung,
    Disk(Recorded),
    OurReboot,
    /// The kernel is about to be asked.
    Hastened,
}

/// A keeper that may be wrong: it sees another ground, or does something else.
#[derive(Clone, Copy)]
struct Wrong {
    sees: fn(&Dog, &mut Ground),
    does: fn(Step) -> Step,
    parts: fn(Parting) -> Parting,
}

const RIGHT: Wrong = Wrong { sees: |_, _| (), does: |step| step, parts: |parting| parting };

/// What truly happened, and nothing of the keeper's.
struct World {
    dog: Dog,
    ground: Ground,
    wrong: Wrong,
    is_allowed: bool,
    has_budget: bool,
    is_frozen: bool,
    is_our_reboot: bool,
    has_recorded: bool,
    open: bool,
    fed_ms: u64,
    /// How long it may go without food while a guardian works: a quarter of its timeout.
    patience_ms: u64,
    beats_since_fed: u32,
    /// First beat of the present guardian with a config.
    cycle_ms: Option<u64>,
    is_configured: bool,
    /// Beats came without a gap since then.
    steady_since_ms: Option<u64>,
}

impl World {
    fn new(wrong: Wrong) -> World {
        let ground = Ground {
            now_ms: 1_000,
            forbidden: None,
            cycle_ms: CYCLE_MS,
            is_observing: false,
            is_feeding_over: false,
            recorded: Recorded::Yes,
        };
        World {
            dog: Dog::new(),
            ground,
            wrong,
            is_allowed: true,
            has_budget: true,
            is_frozen: false,
            is_our_reboot: false,
            has_recorded: false,
            open: false,
            fed_ms: 0,
            patience_ms: 15_000,
            beats_since_fed: 0,
            cycle_ms: None,
            is_configured: false,
            steady_since_ms: None,
        }
    }

    fn take(&mut self, event: Event) -> Result<(), &'static str> {
        match event {
            Event::Passes(ms) => {
                self.ground.now_ms += ms;
                self.steady_since_ms = None;
            }
            Event::Works(beats) => return self.works(beats),
            Event::Configured => {
                self.is_configured = true;
                self.dog.configured();
            }
            Event::Dies => {
                (self.is_configured, self.cycle_ms, self.steady_since_ms) = (false, None, None);
                self.dog.lost_guardian();
            }
            Event::Config(allowed) => self.is_allowed = allowed,
            Event::Budget(has_room) => self.has_budget = has_room,
            Event::Freeze(it) => self.is_frozen = it,
            Event::Observes(it) => self.ground.is_observing = it,
            Event::LastRung => self.ground.is_feeding_over = self.open,
            Event::Disk(recorded) => self.ground.recorded = recorded,
            Event::OurReboot => self.is_our_reboot = true,
            Event::Hastened => self.hastens(),
        }
        self.settle()
    }

    fn works(&mut self, beats: u8) -> Result<(), &'static str> {
        for beat in 0..beats {
            self.ground.now_ms += 2_000 + 1_000 * u64::from(beat % 2);
            self.steady_since_ms.get_or_insert(self.ground.now_ms);
            self.beats_since_fed += 1;
            if self.is_configured {
                self.cycle_ms.get_or_insert(self.ground.now_ms);
            }
            self.dog.beat(self.ground.now_ms);
            self.settle()?;
        }
        Ok(())
    }

    /// The executor does so only with one that is armed, and not after the last rung.
    fn hastens(&mut self) {
        if self.open && !self.ground.is_feeding_over {
            (self.fed_ms, self.patience_ms) = (self.ground.now_ms, 5_000);
            self.dog.hastened(self.ground.now_ms, 20_000);
        }
    }

    fn settle(&mut self) -> Result<(), &'static str> {
        self.ground.forbidden = match () {
            () if !self.is_allowed => Some(Forbidden::ByConfig),
            () if self.is_frozen => Some(Forbidden::Frozen),
            () if !self.has_budget => Some(Forbidden::ForNow),
            () => None,
        };
        for _ in 0..4 {
            let mut ground = self.ground;
            (self.wrong.sees)(&self.dog, &mut ground);
            match (self.wrong.does)(self.dog.next(&ground)) {
                Step::Rest => break,
                step => self.does(step)?,
            }
        }
        self.at_rest()
    }

    fn does(&mut self, step: Step) -> Result<(), &'static str> {
        let now_ms = self.ground.now_ms;
        match step {
            Step::Rest => {}
            Step::Record => {
                self.has_recorded = true;
                self.dog.recording(now_ms);
            }
            Step::Unrecord => {
                self.has_recorded = false;
                self.dog.refused(now_ms);
            }
            Step::Open => {
                self.opens()?;
                self.open = true;
                (self.fed_ms, self.patience_ms) = (now_ms, 15_000);
                self.dog.armed(now_ms, 60_000);
            }
            Step::Feed => {
                self.feeds()?;
                (self.fed_ms, self.beats_since_fed) = (now_ms, 0);
                self.dog.fed(now_ms);
            }
            Step::Disarm => {
                if self.is_allowed && !self.is_frozen || self.ground.is_feeding_over {
                    return Err("disarmed without a reason");
                }
                self.open = false;
                self.dog.disarmed();
            }
        }
        Ok(())
    }

    fn opens(&self) -> Result<(), &'static str> {
        let now_ms = self.ground.now_ms;
        let has_looked = self.cycle_ms.is_some_and(|at| now_ms >= at + CYCLE_MS);
        match () {
            () if now_ms < 60_000 => Err("armed in the first minute"),
            () if !self.is_allowed => Err("armed against the config"),
            () if self.is_frozen => Err("armed while frozen"),
            () if !self.has_budget => Err("armed with a spent budget"),
            () if self.ground.is_observing => Err("armed while only observing is left"),
            () if !self.has_recorded || self.ground.recorded != Recorded::Yes => {
                Err("armed before that was written down")
            }
            // The guardian may have died while the record was on its way.
            () if !has_looked && self.cycle_ms.is_some() => Err("armed before a cycle of looks"),
            () => Ok(()),
        }
    }

    fn feeds(&self) -> Result<(), &'static str> {
        match () {
            () if !self.open => Err("fed though not armed"),
            () if self.ground.is_feeding_over => Err("fed past the last rung"),
            () if self.beats_since_fed == 0 && !self.ground.is_observing => {
                Err("fed without a completed turn")
            }
            () => Ok(()),
        }
    }

    fn at_rest(&self) -> Result<(), &'static str> {
        let now_ms = self.ground.now_ms;
        if !self.open || self.ground.is_feeding_over {
            return Ok(());
        }
        if !self.is_allowed {
            return Err("still armed against the config");
        }
        if self.is_frozen {
            return Err("still armed while frozen");
        }
        let hungry_since_ms = self.steady_since_ms.map(|since| since.max(self.fed_ms));
        if hungry_since_ms.is_some_and(|since| now_ms - since > self.patience_ms) {
            return Err("left hungry by a guardian that works");
        }
        Ok(())
    }

    fn ends(&self) -> Result<(), &'static str> {
        let parting = self.dog.at_end(self.is_our_reboot, self.ground.is_feeding_over);
        match (self.wrong.parts)(parting) {
            Parting::Disarm if !self.open => Err("disarmed though not armed"),
            Parting::Disarm if self.is_our_reboot || self.ground.is_feeding_over => {
                Err("disarmed behind a reboot of ours")
            }
            Parting::Nothing | Parting::Leave
                if self.open && !self.is_our_reboot && !self.ground.is_feeding_over =>
            {
                Err("left armed at a clean stop")
            }
            _ => Ok(()),
        }
    }
}

fn an_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..40_000_u64).prop_map(Event::Passes),
        1 => (500_000..700_000_u64).prop_map(Event::Passes),
        8 => (1..12_u8).prop_map(Event::Works),
        4 => Just(Event::Configured),
        1 => Just(Event::Dies),
        1 => any::<bool>().prop_map(Event::Config),
        2 => any::<bool>().prop_map(Event::Budget),
        1 => any::<bool>().prop_map(Event::Freeze),
        1 => any::<bool>().prop_map(Event::Observes),
        1 => Just(Event::LastRung),
        1 => prop_oneof![
            Just(Event::Disk(Recorded::Yes)),
            Just(Event::Disk(Recorded::Waiting)),
            Just(Event::Disk(Recorded::Failed)),
        ],
        1 => Just(Event::OurReboot),
        1 => Just(Event::Hastened),
    ]
}

fn live(wrong: Wrong, events: &[Event]) -> Result<(), &'static str> {
    let mut world = World::new(wrong);
    world.take(Event::Configured)?;
    events.iter().try_for_each(|event| world.take(*event))?;
    world.ends()
}

/// The laws that a keeper breaks in 4000 random lives. Always the same ones: no seed from outside.
fn broken_by(wrong: Wrong) -> std::collections::BTreeSet<&'static str> {
    let mut runner = TestRunner::deterministic();
    let lives = proptest::collection::vec(an_event(), 1..24);
    let mut broken = std::collections::BTreeSet::new();
    for _ in 0..4_000 {
        let life = lives.new_tree(&mut runner).expect("no filter").current();
        broken.extend(live(wrong, &life).err());
    }
    broken
}

#[test]
fn no_order_of_events_breaks_a_law() {
    let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
    let lives = proptest::collection::vec(an_event(), 1..24);
    let run =
        TestRunner::new(config).run(&lives, |life| live(RIGHT, &life).map_err(TestCaseError::fail));
    run.unwrap_or_else(|error| panic!("{error}"));
}

fn unless_frozen(ground: &Ground, instead: Option<Forbidden>) -> Option<Forbidden> {
    if ground.forbidden == Some(Forbidden::Frozen) { instead } else { ground.forbidden }
}

#[test]
fn each_wrong_keeper_breaks_its_law() {
    let wrongs: [(&str, Wrong); 12] = [
        (
            "fed without a completed turn",
            Wrong { sees: |dog, it| it.is_observing |= dog.is_armed(), ..RIGHT },
        ),
        ("armed in the first minute", Wrong { sees: |_, it| it.now_ms += 60_000, ..RIGHT }),
        ("armed before a cycle of looks", Wrong { sees: |_, it| it.cycle_ms = 0, ..RIGHT }),
        (
            "armed with a spent budget",
            Wrong {
                sees: |_, it| {
                    it.forbidden = it.forbidden.filter(|why| *why == Forbidden::ByConfig);
                },
                ..RIGHT
            },
        ),
        ("armed against the config", Wrong { sees: |_, it| it.forbidden = None, ..RIGHT }),
        (
            "still armed against the config",
            Wrong { does: |it| if it == Step::Disarm { Step::Rest } else { it }, ..RIGHT },
        ),
        (
            "armed while frozen",
            Wrong { sees: |_, it| it.forbidden = unless_frozen(it, None), ..RIGHT },
        ),
        (
            "still armed while frozen",
            Wrong {
                sees: |_, it| it.forbidden = unless_frozen(it, Some(Forbidden::ForNow)),
                ..RIGHT
            },
        ),
        ("fed past the last rung", Wrong { sees: |_, it| it.is_feeding_over = false, ..RIGHT }),
        (
            "armed before that was written down",
            Wrong { sees: |_, it| it.recorded = Recorded::Yes, ..RIGHT },
        ),
        (
            "left hungry by a guardian that works",
            Wrong { does: |it| if it == Step::Feed { Step::Rest } else { it }, ..RIGHT },
        ),
        ("left armed at a clean stop", Wrong { parts: |_| Parting::Leave, ..RIGHT }),
    ];
    for (law, wrong) in wrongs {
        let broken = broken_by(wrong);
        assert!(broken.contains(law), "not caught: {law}; but {broken:?}");
    }
    assert_eq!(broken_by(RIGHT).len(), 0);
    assert!(
        broken_by(Wrong { parts: |_| Parting::Disarm, ..RIGHT })
            .contains("disarmed behind a reboot of ours")
    );
}

#[test]
fn a_device_without_a_way_out_is_fed_by_itself_once_it_should_be_disarmed() {
    let mut world = World::new(RIGHT);
    for event in [Event::Configured, Event::Passes(60_000), Event::Works(5)] {
        world.take(event).unwrap();
    }
    assert!(world.dog.is_armed());
    world.ground.forbidden = Some(Forbidden::ByConfig);
    assert_eq!(world.dog.next(&world.ground), Step::Disarm);
    world.dog.stuck();
    assert_eq!(world.dog.next(&world.ground), Step::Rest);
    world.ground.now_ms = world.dog.deadline_ms(false, false).expect("it must be fed");
    assert_eq!(world.dog.next(&world.ground), Step::Feed);
}
