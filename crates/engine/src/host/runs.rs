//! How long a fact has been true of an app without a break: one reading convicts nobody.

use super::facts::{AppFacts, MachineFacts, Sleep};
use super::{READING_MS, STALE_MS};
use crate::id::AppId;
use crate::state::{Process, State};
use crate::time::Moment;
use crate::turn::Turn;

/// Two readings are apart by at least this much: a little less than from one to the next, which may come
/// early by a slot.
const APART_MS: u64 = READING_MS - 500;
/// A block over which the looks at a busy app are counted.
const BLOCK_MS: u64 = 60_000;
/// Looks that must have failed in a block (a tenth of those at the default pace).
const BLOCK_FAILED_MIN: u16 = 6;

/// Readings in a row of which something was true.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Run {
    /// The first.
    pub since: Moment,
    /// The last.
    pub until: Moment,
    /// How many, up to 255.
    pub readings: u8,
}

/// An app that takes the CPU, and how it answered meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Busy {
    /// The readings.
    pub run: Run,
    /// When the present block began.
    pub block_from: Moment,
    /// Looks in it that failed.
    pub failed: u16,
    /// Looks in it that were good.
    pub passed: u16,
    /// In the block before, at least half of the looks failed.
    pub overloaded: bool,
    /// Some look in this block or the one before was good.
    pub works: bool,
}

/// What the machine says of one app.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AppHost {
    /// When it was measured last.
    pub at: Moment,
    /// What was measured.
    pub facts: AppFacts,
    /// Memory is gone, and the app has not answered since.
    pub memory: Option<Run>,
    /// It makes processes without end, and has not answered since.
    pub storm: Option<Run>,
    /// It takes the CPU, and has not answered since.
    pub silent: Option<Run>,
    /// Its main process sleeps in the kernel.
    pub sleep: Option<Run>,
    /// It takes the CPU.
    pub busy: Option<Busy>,
}

impl Run {
    /// One more reading, at which it was true or not.
    fn read(run: Option<Run>, holds: bool, now: Moment) -> Option<Run> {
        if !holds {
            return None;
        }
        let kept = run.filter(|run| now.since(run.until) <= STALE_MS);
        let (since, readings) = kept.map_or((now, 0), |run| (run.since, run.readings));
        Some(Run { since, until: now, readings: readings.saturating_add(1) })
    }

    /// True in at least two readings that are apart, the last of them a moment ago.
    pub(crate) fn has_held(&self, now: Moment) -> bool {
        self.readings >= 2
            && self.until.since(self.since) >= APART_MS
            && now.since(self.until) <= STALE_MS
    }
}

impl Busy {
    fn read(busy: Option<Busy>, run: Option<Run>, now: Moment) -> Option<Busy> {
        let run = run?;
        let mut busy = busy.filter(|busy| busy.run.since == run.since).unwrap_or(Busy {
            run,
            block_from: run.since,
            failed: 0,
            passed: 0,
            overloaded: false,
            works: false,
        });
        busy.run = run;
        if now.since(busy.block_from) >= BLOCK_MS {
            let mostly = busy.failed >= busy.passed && busy.failed >= BLOCK_FAILED_MIN;
            (busy.overloaded, busy.works) = (mostly, busy.passed > 0);
            (busy.block_from, busy.failed, busy.passed) = (now, 0, 0);
        }
        Some(busy)
    }
}

impl AppHost {
    fn new(facts: AppFacts, at: Moment) -> AppHost {
        AppHost { at, facts, memory: None, storm: None, silent: None, sleep: None, busy: None }
    }

    /// A look ended. A good one ends whatever is true only of an app that does not answer.
    pub(crate) fn looked(&mut self, is_good: bool) {
        if is_good {
            (self.memory, self.storm, self.silent) = (None, None, None);
        }
        if let Some(busy) = &mut self.busy {
            let count = if is_good { &mut busy.passed } else { &mut busy.failed };
            *count = count.saturating_add(1);
            busy.works |= is_good;
        }
    }

    /// Nothing of what was measured says anything about what follows: another process, another life.
    pub(crate) fn forget(&mut self) {
        *self = AppHost::new(AppFacts::default(), self.at);
    }

    fn read(&mut self, facts: AppFacts, machine: &MachineFacts, starves: bool, now: Moment) {
        let gone = machine.is_short() && (starves || facts.has_grown(machine));
        (self.at, self.facts) = (now, facts);
        self.memory = Run::read(self.memory, gone || facts.is_at_own_memory().is_some(), now);
        self.storm = Run::read(self.storm, facts.storms(machine), now);
        self.silent = Run::read(self.silent, facts.is_busy(), now);
        self.sleep = Run::read(self.sleep, facts.sleep != Sleep::None, now);
        let run = Run::read(self.busy.map(|busy| busy.run), facts.is_busy(), now);
        self.busy = Busy::read(self.busy, run, now);
    }
}

/// When the next reading can convict: one has found memory gone or a fork storm, and two must be apart. `None`
/// while none has, and once two have.
pub fn second_reading(state: &State) -> Option<Moment> {
    let hosts = state.apps.iter().filter_map(|app| app.host.as_ref());
    let runs = hosts.flat_map(|host| [host.memory, host.storm]).flatten();
    let single = runs.filter(|run| run.until.since(run.since) < APART_MS);
    single.map(|run| run.since.plus(APART_MS)).min()
}

impl Turn<'_> {
    /// One app was measured. It counts with the reading of the machine that follows.
    pub(crate) fn measured(&mut self, app: usize, facts: AppFacts) {
        let now = self.now;
        let host = self.app(app).host.get_or_insert(AppHost::new(facts, now));
        (host.at, host.facts) = (now, facts);
    }

    /// One reading of the machine is complete.
    pub(crate) fn machine_read(&mut self, facts: MachineFacts) {
        let (now, doubted) = (self.now, self.state.doubt.level > 0);
        let before = self.state.machine.replace((now, facts)).map(|(at, _)| at);
        for app in &mut self.state.apps {
            // An app without a process of its own has no facts, and still none of the machine's memory.
            let gone = matches!(app.process, Process::Gone { .. } | Process::NotStarted);
            let host = app.host.get_or_insert(AppHost::new(AppFacts::default(), now));
            // Under pressure readings are closer than two that convict: what the last one measured is not of now.
            let of_this = before.is_none_or(|before| host.at > before);
            let fresh = of_this && now.since(host.at) < APART_MS && !gone;
            let measured = if fresh { host.facts } else { AppFacts::default() };
            let is_start_owed = gone && app.starts.undone > 0;
            let starves = facts.starves(is_start_owed).unwrap_or(doubted);
            host.read(measured, &facts, starves, now);
        }
    }

    /// Something has ended that may have had the memory: it was gone before that, and whether it still is
    /// takes two readings more.
    pub(crate) fn read_memory_anew(&mut self) {
        for host in self.state.apps.iter_mut().filter_map(|app| app.host.as_mut()) {
            host.memory = None;
        }
    }

    /// A look at the app, or at the way to it, has ended.
    pub(crate) fn host_hears_look(&mut self, app: AppId, is_good: bool) {
        if let Some(state) = self.state.apps.get_mut(usize::from(app.0))
            && let Some(host) = &mut state.host
        {
            host.looked(is_good);
        }
    }
}
