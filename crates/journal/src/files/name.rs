//! File names: `YYYYMMDD.jsonl`, and `YYYYMMDD-N.jsonl` where a day outgrew one file.

use super::storage::Storage;
use crate::line::DayNumber;
use std::io;

/// One file's place in the order of all: the day, then the part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileName {
    pub(super) day: DayNumber,
    pub(super) part: u32,
}

impl FileName {
    pub(super) const fn first_of(day: DayNumber) -> FileName {
        FileName { day, part: 0 }
    }

    /// What follows this file on `day`. Never a name before it: a wall clock that was set back
    /// must not put new lines before old ones.
    pub(super) fn next(self, day: DayNumber) -> FileName {
        FileName::first_of(day).max(FileName { day: self.day, part: self.part + 1 })
    }

    /// The name in the folder.
    pub(super) fn text(self) -> String {
        let FileName { day, part } = self;
        match part {
            0 => format!("{day:08}.jsonl"),
            _ => format!("{day:08}-{part}.jsonl"),
        }
    }

    fn parse(name: &str) -> Option<FileName> {
        let stem = name.strip_suffix(".jsonl")?;
        let (day, part) = match stem.split_once('-') {
            Some((day, part)) => (day, part.parse().ok().filter(|part| *part > 0)?),
            None => (stem, 0),
        };
        let of_digits = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
        of_digits.then_some(FileName { day: day.parse().ok()?, part })
    }
}

/// The journal's files in their order; everything else in the folder is left alone.
pub(super) fn list(storage: &dyn Storage) -> io::Result<Vec<FileName>> {
    let mut names: Vec<_> =
        storage.names()?.iter().filter_map(|name| FileName::parse(name)).collect();
    names.sort_unstable();
    Ok(names)
}

/// The first file after `name`; the first of all for `None`.
pub(super) fn after(storage: &dyn Storage, name: Option<FileName>) -> io::Result<Option<FileName>> {
    Ok(list(storage)?.into_iter().find(|other| Some(*other) > name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [FileName::first_of(20_261_122), FileName { day: 20_261_122, part: 12 }] {
            assert_eq!(FileName::parse(&name.text()), Some(name));
        }
        for other in ["20261122-0.jsonl", "2026112.jsonl", "+2026112.jsonl", "20261122.json", "x"] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_later_part_of_a_day_follows_an_earlier_one_and_precedes_the_next_day() {
        let first = FileName::first_of(20_261_122);
        let later = first.next(20_261_122);
        assert_eq!(later, FileName { day: 20_261_122, part: 1 });
        assert_eq!(later.next(20_261_123), FileName::first_of(20_261_123));
        // The clock was set back by a day.
        assert_eq!(later.next(20_261_121), FileName { day: 20_261_122, part: 2 });
    }
}
