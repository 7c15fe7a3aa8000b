//! An input as a source of choices: once it is used up every choice is the first one.

/// What is left of an input.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn new(input: &'a [u8]) -> Bytes<'a> {
        Bytes(input)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(super) fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }

    /// Below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A time span of any order of magnitude, in milliseconds.
    pub(super) fn span_ms(&mut self) -> u64 {
        let size = self.byte();
        match size % 8 {
            0 => 0,
            1 => u64::from(self.byte()),
            2 => u64::from(self.byte()) * 100,
            3 => u64::from(self.byte()) * 1_000,
            4 => u64::from(self.byte()) * 60_000,
            5 => u64::from(self.byte()) * 3_600_000,
            6 => self.word() >> (self.byte() % 64),
            _ => 1,
        }
    }

    /// As many of the next bytes as there are.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// `rest` cut into pieces, at places that the next bytes say, up to 16 cuts.
    pub(super) fn pieces(&mut self) -> Vec<&'a [u8]> {
        let cuts = self.below(16);
        let lengths: Vec<usize> = (0..cuts).map(|_| self.below(256)).collect();
        let mut pieces: Vec<&[u8]> = lengths.into_iter().map(|length| self.take(length)).collect();
        pieces.push(self.rest());
        pieces
    }
}
