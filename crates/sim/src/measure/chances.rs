//! What can be said of a rate or a ratio after so many worlds.

use crate::chance::Chance;

/// How often the bootstrap draws.
const DRAWS: usize = 400;

/// The exact 95 % interval of a Poisson mean after `count` events (Garwood, Biometrika 1936).
pub fn poisson_95(count: u64) -> (f64, f64) {
    let low = if count == 0 { 0.0 } else { mean_where(count - 1, 0.975) };
    (low, mean_where(count, 0.025))
}

/// The mean under which at most `count` events happen with this chance.
fn mean_where(count: u64, chance: f64) -> f64 {
    let (mut low, mut high) = (0.0, count as f64 * 2.0 + 20.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if at_most(count, middle) > chance {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The chance of at most `count` events under a mean.
fn at_most(count: u64, mean: f64) -> f64 {
    let log_mean = libm::log(mean);
    let term = |k: u64| libm::exp(k as f64 * log_mean - mean - libm::lgamma(k as f64 + 1.0));
    (0..=count).map(term).sum()
}

/// A ratio of sums over the same worlds, with the middle 95 % of its bootstrap. `None` without any loss
/// to compare with.
pub fn ratio_95(pairs: &[(u64, u64)]) -> Option<(f64, f64, f64)> {
    let ratio = |(one, other): (u64, u64)| (other > 0).then(|| one as f64 / other as f64);
    let sum = |total: (u64, u64), pair: &(u64, u64)| (total.0 + pair.0, total.1 + pair.1);
    let whole = ratio(pairs.iter().fold((0, 0), sum))?;
    let mut chance = Chance::new(pairs.len() as u64, "bootstrap");
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let picks = (0..pairs.len()).filter_map(|_| chance.one_of(pairs));
            ratio(picks.fold((0, 0), sum))
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |permille: usize| drawn.get(drawn.len() * permille / 1_000).copied().unwrap_or(whole);
    Some((whole, at(25), at(975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.001 * expected.max(1.0), "{found} is not {expected}");
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        for (count, low, high) in [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904)] {
            let found = poisson_95(count);
            assert_near(found.0, low);
            assert_near(found.1, high);
        }
        let (low, high) = poisson_95(5_000);
        assert!((4_855.0..4_870.0).contains(&low) && (5_135.0..5_145.0).contains(&high));
    }

    #[test]
    fn a_ratio_lies_within_its_interval() {
        let pairs: Vec<(u64, u64)> = (1..200).map(|n| (n % 7, 10 + n % 3)).collect();
        let (ratio, low, high) = ratio_95(&pairs).expect("there is something to compare with");
        assert!(low < ratio && ratio < high && high - low < 0.2, "{low} {ratio} {high}");
        assert_eq!(ratio_95(&[(3, 0)]), None);
    }
}
