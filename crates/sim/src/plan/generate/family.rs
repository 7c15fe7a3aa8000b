//! Families of faults, of which a seed enables its own part.

use super::Profile;
use super::draw::Spread;
use crate::chance::Chance;

/// Things of one kind that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Crash,
    CrashLoop,
    Hang,
    Spin,
    Stopped,
    Status,
    Announces,
    WrongBody,
    Workers,
    Slow,
    Busy,
    Leak,
    Service,
    Certificate,
    Path,
    Port,
    Unkillable,
    Recover,
    Freeze,
    Suspend,
    Steal,
    Clock,
    Power,
    Disk,
    Manager,
    Processes,
    RebootStuck,
    AgentDeath,
    AgentStop,
    AgentCrash,
    Deploy,
    BadDeploy,
    Stop,
    Hold,
    Reload,
    Reboot,
    Eats,
    Forks,
    Sleeps,
    AppDisk,
    Memory,
}

impl Family {
    const ALL: [Family; 36] = [
        Family::Crash,
        Family::CrashLoop,
        Family::Hang,
        Family::Spin,
        Family::Stopped,
        Family::Status,
        Family::Announces,
        Family::WrongBody,
        Family::Workers,
        Family::Slow,
        Family::Busy,
        Family::Leak,
        Family::Service,
        Family::Certificate,
        Family::Path,
        Family::Port,
        Family::Unkillable,
        Family::Recover,
        Family::Freeze,
        Family::Suspend,
        Family::Steal,
        Family::Clock,
        Family::Power,
        Family::Disk,
        Family::Manager,
        Family::Processes,
        Family::RebootStuck,
        Family::AgentDeath,
        Family::AgentStop,
        Family::AgentCrash,
        Family::Deploy,
        Family::BadDeploy,
        Family::Stop,
        Family::Hold,
        Family::Reload,
        Family::Reboot,
    ];

    /// Nothing of these is ended by a new process or a reboot.
    const CALM: [Family; 8] = [
        Family::Announces,
        Family::Slow,
        Family::Clock,
        Family::Deploy,
        Family::Stop,
        Family::Hold,
        Family::Reload,
        Family::Freeze,
    ];

    /// What the agent's own deaths are mixed with.
    const BESIDE_AGENT: [Family; 8] = [
        Family::Crash,
        Family::CrashLoop,
        Family::Hang,
        Family::Stopped,
        Family::Status,
        Family::Manager,
        Family::Power,
        Family::Disk,
    ];

    /// What a machine can be sick of, and what that is mixed with.
    const MACHINE: [Family; 17] = [
        Family::Eats,
        Family::Eats,
        Family::Forks,
        Family::Spin,
        Family::Busy,
        Family::Sleeps,
        Family::AppDisk,
        Family::Memory,
        Family::Leak,
        Family::Crash,
        Family::Hang,
        Family::Status,
        Family::Freeze,
        Family::Steal,
        Family::AgentDeath,
        Family::Deploy,
        Family::Hold,
    ];

    const OF_AGENT: [Family; 3] = [Family::AgentDeath, Family::AgentStop, Family::AgentCrash];
}

/// The families that a seed enables, each as often as it weighs.
pub(super) struct Families(Vec<Family>);

impl Families {
    pub(super) fn draw(chance: &mut Chance, profile: Profile) -> Families {
        let all: &[Family] = match profile {
            Profile::Swarm => &Family::ALL,
            Profile::Calm | Profile::Noise => &Family::CALM,
            Profile::Agent => &Family::BESIDE_AGENT,
            Profile::Machine => &Family::MACHINE,
        };
        // Two in three worlds are sparse, so that families also meet alone.
        let sparse = chance.pick([2, 4, 8]);
        let mut enabled = Vec::new();
        for family in all {
            if chance.once_in(sparse) {
                let weight = chance.spread(1, 8) as usize;
                enabled.extend(std::iter::repeat_n(*family, weight));
            }
        }
        if let (true, Some(family)) = (enabled.is_empty(), chance.one_of(all)) {
            enabled.push(*family);
        }
        Families(enabled)
    }

    pub(super) fn of_agent() -> Families {
        Families(Family::OF_AGENT.to_vec())
    }

    pub(super) fn pick(&self, chance: &mut Chance) -> Family {
        self.0[chance.below(self.0.len() as u64) as usize]
    }
}
