//! Whether the service manager runs at all: one that owes an answer and says nothing.
//!
//! A starved PID 1 is no manager that refuses. Where somebody who cannot be killed has all memory, the app is
//! killed first and PID 1 stands in the kernel's search for a free page: it takes the order to start, and
//! answers neither that nor anything else (seen on 600 MB; the kernel panics some 10 to 25 s later).

use crate::executor::Executor;
use defib_engine::effect::{Order, Rung};
use defib_engine::note::Class;

/// After so long without a word it is asked for one.
const ASK_MS: u64 = 2_000;
/// A question as small as that is answered within a few milliseconds, and within 3 s by one that is busy with a
/// `daemon-reload` on a slow core; longer, and it does not run.
const UNANSWERED_MS: u64 = 3_000;

/// The last sign of life, by the number of messages that it has sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Silence {
    heard: u64,
    /// Since that message, or since it was asked for one.
    since_ms: u64,
    is_asked: bool,
}

impl Silence {
    /// A message more than at the last look, or the first look.
    fn after(silence: Option<Silence>, heard: u64, now_ms: u64) -> Silence {
        let anew = Silence { heard, since_ms: now_ms, is_asked: false };
        silence.filter(|silence| silence.heard == heard).unwrap_or(anew)
    }

    /// When to look again.
    pub(super) fn due_ms(self) -> u64 {
        self.since_ms + if self.is_asked { UNANSWERED_MS } else { ASK_MS }
    }

    fn is_mute(self, now_ms: u64) -> bool {
        self.is_asked && now_ms >= self.due_ms()
    }
}

impl Executor {
    /// Looks whether it has said anything since `silence`, and asks it to. `None`: that is not known of this
    /// manager. After it was found mute it is asked no more.
    pub(super) fn listen(&mut self, silence: Option<Silence>, now_ms: u64) -> Option<Silence> {
        let mut silence = Silence::after(silence, self.manager.heard()?, now_ms);
        if !silence.is_asked && now_ms >= silence.due_ms() {
            self.manager.count_jobs();
            silence = Silence { since_ms: now_ms, is_asked: true, ..silence };
        }
        self.mute = silence.is_mute(now_ms).then_some(silence.heard).or(self.mute);
        Some(silence)
    }

    /// Whether it was found mute, and has said nothing since.
    pub(super) fn is_manager_mute(&self) -> bool {
        self.mute.is_some() && self.mute == self.manager.heard()
    }
}

/// Whether nothing but a start is asked for. What ends processes does so without the manager.
pub(super) fn is_start(order: &Order) -> bool {
    order.rung == Rung::Start
}

/// Whether the machine is rebooted because its memory is gone: then a mute manager is waited for no longer.
pub(super) fn is_for_memory(order: &Order) -> bool {
    order.rung == Rung::Reboot && order.class == Class::Memory
}

#[cfg(test)]
mod tests {
    use super::Silence;

    #[test]
    fn a_word_begins_it_anew_and_only_a_question_without_an_answer_ends_it() {
        let silence = Silence::after(None, 7, 1_000);
        assert_eq!((silence.due_ms(), silence.is_mute(90_000)), (3_000, false));
        let asked = Silence { since_ms: 3_000, is_asked: true, ..silence };
        assert_eq!(Silence::after(Some(asked), 7, 4_000), asked);
        assert_eq!(
            (asked.due_ms(), asked.is_mute(5_999), asked.is_mute(6_000)),
            (6_000, false, true)
        );
        assert_eq!(Silence::after(Some(asked), 8, 6_000).due_ms(), 8_000);
    }
}
