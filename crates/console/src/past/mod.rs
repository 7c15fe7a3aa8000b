//! Verbs that read journals: `incidents` and `explain`.

mod explain;
mod incidents;

pub use explain::explain;
pub use incidents::incidents;

use crate::agents::{Agent, Asked, find};
use crate::answer::Answer;
use crate::view::{Reading, read_folder};

/// What to say where there is no journal.
const NO_JOURNAL: &str = "no journal of defib is known here\nname one with --state DIR, or start \
                          an agent with: defib guard URL";

/// The journals that are meant, folded; those without a line are left out.
fn readings(asked: &Asked) -> Result<Vec<(Agent, Reading)>, Answer> {
    let mut errors = Vec::new();
    let mut found = Vec::new();
    for agent in find(asked) {
        let Some(folder) = agent.journal.clone() else { continue };
        let reading = read_folder(&folder);
        if let Some(error) = &reading.error {
            errors.push(format!("the journal cannot be read: {error}"));
        }
        if reading.view.lines() > 0 {
            found.push((agent, reading));
        }
    }
    match (found.is_empty(), errors.is_empty()) {
        (false, _) => Ok(found),
        (true, true) => Err(Answer::failed(1, NO_JOURNAL)),
        (true, false) => Err(Answer::failed(1, errors.join("\n"))),
    }
}

/// What a reader should know about the reading itself.
fn remarks(readings: &[(Agent, Reading)]) -> String {
    let mut out = String::new();
    for (agent, reading) in readings {
        let name = agent.journal.as_deref().unwrap_or(&agent.socket).display();
        if reading.torn > 0 {
            crate::page::put!(
                out,
                "{name}: {} lines are torn, or of another version of defib, and were left out\n",
                reading.torn
            );
        }
        if let Some(error) = &reading.error {
            crate::page::put!(out, "{name}: not all could be read: {error}\n");
        }
    }
    out
}
