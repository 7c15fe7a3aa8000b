//! The last reading of the machine, whole: the engine is told only what matters, the flight recorder all.

use defib_engine::host::{AppFacts, MachineFacts};
use defib_engine::id::AppId;
use defib_journal::recorder::Hog;

/// What one pass has read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The machine.
    pub machine: MachineFacts,
    /// The apps that live.
    pub apps: Vec<(AppId, AppFacts)>,
    /// The largest process and the app that it belongs to, while memory is short.
    pub hog: Option<(Hog, Option<AppId>)>,
}

/// Tasks that all waited for memory for this part of ten seconds, in permille, are worth a look for whoever has
/// it, whatever is said to be available.
const PRESSED_PERMILLE: u16 = 100;

impl Reading {
    /// Memory is short, or will be.
    pub(crate) fn is_pressed(&self) -> bool {
        let waits = |full| full >= PRESSED_PERMILLE;
        let pressure = self.machine.pressure;
        self.machine.is_short() || pressure.is_some_and(|it| waits(it.memory_full))
    }
}
