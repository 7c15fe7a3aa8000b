//! Recorded lives: what an app's processes once showed, shown again.
//!
//! A world that follows a script answers each look as the recorded process did at the same age, lets each
//! process take as long to end, and ends by itself when it did. What the agent does about it is
//! its own affair: the script knows births, not times.

use super::{Due, World};
use crate::fact::By;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_engine::seen::Seen;
use std::rc::Rc;

/// One look of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptedLook {
    /// The age of the process when it began.
    pub at_age_ms: u64,
    /// What it saw.
    pub seen: Seen,
    /// How long it took.
    pub took_ms: u64,
}

/// One process, from its birth to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// What each probe saw, in the order of time.
    pub looks: Vec<Vec<ScriptedLook>>,
    /// It ended by itself at this age.
    pub ends: Option<(u64, Exit)>,
    /// From the order that ended it to its end.
    pub stop_ms: Option<u64>,
}

/// The lives of each app, in their order.
pub type Script = Vec<Vec<Life>>;

impl World {
    /// From now on the apps' processes are those of the script.
    pub fn follow(&mut self, script: Rc<Script>) {
        self.script = Some(script);
        for app in 0..self.apps.len() {
            if let Some(identity) = self.main(app) {
                self.begin_life(app, identity);
            }
        }
    }

    fn life(&self, app: usize) -> Option<&Life> {
        let lives = self.script.as_ref()?.get(app)?;
        lives.get(self.apps[app].generation.checked_sub(1)? as usize)
    }

    /// A process of the script is born: it answers from the beginning, whatever it answers.
    pub(super) fn begin_life(&mut self, app: usize, identity: Identity) {
        let Some(Life { ends, stop_ms, .. }) = self.life(app).cloned() else { return };
        self.apps[app].warm_at_ms = self.now_ms;
        if let Some(stop_ms) = stop_ms {
            self.apps[app].plan.stop_ms = stop_ms;
        }
        if let Some((age_ms, exit)) = ends {
            let by = By::Itself;
            self.inside(self.now_ms + age_ms, Due::Dies { app, identity, exit, by });
        }
    }

    /// What the recorded process showed when it was as old: the nearest look tells, for looks of two
    /// runs never fall on the same millisecond.
    pub(super) fn scripted(&self, app: usize, probe: usize) -> Option<(Seen, u64)> {
        let process = self.apps[app].process?;
        let age_ms = self.now_ms - process.born_ms;
        let looks = self.life(app)?.looks.get(probe)?;
        let nearest = looks.iter().min_by_key(|look| look.at_age_ms.abs_diff(age_ms))?;
        Some((nearest.seen, nearest.took_ms))
    }
}
