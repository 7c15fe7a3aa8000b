//! What would make recovery surer here, each with the number that is the reason and the lines that mend
//! it: pure, from facts and config. Only what is true of this machine is said.

mod kernel;
mod others;
mod unit;

use super::rungs::{Case, MACHINE, Rung, State, clean};

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Stable, for programs.
    pub(crate) id: &'static str,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// An app, a unit or the machine.
    pub(crate) about: String,
    /// What is so.
    pub(crate) what: String,
    /// Why that matters, with the number.
    pub(crate) why: String,
    /// What mends it, in this order.
    pub(crate) fixes: Vec<Fix>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// What the config counts on cannot be done.
    Impossible,
    /// Recovery would be surer.
    Advice,
}

/// What a person can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fix {
    /// Write this file.
    File {
        /// Its path.
        path: String,
        /// All of it.
        text: String,
    },
    /// Run this.
    Run(String),
    /// Do this.
    Do(String),
}

impl Finding {
    fn advice(id: &'static str, about: &str, what: String, why: String) -> Finding {
        let about = about.to_owned();
        Finding { id, severity: Severity::Advice, about, what, why, fixes: Vec::new() }
    }

    fn file(mut self, path: &str, text: String) -> Finding {
        self.fixes.push(Fix::File { path: path.to_owned(), text });
        self
    }

    fn run(mut self, command: impl Into<String>) -> Finding {
        self.fixes.push(Fix::Run(command.into()));
        self
    }

    fn person(mut self, what: impl Into<String>) -> Finding {
        self.fixes.push(Fix::Do(what.into()));
        self
    }
}

/// All of it, the worst first.
pub(crate) fn findings(case: Case<'_>, table: &[Rung]) -> Vec<Finding> {
    let mut found = impossible(case, table);
    found.extend(unit::findings(case));
    found.extend(kernel::findings(case));
    found.extend(others::findings(case));
    found
}

/// Broken promises, one an app, and one for the machine.
fn impossible(case: Case<'_>, table: &[Rung]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for rung in table.iter().filter(|rung| rung.is_promised) {
        let State::Cannot(why) = &rung.state else { continue };
        if found.iter().any(|it| it.about == rung.about) {
            continue;
        }
        let mut finding = Finding {
            severity: Severity::Impossible,
            ..Finding::advice("rung-impossible", &rung.about, String::new(), why.clone())
        };
        if rung.about == MACHINE {
            let what = match case.said_no_reboot() {
                Some(_) => "the config allows a reboot, and the running agent can make none",
                None => "the config allows a reboot, and there is no way to one",
            };
            what.clone_into(&mut finding.what);
            finding.why = case.said_no_reboot().unwrap_or(finding.why);
            finding = finding.person(
                "set reboot = \"never\" in [machine], or let another machine reset this one",
            );
        } else if rung.about == clean::ABOUT {
            "a clean-up of the config is not possible".clone_into(&mut finding.what);
            finding =
                finding.person("name the folder that really holds the files, then: defib check");
        } else {
            let of_app = table.iter().filter(|it| it.about == rung.about && it.is_promised);
            let names: Vec<&str> = of_app
                .filter(|it| matches!(it.state, State::Cannot(_)))
                .map(|it| it.name)
                .collect();
            finding.what = format!("{} is not possible: {}", rung.about, names.join(", "));
            finding = finding.person(mend(case));
        }
        found.push(finding);
    }
    found
}

fn mend(case: Case<'_>) -> &'static str {
    if case.as_root {
        "correct the app's unit, start or recover in the config, then: defib check"
    } else {
        "run defib as root, or give the app a start or a recover command of this user's"
    }
}
