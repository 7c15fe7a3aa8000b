//! A short list of fixed size that forgets its oldest.

/// At most `N` values, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Few<T, const N: usize> {
    // The values come first and the empty places last.
    items: [Option<T>; N],
}

impl<T: Copy, const N: usize> Few<T, N> {
    /// None.
    pub const fn new() -> Few<T, N> {
        Few { items: [None; N] }
    }

    /// Adds the youngest; the oldest goes if there is no room.
    pub fn push(&mut self, value: T) {
        if N == 0 {
            return;
        }
        let mut place = self.len();
        if place == N {
            self.items.rotate_left(1);
            place = N - 1;
        }
        self.items[place] = Some(value);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.iter().flatten().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter().flatten()
    }

    /// The values, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.items.iter_mut().flatten()
    }

    /// Keeps those that `wanted` is true for.
    pub fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        let before = *self;
        self.items = [None; N];
        for value in before.iter().filter(|value| wanted(value)) {
            self.push(*value);
        }
    }
}

impl<T: Copy, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Few::new()
    }
}
