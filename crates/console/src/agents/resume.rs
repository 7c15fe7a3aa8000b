//! `resume`: a person has looked after reboots in vain, and says that the machine may be rebooted again.
//!
//! The yes goes to the executor as a file in the state folder, which the guardian cannot write to: on a host
//! where they are two users, no guardian can say it for a person.

use crate::agents::ask::NOBODY;
use crate::agents::find::{Agent, Asked, find};
use crate::agents::status::live;
use crate::answer::Answer;
use crate::cli::args::{Global, ResumeArgs};
use crate::control::Watch;
use serde_json::json;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The executor looks at each beat of the guardian, which come every 2 to 3 s.
const HEARD: Duration = Duration::from_secs(10);

/// Asked again this often, if nothing is written meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// `resume`
pub fn resume(args: &ResumeArgs, global: &Global) -> Answer {
    let agents = find(&Asked::of(global, args.state.as_deref()));
    let alive: Vec<(Agent, bool)> = agents
        .into_iter()
        .filter_map(|agent| live(&agent).map(|status| (agent, status.frozen.is_some())))
        .collect();
    if alive.is_empty() {
        return Answer::failed(1, NOBODY);
    }
    let frozen: Vec<Agent> =
        alive.into_iter().filter(|(_, is_frozen)| *is_frozen).map(|(agent, _)| agent).collect();
    if global.dry_run {
        return Answer::done(format!("would resume {} of defib's agents\n", frozen.len()));
    }
    for agent in &frozen {
        if let Err(answer) = say_yes(agent) {
            return answer;
        }
    }
    let count = frozen.len();
    if global.json {
        return Answer::done(format!(
            "{}\n",
            json!({"schema": "defib.resume/1", "resumed": count})
        ));
    }
    Answer::done(match count {
        0 => "nothing is frozen: reboots are bounded by their budget alone\n".to_owned(),
        _ => "resumed: a reboot is possible again, within its budget\n".to_owned(),
    })
}

/// Says it, and waits until it is in force: the executor has it in the ledger by then.
fn say_yes(agent: &Agent) -> Result<(), Answer> {
    let Some(state) = state_of(agent) else {
        return Err(Answer::failed(1, "its state folder is not known: name it with --state DIR"));
    };
    let yes = state.join("resume");
    leave_file(&yes).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "\nonly the user that defib runs as may say so: try as root"
            }
            _ => "",
        };
        Answer::failed(1, format!("{}: {error}{hint}", state.display()))
    })?;
    if is_heard(agent) {
        return Ok(());
    }
    let said = format!(
        "nobody has heard it in {} s\nit lies in {} and holds as soon as defib hears it: defib status",
        HEARD.as_secs(),
        yes.display()
    );
    Err(Answer::failed(1, said))
}

/// Whether the agent says so within [`HEARD`]. What it writes meanwhile is the sign to ask again.
fn is_heard(agent: &Agent) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < HEARD {
        if live(agent).is_some_and(|status| status.frozen.is_none()) {
            return true;
        }
        let is_there = Watch::open(&agent.socket).and_then(|mut watch| watch.next(PAUSE)).is_ok();
        if !is_there {
            return false;
        }
    }
    false
}

fn state_of(agent: &Agent) -> Option<PathBuf> {
    let journal = agent.journal.as_deref()?;
    Some(if journal.ends_with("journal") { journal.parent()? } else { journal }.to_path_buf())
}

fn leave_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_yes_lies_beside_the_journal() {
        let agent = |journal: &str| Agent { socket: "/s".into(), journal: Some(journal.into()) };
        assert_eq!(state_of(&agent("/var/lib/defib/journal")), Some("/var/lib/defib".into()));
        assert_eq!(state_of(&agent("/elsewhere")), Some("/elsewhere".into()));
        let folder = tempfile::tempdir().expect("a folder");
        leave_file(&folder.path().join("resume")).expect("written");
        leave_file(&folder.path().join("resume")).expect("said twice");
        assert!(leave_file(&folder.path().join("nowhere/resume")).is_err());
    }
}
