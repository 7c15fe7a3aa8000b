//! Across the gap: a boot is judged once, by the first executor of the next, and a reset that nobody has paid for is
//! paid then.

use super::{BOOT, MINUTE, NEXT_BOOT, Store, begin};
use crate::boundary::{Boots, Panic, Signs};
use crate::ledger::{Boot, Keeper};
use defib_engine::effect::Rung;
use defib_engine::time::Moment;
use defib_journal::boot::BootEnding;
use defib_journal::ledger::{BootEnd, Damaged, WatchdogMark};
use std::io;

/// What the machine says of the last boot's end.
struct Witness(Option<Panic>);

impl Boots for Witness {
    fn signs(&mut self) -> Signs {
        Signs { panic: self.0, ..Signs::default() }
    }

    fn show_at_login(&mut self, _text: Option<&str>) -> io::Result<()> {
        Ok(())
    }
}

fn ended(leave: impl FnOnce(&mut Keeper), panic: Option<Panic>) -> (Store, Keeper) {
    let (store, mut keeper) = Store::fresh();
    leave(&mut keeper);
    drop(keeper);
    let file = std::fs::File::open("/dev/null").expect("it is everywhere");
    let copies = crate::boundary::Copies {
        fast: Box::new(store.clone()),
        fast_name: "fast".into(),
        on_disk: Err(Damaged::Empty),
        writer: Box::new(super::Writer(store.clone(), file)),
    };
    let boot = Boot { id: NEXT_BOOT, has_reset_us: false };
    let (keeper, _) =
        Keeper::open(copies, &["shop"], boot, &mut Witness(panic), 5).expect("written");
    (store, keeper)
}

fn armed(keeper: &mut Keeper) {
    keeper.mark_watchdog(WatchdogMark::Armed, MINUTE).expect("written");
}

/// What the last boot left, what was recorded of its end, what it is called, and how many restarts are paid for.
type Row = (fn(&mut Keeper), Option<Panic>, BootEnding, usize);

fn nothing(_: &mut Keeper) {}

fn reboots(keeper: &mut Keeper) {
    begin(keeper, 1, Rung::Reboot, MINUTE);
}

fn both(keeper: &mut Keeper) {
    armed(keeper);
    reboots(keeper);
}

/// A machine that is reset again and again is no cure: whoever did it, it counts. What we have ordered is paid.
#[test]
fn a_reset_that_nobody_has_paid_for_is_charged_once_at_the_beginning_of_the_next_boot() {
    let table: [Row; 7] = [
        (nothing, None, BootEnding::Cut, 0),
        (armed, None, BootEnding::Reset, 1),
        (nothing, Some(Panic::Other), BootEnding::Panic, 1),
        (nothing, Some(Panic::OutOfMemory), BootEnding::OutOfMemory, 1),
        (armed, Some(Panic::Other), BootEnding::Panic, 1),
        (reboots, None, BootEnding::Ours, 1),
        (both, Some(Panic::Other), BootEnding::Ours, 1),
    ];
    for (leave, panic, ending, paid) in table {
        let (store, keeper) = ended(leave, panic);
        let last = keeper.last_boot().expect("it was another boot");
        assert_eq!((last.ending, last.boot_id), (ending, NEXT_BOOT), "{panic:?}");
        assert_eq!(keeper.ledger().reboots.len(), paid, "{ending:?}");
        let is_ours = ending == BootEnding::Ours;
        let by_nobody = keeper.ledger().reboots.iter().filter(|it| it.app.is_none()).count();
        assert_eq!(by_nobody, if is_ours { 0 } else { paid }, "{ending:?}");
        if by_nobody > 0 {
            let at = keeper.ledger().reboots.iter().map(|it| it.at).next_back();
            assert_eq!(at, Some(keeper.moment(0)));
        }
        // Whoever comes later in this boot says the same, and nobody pays again.
        let later = store.opened(NEXT_BOOT, 50);
        assert_eq!(later.last_boot(), Some(last));
        assert_eq!(later.ledger().reboots.len(), paid);
    }
}

#[test]
fn the_first_executor_of_a_boot_knows_that_it_is_and_what_the_watchdog_tells() {
    let (store, first) = Store::fresh();
    assert_eq!((first.is_first(), first.last_boot_end()), (false, None), "of no other boot");
    let again = store.opened(BOOT, 10);
    assert_eq!((again.is_first(), again.last_boot_end(), again.last_boot()), (false, None, None));
    let next = store.opened(NEXT_BOOT, 20);
    assert_eq!((next.is_first(), next.last_boot_end()), (true, Some(BootEnd::NotArmed)));
    assert!(!store.opened(NEXT_BOOT, 30).is_first());
    let (_, keeper) = ended(armed, None);
    assert_eq!((keeper.is_first(), keeper.last_boot_end()), (true, Some(BootEnd::Reset)));
}

/// The line has no gap and no step back: what is charged to the next boot's beginning is not in the future.
#[test]
fn the_line_of_up_time_goes_on_where_the_last_boot_was_last_known_to_be() {
    let (_, keeper) = ended(armed, None);
    assert_eq!((keeper.moment(0), keeper.moment(7)), (Moment(MINUTE), Moment(MINUTE + 7)));
    assert_eq!(keeper.ledger().boot_id, NEXT_BOOT);
}

#[test]
fn a_farewell_is_on_both_copies_and_whoever_comes_back_in_the_same_boot_takes_it_back() {
    for is_shutdown in [true, false] {
        let (store, mut keeper) = Store::fresh();
        keeper.say_farewell(is_shutdown, 77);
        for kept in [store.durable(), store.given()] {
            let said = kept.farewell_now().expect("said");
            assert_eq!((said.is_shutdown, said.boottime_ms), (is_shutdown, 77));
        }
        let next = store.opened(NEXT_BOOT, 5).last_boot().map(|last| last.ending);
        assert_eq!(next == Some(BootEnding::Orderly), is_shutdown, "a stop of ours is not the end");
        let (store, mut keeper) = Store::fresh();
        keeper.say_farewell(is_shutdown, 77);
        store.opened(BOOT, 80);
        assert_eq!(store.durable().farewell_now(), None);
    }
}
