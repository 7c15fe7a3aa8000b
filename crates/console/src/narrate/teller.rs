//! Which of the journal's lines are told, and in which words.

use crate::narrate::sentences::{Sentence, acted, is_down, is_worth_telling, lead, plain, say};
use crate::narrate::told::{Level, Told};
use crate::words::{self, Names};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Event;
use defib_engine::id::{AppId, ProbeId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, Policy};
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use defib_journal::boot::BootEnding;
use defib_journal::line::{Entry, Line};
use std::collections::VecDeque;

/// The most acts whose times are remembered for "2 of 4 this hour"; no budget allows more.
const SPENT_MAX: usize = 64;

/// Remembers of each app what its next sentence needs.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    verbose: u8,
    memories: Vec<Memory>,
    name_width: usize,
}

#[derive(Debug, Default)]
struct Memory {
    app: String,
    failing: u16,
    last: Option<(ProbeId, Seen)>,
    died: Option<String>,
    spent: VecDeque<Moment>,
    why_not: String,
}

impl Teller {
    pub(crate) fn new(verbose: u8) -> Teller {
        Teller { verbose, ..Teller::default() }
    }

    pub(crate) fn name_width(&self) -> usize {
        self.name_width
    }

    pub(crate) fn tell(&mut self, policy: &Policy, entry: &Entry) -> Option<Told> {
        if !self.knows(policy) {
            self.take_policy(policy);
        }
        let (app, sentence) = match &entry.line {
            Line::Note { note } => self.note(note, policy, entry.up),
            Line::Event { event } => {
                self.event(event, policy);
                return None;
            }
            Line::Probe { app, probe, seen, .. } => {
                self.look(ProbeId { app: *app, index: *probe }, *seen, policy)
            }
            Line::Acted { app, rung, outcome, detail, .. } => {
                (Some(*app), Some(acted(*rung, *outcome, detail)))
            }
            Line::Capable { app, rungs, why_not } => {
                let text = format!("possible: {}; not: {why_not}", words::rungs(*rungs));
                let news = self.memory(*app, policy).is_some_and(|memory| {
                    let news = memory.why_not != **why_not;
                    memory.why_not = why_not.to_string();
                    news && !why_not.is_empty()
                });
                (Some(*app), news.then(|| say(Level::Notice, "capable", text)))
            }
            line => (None, Self::of_defib(line, policy)),
        };
        let sentence = sentence.filter(|s| s.level < Level::Info || self.verbose > 0)?;
        Some(Told {
            level: sentence.level,
            wall_ms: entry.wall_ms.cast_signed(),
            app: app.map(|app| Names::of(policy).app(app)),
            event: sentence.event,
            incident: sentence.incident,
            text: sentence.text,
        })
    }

    fn memory(&mut self, app: AppId, policy: &Policy) -> Option<&mut Memory> {
        self.memories.get_mut(usize::from(app.0)).filter(|memory| {
            policy.apps.get(usize::from(app.0)).is_some_and(|app| app.name == memory.app)
        })
    }

    fn knows(&self, policy: &Policy) -> bool {
        let known = self.memories.iter().map(|memory| &memory.app);
        self.memories.len() == policy.apps.len()
            && known.zip(&policy.apps).all(|(name, app)| *name == app.name)
    }

    /// After a reload the apps may have other numbers.
    fn take_policy(&mut self, policy: &Policy) {
        let mut old = std::mem::take(&mut self.memories);
        let mut remembered = |name: &str| {
            let found = old.iter().position(|memory| memory.app == name);
            found.map(|index| old.swap_remove(index))
        };
        self.memories = policy
            .apps
            .iter()
            .map(|app| {
                let fresh = || Memory { app: app.name.clone(), ..Memory::default() };
                remembered(&app.name).unwrap_or_else(fresh)
            })
            .collect();
        let longest = policy.apps.iter().map(|app| app.name.chars().count()).max();
        self.name_width = longest.unwrap_or(0).max("defib".len()).min(24);
    }

    fn of_defib(line: &Line<'_>, policy: &Policy) -> Option<Sentence> {
        let sentence = match line {
            Line::Started { version, mode, .. } => {
                let acts = if *mode == Mode::Act { "" } else { ", observing only: no act is made" };
                let apps: Vec<&str> = policy.apps.iter().map(|app| app.name.as_str()).collect();
                let text = format!("version {version} guards {}{acts}", apps.join(", "));
                say(Level::Notice, "started", text)
            }
            Line::Config { accepted: true, message } => {
                say(Level::Notice, "config", format!("the config was read again: {message}"))
            }
            Line::Config { accepted: false, message } => say(
                Level::Error,
                "config",
                format!("the new config was refused, the old one is in force: {message}"),
            ),
            Line::Alarm { message, .. } => {
                say(Level::Critical, "alarm", format!("ALARM: {message}"))
            }
            Line::Drill { app, drill, stage, detail } => {
                let name = policy.apps.get(usize::from(app.0)).map_or("?", |app| app.name.as_str());
                let text = format!("{name}: {}", words::drill(*drill, *stage, detail));
                say(Level::Notice, "drill", text)
            }
            Line::Boot { .. } => {
                let end = crate::view::BootEnd::of_line(line)?;
                let level = match end.ending {
                    BootEnding::Orderly => Level::Notice,
                    _ => Level::Warning,
                };
                say(level, "boot", words::boot_end(&end))
            }
            Line::Stopped { reason } => say(Level::Notice, "stopped", format!("stops: {reason}")),
            _ => return None,
        };
        Some(sentence)
    }

    fn event(&mut self, event: &Event, policy: &Policy) {
        let Event::Started(started) = event else { return };
        for charge in &started.charges {
            self.spend(charge.app, charge.at, policy);
        }
    }

    fn spend(&mut self, app: AppId, at: Moment, policy: &Policy) {
        if let Some(memory) = self.memory(app, policy) {
            if memory.spent.len() == SPENT_MAX {
                memory.spent.pop_front();
            }
            memory.spent.push_back(at);
        }
    }

    fn look(
        &mut self,
        probe: ProbeId,
        seen: Seen,
        policy: &Policy,
    ) -> (Option<AppId>, Option<Sentence>) {
        if let Some(memory) = self.memory(probe.app, policy)
            && seen.is_failure()
        {
            memory.failing = memory.failing.saturating_add(1);
            memory.last = Some((probe, seen));
        }
        let names = Names::of(policy);
        let saw = words::seen(seen, names.timeout_ms(probe));
        let text = format!("{}: {saw}", names.probe(probe));
        (Some(probe.app), Some(say(Level::Info, "look", text)))
    }

    fn note(
        &mut self,
        note: &Note,
        policy: &Policy,
        now: Moment,
    ) -> (Option<AppId>, Option<Sentence>) {
        let app = crate::view::app_of(note);
        let sentence = match note {
            Note::Opened { app, incident, class, since } => {
                let text = self.opened(*app, *class, now.since(*since), policy);
                let level = if is_down(*class) { Level::Error } else { Level::Warning };
                Some(say(level, "opened", text).of(*incident))
            }
            Note::Ordered { app, incident, rung, purse, .. } => {
                let text = self.ordered(*app, *rung, *purse, policy, now);
                Some(say(Level::Warning, "ordered", text).of(*incident))
            }
            Note::Refused { incident, rung, refusal, .. } if is_worth_telling(*refusal) => {
                let why = words::refusal(*refusal, &Names::of(policy), Some(now));
                let text = match rung {
                    Some(rung) => format!("no {} now: {why}", words::rung(*rung)),
                    None => format!("no act: {why}"),
                };
                Some(say(Level::Notice, "refused", text).of(*incident))
            }
            Note::Died { app, exit, identity } => {
                let pid = identity.map_or_else(String::new, |one| format!(" {}", one.pid));
                let text = format!("its process{pid} ended: {}", words::exit(*exit));
                if let Some(memory) = self.memory(*app, policy) {
                    memory.died = Some(format!("its process ended ({})", words::exit(*exit)));
                }
                Some(say(Level::Info, "died", text))
            }
            Note::Cleared { app, .. } | Note::Up { app } => {
                self.forget(*app, policy);
                let up = matches!(note, Note::Up { .. });
                up.then(|| say(Level::Notice, "up", "up".to_owned()))
            }
            Note::Closed { app, .. } => {
                self.forget(*app, policy);
                plain(note)
            }
            note => plain(note),
        };
        (app, sentence)
    }

    fn forget(&mut self, app: AppId, policy: &Policy) {
        if let Some(memory) = self.memory(app, policy) {
            memory.failing = 0;
            memory.last = None;
            memory.died = None;
        }
    }

    /// `down: no answer in 3 s (timeout at first byte), 3 looks over 12 s`
    fn opened(&mut self, app: AppId, class: Class, over_ms: u64, policy: &Policy) -> String {
        let names = Names::of(policy);
        let Some(memory) = self.memory(app, policy) else { return lead(class).to_owned() };
        let lead = lead(class);
        match (&memory.died, memory.last) {
            (Some(died), _) if matches!(class, Class::Dead | Class::CrashLoop) => {
                format!("{lead}: {died}")
            }
            (_, Some((probe, seen))) => {
                let saw = words::seen(seen, names.timeout_ms(probe));
                let looks = if memory.failing == 1 { "look" } else { "looks" };
                format!("{lead}: {saw}, {} {looks} over {}", memory.failing, words::span(over_ms))
            }
            _ => lead.to_owned(),
        }
    }

    /// `kill + start (1 of 4 this hour)`
    fn ordered(
        &mut self,
        app: AppId,
        rung: Rung,
        purse: Purse,
        policy: &Policy,
        now: Moment,
    ) -> String {
        let name = words::rung(rung);
        let budget = match rung {
            Rung::Reboot => Some(policy.reboot_budget),
            _ => policy.apps.get(usize::from(app.0)).map(|app| app.budget),
        };
        match (purse, budget) {
            (Purse::Ladder, Some(budget)) => {
                self.spend(app, now, policy);
                let spent = self.memory(app, policy).map_or(0, |memory| {
                    memory.spent.iter().filter(|at| now.since(**at) < budget.short_ms).count()
                });
                let window = match budget.short_ms {
                    3_600_000 => "this hour".to_owned(),
                    other => format!("in {}", words::span(other)),
                };
                format!("{name} ({spent} of {} {window})", budget.short_limit)
            }
            (Purse::Gentle, _) => format!("{name} (the gentle one: the ladder is at its end)"),
            _ => name.to_owned(),
        }
    }
}
