//! A plan as text that people can read, exact both ways: what is kept for ever is kept so, for what a seed
//! means changes with the generator.
//!
//! ```text
//! # a world of defib
//! seed 7
//! heals 2:00:00.000
//! ends 5:00:00.000
//! machine uptime=86400000 down=8000 boot=25000 agent-restart=1000
//! noise loss=1000 burst-every=43200000 burst=2000 ...
//! app shop keeper=unit warm-up=2000 stop=300 answer=10 starts-at-boot
//! config
//! | [app.shop]
//! | url = "http://127.0.0.1:8000/"
//! happens
//! 0:10:00.000 shop hang cure=new-process
//! 0:20:00.000 machine freeze ms=25000
//! 0:30:00.000 agent kill-guardian
//! 0:40:00.000 person hold app=shop ms=60000
//! ```

mod clock;
mod header;
mod kinds;
mod words;

pub use clock::{in_clock, read_clock};
pub use words::Names;

use super::{Happening, Plan, Planned, Remedy};
use kinds::Kind;
use std::fmt::Write;
use words::Fields;

/// The first line.
const TITLE: &str = "# a world of defib";

impl Plan {
    /// The plan as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        header::write(self, &mut text);
        let names = Names::of(self);
        text += "happens\n";
        for planned in &self.happenings {
            let at = in_clock(planned.at_ms);
            let _ = writeln!(text, "{at} {}", happening(planned.what, &names));
        }
        text
    }

    /// The plan that a text means. `Err`: which line is wrong, and why.
    pub fn from_text(text: &str) -> Result<Plan, String> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let (mut plan, names) = header::read(&mut lines)?;
        for (number, line) in lines {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let planned = read_planned(line, &names);
            plan.happenings.push(planned.map_err(|why| format!("line {number}: {why}: {line}"))?);
        }
        if !plan.happenings.is_sorted_by_key(|it| it.at_ms) {
            return Err("what happens is not in the order of time".to_owned());
        }
        Ok(plan)
    }
}

/// One thing that happens, as its line has it.
pub fn happening(what: Happening, names: &Names) -> String {
    match what {
        Happening::App { app, fault, remedy } => {
            let name = names.name(app);
            format!("{name} {} cure={}", fault.write(names), words::write_remedy(remedy))
        }
        Happening::Machine(fault) => format!("machine {}", fault.write(names)),
        Happening::Agent(fault) => format!("agent {}", fault.write(names)),
        Happening::Person(what) => format!("person {}", what.write(names)),
    }
}

fn read_planned(line: &str, names: &Names) -> Result<Planned, String> {
    let mut words = line.split_whitespace();
    let at_ms = words.next().and_then(read_clock).ok_or("no time as h:mm:ss.mmm")?;
    let subject = words.next().ok_or("nothing happens")?;
    let kind = words.next().ok_or("nothing happens")?;
    let mut fields = Fields::read(words)?;
    let what = match subject {
        "machine" => Happening::Machine(Kind::read(kind, &mut fields, names)?),
        "agent" => Happening::Agent(Kind::read(kind, &mut fields, names)?),
        "person" => Happening::Person(Kind::read(kind, &mut fields, names)?),
        name => {
            let app = names.index(name).ok_or("there is no such app")?;
            let remedy: Remedy = words::read_remedy(fields.take("cure")?)?;
            let fault = Kind::read(kind, &mut fields, names)?;
            Happening::App { app, fault, remedy }
        }
    };
    fields.end()?;
    Ok(Planned { at_ms, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Profile, generate};

    #[test]
    fn every_plan_reads_back_as_itself() {
        for (_, profile) in Profile::ALL {
            for seed in 0..400 {
                let plan = generate(seed, profile);
                let text = plan.to_text();
                assert_eq!(Plan::from_text(&text).as_ref(), Ok(&plan), "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let good = generate(3, Profile::Agent).to_text();
        let wrong = [
            ("0:00:01.000 nobody hang cure=none\n", "there is no such app"),
            ("0:00:01.000 machine melt\n", "unknown kind"),
            ("0:00:01.000 machine freeze\n", "`ms` is missing"),
            ("0:00:01.000 machine freeze ms=x\n", "`ms`"),
            ("0:00:01.000 machine freeze ms=1 us=2\n", "`us` is not known"),
            ("soon machine freeze ms=1\n", "no time"),
        ];
        for (line, why) in wrong {
            let error = Plan::from_text(&(good.clone() + line)).unwrap_err();
            assert!(error.contains(why) && error.contains("line "), "{line}: {error}");
        }
    }
}
