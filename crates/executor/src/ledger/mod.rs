//! The ledger's keeping: one fast copy that survives the agent, one on disk that survives the machine.
//!
//! Each act waits for the fast copy only (tmpfs: microseconds). The disk copy is written by a helper,
//! because a sick disk may hold a write for ever; only a machine rung waits for it.

mod boots;
mod disk;
#[cfg(test)]
mod laws;

use crate::boot;
use crate::boundary::{Boots, Copies, Slots, newest};
use crate::error::Error;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Charge, LedgerIntent, Outcome, StartCount};
use defib_engine::freeze::{Freeze, VainReboot};
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::policy::AppPolicy;
use defib_engine::scale::WINDOWS_SCALE;
use defib_engine::time::Moment;
use defib_journal::ledger::{
    BootEnd, Damaged, EditError, IntentRecord, Ledger, Name, RebootMark, SLOT_BYTES, WatchdogMark,
};
use disk::Disk;
pub(crate) use disk::DiskState;
use std::io;
use std::os::fd::BorrowedFd;

/// The ledger is stamped this often, so that a hard reset ages no charge by more.
const STAMP_EVERY_MS: u64 = 600_000 / WINDOWS_SCALE;

/// Charges older than this are forgotten: no window of a budget is longer.
const KEEP_MS: u64 = 7 * 86_400_000;

/// The ledger and its two copies.
pub(crate) struct Keeper {
    ledger: Ledger,
    fast: Box<dyn Slots>,
    disk: Disk,
    buffer: Box<[u8; SLOT_BYTES]>,
    stamp_due_ms: u64,
    last_boot_end: Option<BootEnd>,
}

/// This boot, and what the watchdog's device says of the last one's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot {
    pub(crate) id: [u8; 16],
    /// `WDIOF_CARDRESET`.
    pub(crate) has_reset_us: bool,
}

impl Keeper {
    /// Takes the newest of the four slots, and goes on from there. `names`: the apps whose budgets
    /// count as spent if nothing can be read any more; why that is so comes back with the keeper.
    pub(crate) fn open(
        copies: Copies,
        names: &[&str],
        boot: Boot,
        boots: &mut dyn Boots,
        now_ms: u64,
    ) -> Result<(Keeper, Option<Damaged>), Error> {
        let boot_id = boot.id;
        let Copies { fast, fast_name, on_disk, writer } = copies;
        let (ledger, damage) = match Ledger::newest(newest(fast.as_ref()), on_disk) {
            Ok(ledger) => (ledger, None),
            Err(Damaged::Empty) => (Ledger::fresh(boot_id), None),
            Err(damage) => {
                let mut ledger = Ledger::pessimistic(names, boot_id, now_ms);
                ledger.last_boot = Some(boot::without_ledger(boot_id, boots));
                (ledger, Some(damage))
            }
        };
        let (disk, buffer) = (Disk::new(writer), slot_buffer());
        let mut keeper =
            Keeper { ledger, fast, disk, buffer, stamp_due_ms: 0, last_boot_end: None };
        keeper.settle_after_start(boot, boots, now_ms);
        keeper.write(now_ms).map_err(Error::io(format!("cannot write {fast_name}")))?;
        Ok((keeper, damage))
    }

    /// What it holds.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// An instant on the up-time line.
    pub(crate) fn moment(&self, now_ms: u64) -> Moment {
        self.ledger.now(now_ms)
    }

    /// Accepts an intent and pays for it, durably. Nothing may be done before this returned `Ok`.
    pub(crate) fn begin(
        &mut self,
        order: &Order,
        rules: &AppPolicy,
        now_ms: u64,
    ) -> Result<(), String> {
        let before = self.ledger.clone();
        let at = self.moment(now_ms);
        self.forget_old_starts(order.rung, rules, at);
        let edit: Result<(), EditError> =
            self.ledger.charge_and_intend(&rules.name, order.intent, order.rung, order.purse, at);
        if let (Rung::Reboot, Some(app)) = (order.rung, Name::new(&rules.name)) {
            let Order { intent, incident, class, .. } = *order;
            let boot_id = self.ledger.boot_id;
            self.ledger.mark_reboot(RebootMark {
                boot_id,
                intent,
                app,
                incident,
                class,
                step: None,
            });
        }
        let written = edit.map_err(|e| e.to_string()).and_then(|()| {
            self.write(now_ms).map_err(|e| format!("the ledger cannot be written: {e}"))
        });
        if written.is_err() {
            // What is not durable was not accepted; only the record's number stays used.
            let seq = self.ledger.seq;
            self.ledger = before;
            self.ledger.seq = seq;
        }
        written
    }

    /// Starts long ago say nothing about the app any more.
    fn forget_old_starts(&mut self, rung: Rung, rules: &AppPolicy, at: Moment) {
        let last = self.ledger.app(&rules.name).map(|app| app.last_start);
        if rung == Rung::Start && last.is_some_and(|last| at.since(last) >= rules.healthy_reset_ms)
        {
            self.ledger.settled(&rules.name);
        }
    }

    /// An intent ended. A result that cannot be written reads as *interrupted* later: never repeated.
    pub(crate) fn finish(&mut self, intent: IntentId, outcome: Outcome, now_ms: u64) {
        self.ledger.finish(intent, outcome);
        let _ = self.write(now_ms);
    }

    /// The app's main process is this one.
    pub(crate) fn started(
        &mut self,
        name: &str,
        identity: Identity,
        now_ms: u64,
    ) -> Result<(), String> {
        self.ledger.started(name, identity).map_err(|e| e.to_string())?;
        self.write(now_ms).map_err(|e| format!("the ledger cannot be written: {e}"))
    }

    /// Whoever `is_meant` by name (`None`: a reset that nobody asked for) was seen well. True if that takes a
    /// reboot in vain out of the account.
    pub(crate) fn recovered(
        &mut self,
        is_meant: impl Fn(Option<&str>) -> bool,
        now_ms: u64,
    ) -> bool {
        let is_news = self.ledger.recovered(is_meant);
        if is_news {
            let _ = self.write(now_ms);
        }
        is_news
    }

    /// A person has looked after reboots in vain. True if there were any. What cannot be written down was not
    /// said: it would be forgotten with us.
    pub(crate) fn thaw(&mut self, now_ms: u64) -> io::Result<bool> {
        let before = self.ledger.vain;
        let is_news = self.ledger.thaw();
        if is_news && let Err(error) = self.write(now_ms) {
            self.ledger.vain = before;
            return Err(error);
        }
        Ok(is_news)
    }

    /// What the reboots in vain forbid now.
    pub(crate) fn freeze(&self, now_ms: u64) -> Option<Freeze> {
        self.ledger.freeze(self.moment(now_ms))
    }

    /// The app's main process and all that belonged to it are gone.
    pub(crate) fn ended(&mut self, name: &str, now_ms: u64) {
        self.ledger.ended(name);
        let _ = self.write(now_ms);
    }

    /// The process that the ledger knows for this app, of this boot.
    pub(crate) fn process(&self, name: &str) -> Option<Identity> {
        let known = self.ledger.app(name)?.process?;
        (known.boot_id == self.ledger.boot_id).then_some(known.identity)
    }

    /// Whether an act on this app was cut off by an executor's end in the last `within_ms`.
    pub(crate) fn was_interrupted(&self, name: &str, now_ms: u64, within_ms: u64) -> bool {
        let now = self.moment(now_ms);
        self.ledger.app(name).is_some_and(|app| {
            let is_cut_off = |it: &IntentRecord| it.outcome == Some(Outcome::Interrupted);
            app.intents.iter().any(|it| is_cut_off(it) && now.since(it.at) < within_ms)
        })
    }

    /// All charges, intents and starts in the engine's words.
    pub(crate) fn told(&self, policy_apps: &[AppPolicy]) -> Told {
        let id_of = |name: &str| {
            policy_apps.iter().position(|app| app.name == name).map(|index| AppId(index as u16))
        };
        let mut told = Told::default();
        self.ledger.charges(id_of, &mut told.charges);
        told.vain = self.ledger.vain_reboots(id_of);
        for record in self.ledger.apps() {
            let Some(app) = id_of(record.name.as_str()) else { continue };
            told.intents.extend(record.intents.iter().map(|intent| LedgerIntent {
                app,
                intent: intent.intent,
                rung: intent.rung,
                outcome: intent.outcome,
            }));
            if record.start_count > 0 {
                let (count, last) = (record.start_count, record.last_start);
                told.starts.push(StartCount { app, count, last });
            }
        }
        told.intents.sort_by_key(|intent| intent.intent);
        told
    }

    /// When the next stamp is due.
    pub(crate) fn stamp_due_ms(&self) -> u64 {
        self.stamp_due_ms
    }

    /// Stamps it.
    pub(crate) fn stamp(&mut self, now_ms: u64) {
        let now = self.moment(now_ms);
        self.ledger.prune(now, KEEP_MS);
        let _ = self.write(now_ms);
    }

    /// Writes down what is done with the watchdog.
    pub(crate) fn mark_watchdog(&mut self, mark: WatchdogMark, now_ms: u64) -> io::Result<()> {
        self.ledger.mark_watchdog(mark);
        self.write(now_ms)
    }

    /// The watchdog is fed no more, on purpose: for the next executor of this boot, since the next boot knows
    /// it by the reboot's own intent. It is the last rung, so nothing is allocated.
    pub(crate) fn mark_starved(&mut self, now_ms: u64) {
        self.ledger.mark_watchdog(WatchdogMark::Starved);
        let _ = self.write_fast(now_ms);
    }

    /// The descriptor that tells of finished disk writes.
    pub(crate) fn disk_fd(&self) -> Option<BorrowedFd<'_>> {
        self.disk.fd()
    }

    /// Takes the helper's news.
    pub(crate) fn disk_news(&mut self) {
        self.disk.news();
    }

    /// How far the disk copy is, compared with the record that was written last.
    pub(crate) fn disk_state(&self) -> DiskState {
        self.disk.state(self.ledger.seq)
    }

    /// Writes the fast copy now and asks the helper for the other.
    fn write(&mut self, now_ms: u64) -> io::Result<()> {
        let len = self.write_fast(now_ms)?;
        self.disk.request(self.ledger.seq, &self.buffer[..len]);
        Ok(())
    }

    /// The fast copy alone, which allocates nothing; how long the record is.
    fn write_fast(&mut self, now_ms: u64) -> io::Result<usize> {
        self.stamp_due_ms = now_ms + STAMP_EVERY_MS;
        self.ledger.stamp(now_ms);
        let len = self.ledger.encode_slot(&mut self.buffer);
        self.fast.write(self.ledger.next_slot(), &self.buffer[..len])?;
        self.ledger.written();
        Ok(len)
    }

    /// A new boot, and intents that nobody finished.
    fn settle_after_start(&mut self, boot: Boot, boots: &mut dyn Boots, now_ms: u64) {
        let is_new_boot = boot.id != self.ledger.boot_id;
        if is_new_boot {
            self.begin_boot(boot, boots);
        } else {
            self.ledger.take_farewell_back();
        }
        let open: Vec<(IntentId, Rung)> = self
            .ledger
            .apps()
            .iter()
            .flat_map(|app| app.intents.iter())
            .filter(|record| record.outcome.is_none())
            .map(|record| (record.intent, record.rung))
            .collect();
        for (intent, rung) in open {
            // A reboot that was asked for, and another boot: it was done.
            let done = is_new_boot && rung == Rung::Reboot;
            self.ledger.finish(intent, if done { Outcome::Done } else { Outcome::Interrupted });
        }
        let now = self.moment(now_ms);
        self.ledger.prune(now, KEEP_MS);
    }
}

/// Made on the heap: a slot is more than a small stack holds.
fn slot_buffer() -> Box<[u8; SLOT_BYTES]> {
    let Ok(buffer) = vec![0; SLOT_BYTES].into_boxed_slice().try_into() else {
        unreachable!("the length is the same constant")
    };
    buffer
}

/// What a guardian is told of the ledger.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Oldest first.
    pub(crate) charges: Vec<Charge>,
    /// By number.
    pub(crate) intents: Vec<LedgerIntent>,
    /// Apps that had to be started.
    pub(crate) starts: Vec<StartCount>,
    /// Oldest first.
    pub(crate) vain: Vec<VainReboot>,
}
