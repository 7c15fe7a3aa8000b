//! A death at a durable write: whoever makes the n-th from now on dies there.

use crate::plan::CrashPoint;
use std::cell::Cell;
use std::rc::Rc;

/// The plan's next death at a write, shared by all who write durably. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Doom(Rc<Cell<Option<(u32, CrashPoint)>>>);

impl Doom {
    /// The `nth` durable write from now on (1 is the next) is somebody's last.
    pub fn plan(&self, nth: u32, point: CrashPoint) {
        self.0.set(Some((nth.max(1), point)));
    }

    /// Nobody dies any more.
    pub fn lift(&self) {
        self.0.set(None);
    }

    /// A durable write begins: `Some` if its writer dies at it, and where.
    pub fn meet(&self) -> Option<CrashPoint> {
        let (left, point) = self.0.get()?;
        self.0.set((left > 1).then_some((left - 1, point)));
        (left == 1).then_some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_write_meets_it_once() {
        let doom = Doom::default();
        assert_eq!(doom.meet(), None);
        doom.plan(2, CrashPoint::Torn);
        assert_eq!(doom.clone().meet(), None);
        assert_eq!(doom.meet(), Some(CrashPoint::Torn));
        assert_eq!(doom.meet(), None);
    }
}
