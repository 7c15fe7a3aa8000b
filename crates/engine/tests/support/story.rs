//! Stories: a text file with a situation in prose, a script, and what the engine did, line by line.

use super::policy;
use super::say;
use super::world::{HANG, Life, OUR_LIMIT, Trace, WELL, World};
use defib_engine::effect::Rung;
use defib_engine::event::{Doubt, Event, Exit, Failure, OrderRefusal, Outcome};
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Sleep};
use defib_engine::id::AppId;
use defib_engine::policy::{Mode, Policy, View};
use defib_engine::seen::{BodyFault, Seen, TlsFault, UnknownWhy};
use defib_engine::time::Moment;
use std::fmt::Write as _;

/// Runs a script and returns its transcript.
pub fn play(script: &str) -> String {
    let mut story = Story {
        policy: policy::machine(),
        initially: Vec::new(),
        world: None,
        said: 0,
        out: String::new(),
    };
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        story.act(line);
    }
    story.out
}

struct Story {
    policy: Policy,
    /// What an app answers from the beginning; `None`: it does not run yet.
    initially: Vec<(String, Option<Seen>)>,
    world: Option<World>,
    said: usize,
    out: String,
}

const UPTIME_MS: u64 = 3_600_000;

impl Story {
    fn act(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if self.set_up(&words) {
            return;
        }
        if self.world.is_none() {
            let mut world = World::new(self.policy.clone(), UPTIME_MS);
            for (name, what) in &self.initially {
                let app = self.policy.apps.iter().position(|a| a.name == *name).expect("an app");
                match what {
                    Some(seen) => world.set_answer(app, 0, *seen),
                    None => world.apps[app].process = None,
                }
            }
            world.start_guardian();
            self.world = Some(world);
        }
        let _ = writeln!(self.out, "> {line}");
        self.play_line(&words);
        self.tell();
    }

    /// Lines that stand before the first thing that happens.
    fn set_up(&mut self, words: &[&str]) -> bool {
        match words {
            ["app", name, target, options @ ..] => {
                let mut app = policy::app(name, target);
                for option in options {
                    let (key, value) = option.split_once('=').expect("key=value");
                    match key {
                        "interval" => app.probes[0].interval_ms = ms(value),
                        "timeout" => app.probes[0].timeout_ms = ms(value),
                        "fast" => app.probes[0].fast_ms = ms(value),
                        "window" => app.window_ms = ms(value),
                        "grace" => app.start_grace_ms = ms(value),
                        "verify" => app.verify_ms = ms(value),
                        "hour" => app.budget.short_limit = value.parse().expect("a number"),
                        other => panic!("no option '{other}'"),
                    }
                }
                self.policy.apps.push(app);
            }
            ["probe", app, name, view] => {
                let view = match *view {
                    "app" => View::App,
                    "path" => View::UserPath,
                    "listener" => View::Listener,
                    "dependency" => View::Dependency,
                    other => panic!("no view '{other}'"),
                };
                let index = self.policy.apps.iter().position(|a| a.name == *app).expect("an app");
                self.policy.apps[index].probes.push(policy::probe(name, view));
            }
            ["clean", app] => {
                let index = self.policy.apps.iter().position(|a| a.name == *app).expect("an app");
                let rungs = &mut self.policy.apps[index].rungs;
                *rungs = rungs.with(Rung::Clean);
            }
            ["reboot", "allowed"] => policy::allow_reboot(&mut self.policy),
            ["reboots", count, "a", "day"] => {
                let budget = &mut self.policy.reboot_budget;
                budget.long_limit = count.parse().expect("a number");
                budget.short_limit = budget.long_limit;
            }
            ["initially", app, what @ ..] => {
                self.initially.push(((*app).into(), Some(seen(what))));
            }
            ["unstarted", app] => self.initially.push(((*app).into(), None)),
            ["mode", "observe"] => self.policy.mode = Mode::Observe,
            _ => return false,
        }
        true
    }

    fn play_line(&mut self, words: &[&str]) {
        let names: Vec<String> = self.policy.apps.iter().map(|app| app.name.clone()).collect();
        let app = |name: &str| names.iter().position(|n| n == name).expect("an app");
        let world = self.world.as_mut().expect("a world");
        match words {
            ["run", span] => world.run(ms(span)),
            ["answer", name, rest @ ..] => {
                let index = app(name);
                match rest {
                    [what @ .., "on", probe] => {
                        let probes = &world.policy.apps[index].probes;
                        let place = probes.iter().position(|p| p.name == *probe).expect("a probe");
                        world.set_answer(index, place, seen(what));
                    }
                    what => world.set_all(index, seen(what)),
                }
            }
            ["pause", name, span] => world.apps[app(name)].paused_until = world.now.plus(ms(span)),
            ["next", name, rest @ ..] => world.apps[app(name)].next = life(rest),
            ["die", name, rest @ ..] => {
                let (exit, supervisor) = exit(rest);
                world.die(app(name), exit, supervisor);
            }
            ["appear", name] => world.appear(app(name)),
            ["executor", name, "fails"] => {
                world.apps[app(name)].refuses = Some(Outcome::Failed(Failure::Job));
            }
            ["executor", name, "refuses"] => {
                world.apps[app(name)].refuses = Some(Outcome::Refused(OrderRefusal::Busy));
            }
            ["clean-up", "frees", "nothing"] => world.frees = false,
            ["executor", name, "has", "no", "process"] => {
                world.apps[app(name)].refuses = Some(OUR_LIMIT);
            }
            ["manager", "of", name, "is", "mute"] => world.apps[app(name)].is_manager_mute = true,
            ["executor", name, "works"] => world.apps[app(name)].refuses = None,
            ["hold", name, span] => {
                let until = world.now.plus(ms(span));
                world.feed(Event::Held { app: AppId(app(name) as u16), until });
            }
            ["release", name] => world.feed(Event::Released { app: AppId(app(name) as u16) }),
            ["stop", name, "slowly"] => {
                let index = app(name);
                world.apps[index].is_being_stopped = true;
                world.feed(Event::Stopped { app: AppId(index as u16) });
            }
            ["stop", name] => {
                let index = app(name);
                world.feed(Event::Stopped { app: AppId(index as u16) });
                world.die(index, Exit::Code(0), None);
            }
            ["late", span] => {
                world.feed(Event::Doubted(Doubt::LateTimer { late_ms: ms(span) }));
            }
            ["asleep", span] => {
                world.now = world.now.plus(ms(span));
                world.feed(Event::Doubted(Doubt::Resumed { slept_ms: ms(span) }));
            }
            ["clock", "jumps"] => {
                world.feed(Event::Doubted(Doubt::ClockStepped { by_ms: 94_608_000_000 }));
            }
            ["guardian", "dies"] => world.restart_guardian(1_000),
            ["agent", "dies"] => world.restart_agent(1_000),
            ["flicker", name, bad, good, "for", span] => {
                let (index, end) = (app(name), world.now.plus(ms(span)));
                while world.now < end {
                    world.set_all(index, HANG);
                    world.run(ms(bad));
                    world.set_all(index, Seen::Pass);
                    world.run(ms(good));
                }
            }
            ["machine", "is", "reset"] => world.reset(),
            ["machine", rest @ ..] => machine(&mut world.machine, rest),
            ["disk", rest @ ..] => disk(&mut world.machine, rest),
            ["use", name, rest @ ..] => usage(&mut world.apps[app(name)].facts, rest),
            ["person", "resumes"] => world.resume(),
            ["shutdown"] => world.feed(Event::ShuttingDown),
            other => panic!("no such line: {other:?}"),
        }
    }

    fn tell(&mut self) {
        let world = self.world.as_ref().expect("a world");
        let zero = Moment(UPTIME_MS);
        for (at, trace) in &world.trace[self.said..] {
            if let Trace::Effect(effect) = trace
                && let Some(text) = say::effect(&world.policy, effect)
            {
                let _ = writeln!(self.out, "{}  {text}", say::clock(*at, zero));
            }
        }
        self.said = world.trace.len();
    }
}

/// A span: `250ms`, `20s`, `10m`, `2h`.
pub fn ms(text: &str) -> u64 {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().expect("a number");
    number
        * match &text[digits..] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            other => panic!("no unit '{other}'"),
        }
}

/// `fine`, `has 20 MB`, `waits 60%`, `cannot tell` how long tasks wait, `has 32000 tasks`.
fn machine(facts: &mut MachineFacts, words: &[&str]) {
    match words {
        ["fine"] => *facts = WELL,
        ["has", mb, "MB"] => facts.available_kb = mb.parse::<u64>().expect("a number") * 1000,
        ["waits", part] => {
            facts.pressure.get_or_insert_default().memory_full = permille(part);
        }
        ["cannot", "tell"] => facts.pressure = None,
        ["has", count, "tasks"] => facts.tasks = count.parse().expect("a number"),
        other => panic!("no machine {other:?}"),
    }
}

fn disk(facts: &mut MachineFacts, words: &[&str]) {
    let disk = facts.disks[0].get_or_insert(DiskFacts {
        free_permille: 500,
        free_kb: Some(10_000_000),
        inodes_permille: 500,
        free_inodes: Some(1_000_000),
        turned_read_only: false,
    });
    match words {
        ["full"] => (disk.free_permille, disk.free_kb) = (0, Some(0)),
        ["without", "inodes"] => (disk.inodes_permille, disk.free_inodes) = (0, Some(0)),
        ["has", mb, "MB", "of", all] => {
            let [free, all] = [mb, all].map(|text| text.parse::<u64>().expect("a number"));
            disk.free_kb = Some(free * 1000);
            disk.free_permille = u16::try_from(free * 1000 / all).expect("a part");
        }
        ["read-only"] => disk.turned_read_only = true,
        other => panic!("no disk {other:?}"),
    }
}

/// `430 MB`, of which what is above 50 MB has grown; `cpu 95%`; `412 tasks`; `files 1020 of 1024`;
/// `sleeps on a disk` or `on a server`.
fn usage(facts: &mut AppFacts, words: &[&str]) {
    match words {
        [mb, "MB"] => {
            facts.memory_kb = mb.parse::<u64>().expect("a number") * 1000;
            facts.grown_kb = facts.memory_kb.saturating_sub(50_000);
        }
        ["cpu", part] => facts.cpu_permille = permille(part),
        [count, "tasks"] => {
            facts.tasks = count.parse().expect("a number");
            facts.tasks_settled = 12;
        }
        ["files", used, "of", max] => {
            facts.files = Some(used.parse().expect("a number"));
            facts.files_max = Some(max.parse().expect("a number"));
        }
        ["sleeps", "on", "a", "disk"] => facts.sleep = Sleep::Local,
        ["sleeps", "on", "a", "server"] => facts.sleep = Sleep::Remote,
        other => panic!("no usage {other:?}"),
    }
}

fn permille(text: &str) -> u16 {
    text.strip_suffix('%').and_then(|digits| digits.parse::<u16>().ok()).expect("12%") * 10
}

fn seen(words: &[&str]) -> Seen {
    match words {
        ["pass"] => Seen::Pass,
        ["slow"] => Seen::Slow,
        ["nothing"] => HANG,
        ["refused"] => Seen::Refused,
        ["reset"] => Seen::Reset,
        ["wrong", "body"] => Seen::Body(BodyFault::Missing),
        ["expired"] => Seen::Tls(TlsFault::Expired),
        ["absent"] => Seen::Unknown(UnknownWhy::NothingThere),
        ["unresolved"] => Seen::Unknown(UnknownWhy::Unresolved),
        ["exit", code] => Seen::Command(code.parse().expect("an exit code")),
        ["status", code] => {
            Seen::Status { code: code.parse().expect("a code"), retry_after_s: None }
        }
        ["status", code, "retry", after] => Seen::Status {
            code: code.parse().expect("a code"),
            retry_after_s: Some((ms(after) / 1000) as u32),
        },
        other => panic!("no answer {other:?}"),
    }
}

fn life(words: &[&str]) -> Life {
    match words {
        ["good"] => Life::Good { warm_ms: 1_000 },
        ["warms", span] => Life::Good { warm_ms: ms(span) },
        ["dies", span] => Life::Dies { after_ms: ms(span) },
        ["same"] => Life::Same,
        other => panic!("no life {other:?}"),
    }
}

fn exit(words: &[&str]) -> (Exit, Option<u32>) {
    match words {
        ["code", code] => (Exit::Code(code.parse().expect("a code")), None),
        ["signal", signal] => (Exit::Signal(signal.parse().expect("a signal")), None),
        ["supervised", span] => (Exit::Signal(9), Some(ms(span) as u32)),
        other => panic!("no exit {other:?}"),
    }
}
