//! The blow that nothing of an app outlives, and the hunt for what did all the same. It needs no process,
//! and no memory where the kernel ends a whole cgroup.

use super::Ending;
use super::ending::is_abrupt;
use crate::boundary::{Blow, Group, GroupOf, Held, Signal, Token};
use crate::executor::Executor;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::id::{AppId, Identity};
use defib_journal::order::ActStep;
use std::io;

/// The most rounds in which members are stopped and looked for anew. Each round leaves only those that
/// were being forked in the round before.
const STOP_ROUNDS: usize = 16;

/// What a look at the members of an app found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hunt {
    /// Members that were not known before.
    found: bool,
    /// There may be more: some could not be seen or held.
    is_blind: bool,
    /// The app's own cgroup is not empty.
    in_group: bool,
    /// There are members.
    any: bool,
}

impl Hunt {
    /// Whether nothing is left.
    pub(super) const fn is_over(self) -> bool {
        !self.any && !self.is_blind && !self.in_group
    }

    /// Whether something lives that has not been hit yet.
    pub(super) const fn wants_blow(self) -> bool {
        self.found || self.is_blind || self.in_group
    }

    /// Whether nobody would wake us when the rest is gone.
    pub(super) const fn must_look(self) -> bool {
        self.is_blind || self.in_group
    }
}

impl Executor {
    /// Opens the cgroup of an app whose main process has become known.
    pub(crate) fn open_group(&mut self, app: AppId, main: Identity) {
        let index = usize::from(app.0);
        if self.apps[index].group.as_ref().is_some_and(|group| group.main() == main) {
            return;
        }
        let spec = &self.config.apps[index];
        // Closed first: its cgroup may be in the way of another with its name.
        self.apps[index].group = None;
        self.apps[index].group = match &spec.target {
            Target::Unit(unit) => self.processes.group(main, GroupOf::Unit(&unit.name)),
            Target::Child(_) if self.manager.has_transient() => {
                let unit = super::transient_name(&spec.name);
                self.processes.group(main, GroupOf::Unit(&unit))
            }
            Target::Child(_) => self.processes.group(main, GroupOf::Child(&spec.name)),
            Target::Recover(_) | Target::Nothing => None,
        };
    }

    /// The cgroup that may be ended for this process: one that nobody else is ever in, or a unit's while
    /// this very process still is its main one. A moment later the unit's next life may be in it.
    fn group_of(&self, app: AppId, main: Identity) -> Option<&dyn Group> {
        let state = &self.apps[usize::from(app.0)];
        let group = state.group.as_deref().filter(|group| group.main() == main)?;
        let lives = |held: &Held| held.identity == main && !self.processes.is_gone(held);
        (group.is_ours() || state.main.as_ref().is_some_and(lives)).then_some(group)
    }

    /// Looks for members that were not known yet, and holds them.
    pub(super) fn hunt(&mut self, order: &Order, ending: &mut Ending) -> Hunt {
        if self.apps[usize::from(order.app.0)].group.is_none() && !self.is_unit(order.app) {
            // Of a life that an executor before us has seen begin.
            self.open_group(order.app, ending.main);
        }
        let group = self.group_of(order.app, ending.main);
        let in_group = group.is_some_and(|group| group.is_ours() && !group.is_empty());
        let mut hunt = Hunt { in_group, ..Hunt::default() };
        let Ok(members) = self.members_of(ending) else {
            return Hunt { is_blind: true, ..hunt };
        };
        for identity in members {
            if ending.hunted.iter().any(|held| held.identity == identity) {
                continue;
            }
            match self.processes.hold(identity, Some(Token::Act(order.app))) {
                Some(held) if self.processes.is_gone(&held) => {}
                Some(held) => {
                    ending.hunted.push(held);
                    hunt.found = true;
                }
                // Gone meanwhile, or there is no descriptor to hold it by.
                None => hunt.is_blind |= self.processes.is_alive(identity),
            }
        }
        hunt.any = !ending.hunted.is_empty();
        hunt
    }

    fn members_of(&self, ending: &Ending) -> io::Result<Vec<Identity>> {
        let mut members = self.processes.members(ending.main)?;
        for root in &ending.beside {
            members.extend(self.processes.members(*root)?);
        }
        Ok(members)
    }

    /// KILL to all of the app; `step` tells of it, unless its cgroup was ended as a whole.
    pub(super) fn strike(&mut self, order: &Order, ending: &mut Ending, step: ActStep) {
        let blow = self.blow(order, ending);
        let step = match blow {
            Some(Blow::Killed) => ActStep::GroupKilled,
            Some(Blow::Frozen) => ActStep::Frozen,
            Some(Blow::OneByOne) | None => step,
        };
        self.say_step(order, step);
    }

    /// The same for what has come since; it was told before.
    pub(super) fn strike_again(&mut self, order: &Order, ending: &mut Ending) {
        self.blow(order, ending);
    }

    /// Ends the cgroup of a unit that is stopping, if its judged process still is there; whether that was
    /// the kernel's doing.
    pub(super) fn end_lingering_group(&self, order: &Order) -> bool {
        let main = self.apps[usize::from(order.app.0)].identity();
        let main = main.filter(|main| order.identity.is_none_or(|judged| judged == *main));
        let group = main.and_then(|main| self.group_of(order.app, main));
        group.is_some_and(|group| matches!(group.strike(), Ok(Blow::Killed)))
    }

    fn blow(&mut self, order: &Order, ending: &mut Ending) -> Option<Blow> {
        let group = self.group_of(order.app, ending.main);
        let blow = group.and_then(|group| group.strike().ok());
        if blow.is_none() && is_abrupt(order) {
            self.stop_all(order, ending);
        }
        self.signal_all(&ending.hunted, Signal::Kill);
        self.kill_main_unheld(order, ending);
        for held in &ending.hunted {
            self.processes.reclaim(held);
        }
        blow
    }

    /// Stops all that can be found before anything of it is ended: what forks faster than it is found
    /// would always be ahead.
    fn stop_all(&mut self, order: &Order, ending: &mut Ending) {
        for _ in 0..STOP_ROUNDS {
            self.signal_all(&ending.hunted, Signal::Stop);
            if !self.hunt(order, ending).found {
                return;
            }
        }
    }

    /// The main process is held since it became known, though there may be no descriptor left to hold
    /// it a second time.
    fn kill_main_unheld(&self, order: &Order, ending: &Ending) {
        let main = self.apps[usize::from(order.app.0)].main.as_ref();
        if let Some(main) = main.filter(|main| main.identity == ending.main && !ending.has_main()) {
            let _ = self.processes.signal(main, Signal::Kill);
        }
    }
}
