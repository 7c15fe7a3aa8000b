//! The rungs that end the machine. All of them are judged from files: none is tried.

use super::{Case, MACHINE, OBSERVES, Rung, State};
use crate::doctor::facts::healer::Healer;
use crate::doctor::facts::watchdog::Device;

type Judge = fn(Case<'_>) -> Result<String, String>;

/// In rising order of violence.
const RUNGS: [(&str, Judge); 5] = [
    ("polite reboot", polite),
    ("forced reboot", forced),
    ("reboot(2)", syscall),
    ("sysrq s-u-b", sysrq),
    ("watchdog", watchdog),
];

pub(super) fn rungs(case: Case<'_>) -> Vec<Rung> {
    let judged: Vec<(&str, Result<String, String>)> =
        RUNGS.into_iter().map(|(name, judge)| (name, possible(case, judge))).collect();
    // One way to a reset is what the config counts on, not all five; and somebody who goes it.
    let none = judged.iter().all(|(_, result)| result.is_err());
    let is_promised = case.may_reboot() == Some(true) && (none || case.said_no_reboot().is_some());
    judged
        .into_iter()
        .map(|(name, result)| {
            let state = match result {
                Err(why) => State::Cannot(why),
                Ok(how) => allowed(case, how),
            };
            Rung { about: MACHINE.to_owned(), name, state, is_promised }
        })
        .collect()
}

fn possible(case: Case<'_>, judge: Judge) -> Result<String, String> {
    if let Some(kind) = &case.facts.who.container {
        return Err(format!("this is a container ({kind}): the machine is not its to end"));
    }
    if !case.as_root {
        return Err("only root may".to_owned());
    }
    judge(case)
}

fn allowed(case: Case<'_>, how: String) -> State {
    match case.may_reboot() {
        Some(false) => State::NotAllowed("reboot = \"never\" in [machine]".to_owned()),
        _ if case.is_observing() => State::NotAllowed(OBSERVES.to_owned()),
        _ => State::Can(how),
    }
}

fn by_manager(case: Case<'_>) -> Result<(), String> {
    let manager = &case.facts.manager;
    if !manager.is_systemd {
        return Err(format!("needs systemd, and PID 1 is {}", manager.first_process));
    }
    if !manager.is_reachable() {
        return Err("neither the system bus nor PID 1's own socket is there".to_owned());
    }
    Ok(())
}

fn polite(case: Case<'_>) -> Result<String, String> {
    by_manager(case)?;
    match (case.said_no_reboot(), case.facts.manager.has_bus) {
        (Some(why), _) if case.may_reboot() != Some(false) => {
            Err(format!("the running agent says: {why}"))
        }
        (_, true) => Ok("asks logind, which stops the services in order".to_owned()),
        (_, false) => Ok("asks PID 1 for reboot.target".to_owned()),
    }
}

fn forced(case: Case<'_>) -> Result<String, String> {
    by_manager(case)?;
    Ok("asks PID 1 to reboot without waiting for any service".to_owned())
}

fn syscall(case: Case<'_>) -> Result<String, String> {
    let runs = case.facts.executor.as_ref().and_then(|executor| executor.may_boot);
    match (runs, case.facts.who.may_service_boot) {
        (Some(false), _) => return Err("the running defib is without CAP_SYS_BOOT".to_owned()),
        (None, Some(false)) => {
            return Err("PID 1, and so a service, is without CAP_SYS_BOOT".to_owned());
        }
        _ => {}
    }
    Ok("asks the kernel; nothing is stopped, nothing is synced".to_owned())
}

fn sysrq(case: Case<'_>) -> Result<String, String> {
    if !case.facts.kernel.has_sysrq_trigger {
        return Err("this kernel has no /proc/sysrq-trigger".to_owned());
    }
    Ok("sync, read-only, reset, by /proc/sysrq-trigger".to_owned())
}

fn watchdog(case: Case<'_>) -> Result<String, String> {
    let facts = case.facts;
    let Some(device) = facts.watchdogs.devices.first() else {
        let phantom = "/dev/watchdog is a node without a driver: /sys/class/watchdog is empty";
        let nothing = "there is none: /sys/class/watchdog is empty";
        let why = if facts.watchdogs.has_node { phantom } else { nothing };
        return Err(why.to_owned());
    };
    let shown = describe(device);
    if let Some(time) = &facts.manager.runtime_watchdog {
        return Ok(format!(
            "{shown}: PID 1 feeds it (RuntimeWatchdogSec={time}), so PID 1's is used"
        ));
    }
    if !device.is_armed || facts.executor.is_some() && owner(&facts.healers).is_none() {
        return Ok(shown);
    }
    let owner = owner(&facts.healers).unwrap_or("somebody else");
    Err(format!("{shown}: {owner} has it open, and only one can"))
}

/// The healer that has armed it.
fn owner(healers: &[Healer]) -> Option<&str> {
    healers.iter().map(|healer| healer.what.as_str()).find(|what| what.contains("watchdog"))
}

fn describe(device: &Device) -> String {
    let mut shown = format!("{} ({})", device.name, device.identity);
    if let Some(timeout) = device.timeout_s {
        shown = format!("{shown}, resets after {timeout} s unfed");
    }
    if device.is_for_ever {
        shown.push_str(", cannot be disarmed (nowayout)");
    }
    shown
}
