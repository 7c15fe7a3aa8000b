//! The guardian's reader of the machine, on a simulated machine: the world's truth, as it would be read.
//!
//! It remembers what the guardian's own remembers (`crates/guardian/src/sense`): what an app used when it was
//! well, what was used before, and whether anything was told.

use crate::world::World;
use defib_engine::event::Event;
use defib_engine::host::AppFacts;
use defib_engine::id::{AppId, Identity};
use defib_guardian::mind::{Size, Watched};

/// One process, from one reading to the next.
#[derive(Clone, Copy, Debug)]
struct Followed {
    app: AppId,
    identity: Identity,
    size: Size,
}

/// The reader. It begins anew with each guardian.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    followed: Vec<Followed>,
    has_told: bool,
}

impl Reader {
    /// One pass: appends what the engine is told.
    pub(crate) fn pass(&mut self, world: &World, watched: &[Watched], events: &mut Vec<Event>) {
        let Some(machine) = world.machine_facts() else { return };
        self.followed.retain(|it| watched.iter().any(|other| is_same(it, other)));
        let mark = events.len();
        for it in watched {
            let Some(facts) = self.read(world, it) else { continue };
            if facts.matters(&machine) {
                events.push(Event::Measured { app: it.app, facts });
            }
        }
        // Once more when it no longer matters, so that what was true ends.
        let tells = machine.matters() || events.len() > mark;
        if tells || self.has_told {
            events.push(Event::Machine(machine));
        }
        self.has_told = tells;
    }

    fn read(&mut self, world: &World, watched: &Watched) -> Option<AppFacts> {
        let Watched { app, identity, is_well, is_paced } = *watched;
        let mut facts = world.app_facts(usize::from(app.0), identity)?;
        let known = self.followed.iter().position(|it| is_same(it, watched));
        let at = known.unwrap_or_else(|| {
            self.followed.push(Followed { app, identity, size: Size::default() });
            self.followed.len() - 1
        });
        if known.is_none() {
            // What it used since when, nobody knows yet.
            facts.cpu_permille = 0;
        }
        self.followed[at].size.measure(is_well, is_paced, &mut facts);
        Some(facts)
    }

    /// Whether another pass over processes that go on as they are would change nothing.
    pub(crate) fn is_idle(&self, mut watched: impl Iterator<Item = (AppId, Identity)>) -> bool {
        let is_settled = |(app, identity): (AppId, Identity)| {
            let mut same = self.followed.iter().filter(|it| it.app == app);
            same.any(|it| it.identity == identity && it.size.is_settled())
        };
        !self.has_told && watched.all(is_settled)
    }
}

fn is_same(followed: &Followed, watched: &Watched) -> bool {
    followed.app == watched.app && followed.identity == watched.identity
}
