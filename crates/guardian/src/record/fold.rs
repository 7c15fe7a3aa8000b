//! Passes are not worth a line each: a minute of looks of one probe is one line, written when the
//! first look of a later minute ends, so it needs no timer of its own.

use defib_engine::id::ProbeId;
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use defib_journal::line::Line;
use std::collections::BTreeMap;

const MINUTE_MS: u64 = 60_000;

/// Latencies kept for the median. An interval is at least 1 s, so a minute has no more looks.
const SAMPLES_MAX: usize = 64;

#[derive(Debug, Default)]
struct Minute {
    number: u64,
    passes: u32,
    slow: u32,
    failed: u32,
    unknown: u32,
    good_ms: Vec<u32>,
    max_ms: Option<u32>,
}

/// The minute of each probe that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Folds {
    minutes: BTreeMap<ProbeId, Minute>,
}

impl Folds {
    /// Adds one look; the line of the minute before, if this one begins another.
    pub(crate) fn add(
        &mut self,
        probe: ProbeId,
        ended: Moment,
        seen: Seen,
        total_us: u32,
    ) -> Option<Line<'static>> {
        let number = ended.0 / MINUTE_MS;
        let minute = self.minutes.entry(probe).or_insert_with(|| Minute::of(number));
        let before =
            (minute.number != number).then(|| std::mem::replace(minute, Minute::of(number)));
        minute.add(seen, total_us);
        before.and_then(|minute| minute.line(probe))
    }

    /// The lines of all minutes that are not written yet: at the end, or before probes get other
    /// numbers.
    pub(crate) fn drain(&mut self) -> Vec<Line<'static>> {
        let minutes = std::mem::take(&mut self.minutes);
        minutes.into_iter().filter_map(|(probe, minute)| minute.line(probe)).collect()
    }
}

impl Minute {
    fn of(number: u64) -> Minute {
        Minute { number, ..Minute::default() }
    }

    fn add(&mut self, seen: Seen, total_us: u32) {
        match seen {
            Seen::Slow => self.slow += 1,
            _ if seen.is_good() => self.passes += 1,
            _ if seen.is_unknown() => self.unknown += 1,
            _ => self.failed += 1,
        }
        if seen.is_good() {
            // Rounded up: a look of 0.3 ms did not take no time.
            let total_ms = total_us.div_ceil(1000);
            self.max_ms = self.max_ms.max(Some(total_ms));
            if self.good_ms.len() < SAMPLES_MAX {
                self.good_ms.push(total_ms);
            }
        }
    }

    fn line(mut self, probe: ProbeId) -> Option<Line<'static>> {
        if self.passes + self.slow + self.failed + self.unknown == 0 {
            return None;
        }
        self.good_ms.sort_unstable();
        let middle = self.good_ms.len() / 2;
        Some(Line::Minute {
            app: probe.app,
            probe: probe.index,
            passes: self.passes,
            slow: self.slow,
            failed: self.failed,
            unknown: self.unknown,
            p50_ms: self.good_ms.get(middle).copied(),
            max_ms: self.max_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::AppId;
    use defib_engine::seen::UnknownWhy;

    const PROBE: ProbeId = ProbeId { app: AppId(1), index: 2 };

    #[test]
    fn a_minute_of_looks_is_one_line() {
        let mut folds = Folds::default();
        let looks = [
            (Seen::Pass, 1_000),
            (Seen::Pass, 3_200),
            (Seen::Slow, 900_000),
            (Seen::Refused, 50),
            (Seen::Unknown(UnknownWhy::OurLimit), 0),
        ];
        for (index, (seen, total_us)) in looks.into_iter().enumerate() {
            let ended = Moment(120_000 + index as u64 * 5_000);
            assert_eq!(folds.add(PROBE, ended, seen, total_us), None);
        }
        let line = folds.add(PROBE, Moment(180_000), Seen::Pass, 2_000);
        let expected = Line::Minute {
            app: AppId(1),
            probe: 2,
            passes: 2,
            slow: 1,
            failed: 1,
            unknown: 1,
            p50_ms: Some(4),
            max_ms: Some(900),
        };
        assert_eq!(line, Some(expected));
        assert_eq!(folds.drain().len(), 1);
        assert!(folds.drain().is_empty());
    }
}
