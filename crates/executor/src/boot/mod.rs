//! Across the gap: how the last boot ended, judged once by the first executor of the next.
//!
//! The judgement is kept in the ledger, so that whoever comes later in the same boot says the same, and told
//! to each guardian; the first of them writes it into the journal.

mod judge;
mod login;

use crate::boundary::Boots;
use defib_journal::boot::LastBoot;
use defib_journal::ledger::Ledger;
use judge::{Marks, judge};

/// What is found out about the boot that `ledger` was written in. To be asked before
/// [`Ledger::next_boot`], and only in another boot. `has_reset_us`: `WDIOF_CARDRESET`.
pub(crate) fn last_boot(
    ledger: &Ledger,
    boot_id: [u8; 16],
    has_reset_us: bool,
    boots: &mut dyn Boots,
) -> LastBoot {
    let marks = Marks::of(ledger);
    let signs = boots.signs();
    let (ending, traces) = judge(&marks, &signs, has_reset_us);
    LastBoot {
        boot_id,
        ending,
        reboot: marks.reboot,
        traces,
        last_wall_ms: signs.last_wall_ms,
        began_wall_ms: signs.began_wall_ms,
    }
}

/// What is known of it when the ledger was lost: nothing.
pub(crate) fn without_ledger(boot_id: [u8; 16], boots: &mut dyn Boots) -> LastBoot {
    let signs = boots.signs();
    let (ending, traces) = judge::without_ledger();
    LastBoot {
        boot_id,
        ending,
        reboot: None,
        traces,
        last_wall_ms: signs.last_wall_ms,
        began_wall_ms: signs.began_wall_ms,
    }
}

/// Shows it at login, if there is something to say; else what an earlier boot left there goes. Why it could
/// not be shown, for people.
pub(crate) fn show(last: &LastBoot, boots: &mut dyn Boots) -> Option<String> {
    let machine = boots.recorded(last.boot_id);
    let machine = machine.filter(|it| it.is_of_the_end(last.last_wall_ms));
    let text = login::text(last, machine.as_ref());
    let shown = boots.show_at_login(text.as_deref());
    shown.err().map(|error| format!("the login message cannot be written: {error}"))
}
