//! Random scripts for the world.

use super::policy;
use super::world::{HANG, Life, OUR_LIMIT, WELL, World};
use defib_engine::effect::Rung;
use defib_engine::event::{Doubt, Event, Exit, Failure, Outcome};
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Pressure, Sleep};
use defib_engine::id::AppId;
use defib_engine::policy::{Policy, View};
use defib_engine::seen::{BodyFault, Seen, TlsFault, UnknownWhy};
use proptest::prelude::*;

/// One line of a random script.
#[derive(Clone, Debug)]
pub enum Line {
    Run(u64),
    Answer(usize, usize, Seen),
    Next(usize, Life),
    Die(usize, Option<u32>),
    Appear(usize),
    Executor(usize, Option<Outcome>),
    Hold(usize, u64),
    Release(usize),
    Stop(usize),
    Doubt(Doubt),
    GuardianDies(u64),
    AgentDies(u64),
    Machine(MachineFacts),
    Use(usize, AppFacts),
}

/// Two apps, one of them with a dependency and a users' path, the other with two views that may disagree.
pub fn two_apps(reboot: bool) -> Policy {
    let mut policy = policy::machine();
    let mut shop = policy::app("shop", "child");
    shop.rungs = shop.rungs.with(Rung::Clean);
    shop.probes.push(policy::probe("db", View::Dependency));
    shop.probes.push(policy::probe("path", View::UserPath));
    let mut blog = policy::app("blog", "unit");
    blog.probes.push(policy::probe("admin", View::App));
    policy.apps = vec![shop, blog];
    if reboot {
        policy::allow_reboot(&mut policy);
    }
    policy
}

/// A random script.
pub fn script() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(line(), 1..60)
}

fn line() -> impl Strategy<Value = Line> {
    let app = 0..2usize;
    prop_oneof![
        6 => (0u64..90_000).prop_map(Line::Run),
        1 => (60_000u64..4_000_000).prop_map(Line::Run),
        6 => (app.clone(), 0..3usize, seen()).prop_map(|(a, i, s)| Line::Answer(a, i, s)),
        2 => (app.clone(), life()).prop_map(|(a, l)| Line::Next(a, l)),
        2 => (app.clone(), proptest::option::of(2_000u32..9_000)).prop_map(|(a, s)| Line::Die(a, s)),
        1 => app.clone().prop_map(Line::Appear),
        1 => (app.clone(), outcome()).prop_map(|(a, o)| Line::Executor(a, o)),
        1 => (app.clone(), 1_000u64..600_000).prop_map(|(a, ms)| Line::Hold(a, ms)),
        1 => app.clone().prop_map(Line::Release),
        1 => app.prop_map(Line::Stop),
        2 => doubt().prop_map(Line::Doubt),
        2 => (0u64..3_000).prop_map(Line::GuardianDies),
        2 => (0u64..3_000).prop_map(Line::AgentDies),
        2 => machine().prop_map(Line::Machine),
        3 => (0..2usize, usage()).prop_map(|(a, facts)| Line::Use(a, facts)),
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        4 => Just(Seen::Pass),
        4 => Just(HANG),
        3 => Just(Seen::Status { code: 500, retry_after_s: None }),
        1 => Just(Seen::Status { code: 503, retry_after_s: Some(60) }),
        1 => Just(Seen::Status { code: 404, retry_after_s: None }),
        1 => Just(Seen::Refused),
        1 => Just(Seen::Reset),
        1 => Just(Seen::Slow),
        1 => Just(Seen::Body(BodyFault::Missing)),
        1 => Just(Seen::Tls(TlsFault::Expired)),
        1 => Just(Seen::Unknown(UnknownWhy::OurLimit)),
        1 => Just(Seen::Unknown(UnknownWhy::NothingThere)),
    ]
}

fn machine() -> impl Strategy<Value = MachineFacts> {
    let short = |full: u16| MachineFacts {
        available_kb: 9_000,
        pressure: Some(Pressure { memory_full: full, ..Pressure::default() }),
        ..WELL
    };
    let disk = |turned_read_only| DiskFacts {
        free_permille: 0,
        free_kb: Some(12),
        inodes_permille: 900,
        free_inodes: Some(70_000),
        turned_read_only,
    };
    prop_oneof![
        3 => Just(WELL),
        2 => (0u16..1_000).prop_map(short),
        1 => Just(MachineFacts { available_kb: 9_000, pressure: None, ..WELL }),
        1 => any::<bool>().prop_map(move |ro| MachineFacts {
            disks: [Some(disk(ro)), None, None, None],
            ..WELL
        }),
        1 => Just(MachineFacts { tasks: 32_000, ..WELL }),
    ]
}

fn usage() -> impl Strategy<Value = AppFacts> {
    let sleeps =
        prop_oneof![4 => Just(Sleep::None), 1 => Just(Sleep::Local), 1 => Just(Sleep::Remote)];
    (0u64..500_000, 0u16..1_000, sleeps, 1u64..600, 0u32..1_200).prop_map(
        |(memory_kb, cpu_permille, sleep, tasks, files)| AppFacts {
            memory_kb,
            grown_kb: memory_kb.saturating_sub(100_000),
            cpu_permille,
            sleep,
            tasks,
            tasks_settled: 20,
            files: Some(files),
            files_max: Some(1_024),
            ..AppFacts::default()
        },
    )
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![
        (0u64..70_000).prop_map(|warm_ms| Life::Good { warm_ms }),
        (0u64..40_000).prop_map(|after_ms| Life::Dies { after_ms }),
        Just(Life::Same),
    ]
}

fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        Just(None),
        Just(Some(OUR_LIMIT)),
        Just(Some(Outcome::Failed(Failure::Job))),
        Just(Some(Outcome::Interrupted)),
    ]
}

fn doubt() -> impl Strategy<Value = Doubt> {
    prop_oneof![
        (1u64..60_000).prop_map(|late_ms| Doubt::LateTimer { late_ms }),
        (1u64..9_000_000).prop_map(|slept_ms| Doubt::Resumed { slept_ms }),
        any::<i32>().prop_map(|by_ms| Doubt::ClockStepped { by_ms: i64::from(by_ms) }),
    ]
}

/// Plays a script.
pub fn play(world: &mut World, script: &[Line]) {
    for line in script {
        match line {
            Line::Run(ms) => world.run(*ms),
            Line::Answer(app, index, seen) => {
                let index = *index % world.apps[*app].answers.len();
                world.set_answer(*app, index, *seen);
            }
            Line::Next(app, life) => world.apps[*app].next = *life,
            Line::Die(app, supervisor) => {
                if world.apps[*app].process.is_some() {
                    world.die(*app, Exit::Signal(9), *supervisor);
                }
            }
            Line::Appear(app) => {
                if world.state.apps[*app].acting().is_none() {
                    world.appear(*app);
                }
            }
            Line::Executor(app, outcome) => world.apps[*app].refuses = *outcome,
            Line::Hold(app, ms) => {
                let until = world.now.plus(*ms);
                world.feed(Event::Held { app: AppId(*app as u16), until });
            }
            Line::Release(app) => world.feed(Event::Released { app: AppId(*app as u16) }),
            Line::Stop(app) => {
                world.feed(Event::Stopped { app: AppId(*app as u16) });
                world.die(*app, Exit::Code(0), None);
            }
            Line::Doubt(doubt) => world.feed(Event::Doubted(*doubt)),
            Line::GuardianDies(ms) => world.restart_guardian(*ms),
            Line::AgentDies(ms) => world.restart_agent(*ms),
            Line::Machine(facts) => world.machine = *facts,
            Line::Use(app, facts) => world.apps[*app].facts = *facts,
        }
    }
}

/// The cause is removed: everything answers, every start succeeds, nobody holds or stops anything.
pub fn heal(world: &mut World) {
    world.machine = WELL;
    for app in 0..world.apps.len() {
        world.apps[app].refuses = None;
        world.apps[app].facts = AppFacts::default();
        world.apps[app].next = Life::Good { warm_ms: 500 };
        for index in 0..world.apps[app].answers.len() {
            world.set_answer(app, index, Seen::Pass);
        }
        world.feed(Event::Released { app: AppId(app as u16) });
        world.feed(Event::Resumed { app: AppId(app as u16) });
        if world.apps[app].process.is_none() && world.state.apps[app].stopped {
            world.appear(app);
        }
    }
}
