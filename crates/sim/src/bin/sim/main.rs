//! `sim`: runs, walks and shrinks simulated worlds by hand.

mod args;
mod step;
mod view;

use args::{Args, Verb};
use defib_sim::log::{breach_line, plan_of};
use defib_sim::plan::{Plan, generate};
use defib_sim::shrink::shrink;
use defib_sim::{run::Pace, trial};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = args::parse(&words).and_then(|args| do_it(&args));
    match outcome {
        Ok(is_well) => ExitCode::from(u8::from(!is_well)),
        Err(why) => {
            eprintln!("sim: {why}\n\n{}", args::USAGE);
            ExitCode::from(2)
        }
    }
}

/// `Ok(false)`: a promise was broken.
fn do_it(args: &Args) -> Result<bool, String> {
    let plan = plan(args)?;
    match args.verb {
        Verb::Plan => {
            print!("{}", plan.to_text());
            Ok(true)
        }
        Verb::Run => run(args, &plan),
        Verb::Step => step::step(args, &plan),
        Verb::Shrink => shrink_it(args, &plan),
    }
}

/// A seed, a kept world, or an event log.
fn plan(args: &Args) -> Result<Plan, String> {
    if let Ok(seed) = args.what.parse() {
        return Ok(generate(seed, args.profile));
    }
    let text = std::fs::read_to_string(&args.what)
        .map_err(|error| format!("{} is no seed, and no file: {error}", args.what))?;
    plan_of(&text).map_err(|why| format!("{}: {why}", args.what))
}

fn run(args: &Args, plan: &Plan) -> Result<bool, String> {
    let pace = if args.skips { Pace::Skip } else { Pace::Every };
    let (log, breaches) = trial::record(plan, args.accused, pace)?;
    for breach in &breaches {
        println!("{}", breach_line(breach));
    }
    println!("{} facts, {} breaches", log.lines.len(), breaches.len());
    if let Some(folder) = &args.log {
        let folder = Path::new(folder);
        let name =
            Path::new(&args.what).file_stem().map_or("run".into(), |it| it.to_string_lossy());
        let path = log.leave(folder, &name, plan, &breaches);
        let path = path.map_err(|error| format!("{}: {error}", folder.display()))?;
        println!("log: {}", path.display());
    }
    Ok(breaches.is_empty())
}

/// Shrinks towards the first promise that is broken, or the one that was named.
fn shrink_it(args: &Args, plan: &Plan) -> Result<bool, String> {
    let breaches = trial::hold(plan, args.accused, Pace::Every)?;
    let Some(first) = breaches.first() else {
        println!("nothing is broken: there is nothing to shrink towards");
        return Ok(true);
    };
    let number = args.breach.clone().unwrap_or_else(|| first.number.to_owned());
    let (small, asked) = shrink(plan, |candidate| {
        let breaches = trial::hold(candidate, args.accused, Pace::Every).unwrap_or_default();
        breaches.iter().any(|breach| breach.number == number)
    });
    eprintln!(
        "{number}: {} of {} things are left, after {asked} runs",
        small.happenings.len(),
        plan.happenings.len()
    );
    print!("{}", small.to_text());
    Ok(false)
}
