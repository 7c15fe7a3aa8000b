//! The play itself: build the stage, start the agent, wait for the endings, judge.

use crate::demo::config::{self, Entry, PACE};
use crate::demo::judge::{Course, Verdict, judge};
use crate::demo::options::DependencyOptions;
use crate::demo::report::{Progress, print_reports, print_table};
use crate::demo::scenario::{Breaks, SCENARIOS, Scenario};
use crate::demo::stage::{Stage, free_port};
use defib_console::style::Style;
use defib_console::view::{View, read_folder};
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The longest fault lasts from 11 s to 23 s; the rest is for slow machines.
const LIMIT: Duration = Duration::from_secs(90);

/// Between two looks into the journal.
const LOOK: Duration = Duration::from_millis(200);

/// `defib demo`
pub(crate) fn run(style: Style) -> ExitCode {
    let mut stage = match Stage::build() {
        Ok(stage) => stage,
        Err(error) => {
            eprintln!("defib demo: no temporary folder could be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    let played = play(&mut stage, style);
    stage.end();
    match played {
        Ok(true) => {
            stage.remove();
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!("All that was written is in {}", stage.folder().display());
            ExitCode::FAILURE
        }
        Err(message) => {
            let log = std::fs::read_to_string(stage.agent_log()).unwrap_or_default();
            eprintln!("defib demo: {message}\n{log}It was played in {}", stage.folder().display());
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every outcome was right.
fn play(stage: &mut Stage, style: Style) -> Result<bool, String> {
    let failed = |error: io::Error| format!("it could not be set up: {error}");
    let text = config::text(&entries(stage).map_err(failed)?);
    introduce(stage);
    stage.start_agent(&text).map_err(failed)?;
    wait_for_endings(stage)?;
    stage.end();

    let reading = read_folder(&stage.journal());
    if let Some(error) = reading.error {
        return Err(format!("the journal could not be read: {error}"));
    }
    println!();
    print_reports(&reading.view, style);
    let rows = judgements(&reading.view);
    print_table(&rows, style);
    Ok(rows.iter().all(|(_, _, verdict)| *verdict == Verdict::Right))
}

/// The applications, with what they need already started.
fn entries(stage: &mut Stage) -> io::Result<Vec<Entry>> {
    SCENARIOS.iter().map(|scenario| entry(stage, scenario)).collect()
}

fn entry(stage: &mut Stage, scenario: &Scenario) -> io::Result<Entry> {
    let port = free_port()?;
    let (strike, needs) = match scenario.breaks {
        Breaks::App(fault) => (Some((fault, scenario.after, scenario.name)), None),
        Breaks::Dependency(down_for) => {
            let port = free_port()?;
            let options = DependencyOptions {
                port,
                down_after: scenario.after,
                down_for,
                demo_pid: std::process::id(),
            };
            stage.start_dependency(&options)?;
            (None, Some(port))
        }
    };
    Ok(Entry {
        name: scenario.name.to_owned(),
        port,
        argv: stage.app_argv(port, strike, needs),
        user: stage.user(),
        needs,
    })
}

fn introduce(stage: &Stage) {
    println!("Five small web applications are started and guarded; each breaks in its own way:");
    for scenario in &SCENARIOS {
        let after = scenario.after.as_secs();
        println!("  {:<13} after {after:>2} s: {}", scenario.name, scenario.story);
    }
    println!("\nEach is looked at with these settings (the defaults are slower):");
    for line in PACE.lines() {
        println!("  {line}");
    }
    println!("\nThe config, the journal and all output are in {}\n", stage.folder().display());
}

/// Returns when all is decided, or when the time is over: the judgement says which.
fn wait_for_endings(stage: &mut Stage) -> Result<(), String> {
    let begun = Instant::now();
    let mut progress = Progress::default();
    while begun.elapsed() < LIMIT {
        let reading = read_folder(&stage.journal());
        progress.show(&reading.view, begun.elapsed());
        let rows = judgements(&reading.view);
        if !rows.iter().any(|(_, _, verdict)| matches!(verdict, Verdict::Open(_))) {
            return Ok(());
        }
        if let Some(status) = stage.agent_ended() {
            return Err(format!("the agent ended by itself: {status}"));
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}

fn judgements(view: &View) -> Vec<(Scenario, Vec<Course>, Verdict)> {
    let judged = SCENARIOS.iter().map(|scenario| {
        let own = view.incidents().filter(|incident| incident.app == scenario.name);
        let courses: Vec<Course> = own.map(Course::of).collect();
        let verdict = judge(scenario, &courses);
        (*scenario, courses, verdict)
    });
    judged.collect()
}
