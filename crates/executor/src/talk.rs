//! The conversation with the guardian.

use crate::boundary::Piece;
use crate::executor::Executor;
use crate::guardian::News;
use crate::words;
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, IncidentId};
use defib_engine::scale::FOR_A_LAB_ONLY;
use defib_journal::order::{PROTOCOL, Report, Request};

/// How much of the app's output goes into a bundle.
const OUTPUT_TAIL: u64 = 2048;

/// How long after a death the search for its port's listener waits. It reads every descriptor of the
/// machine (0.1 to 0.5 s were measured under load), and the order to start is a few ms behind.
const LISTENER_AFTER_MS: u64 = 300;

impl Executor {
    pub(crate) fn take_guardian_news(&mut self, news: News, now_ms: u64) {
        match news {
            News::Gone(why) => {
                self.is_config_pending = false;
                if self.stopping.is_none() {
                    self.notify.complain(&format!("{why}; it is started again"));
                    self.guardian_died(now_ms);
                }
            }
            News::Request(request) => self.take_request(&request, now_ms),
        }
    }

    fn take_request(&mut self, request: &Request, now_ms: u64) {
        match *request {
            Request::Hello { protocol } => self.greet(protocol, now_ms),
            Request::Beat => {
                self.dog.beat(now_ms);
                self.hear_person(now_ms);
                self.cut_outputs(now_ms);
            }
            Request::Order(order) => self.take_order(order, now_ms),
            Request::Recovered { app } => self.take_recovery(app, now_ms),
            Request::Fresh { until_ms } => self.fresh_until_ms = Some(until_ms),
            Request::Identify { app } if usize::from(app.0) < self.apps.len() => {
                self.identify(app, now_ms);
            }
            Request::Evidence { app, incident } if usize::from(app.0) < self.apps.len() => {
                self.gather(app, incident, now_ms);
            }
            Request::Drill { app, kind, identity } if usize::from(app.0) < self.apps.len() => {
                self.take_drill(app, kind, identity, now_ms);
            }
            Request::Identify { .. } | Request::Evidence { .. } | Request::Drill { .. } => {}
            Request::ConfigRead { accepted } => {
                self.is_config_pending = false;
                if accepted {
                    self.dog.configured();
                } else {
                    let what = "the guardian refused a config that the executor accepted";
                    self.notify.complain(what);
                }
            }
        }
    }

    /// Everything that a new guardian must know, in the order that the protocol promises.
    fn greet(&mut self, protocol: u16, now_ms: u64) {
        if protocol != PROTOCOL {
            let why = format!("the guardian speaks protocol {protocol}, not {PROTOCOL}");
            let news = self.guardian.lose(now_ms, &why);
            return self.take_guardian_news(news, now_ms);
        }
        let ledger = self.keeper.ledger();
        let welcome = Report::Welcome {
            protocol: PROTOCOL,
            line_offset_ms: ledger.line_offset_ms,
            booted_at: ledger.booted_at(),
            boot_id: self.boot_id,
            last_intent: ledger.last_intent,
        };
        self.guardian.say(&welcome);
        let told = self.keeper.told(&self.config.policy.apps);
        told.charges.into_iter().for_each(|it| self.guardian.say(&Report::LedgerCharge(it)));
        for mut intent in told.intents {
            if intent.outcome.is_none() && !self.is_carried_out(intent.intent) {
                // A predecessor of ours died in the middle.
                intent.outcome = Some(Outcome::Interrupted);
            }
            self.guardian.say(&Report::LedgerIntent(intent));
        }
        told.starts.into_iter().for_each(|it| self.guardian.say(&Report::LedgerStarts(it)));
        told.vain.into_iter().for_each(|it| self.guardian.say(&Report::LedgerVain(it)));
        self.guardian.say(&Report::LedgerEnd);
        if let Some(last) = self.keeper.last_boot() {
            self.guardian.say(&Report::LastBoot(last));
        }
        self.tell_observing();
        self.send_config(now_ms);
        self.tell_config_fault();
        if !self.is_ready {
            self.is_ready = true;
            self.tell_service_status();
            self.notify.ready();
            self.plan_watchdog(now_ms);
        }
    }

    /// The line of `systemctl status`.
    pub(crate) fn tell_service_status(&mut self) {
        let mut text = words::service_status(&self.config, self.config_fault.is_some());
        text += &self.watchdog_status();
        text += &self.freeze_status();
        text += FOR_A_LAB_ONLY.map_or("", |_| "; NOT FOR USE: scaled windows");
        self.notify.status(&text);
    }

    /// The config text, and what it means on this machine now.
    pub(crate) fn send_config(&mut self, now_ms: u64) {
        match self.guardian.attach(&self.config_text) {
            Ok(text) => {
                self.guardian.say_with(&Report::Config, Some(text));
                self.is_config_pending = true;
            }
            Err(error) => {
                let what = format!("the config cannot be handed to the guardian: {error}");
                self.notify.complain(&what);
            }
        }
        self.tell_capable();
        self.tell_lives(now_ms);
    }

    fn identify(&mut self, app: AppId, now_ms: u64) {
        self.check_main(app, now_ms);
        match self.apps[usize::from(app.0)].identity() {
            Some(identity) if !self.is_at_gate(app) => {
                self.guardian.say(&Report::Found { app, identity });
            }
            Some(_) => {}
            None => self.look_for(app, now_ms),
        }
    }

    fn gather(&mut self, app: AppId, incident: IncidentId, now_ms: u64) {
        let index = usize::from(app.0);
        let port = crate::app::port(&self.config.apps[index]);
        let is_port_later = port.is_some() && self.apps[index].told_dead;
        let mut pieces = match self.apps[index].identity() {
            Some(identity) => self.processes.evidence(identity),
            None => Vec::new(),
        };
        if let Some(exit) = self.apps[index].last_exit {
            pieces.push(Piece { name: "exit", bytes: format!("{exit:?}").into_bytes() });
        }
        if let Some(port) = port.filter(|_| !is_port_later) {
            pieces.push(self.listener_of(app, port));
        }
        if let Ok(bytes) = self.files.output_tail(self.name(app), OUTPUT_TAIL) {
            pieces.push(Piece { name: "output", bytes });
        }
        if pieces.is_empty() {
            // A bundle always has a last piece, or nobody would know that it is closed.
            pieces.push(Piece { name: "process", bytes: b"nothing is known of it".to_vec() });
        }
        if is_port_later {
            self.apps[index].listener_due = Some((now_ms + LISTENER_AFTER_MS, incident));
        }
        let count = pieces.len();
        for (at, piece) in pieces.into_iter().enumerate() {
            self.say_piece(app, incident, piece, at + 1 == count && !is_port_later);
        }
    }

    fn say_piece(&mut self, app: AppId, incident: IncidentId, piece: Piece, last: bool) {
        let Piece { name, bytes } = piece;
        self.guardian.say(&Report::Evidence { app, incident, name: name.into(), bytes, last });
    }

    fn listener_of(&self, app: AppId, port: u16) -> Piece {
        if let Some(stranger) = &self.apps[usize::from(app.0)].stranger {
            return Piece { name: "listener", bytes: stranger.who.clone().into_bytes() };
        }
        let text = match self.processes.listener(port) {
            Some(found) => format!("port {port}: pid {} start {}", found.pid, found.start_ticks),
            None => format!("port {port}: nobody listens"),
        };
        Piece { name: "listener", bytes: text.into_bytes() }
    }

    /// Who listens on the ports of apps that died: looked for when their starts are under way.
    pub(crate) fn find_listeners(&mut self, now_ms: u64) {
        for index in 0..self.apps.len() {
            let state = &mut self.apps[index];
            let is_due = |(due, _): &mut (u64, IncidentId)| *due <= now_ms;
            if state.act.is_some() {
                continue;
            }
            let Some((_, incident)) = state.listener_due.take_if(is_due) else { continue };
            if let Some(port) = crate::app::port(&self.config.apps[index]) {
                let app = AppId(index as u16);
                let piece = self.listener_of(app, port);
                self.say_piece(app, incident, piece, true);
            }
        }
    }
}
