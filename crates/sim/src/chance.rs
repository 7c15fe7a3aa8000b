//! Chance that can be repeated: a seeded generator, and one stream for each subject.
//!
//! Each subject (an app's noise, the faults of a plan, a disk's tearing) draws from a stream of its own,
//! named when it is made: a draw that is added in one place then changes nothing in another.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers. Equal seeds and names give equal streams, on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    generator: Xoshiro256PlusPlus,
}

impl Chance {
    /// The stream of this name for this seed.
    pub fn new(seed: u64, name: &str) -> Chance {
        // FNV-1a: enough to keep names apart, and the same for ever.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.rotate_left(17);
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Chance { generator: Xoshiro256PlusPlus::seed_from_u64(hash ^ seed) }
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number below `limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // Multiply and shift: the bias of 2^-64 per unit of `limit` is of no consequence here.
        ((u128::from(self.any()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `least` to `most`, both possible.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True with this chance in a million.
    pub fn happens(&mut self, in_a_million: u64) -> bool {
        self.below(1_000_000) < in_a_million
    }

    /// One of these. `None` of an empty list.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len() as u64) as usize)
    }

    /// A time until the next of events that come at random, `mean_ms` apart; at least 1 ms.
    pub fn exponential_ms(&mut self, mean_ms: u64) -> u64 {
        ((-libm::log(self.unit()) * mean_ms as f64) as u64).max(1)
    }

    /// How many trials fail to happen before the first that does, each with this chance in a million.
    pub fn trials_until(&mut self, in_a_million: u64) -> u64 {
        if in_a_million == 0 {
            return u64::MAX;
        }
        let miss = 1.0 - (in_a_million.min(999_999) as f64) / 1_000_000.0;
        (libm::log(self.unit()) / libm::log(miss)) as u64
    }

    /// Above 0 and at most 1.
    fn unit(&mut self) -> f64 {
        ((self.any() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_for_ever() {
        let mut chance = Chance::new(7, "faults");
        let drawn: Vec<u64> = (0..4).map(|_| chance.below(1_000)).collect();
        assert_eq!(drawn, FIRST_OF_SEED_7);
    }

    /// Regression seeds mean what they meant: these numbers must never change.
    const FIRST_OF_SEED_7: [u64; 4] = [21, 479, 754, 494];

    #[test]
    fn streams_of_one_seed_differ_by_name() {
        assert_ne!(Chance::new(7, "a").any(), Chance::new(7, "b").any());
    }

    #[test]
    fn means_are_what_they_say() {
        let mut chance = Chance::new(1, "means");
        let drawn = 20_000u64;
        let gap: u64 = (0..drawn).map(|_| chance.exponential_ms(2_000)).sum::<u64>() / drawn;
        let trials: u64 = (0..drawn).map(|_| chance.trials_until(1_000)).sum::<u64>() / drawn;
        assert!((1_950..=2_050).contains(&gap), "{gap}");
        assert!((970..=1_030).contains(&trials), "{trials}");
    }
}
