//! What the executor says, as events and lines.

use super::{Body, ConfigText, Mind};
use crate::setup::Ended;
use defib_engine::event::Event;
use defib_journal::line::{Line, evidence_text};
use defib_journal::order::{ActStep, Report};

impl<B: Body> Mind<B> {
    /// The executor says something; with [`Report::Config`] comes a text.
    pub fn report(&mut self, report: Report, text: Option<ConfigText>) {
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
                if ends_machine(step) {
                    // A second later there may be no machine to write it on.
                    self.sync();
                }
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
            Report::Drilled { app, kind, stage, detail } => {
                self.drill_told(app, kind, stage, &detail);
            }
            Report::Config => self.reload(text),
            Report::ConfigRefused { message } => self.refuse_config(message),
            Report::Thawed => self.mailbox.push(Event::Thawed),
            Report::ShuttingDown => self.mailbox.push(Event::ShuttingDown),
            Report::Stop => self.end(Ended::Stopped),
            // A second greeting has no meaning here.
            Report::Welcome { .. }
            | Report::LedgerCharge(_)
            | Report::LedgerIntent(_)
            | Report::LedgerStarts(_)
            | Report::LedgerVain(_)
            | Report::ObserveOnly { .. }
            | Report::LastBoot(_)
            | Report::LedgerEnd => {}
        }
    }
}

/// Whether the machine may go down with nothing said after this step.
fn ends_machine(step: ActStep) -> bool {
    matches!(step, ActStep::RebootForced | ActStep::ResetCalled | ActStep::SysrqSent)
        || step == ActStep::FeedingEnded
}
