//! What people ask on the control socket.

use super::{Body, Mind};
use crate::control::answers;
use crate::control::request::{Problem, Request, closest, parse};
use crate::record::Durable;
use defib_engine::freeze;
use defib_engine::id::AppId;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is said.
    pub line: String,
    /// It made no sense, so what follows it is not to be trusted either.
    pub refused: bool,
    /// Every line of the journal is to be told from here on: [`Mind::take_told`].
    pub watches: bool,
}

impl<B: Body> Mind<B> {
    /// A person asks something, in one line. What is acknowledged is in force and on the disk.
    pub fn ask(&mut self, line: &[u8]) -> Answer {
        let request = parse(line);
        let watches = matches!(request, Ok(Request::Watch));
        match request.and_then(|request| self.answer(request)) {
            Ok(line) => Answer { line, refused: false, watches },
            Err(problem) => Answer { line: answers::error(&problem), refused: true, watches },
        }
    }

    /// The lines of the journal since this was asked last, as JSON, if anybody watches.
    pub fn take_told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.record.told)
    }

    /// Whether anybody watches the journal.
    pub fn set_watched(&mut self, watched: bool) {
        self.record.has_watchers = watched;
    }

    fn answer(&mut self, request: Request) -> Result<String, Problem> {
        match request {
            Request::Status => Ok(self.status_line()),
            Request::Why { app } => {
                let app = self.one_app(&app)?;
                let status = self.sources().one(app);
                status.map(|status| answers::why(&self.about(), &status)).ok_or_else(|| {
                    Problem::new("the app is not known to the engine yet", "ask again")
                })
            }
            Request::Hold { app, for_ms, reason } => self.hold_by_command(&app, for_ms, &reason),
            Request::Release { app } => self.release_by_command(&app),
            Request::Drill { app, kind } => self.drill_by_command(&app, kind),
            Request::Watch => Ok(answers::done("defib.watch/1")),
            Request::Probe => {
                self.body.look_at_all();
                Ok(answers::done("defib.probe/1"))
            }
        }
    }

    fn status_line(&self) -> String {
        answers::status(&self.about(), &self.sources().all())
    }

    fn about(&self) -> answers::About<'_> {
        answers::About {
            policy: &self.config.policy,
            version: self.identity.version,
            pid: self.identity.pid,
            boot: self.identity.boot,
            config_loaded_wall_ms: self.identity.config_loaded_wall_ms,
            config_error: self.identity.config_error.as_deref(),
            journal_error: self.record.trouble(),
            trigger_error: self.body.why_no_trigger(),
            brought_forward: self.passes.brought_forward(),
            doubt: self.state.doubt.level,
            last_boot: self.last_boot.as_ref(),
            last_summary: self.last_summary.as_ref(),
            shortage: self.recorder.shortage(),
            frozen: freeze::of(&self.state).map(|it| (it.reboots, self.clock.wall_of(it.until))),
        }
    }

    fn hold_by_command(
        &mut self,
        name: &str,
        for_ms: u64,
        reason: &str,
    ) -> Result<String, Problem> {
        let until = self.clock.now().plus(for_ms);
        for app in self.some_apps(name)? {
            self.holds.commanded.insert(app, until);
            self.hold(app, until, "command", reason);
        }
        self.make_durable()?;
        Ok(answers::hold(self.clock.wall_of(until)))
    }

    fn release_by_command(&mut self, name: &str) -> Result<String, Problem> {
        for app in self.some_apps(name)? {
            self.holds.commanded.remove(&app);
            let app_name = self.config.apps[usize::from(app.0)].name.clone();
            if self.holds.until(&app_name).is_some() {
                let error = format!("a file in the folder hold still holds '{app_name}'");
                return Err(Problem::new(error, "remove the file: that ends the hold"));
            }
            self.release(app, "command", "asked for");
        }
        self.make_durable()?;
        Ok(answers::done("defib.release/1"))
    }

    /// What is acknowledged is in force and on the disk.
    fn make_durable(&mut self) -> Result<(), Problem> {
        self.feed_all();
        let durable = self.sync();
        if durable == Durable::Yes {
            return Ok(());
        }
        let trouble = self.record.trouble().unwrap_or("the journal is not open");
        let error = format!("it holds now, but would not survive a restart: {trouble}");
        Err(Problem::new(error, durable.advice()))
    }

    fn some_apps(&self, name: &str) -> Result<Vec<AppId>, Problem> {
        let apps = self.apps_named(name);
        if apps.is_empty() { Err(self.no_such_app(name)) } else { Ok(apps) }
    }

    pub(super) fn one_app(&self, name: &str) -> Result<AppId, Problem> {
        let index = self.config.apps.iter().position(|app| app.name == name);
        index.map(|index| AppId(index as u16)).ok_or_else(|| self.no_such_app(name))
    }

    fn no_such_app(&self, name: &str) -> Problem {
        let names = || self.config.apps.iter().map(|app| app.name.as_str());
        let hint = match closest(name, names()) {
            Some(close) => format!("did you mean '{close}'?"),
            None => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
        };
        let shown: String = name.chars().take(64).collect();
        Problem::new(format!("no app '{shown}'"), hint)
    }
}
