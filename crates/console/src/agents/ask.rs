//! One question to the agent that has the app.

use crate::agents::find::{Agent, Asked, find};
use crate::agents::status;
use crate::answer::Answer;
use crate::control::{AskError, ask};
use serde_json::{Value, json};

/// The names that an agent's apps have, by its own word.
fn apps_of(agent: &Agent) -> Result<Vec<String>, AskError> {
    let answer = ask(&agent.socket, &json!({"do": "status"}))?;
    Ok(status::from_wire(&answer).apps.into_iter().map(|app| app.app).collect())
}

/// The agents that have the app (all that answer, for `*`), or what to tell the person.
pub(crate) fn holders(asked: &Asked, app: &str) -> Result<Vec<Agent>, Answer> {
    let agents = find(asked);
    let mut names = Vec::new();
    let mut holders = Vec::new();
    let mut silent = Vec::new();
    for agent in agents {
        match apps_of(&agent) {
            Ok(apps) => {
                if app == "*" || apps.iter().any(|name| name == app) {
                    holders.push(agent);
                }
                names.extend(apps);
            }
            Err(error) => silent.push(error.sentence(&agent.socket)),
        }
    }
    match (holders.is_empty(), names.is_empty()) {
        (false, _) => Ok(holders),
        (true, false) => Err(Answer::failed(1, unknown_app(app, &names))),
        (true, true) if silent.is_empty() => Err(Answer::failed(1, NOBODY)),
        (true, true) => Err(Answer::failed(1, silent.join("\n"))),
    }
}

/// What to say when there is no trace of an agent.
pub(crate) const NOBODY: &str =
    "no agent of defib is known here\nstart one with: defib guard URL, or defib daemon";

/// What to say of a name that nobody has.
pub(crate) fn unknown_app(app: &str, names: &[String]) -> String {
    if let Some(name) = closest(app, names) {
        return format!("no app '{app}'\ndid you mean '{name}'?");
    }
    let mut there = names.to_vec();
    there.sort();
    there.dedup();
    format!("no app '{app}'\nthere is: {}", there.join(", "))
}

/// The name that was probably meant.
pub(crate) fn closest<'a>(typed: &str, names: &'a [String]) -> Option<&'a str> {
    let scored = names.iter().map(|name| (strsim::jaro_winkler(typed, name), name));
    // 0.7 lets one transposed or missing letter pass in names of four letters.
    let best = scored.filter(|(score, _)| *score >= 0.7).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, name)| name.as_str())
}

/// Asks every holder; the first that refuses ends it.
pub(crate) fn ask_all(agents: &[Agent], question: &Value) -> Result<Vec<Value>, Answer> {
    let one = |agent: &Agent| {
        ask(&agent.socket, question)
            .map_err(|error| Answer::failed(1, error.sentence(&agent.socket)))
    };
    agents.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_typo_finds_its_name() {
        let names = ["shop".to_owned(), "mail".to_owned()];
        assert_eq!(closest("shp", &names), Some("shop"));
        assert_eq!(closest("mial", &names), Some("mail"));
        assert_eq!(closest("zzz", &names), None);
    }
}
