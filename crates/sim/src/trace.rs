//! A journal that the shipped program wrote while it guarded a real app, read as a world: how the simulator
//! is held to what was seen.
//!
//! `traces/*.jsonl` were recorded by this repository's tests of real gunicorn (`DEFIB_KEEP_JOURNALS`),
//! and keep the rules, the events and the orders. docs/simulation.md says how to record them again.

mod rules;

use crate::plan::{AppPlan, Happening, Keeper, MachinePlan, Noise, Person, Plan, Planned};
use crate::world::{Life, Script, ScriptedLook, World};
use defib_engine::effect::Rung;
use defib_engine::event::Event;
use defib_engine::policy::Policy;
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use defib_journal::line::{Entry, Line, decode_line};
use std::rc::Rc;

/// How long the world lasts after the last recorded event.
const AFTER_MS: u64 = 500;

/// An order of the recorded agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// When, since the guardian began.
    pub at_ms: u64,
    /// For which app.
    pub app: usize,
    /// Which rung.
    pub rung: Rung,
}

/// A recorded journal as a world.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The rules in force.
    pub policy: Policy,
    /// The plan: the apps, and what people did.
    pub plan: Plan,
    /// What the apps' processes showed.
    pub script: Script,
    /// What the agent ordered.
    pub orders: Vec<Ordered>,
    /// Of each app and probe what looks saw, each change once.
    pub seen: Vec<Vec<Vec<Seen>>>,
}

impl Trace {
    /// Reads a trimmed journal.
    pub fn read(text: &str) -> Result<Trace, String> {
        let lines = text.lines().enumerate();
        let entries = lines.map(|(at, line)| {
            decode_line(line.as_bytes()).map_err(|why| format!("line {}: {why}", at + 1))
        });
        let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
        let began = entries.first().ok_or("the journal is empty")?.up;
        let policy = entries.iter().find_map(|entry| match &entry.line {
            Line::Policy { policy } => Some((**policy).clone()),
            _ => None,
        });
        let policy = policy.ok_or("the journal has no rules")?;
        let mut reading = Reading::new(&policy, began);
        for entry in &entries {
            reading.take(entry)?;
        }
        reading.end(policy)
    }

    /// Its world.
    pub fn world(&self) -> Result<World, String> {
        let mut world = World::new(Rc::new(self.plan.clone()))?;
        world.follow(Rc::new(self.script.clone()));
        Ok(world)
    }
}

/// One app, as far as it was read.
#[derive(Default)]
struct AppSoFar {
    lives: Vec<Life>,
    /// Since when its process is there.
    born: Option<Moment>,
    /// The order that is to end it, and has not been answered.
    ending: Option<Moment>,
    /// The latest order or death: the next process is on its way from then on, and what its start took is
    /// a part of its life.
    awaited: Option<Moment>,
    seen: Vec<Vec<Seen>>,
}

struct Reading {
    began: Moment,
    last: Moment,
    apps: Vec<AppSoFar>,
    orders: Vec<Ordered>,
    happenings: Vec<Planned>,
}

impl Reading {
    fn new(policy: &Policy, began: Moment) -> Reading {
        let of_app =
            |probes: usize| AppSoFar { seen: vec![Vec::new(); probes], ..AppSoFar::default() };
        Reading {
            began,
            last: began,
            apps: policy.apps.iter().map(|app| of_app(app.probes.len())).collect(),
            orders: Vec::new(),
            happenings: Vec::new(),
        }
    }

    fn take(&mut self, entry: &Entry) -> Result<(), String> {
        self.last = self.last.max(entry.up);
        match &entry.line {
            Line::Order { order } => {
                let (at_ms, app) = (entry.up.since(self.began), usize::from(order.app.0));
                self.orders.push(Ordered { at_ms, app, rung: order.rung });
                self.apps[app].ending = order.rung.is_disruptive().then_some(entry.up);
                self.apps[app].awaited = Some(entry.up);
                Ok(())
            }
            Line::Event { event } => self.take_event(entry.up, event),
            _ => Ok(()),
        }
    }

    fn take_event(&mut self, up: Moment, event: &Event) -> Result<(), String> {
        match *event {
            Event::Observed { probe, started, ended, seen, .. } => {
                let app = &mut self.apps[usize::from(probe.app.0)];
                app.look(usize::from(probe.index), started, ended, seen);
            }
            Event::Found { app, .. } => self.apps[usize::from(app.0)].found(self.began, up),
            Event::Died { app, identity: Some(_), exit, .. } => {
                let it = &mut self.apps[usize::from(app.0)];
                let (Some(born), Some(life)) = (it.born.take(), it.lives.last_mut()) else {
                    return Err(format!("an end without a beginning at {}", up.0));
                };
                it.awaited = Some(up);
                match it.ending {
                    Some(ordered) => life.stop_ms = Some(up.since(ordered)),
                    None => life.ends = Some((up.since(born), exit)),
                }
            }
            Event::Acted { app, .. } => self.apps[usize::from(app.0)].ending = None,
            Event::Held { app, until } => {
                let (app, ms) = (usize::from(app.0), until.since(up));
                self.person(up, Person::Hold { app, ms });
            }
            Event::Released { app } => self.person(up, Person::Release { app: usize::from(app.0) }),
            Event::Doubted(doubt) => return Err(format!("the agent doubted itself: {doubt:?}")),
            _ => {}
        }
        Ok(())
    }

    fn person(&mut self, up: Moment, what: Person) {
        let at_ms = up.since(self.began);
        self.happenings.push(Planned { at_ms, what: Happening::Person(what) });
    }

    fn end(self, policy: Policy) -> Result<Trace, String> {
        let (config, keepers) = rules::config(&policy)?;
        let plans = policy.apps.iter().zip(keepers).zip(&self.apps);
        let apps = plans.map(|((rules, keeper), app)| AppPlan {
            name: rules.name.clone(),
            keeper,
            warm_up_ms: 0,
            // What nobody but the agent starts is not there when it begins.
            starts_at_boot: keeper != Keeper::Agent && !app.lives.is_empty(),
            ..AppPlan::plain_unit(&rules.name)
        });
        let ends_at_ms = self.last.since(self.began) + AFTER_MS;
        let plan = Plan {
            seed: 0,
            config,
            machine: MachinePlan { uptime_ms: self.began.0, ..MachinePlan::SMALL },
            apps: apps.collect(),
            noise: Noise::default(),
            happenings: self.happenings,
            healed_at_ms: u64::MAX,
            ends_at_ms,
        };
        let (lives, seen) = self.apps.into_iter().map(|app| (app.lives, app.seen)).unzip();
        Ok(Trace { policy, plan, script: lives, orders: self.orders, seen })
    }
}

impl AppSoFar {
    /// A process is there; told twice, it is the same one. The first is as old as the world: there the
    /// agent's first order comes at once.
    fn found(&mut self, began: Moment, up: Moment) {
        if self.born.is_none() {
            let is_first = self.lives.is_empty();
            self.born = Some(if is_first { began } else { self.awaited.unwrap_or(up) });
            let looks = vec![Vec::new(); self.seen.len()];
            self.lives.push(Life { looks, ..Life::default() });
        }
    }

    fn look(&mut self, probe: usize, started: Moment, ended: Moment, seen: Seen) {
        if self.seen[probe].last() != Some(&seen) {
            self.seen[probe].push(seen);
        }
        let (Some(born), Some(life)) = (self.born, self.lives.last_mut()) else { return };
        if started >= born {
            let (at_age_ms, took_ms) = (started.since(born), ended.since(started));
            life.looks[probe].push(ScriptedLook { at_age_ms, seen, took_ms });
        }
    }
}
