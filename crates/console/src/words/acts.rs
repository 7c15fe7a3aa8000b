//! Acts: what is done, how it went, how it ended.

use crate::words::span;
use defib_engine::effect::Rung;
use defib_engine::event::{Exit, Failure, OrderRefusal, Outcome};
use defib_engine::note::{Ending, HandOver, RungFault, Thaw};
use defib_engine::policy::RungSet;
use defib_journal::order::ActStep;

const RUNGS: [Rung; 6] =
    [Rung::Start, Rung::Reload, Rung::Clean, Rung::Restart, Rung::Kill, Rung::Reboot];

/// The rung as an act.
pub const fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Start => "start",
        Rung::Reload => "reload",
        Rung::Restart => "restart",
        Rung::Kill => "kill + start",
        Rung::Reboot => "reboot",
        Rung::Clean => "clean",
    }
}

/// The rung as something that was done.
pub const fn rung_past(rung: Rung) -> &'static str {
    match rung {
        Rung::Start => "started",
        Rung::Reload => "reloaded",
        Rung::Restart => "restarted",
        Rung::Kill => "killed and started",
        Rung::Reboot => "rebooted the machine",
        Rung::Clean => "cleaned the full disk",
    }
}

/// The rungs of a set, in rising order of cost.
pub fn rungs(set: RungSet) -> String {
    let names: Vec<&str> = RUNGS.into_iter().filter(|r| set.has(*r)).map(rung).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// How a process ended.
pub fn exit(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => format!("signal {number}{}", signal_name(number)),
        Exit::Unseen => "unseen: it was not our child".to_owned(),
    }
}

/// Those of `signal(7)` that end servers, with the numbers of x86 and ARM.
const fn signal_name(number: u8) -> &'static str {
    match number {
        1 => " (HUP)",
        2 => " (INT)",
        3 => " (QUIT)",
        4 => " (ILL)",
        6 => " (ABRT)",
        7 => " (BUS)",
        8 => " (FPE)",
        9 => " (KILL)",
        11 => " (SEGV)",
        15 => " (TERM)",
        24 => " (XCPU)",
        _ => "",
    }
}

/// A step of an act.
pub const fn step(step: ActStep) -> &'static str {
    match step {
        ActStep::Written => "written into the ledger",
        ActStep::TermSent => "TERM sent",
        ActStep::KillSent => "KILL sent",
        ActStep::ReloadSent => "reload asked for",
        ActStep::Ended => "the old process is gone",
        ActStep::OrphansEnded => "processes of an earlier life ended",
        ActStep::Started => "the new process was started",
        ActStep::JobQueued => "the service manager took the job",
        ActStep::JobDone => "the service manager finished the job",
        ActStep::CommandStarted => "the recover command was started",
        ActStep::GroupKilled => "its whole cgroup was killed",
        ActStep::Frozen => "its cgroup was frozen and killed",
        ActStep::RebootAsked => "the machine was asked to reboot",
        ActStep::RebootAccepted => "the service manager began the reboot",
        ActStep::RebootForced => "the service manager was told to reboot at once",
        ActStep::ResetCalled => "the kernel was told to reset the machine",
        ActStep::SysrqSent => "sysrq: sync, read-only, reset",
        ActStep::FeedingEnded => "the hardware watchdog is left unfed",
    }
}

/// How an order ended.
pub fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed(why) => format!("failed: {}", failure(why)),
        Outcome::Refused(why) => format!("refused by the executor: {}", refused_order(why)),
        Outcome::Interrupted => "interrupted: nobody knows how far it went".to_owned(),
    }
}

/// Why an order could not be done.
pub fn failure(failure: Failure) -> String {
    match failure {
        Failure::Deadline => "its deadline passed".to_owned(),
        Failure::OurLimit => "the machine gave us no memory, descriptor or process".to_owned(),
        Failure::NotStartable => "the program is not there, or may not be run".to_owned(),
        Failure::ExitCode(code) => format!("the command ended with {code}"),
        Failure::Job => "the service manager says that the job failed".to_owned(),
        Failure::NoManager => "the service manager cannot be reached".to_owned(),
        Failure::Unkillable => "the process does not go away".to_owned(),
        Failure::NotPossible => "not possible here".to_owned(),
        Failure::StillFull => "the disk is still full".to_owned(),
    }
}

/// Why the executor refused.
pub const fn refused_order(refusal: OrderRefusal) -> &'static str {
    match refusal {
        OrderRefusal::Repeated => "this intent was already carried out",
        OrderRefusal::UnknownTarget => "the app is not in the validated config",
        OrderRefusal::Budget => "the budget is spent",
        OrderRefusal::MinUptime => "the machine has not been up for long enough",
        OrderRefusal::Frozen => "too many reboots without a verified recovery",
        OrderRefusal::NotPermitted => "the act is not allowed",
        OrderRefusal::WrongIdentity => "the process is not the one that was judged",
        OrderRefusal::Busy => "another act on this app is running",
        OrderRefusal::LedgerUnwritable => "the ledger cannot be written",
        OrderRefusal::Stale => "the order was too long on its way",
    }
}

/// Why a rung did not help.
pub fn rung_fault(fault: RungFault) -> String {
    match fault {
        RungFault::NotDone(how) => outcome(how),
        RungFault::NoHealth { passes, need } => {
            format!("no lasting health: {passes} of {need} good looks in time")
        }
        RungFault::DiedAgain { after_ms } => format!("it died again {} later", span(after_ms)),
        RungFault::Relapsed { after_ms } => {
            format!("it was well and went down again {} later", span(after_ms))
        }
    }
}

/// Why it is over to a person.
pub const fn hand_over(why: HandOver) -> &'static str {
    match why {
        HandOver::LadderEnds => "no further act is allowed and possible",
        HandOver::BudgetSpent => "the budget is spent",
        HandOver::IncidentSpent => "this incident has had its acts",
        HandOver::NoCure => "no act of defib cures this",
        HandOver::Frozen => "the last reboots did not help, and there is no other now (frozen)",
        HandOver::CrashLoop => "it dies after every start; starting goes on, ever more slowly",
    }
}

/// What ended a freeze.
pub const fn thaw(by: Thaw) -> &'static str {
    match by {
        Thaw::Recovery => "an app that was rebooted for is well",
        Thaw::Person => "a person said so",
        Thaw::Time => "a day has passed",
    }
}

/// How an incident ended, as in JSON and tables.
pub const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Recovered { .. } => "recovered",
        Ending::SelfHealed => "self-healed",
        Ending::Passed => "passed",
        Ending::Superseded => "superseded",
    }
}

/// Why an app cannot be started, of all that the executor says is not possible (`start: why; kill: why`).
pub fn why_no_start(why_not: &str) -> Option<&str> {
    why_not.split("; ").find_map(|part| part.strip_prefix("start: "))
}

/// The sentence that tells it.
pub fn cannot_start(why: &str) -> String {
    format!("it cannot be started: {why}")
}
