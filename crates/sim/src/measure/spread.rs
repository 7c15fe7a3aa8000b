//! How long something took, over many worlds: quantiles from a histogram, and the worst with its seed.

/// Each doubling of time has so many classes: a quantile is off by 3 % at most.
const PER_DOUBLING: u64 = 32;

/// Times of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    classes: Vec<u64>,
    count: u64,
    worst: Option<(u64, u64)>,
}

impl Spread {
    /// Adds one time, seen under a seed.
    pub fn add(&mut self, ms: u64, seed: u64) {
        let class = class_of(ms);
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += 1;
        self.count += 1;
        self.worst = self.worst.max(Some((ms, seed)));
    }

    /// Takes in another's times.
    pub fn merge(&mut self, other: &Spread) {
        if self.classes.len() < other.classes.len() {
            self.classes.resize(other.classes.len(), 0);
        }
        for (mine, theirs) in self.classes.iter_mut().zip(&other.classes) {
            *mine += theirs;
        }
        self.count += other.count;
        self.worst = self.worst.max(other.worst);
    }

    /// How many times.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, in milliseconds, and its seed.
    pub fn worst(&self) -> Option<(u64, u64)> {
        self.worst
    }

    /// So many of a hundred took no longer than this (the upper end of its class), in milliseconds.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (class, count) in self.classes.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(end_of(class).min(self.worst?.0));
            }
        }
        None
    }
}

/// The class of a time: one millisecond each below [`PER_DOUBLING`], then as many to each doubling.
fn class_of(ms: u64) -> usize {
    if ms < PER_DOUBLING {
        return ms as usize;
    }
    let doubling = u64::from(ms.ilog2()) - u64::from(PER_DOUBLING.ilog2());
    (PER_DOUBLING * doubling + (ms >> doubling)) as usize
}

/// The longest time of a class.
fn end_of(class: usize) -> u64 {
    let class = class as u64;
    if class < PER_DOUBLING {
        return class;
    }
    let doubling = class / PER_DOUBLING - 1;
    ((class - PER_DOUBLING * doubling + 1) << doubling) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_order_and_narrow() {
        for ms in (0..5_000).chain((0..40).map(|power| 1u64 << power)) {
            let class = class_of(ms);
            assert!(class_of(ms + 1) >= class, "{ms}");
            let end_ms = end_of(class);
            assert!(ms <= end_ms && end_ms - ms <= ms / PER_DOUBLING, "{ms} is told as {end_ms}");
        }
    }

    #[test]
    fn the_median_the_worst_and_its_seed() {
        let (mut one, mut other) = (Spread::default(), Spread::default());
        (1..=50).for_each(|seed| one.add(seed, seed));
        (51..=99).for_each(|seed| other.add(seed * 1_000, seed));
        one.merge(&other);
        assert_eq!(one.percentile_ms(50), Some(50));
        assert_eq!(one.worst(), Some((99_000, 99)));
        assert_eq!(one.percentile_ms(100), Some(99_000));
        assert_eq!(Spread::default().percentile_ms(50), None);
    }
}
