//! When the machine is read: every 5 s, and sooner while the kernel says that all tasks wait for memory.

use defib_engine::host::READING_MS;

/// A pass rides on a wake-up that comes anyway, if that is at most so much later than it is due.
const SLACK_MS: u64 = 500;

/// From one pass to the next at least, whoever asks for it. CPU time is counted in ticks of 10 ms: over less than
/// this it is too coarse to say who takes it.
const PRESSED_MS: u64 = 1_000;

/// When the next pass is due.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    last_ms: u64,
    /// The last one of those that come each 5 s.
    paced_ms: u64,
    is_pressed: bool,
    /// How many pressure has brought forward.
    brought_forward: u64,
}

/// A pass that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// It is one of those that come each 5 s.
    pub(crate) is_paced: bool,
}

impl Passes {
    /// All tasks wait for memory: the next pass comes as soon as it is of use.
    pub(crate) fn press(&mut self) {
        self.is_pressed = true;
    }

    /// Whether a pass was asked for that has not been made.
    pub(crate) fn is_pressed(&self) -> bool {
        self.is_pressed
    }

    /// How many passes pressure has brought forward.
    pub(crate) fn brought_forward(&self) -> u64 {
        self.brought_forward
    }

    /// Whether one is due, and then it is counted as made. `second_ms`: when a reading can convict by what one
    /// before it has found; one in between could only acquit, by a moment's change.
    pub(crate) fn begin(&mut self, now_ms: u64, second_ms: Option<u64>) -> Option<Pass> {
        let paced_ms = self.last_ms + READING_MS - SLACK_MS;
        let due_ms = self.pressed_ms(second_ms).map_or(paced_ms, |due_ms| due_ms.min(paced_ms));
        if now_ms < due_ms {
            return None;
        }
        self.brought_forward += u64::from(self.is_pressed);
        let is_paced = now_ms >= self.paced_ms + READING_MS - SLACK_MS;
        if is_paced {
            self.paced_ms = now_ms;
        }
        (self.last_ms, self.is_pressed) = (now_ms, false);
        Some(Pass { is_paced })
    }

    /// Until when to wait at most.
    pub(crate) fn deadline_ms(&self, second_ms: Option<u64>) -> u64 {
        let paced_ms = self.last_ms + READING_MS + SLACK_MS;
        self.pressed_ms(second_ms).map_or(paced_ms, |due_ms| due_ms.min(paced_ms))
    }

    fn pressed_ms(&self, second_ms: Option<u64>) -> Option<u64> {
        self.is_pressed.then(|| (self.last_ms + PRESSED_MS).max(second_ms.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACED: Option<Pass> = Some(Pass { is_paced: true });
    const EXTRA: Option<Pass> = Some(Pass { is_paced: false });

    fn begun_at(now_ms: u64) -> Passes {
        let mut passes = Passes::default();
        assert_eq!(passes.begin(now_ms, None), PACED);
        passes
    }

    #[test]
    fn a_pass_comes_every_five_seconds_on_a_wake_up_that_comes_anyway() {
        let mut passes = begun_at(10_000);
        assert_eq!(passes.deadline_ms(None), 15_500);
        assert_eq!(passes.begin(14_499, None), None);
        assert_eq!(passes.begin(14_500, None), PACED);
        assert_eq!(passes.brought_forward(), 0);
    }

    #[test]
    fn pressure_brings_a_pass_at_once_and_the_pace_goes_on_from_it() {
        let mut passes = begun_at(10_000);
        passes.press();
        assert_eq!(passes.deadline_ms(None), 11_000);
        assert_eq!(passes.begin(12_300, None), EXTRA);
        assert_eq!((passes.begin(12_301, None), passes.deadline_ms(None)), (None, 17_800));
        assert_eq!(passes.begin(16_800, None), PACED);
    }

    #[test]
    fn pressure_that_never_ends_brings_one_pass_a_second() {
        let mut passes = begun_at(10_000);
        let mut made = [0, 0];
        for now_ms in 10_001..=20_000 {
            passes.press();
            if let Some(pass) = passes.begin(now_ms, None) {
                made[usize::from(pass.is_paced)] += 1;
            }
        }
        // What is paced is so by its own count, however many come between.
        assert_eq!(made, [8, 2]);
    }

    #[test]
    fn the_second_reading_waits_until_it_can_convict_and_no_longer() {
        let mut passes = begun_at(10_000);
        passes.press();
        assert_eq!(passes.begin(12_000, None), EXTRA);
        passes.press();
        let second_ms = Some(16_500);
        assert_eq!(passes.deadline_ms(second_ms), 16_500);
        assert_eq!(passes.begin(16_499, second_ms), None);
        assert_eq!(passes.begin(16_500, second_ms), PACED);
        // A clock that was set back, or a bug, delays no reading beyond its pace.
        passes.press();
        assert_eq!(passes.deadline_ms(Some(99_000)), 22_000);
        assert_eq!(passes.begin(21_000, Some(99_000)), PACED);
    }
}
