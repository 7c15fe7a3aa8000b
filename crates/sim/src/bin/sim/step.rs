//! Walks what happens.

use crate::args::Args;
use crate::view;
use defib_sim::check::Breach;
use defib_sim::log::{Log, breach_line};
use defib_sim::plan::{Plan, in_clock, read_clock};
use defib_sim::run::Pace;
use defib_sim::trial;
use std::io::{self, BufRead, Write};

const HELP: &str = "\
Enter  the next line        s  the state now: world and engine
N      N more lines         b  on to the next breach
TIME   on to h:mm:ss.mmm    q  the end";

/// Prints around a time or a breach, or walks by what is typed.
pub(crate) fn step(args: &Args, plan: &Plan) -> Result<bool, String> {
    let (log, breaches) = trial::record(plan, args.accused, Pace::Every)?;
    let mut walk = Walk { args, plan, log, breaches, next: 0 };
    let at_ms = match (&args.breach, args.at_ms) {
        (Some(number), _) => {
            let breach = walk.breaches.iter().find(|breach| breach.number == number);
            Some(breach.ok_or_else(|| format!("{number} is not broken here"))?.at_ms)
        }
        (None, at_ms) => at_ms,
    };
    match at_ms {
        Some(at_ms) => walk.print_around(at_ms)?,
        None => walk.walk()?,
    }
    Ok(walk.breaches.is_empty())
}

struct Walk<'a> {
    args: &'a Args,
    plan: &'a Plan,
    log: Log,
    breaches: Vec<Breach>,
    next: usize,
}

impl Walk<'_> {
    fn print_around(&mut self, at_ms: u64) -> Result<(), String> {
        let from_ms = at_ms.saturating_sub(self.args.width_ms);
        self.next = self.log.lines.partition_point(|(time_ms, _)| *time_ms < from_ms);
        self.print_until(at_ms);
        self.print_state(at_ms)?;
        self.print_until(at_ms + self.args.width_ms);
        Ok(())
    }

    fn print_until(&mut self, until_ms: u64) {
        while self.log.lines.get(self.next).is_some_and(|(at_ms, _)| *at_ms <= until_ms) {
            self.print_next();
        }
    }

    /// The next line, with what was found broken since the one before.
    fn print_next(&mut self) -> bool {
        let Some((at_ms, line)) = self.log.lines.get(self.next) else {
            return false;
        };
        println!("{} {line}", in_clock(*at_ms));
        let after_ms = self.log.lines.get(self.next + 1).map_or(u64::MAX, |(at_ms, _)| *at_ms);
        let found = |breach: &&Breach| (*at_ms..after_ms).contains(&breach.at_ms);
        for breach in self.breaches.iter().filter(found) {
            println!("!! {}", breach_line(breach));
        }
        self.next += 1;
        true
    }

    fn now_ms(&self) -> u64 {
        self.next.checked_sub(1).map_or(0, |last| self.log.lines[last].0)
    }

    fn print_state(&self, at_ms: u64) -> Result<(), String> {
        print!("{}", view::at(self.plan, self.args.accused, at_ms)?);
        Ok(())
    }

    fn walk(&mut self) -> Result<(), String> {
        println!("{HELP}");
        for typed in io::stdin().lock().lines() {
            let typed = typed.map_err(|error| error.to_string())?;
            match typed.trim() {
                "" => {
                    if !self.print_next() {
                        break;
                    }
                }
                "q" => break,
                "s" => self.print_state(self.now_ms())?,
                "b" => self.go_to_breach(),
                other => self.go(other),
            }
            io::stdout().flush().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn go_to_breach(&mut self) {
        let now_ms = self.now_ms();
        match self.breaches.iter().map(|breach| breach.at_ms).find(|at_ms| *at_ms > now_ms) {
            Some(at_ms) => self.print_until(at_ms),
            None => println!("no promise is broken from here on"),
        }
    }

    fn go(&mut self, typed: &str) {
        match (typed.parse::<usize>(), read_clock(typed)) {
            (Ok(count), _) => (0..count).for_each(|_| _ = self.print_next()),
            (_, Some(at_ms)) => self.print_until(at_ms),
            _ => println!("{HELP}"),
        }
    }
}
