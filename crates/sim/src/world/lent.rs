//! Lending the world to production code.
//!
//! The real executor and guardian own the values behind their boundaries, so these cannot be given
//! `&mut World` at each call. While the agent runs, the world lies in a cell that they share.

use super::World;
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// A place for the world while the agent runs.
#[derive(Clone, Debug, Default)]
pub struct Lent(Rc<RefCell<Option<World>>>);

impl Lent {
    /// Calls `what` while the world lies in the cell, and gives it back.
    ///
    /// # Panics
    /// If the world lies in a cell already: agents do not nest.
    pub fn during<T>(&self, world: &mut World, what: impl FnOnce() -> T) -> T {
        let place = world.hollow();
        let old = self.0.borrow_mut().replace(std::mem::replace(world, place));
        assert!(old.is_none(), "the world is lent already");
        let result = what();
        *world = self.0.borrow_mut().take().expect("nobody takes the world out");
        result
    }

    /// The world.
    ///
    /// # Panics
    /// Outside of [`Lent::during`], or if it is held already.
    pub fn world(&self) -> RefMut<'_, World> {
        RefMut::map(self.0.borrow_mut(), |world| world.as_mut().expect("the world is not lent"))
    }
}
