//! The sums of many worlds under one agent.

use super::Spread;
use super::blame::Cause;
use defib_engine::effect::Rung;
use std::collections::BTreeMap;

/// Unneeded acts of which the place is kept.
const KEPT_MAX: usize = 12;

/// What one world cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its seed.
    pub seed: u64,
    /// Milliseconds of requests that were lost, all apps.
    pub lost_ms: u64,
    /// Acts that ended something that ran.
    pub disruptive: u32,
    /// Those of them that could not help.
    pub unneeded: u32,
    /// Reboots.
    pub reboots: u32,
}

/// An act that could not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unneeded {
    /// Under which seed.
    pub seed: u64,
    /// When.
    pub at_ms: u64,
    /// On which app.
    pub app: usize,
    /// By which rung.
    pub rung: Rung,
    /// What led to it.
    pub cause: Cause,
}

/// The sums. All of them are whole numbers, so that the order of merging changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Simulated time.
    pub lived_ms: u64,
    /// Facts that were shown: with every look stepped, most of them are looks.
    pub facts: u64,
    /// Lost milliseconds by what caused them.
    pub lost_ms: BTreeMap<&'static str, u64>,
    /// Acts by rung.
    pub acts: BTreeMap<Rung, u64>,
    /// Acts that could not help, by what led to them.
    pub unneeded: BTreeMap<Cause, u64>,
    /// The first of them.
    pub unneeded_first: Vec<Unneeded>,
    /// From the first lost request to the incident's beginning.
    pub detect: Spread,
    /// From the first lost request to the first act.
    pub act: Spread,
    /// From the first lost request until all are answered again.
    pub recover: Spread,
    /// One row for each world.
    pub rows: Vec<Row>,
}

impl Sums {
    /// Takes in another's.
    pub fn merge(&mut self, other: &Sums) {
        self.lived_ms += other.lived_ms;
        self.facts += other.facts;
        add_all(&mut self.lost_ms, &other.lost_ms);
        add_all(&mut self.acts, &other.acts);
        add_all(&mut self.unneeded, &other.unneeded);
        self.unneeded_first.extend(&other.unneeded_first);
        self.unneeded_first.sort_by_key(|it| (it.seed, it.at_ms));
        self.unneeded_first.truncate(KEPT_MAX);
        self.detect.merge(&other.detect);
        self.act.merge(&other.act);
        self.recover.merge(&other.recover);
        self.rows.extend(&other.rows);
        self.rows.sort_by_key(|row| row.seed);
    }

    pub(super) fn keep(&mut self, unneeded: Unneeded) {
        *self.unneeded.entry(unneeded.cause).or_default() += 1;
        if self.unneeded_first.len() < KEPT_MAX {
            self.unneeded_first.push(unneeded);
        }
    }

    /// Lost milliseconds, all told.
    pub fn lost_total_ms(&self) -> u64 {
        self.rows.iter().map(|row| row.lost_ms).sum()
    }

    /// Acts that ended something that ran.
    pub fn disruptive(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.disruptive)).sum()
    }

    /// Those of them that could not help.
    pub fn unneeded_total(&self) -> u64 {
        self.unneeded.values().sum()
    }

    /// Simulated years of one server.
    pub fn years(&self) -> f64 {
        self.lived_ms as f64 / 31_536_000_000.0
    }
}

fn add_all<K: Ord + Copy>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (key, count) in theirs {
        *mine.entry(*key).or_default() += count;
    }
}
