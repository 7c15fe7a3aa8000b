//! What an app has grown by: what it uses, held against what it used when nothing was wrong with it.

use defib_engine::host::AppFacts;

/// Readings, one each 5 s, before what was never well is taken to have started: to start is not to grow.
const STARTS: u8 = 12;

/// The size of one process, from one reading to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// The least memory, in kB, and the fewest tasks, that it was well with.
    settled: Option<(u64, u64)>,
    /// Readings of it before it was ever well, up to [`STARTS`].
    unwell: u8,
    /// The least memory since then, in kB.
    started_kb: Option<u64>,
}

impl Size {
    /// One reading: fills in what it has grown by, and the tasks that it settled with. `is_paced`: it is one of
    /// those that come each 5 s, by which a start is timed.
    pub fn measure(&mut self, is_well: bool, is_paced: bool, facts: &mut AppFacts) {
        if is_well {
            let (memory_kb, tasks) = self.settled.unwrap_or((u64::MAX, u64::MAX));
            self.settled = Some((memory_kb.min(facts.memory_kb), tasks.min(facts.tasks)));
        }
        // Nobody knows how many tasks it has when it is well, if it never was.
        let (memory_kb, tasks) = self
            .settled
            .unwrap_or_else(|| (self.unsettled(is_paced, facts.memory_kb), facts.tasks));
        facts.grown_kb = facts.memory_kb.saturating_sub(memory_kb);
        facts.tasks_settled = tasks;
    }

    /// Whether it was ever well.
    pub fn is_settled(&self) -> bool {
        self.settled.is_some()
    }

    /// What was never well, since what it needs never came, may fill the memory all the same, and a reboot in
    /// place of its kill ends all apps for it. It is held against the least that it had once it had started.
    fn unsettled(&mut self, is_paced: bool, memory_kb: u64) -> u64 {
        if self.unwell < STARTS {
            self.unwell += u8::from(is_paced);
            return memory_kb;
        }
        *self.started_kb.insert(self.started_kb.map_or(memory_kb, |least| least.min(memory_kb)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown_kb(size: &mut Size, is_well: bool, memory_kb: u64) -> u64 {
        let mut facts = AppFacts { memory_kb, ..AppFacts::default() };
        size.measure(is_well, true, &mut facts);
        facts.grown_kb
    }

    #[test]
    fn readings_under_pressure_do_not_shorten_a_start() {
        let mut size = Size::default();
        for reading in 0..u64::from(STARTS) * 2 {
            let mut facts = AppFacts { memory_kb: 10 + 20 * reading, ..AppFacts::default() };
            size.measure(false, reading % 2 == 0, &mut facts);
            assert_eq!(facts.grown_kb, 0, "it starts");
        }
        assert_eq!(grown_kb(&mut size, false, 250), 0);
        assert_eq!(grown_kb(&mut size, false, 900), 650);
    }

    #[test]
    fn it_grows_beyond_the_least_that_it_was_well_with() {
        let mut size = Size::default();
        assert_eq!(grown_kb(&mut size, true, 300), 0);
        assert_eq!(grown_kb(&mut size, true, 200), 0);
        assert_eq!(grown_kb(&mut size, true, 250), 50);
        assert_eq!(grown_kb(&mut size, false, 900), 700);
    }

    #[test]
    fn what_was_never_well_grows_once_it_has_started() {
        let mut size = Size::default();
        for reading in 0..u64::from(STARTS) {
            assert_eq!(grown_kb(&mut size, false, 10 + 20 * reading), 0, "it starts");
        }
        assert_eq!(grown_kb(&mut size, false, 250), 0);
        assert_eq!(grown_kb(&mut size, false, 900), 650);
        assert_eq!(grown_kb(&mut size, true, 400), 0, "now it is known what it needs");
    }
}
