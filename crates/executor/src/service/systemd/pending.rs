//! Calls that wait for their answers, and what comes out of the link.

use super::news::{Answer, Signal};
use super::property::Property;
use crate::manager::JobId;
use crate::service::bus::message::Message;
use defib_engine::id::AppId;

/// What an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Nothing,
    Hello,
    Owner(&'static str),
    Subscribe,
    SystemState,
    CountJobs,
    LoadUnit(AppId),
    Property(AppId, Property),
    JobType(AppId),
    Job(JobId),
    JobAlive(JobId),
    /// The object of a job's unit, after this result of the job; empty: none was heard.
    UnitOfJob(JobId, String),
    WhyFailed(JobId, String),
    EndState(JobId),
}

#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) serial: u32,
    pub(super) purpose: Purpose,
    pub(super) deadline_ms: u64,
}

impl Pending {
    /// An order may take its time, and what was never sent has no answer; but a question that is
    /// not answered in 10 s says that PID 1 is stuck.
    pub(super) fn may_be_late(&self) -> bool {
        matches!(self.purpose, Purpose::Job(_)) || self.serial == 0
    }
}

/// What the link has to say.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// PID 1 answers.
    Reached,
    /// It did, and does no more; these calls have no answer.
    Lost(Vec<Purpose>),
    /// No way leads to it now.
    Unreachable,
    Answer(Purpose, Answer),
    Signal(Signal),
    /// Something of the link's own; there may be more.
    Step,
}

impl News {
    /// Whether the manager itself has spoken: not the bus between us, nor our own clock.
    pub(super) fn is_of_the_manager(&self) -> bool {
        match self {
            News::Reached | News::Signal(_) => true,
            News::Answer(purpose, answer) => {
                *answer != Answer::None && *purpose != Purpose::Nothing
            }
            News::Step | News::Lost(_) | News::Unreachable => false,
        }
    }
}

/// The call that `message` answers; it is one no more.
pub(super) fn find_call(calls: &mut Vec<Pending>, message: &Message<'_>) -> Option<Purpose> {
    let index = calls.iter().position(|call| call.serial == message.reply_serial)?;
    Some(calls.swap_remove(index).purpose)
}
