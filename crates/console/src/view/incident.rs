//! One incident, as the journal tells it.

use crate::view::boot::BootEnd;
use crate::view::keep::Kept;
use crate::words::Names;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, IntentId};
use defib_engine::note::{Class, Ending, HandOver, Note};
use defib_engine::seen::Seen;
use defib_journal::drill::{DrillKind, DrillStage};
use defib_journal::order::ActStep;
use std::rc::Rc;

/// A point in time, on both lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// On the up-time line, in milliseconds: for lengths.
    pub up_ms: u64,
    /// On the wall, in milliseconds since the epoch: for people.
    pub wall_ms: i64,
}

impl Point {
    /// Another moment of the up-time line, put on the wall by this point.
    #[must_use]
    pub fn moved_to(self, up_ms: u64) -> Point {
        let by_ms = up_ms.cast_signed().wrapping_sub(self.up_ms.cast_signed());
        Point { up_ms, wall_ms: self.wall_ms.saturating_add(by_ms) }
    }
}

/// Something that happened in an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// When.
    pub at: Point,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The engine noted it.
    Note(Note),
    /// A look.
    Look {
        /// The probe's name.
        probe: String,
        /// The probe's deadline, in milliseconds.
        timeout_ms: Option<u64>,
        /// What it saw.
        seen: Seen,
        /// In words of the probe's own.
        detail: String,
    },
    /// A step of an act.
    Step {
        /// Of which intent.
        intent: IntentId,
        /// Which.
        step: ActStep,
    },
    /// The executor's answer, with its sentence.
    Answered {
        /// Of which intent.
        intent: IntentId,
        /// Which rung.
        rung: Rung,
        /// How it ended.
        outcome: Outcome,
        /// A sentence.
        detail: String,
    },
    /// A person asked for the fault.
    Drill {
        /// Which.
        kind: DrillKind,
        /// How far it is.
        stage: DrillStage,
        /// A sentence.
        detail: String,
    },
    /// It cannot be started, and this is why.
    Unstartable(String),
    /// The guardian started in the middle of it.
    GuardianStarted,
    /// The machine was away in the middle of it.
    Booted(Box<BootEnd>),
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its number.
    pub intent: IntentId,
    /// What was done.
    pub rung: Rung,
    /// What paid.
    pub purse: Purse,
    /// When the order left.
    pub ordered: Point,
    /// How it ended, once that is known.
    pub outcome: Option<Outcome>,
    /// The executor's sentence.
    pub detail: String,
    /// Whether it was found not to have helped.
    pub failed: bool,
}

/// A piece of the evidence bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub name: String,
    /// As read.
    pub text: String,
}

/// One incident.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its number.
    pub id: u32,
    /// The app's name.
    pub app: String,
    /// The app's number under the policy of its time.
    pub app_id: AppId,
    /// The classes that it had, in order.
    pub classes: Vec<Class>,
    /// When it was opened.
    pub opened: Point,
    /// When the fault began.
    pub since: Point,
    /// What happened, in order; bounded.
    pub items: Kept<Item>,
    /// The acts; bounded.
    pub acts: Kept<Act>,
    /// The evidence bundle; bounded.
    pub evidence: Kept<Piece>,
    /// The boots in the middle of it, and when each was told; bounded.
    pub boots: Kept<(Point, BootEnd)>,
    /// From the fault to the judgement that it is one.
    pub detected_ms: u64,
    /// From the fault to the first good look of the last stretch.
    pub back_ms: Option<u64>,
    /// Down for so long, once it is closed.
    pub down_ms: Option<u64>,
    /// How it ended, once it is closed.
    pub ending: Option<Ending>,
    /// When it was closed.
    pub closed: Option<Point>,
    /// Why a person was asked, if one was.
    pub handed_over: Option<HandOver>,
    /// Whether a person asked for it: a drill.
    pub drill: bool,
    /// The names of its time.
    pub names: Rc<Names>,
}

/// The most classes that are remembered of one incident; evidence that flaps keeps the last.
const CLASSES_MAX: usize = 16;

impl Incident {
    pub(crate) fn reclass(&mut self, class: Class) {
        if self.classes.last() == Some(&class) {
            return;
        }
        if self.classes.len() == CLASSES_MAX {
            self.classes.pop();
        }
        self.classes.push(class);
    }

    /// The last class.
    pub fn class(&self) -> Class {
        self.classes.last().copied().unwrap_or(Class::Unknown)
    }

    /// From the fault to `point`.
    pub fn offset_ms(&self, point: Point) -> i64 {
        let on_the_line = point.up_ms.cast_signed().wrapping_sub(self.since.up_ms.cast_signed());
        on_the_line.saturating_add_unsigned(self.away_ms(point))
    }

    /// How long the machine was away between the fault and `point`, in milliseconds.
    fn away_ms(&self, point: Point) -> u64 {
        let before = self.boots.iter().filter(|(at, _)| at.up_ms <= point.up_ms);
        before.fold(0, |sum, (_, end)| sum.saturating_add(end.away_ms))
    }

    /// How long the app was or has been down, as of `now`.
    pub fn down_for_ms(&self, now: Point) -> u64 {
        let so_far = || {
            let on_the_line = now.up_ms.saturating_sub(self.since.up_ms);
            on_the_line.saturating_add(self.away_ms(now))
        };
        self.down_ms.or(self.back_ms).unwrap_or_else(so_far)
    }

    /// The act that helped: the last one that was done and not found to have failed.
    pub fn cure(&self) -> Option<&Act> {
        let Some(Ending::Recovered { rung }) = self.ending else { return None };
        self.acts.iter().rev().find(|act| act.rung == rung && !act.failed)
    }
}
