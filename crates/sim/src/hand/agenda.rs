//! Things that are due on the hand's side of the world, in the order of time, then as they were said.

/// What is due when.
#[derive(Clone, Debug)]
pub(super) struct Agenda<T> {
    /// Sorted; there are never more than a few.
    entries: Vec<(u64, T)>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { entries: Vec::new() }
    }
}

impl<T> Agenda<T> {
    pub(super) fn push(&mut self, at_ms: u64, what: T) {
        let place = self.entries.partition_point(|(other_ms, _)| *other_ms <= at_ms);
        self.entries.insert(place, (at_ms, what));
    }

    /// Behind all that is there already, whatever its time: what comes through one pipe.
    pub(super) fn push_last(&mut self, at_ms: u64, what: T) {
        let at_ms = self.entries.last().map_or(at_ms, |(last_ms, _)| at_ms.max(*last_ms));
        self.entries.push((at_ms, what));
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.entries.first().map(|(at_ms, _)| *at_ms)
    }

    /// The next thing that is due by now.
    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<T> {
        (self.next_ms()? <= now_ms).then(|| self.entries.remove(0).1)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_comes_first_and_then_the_order_of_saying() {
        let mut agenda = Agenda::default();
        agenda.push(5, "b");
        agenda.push(5, "c");
        agenda.push(3, "a");
        agenda.push_last(1, "d");
        assert_eq!(agenda.next_ms(), Some(3));
        assert_eq!(agenda.take_due(4), Some("a"));
        assert_eq!(agenda.take_due(4), None);
        let rest: Vec<&str> = std::iter::from_fn(|| agenda.take_due(5)).collect();
        assert_eq!(rest, ["b", "c", "d"]);
    }
}
