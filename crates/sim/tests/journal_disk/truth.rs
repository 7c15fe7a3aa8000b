//! What must be in the journal and what may be, told by whoever wrote it, and judged by reading the disk.

use defib_engine::time::Moment;
use defib_journal::files::{Limits, Reader, tail_from_last_checkpoint_in};
use defib_journal::line::{Entry, Line, decode_line};
use defib_sim::disk::{Disk, Syncs};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Truth {
    seed: u64,
    keeps_all: bool,
    /// Every line that was ever appended under a number.
    written: BTreeMap<u64, Vec<(Moment, Line<'static>)>>,
    /// Lines of this process that it was not told are durable.
    pending: BTreeSet<u64>,
    /// Lines that are with the kernel, durable or not.
    with_kernel: BTreeSet<u64>,
    /// Lines that survive everything.
    acknowledged: BTreeSet<u64>,
    /// The newest checkpoint of those, with its policy just before it.
    acknowledged_checkpoint: u64,
    last_checkpoint: u64,
    syncs: Syncs,
    /// Lines whose bytes are durable, though perhaps not their file's name.
    settled: BTreeSet<u64>,
    /// Lines of this process that were dropped, and those that a failed sync may have lost.
    dropped: u64,
    at_risk: u64,
    /// The same when it was last told that all is durable: confessed by then.
    confessed: (u64, u64),
    /// What has been pruned, as far as that is known.
    pruned_below: u64,
    /// The first number of this process.
    first: u64,
}

impl Truth {
    pub(crate) fn new(seed: u64, limits: Limits) -> Truth {
        Truth {
            seed,
            keeps_all: limits.days > 100 && limits.bytes > 1 << 20,
            written: BTreeMap::new(),
            pending: BTreeSet::new(),
            with_kernel: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            acknowledged_checkpoint: 0,
            last_checkpoint: 0,
            syncs: Syncs::default(),
            settled: BTreeSet::new(),
            dropped: 0,
            at_risk: 0,
            confessed: (0, 0),
            pruned_below: 0,
            first: 1,
        }
    }

    pub(crate) fn process_begins(&mut self) {
        self.pending.clear();
        self.settled.clear();
        (self.dropped, self.at_risk, self.confessed) = (0, 0, (0, 0));
        self.last_checkpoint = 0;
    }

    pub(crate) fn appended(&mut self, seq: u64, up: Moment, line: &Line<'static>) {
        self.may_be_there(seq, up, line);
        if matches!(line, Line::Checkpoint { .. }) && self.is_policy(seq - 1) {
            self.last_checkpoint = seq;
        }
        self.pending.insert(seq);
    }

    pub(crate) fn may_be_there(&mut self, seq: u64, up: Moment, line: &Line<'static>) {
        self.written.entry(seq).or_default().push((up, line.clone()));
    }

    fn is_policy(&self, seq: u64) -> bool {
        let last = self.written.get(&seq).and_then(|lines| lines.last());
        self.pending.contains(&seq) && matches!(last, Some((_, Line::Policy { .. })))
    }

    pub(crate) fn was_dropped(&mut self) {
        self.dropped += 1;
    }

    /// To be told after each call that may sync.
    pub(crate) fn heard(&mut self, disk: &Disk) {
        let before = std::mem::replace(&mut self.syncs, disk.syncs());
        if self.syncs.done > before.done {
            // The writer writes what waits before it syncs.
            self.settled.extend(&self.pending);
        }
        if self.syncs.failed > before.failed {
            // Some of the rest may only wait in the writer; none is counted on.
            let in_file = self.pending.intersection(&self.with_kernel);
            self.at_risk += in_file.filter(|seq| !self.settled.contains(seq)).count() as u64;
            self.pending.clear();
            self.last_checkpoint = 0;
        }
    }

    pub(crate) fn flushed(&mut self) {
        self.with_kernel.extend(&self.pending);
    }

    pub(crate) fn synced(&mut self) {
        self.with_kernel.extend(&self.pending);
        self.acknowledged.append(&mut self.pending);
        self.acknowledged_checkpoint = self.acknowledged_checkpoint.max(self.last_checkpoint);
        self.confessed = (self.dropped, self.at_risk);
    }

    /// To be told just before. Files that were removed may come back, and not all of them.
    pub(crate) fn power_is_cut(&mut self, disk: &Disk) {
        let first = numbers_on_disk(self.seed, disk).map_or(0, |(first, _)| first);
        self.pruned_below = self.pruned_below.max(first);
        self.with_kernel.clone_from(&self.acknowledged);
        self.pending.clear();
    }

    pub(crate) fn memory_was_taken(&mut self) {
        self.with_kernel.clone_from(&self.acknowledged);
    }

    /// Reads everything and judges it.
    pub(crate) fn judge(&self, disk: &Disk) {
        let (entries, _) = read_all(disk);
        let read: BTreeSet<u64> = entries.iter().map(|entry| entry.seq).collect();
        for entry in &entries {
            assert!(
                self.was_written(entry),
                "seed {}: read and never written: {entry:?}",
                self.seed
            );
        }
        // Pruning takes whole files from the beginning.
        let first = read.first().copied().unwrap_or(0);
        let from = if self.keeps_all { 0 } else { first.max(self.pruned_below) };
        let must = self.with_kernel.union(&self.acknowledged).filter(|seq| **seq >= from);
        let lost: Vec<_> = must.filter(|seq| !read.contains(seq)).collect();
        assert!(lost.is_empty(), "seed {}: acknowledged and lost: {lost:?}", self.seed);
        self.judge_confessions(&entries, from);
        self.judge_tail(disk);
        numbers_on_disk(self.seed, disk);
    }

    fn was_written(&self, entry: &Entry) -> bool {
        if matches!(entry.line, Line::Alarm { .. }) {
            // The writer's own.
            return true;
        }
        let lines = self.written.get(&entry.seq);
        lines.is_some_and(|lines| {
            lines.iter().any(|(up, line)| *up == entry.up && *line == entry.line)
        })
    }

    /// What this process lost until it was last told that all is durable stands in its alarms.
    fn judge_confessions(&self, entries: &[Entry], from: u64) {
        if from > self.first {
            return;
        }
        let (mut dropped, mut at_risk) = (0, 0);
        for entry in entries.iter().filter(|entry| entry.seq >= self.first) {
            if let Line::Alarm { message, .. } = &entry.line {
                let mut numbers = message.split(' ').filter_map(|word| word.parse::<u64>().ok());
                dropped += numbers.next().unwrap_or(0);
                at_risk += numbers.next().unwrap_or(0);
            }
        }
        assert!(
            dropped >= self.confessed.0 && at_risk >= self.confessed.1,
            "seed {}: lost {:?}, confessed {dropped} and {at_risk}",
            self.seed,
            self.confessed
        );
    }

    /// A restart finds the last acknowledged checkpoint or a newer one, and what came after it.
    fn judge_tail(&self, disk: &Disk) {
        let tail = tail_from_last_checkpoint_in(&disk.mount().storage()).expect("readable");
        let Some(tail) = tail else {
            assert_eq!(self.acknowledged_checkpoint, 0, "seed {}: no beginning", self.seed);
            return;
        };
        assert!(tail.seq >= self.acknowledged_checkpoint, "seed {}: an old beginning", self.seed);
        let lines = self.written.get(&tail.seq).expect("written");
        let known = lines.iter().any(|(_, line)| match line {
            Line::Checkpoint { state } => **state == tail.state,
            _ => false,
        });
        assert!(known, "seed {}: a state that was never written", self.seed);
    }

    /// A new process goes on above every number that is there.
    pub(crate) fn judge_restart(&mut self, disk: &Disk, next_seq: u64) {
        let highest = numbers_on_disk(self.seed, disk).map_or(0, |(_, last)| last);
        let acknowledged = self.acknowledged.last().copied().unwrap_or(0);
        assert!(next_seq > highest.max(acknowledged), "seed {}: {next_seq} again", self.seed);
        self.first = next_seq;
    }
}

fn read_all(disk: &Disk) -> (Vec<Entry>, u64) {
    let mut reader = Reader::open_in(disk.mount().storage()).expect("a folder");
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().expect("readable") {
        entries.push(entry);
    }
    (entries, reader.torn())
}

/// The lowest and the highest number of a good line; no number stands for two lines.
fn numbers_on_disk(seed: u64, disk: &Disk) -> Option<(u64, u64)> {
    let mut lines: BTreeMap<u64, Entry> = BTreeMap::new();
    for (_, bytes) in disk.contents() {
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(entry) = decode_line(line) else { continue };
            let before = lines.get(&entry.seq);
            assert!(
                before.is_none_or(|before| *before == entry),
                "seed {seed}: {} is two lines: {before:?} and {entry:?}",
                entry.seq
            );
            lines.insert(entry.seq, entry);
        }
    }
    Some((*lines.first_key_value()?.0, *lines.last_key_value()?.0))
}
