//! How the boot before ended, read a few slots at a time.
//!
//! It is read at the start of processes whose memory is locked soon after. The whole ring and its samples at once
//! are 0.4 MB, and the C library would keep pages for the next piece of that size: 180 KiB, measured.

use super::summary::GAP_MS;
use super::{Hog, RING_BYTES, SLOT_BYTES, SLOTS, Sample, Summary, offset_of};
use std::io;

/// Slots that are read at once: a page.
const AT_ONCE: usize = 8;

/// Slots in a row that may be torn or missing within one shortage.
const HOLES_MAX: u64 = 2;

/// What a ring says to whoever goes on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The number of the next sample.
    pub next_seq: u64,
    /// The end of the boot before, if it was recorded.
    pub end: Option<Summary>,
}

impl Past {
    /// Of the ring that `read` reads at an offset, for the boot that has this id.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn read(
        boot_id: [u8; 16],
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<Past> {
        let mut page = [0; AT_ONCE * SLOT_BYTES];
        let (mut newest, mut last) = (None, None::<Sample>);
        for offset in (0..RING_BYTES).step_by(page.len()) {
            read(offset as u64, &mut page)?;
            for sample in page.as_chunks().0.iter().filter_map(|slot| Sample::decode(slot).ok()) {
                newest = newest.max(Some(sample.seq));
                let is_later = last.is_none_or(|last| sample.seq >= last.seq);
                if sample.boot_id != boot_id && is_later {
                    last = Some(sample);
                }
            }
        }
        let next_seq = newest.map_or(0, |seq: u64| seq.wrapping_add(1));
        let end = last.map(|last| end_of(&last, &mut read)).transpose()?;
        Ok(Past { next_seq, end })
    }
}

/// From the last sample backwards for as long as memory was short.
fn end_of(
    last: &Sample,
    read: &mut impl FnMut(u64, &mut [u8]) -> io::Result<()>,
) -> io::Result<Summary> {
    let (mut first, mut hog) = (*last, last.hog);
    if !last.is_short {
        return Ok(Summary::new(last, None, hog.as_ref()));
    }
    for back in 1..SLOTS as u64 {
        let Some(seq) = last.seq.checked_sub(back) else { break };
        let mut slot = [0; SLOT_BYTES];
        read(offset_of(seq), &mut slot)?;
        let sample = Sample::decode(&slot).ok().filter(|sample| sample.seq == seq);
        match sample {
            Some(sample) if goes_on(&sample, &first) => first = sample,
            None if first.seq - seq <= HOLES_MAX => continue,
            _ => break,
        }
        hog = hog.or(first.hog);
    }
    Ok(of_shortage(&first, last, hog.as_ref()))
}

/// Whether memory was short in this sample, too, and all the time until the next.
fn goes_on(sample: &Sample, next: &Sample) -> bool {
    sample.is_short
        && sample.boot_id == next.boot_id
        && next.boottime_ms.saturating_sub(sample.boottime_ms) <= GAP_MS
}

fn of_shortage(first: &Sample, last: &Sample, hog: Option<&Hog>) -> Summary {
    Summary::new(last, Some(last.boottime_ms.saturating_sub(first.boottime_ms)), hog)
}
