//! Permission by the config as its author wrote it: S5, S13.

use super::scene::{Active, Scene};
use super::{Check, Found, TWO_READINGS_MS};
use crate::fact::Fact;
use crate::plan::AppFault;
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, Permission};

/// The checker.
pub(super) struct Permissions;

impl Check for Permissions {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        if let Fact::Noted(Note::Alarm { app, invariant }) = fact {
            // The engine's own last line of defence has held an order back: nothing was done, and yet a
            // decision was wrong, and from now on the app is only observed.
            let (app, invariant) = (app.0, *invariant);
            found.breach("S5", at_ms, || format!("an order on app {app} would break S{invariant}"));
        }
        let Fact::Intended { order, .. } = fact else { return };
        if let Some(why) = forbidden(scene, order) {
            let (rung, class) = (order.rung, order.class);
            found.breach("S5", at_ms, || format!("{rung:?} for {class:?}: {why}"));
        }
        if order.rung == Rung::Reboot && order.class == Class::Unknown {
            found.breach("S13", at_ms, || "a reboot for an unknown fault".into());
        }
    }
}

fn forbidden(scene: &Scene, order: &Order) -> Option<&'static str> {
    let policy = scene.policy();
    let Some(rules) = policy.apps.get(usize::from(order.app.0)) else {
        return Some("the app is not in the config");
    };
    if policy.mode == Mode::Observe {
        return Some("the mode is observe");
    }
    if !rules.rungs.has(order.rung) {
        return Some("the target has no such rung");
    }
    if order.rung == Rung::Reboot && policy.reboot != Permission::Allowed {
        return Some("reboots are not allowed");
    }
    // What is unclear is S13's.
    let may_reboot = rules.reboot_on.has(order.class) || order.class == Class::Unknown;
    if order.rung == Rung::Reboot && !may_reboot {
        return Some("`reboot_on` does not name the class");
    }
    // No signal reaches what sleeps in the kernel; an ill disk beside an app that is mute may not be why.
    let is_gentle = order.purse == Purse::Gentle && order.rung == Rung::Restart;
    let is_mute_only =
        order.class == Class::KernelIo && is_gentle && !is_known_asleep(scene, order);
    let may = cures(order.class, order.rung) || is_mute_only;
    (!may).then_some("no such rung cures the class")
}

/// That it sleeps is told by two readings; what has just fallen asleep is not known to.
fn is_known_asleep(scene: &Scene, order: &Order) -> bool {
    let app = usize::from(order.app.0);
    let is_asleep = |active: &Active| {
        let since_ms = active.since_ms + TWO_READINGS_MS;
        matches!(active.fault, AppFault::Unkillable) && since_ms < scene.now_ms
    };
    // Of what nobody knows the process of nothing is measured.
    scene.rules(app).process_known && scene.apps[app].faults.iter().any(is_asleep)
}

/// The permitted rungs of each class, as the house plan has them.
fn cures(class: Class, rung: Rung) -> bool {
    match rung {
        Rung::Start => matches!(class, Class::Dead | Class::CrashLoop),
        Rung::Reload => true,
        Rung::Clean => class == Class::Exhausted,
        Rung::Restart => matches!(
            class,
            Class::Hung
                | Class::Erroring
                | Class::Unknown
                | Class::Spinning
                | Class::Memory
                | Class::Exhausted
        ),
        Rung::Kill => matches!(
            class,
            Class::Dead
                | Class::CrashLoop
                | Class::Hung
                | Class::Erroring
                | Class::Spinning
                | Class::Memory
        ),
        Rung::Reboot => !matches!(class, Class::CrashLoop),
    }
}
