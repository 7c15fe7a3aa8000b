//! A person asks for a drill: whether this is a moment for one.

use super::{Body, Mind};
use crate::control::answers;
use crate::control::request::Problem;
use crate::record::Durable;
use defib_engine::budget::used;
use defib_engine::effect::Rung;
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::Mode;
use defib_engine::state::Process;
use defib_journal::drill::{DrillKind, DrillStage};
use defib_journal::line::Line;
use defib_journal::order::Request;

impl<B: Body> Mind<B> {
    pub(super) fn drill_by_command(
        &mut self,
        name: &str,
        kind: DrillKind,
    ) -> Result<String, Problem> {
        let app = self.one_app(name)?;
        let identity = self.may_drill(app, kind)?;
        self.say_drill(app, kind, DrillStage::Asked, "");
        let durable = self.sync();
        if durable != Durable::Yes {
            let trouble = self.record.trouble().unwrap_or("the journal is not open");
            let error = format!("a drill leaves a trace or is not done: {trouble}");
            return Err(Problem::new(error, durable.advice()));
        }
        self.drilled.insert(app);
        self.send(&Request::Drill { app, kind, identity });
        Ok(answers::drill(app, kind, identity))
    }

    /// The executor judges once more what is its own: process, budget, mode.
    fn may_drill(&self, app: AppId, kind: DrillKind) -> Result<Identity, Problem> {
        let index = usize::from(app.0);
        let (Some(state), Some(rules)) =
            (self.state.apps.get(index), self.config.policy.apps.get(index))
        else {
            return Err(Problem::new("the app is not known to the engine yet", "ask again"));
        };
        let refuse = |why: &str, hint: &str| Err(Problem::new(why, hint));
        if self.config.policy.mode == Mode::Observe {
            return refuse(
                "the mode is observe: nothing would heal it",
                &self.would_have(app, kind),
            );
        }
        let now = self.clock.now();
        if state.held_until.is_some_and(|until| now < until) {
            return refuse("it is on hold", "end the hold first: defib release");
        }
        if state.stopped {
            return refuse("a person has stopped it", "start it first");
        }
        if state.incident().is_some() {
            return refuse("an incident is open", "see it: defib status");
        }
        if state.suspected_since.is_some() || state.healthy_since.is_none() {
            return refuse("it is not well right now", "see it: defib status");
        }
        if !self.drilled.is_empty() {
            return refuse("another drill is under way", "it is over within 60 s");
        }
        let needed = if kind == DrillKind::Kill { Rung::Start } else { Rung::Restart };
        if !state.capable.has(needed) {
            return refuse("nothing could bring it back", "see what is possible: defib status -v");
        }
        let (short_used, long_used) = used(&self.state.charges, rules.budget, app, now);
        let is_short = |used: u8, limit: u8| used.saturating_add(2) > limit;
        if is_short(short_used, rules.budget.short_limit)
            || is_short(long_used, rules.budget.long_limit)
        {
            return refuse(
                "its budget leaves no room: the act that heals a drill is charged, and one more must be left",
                "ask again when acts have been forgotten: defib status -v",
            );
        }
        match state.process {
            Process::Alive { identity, .. } => Ok(identity),
            _ => refuse("its process is not known", "name it in the config: process = { ... }"),
        }
    }

    /// What the rules say would have been done.
    fn would_have(&self, app: AppId, kind: DrillKind) -> String {
        let policy = &self.config.policy;
        let begins = if kind == DrillKind::Kill {
            ["its process ends", "nothing listens"]
        } else {
            ["it hangs"; 2]
        };
        let rule = policy.apps.get(usize::from(app.0)).and_then(|rules| {
            let mut sentences = defib_config::rule_in_words(rules, policy).into_iter();
            sentences.find(|sentence| begins.iter().any(|begin| sentence.starts_with(begin)))
        });
        format!("in mode act: {}", rule.unwrap_or_else(|| "nothing would be done".to_owned()))
    }

    pub(super) fn say_drill(
        &mut self,
        app: AppId,
        drill: DrillKind,
        stage: DrillStage,
        detail: &str,
    ) {
        let detail = detail.to_owned().into();
        self.write(self.clock.now(), Line::Drill { app, drill, stage, detail });
    }

    /// The executor's word.
    pub(super) fn drill_told(
        &mut self,
        app: AppId,
        kind: DrillKind,
        stage: DrillStage,
        detail: &str,
    ) {
        if matches!(stage, DrillStage::Refused | DrillStage::Over) {
            self.drilled.remove(&app);
        }
        self.status_is_old = true;
        self.say_drill(app, kind, stage, detail);
    }
}
