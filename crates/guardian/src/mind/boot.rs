//! How the boot before this one ended: told once, by the first guardian of a boot that has a journal.

use super::{Body, Mind};
use crate::clock::Clock;
use crate::restart::Remembered;
use defib_engine::event::Started;
use defib_engine::id::{IncidentId, IntentId};
use defib_journal::boot::{BootEnding, LastBoot};
use defib_journal::ledger::RebootMark;
use defib_journal::line::{BootId, Line};
use defib_journal::order::ActStep;
use defib_journal::recorder::Summary;

/// What the journal says of the time before.
pub(super) struct Past {
    /// Whether the machine has booted since.
    is_new_boot: bool,
    /// The boot whose beginning was told last.
    told_boot: Option<BootId>,
    /// When its last line was written, by the wall clock.
    wall_ms: Option<u64>,
    /// The last step of an act that it holds.
    step: Option<(IntentId, ActStep)>,
    away_ms: Option<u64>,
}

impl Past {
    pub(super) fn of(remembered: Option<&Remembered>, started: &Started) -> Past {
        Past {
            // A journal that remembers nothing has told nothing either.
            is_new_boot: started.new_boot || remembered.is_none(),
            told_boot: remembered.and_then(|it| it.told_boot),
            wall_ms: remembered.map(|it| it.wall_ms),
            step: remembered.and_then(|it| it.step),
            away_ms: started.away_ms,
        }
    }

    /// How far the reboot was, by whichever of the two knew more: the ledger's disk may have been too slow
    /// for the last step, and so may the journal's.
    fn step_of(&self, mark: &RebootMark) -> Option<ActStep> {
        let here = self.step.filter(|(intent, _)| *intent == mark.intent).map(|(_, step)| step);
        mark.step
            .into_iter()
            .chain(here)
            .max_by_key(|step| height(*step))
            .filter(|it| height(*it) > 0)
    }
}

/// How far up the reboot's ladder a step is; 0: it is none of it.
const fn height(step: ActStep) -> u8 {
    match step {
        ActStep::RebootAsked => 1,
        ActStep::RebootAccepted => 2,
        ActStep::RebootForced => 3,
        ActStep::ResetCalled => 4,
        ActStep::SysrqSent => 5,
        ActStep::FeedingEnded => 6,
        _ => 0,
    }
}

/// How much more time has passed by the wall clock than on the up-time line since the journal's last line.
/// With it, a length on the line is what a watch would have shown.
pub(super) fn away_ms(clock: &Clock, remembered: &Remembered) -> u64 {
    let on_the_wall = clock.wall_ms().saturating_sub(remembered.wall_ms);
    on_the_wall.saturating_sub(clock.now().since(remembered.up))
}

impl<B: Body> Mind<B> {
    /// One line for each boot. What is told first is believed: a guardian that dies before its line is durable
    /// leaves it to the next.
    pub(super) fn tell_last_boot(&mut self, past: &Past) {
        let boot = self.identity.boot;
        let Some(last) = self.last_boot.as_mut().filter(|last| BootId(last.boot_id) == boot) else {
            self.last_boot = None;
            return;
        };
        last.last_wall_ms = past.wall_ms.filter(|_| past.is_new_boot).or(last.last_wall_ms);
        if let Some(mark) = &mut last.reboot {
            mark.step = past.step_of(mark);
        }
        let last = *last;
        self.last_summary.take_if(|it| !it.is_of_the_end(last.last_wall_ms));
        if past.is_new_boot && past.told_boot != Some(boot) {
            let machine = self.last_summary.clone().map(Box::new);
            self.write(self.clock.now(), line(&last, past.away_ms, machine));
        }
    }

    /// What the flight recorder holds of the boot before; why it is off, for people.
    pub(super) fn read_recorder(&mut self) -> Option<String> {
        if !self.body.has_host() {
            return None;
        }
        match self.recorder.begin(self.clock.now_ms()) {
            Ok(summary) => {
                self.last_summary = summary;
                None
            }
            Err(off) => off,
        }
    }
}

fn line(last: &LastBoot, away_ms: Option<u64>, machine: Option<Box<Summary>>) -> Line<'static> {
    let mark = last.reboot.filter(|_| last.ending == BootEnding::Ours);
    Line::Boot {
        boot: BootId(last.boot_id),
        ending: last.ending,
        app: mark.map(|mark| mark.app.as_str().to_owned().into()),
        incident: mark.map(|mark| mark.incident).filter(|it| *it != IncidentId(0)),
        intent: mark.map(|mark| mark.intent),
        class: mark.map(|mark| mark.class),
        step: mark.and_then(|mark| mark.step),
        traces: last.traces.iter().collect(),
        last_wall_ms: last.last_wall_ms,
        began_wall_ms: last.began_wall_ms,
        gap_ms: last.gap_ms(),
        away_ms,
        machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::note::Class;
    use defib_journal::ledger::Name;

    fn mark(step: Option<ActStep>) -> RebootMark {
        RebootMark {
            boot_id: [1; 16],
            intent: IntentId(3),
            app: Name::new("shop").unwrap(),
            incident: IncidentId(7),
            class: Class::Hung,
            step,
        }
    }

    fn past(step: Option<(IntentId, ActStep)>) -> Past {
        Past { is_new_boot: true, told_boot: None, wall_ms: None, step, away_ms: None }
    }

    #[test]
    fn the_step_is_the_one_that_went_further() {
        let asked = mark(Some(ActStep::RebootAsked));
        let forced = Some((IntentId(3), ActStep::RebootForced));
        assert_eq!(past(forced).step_of(&asked), Some(ActStep::RebootForced));
        let sysrq = mark(Some(ActStep::SysrqSent));
        assert_eq!(past(forced).step_of(&sysrq), Some(ActStep::SysrqSent));
        assert_eq!(past(forced).step_of(&mark(None)), Some(ActStep::RebootForced));
        assert_eq!(past(None).step_of(&mark(None)), None);
        let other = Some((IntentId(2), ActStep::SysrqSent));
        assert_eq!(past(other).step_of(&asked), Some(ActStep::RebootAsked), "another act's");
        let written = Some((IntentId(3), ActStep::Written));
        assert_eq!(past(written).step_of(&mark(None)), None, "no step of a reboot");
    }
}
