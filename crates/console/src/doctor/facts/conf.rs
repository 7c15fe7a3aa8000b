//! systemd's settings as they stand on disk: a main file, and drop-ins that are read after it.

use super::root::Root;
use std::collections::BTreeMap;

/// The most drop-ins that are read for one file.
const DROP_INS_MAX: usize = 64;

/// Assignments in the order in which they count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings(Vec<(String, String, String)>);

impl Settings {
    /// Adds the assignments of one text: `#` and `;` begin comments, `\` at the end joins lines
    /// (systemd.syntax(7)).
    pub(crate) fn add(&mut self, text: &str) {
        let mut section = String::new();
        let mut joined = String::new();
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(head) = line.strip_suffix('\\') {
                joined.push_str(head);
                joined.push(' ');
                continue;
            }
            joined.push_str(line);
            let whole = std::mem::take(&mut joined);
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = whole.split_once('=') {
                self.0.push((section.clone(), key.trim().into(), value.trim().into()));
            }
        }
    }

    /// The value that counts: the last one; an empty one is a reset to the default.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let mut all = self.0.iter().rev();
        let last = all.find(|(in_section, name, _)| in_section == section && name == key);
        last.map(|(_, _, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// `FILE` of the first folder that has it, then the drop-ins of `FILE.d` in the order of their names; one
/// in an earlier folder hides its namesakes in later ones (systemd-system.conf(5)).
pub(crate) fn read_conf(root: &Root, folders: &[&str], file: &str) -> Settings {
    let mut settings = Settings::default();
    let main = folders.iter().map(|folder| format!("{folder}/{file}"));
    if let Some(text) = main.into_iter().find_map(|path| root.text(&path)) {
        settings.add(&text);
    }
    let drop_ins = folders.iter().map(|folder| format!("{folder}/{file}.d"));
    add_drop_ins(root, drop_ins, &mut settings);
    settings
}

/// Reads the drop-ins of these folders, the more important folder first.
pub(crate) fn add_drop_ins(
    root: &Root,
    folders: impl IntoIterator<Item = String>,
    settings: &mut Settings,
) {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for folder in folders {
        for name in root.names(&folder) {
            if name.strip_suffix(".conf").is_some() {
                let path = format!("{folder}/{name}");
                found.entry(name).or_insert(path);
            }
        }
    }
    for path in found.values().take(DROP_INS_MAX) {
        if let Some(text) = root.text(path) {
            settings.add(&text);
        }
    }
}

/// A setting that may be without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So much.
    Of(u64),
    /// `infinity`.
    Unbounded,
}

/// A length of time as systemd writes it, in milliseconds; `None` is what cannot be read.
pub(crate) fn time_span_ms(text: &str) -> Option<Amount> {
    if text.trim() == "infinity" {
        return Some(Amount::Unbounded);
    }
    let compact: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    let mut rest = compact.as_str();
    let mut total_ms = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit() && one != '.');
        let (number, tail) = rest.split_at(digits.unwrap_or(rest.len()));
        let letters = tail.find(|one: char| !one.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        total_ms += number.parse::<f64>().ok()? * unit_ms(unit)?;
        rest = tail;
    }
    Some(Amount::Of(total_ms as u64))
}

fn unit_ms(unit: &str) -> Option<f64> {
    Some(match unit {
        "us" | "usec" => 0.001,
        "ms" | "msec" => 1.0,
        "" | "s" | "sec" | "second" | "seconds" => 1_000.0,
        "m" | "min" | "minute" | "minutes" => 60_000.0,
        "h" | "hr" | "hour" | "hours" => 3_600_000.0,
        "d" | "day" | "days" => 86_400_000.0,
        "w" | "week" | "weeks" => 604_800_000.0,
        _ => return None,
    })
}

/// A size as systemd writes it, in KiB, of a machine with `total_kib`; `None` is what cannot be read.
pub(crate) fn size_kib(text: &str, total_kib: u64) -> Option<Amount> {
    let text = text.trim();
    if text == "infinity" {
        return Some(Amount::Unbounded);
    }
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.parse().ok()?;
        return Some(Amount::Of((total_kib as f64 * percent / 100.0) as u64));
    }
    let (number, kib) = match text.chars().last()? {
        'K' => (&text[..text.len() - 1], 1.0),
        'M' => (&text[..text.len() - 1], 1_024.0),
        'G' => (&text[..text.len() - 1], 1_048_576.0),
        'T' => (&text[..text.len() - 1], 1_073_741_824.0),
        _ => (text, 1.0 / 1_024.0),
    };
    Some(Amount::Of((number.trim().parse::<f64>().ok()? * kib) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_assignment_counts_and_an_empty_one_resets() {
        let mut settings = Settings::default();
        settings.add("# x\n[Service]\nExecStart=/bin/a \\\n  b\nMemoryMax=1G\nRestart=always\n");
        settings.add("[Service]\nMemoryMax=\n[Unit]\nRestart=no\n");
        assert_eq!(settings.get("Service", "ExecStart"), Some("/bin/a  b"));
        assert_eq!(settings.get("Service", "MemoryMax"), None);
        assert_eq!(settings.get("Service", "Restart"), Some("always"));
    }

    #[test]
    fn times_and_sizes_are_read_as_systemd_reads_them() {
        assert_eq!(time_span_ms("90"), Some(Amount::Of(90_000)));
        assert_eq!(time_span_ms("1min 30s"), Some(Amount::Of(90_000)));
        assert_eq!(time_span_ms("2.5h"), Some(Amount::Of(9_000_000)));
        assert_eq!(time_span_ms("infinity"), Some(Amount::Unbounded));
        assert_eq!([time_span_ms(""), time_span_ms("5 parsecs"), time_span_ms("s")], [None; 3]);
        assert_eq!(size_kib("512M", 0), Some(Amount::Of(524_288)));
        assert_eq!(size_kib("50%", 1_000), Some(Amount::Of(500)));
        assert_eq!(size_kib("1048576", 0), Some(Amount::Of(1_024)));
        assert_eq!(size_kib("infinity", 0), Some(Amount::Unbounded));
        assert_eq!([size_kib("", 0), size_kib("many", 0), size_kib("é", 0)], [None; 3]);
    }
}
