//! A disk that answers late: whoever asks waits only as long as the shipped
//! [`Patient`](defib_journal::files::Patient) does, by the same [`Patience`], and what it gave up goes on in
//! the disk.

use super::{Disk, File, State};
use defib_journal::files::{Patience, too_late};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// A sync that its process did not wait for.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) over_ms: u64,
    pub(super) fails: bool,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// What a file held when it was asked.
    File(File, usize),
    Names(BTreeMap<String, File>),
}

/// One process's waiting.
#[derive(Debug)]
pub(super) struct Waiting {
    patience: Cell<Patience>,
    /// What it gave up is over then; until then it is refused everything.
    busy_until_ms: Cell<u64>,
}

impl Waiting {
    pub(super) fn new(now_ms: u64) -> Waiting {
        let patience = Cell::new(Patience::at_first(Duration::from_millis(now_ms)));
        Waiting { patience, busy_until_ms: Cell::new(0) }
    }

    /// Whether anything may begin.
    pub(super) fn begin(&self, state: &State) -> io::Result<()> {
        let is_busy = self.busy_until_ms.get() > state.clock_ms;
        if is_busy || self.left(state).is_none() { Err(too_late()) } else { Ok(()) }
    }

    /// Waits for what takes so long. `Some`: it was given up, and is over at that time.
    pub(super) fn wait(&self, state: &mut State, takes_ms: u64) -> Option<u64> {
        let over_ms = state.clock_ms + takes_ms;
        let left_ms = self.left(state).map_or(0, |left| left.as_millis() as u64);
        let waited_ms = takes_ms.min(left_ms);
        state.spend(waited_ms);
        let mut patience = self.patience.get();
        patience.waited(Duration::from_millis(waited_ms), Duration::from_millis(state.clock_ms));
        self.patience.set(patience);
        if takes_ms <= left_ms {
            return None;
        }
        self.busy_until_ms.set(over_ms);
        Some(over_ms)
    }

    fn left(&self, state: &State) -> Option<Duration> {
        let mut patience = self.patience.get();
        let left = patience.left(Duration::from_millis(state.clock_ms));
        self.patience.set(patience);
        left
    }
}

impl State {
    pub(super) fn spend(&mut self, ms: u64) {
        self.cost_ms += ms;
        self.clock_ms += ms;
        self.finish();
    }

    /// Syncs that nobody waited for come to their end.
    fn finish(&mut self) {
        let now_ms = self.clock_ms;
        let over: Vec<Pending> =
            self.pending.extract_if(.., |pending| pending.over_ms <= now_ms).collect();
        for Pending { fails, what, .. } in over {
            match what {
                What::File(file, len) => {
                    let mut file = file.borrow_mut();
                    let count = u64::from(file.is_dirty());
                    if fails {
                        self.syncs.failed += count;
                        file.fail_to_sync(&mut self.chance);
                    } else {
                        self.syncs.done += count;
                        file.sync_to(len);
                    }
                }
                What::Names(names) if !fails => self.durable_names = names,
                What::Names(_) => {}
            }
        }
    }
}

impl Disk {
    /// What time it is. Calls move it on by what they take.
    pub fn tell_time(&self, now_ms: u64) {
        let mut state = self.state.borrow_mut();
        state.clock_ms = state.clock_ms.max(now_ms);
        state.finish();
    }
}
