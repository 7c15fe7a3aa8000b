//! The laws of the ledger's keeping: what is durable before anything is done, what the next executor finds, and how
//! far the disk copy is. Judged by the bytes that were written, at the boundary's two traits.

mod boots;
mod deeds;
mod disk;
mod durable;

use super::{Boot, Keeper};
use crate::boundary::{Copies, DiskJob, DiskWriter, NoBoots, NotTaken, Slots, newest};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_engine::policy::{AppPolicy, Budget, ClassSet, Deadlines, RungSet};
use defib_journal::ledger::{Damaged, Ledger, Slot};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

const BOOT: [u8; 16] = [1; 16];
const NEXT_BOOT: [u8; 16] = [2; 16];
const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
const LIVES: Identity = Identity { pid: 7, start_ticks: 9 };

/// Whether the helper takes a record.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Helper {
    #[default]
    Takes,
    IsFull,
    IsGone,
}

/// What is left when the executor is killed: the fast copy's two slots, and what the disk's helper was given.
#[derive(Default)]
struct Kept {
    slots: [Vec<u8>; 2],
    /// The fast copy cannot be written.
    fails: bool,
    helper: Helper,
    jobs: Vec<DiskJob>,
    done: VecDeque<(u64, bool)>,
}

#[derive(Clone, Default)]
struct Store(Rc<RefCell<Kept>>);

impl Slots for Store {
    fn read(&self, slot: Slot, bytes: &mut [u8]) -> usize {
        let kept = self.0.borrow();
        let from = &kept.slots[usize::from(slot == Slot::B)];
        bytes[..from.len()].copy_from_slice(from);
        from.len()
    }

    fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        let mut kept = self.0.borrow_mut();
        if kept.fails {
            return Err(io::ErrorKind::StorageFull.into());
        }
        kept.slots[usize::from(slot == Slot::B)] = bytes.to_vec();
        Ok(())
    }
}

/// The helper's end, and something to wait on.
struct Writer(Store, File);

impl DiskWriter for Writer {
    fn offer(&mut self, job: DiskJob) -> Result<(), NotTaken> {
        let mut kept = self.0.0.borrow_mut();
        match kept.helper {
            Helper::Takes => kept.jobs.push(job),
            Helper::IsFull => return Err(NotTaken::Full(job)),
            Helper::IsGone => return Err(NotTaken::Gone(job)),
        }
        Ok(())
    }

    fn done(&mut self) -> Option<(u64, bool)> {
        self.0.0.borrow_mut().done.pop_front()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.1.as_fd())
    }
}

impl Store {
    /// An executor of this boot takes it over.
    fn opened(&self, boot_id: [u8; 16], now_ms: u64) -> Keeper {
        self.open(Err(Damaged::Empty), boot_id, now_ms).0
    }

    fn open(
        &self,
        on_disk: Result<Ledger, Damaged>,
        boot_id: [u8; 16],
        now_ms: u64,
    ) -> (Keeper, Option<Damaged>) {
        let file = File::open("/dev/null").expect("it is everywhere");
        let writer = Box::new(Writer(self.clone(), file));
        let fast = Box::new(self.clone());
        let copies = Copies { fast, fast_name: "fast".into(), on_disk, writer };
        let boot = Boot { id: boot_id, has_reset_us: false };
        Keeper::open(copies, &["shop"], boot, &mut NoBoots, now_ms).expect("it can be written")
    }

    /// A keeper that nothing was told yet.
    fn fresh() -> (Store, Keeper) {
        let store = Store::default();
        let keeper = store.opened(BOOT, 0);
        (store, keeper)
    }

    /// The newest record of the fast copy: what the next executor of this boot begins with.
    fn durable(&self) -> Ledger {
        newest(self).expect("a whole one")
    }

    /// The last record that the helper was given.
    fn given(&self) -> Ledger {
        let kept = self.0.borrow();
        Ledger::decode_slot(&kept.jobs.last().expect("one").bytes).expect("a whole one")
    }

    fn jobs(&self) -> Vec<u64> {
        self.0.borrow().jobs.iter().map(|job| job.seq).collect()
    }

    fn is_done(&self, seq: u64, is_durable: bool) {
        self.0.borrow_mut().done.push_back((seq, is_durable));
    }

    fn fails(&self, fails: bool) {
        self.0.borrow_mut().fails = fails;
    }

    fn helper(&self, helper: Helper) {
        self.0.borrow_mut().helper = helper;
    }
}

fn rules(name: &str) -> AppPolicy {
    AppPolicy {
        name: name.into(),
        probes: Vec::new(),
        rungs: RungSet::NONE,
        process_known: true,
        reboot_on: ClassSet::REBOOT_DEFAULT,
        window_ms: 16_000,
        rise: 5,
        verify_ms: 20_000,
        start_grace_ms: MINUTE,
        relapse_ms: 10 * MINUTE,
        healthy_reset_ms: 10 * MINUTE,
        backoff_first_ms: 10_000,
        backoff_max_ms: 5 * MINUTE,
        budget: Budget::ACTS,
        incident_limit: 5,
        gentle_every_ms: 15 * MINUTE,
        unknown_wait_ms: 5 * MINUTE,
        deadlines: Deadlines {
            start_ms: 90_000,
            reload_ms: 20_000,
            restart_ms: 90_000,
            kill_ms: 30_000,
            reboot_ms: 60_000,
        },
    }
}

fn order(intent: u64, rung: Rung) -> Order {
    Order {
        intent: IntentId(intent),
        app: AppId(0),
        incident: IncidentId(3),
        rung,
        purse: if rung == Rung::Start { Purse::Free } else { Purse::Ladder },
        class: Class::Hung,
        identity: None,
        deadline_ms: 6_000,
    }
}

/// An order for the app *shop*, which is accepted.
fn begin(keeper: &mut Keeper, intent: u64, rung: Rung, now_ms: u64) {
    keeper.begin(&order(intent, rung), &rules("shop"), now_ms).expect("it can be written");
}
