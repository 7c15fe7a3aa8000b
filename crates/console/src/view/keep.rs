//! A list that stays small: the first and the last of many.

use std::collections::VecDeque;

/// Keeps the first `head` things and the last `tail`, and counts what it lost between them: the
/// beginning of a story explains it, and its end says how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T> {
    first: Vec<T>,
    last: VecDeque<T>,
    head: usize,
    tail: usize,
    lost: usize,
}

impl<T> Kept<T> {
    /// An empty list with these limits.
    pub fn new(head: usize, tail: usize) -> Kept<T> {
        Kept { first: Vec::new(), last: VecDeque::new(), head, tail, lost: 0 }
    }

    /// Adds to the end.
    pub fn push(&mut self, thing: T) {
        if self.first.len() < self.head {
            self.first.push(thing);
            return;
        }
        if self.last.len() == self.tail {
            self.last.pop_front();
            self.lost += 1;
        }
        self.last.push_back(thing);
    }

    /// What is kept, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.first.iter().chain(self.last.iter())
    }

    /// The same, to change.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.first.iter_mut().chain(self.last.iter_mut())
    }

    /// How many there were, kept or not.
    pub fn count(&self) -> usize {
        self.first.len() + self.last.len() + self.lost
    }

    /// How many were lost in the middle.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Takes all that is kept.
    pub fn drain(&mut self) -> Vec<T> {
        self.lost = 0;
        self.first.drain(..).chain(self.last.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn the_middle_is_lost_and_counted() {
        let mut kept = Kept::new(2, 3);
        for number in 0..10 {
            kept.push(number);
        }
        assert_eq!(kept.iter().copied().collect::<Vec<_>>(), [0, 1, 7, 8, 9]);
        assert_eq!((kept.count(), kept.lost()), (10, 5));
        assert_eq!(kept.drain().len(), 5);
        assert_eq!(kept.count(), 0);
    }
}
