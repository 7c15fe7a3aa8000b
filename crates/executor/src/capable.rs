//! What can be done to each app on this machine, as `status` shows it.

use crate::admit::target_knows;
use crate::executor::Executor;
use crate::words;
use defib_config::spec::Target;
use defib_engine::effect::Rung;
use defib_engine::id::AppId;
use defib_engine::policy::{Permission, RungSet};
use defib_journal::order::Report;

const ALL_RUNGS: [Rung; 6] =
    [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot, Rung::Clean];

impl Executor {
    /// Which rungs are possible for each app.
    pub(crate) fn tell_capable(&mut self) {
        for index in 0..self.config.apps.len() {
            self.tell_capable_of(AppId(index as u16));
        }
    }

    /// Which rungs are possible for this one.
    pub(crate) fn tell_capable_of(&mut self, app: AppId) {
        let (rungs, why_not) = self.capable(app);
        let why_not = words::cut(&why_not, 200);
        self.guardian.say(&Report::Capable { app, rungs, why_not });
    }

    fn capable(&self, app: AppId) -> (RungSet, String) {
        let spec = &self.config.apps[usize::from(app.0)];
        let mut rungs = RungSet::NONE;
        let mut why_not = Vec::new();
        let stranger = self.apps[usize::from(app.0)].stranger.as_ref();
        let no_manager = self.manager.why_not().filter(|_| self.is_unit(app));
        for rung in ALL_RUNGS.into_iter().filter(|rung| target_knows(spec, *rung)) {
            let obstacle = match rung {
                // A copy would find the port taken; and what others have there is not ours to end.
                Rung::Start if stranger.is_some() => stranger.map(|it| it.who.clone()),
                Rung::Reload | Rung::Restart | Rung::Kill | Rung::Reboot if stranger.is_some() => {
                    Some("for the same reason".into())
                }
                Rung::Reboot => self.no_reboot(),
                // Without a key for it there is nothing to explain.
                Rung::Clean if self.config.clean.is_empty() => continue,
                Rung::Clean => None,
                // Most units have none, and nobody misses it.
                Rung::Reload if self.cannot_reload(app) => continue,
                _ => no_manager.clone(),
            };
            match obstacle {
                None => rungs = rungs.with(rung),
                Some(why) => why_not.push(format!("{}: {why}", words::rung(rung))),
            }
        }
        if spec.target == Target::Nothing {
            why_not.push("the config names nothing to act on".into());
        }
        (rungs, why_not.join("; "))
    }

    /// A child of ours is sent HUP, whatever its transient unit knows.
    fn cannot_reload(&self, app: AppId) -> bool {
        let index = usize::from(app.0);
        self.apps[index].cannot_reload && matches!(self.config.apps[index].target, Target::Unit(_))
    }

    fn no_reboot(&self) -> Option<String> {
        if self.config.policy.reboot != Permission::Allowed {
            return Some("not allowed by the config".into());
        }
        self.machine.why_not(self.manager.as_ref())
    }
}
