//! Draws that plans are made of. Whole numbers only: a plan is the same on every machine.

use crate::chance::Chance;

/// Draws over wide ranges.
pub(super) trait Spread {
    /// From `least` to `most`, each doubling as likely as any other: short and long alike.
    fn spread(&mut self, least: u64, most: u64) -> u64;

    /// True once in `trials`.
    fn once_in(&mut self, trials: u64) -> bool;

    /// One of these, which are never none.
    fn pick<T: Copy, const LEN: usize>(&mut self, list: [T; LEN]) -> T;
}

impl Spread for Chance {
    fn spread(&mut self, least: u64, most: u64) -> u64 {
        let least = least.max(1);
        let doublings = u64::from((most.max(least) / least).ilog2());
        let low = least << self.below(doublings + 1);
        self.between(low, (low * 2).min(most).max(low))
    }

    fn once_in(&mut self, trials: u64) -> bool {
        self.below(trials) == 0
    }

    fn pick<T: Copy, const LEN: usize>(&mut self, list: [T; LEN]) -> T {
        list[self.below(LEN as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_reaches_both_ends_and_keeps_within_them() {
        let mut chance = Chance::new(1, "spread");
        let drawn: Vec<u64> = (0..2_000).map(|_| chance.spread(10, 1_000)).collect();
        assert!(drawn.iter().all(|it| (10..=1_000).contains(it)));
        assert!(drawn.iter().any(|it| *it < 20) && drawn.iter().any(|it| *it > 500));
    }
}
