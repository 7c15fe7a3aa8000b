//! Parts of a file, as ranges of bytes.

use std::ops::Range;

/// Ranges that do not touch, in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    ranges: Vec<Range<usize>>,
}

impl Spans {
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.ranges.iter().cloned()
    }

    pub(super) fn add(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let mut whole = range;
        self.ranges.retain(|other| {
            let apart = other.end < whole.start || whole.end < other.start;
            if !apart {
                whole = whole.start.min(other.start)..whole.end.max(other.end);
            }
            apart
        });
        let at = self.ranges.partition_point(|other| other.start < whole.start);
        self.ranges.insert(at, whole);
    }

    /// Takes out what lies within `range`.
    pub(super) fn take_within(&mut self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for other in self.ranges.drain(..) {
            let inner = other.start.max(range.start)..other.end.min(range.end);
            if inner.is_empty() {
                left.push(other);
                continue;
            }
            left.extend([other.start..inner.start, inner.end..other.end]);
            taken.push(inner);
        }
        left.retain(|range| !range.is_empty());
        self.ranges = left;
        taken
    }

    /// All ranges, cut at the multiples of `size`, and taken out.
    pub(super) fn take_pieces(&mut self, size: usize) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        for range in self.ranges.drain(..) {
            let mut from = range.start;
            while from < range.end {
                let to = range.end.min((from / size + 1) * size);
                pieces.push(from..to);
                from = to;
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_becomes_one_and_what_is_taken_leaves_the_rest() {
        let mut spans = Spans::default();
        for range in [10..20, 40..50, 20..30, 35..41, 7..7] {
            spans.add(range);
        }
        assert_eq!(spans.iter().collect::<Vec<_>>(), [10..30, 35..50]);
        assert_eq!(spans.take_within(&(25..40)), [25..30, 35..40]);
        assert_eq!(spans.iter().collect::<Vec<_>>(), [10..25, 40..50]);
        assert_eq!(spans.take_pieces(16), [10..16, 16..25, 40..48, 48..50]);
        assert!(spans.is_empty());
    }
}
