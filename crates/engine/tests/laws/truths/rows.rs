//! The truths that are lived through.

use super::{Fault, Keeper, Truth, Views, holds};

const PHASES_MS: [u64; 4] = [0, 1_300, 2_600, 4_900];

/// Every mix of these, each at a phase of its own.
fn each(faults: &[Fault], keepers: &[Keeper], views: &[Views], cured: &[bool]) {
    let mut count = 0;
    for fault in faults {
        for keeper in keepers {
            for views in views {
                for cured in cured {
                    let phase_ms = PHASES_MS[count % PHASES_MS.len()];
                    let reboot = count % 3 > 0;
                    count += 1;
                    holds(&Truth {
                        fault: *fault,
                        keeper: *keeper,
                        views: *views,
                        reboot,
                        observes: false,
                        cured: *cured,
                        phase_ms,
                    });
                }
            }
        }
    }
}

const STARTERS: [Keeper; 3] = [Keeper::Child, Keeper::Unit, Keeper::Command];
const KNOWING: [Keeper; 2] = [Keeper::Child, Keeper::Unit];
const BOTH: [bool; 2] = [true, false];

#[test]
fn what_gives_no_answer() {
    let views = [Views::App, Views::Path, Views::AppAndPath, Views::AppAndListener];
    each(&[Fault::Hangs], &STARTERS, &views, &BOTH);
    each(&[Fault::Hangs], &KNOWING, &[Views::TwoOfApp, Views::AppAndDependency], &BOTH);
    each(&[Fault::Refuses], &KNOWING, &[Views::App, Views::Path], &BOTH);
    each(&[Fault::Spins], &KNOWING, &[Views::App], &BOTH);
    each(&[Fault::Hangs, Fault::Errs], &[Keeper::Nobody], &[Views::App, Views::Path], &[false]);
}

#[test]
fn what_gives_a_wrong_answer() {
    let faults = [Fault::Errs, Fault::WrongBody, Fault::Resets, Fault::BrokenTls];
    each(&faults, &STARTERS, &[Views::App], &BOTH);
    let views = [Views::Path, Views::AppAndPath, Views::TwoOfApp, Views::AppAndDependency];
    each(&[Fault::Errs], &KNOWING, &views, &BOTH);
}

#[test]
fn what_is_dead() {
    let views = [Views::App, Views::Path, Views::AppAndPath, Views::AppAndBrokenDependency];
    each(&[Fault::Dies], &KNOWING, &views, &BOTH);
    each(&[Fault::Dies], &[Keeper::Command], &[Views::App], &[true]);
}

#[test]
fn what_no_act_cures() {
    let faults = [Fault::NotFound, Fault::CertificateExpired, Fault::NeverPassed];
    each(&faults, &STARTERS, &[Views::App, Views::Path, Views::AppAndPath], &[false]);
    each(&[Fault::PathCut], &STARTERS, &[Views::AppAndPath], &[false]);
    let broken = [Views::AppAndBrokenDependency];
    each(&[Fault::Hangs, Fault::Errs, Fault::NotFound], &STARTERS, &broken, &[false]);
    each(&[Fault::DiskFull, Fault::HangsBesideFullDisk], &KNOWING, &[Views::App], &[false]);
    each(&[Fault::SleepsOnServer], &KNOWING, &[Views::App], &[false]);
}

#[test]
fn what_is_unclear() {
    each(&[Fault::OneViewHangs], &STARTERS, &[Views::TwoOfApp], &[false]);
    each(&[Fault::LosesOneLook], &STARTERS, &[Views::App, Views::Path], &[false]);
}

#[test]
fn what_the_machine_lacks() {
    let faults =
        [Fault::LeaksMemory, Fault::OthersMemory, Fault::SleepsOnDisk, Fault::DiskReadOnly];
    each(&faults, &KNOWING, &[Views::App, Views::AppAndListener], &BOTH);
    each(&[Fault::NoDescriptors], &KNOWING, &[Views::App], &BOTH);
}

#[test]
fn whoever_observes_tells_the_same_and_does_nothing() {
    let faults = [Fault::Hangs, Fault::Errs, Fault::Dies, Fault::NotFound, Fault::LeaksMemory];
    for fault in faults {
        let (keeper, views, phase_ms) = (Keeper::Unit, Views::App, 700);
        let (reboot, observes, cured) = (true, true, false);
        holds(&Truth { fault, keeper, views, reboot, observes, cured, phase_ms });
    }
}
