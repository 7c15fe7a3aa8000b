//! What people ask on the control socket.

use super::Driver;
use crate::clock;
use crate::control::listener::Client;
use crate::control::request::{Problem, Request, closest, parse};
use crate::control::{Heard, answers};
use defib_engine::id::AppId;

impl Driver {
    pub(super) fn hear_client(&mut self, token: u64) {
        let now_ms = clock::readings().boot_ms;
        let Some(control) = &mut self.control else { return };
        let Some(client) = control.client_of(token) else { return };
        for heard in control.ready(client, now_ms) {
            let answer = match heard {
                Heard::Line(line) => parse(&line).and_then(|request| self.answer(client, request)),
                Heard::TooLong => Err(Problem::new(
                    "the request is longer than 4096 bytes",
                    "send one JSON object a line",
                )),
            };
            let refused = answer.is_err();
            let line = answer.unwrap_or_else(|problem| answers::error(&problem));
            let Some(control) = &mut self.control else { return };
            control.say(client, &line, now_ms);
            if refused {
                // What follows a line that makes no sense is not to be trusted either.
                control.end(client);
                return;
            }
        }
    }

    fn answer(&mut self, client: Client, request: Request) -> Result<String, Problem> {
        match request {
            Request::Status => Ok(self.status_line()),
            Request::Why { app } => {
                let app = self.one_app(&app)?;
                let status = self.sources().one(app);
                let bars = self.config.policy.bars;
                status.map(|status| answers::why(bars, &status)).ok_or_else(|| {
                    Problem::new("the app is not known to the engine yet", "ask again")
                })
            }
            Request::Hold { app, for_ms, reason } => self.hold_by_command(&app, for_ms, &reason),
            Request::Release { app } => self.release_by_command(&app),
            Request::Watch => {
                if let Some(control) = &mut self.control {
                    control.watch(client);
                    self.record.has_watchers = true;
                }
                Ok(answers::done("defib.watch/1"))
            }
            Request::Probe => {
                self.runs.start_all();
                Ok(answers::done("defib.probe/1"))
            }
        }
    }

    fn status_line(&self) -> String {
        let about = answers::About {
            policy: &self.config.policy,
            version: self.identity.version,
            boot: self.identity.boot,
            config_loaded_wall_ms: self.identity.config_loaded_wall_ms,
            config_error: self.identity.config_error.as_deref(),
            doubt: self.state.doubt.level,
        };
        answers::status(&about, &self.sources().all())
    }

    fn hold_by_command(
        &mut self,
        name: &str,
        for_ms: u64,
        reason: &str,
    ) -> Result<String, Problem> {
        let until = self.clock.now().plus(for_ms);
        for app in self.some_apps(name)? {
            self.commanded.insert(app, until);
            self.hold(app, until, "command", reason);
        }
        self.make_durable()?;
        Ok(answers::hold(self.clock.wall_of(until)))
    }

    fn release_by_command(&mut self, name: &str) -> Result<String, Problem> {
        for app in self.some_apps(name)? {
            self.commanded.remove(&app);
            let app_name = self.config.apps[usize::from(app.0)].name.clone();
            if self.holds.as_ref().is_some_and(|holds| holds.until(&app_name).is_some()) {
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
        if self.record.sync() {
            return Ok(());
        }
        let trouble = self.record.trouble().unwrap_or("the journal is not open");
        let error = format!("it holds now, but would not survive a restart: {trouble}");
        Err(Problem::new(error, "free some space, then ask again"))
    }

    fn some_apps(&self, name: &str) -> Result<Vec<AppId>, Problem> {
        let apps = self.apps_named(name);
        if apps.is_empty() { Err(self.no_such_app(name)) } else { Ok(apps) }
    }

    fn one_app(&self, name: &str) -> Result<AppId, Problem> {
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
