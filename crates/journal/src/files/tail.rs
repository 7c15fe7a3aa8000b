//! Where a restart and a replay begin.

use super::folder::Folder;
use super::name::{FileName, list};
use super::reader::Reader;
use super::scan::LineScan;
use super::storage::Storage;
use crate::line::{BootId, Entry, Line, decode_line};
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::time::Moment;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// The last checkpoint, the rules that it stands under, and what came after it.
pub struct Tail {
    /// The last `policy` before the checkpoint.
    pub policy: Policy,
    /// The checkpoint.
    pub state: State,
    /// The checkpoint's number.
    pub seq: u64,
    /// The checkpoint's time.
    pub up: Moment,
    /// The same by the wall clock, in milliseconds since 1970.
    pub wall_ms: u64,
    /// Everything after the checkpoint: feed the `event` lines to the engine. A `policy` among them
    /// is a reload.
    pub entries: Reader,
}

/// Finds the last `policy` and `checkpoint` of a folder, reading as few of its files as possible:
/// each begins with such a pair, so mostly only the newest. `None` if there is none that this defib
/// can read.
pub fn tail_from_last_checkpoint(dir: &Path) -> io::Result<Option<Tail>> {
    tail_from_last_checkpoint_in(&(Rc::new(Folder::at(dir)) as Rc<dyn Storage>))
}

/// [`tail_from_last_checkpoint`] on any storage.
pub fn tail_from_last_checkpoint_in(storage: &Rc<dyn Storage>) -> io::Result<Option<Tail>> {
    for name in list(&**storage)?.into_iter().rev() {
        if let Some(tail) = tail_of(storage, name)? {
            return Ok(Some(tail));
        }
    }
    Ok(None)
}

fn tail_of(storage: &Rc<dyn Storage>, name: FileName) -> io::Result<Option<Tail>> {
    let open = |offset| LineScan::open(&**storage, name, offset);
    let Some((policy_at, checkpoint_at)) = last_pair(&mut open(0)?)? else {
        return Ok(None);
    };
    let policy = entry_at(&mut open(policy_at)?)?;
    let mut scan = open(checkpoint_at)?;
    let checkpoint = entry_at(&mut scan)?;
    let (Some(policy), Some(Entry { seq, wall_ms, up, line })) = (policy, checkpoint) else {
        return Ok(None);
    };
    let (Line::Policy { policy }, Line::Checkpoint { state }) = (policy.line, line) else {
        return Ok(None);
    };
    let (policy, state) = (policy.into_owned(), state.into_owned());
    let entries = Reader::resume(Rc::clone(storage), name, scan, seq);
    Ok(Some(Tail { policy, state, seq, up, wall_ms, entries }))
}

/// The boot of the last guardian that has begun, as its `started` line names it: mostly found in the newest file.
/// `None` if there is no such line.
pub fn last_boot_in(storage: &Rc<dyn Storage>) -> io::Result<Option<BootId>> {
    for name in list(&**storage)?.into_iter().rev() {
        let mut scan = LineScan::open(&**storage, name, 0)?;
        let Some(started_at) = last_started(&mut scan)? else { continue };
        let found = entry_at(&mut LineScan::open(&**storage, name, started_at)?)?;
        if let Some(Entry { line: Line::Started { boot, .. }, .. }) = found {
            return Ok(Some(boot));
        }
    }
    Ok(None)
}

fn last_started(scan: &mut LineScan) -> io::Result<Option<u64>> {
    let mut started_at = None;
    loop {
        let before = scan.offset();
        let Some(head) = scan.next_head()? else { return Ok(started_at) };
        if head.kind == "started" {
            started_at = Some(before);
        }
    }
}

/// Where the last checkpoint of a file and the last policy before it begin.
fn last_pair(scan: &mut LineScan) -> io::Result<Option<(u64, u64)>> {
    let mut policy_at = None;
    let mut pair = None;
    loop {
        let before = scan.offset();
        let Some(head) = scan.next_head()? else { return Ok(pair) };
        let is_policy = head.kind == "policy";
        let is_checkpoint = head.kind == "checkpoint";
        if is_policy {
            policy_at = Some(before);
        } else if is_checkpoint {
            pair = policy_at.map(|policy_at| (policy_at, before));
        }
    }
}

/// The first good line from the scan's place on: torn lines may stand before it.
fn entry_at(scan: &mut LineScan) -> io::Result<Option<Entry>> {
    if scan.next_head()?.is_none() {
        return Ok(None);
    }
    Ok(decode_line(scan.line()).ok())
}
