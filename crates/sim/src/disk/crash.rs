//! The power fails.

use super::inode::Keep;
use super::{Disk, File, State};
use crate::chance::Chance;
use std::collections::BTreeMap;
use std::rc::Rc;

impl Disk {
    /// Cuts the power: what was synced stays, of the rest anything may. Whatever was open is gone, and every
    /// process's way to the disk has ended; the mood stays.
    pub fn cut_power(&self) {
        let state = &mut *self.state.borrow_mut();
        state.boot += 1;
        state.pending.clear();
        state.names = surviving_names(state);
        for file in state.names.values() {
            let keep = match state.chance.below(4) {
                0 => Keep::All,
                1 => Keep::Nothing,
                2 => Keep::Beginning,
                _ => Keep::Some,
            };
            let mut file = file.borrow_mut();
            file.cut(keep, &mut state.chance);
            file.removed = false;
        }
        state.durable_names.clone_from(&state.names);
    }

    /// What an orderly end of the machine does: all that was written is durable.
    pub fn sync_all(&self) {
        let state = &mut *self.state.borrow_mut();
        for file in state.names.values() {
            file.borrow_mut().sync();
        }
        state.pending.clear();
        state.durable_names.clone_from(&state.names);
    }

    /// The kernel needs memory: what a failed sync dropped is not readable any more.
    pub fn evict(&self) {
        for file in self.state.borrow().names.values() {
            file.borrow_mut().evict();
        }
    }
}

/// Each name that was made, removed or made anew since the folder was synced is as it was or as it is.
fn surviving_names(state: &mut State) -> BTreeMap<String, File> {
    let (before, after) = (&state.durable_names, &state.names);
    let mut names = BTreeMap::new();
    for name in before.keys().chain(after.keys()) {
        if names.contains_key(name) {
            continue;
        }
        let found = choose(before.get(name), after.get(name), &mut state.chance);
        names.insert(name.clone(), found.cloned());
    }
    names.into_iter().filter_map(|(name, file)| Some((name, file?))).collect()
}

fn choose<'a>(
    before: Option<&'a File>,
    after: Option<&'a File>,
    chance: &mut Chance,
) -> Option<&'a File> {
    match (before, after) {
        (Some(before), Some(after)) if Rc::ptr_eq(before, after) => Some(after),
        _ if chance.below(2) == 0 => before,
        _ => after,
    }
}
