//! One seed makes one plan.
//!
//! Swarm style (Groce et al., *Swarm testing*, ISSTA 2012): a seed enables its own part of the fault
//! families, with its own weights, rates and lengths. Worlds that have everything at once all look alike;
//! many faults only meet where others are absent.
//!
//! What a seed means may change with this code. A world that must stay what it is, is kept as text
//! (`worlds/*.world`).

mod apps;
mod draw;
mod family;
mod fault;
mod machine;
mod rhythm;
mod settings;

use super::{AppPlan, HostPlan, MachinePlan, Noise, Plan};
use crate::chance::Chance;
use draw::Spread;

/// What kind of world a seed is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Anything that can happen: minutes to days, then the world is healed.
    Swarm,
    /// Weeks of noise, and of people who know what they do: nothing that an act would cure.
    Calm,
    /// A year of [`Noise::FIXED`] with default settings, and nothing else.
    Noise,
    /// A short fault or two, and the agent killed, stopped or crashed every few seconds.
    Agent,
    /// Hours on a machine whose memory, CPU, processes and disk can be read, and run out.
    Machine,
}

impl Profile {
    /// All of them, with their names on the command line.
    pub const ALL: [(&str, Profile); 5] = [
        ("swarm", Profile::Swarm),
        ("calm", Profile::Calm),
        ("noise", Profile::Noise),
        ("agent", Profile::Agent),
        ("machine", Profile::Machine),
    ];
}

/// 365 days.
const YEAR_MS: u64 = 31_536_000_000;

/// After the healing: an hour of spent budget, four gentle waits of 15 min, and the longest back-off,
/// warm-up and verification beside them.
const CLOSING_MS: u64 = 3 * 3_600_000;

/// Makes the plan of a seed.
pub fn generate(seed: u64, profile: Profile) -> Plan {
    if profile == Profile::Noise {
        return noisy_year(seed);
    }
    let stream = |name| Chance::new(seed, name);
    let settings = settings::draw(&mut stream("settings"), profile);
    let apps = apps::draw(&mut stream("apps"), profile);
    let (happenings, span_ms) = rhythm::draw(seed, profile, &apps, settings.reboot_allowed);
    let quiet_ms = rhythm::last_hold_ends_ms(&happenings).saturating_sub(span_ms);
    Plan {
        seed,
        config: settings.machine + &apps.iter().map(|app| app.section.as_str()).collect::<String>(),
        machine: MachinePlan {
            host: (profile == Profile::Machine).then(|| host_plan(&mut stream("host"))),
            ..machine_plan(&mut stream("machine"))
        },
        apps: apps.into_iter().map(|app| app.plan).collect(),
        noise: noise(&mut stream("which noise"), profile),
        happenings,
        healed_at_ms: span_ms,
        ends_at_ms: span_ms + CLOSING_MS + quiet_ms,
    }
}

fn noisy_year(seed: u64) -> Plan {
    Plan {
        seed,
        config: "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n"
            .to_owned(),
        machine: MachinePlan::SMALL,
        apps: vec![AppPlan::plain_unit("shop")],
        noise: Noise::FIXED,
        happenings: Vec::new(),
        healed_at_ms: YEAR_MS,
        ends_at_ms: YEAR_MS + CLOSING_MS,
    }
}

fn machine_plan(chance: &mut Chance) -> MachinePlan {
    MachinePlan {
        // Younger than the least up-time for a reboot in half of all worlds.
        uptime_ms: chance.spread(30_000, 86_400_000),
        down_ms: chance.spread(1_000, 60_000),
        boot_ms: chance.spread(5_000, 90_000),
        agent_restart_ms: chance.spread(100, 5_000),
        host: None,
    }
}

fn host_plan(chance: &mut Chance) -> HostPlan {
    HostPlan {
        memory_kb: chance.spread(512 << 10, 16 << 20),
        // The least is a small container's; 32768 is the kernel's own.
        tasks_max: chance.spread(2_048, 32_768),
        has_pressure: !chance.once_in(3),
    }
}

/// A part of the fixed model, up to sixteen times as dense.
fn noise(chance: &mut Chance, profile: Profile) -> Noise {
    if profile == Profile::Agent {
        return Noise::default();
    }
    let denser = if profile == Profile::Calm { 1 } else { chance.spread(1, 16) };
    let mut part = |rate: u64| if chance.below(2) == 0 { rate } else { 0 };
    let every = |mean_ms: u64| mean_ms / denser;
    let fixed = Noise::FIXED;
    Noise {
        loss_in_a_million: part(fixed.loss_in_a_million * denser),
        burst_every_ms: part(every(fixed.burst_every_ms)),
        pause_every_ms: part(every(fixed.pause_every_ms)),
        steal_every_ms: part(every(fixed.steal_every_ms)),
        deploy_every_ms: part(every(fixed.deploy_every_ms)),
        ..fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Happening;
    use crate::world::World;
    use std::collections::BTreeSet;
    use std::rc::Rc;

    #[test]
    fn every_plan_goes_through_the_real_loader() {
        for (_, profile) in Profile::ALL {
            for seed in 0..300 {
                let plan = Rc::new(generate(seed, profile));
                let world = World::new(Rc::clone(&plan));
                assert!(
                    world.is_ok(),
                    "{profile:?} {seed}: {}\n{}",
                    world.unwrap_err(),
                    plan.config
                );
            }
        }
    }

    #[test]
    fn a_seed_makes_the_same_plan_each_time() {
        for seed in 0..50 {
            assert_eq!(generate(seed, Profile::Swarm), generate(seed, Profile::Swarm));
        }
    }

    #[test]
    fn what_happens_is_in_the_order_of_time_and_ends_before_the_healing() {
        for seed in 0..200 {
            let plan = generate(seed, Profile::Swarm);
            let times: Vec<u64> = plan.happenings.iter().map(|it| it.at_ms).collect();
            assert!(times.is_sorted(), "{seed}");
            assert!(times.iter().all(|at_ms| *at_ms < plan.healed_at_ms), "{seed}");
        }
    }

    /// Names of what happens, without its numbers.
    fn kinds(plan: &Plan) -> impl Iterator<Item = String> {
        plan.happenings.iter().map(|it| {
            let text = match it.what {
                Happening::App { fault, .. } => format!("{fault:?}"),
                Happening::Machine(fault) => format!("{fault:?}"),
                Happening::Agent(fault) => format!("{fault:?}"),
                Happening::Person(person) => format!("{person:?}"),
            };
            text.split([' ', '(']).next().unwrap_or_default().to_owned()
        })
    }

    #[test]
    fn three_hundred_seeds_hold_everything_that_can_happen_and_no_seed_all_of_it() {
        let plans: Vec<Plan> = (0..300).map(|seed| generate(seed, Profile::Swarm)).collect();
        let all: BTreeSet<String> = plans.iter().flat_map(kinds).collect();
        assert_eq!(all.len(), 43, "{all:?}");
        for plan in &plans {
            assert!(kinds(plan).collect::<BTreeSet<_>>().len() <= 28, "{}", plan.seed);
        }
    }

    #[test]
    fn calm_worlds_hold_nothing_that_an_act_would_cure() {
        for seed in 0..200 {
            let plan = generate(seed, Profile::Calm);
            let curable = plan.happenings.iter().find(|it| match it.what {
                Happening::App { remedy, .. } => remedy.new_process || remedy.reboot,
                Happening::Machine(_) | Happening::Agent(_) | Happening::Person(_) => false,
            });
            assert_eq!(curable, None, "{seed}");
        }
    }
}
