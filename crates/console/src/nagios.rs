//! `probe URL`: one look as a Nagios plugin's line, or as JSON.

use crate::words;
use defib_engine::seen::{Seen, UnknownWhy};
use defib_journal::json::to_vec;
use serde_json::{Map, Value, json};

/// The most characters before the performance data: what a plugin's first line may have.
const LINE_MAX: usize = 80;

/// What one look saw, with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookSummary {
    /// `HTTP`, `TCP`, ...
    pub kind: String,
    /// What was seen.
    pub seen: Seen,
    /// The status code, where the look got as far.
    pub status: Option<u16>,
    /// In words of the probe's own; may be empty.
    pub detail: String,
    /// From start to end, in microseconds.
    pub total_us: u64,
    /// The slow mark, in milliseconds; 0 is none.
    pub slow_ms: u32,
    /// The deadline, in milliseconds; 0 is none.
    pub timeout_ms: u32,
    /// Each phase that happened, in order: its name and its microseconds.
    pub phases_us: Vec<(&'static str, u64)>,
    /// The body's bytes, as far as they were read.
    pub size_bytes: Option<u64>,
}

/// The plugin's line (with its newline) and exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
///
/// `HTTP OK: 200 in 0.012 s | time=0.012s;;;0 size=1024B;;;0`
pub fn nagios_line(look: &LookSummary) -> (String, u8) {
    let (word, code) = verdict(look.seen);
    let head = format!("{} {word}: {}", look.kind, sentence(look));
    // A bar would begin the performance data; a newline the long output.
    let clean = crate::style::harmless(&head).replace(['|', '\n', '\t'], " ");
    let cut: String = clean.chars().take(LINE_MAX).collect();
    (format!("{} | {}\n", cut.trim_end(), performance(look)), code)
}

/// The same as JSON (`defib.probe/1`), with the same exit code.
pub fn look_json(url: &str, look: &LookSummary) -> (String, u8) {
    let (word, code) = verdict(look.seen);
    let limit = |ms: u32| (ms > 0).then(|| f64::from(ms) / 1000.0);
    let phases: Map<String, Value> = look
        .phases_us
        .iter()
        .map(|(name, us)| ((*name).to_owned(), json!(in_seconds(*us))))
        .collect();
    let seen: Value = serde_json::from_slice(&to_vec(&look.seen)).unwrap_or(Value::Null);
    let report = json!({
        "schema": "defib.probe/1",
        "url": url,
        "verdict": word,
        "code": code,
        "text": crate::style::harmless(&sentence(look)),
        "seen": seen,
        "status": look.status,
        "took_seconds": in_seconds(look.total_us),
        "slow_seconds": limit(look.slow_ms),
        "timeout_seconds": limit(look.timeout_ms),
        "phases_seconds": phases,
        "size_bytes": look.size_bytes,
    });
    (format!("{report}\n"), code)
}

/// A look that was not made, as JSON.
pub fn no_look_json(url: &str, why: &str) -> String {
    let report = json!({"schema": "defib.probe/1", "url": url, "verdict": "UNKNOWN", "code": 3,
        "text": why, "seen": null});
    format!("{report}\n")
}

fn in_seconds(us: u64) -> f64 {
    us as f64 / 1_000_000.0
}

fn verdict(seen: Seen) -> (&'static str, u8) {
    match seen {
        Seen::Pass => ("OK", 0),
        Seen::Slow | Seen::Command(1) => ("WARNING", 1),
        Seen::Unknown(_) => ("UNKNOWN", 3),
        _ => ("CRITICAL", 2),
    }
}

fn sentence(look: &LookSummary) -> String {
    let took = seconds(look.total_us);
    let deadline = Some(u64::from(look.timeout_ms)).filter(|ms| *ms > 0);
    match (look.seen, look.status) {
        (Seen::Pass, Some(code)) => format!("{code} in {took} s"),
        (Seen::Pass, None) => format!("connected in {took} s"),
        (Seen::Slow, code) => {
            let code = code.map_or_else(String::new, |code| format!("{code} "));
            format!("{code}in {took} s, slow")
        }
        (Seen::Unknown(UnknownWhy::Unresolved), _) if !look.detail.is_empty() => {
            look.detail.clone()
        }
        (seen @ Seen::Timeout(_), _) => words::seen(seen, deadline),
        (seen, _) if look.detail.is_empty() => words::seen(seen, None),
        (seen, _) => format!("{} ({})", words::seen(seen, None), look.detail),
    }
}

fn performance(look: &LookSummary) -> String {
    let limit = |ms: u32| if ms > 0 { seconds(u64::from(ms) * 1000) } else { String::new() };
    let mut parts = vec![format!(
        "time={}s;{};{};0",
        seconds(look.total_us),
        limit(look.slow_ms),
        limit(look.timeout_ms)
    )];
    parts.extend(look.phases_us.iter().map(|(name, us)| format!("{name}={}s;;;0", seconds(*us))));
    parts.extend(look.size_bytes.map(|bytes| format!("size={bytes}B;;;0")));
    parts.join(" ")
}

/// To the millisecond; below one, to the microsecond, or every loopback look would be 0.000.
fn seconds(us: u64) -> String {
    if us < 1000 {
        return format!("0.{us:06}");
    }
    format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::seen::Phase;

    fn look(seen: Seen) -> LookSummary {
        LookSummary {
            kind: "HTTP".to_owned(),
            seen,
            status: Some(200),
            detail: String::new(),
            total_us: 12_345,
            slow_ms: 0,
            timeout_ms: 3000,
            phases_us: vec![("connect", 123), ("first_byte", 12_000)],
            size_bytes: Some(1024),
        }
    }

    #[test]
    fn a_good_look_is_one_short_line_with_figures() {
        let (line, code) = nagios_line(&look(Seen::Pass));
        assert_eq!(
            line,
            "HTTP OK: 200 in 0.012 s | time=0.012s;;3.000;0 connect=0.000123s;;;0 \
             first_byte=0.012s;;;0 size=1024B;;;0\n"
        );
        assert_eq!(code, 0);
    }

    #[test]
    fn every_verdict_has_its_code() {
        let code = |seen| nagios_line(&look(seen)).1;
        assert_eq!(code(Seen::Slow), 1);
        assert_eq!(code(Seen::Refused), 2);
        assert_eq!(code(Seen::Status { code: 500, retry_after_s: None }), 2);
        assert_eq!(code(Seen::Command(2)), 2);
        assert_eq!(code(Seen::Unknown(UnknownWhy::Unresolved)), 3);
        let (line, _) = nagios_line(&look(Seen::Timeout(Phase::FirstByte)));
        assert!(line.starts_with("HTTP CRITICAL: no answer in 3 s (timeout at first byte) | "));
    }

    #[test]
    fn json_has_the_figures_without_rounding() {
        let (line, code) = look_json("http://a/", &look(Seen::Timeout(Phase::FirstByte)));
        let report: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!((code, report["code"].as_u64()), (2, Some(2)));
        assert_eq!(report["schema"], "defib.probe/1");
        assert_eq!(report["seen"], json!({"Timeout": "FirstByte"}));
        assert_eq!(report["took_seconds"], 0.012_345);
        assert_eq!(report["phases_seconds"]["connect"], 0.000_123);
        assert_eq!(
            (&report["timeout_seconds"], &report["slow_seconds"]),
            (&json!(3.0), &Value::Null)
        );
        let none: Value = serde_json::from_str(&no_look_json("x", "no URL")).expect("JSON");
        assert_eq!((&none["code"], &none["text"]), (&json!(3), &json!("no URL")));
    }

    #[test]
    fn words_from_outside_cannot_break_the_line() {
        let mut hostile = look(Seen::Reset);
        hostile.detail = format!("a|b\nc\x1b{}", "x".repeat(200));
        let (line, _) = nagios_line(&hostile);
        let head = line.split(" | ").next().unwrap_or_default();
        assert!(head.chars().count() <= LINE_MAX && !head.contains(['|', '\n', '\x1b']), "{line}");
        assert_eq!(line.matches('\n').count(), 1);
    }
}
