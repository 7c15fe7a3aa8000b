//! One turn of the loop: what was heard, then what is due.

use crate::act::{Act, command_log};
use crate::boundary::{Call, Token};
use crate::drill::Drill;
use crate::executor::Executor;
use crate::guardian::News;
use defib_engine::id::AppId;

/// A wake-up this much later than asked means that we ourselves did not run: stopped, or asleep.
const LATE_MS: u64 = 1_000;

/// How often growing output files are looked at, at the most.
const OUTPUTS_EVERY_MS: u64 = 1_000;

impl Executor {
    /// The time by the clock that it was given.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Looks for what an earlier executor left running. Once, before the first turn.
    pub fn begin(&mut self) {
        let now_ms = self.now_ms();
        self.take_stock(now_ms);
        self.begin_watchdog(now_ms);
    }

    /// The earliest deadline.
    pub fn due_ms(&self) -> u64 {
        let acts = self.apps.iter().filter_map(|app| app.act.as_ref()).map(Act::deadline_ms);
        let deaths = self.apps.iter().filter_map(|app| app.unit_death).map(|(due, _)| due);
        let listeners = self.apps.iter().filter(|app| app.act.is_none());
        let listeners = listeners.filter_map(|app| app.listener_due).map(|(due, _)| due);
        let stopping = self.stopping.map(|it| if it.killed { it.gone_at } else { it.kill_at });
        let unheld = self.apps.iter().filter_map(|app| app.unheld).map(|(due, _)| due);
        let strangers = self.apps.iter().filter(|app| app.act.is_none());
        let strangers = strangers.filter_map(|app| app.stranger.as_ref()).map(|it| it.look_at);
        let others = [
            self.guardian.deadline_ms(),
            self.manager.deadline_ms(),
            stopping,
            self.drill.as_ref().map(Drill::deadline_ms),
            self.held_until,
            self.deaths.deadline_ms().filter(|_| self.stopping.is_none()),
            self.watchdog_deadline_ms(),
        ];
        acts.chain(deaths)
            .chain(listeners)
            .chain(unheld)
            .chain(strangers)
            .chain(others.into_iter().flatten())
            .chain([self.keeper.stamp_due_ms(), self.watchdog_due])
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Takes what woke us, then does what is due. `asked_ms`: when we wanted to be woken at the latest.
    /// Says whether all is over: we were told to end, and what had to end has.
    pub fn turn(&mut self, tokens: &[Token], asked_ms: u64) -> bool {
        let now_ms = self.now_ms();
        for token in tokens {
            self.take(*token, now_ms);
        }
        self.do_what_is_due(now_ms, now_ms > asked_ms + LATE_MS);
        self.is_over(now_ms)
    }

    fn take(&mut self, token: Token, now_ms: u64) {
        match token {
            Token::Called(Call::Reap) => self.reap(now_ms),
            Token::Called(Call::Reload) => self.is_reload_due = true,
            Token::Called(Call::Stop) => self.begin_stopping(now_ms),
            Token::Guardian => self.hear_guardian(now_ms),
            Token::Manager => self.take_manager_news(now_ms),
            Token::Disk => self.keeper.disk_news(),
            Token::Main(app) if usize::from(app.0) < self.apps.len() => {
                self.check_main(app, now_ms);
            }
            // Acts are all looked at below.
            Token::Main(_) | Token::Act(_) => {}
        }
    }

    fn do_what_is_due(&mut self, now_ms: u64, was_late: bool) {
        if self.manager.deadline_ms().is_some_and(|due| due <= now_ms) {
            self.take_manager_news(now_ms);
        }
        self.hold_again(now_ms);
        self.tell_unit_deaths(now_ms);
        self.look_at_strangers(now_ms);
        for index in 0..self.apps.len() {
            self.advance_act(AppId(index as u16), now_ms);
        }
        if self.is_reload_due && self.apps.iter().all(|app| app.act.is_none()) {
            self.reload_config(now_ms);
        }
        if self.keeper.stamp_due_ms() <= now_ms {
            self.keeper.stamp(now_ms);
        }
        if self.watchdog_due <= now_ms {
            self.notify.watchdog();
            self.plan_watchdog(now_ms);
        }
        self.keep_guardian(now_ms, was_late);
        self.keep_drill(now_ms);
        self.keep_watchdog(now_ms);
        self.keep_stopping(now_ms);
        self.find_listeners(now_ms);
    }

    fn keep_guardian(&mut self, now_ms: u64, was_late: bool) {
        self.end_observing(now_ms);
        if let Some(news) = self.guardian.check_silence(now_ms, was_late) {
            self.take_guardian_news(news, now_ms);
        }
        if let Err(error) = self.guardian.start_if_due(now_ms) {
            self.notify.complain(&format!(
                "the guardian could not be started, and is tried again: {error}"
            ));
        }
    }

    fn hear_guardian(&mut self, now_ms: u64) {
        self.guardian.flush();
        // A guardian that floods us must not keep us from everything else.
        for _ in 0..64 {
            let Some(news) = self.guardian.hear(now_ms) else { return };
            let is_gone = matches!(news, News::Gone(_));
            self.take_guardian_news(news, now_ms);
            if is_gone {
                return;
            }
        }
    }

    /// Cuts output files that have grown too long. Called when we are awake anyway.
    pub(crate) fn cut_outputs(&mut self, now_ms: u64) {
        if now_ms < self.outputs_due {
            return;
        }
        self.outputs_due = now_ms + OUTPUTS_EVERY_MS;
        for app in &self.config.apps {
            for name in [app.name.clone(), command_log(&app.name)] {
                if let Err(error) = self.files.cut_output(&name) {
                    self.notify.complain(&format!("the output of {name} cannot be cut: {error}"));
                }
            }
        }
    }

    pub(crate) fn plan_watchdog(&mut self, now_ms: u64) {
        self.watchdog_due =
            self.notify.watchdog_every_ms().map_or(u64::MAX, |every_ms| now_ms + every_ms);
    }
}
