//! What the time of a soak is spent on.

use crate::campaign::Who;
use crate::plan::Profile;
use crate::run::Pace;

/// One kind of worlds.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// In words.
    pub name: &'static str,
    /// Its worlds.
    pub profile: Profile,
    /// The profile's name on the command line.
    pub profile_name: &'static str,
    /// Who lives in each of them.
    pub who: &'static [Who],
    /// Stepped or skipped.
    pub pace: Pace,
    /// Whether every checker looks on.
    pub judged: bool,
    /// Its part of the time.
    pub percent: u8,
}

/// All sections; together a hundred per cent.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "swarm, the whole agent",
        profile: Profile::Swarm,
        profile_name: "swarm",
        who: &[Who::Whole],
        pace: Pace::Every,
        judged: true,
        percent: 20,
    },
    Section {
        name: "agent killed at every step, the whole agent",
        profile: Profile::Agent,
        profile_name: "agent",
        who: &[Who::Whole],
        pace: Pace::Every,
        judged: true,
        percent: 10,
    },
    Section {
        name: "machine that is sick, the whole agent",
        profile: Profile::Machine,
        profile_name: "machine",
        who: &[Who::Whole],
        pace: Pace::Every,
        judged: true,
        percent: 5,
    },
    Section {
        name: "machine that is sick, quiet stretches skipped",
        profile: Profile::Machine,
        profile_name: "machine",
        who: &[Who::Engine],
        pace: Pace::Skip,
        judged: true,
        percent: 5,
    },
    Section {
        name: "swarm, every look stepped",
        profile: Profile::Swarm,
        profile_name: "swarm",
        who: &[Who::Engine],
        pace: Pace::Every,
        judged: true,
        percent: 10,
    },
    Section {
        name: "swarm, quiet stretches skipped",
        profile: Profile::Swarm,
        profile_name: "swarm",
        who: &[Who::Engine],
        pace: Pace::Skip,
        judged: true,
        percent: 10,
    },
    Section {
        name: "calm, quiet stretches skipped",
        profile: Profile::Calm,
        profile_name: "calm",
        who: &[Who::Engine],
        pace: Pace::Skip,
        judged: true,
        percent: 5,
    },
    Section {
        name: "fixed noise, every look stepped",
        profile: Profile::Noise,
        profile_name: "noise",
        who: &[Who::Engine],
        pace: Pace::Every,
        judged: true,
        percent: 10,
    },
    Section {
        name: "fixed noise, quiet stretches skipped",
        profile: Profile::Noise,
        profile_name: "noise",
        who: &[Who::Engine],
        pace: Pace::Skip,
        judged: true,
        percent: 5,
    },
    Section {
        name: "the same swarm worlds under every agent",
        profile: Profile::Swarm,
        profile_name: "swarm",
        who: &[
            Who::Nothing,
            Who::Oracle,
            Who::Engine,
            Who::Whole,
            Who::Cron,
            Who::Strikes,
            Who::Supervisor,
        ],
        pace: Pace::Every,
        judged: false,
        percent: 15,
    },
    Section {
        name: "the same calm worlds under every agent",
        profile: Profile::Calm,
        profile_name: "calm",
        who: &[Who::Nothing, Who::Oracle, Who::Engine, Who::Cron, Who::Strikes, Who::Supervisor],
        pace: Pace::Every,
        judged: false,
        percent: 5,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_share_all_of_the_time_and_know_their_profile() {
        assert_eq!(SECTIONS.iter().map(|section| section.percent).sum::<u8>(), 100);
        for section in SECTIONS {
            assert!(Profile::ALL.contains(&(section.profile_name, section.profile)));
        }
    }
}
