//! What ought to be done, by the decision notes alone (004, 006, 081, 095): written down once more, in as few words
//! as it takes, and sharing no line with the engine.

use super::{Fault, Keeper, Truth, Views};
use defib_engine::effect::Rung;
use defib_engine::note::{Class, Ending, HandOver};

/// What the truth of a world asks for.
#[derive(Debug)]
pub(super) struct Due {
    /// What kind of fault is told; `None`: no incident is opened.
    pub(super) class: Option<Class>,
    /// The rungs of the ladder, each once, in this order.
    pub(super) rungs: Vec<Rung>,
    /// What is done for ever once these are used up.
    pub(super) for_ever: Option<Rung>,
    /// The first act begins so long after the fault, in milliseconds: not before, and not later.
    pub(super) first_ms: (u64, u64),
    /// Whether a person is told within half an hour, and what; empty: nobody is.
    pub(super) told: &'static [HandOver],
    /// How the incident ends when the cause is gone.
    pub(super) ending: Ending,
}

const SECOND: u64 = 1_000;

/// What is asked for where the first act (or nobody's) cures it, or nothing does.
pub(super) fn due(truth: &Truth) -> Due {
    let class = class(truth);
    let all = ladder(truth, class);
    let for_ever = if truth.observes { None } else { for_ever(truth, class) };
    let rungs = if truth.observes { vec![] } else { all };
    let rungs = if truth.cured { rungs.into_iter().take(1).collect() } else { rungs };
    let first = rungs.first().copied().or(for_ever);
    let last = if truth.cured { first } else { for_ever.or(rungs.last().copied()) };
    let told =
        if truth.observes || truth.cured && first.is_some() { &[] } else { told(truth, class) };
    let ending = ending(class, last);
    Due { class, rungs, for_ever, first_ms: first_ms(truth), told, ending }
}

fn class(truth: &Truth) -> Option<Class> {
    let sees_itself = truth.views != Views::Path;
    Some(match truth.fault {
        Fault::LosesOneLook => return None,
        Fault::Dies => Class::Dead,
        Fault::SleepsOnDisk | Fault::DiskReadOnly => Class::KernelIo,
        Fault::SleepsOnServer => Class::Dependency,
        Fault::LeaksMemory | Fault::OthersMemory => Class::Memory,
        Fault::CertificateExpired => Class::Certificate,
        Fault::PathCut if sees_itself => Class::Outside,
        _ if truth.views == Views::AppAndBrokenDependency => Class::Dependency,
        Fault::NotFound | Fault::NeverPassed => Class::Contract,
        Fault::DiskFull | Fault::HangsBesideFullDisk | Fault::NoDescriptors => Class::Exhausted,
        Fault::OneViewHangs if truth.views == Views::TwoOfApp => Class::Unknown,
        Fault::Spins => Class::Spinning,
        fault if fault.is_silent() => Class::Hung,
        _ => Class::Erroring,
    })
}

/// The rungs, cheapest first, without those that are not to be had here.
fn ladder(truth: &Truth, class: Option<Class>) -> Vec<Rung> {
    let path_only = truth.views == Views::Path;
    let (restart, reboot) = (Rung::Restart, Rung::Reboot);
    let kill = if truth.keeper == Keeper::Command { Rung::Restart } else { Rung::Kill };
    let mut rungs = match class {
        Some(Class::Hung | Class::Spinning | Class::Erroring) if path_only => vec![restart],
        Some(Class::Hung) => vec![kill, kill, reboot],
        // A reboot is for what is dead, hung, out of memory or stuck in the kernel.
        Some(Class::Spinning) => vec![kill, kill],
        Some(Class::Erroring) => vec![restart, kill],
        Some(Class::Memory) if truth.fault == Fault::LeaksMemory => vec![kill, kill, reboot],
        Some(Class::Memory | Class::KernelIo) => vec![reboot],
        Some(Class::Unknown) => vec![restart],
        Some(Class::Exhausted) if truth.fault == Fault::NoDescriptors => vec![restart],
        _ => vec![],
    };
    rungs.retain(|rung| match rung {
        Rung::Reboot => truth.reboot,
        _ => truth.keeper != Keeper::Nobody,
    });
    rungs
}

/// A hung app has one restart each quarter of an hour for ever, and what is dead is started for ever. An ill disk beside
/// it may not be why nobody is answered; what sleeps in the kernel no signal reaches.
fn for_ever(truth: &Truth, class: Option<Class>) -> Option<Rung> {
    match class {
        _ if truth.keeper == Keeper::Nobody => None,
        Some(Class::Hung | Class::Spinning) if truth.views != Views::Path => Some(Rung::Restart),
        Some(Class::Exhausted | Class::KernelIo)
            if truth.fault.is_silent()
                && truth.fault != Fault::SleepsOnDisk
                && truth.views != Views::Path =>
        {
            Some(Rung::Restart)
        }
        Some(Class::Dead) => Some(Rung::Start),
        _ => None,
    }
}

/// From the fault to the first act: up to an interval until a look meets it, then what convicts, then up to one look
/// more, and 50 ms for the evidence.
fn first_ms(truth: &Truth) -> (u64, u64) {
    let (earliest_s, latest_s) = match truth.fault {
        Fault::Dies if truth.keeper.knows_its_process() => return (0, 1),
        Fault::LeaksMemory | Fault::OthersMemory => (5, 13),
        Fault::SleepsOnDisk => (20, 28),
        Fault::OneViewHangs if truth.views == Views::TwoOfApp => (300, 312),
        _ => (16, 24),
    };
    (earliest_s * SECOND, latest_s * SECOND)
}

fn told(truth: &Truth, class: Option<Class>) -> &'static [HandOver] {
    match class {
        None | Some(Class::Dependency | Class::Intended) => &[],
        Some(Class::Contract | Class::Certificate | Class::Outside) => &[HandOver::NoCure],
        Some(Class::Dead) if truth.keeper != Keeper::Nobody => &[HandOver::CrashLoop],
        Some(Class::Hung | Class::Spinning) => &[HandOver::BudgetSpent, HandOver::LadderEnds],
        _ => &[HandOver::LadderEnds, HandOver::BudgetSpent],
    }
}

/// An act that was done and after which it is well has helped, as far as anybody can know.
fn ending(class: Option<Class>, last: Option<Rung>) -> Ending {
    let told_only = [
        Class::Certificate,
        Class::Outside,
        Class::Dependency,
        Class::Contract,
        Class::Busy,
        Class::Intended,
    ];
    match (last, class) {
        (Some(rung), _) => Ending::Recovered { rung },
        (None, Some(class)) if !told_only.contains(&class) => Ending::SelfHealed,
        _ => Ending::Passed,
    }
}
