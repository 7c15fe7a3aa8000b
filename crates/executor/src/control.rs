//! What signals ask for: the way out, and a new config.

use crate::act::{Act, Stage};
use crate::app::AppState;
use crate::boundary::{Held, Signal, Token};
use crate::executor::{Executor, Stopping};
use crate::{AtEnd, words};
use defib_config::spec::Config;
use defib_engine::id::AppId;
use defib_journal::order::Report;

/// After this long whatever is left gets KILL.
const KILL_AFTER_MS: u64 = 1_200;

/// After this long we are gone.
const GONE_AFTER_MS: u64 = 1_800;

impl Executor {
    /// A second signal hurries nothing, since two seconds are soon over; but one that we held on at may be the last.
    pub(crate) fn begin_stopping(&mut self, now_ms: u64) {
        if self.held_until.is_some() {
            return self.look_whether_to_hold_on(now_ms);
        }
        if self.stopping.is_none() && !self.hold_on(now_ms) {
            self.stop_now(now_ms);
        }
    }

    pub(crate) fn stop_now(&mut self, now_ms: u64) {
        self.held_until = None;
        self.stopping = Some(Stopping {
            kill_at: now_ms + KILL_AFTER_MS,
            gone_at: now_ms + GONE_AFTER_MS,
            killed: false,
        });
        self.end_drill();
        self.notify.stopping();
        self.part_from_watchdog(now_ms);
        // Whether the machine goes down with us, the next boot can only know from here.
        let is_shutdown = self.is_shutting_down || self.machine.is_in_last_phase();
        self.keeper.say_farewell(is_shutdown, now_ms);
        self.guardian.start_no_more();
        self.guardian.say(&Report::Stop);
        if self.at_end == AtEnd::StopApps {
            // An act would start again what we are about to end.
            self.give_up_acts();
            self.signal_apps(Signal::Term);
            self.signal_apps(Signal::Cont);
        }
    }

    /// Acts that are given up read as *interrupted* in the ledger: they are never repeated.
    fn give_up_acts(&mut self) {
        for state in &mut self.apps {
            // Dropping a gate ends the child that waits at it.
            if let Some(Act { stage: Stage::AtGate(_), .. }) = state.act.take()
                && let Some(main) = &state.main
            {
                let _ = self.processes.signal(main, Signal::Kill);
            }
        }
    }

    fn signal_apps(&self, signal: Signal) {
        self.signal_all(&self.own_members(), signal);
    }

    /// All living processes of `start` apps.
    fn own_members(&self) -> Vec<Held> {
        (0..self.apps.len())
            .filter(|index| self.ends_with_us(AppId(*index as u16)))
            .filter_map(|index| self.keeper.process(&self.config.apps[index].name))
            .flat_map(|main| self.processes.members(main).unwrap_or_default())
            .filter_map(|identity| self.processes.hold(identity, None))
            .collect()
    }

    /// What somebody else has started is not ours to stop.
    fn ends_with_us(&self, app: AppId) -> bool {
        self.is_own_child(app) && !self.is_adopted(app)
    }

    /// Whether any of them is there. What cannot be seen may be.
    fn own_members_live(&self) -> bool {
        (0..self.apps.len()).filter(|index| self.ends_with_us(AppId(*index as u16))).any(|index| {
            let main = self.keeper.process(&self.config.apps[index].name);
            main.is_some_and(|main| self.processes.members(main).map_or(true, |it| !it.is_empty()))
        })
    }

    /// Ends the cgroups of `start` apps: some of their processes may be nobody's descendants any more.
    fn strike_apps(&self) {
        let groups = self.apps.iter().filter_map(|app| app.group.as_deref());
        for group in groups.filter(|group| group.is_ours()) {
            let _ = group.strike();
        }
    }

    pub(crate) fn keep_stopping(&mut self, now_ms: u64) {
        self.keep_holding_on(now_ms);
        let Some(stopping) = &mut self.stopping else { return };
        if now_ms < stopping.kill_at || stopping.killed {
            return;
        }
        stopping.killed = true;
        if self.at_end == AtEnd::StopApps {
            self.strike_apps();
            self.signal_apps(Signal::Kill);
        }
        self.guardian.end();
    }

    /// Whether all that had to end has ended, or time is up.
    pub(crate) fn is_over(&mut self, now_ms: u64) -> bool {
        let Some(stopping) = self.stopping else { return false };
        // A reboot that we were held for needs us no more.
        let acts_run = self.apps.iter().any(|app| app.act.is_some()) && !self.is_rebooting();
        let apps_live = || self.at_end == AtEnd::StopApps && self.own_members_live();
        let is_over = now_ms >= stopping.gone_at
            || self.guardian.pid().is_none()
                && !acts_run
                && !apps_live()
                && self.is_parting_durable();
        if is_over {
            self.guardian.end();
            self.keeper.stamp(now_ms);
        }
        is_over
    }

    /// SIGHUP: the file is read again; what is wrong leaves the old config in force.
    pub(crate) fn reload_config(&mut self, now_ms: u64) {
        self.is_reload_due = false;
        self.notify.reloading();
        let loaded = match &self.config_path {
            None => Err("this defib was started without a config file".to_owned()),
            Some(path) => self
                .files
                .config(path)
                .map_err(|error| format!("{}: {error}", path.display()))
                .and_then(|text| match defib_config::load(&text, &self.host) {
                    Ok(loaded) => Ok((text, loaded.config)),
                    Err(report) => {
                        Err(report.errors().render(&path.to_string_lossy(), &text, false))
                    }
                }),
        };
        match loaded {
            Ok((text, config)) => self.swap_config(text, config, now_ms),
            Err(message) => {
                self.notify.complain(&format!(
                    "the new config was refused; the old one stays in force\n{message}"
                ));
                self.config_fault = Some(message);
                self.tell_config_fault();
            }
        }
        self.tell_service_status();
        self.notify.ready();
    }

    /// What is in force is the last good config, until a better one is.
    pub(crate) fn keep_config(&self) {
        if self.config_path.is_some() {
            self.files.keep_config(&self.config_text);
        }
    }

    /// Tells the guardian, for `status` and the journal, why the file's config is not in force.
    pub(crate) fn tell_config_fault(&mut self) {
        if let Some(fault) = &self.config_fault {
            let message = words::cut(fault, 1024);
            self.guardian.say(&Report::ConfigRefused { message });
        }
    }

    /// Apps are known by name: one that stays keeps its process. One that is gone is left alone.
    fn swap_config(&mut self, text: String, config: Config, now_ms: u64) {
        self.end_drill();
        let mut old: Vec<(String, AppState)> =
            self.config.apps.iter().map(|app| app.name.clone()).zip(self.apps.drain(..)).collect();
        self.apps = config
            .apps
            .iter()
            .map(|app| {
                let at = old.iter().position(|(name, _)| *name == app.name);
                at.map(|at| old.swap_remove(at).1).unwrap_or_default()
            })
            .collect();
        self.config = config;
        self.config_text = text;
        self.config_fault = None;
        self.keep_config();
        for index in 0..self.apps.len() {
            // The number of the app may be another now.
            if let Some(main) = self.apps[index].main.take() {
                let identity = main.identity;
                drop(main);
                let token = Some(Token::Main(AppId(index as u16)));
                self.apps[index].main = self.processes.hold(identity, token);
                // So may its target.
                self.apps[index].group = None;
                self.open_group(AppId(index as u16), identity);
            }
        }
        self.take_stock(now_ms);
        self.send_config(now_ms);
    }
}
