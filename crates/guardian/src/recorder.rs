//! The flight recorder: each reading of the machine goes into the ring, and what the ring holds of the boot before
//! is read once. `docs/formats/recorder.md`; docs/decisions/123.
//!
//! It is a witness, never a reason to act: whatever becomes of it, everything else goes on.

use crate::sense::reading::Reading;
use defib_config::spec::Config;
use defib_engine::id::AppId;
use defib_journal::files::{Ring, Storage};
use defib_journal::recorder::{
    APPS_MAX, AppUse, FILE_NAME, Hog, Past, RING_BYTES, SLOT_BYTES, Sample, Summary, Text,
    offset_of,
};
use std::io;
use std::rc::Rc;

/// How long a ring that could not be opened or written is left alone before it is tried again.
const RETRY_MS: u64 = 60_000;

/// The ring, and what was last put into it.
pub(crate) struct Recorder {
    storage: Rc<dyn Storage>,
    boot_id: [u8; 16],
    ring: Option<Box<dyn Ring>>,
    retry_at_ms: u64,
    /// That it is off was said.
    is_told: bool,
    seq: u64,
    slot: [u8; SLOT_BYTES],
    last: Option<Sample>,
    short_since_ms: Option<u64>,
}

/// When a reading was made, and whether an incident was open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) boottime_ms: u64,
    pub(crate) wall_ms: u64,
    pub(crate) has_incident: bool,
}

impl Recorder {
    /// One that has not looked at its ring yet.
    pub(crate) fn new(storage: Rc<dyn Storage>, boot_id: [u8; 16]) -> Recorder {
        Recorder {
            storage,
            boot_id,
            ring: None,
            retry_at_ms: 0,
            is_told: false,
            seq: 0,
            slot: [0; SLOT_BYTES],
            last: None,
            short_since_ms: None,
        }
    }

    /// Opens the ring. What it says of the end of the boot before this one; or why it is off.
    pub(crate) fn begin(&mut self, now_ms: u64) -> Result<Option<Summary>, Option<String>> {
        self.open(now_ms).map_err(|error| self.off(now_ms, &error))
    }

    fn open(&mut self, now_ms: u64) -> io::Result<Option<Summary>> {
        self.retry_at_ms = now_ms + RETRY_MS;
        let mut ring = self.storage.open_ring(FILE_NAME, RING_BYTES)?;
        let past = Past::read(self.boot_id, |offset, into| ring.read(offset, into))?;
        self.seq = past.next_seq;
        self.ring = Some(ring);
        Ok(past.end)
    }

    /// Puts a reading into the ring. What to tell people, if it is off from now on. Allocates nothing.
    pub(crate) fn put(
        &mut self,
        reading: &Reading,
        config: &Config,
        stamp: Stamp,
    ) -> Option<String> {
        let mut sample = self.sample(reading, config, stamp);
        self.remember(&sample);
        if self.ring.is_none() {
            if stamp.boottime_ms < self.retry_at_ms {
                return None;
            }
            if let Err(error) = self.open(stamp.boottime_ms) {
                return self.off(stamp.boottime_ms, &error);
            }
        }
        sample.seq = self.seq;
        sample.encode(&mut self.slot);
        // A hard reset takes the page cache with it: durable while one may come.
        let is_durable = sample.is_short || sample.has_incident || reading.is_pressed();
        let ring = self.ring.as_mut()?;
        match ring.write(offset_of(self.seq), &self.slot, is_durable) {
            // The disk is at something else: this sample is left out. If it is late, the journal says so.
            Err(error) if error.kind() == io::ErrorKind::TimedOut => None,
            Err(error) => self.off(stamp.boottime_ms, &error),
            Ok(()) => {
                self.seq = self.seq.wrapping_add(1);
                None
            }
        }
    }

    /// Said once: a disk that is full all day is told of by others.
    fn off(&mut self, now_ms: u64, error: &io::Error) -> Option<String> {
        self.ring = None;
        self.retry_at_ms = now_ms + RETRY_MS;
        let is_told = std::mem::replace(&mut self.is_told, true);
        (!is_told).then(|| {
            let place = self.storage.place().join(FILE_NAME);
            format!(
                "the flight recorder is off: {}: {error}; nothing else needs it",
                place.display()
            )
        })
    }

    fn sample(&self, reading: &Reading, config: &Config, stamp: Stamp) -> Sample {
        let machine = &reading.machine;
        let mut sample = Sample {
            boot_id: self.boot_id,
            boottime_ms: stamp.boottime_ms,
            wall_ms: stamp.wall_ms,
            is_short: machine.is_short(),
            has_incident: stamp.has_incident,
            memory_kb: machine.memory_kb,
            available_kb: machine.available_kb,
            swap_kb: machine.swap_kb,
            swap_free_kb: machine.swap_free_kb,
            pressure: machine.pressure,
            busy_permille: machine.busy_permille,
            steal_permille: machine.steal_permille,
            running: machine.running,
            blocked: machine.blocked,
            tasks: machine.tasks,
            tasks_max: machine.tasks_max,
            oom_kills: machine.oom_kills,
            hog: reading.hog.map(|(hog, app)| {
                let name = app.and_then(|app| name_of(config, app));
                Hog { app: name.map(text), ..hog }
            }),
            ..Sample::default()
        };
        add_apps(&mut sample, reading, config);
        sample
    }

    /// For those who ask while the machine still lives.
    fn remember(&mut self, sample: &Sample) {
        let since_ms = self.short_since_ms.unwrap_or(sample.boottime_ms);
        self.short_since_ms = sample.is_short.then_some(since_ms);
        self.last = Some(*sample);
    }

    /// The state of the machine in words, while memory is short.
    pub(crate) fn shortage(&self) -> Option<Summary> {
        let last = self.last.as_ref()?;
        let short_ms = last.boottime_ms.saturating_sub(self.short_since_ms?);
        Some(Summary::new(last, Some(short_ms), last.hog.as_ref()))
    }
}

fn name_of(config: &Config, app: AppId) -> Option<&str> {
    config.apps.get(usize::from(app.0)).map(|app| app.name.as_str())
}

fn text<const N: usize>(name: &str) -> Text<N> {
    Text::of(name.as_bytes())
}

/// Those that use most memory, where there are more than have room.
fn add_apps(sample: &mut Sample, reading: &Reading, config: &Config) {
    for (app, facts) in &reading.apps {
        let Some(name) = name_of(config, *app) else { continue };
        let used = AppUse {
            name: text(name),
            memory_kb: facts.memory_kb,
            cpu_permille: facts.cpu_permille,
            tasks: u32::try_from(facts.tasks).unwrap_or(u32::MAX),
        };
        if sample.apps.len() < APPS_MAX {
            sample.apps.push(used);
        } else if let Some(least) = sample.apps.iter_mut().min_by_key(|one| one.memory_kb)
            && least.memory_kb < used.memory_kb
        {
            *least = used;
        }
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
