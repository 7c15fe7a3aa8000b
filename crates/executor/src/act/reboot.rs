//! The machine rung: nothing is asked before the disk remembers it. Then the [ladder], which ends with the
//! machine, or at its last step.

use super::silence::{Silence, is_for_memory};
use super::{JobResult, Stage, Turn};
use crate::executor::Executor;
use crate::ledger::DiskState;
use crate::machine::NotDone;
use crate::machine::ladder::{self, Deed, Ladder, LastDeed, Step, Word};
use crate::manager::JobId;
use defib_engine::effect::Order;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_journal::order::ActStep;

/// How long the disk copy of the ledger may take.
pub(super) const DISK_DEADLINE_MS: u64 = 5_000;

/// With a disk that cannot remember, one reboot in this time at the most: the machine must have been
/// up for as long.
const BLIND_UPTIME_MS: u64 = 12 * 3_600_000;

/// The longest wait for the hardware watchdog: what the order's deadline has left for it.
const STARVE_MAX_MS: u64 = 120_000;

impl Executor {
    pub(super) fn turn_disk_wait(&mut self, order: &Order, until: u64, now_ms: u64) -> Turn {
        let may_go_on = match self.keeper.disk_state() {
            DiskState::Written => true,
            DiskState::Waiting if now_ms < until => return Turn::Wait(Stage::DiskWait(until)),
            DiskState::Waiting | DiskState::Failed => now_ms >= BLIND_UPTIME_MS,
        };
        if !may_go_on {
            let detail =
                format!("the ledger is not on disk, and {now_ms} ms up are less than 12 h");
            return Turn::End(Outcome::Refused(OrderRefusal::LedgerUnwritable), detail);
        }
        if let Some(why) = self.machine.why_not(self.manager.as_ref()) {
            return Turn::End(Outcome::Failed(Failure::NotPossible), why);
        }
        let polite_ms = u64::from(self.config.polite_reboot_ms);
        let ladder = if is_for_memory(order) && self.was_manager_mute(now_ms) {
            self.notify
                .complain("reboot: the service manager has answered nothing; it is not asked");
            Ladder::without_manager(polite_ms, now_ms)
        } else {
            Ladder::new(polite_ms, now_ms)
        };
        Turn::Next(Stage::Rebooting(Box::new(RebootAct::new(ladder, now_ms))))
    }

    /// Climbs as far as results and time allow. The order's own deadline is not asked: it covers the whole
    /// ladder, and a ladder is never left half-way.
    pub(super) fn turn_reboot(
        &mut self,
        order: &Order,
        mut act: Box<RebootAct>,
        now_ms: u64,
    ) -> Turn {
        if let Some(result) = act.result.take() {
            self.hear_manager(order, &mut act, result, now_ms);
        }
        self.hear_silence(&mut act, now_ms);
        if let Some(why) = self.machine.refusal() {
            act.ladder.hear(Word::Refused, now_ms);
            act.last_refusal = Some(why);
        }
        loop {
            match act.ladder.turn(now_ms) {
                ladder::Turn::Do(deed) => self.do_deed(order, &mut act, deed, now_ms),
                ladder::Turn::Wait(until_ms) => {
                    let listens_ms = act.silence.map_or(u64::MAX, Silence::due_ms);
                    act.look_at_ms = until_ms.min(now_ms + act.look_every_ms()).min(listens_ms);
                    return Turn::Wait(Stage::Rebooting(act));
                }
                ladder::Turn::Over => {
                    self.machine.leave_panic_as_found();
                    let failure = act.failure.unwrap_or(Failure::Deadline);
                    return Turn::End(Outcome::Failed(failure), act.words());
                }
            }
        }
    }

    fn listen_to_reboot(&mut self, order: &Order, now_ms: u64) -> Option<Silence> {
        if is_for_memory(order) { self.begin_listening(now_ms) } else { None }
    }

    /// Memory is gone, and PID 1 may not get any either: then its two steps would take 20 s for nothing. One that
    /// has taken the order is at work, and has its time.
    fn hear_silence(&mut self, act: &mut RebootAct, now_ms: u64) {
        let Some(silence) = act.silence.take_if(|_| act.job.is_some()) else { return };
        act.silence = self.listen(silence, now_ms);
        if self.is_manager_mute() {
            self.complain_of(act.ladder.step(), "the service manager answers nothing");
            (act.job, act.silence) = (None, None);
            act.ladder.hear(Word::Mute, now_ms);
        }
    }

    fn hear_manager(&mut self, order: &Order, act: &mut RebootAct, result: JobResult, now_ms: u64) {
        act.job = None;
        match result {
            Ok(()) => {
                if act.ladder.step() == Step::Polite {
                    self.keeper.mark_step(ActStep::RebootAccepted, now_ms);
                    self.say_step(order, ActStep::RebootAccepted);
                }
                act.failure = Some(Failure::Deadline);
                act.ladder.hear(Word::Accepted, now_ms);
            }
            Err((failure, why)) => {
                self.complain_of(act.ladder.step(), &why);
                act.failure.get_or_insert(failure);
                act.why.get_or_insert(why);
                act.ladder.hear(Word::Refused, now_ms);
            }
        }
    }

    /// The record of a step is sent before its first deed: the guardian has until the deed that ends the
    /// machine to make it durable.
    fn do_deed(&mut self, order: &Order, act: &mut RebootAct, deed: Deed, now_ms: u64) {
        if let Some(step) = record_of(deed) {
            if deed == Deed::StopFeeding && self.dog.is_armed() {
                // In the same record: whoever comes next in this boot must not take it over.
                self.keeper.starve();
            }
            // Without this the next boot would not know how it was done.
            self.keeper.mark_step(step, now_ms);
            self.say_step(order, step);
            self.guardian.flush();
        }
        match deed {
            Deed::Arm => {
                self.machine.reset_on_panic();
                self.arm_behind_reboot(now_ms);
                act.expect_reset(self.dog.timeout_s());
            }
            Deed::Hasten => {
                self.hasten_watchdog(now_ms);
                act.expect_reset(self.dog.timeout_s());
            }
            Deed::Rearm => self.rearm_watchdog(now_ms),
            Deed::AskPolitely(answer_by) => {
                act.job = Some(self.machine.reboot(self.manager.as_mut(), answer_by));
                act.silence = self.listen_to_reboot(order, now_ms);
            }
            Deed::Force(answer_by) => {
                act.job = Some(self.machine.force(self.manager.as_mut(), answer_by));
                act.silence = self.listen_to_reboot(order, now_ms);
            }
            Deed::Last(deed) => {
                act.job = None;
                let begun = self.machine.last(deed);
                if let Err(why) = begun {
                    act.ladder.hear(Word::Refused, now_ms);
                    act.last_refusal = Some(why);
                }
            }
            Deed::StopFeeding => self.is_feeding_over = true,
        }
    }

    fn complain_of(&mut self, step: Step, why: &str) {
        self.notify.complain(&format!("reboot, step {step:?}: {why}"));
    }

    /// Whether the machine is being rebooted by an act of ours: nothing of it may be given up, and the
    /// hardware watchdog not be disarmed, before that act has ended.
    pub(crate) fn is_rebooting(&self) -> bool {
        self.rebooting_step().is_some()
    }

    /// How far that act is.
    pub(crate) fn rebooting_step(&self) -> Option<Step> {
        self.apps.iter().find_map(|app| match app.act.as_ref().map(|act| &act.stage) {
            Some(Stage::Rebooting(act)) => Some(act.ladder.step()),
            _ => None,
        })
    }
}

/// A reboot on its way.
#[derive(Debug)]
pub(crate) struct RebootAct {
    ladder: Ladder,
    /// What the service manager was asked for last.
    job: Option<JobId>,
    result: Option<JobResult>,
    /// The service manager's first refusal; *deadline* once anything was taken and the machine stood.
    failure: Option<Failure>,
    why: Option<String>,
    /// Kept as a number until all is over: the last steps allocate nothing, not even for words.
    last_refusal: Option<NotDone>,
    look_at_ms: u64,
    /// How long the service manager has said nothing, while it is asked.
    silence: Option<Silence>,
}

impl RebootAct {
    fn new(ladder: Ladder, now_ms: u64) -> RebootAct {
        RebootAct {
            ladder,
            job: None,
            result: None,
            failure: None,
            why: None,
            last_refusal: None,
            look_at_ms: now_ms,
            silence: None,
        }
    }

    /// The armed device, if there is one, resets the machine this long after its last feeding.
    fn expect_reset(&mut self, within_s: Option<u64>) {
        if let Some(seconds) = within_s {
            self.ladder.armed((seconds * 1_000).min(STARVE_MAX_MS));
        }
    }

    /// When it must be looked at even without an event.
    pub(crate) fn deadline_ms(&self) -> u64 {
        self.look_at_ms
    }

    /// Whether it waits for this job.
    pub(crate) fn awaits(&self, job: JobId) -> bool {
        self.job == Some(job)
    }

    /// The job ended.
    pub(crate) fn tell(&mut self, result: JobResult) {
        self.result = Some(result);
    }

    fn look_every_ms(&self) -> u64 {
        match self.ladder.step() {
            // reboot(2) that comes back wakes nobody.
            Step::Syscall => 100,
            _ => u64::MAX / 2,
        }
    }

    fn words(self) -> String {
        let why = self.why.unwrap_or_else(|| "it was accepted".into());
        let kernel = self.last_refusal.map_or_else(|| "no refusal".into(), why_text);
        format!(
            "every step is over and the machine stands; the kernel: {kernel}; the service manager: {why}"
        )
    }
}

fn record_of(deed: Deed) -> Option<ActStep> {
    match deed {
        Deed::AskPolitely(_) => Some(ActStep::RebootAsked),
        Deed::Force(_) => Some(ActStep::RebootForced),
        Deed::Last(LastDeed::Sync) => Some(ActStep::ResetCalled),
        Deed::Last(LastDeed::SysrqSync) => Some(ActStep::SysrqSent),
        Deed::StopFeeding => Some(ActStep::FeedingEnded),
        Deed::Arm | Deed::Hasten | Deed::Rearm | Deed::Last(_) => None,
    }
}

fn why_text(why: NotDone) -> String {
    match why {
        NotDone::NotThere => "not possible here".into(),
        NotDone::Refused(errno) => std::io::Error::from_raw_os_error(errno).to_string(),
    }
}
