//! How often a section looks, and how long one look may take.

use crate::section::Section;
use crate::spec::PhaseDeadlines;
use crate::units::{duration, in_words};

/// How often and how long, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) interval_ms: u64,
    pub(crate) fast_ms: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) slow_ms: u64,
    pub(crate) phases: PhaseDeadlines,
}

/// The field's figures: 5 s between looks, 2 s from the first failure on, 3 s for one look. With
/// a window of 16 s a hang is convicted after 18.5 s on average and 21 s at worst.
const FIELD: Pace = Pace {
    interval_ms: 5_000,
    fast_ms: 2_000,
    timeout_ms: 3_000,
    slow_ms: 0,
    phases: PhaseDeadlines {
        resolve_ms: 0,
        connect_ms: 0,
        tls_ms: 0,
        first_byte_ms: 0,
        body_ms: 0,
    },
};

impl Pace {
    /// The pace of a section; what it leaves out is taken from `outer`.
    pub(crate) fn read(section: &Section<'_>, outer: Option<&Pace>) -> Pace {
        let outer = outer.unwrap_or(&FIELD);
        let get = |key, low, high| section.get(key, duration(low..=high));
        let interval_ms = get("interval", 100, 3_600_000).unwrap_or(outer.interval_ms);
        let fast_ms = get("fast", 50, 3_600_000).unwrap_or(outer.fast_ms.min(interval_ms));
        let timeout_ms = get("timeout", 50, 60_000).unwrap_or(outer.timeout_ms);
        let phase = |key, outer| get(key, 10, 60_000).map_or(outer, |ms| ms as u32);
        let phases = PhaseDeadlines {
            resolve_ms: phase("resolve_timeout", outer.phases.resolve_ms),
            connect_ms: phase("connect_timeout", outer.phases.connect_ms),
            tls_ms: phase("tls_timeout", outer.phases.tls_ms),
            first_byte_ms: phase("first_byte_timeout", outer.phases.first_byte_ms),
            body_ms: phase("body_timeout", outer.phases.body_ms),
        };
        let inherited_ms = if outer.slow_ms < timeout_ms { outer.slow_ms } else { 0 };
        let slow_ms = get("slow", 1, 60_000).unwrap_or(inherited_ms);
        let pace = Pace { interval_ms, fast_ms, timeout_ms, slow_ms, phases };
        pace.check(section);
        pace
    }

    fn check(&self, section: &Section<'_>) {
        if self.fast_ms > self.interval_ms {
            let (fast, interval) = (in_words(self.fast_ms), in_words(self.interval_ms));
            let message = format!("`fast` ({fast}) is slower than `interval` ({interval})");
            let hint = format!("fast = \"{interval}\" at most");
            section.refuse(section.span_of("fast"), &message, Some(hint));
        }
        let timeout = in_words(self.timeout_ms);
        if self.slow_ms >= self.timeout_ms {
            let message = format!("`slow` never applies: a look is over after {timeout}");
            let hint = format!("make `slow` shorter than `timeout` ({timeout})");
            section.refuse(section.span_of("slow"), &message, Some(hint));
        }
        for key in [
            "resolve_timeout",
            "connect_timeout",
            "tls_timeout",
            "first_byte_timeout",
            "body_timeout",
        ] {
            let given = section.raw(key).and_then(|value| duration(0..=u64::MAX)(value).ok());
            if given.is_some_and(|ms| ms > self.timeout_ms) {
                let message = format!("`{key}` never applies: a look is over after {timeout}");
                section
                    .problems
                    .warning(section.span_of(key), message)
                    .hint(format!("make it shorter than `timeout` ({timeout})"));
            }
        }
    }
}
