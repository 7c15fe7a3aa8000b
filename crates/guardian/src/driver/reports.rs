//! What the executor says, as events and lines; and what signals and hold files say.

use super::Driver;
use crate::holds::Change;
use crate::setup::Ended;
use crate::signals::Told;
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_journal::line::{Line, evidence_text};
use defib_journal::order::Report;
use rustix::fd::OwnedFd;

impl Driver {
    pub(super) fn report(&mut self, report: Report, descriptor: Option<OwnedFd>) {
        let now = self.clock.now();
        match report {
            Report::Capable { app, rungs, why_not } => {
                if let Some(known) = self.why_not.get_mut(usize::from(app.0)) {
                    known.clone_from(&why_not);
                }
                self.write(now, Line::Capable { app, rungs, why_not: why_not.into() });
                self.mailbox.push(Event::Capable { app, rungs });
            }
            Report::Found { app, identity } => self.mailbox.push(Event::Found { app, identity }),
            Report::Died { app, identity, exit, restart_in_ms } => {
                // The next process is to be looked for at its first good look, not 10 s later.
                self.identify_asked.remove(&app);
                self.mailbox.push(Event::Died { app, identity, exit, restart_in_ms });
            }
            Report::Stopped { app } => self.mailbox.push(Event::Stopped { app }),
            Report::Resumed { app } => self.mailbox.push(Event::Resumed { app }),
            Report::Step { app, intent, step, at } => {
                self.write(now, Line::Step { app, intent, step, at });
            }
            Report::Acted { app, intent, rung, outcome, detail } => {
                self.identify_asked.remove(&app);
                self.write(now, Line::Acted { app, intent, rung, outcome, detail: detail.into() });
                self.mailbox.push(Event::Acted { app, intent, outcome });
            }
            Report::Evidence { app, incident, name, bytes, last } => {
                if !bytes.is_empty() {
                    let text = evidence_text(&bytes).into_owned().into();
                    self.write(now, Line::Evidence { app, incident, name: name.into(), text });
                }
                let closed = if last { self.bundles.complete(app, incident) } else { None };
                self.mailbox.extend(closed);
            }
            Report::Config => self.reload(descriptor),
            Report::ConfigRefused { message } => self.refuse_config(message),
            Report::ShuttingDown => self.mailbox.push(Event::ShuttingDown),
            Report::Stop => drop(self.ended.get_or_insert(Ended::Stopped)),
            // A second greeting has no meaning here.
            Report::Welcome { .. }
            | Report::LedgerCharge(_)
            | Report::LedgerIntent(_)
            | Report::LedgerStarts(_)
            | Report::LedgerEnd => {}
        }
    }

    pub(super) fn hear_signals(&mut self) {
        while let Some(told) = self.signals.next() {
            match told {
                Told::Stop => drop(self.ended.get_or_insert(Ended::Stopped)),
                Told::LookNow => self.runs.start_all(),
            }
        }
    }

    pub(super) fn hear_hold_files(&mut self) {
        let clock = self.clock;
        let changes = self.holds.as_mut().map(|holds| holds.look(clock)).unwrap_or_default();
        for change in changes {
            match change {
                Change::Held { app, until } => {
                    for app in self.apps_named(&app) {
                        self.hold(app, until, "file", "a file in the folder hold");
                    }
                }
                Change::Released { app } => {
                    for app in self.apps_named(&app) {
                        self.file_is_gone(app);
                    }
                }
            }
        }
    }

    /// Only the hold that the file made ends: another file or a command may still hold.
    fn file_is_gone(&mut self, app: AppId) {
        let now = self.clock.now();
        let name = self.config.apps[usize::from(app.0)].name.clone();
        let by_file = self.holds.as_ref().and_then(|holds| holds.until(&name));
        let by_command = self.commanded.get(&app).copied();
        match by_file.max(by_command).filter(|until| *until > now) {
            Some(until) => self.mailbox.push(Event::Held { app, until }),
            None => self.release(app, "file", "the file is gone"),
        }
    }

    pub(super) fn hold(
        &mut self,
        app: AppId,
        until: defib_engine::time::Moment,
        by: &'static str,
        reason: &str,
    ) {
        let line =
            Line::Hold { app, until: Some(until), by: by.into(), reason: reason.to_owned().into() };
        self.write(self.clock.now(), line);
        self.mailbox.push(Event::Held { app, until });
    }

    pub(super) fn release(&mut self, app: AppId, by: &'static str, reason: &'static str) {
        let line = Line::Hold { app, until: None, by: by.into(), reason: reason.into() };
        self.write(self.clock.now(), line);
        self.mailbox.push(Event::Released { app });
    }

    /// The apps that a name or `*` means.
    pub(super) fn apps_named(&self, name: &str) -> Vec<AppId> {
        let apps = self.config.apps.iter().enumerate();
        apps.filter(|(_, app)| name == "*" || app.name == name)
            .map(|(index, _)| AppId(index as u16))
            .collect()
    }
}
