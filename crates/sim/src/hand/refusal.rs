//! Calls to the machine that are refused, or take their time: each call that can be counts.

use super::seat::Seat;
use std::cell::Cell;
use std::io;
use std::rc::Rc;

/// How long a call takes that stalls.
const STALL_MS: u64 = 3_000;

/// Which calls are next. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal(Rc<Cell<Option<Planned>>>, Rc<Cell<bool>>);

#[derive(Clone, Copy, Debug)]
struct Planned {
    /// Calls that are still granted.
    granted: u32,
    /// Calls that are refused then.
    refused: u32,
    errno: u8,
}

impl Refusal {
    /// The `nth` call from now on (1 is the next) and as many as make `calls` with it.
    pub(super) fn plan(&self, nth: u32, calls: u32, errno: u8) {
        self.0.set(Some(Planned { granted: nth.max(1) - 1, refused: calls, errno }));
    }

    /// Whether a planned one was met.
    pub(super) fn was_met(&self) -> bool {
        self.1.get()
    }

    /// A call begins: `Some` with its errno if it is one of them.
    fn meet(&self) -> Option<u8> {
        let mut planned = self.0.get()?;
        let is_granted = planned.granted > 0;
        if is_granted {
            planned.granted -= 1;
        } else {
            planned.refused = planned.refused.saturating_sub(1);
        }
        self.0.set((planned.refused > 0).then_some(planned));
        self.1.set(self.1.get() || !is_granted);
        (!is_granted).then_some(planned.errno)
    }
}

impl Seat {
    /// To be asked by each call that a machine may refuse.
    pub(super) fn may_call(&self) -> io::Result<()> {
        match self.ground().0.refusal.meet() {
            None => Ok(()),
            Some(0) => {
                self.delay(STALL_MS);
                Ok(())
            }
            Some(errno) => Err(io::Error::from_raw_os_error(i32::from(errno))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_were_asked_for_are_refused_from_the_nth_on() {
        let refusal = Refusal::default();
        assert_eq!(refusal.meet(), None);
        refusal.plan(2, 2, 12);
        let met: Vec<Option<u8>> = (0..5).map(|_| refusal.meet()).collect();
        assert_eq!(met, [None, Some(12), Some(12), None, None]);
        assert!(refusal.was_met());
    }
}
