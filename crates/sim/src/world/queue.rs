//! What is due, in the order of time; what is due at the same time, in the order in which it was said.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;

/// A queue of things that are due.
#[derive(Clone)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Entry<T>>,
    sequence: u64,
}

#[derive(Clone)]
struct Entry<T> {
    at_ms: u64,
    sequence: u64,
    what: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { heap: BinaryHeap::new(), sequence: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, at_ms: u64, what: T) {
        self.sequence += 1;
        self.heap.push(Entry { at_ms, sequence: self.sequence, what });
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at_ms)
    }

    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        self.heap.pop().map(|entry| (entry.at_ms, entry.what))
    }
}

/// What is due in its order, and not how often something was said: two worlds in which the same is going
/// to happen show the same.
impl<T: fmt::Debug> fmt::Debug for Queue<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries: Vec<&Entry<T>> = self.heap.iter().collect();
        entries.sort_by_key(|entry| (entry.at_ms, entry.sequence));
        formatter.debug_list().entries(entries.iter().map(|it| (it.at_ms, &it.what))).finish()
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    /// Reversed: the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_ms, other.sequence).cmp(&(self.at_ms, self.sequence))
    }
}
