//! Scenarios as text: each file in `stories/` holds a plan and what must happen in its world.
//!
//! `UPDATE_STORIES=1` writes the second part anew; read the difference before it is kept. The first
//! lines say in words what is right, and `# agent whole` asks for the whole agent instead of the engine.

use defib_sim::check::Judge;
use defib_sim::fact::{Fact, Witness};
use defib_sim::log::{FACTS, Log, breach_line, plan_of};
use defib_sim::plan::in_clock;
use defib_sim::run::{Pace, run};
use defib_sim::trial::Accused;
use defib_sim::world::World;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

struct Story {
    judge: Judge,
    log: Log,
    disruptive: u32,
    starts: u32,
}

impl Witness for Story {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.judge.take(at_ms, fact);
        self.log.take(at_ms, fact);
        if let Fact::Began { ends, .. } = fact {
            *(if *ends { &mut self.disruptive } else { &mut self.starts }) += 1;
        }
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The story as it goes now: its own head, then what happened.
fn told(text: &str) -> Result<String, String> {
    let plan = plan_of(text)?;
    let is_whole = text.lines().any(|line| line == "# agent whole");
    let accused = if is_whole { Accused::Whole } else { Accused::Engine };
    let mut world = World::new(Rc::new(plan.clone()))?;
    let judge = Judge::new(&world, Pace::Every);
    let mut story = Story { judge, log: Log::new(&plan), disruptive: 0, starts: 0 };
    let mut agent = accused.bring(&world);
    run(&mut world, agent.as_mut(), Pace::Every, plan.ends_at_ms, &mut story);
    story.judge.finish(plan.ends_at_ms);
    let head = text.lines().take_while(|line| *line != FACTS);
    let mut now: String = head.flat_map(|line| [line, "\n"]).collect();
    now += FACTS;
    now.push('\n');
    for (at_ms, line) in &story.log.lines {
        let _ = writeln!(now, "{} {line}", in_clock(*at_ms));
    }
    let _ = writeln!(now, "acts: {} disruptive, {} starts", story.disruptive, story.starts);
    for breach in story.judge.breaches() {
        let _ = writeln!(now, "BROKEN {}", breach_line(breach));
    }
    Ok(now)
}

#[test]
fn each_story_goes_as_it_is_told() {
    let update = std::env::var_os("UPDATE_STORIES").is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let now = told(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!now.contains("\nBROKEN "), "{}\n{now}", path.display());
        if update {
            std::fs::write(&path, &now).unwrap();
        } else if now != text {
            wrong.push(format!("{}\n{}", path.display(), first_difference(&text, &now)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn first_difference(told: &str, now: &str) -> String {
    let pairs = told.lines().zip(now.lines());
    let unlike = pairs.enumerate().find(|(_, (told, now))| told != now);
    match unlike {
        Some((at, (told, now))) => format!("line {}:\n  told {told}\n  now  {now}", at + 1),
        None => "one is longer than the other".to_owned(),
    }
}
