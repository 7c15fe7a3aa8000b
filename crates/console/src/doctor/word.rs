//! What running agents say of themselves, as far as a doctor wants to know it.

use crate::agents::{AgentStatus, Asked, find, from_wire};
use crate::control::{AskError, ask};
use serde_json::json;
use std::path::PathBuf;

/// One agent's word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// Where it was asked.
    pub(crate) socket: PathBuf,
    /// What it said.
    pub(crate) status: Result<AgentStatus, AskError>,
}

/// Asks all of whom there is a trace.
pub(crate) fn ask_all(asked: &Asked) -> Vec<Word> {
    let answers = find(asked).into_iter().map(|agent| {
        let status = ask(&agent.socket, &json!({"do": "status"})).map(|said| from_wire(&said));
        Word { socket: agent.socket, status }
    });
    // An agent that ended long ago has nothing to say about today's machine.
    answers.filter(|word| word.status != Err(AskError::NotThere)).collect()
}

impl Word {
    /// Why this agent cannot do this to the app; `None` if it can, or does not know the app.
    pub(crate) fn why_not(&self, app: &str, rung: &str) -> Option<String> {
        let status = self.status.as_ref().ok()?;
        let said = status.apps.iter().find(|one| one.app == app)?;
        if said.rungs.iter().any(|one| one == rung) {
            return None;
        }
        // `kill: why; reboot: why`; without such a part it says nothing about this rung.
        let all = said.why_not.as_deref()?;
        let mine = all.split("; ").find_map(|part| part.strip_prefix(rung)?.strip_prefix(": "));
        mine.map(ToOwned::to_owned)
    }

    /// Why it cannot reboot for this app, unless its config forbids that.
    pub(crate) fn why_no_reboot(&self, app: &str) -> Option<String> {
        self.why_not(app, "reboot").filter(|why| !why.contains("not allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::AppStatus;

    #[test]
    fn a_reason_belongs_to_its_rung() {
        let app = AppStatus {
            app: "shop".into(),
            rungs: vec!["start".into()],
            why_not: Some("kill: no manager; reboot: not allowed by the config".into()),
            ..AppStatus::default()
        };
        let status = AgentStatus { apps: vec![app], ..AgentStatus::default() };
        let word = Word { socket: PathBuf::new(), status: Ok(status) };
        assert_eq!(word.why_not("shop", "start"), None);
        assert_eq!(word.why_not("shop", "kill"), Some("no manager".into()));
        assert_eq!(word.why_not("shop", "restart"), None);
        assert_eq!(word.why_not("mail", "kill"), None);
        assert_eq!(word.why_no_reboot("shop"), None);
    }
}
