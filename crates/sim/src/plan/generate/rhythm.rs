//! What happens when: how long a world lasts, how dense its faults are, who mends what.

use super::Profile;
use super::apps::Drawn;
use super::draw::Spread;
use super::family::{Families, Family};
use super::{fault, machine};
use crate::chance::Chance;
use crate::plan::{
    AppFault, DiskFault, DiskName, Happening, Keeper, MachineFault, Person, Planned, Remedy,
};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The most that is drawn for one world: what it costs to run stays bounded.
const DRAWS_MAX: usize = 60;

/// What happens, and how long bad things may.
pub(super) fn draw(
    seed: u64,
    profile: Profile,
    apps: &[Drawn],
    reboot_allowed: bool,
) -> (Vec<Planned>, u64) {
    let mut chance = Chance::new(seed, "rhythm");
    let (span_ms, gap_ms) = span_and_gap(&mut chance, profile);
    let families = Families::draw(&mut chance, profile);
    let mut book = Book { chance, apps, reboot_allowed, span_ms, entries: Vec::new() };
    book.fill(&families, gap_ms);
    if profile == Profile::Agent {
        // Dense enough to fall into every step of what an incident leads to.
        let gap_ms = book.chance.spread(2_000, 30_000);
        book.fill(&Families::of_agent(), gap_ms);
    }
    book.entries.sort_by_key(|entry| entry.at_ms);
    (book.entries, span_ms)
}

fn span_and_gap(chance: &mut Chance, profile: Profile) -> (u64, u64) {
    let span_ms = match profile {
        Profile::Swarm | Profile::Noise => chance.spread(10 * MINUTE_MS, 5 * DAY_MS),
        Profile::Calm => chance.spread(7 * DAY_MS, 28 * DAY_MS),
        Profile::Agent => chance.spread(4 * MINUTE_MS, 40 * MINUTE_MS),
        Profile::Machine => chance.spread(20 * MINUTE_MS, 8 * HOUR_MS),
    };
    let gap_ms = match profile {
        Profile::Agent => span_ms / 3,
        _ => chance.spread((span_ms / 40).max(20_000), span_ms),
    };
    (span_ms, gap_ms)
}

/// When the last request for quiet is over.
pub(super) fn last_hold_ends_ms(happenings: &[Planned]) -> u64 {
    let ends = happenings.iter().filter_map(|it| match it.what {
        Happening::Person(Person::Hold { ms, .. }) => Some(it.at_ms + ms),
        _ => None,
    });
    ends.max().unwrap_or(0)
}

/// The plan as it is being written.
struct Book<'a> {
    chance: Chance,
    apps: &'a [Drawn],
    reboot_allowed: bool,
    span_ms: u64,
    entries: Vec<Planned>,
}

impl Book<'_> {
    fn fill(&mut self, families: &Families, gap_ms: u64) {
        let mut at_ms = 0;
        for _ in 0..DRAWS_MAX {
            at_ms += self.chance.exponential_ms(gap_ms);
            if at_ms >= self.span_ms {
                break;
            }
            let family = families.pick(&mut self.chance);
            self.happen(at_ms, family);
        }
    }

    fn add(&mut self, at_ms: u64, what: Happening) {
        if at_ms < self.span_ms {
            self.entries.push(Planned { at_ms, what });
        }
    }

    fn person(&mut self, at_ms: u64, what: Person) {
        self.add(at_ms, Happening::Person(what));
    }

    fn happen(&mut self, at_ms: u64, family: Family) {
        let app = self.chance.below(self.apps.len() as u64) as usize;
        if let Some((fault, remedy)) = fault::of(&mut self.chance, family, &self.apps[app]) {
            self.go_wrong(at_ms, app, fault, remedy);
        } else if let Some(fault) = machine::fault(&mut self.chance, family) {
            self.add(at_ms, Happening::Machine(fault));
        } else if let Some(fault) = machine::agent_fault(&mut self.chance, family) {
            self.add(at_ms, Happening::Agent(fault));
        } else {
            self.let_person(at_ms, app, family);
        }
    }

    fn go_wrong(&mut self, at_ms: u64, app: usize, fault: AppFault, remedy: Remedy) {
        let is_shared = matches!(fault, AppFault::DependencyDown | AppFault::DependencySlow);
        for other in 0..self.apps.len() {
            // What several apps need goes down for all of them at once.
            if other == app || is_shared && self.apps[other].has_service {
                self.add(at_ms, Happening::App { app: other, fault, remedy });
            }
        }
        self.fail_disk(at_ms, fault);
        let needs_a_person = remedy == Remedy::NONE || remedy == Remedy::REBOOT;
        if needs_a_person && !self.chance.once_in(3) {
            let mended_ms = at_ms + self.chance.spread(5 * MINUTE_MS, 12 * HOUR_MS);
            self.person(mended_ms, Person::Mend { app });
        }
    }

    /// A small machine has one disk, so that half of the time it is the agent's too.
    fn fail_disk(&mut self, at_ms: u64, fault: AppFault) {
        let shown = match fault {
            AppFault::DiskFull => DiskFault::Full,
            AppFault::DiskReadOnly => DiskFault::ReadOnly,
            _ => return,
        };
        if self.chance.below(2) == 0 {
            let (disk, ms) = (DiskName::State, self.chance.spread(5_000, HOUR_MS));
            self.add(at_ms, Happening::Machine(MachineFault::Disk { disk, fault: shown, ms }));
        }
    }

    fn let_person(&mut self, at_ms: u64, app: usize, family: Family) {
        let later_ms = at_ms + self.chance.spread(5_000, 4 * HOUR_MS);
        match family {
            Family::Deploy => self.deploy(at_ms, app),
            Family::BadDeploy => self.bad_deploy(at_ms, app),
            // Only a unit has a stop that others can see.
            Family::Stop if matches!(self.apps[app].plan.keeper, Keeper::Unit { .. }) => {
                self.person(at_ms, Person::Stop { app });
                self.person(later_ms, Person::Start { app });
            }
            Family::Hold => {
                let ms = self.chance.spread(10_000, 4 * HOUR_MS);
                self.person(at_ms, Person::Hold { app, ms });
                if self.chance.below(2) == 0 {
                    self.person(later_ms, Person::Release { app });
                }
            }
            Family::Reload => self.person(at_ms, Person::Reload),
            Family::Reboot if self.reboot_allowed || self.chance.below(2) == 0 => {
                self.person(at_ms, Person::Reboot);
            }
            _ => {}
        }
    }

    /// Some ask for quiet first, as the handbook says.
    fn deploy(&mut self, at_ms: u64, app: usize) {
        if self.chance.once_in(3) {
            self.person(at_ms.saturating_sub(5_000), Person::Hold { app, ms: 120_000 });
        }
        self.person(at_ms, Person::Restart { app });
    }

    /// What was deployed is broken: the next process shows it, and so does each after it, until a person
    /// rolls back.
    fn bad_deploy(&mut self, at_ms: u64, app: usize) {
        let fault = self.chance.pick([
            AppFault::Status { code: 500 },
            AppFault::DiesAfter { after_ms: 400 },
            AppFault::WrongBody,
            AppFault::Hang,
            AppFault::Leak { lasts_ms: 120_000 },
        ]);
        self.person(at_ms, Person::Restart { app });
        let shows_ms = at_ms + self.apps[app].plan.stop_ms + 300;
        self.add(shows_ms, Happening::App { app, fault, remedy: Remedy::NONE });
        let rolled_back_ms = shows_ms + self.chance.spread(MINUTE_MS, 6 * HOUR_MS);
        self.person(rolled_back_ms, Person::Mend { app });
        self.person(rolled_back_ms + 1, Person::Restart { app });
    }
}
