//! The last look of each probe, for people: the engine keeps its own.

use crate::probe::Look;
use defib_engine::id::{AppId, ProbeId};
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a probe saw last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastLook {
    pub(crate) seen: Seen,
    pub(crate) total_us: u32,
    pub(crate) ended: Moment,
    pub(crate) detail: String,
}

/// By probe.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    last: BTreeMap<ProbeId, LastLook>,
}

impl Looks {
    pub(crate) fn keep(&mut self, probe: ProbeId, look: &Look, ended: Moment) {
        let look = LastLook {
            seen: look.seen,
            total_us: look.total_us,
            ended,
            detail: look.detail.as_str().to_owned(),
        };
        self.last.insert(probe, look);
    }

    pub(crate) fn last(&self, probe: ProbeId) -> Option<&LastLook> {
        self.last.get(&probe)
    }

    /// A new config numbers its probes anew.
    pub(crate) fn clear(&mut self) {
        self.last.clear();
    }

    /// The looks of one app as a piece of evidence: one line a probe.
    pub(crate) fn as_evidence(&self, app: AppId, names: &[String], now: Moment) -> String {
        let mut text = String::new();
        for (probe, look) in self.last.iter().filter(|(probe, _)| probe.app == app) {
            let name = names.get(usize::from(probe.index)).map_or("?", String::as_str);
            let age_ms = now.since(look.ended);
            let (seen, took_ms) = (seen_word(look.seen), look.total_us / 1000);
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "{name}: {seen} in {took_ms} ms, {age_ms} ms ago {}", look.detail);
        }
        text
    }
}

/// A verdict in one word, with its parameter.
pub(crate) fn seen_word(seen: Seen) -> String {
    match seen {
        Seen::Pass => "pass".into(),
        Seen::Slow => "slow".into(),
        Seen::Refused => "refused".into(),
        Seen::Reset => "reset".into(),
        Seen::Timeout(phase) => format!("timeout({})", kebab(&format!("{phase:?}"))),
        Seen::Tls(fault) => format!("tls({})", kebab(&format!("{fault:?}"))),
        Seen::Status { code, .. } => format!("status({code})"),
        Seen::Body(fault) => format!("body({})", kebab(&format!("{fault:?}"))),
        Seen::Command(code) => format!("command({code})"),
        Seen::Unknown(why) => format!("unknown({})", kebab(&format!("{why:?}"))),
    }
}

/// `FirstByte` as `first-byte`: names of the engine's variants as people write them.
pub(crate) fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::seen::Phase;

    #[test]
    fn verdicts_are_one_word_each() {
        assert_eq!(seen_word(Seen::Timeout(Phase::FirstByte)), "timeout(first-byte)");
        assert_eq!(seen_word(Seen::Status { code: 503, retry_after_s: Some(9) }), "status(503)");
    }
}
