//! Values with a unit: durations and sizes.

use crate::section::{Value, Wrong};
use crate::value::text;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

const UNITS_MS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const UNITS_BYTES: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// A duration in milliseconds, in a range of milliseconds.
pub(crate) fn duration(range: RangeInclusive<u64>) -> impl Fn(&Value<'_>) -> Result<u64, Wrong> {
    move |value| {
        let example = "durations are written \"500ms\", \"5s\", \"2m\", \"1h30m\"";
        if let Some(number) = value.as_ref().as_integer().map(toml::de::DeInteger::as_str) {
            return Err(Wrong::new("is a number without a unit")
                .hint(format!("did you mean \"{number}s\"? {example}")));
        }
        let text = text(value).map_err(|wrong| Wrong::new(wrong.message).hint(example))?;
        let ms = parse_duration(text).ok_or_else(|| {
            let wrong = Wrong::new(format!("is not a duration: \"{text}\""));
            let number = text.trim();
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                wrong.hint(format!("did you mean \"{number}s\"? {example}"))
            } else {
                wrong.hint(example)
            }
        })?;
        in_range(ms, &range, in_words)
    }
}

/// A size in bytes, in a range of bytes.
pub(crate) fn size(range: RangeInclusive<u64>) -> impl Fn(&Value<'_>) -> Result<u64, Wrong> {
    move |value| {
        let example = "sizes are written \"64KiB\", \"1MiB\"";
        if let Some(number) = value.as_ref().as_integer().map(toml::de::DeInteger::as_str) {
            return Err(Wrong::new("is a number without a unit")
                .hint(format!("did you mean \"{number}B\"? {example}")));
        }
        let text = text(value).map_err(|wrong| Wrong::new(wrong.message).hint(example))?;
        let bytes = parse_units(text, &UNITS_BYTES)
            .ok_or_else(|| Wrong::new(format!("is not a size: \"{text}\"")).hint(example))?;
        in_range(bytes, &range, size_in_words)
    }
}

fn in_range(
    value: u64,
    range: &RangeInclusive<u64>,
    show: impl Fn(u64) -> String,
) -> Result<u64, Wrong> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (show(*range.start()), show(*range.end()));
    Err(Wrong::new(format!("is {}; it must be from {low} to {high}", show(value))))
}

/// The milliseconds of a duration as configs write it: `"1h30m"`.
pub fn parse_duration(text: &str) -> Option<u64> {
    parse_units(text, &UNITS_MS)
}

/// `1h30m` by a table of units: whole numbers, each with a unit, no unit twice.
fn parse_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (mut rest, mut sum) = (text, 0_u64);
    let mut seen: Vec<&str> = Vec::new();
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits_len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, tail) = rest.split_at(digits_len);
        let unit_len = tail.bytes().take_while(|byte| !byte.is_ascii_digit()).count();
        let (unit, tail) = tail.split_at(unit_len);
        let &(unit, factor) = units.iter().find(|(name, _)| *name == unit)?;
        if seen.contains(&unit) {
            return None;
        }
        seen.push(unit);
        sum = sum.checked_add(digits.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = tail;
    }
    Some(sum)
}

/// A duration as a person writes it: `90000` is `1m30s`.
pub fn in_words(ms: u64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let (mut rest, mut shown) = (ms, String::new());
    for &(unit, factor) in UNITS_MS.iter().rev() {
        if rest >= factor {
            let _ = write!(shown, "{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    shown
}

fn size_in_words(bytes: u64) -> String {
    let whole = UNITS_BYTES[..4].iter().rev().find(|(_, factor)| bytes.is_multiple_of(*factor));
    let (unit, factor) = whole.filter(|_| bytes > 0).copied().unwrap_or(("B", 1));
    format!("{}{unit}", bytes / factor)
}
