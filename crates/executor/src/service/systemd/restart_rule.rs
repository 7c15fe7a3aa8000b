//! Whether a service's own `Restart=` will start it again after this end: the rule of systemd's
//! `service_shall_restart()` (252), needed while the unit is still on its way down.

use crate::service::bus::value::ExitSet;
use defib_engine::event::Exit;

/// `si_code` of an orderly exit, as in `ExecMainCode`.
const CLD_EXITED: i32 = 1;
/// `si_code` of a death by a signal.
const CLD_KILLED: i32 = 2;
/// The same, with a core dump.
const CLD_DUMPED: i32 = 3;

/// How the main process ended last, as systemd tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ExecMain {
    /// `ExecMainCode`; 0 while it runs.
    pub(super) code: i32,
    /// `ExecMainStatus`: exit code or signal.
    pub(super) status: i32,
}

impl ExecMain {
    /// The same in the engine's words; `None` while it runs.
    pub(super) fn exit(self) -> Option<Exit> {
        let status = u8::try_from(self.status).ok()?;
        match self.code {
            CLD_EXITED => Some(Exit::Code(status)),
            CLD_KILLED | CLD_DUMPED => Some(Exit::Signal(status)),
            _ => None,
        }
    }

    fn is_in(self, set: &ExitSet) -> bool {
        let Ok(status) = u8::try_from(self.status) else { return false };
        match self.code {
            CLD_EXITED => set.has_code(status),
            CLD_KILLED | CLD_DUMPED => set.has_signal(status),
            _ => false,
        }
    }

    /// systemd's `is_clean_exit()` for daemons: 0, or HUP, INT, TERM, PIPE.
    fn is_clean(self) -> bool {
        match self.code {
            CLD_EXITED => self.status == 0,
            CLD_KILLED => matches!(self.status, 1 | 2 | 13 | 15),
            _ => false,
        }
    }

    fn is_signal(self) -> bool {
        matches!(self.code, CLD_KILLED | CLD_DUMPED)
    }
}

/// The properties that decide it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RestartRule {
    /// `Restart`.
    pub(super) restart: String,
    /// `RestartPreventExitStatus`.
    pub(super) prevent: ExitSet,
    /// `RestartForceExitStatus`.
    pub(super) force: ExitSet,
    /// `SuccessExitStatus`.
    pub(super) success: ExitSet,
}

impl RestartRule {
    /// Whether the service manager starts it again after this end.
    pub(super) fn covers(&self, end: ExecMain) -> bool {
        if end.code == 0 || end.is_in(&self.prevent) {
            return false;
        }
        if end.is_in(&self.force) {
            return true;
        }
        let is_success = end.is_clean() || end.is_in(&self.success);
        match self.restart.as_str() {
            "always" => true,
            "on-success" => is_success,
            "on-failure" => !is_success,
            "on-abnormal" | "on-abort" => !is_success && end.is_signal(),
            // `no`, and `on-watchdog`: no watchdog's end is told apart here.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(restart: &str) -> RestartRule {
        RestartRule { restart: restart.into(), ..RestartRule::default() }
    }

    const CLEAN: ExecMain = ExecMain { code: CLD_EXITED, status: 0 };
    const FAILED: ExecMain = ExecMain { code: CLD_EXITED, status: 3 };
    const TERM: ExecMain = ExecMain { code: CLD_KILLED, status: 15 };
    const KILL: ExecMain = ExecMain { code: CLD_KILLED, status: 9 };
    const CORE: ExecMain = ExecMain { code: CLD_DUMPED, status: 11 };

    /// The table of systemd.service(5), "Exit causes and the effect of the Restart= settings".
    #[test]
    fn the_manual_s_table_holds() {
        for (restart, covered) in [
            ("no", [false, false, false, false, false]),
            ("always", [true, true, true, true, true]),
            ("on-success", [true, false, true, false, false]),
            ("on-failure", [false, true, false, true, true]),
            ("on-abnormal", [false, false, false, true, true]),
            ("on-abort", [false, false, false, true, true]),
            ("on-watchdog", [false, false, false, false, false]),
        ] {
            let seen = [CLEAN, FAILED, TERM, KILL, CORE].map(|end| rule(restart).covers(end));
            assert_eq!(seen, covered, "Restart={restart}");
        }
    }

    #[test]
    fn exit_sets_come_before_the_setting() {
        let mut rule = rule("always");
        rule.prevent.add_code(3);
        assert!(!rule.covers(FAILED));
        let mut rule = RestartRule { restart: "no".into(), ..RestartRule::default() };
        rule.force.add_signal(9);
        assert!(rule.covers(KILL));
        assert!(!rule.covers(TERM));
        let mut rule = RestartRule { restart: "on-failure".into(), ..RestartRule::default() };
        rule.success.add_code(3);
        assert!(!rule.covers(FAILED));
    }

    #[test]
    fn a_running_process_is_not_started_again() {
        assert!(!rule("always").covers(ExecMain::default()));
    }
}
