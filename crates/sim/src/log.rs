//! The event log of a run: its plan, then one line of text for each fact, with its time. It is what a
//! failing run leaves behind; `sim step` walks it, and runs its plan again.

use crate::check::Breach;
use crate::fact::{By, DogFact, Fact, Witness};
use crate::plan::{Names, Plan, happening, in_clock};
use defib_engine::event::Exit;
use defib_engine::seen::Seen;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// The line between the plan and the facts.
pub const FACTS: &str = "facts";

/// What a run left, line by line.
#[derive(Clone, Debug)]
pub struct Log {
    names: Names,
    /// When, and what, in words.
    pub lines: Vec<(u64, String)>,
    /// The agent's journal at the end, if it keeps one: `defib replay` decides it again.
    pub journal: Vec<(String, Vec<u8>)>,
    last_seen: BTreeMap<(usize, usize), Seen>,
}

impl Log {
    /// A log of a run of this plan.
    pub fn new(plan: &Plan) -> Log {
        Log {
            names: Names::of(plan),
            lines: Vec::new(),
            journal: Vec::new(),
            last_seen: BTreeMap::new(),
        }
    }

    /// Plan and facts as one text, with what was broken at its head.
    pub fn to_text(&self, plan: &Plan, breaches: &[Breach]) -> String {
        let mut text = String::new();
        for breach in breaches {
            let _ = writeln!(text, "# breach {}", breach_line(breach));
        }
        text += &plan.to_text();
        text += FACTS;
        text.push('\n');
        for (at_ms, line) in &self.lines {
            let _ = writeln!(text, "{} {line}", in_clock(*at_ms));
        }
        text
    }

    /// Writes it to `folder`, which is made if need be, and the journal to a folder beside it. Gives the
    /// log's path.
    pub fn leave(
        &self,
        folder: &Path,
        name: &str,
        plan: &Plan,
        breaches: &[Breach],
    ) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.log"));
        std::fs::write(&path, self.to_text(plan, breaches))?;
        let journal = folder.join(format!("{name}.journal"));
        for (file, bytes) in &self.journal {
            std::fs::create_dir_all(&journal)?;
            std::fs::write(journal.join(file), bytes)?;
        }
        Ok(path)
    }

    /// A look that saw what the one before it saw is no news.
    fn is_news(&mut self, fact: &Fact) -> bool {
        match *fact {
            Fact::Looked { app, probe, seen, .. } => {
                self.last_seen.insert((app, probe), seen) != Some(seen)
            }
            // Every 2 s, and every 12 s.
            Fact::Turned | Fact::Watchdog(DogFact::Fed) => false,
            _ => true,
        }
    }
}

impl Witness for Log {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        if self.is_news(fact) {
            let line = in_words(fact, &self.names);
            self.lines.push((at_ms, line));
        }
    }
}

/// The plan at the head of a log, or alone in its file.
pub fn plan_of(text: &str) -> Result<Plan, String> {
    let is_head = |line: &&str| *line != FACTS;
    let head: Vec<&str> = text.lines().take_while(is_head).collect();
    Plan::from_text(&head.join("\n"))
}

/// One breach, as a line.
pub fn breach_line(breach: &Breach) -> String {
    format!("{} {} {}", breach.number, in_clock(breach.at_ms), breach.what)
}

/// One fact, as its line has it.
pub fn in_words(fact: &Fact, names: &Names) -> String {
    let name = |app: &usize| names.name(*app);
    match fact {
        Fact::Booted { boot } => format!("booted boot={boot}"),
        Fact::Pushed { step, by, taken } => {
            let refused = if *taken { "" } else { " refused" };
            format!("told-down step={step} {}{refused}", who(*by))
        }
        Fact::WentDown { by, hard } => {
            format!("went-down {}{}", who(*by), if *hard { " hard" } else { "" })
        }
        Fact::Born { app, identity, by } => {
            format!("{} born pid={} {}", name(app), identity.pid, who(*by))
        }
        Fact::Died { app, identity, exit, by } => {
            format!("{} died pid={} {} {}", name(app), identity.pid, how(*exit), who(*by))
        }
        Fact::Serves { app, permille } => format!("{} serves permille={permille}", name(app)),
        Fact::Happened(what) => format!("happens {}", happening(*what, names)),
        Fact::Mended { app } => format!("{} mended", name(app)),
        Fact::Wanted { app, runs } => {
            format!("{} {}", name(app), if *runs { "wanted" } else { "stopped by-person" })
        }
        Fact::Froze { ms } => format!("froze ms={ms}"),
        Fact::Sickened { app, of } => {
            format!("{} takes all {of:?}", app.as_ref().map_or("somebody", name))
        }
        Fact::Eased { app, of } => {
            format!("{} gives back {of:?}", app.as_ref().map_or("somebody", name))
        }
        Fact::Healed => "healed".to_owned(),
        Fact::Looked { app, probe, began_ms, seen } => {
            format!("{} looked probe={probe} began={} {seen:?}", name(app), in_clock(*began_ms))
        }
        other => of_agent(other, names),
    }
}

fn of_agent(fact: &Fact, names: &Names) -> String {
    let name = |app: &usize| names.name(*app);
    match fact {
        Fact::GuardianBegan => "guardian began".to_owned(),
        Fact::GuardianEnded => "guardian ended".to_owned(),
        Fact::ExecutorBegan => "executor began".to_owned(),
        Fact::ExecutorEnded => "executor ended".to_owned(),
        Fact::Noted(note) => format!("noted {note:?}"),
        Fact::Ordered(order) => format!(
            "{} ordered {:?} intent={} deadline={}",
            name(&usize::from(order.app.0)),
            order.rung,
            order.intent.0,
            order.deadline_ms
        ),
        Fact::Intended { order, at } => format!(
            "{} intended {:?} intent={} line={}",
            name(&usize::from(order.app.0)),
            order.rung,
            order.intent.0,
            at.0
        ),
        Fact::Began { intent, app, rung, ends } => {
            let ends = if *ends { " ends-something" } else { "" };
            format!("{} began {rung:?} intent={}{ends}", name(app), intent.0)
        }
        Fact::Acted { app, intent, outcome } => {
            format!("{} acted intent={} {outcome:?}", name(app), intent.0)
        }
        Fact::Bundled { app, incident } => format!("{} bundled incident={incident}", name(app)),
        other => format!("{other:?}"),
    }
}

fn who(by: By) -> &'static str {
    match by {
        By::Itself => "by=itself",
        By::Agent => "by=agent",
        By::Manager => "by=manager",
        By::Person => "by=person",
        By::Machine => "by=machine",
        By::Watchdog => "by=watchdog",
    }
}

fn how(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("code={code}"),
        Exit::Signal(signal) => format!("signal={signal}"),
        Exit::Unseen => "unseen".to_owned(),
    }
}
