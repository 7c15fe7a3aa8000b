//! One journal in the hands of one process after another.

use crate::truth::Truth;
use defib_engine::policy::{Bars, Budget, Mode, Permission, Policy, Weights};
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::files::{Limits, Writer};
use defib_journal::line::Line;
use defib_sim::chance::Chance;
use defib_sim::disk::{Disk, Mood, Mount};
use std::borrow::Cow;

const DAY_BEGIN_MS: u64 = 1_795_305_600_000;
const DAY_MS: u64 = 86_400_000;

pub(crate) struct Keeper {
    pub(crate) disk: Disk,
    pub(crate) mount: Mount,
    writer: Option<Writer>,
    limits: Limits,
    truth: Truth,
    wall_ms: u64,
    up: u64,
    policy: Policy,
    /// How often a sync was not waited for any longer.
    pub(crate) late: u64,
}

impl Keeper {
    pub(crate) fn new(seed: u64, chance: &mut Chance) -> Keeper {
        let disk = Disk::new(Chance::new(seed, "journal disk"));
        let days = if chance.below(2) == 0 { 1_000 } else { chance.between(1, 3) as usize };
        let backlog_bytes = chance.between(2_000, 20_000) as usize;
        // Some fill a file in a few lines, so that parts of a day are turned and pruned too.
        let bytes = if chance.below(2) == 0 { 64 << 20 } else { 60_000 };
        let limits = Limits { days, bytes, backlog_bytes };
        let mut keeper = Keeper {
            mount: disk.mount(),
            disk,
            writer: None,
            limits,
            truth: Truth::new(seed, limits),
            wall_ms: DAY_BEGIN_MS,
            up: 0,
            policy: any_policy(),
            late: 0,
        };
        keeper.begin();
        keeper
    }

    /// A process begins: it takes the journal up if the disk lets it.
    fn begin(&mut self) {
        self.mount = self.disk.mount();
        self.truth.process_begins();
        self.reopen();
    }

    fn reopen(&mut self) {
        self.writer = Writer::open_in(self.mount.storage(), self.limits).ok();
        if let Some(writer) = &self.writer {
            self.truth.judge_restart(&self.disk, writer.next_seq());
        }
    }

    pub(crate) fn end_process(&mut self) {
        self.mount.end();
        self.writer = None;
        self.truth.judge(&self.disk);
        self.begin();
    }

    pub(crate) fn cut_power(&mut self) {
        self.disk.feel(Mood::default());
        self.truth.power_is_cut(&self.disk);
        self.disk.cut_power();
        self.writer = None;
        self.truth.judge(&self.disk);
        self.begin();
    }

    pub(crate) fn evict(&mut self) {
        self.disk.evict();
        self.truth.memory_was_taken();
        self.truth.judge(&self.disk);
    }

    /// What the guardian's record does for an event: a head where one is due, then lines.
    pub(crate) fn append_some(&mut self, chance: &mut Chance) {
        if self.is_over() {
            return;
        }
        let Some(writer) = &mut self.writer else { return self.reopen() };
        let wants_head = writer.turn_page(self.wall_ms);
        self.truth.heard(&self.disk);
        if wants_head.unwrap_or_default() || chance.below(12) == 0 {
            self.append_head();
        }
        for _ in 0..chance.between(1, 4) {
            self.up += 1;
            let text = format!("{} {}", self.up, "x".repeat(chance.below(1_500) as usize));
            self.append(&Line::Config { accepted: true, message: Cow::Owned(text) });
        }
    }

    fn append_head(&mut self) {
        self.up += 1;
        let mut state = State::new(&self.policy, Moment(0));
        state.next_incident = self.up as u32;
        let policy = self.policy.clone();
        self.append(&Line::Policy { policy: Cow::Owned(policy) });
        self.append(&Line::Checkpoint { state: Cow::Owned(state) });
    }

    fn append(&mut self, line: &Line<'static>) {
        let Some(writer) = &mut self.writer else { return };
        let number = writer.next_seq();
        match writer.append(self.wall_ms, Moment(self.up), line) {
            Ok(seq) => {
                assert_eq!(seq, number);
                self.truth.appended(seq, Moment(self.up), line);
            }
            // It ended before it was told: the line may be there.
            Err(_) if self.mount.has_ended() => {
                self.truth.may_be_there(number, Moment(self.up), line);
            }
            Err(error) => {
                if error.is_late() {
                    self.truth.may_be_there(number, Moment(self.up), line);
                }
                self.truth.was_dropped();
            }
        }
    }

    pub(crate) fn flush(&mut self) {
        if self.is_over() {
            return;
        }
        let Some(writer) = &mut self.writer else { return };
        if writer.flush().is_ok() {
            self.truth.flushed();
        }
    }

    pub(crate) fn sync(&mut self) {
        if self.is_over() {
            return;
        }
        let Some(writer) = &mut self.writer else { return };
        let result = writer.sync();
        self.truth.heard(&self.disk);
        match result {
            Ok(()) => self.truth.synced(),
            Err(error) => self.late += u64::from(error.is_late()),
        }
    }

    pub(crate) fn turn_the_clock(&mut self, chance: &mut Chance) {
        let by_ms = chance.below(2 * DAY_MS);
        // Now and then it is set back.
        self.wall_ms =
            if chance.below(4) == 0 { self.wall_ms - by_ms / 4 } else { self.wall_ms + by_ms };
    }

    /// A process that ended at a write is followed by another.
    fn is_over(&mut self) -> bool {
        let over = self.mount.has_ended();
        if over {
            self.end_process();
        }
        over
    }
}

fn any_policy() -> Policy {
    Policy {
        mode: Mode::Act,
        reboot: Permission::Never,
        min_uptime_ms: 0,
        reboot_budget: Budget::REBOOTS,
        apps: Vec::new(),
        weights: Weights::FIELD,
        bars: Bars::FIELD,
    }
}
