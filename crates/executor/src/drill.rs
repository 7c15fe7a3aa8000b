//! Drills: a fault that a person asks for. The guardian only asks; here it is judged again, done to the
//! judged process and no other, and undone after a minute whatever became of it. Nothing is charged: the
//! act that heals it is charged like any other.

use crate::admit::target_knows;
use crate::boundary::{Held, Signal};
use crate::executor::Executor;
use crate::words;
use defib_engine::effect::Rung;
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::Mode;
use defib_journal::drill::{DrillKind, DrillStage};
use defib_journal::order::Report;
use std::io;

/// A drill is over by then: what is still stopped is continued.
const DRILL_MS: u64 = 60_000;

/// A drill under way.
#[derive(Debug)]
pub(crate) struct Drill {
    app: AppId,
    kind: DrillKind,
    main: Identity,
    stopped: Vec<Held>,
    over_at: u64,
}

impl Drill {
    pub(crate) fn deadline_ms(&self) -> u64 {
        self.over_at
    }
}

impl Executor {
    pub(crate) fn take_drill(
        &mut self,
        app: AppId,
        kind: DrillKind,
        judged: Identity,
        now_ms: u64,
    ) {
        let (stage, detail) = match self.begin_drill(app, kind, judged, now_ms) {
            Ok(detail) => (DrillStage::Begun, detail),
            Err(why) => (DrillStage::Refused, why),
        };
        self.say_drill(app, kind, stage, &detail);
    }

    fn begin_drill(
        &mut self,
        app: AppId,
        kind: DrillKind,
        judged: Identity,
        now_ms: u64,
    ) -> Result<String, String> {
        self.may_drill(app, judged, now_ms)?;
        let state = &self.apps[usize::from(app.0)];
        let Some(main) = &state.main else { return Err("its process is not known".into()) };
        let (detail, stopped) = match kind {
            DrillKind::Kill => {
                self.processes.signal(main, Signal::Kill).map_err(|error| error.to_string())?;
                (format!("SIGKILL to process {}", judged.pid), Vec::new())
            }
            DrillKind::Hang => {
                // The main process first: it must not start others in place of those that stop.
                self.processes.signal(main, Signal::Stop).map_err(|error| error.to_string())?;
                let stopped = self.members_held(judged).map_err(|error| {
                    // Half a drill is none: what was stopped runs again.
                    let _ = self.processes.signal(main, Signal::Cont);
                    error.to_string()
                })?;
                self.signal_all(&stopped, Signal::Stop);
                (
                    format!("SIGSTOP to process {} and its members: {}", judged.pid, stopped.len()),
                    stopped,
                )
            }
        };
        self.drill = Some(Drill { app, kind, main: judged, stopped, over_at: now_ms + DRILL_MS });
        Ok(detail)
    }

    fn members_held(&self, main: Identity) -> io::Result<Vec<Held>> {
        let members = self.processes.members(main)?.into_iter();
        Ok(members.filter_map(|identity| self.processes.hold(identity, None)).collect())
    }

    fn may_drill(&self, app: AppId, judged: Identity, now_ms: u64) -> Result<(), String> {
        let index = usize::from(app.0);
        let state = &self.apps[index];
        let obstacle = if self.config.policy.mode == Mode::Observe {
            Some("the mode is observe")
        } else if self.is_config_pending || self.stopping.is_some() {
            Some("the config is being changed, or defib stops")
        } else if self.drill.is_some() {
            Some("another drill is under way")
        } else if state.act.is_some() {
            Some("an act on this app is running")
        } else if state.is_stopped {
            Some("a person has stopped this app")
        } else if !target_knows(&self.config.apps[index], Rung::Kill) {
            Some("nothing is acted on for this app")
        } else if state.identity() != Some(judged) {
            Some("another process is the app now")
        } else if !self.has_room(index, now_ms) {
            Some("its budget would be spent")
        } else {
            None
        };
        obstacle.map_or(Ok(()), |why| Err(why.to_owned()))
    }

    /// The act that heals the drill is charged, and one more must be left for a real fault.
    fn has_room(&self, index: usize, now_ms: u64) -> bool {
        let rules = &self.config.policy.apps[index];
        let budget = &rules.budget;
        let ledger = self.keeper.ledger();
        let now = self.keeper.moment(now_ms);
        [(budget.short_ms, budget.short_limit), (budget.long_ms, budget.long_limit)]
            .into_iter()
            .all(|(window_ms, limit)| {
                ledger.ladder_used(&rules.name, now, window_ms) + 2 <= usize::from(limit)
            })
    }

    /// Ends the drill when its time is up, or when another process is the app.
    pub(crate) fn keep_drill(&mut self, now_ms: u64) {
        let Some(drill) = &self.drill else { return };
        let state = &self.apps[usize::from(drill.app.0)];
        let is_healed = state.act.is_none() && state.identity().is_some_and(|id| id != drill.main);
        if is_healed || now_ms >= drill.over_at {
            self.end_drill();
        }
    }

    /// What the drill stopped and nothing ended runs again.
    pub(crate) fn end_drill(&mut self) {
        let Some(drill) = self.drill.take() else { return };
        let left: Vec<Held> =
            drill.stopped.into_iter().filter(|held| !self.processes.is_gone(held)).collect();
        self.signal_all(&left, Signal::Cont);
        let detail = match left.len() {
            0 => "nothing of it is left".to_owned(),
            count => format!("{count} of its processes were continued"),
        };
        self.say_drill(drill.app, drill.kind, DrillStage::Over, &detail);
    }

    fn say_drill(&mut self, app: AppId, kind: DrillKind, stage: DrillStage, detail: &str) {
        let detail = words::cut(detail, 200);
        self.guardian.say(&Report::Drilled { app, kind, stage, detail });
    }
}
