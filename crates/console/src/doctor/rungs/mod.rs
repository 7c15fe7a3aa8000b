//! What could be done here, rung by rung: pure, from the facts and the config.

mod apps;
pub(crate) mod clean;
mod machine;

use super::facts::Facts;
use super::word::Word;
use defib_config::spec::Config;
use defib_engine::policy::{Mode, Permission};

/// Who the machine rungs are about.
pub(crate) const MACHINE: &str = "machine";

/// Why nothing may be done at all.
const OBSERVES: &str = "mode = \"observe\": it is decided and recorded, and nothing is done";

/// One rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rung {
    /// The app, or [`MACHINE`].
    pub(crate) about: String,
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it is possible.
    pub(crate) state: State,
    /// Whether the config counts on it: an impossible one is then a broken promise.
    pub(crate) is_promised: bool,
}

/// Whether a rung is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It is, in this way.
    Can(String),
    /// It is not, because of this.
    Cannot(String),
    /// It would be; this forbids it.
    NotAllowed(String),
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// The machine.
    pub(crate) facts: &'a Facts,
    /// The config, if there is one.
    pub(crate) config: Option<&'a Config>,
    /// Whether it is judged for a defib of root's.
    pub(crate) as_root: bool,
    /// What running agents say.
    pub(crate) words: &'a [Word],
}

/// The whole table: the apps in the config's order, then the machine.
pub(crate) fn table(case: Case<'_>) -> Vec<Rung> {
    let mut rungs = apps::rungs(case);
    rungs.extend(clean::rungs(case));
    rungs.extend(machine::rungs(case));
    rungs
}

impl Case<'_> {
    fn is_observing(&self) -> bool {
        self.config.is_some_and(|config| config.policy.mode == Mode::Observe)
    }

    /// Why an agent that guards an app of this config cannot reboot.
    pub(crate) fn said_no_reboot(&self) -> Option<String> {
        let apps = &self.config?.apps;
        self.words.iter().find_map(|word| apps.iter().find_map(|app| word.why_no_reboot(&app.name)))
    }

    /// Whether the config lets the machine be rebooted; without a config it is not known.
    pub(crate) fn may_reboot(&self) -> Option<bool> {
        self.config.map(|config| config.policy.reboot == Permission::Allowed)
    }
}
