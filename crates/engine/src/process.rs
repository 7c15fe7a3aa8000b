//! The app's process: it died, it was found. Kernel facts, which no doubt touches.

use crate::effect::Rung;
use crate::event::Exit;
use crate::id::Identity;
use crate::note::Note;
use crate::policy::View;
use crate::state::Process;
use crate::turn::{Turn, id};

/// A clock tick of `/proc/PID/stat`: USER_HZ is 100.
const TICK_MS: u64 = 10;

impl Turn<'_> {
    pub(crate) fn died(
        &mut self,
        app: usize,
        identity: Option<Identity>,
        exit: Exit,
        restart_in_ms: Option<u32>,
    ) {
        let now = self.now;
        let never = identity.is_none()
            && matches!(self.seen_app(app).process, Process::Unknown | Process::NotStarted)
            && self.seen_app(app).incident().is_none();
        let known = self.seen_app(app).identity();
        if identity.zip(known).is_some_and(|(dead, known)| dead != known) {
            return;
        }
        self.app(app).healthy_since = None;
        if never {
            self.app(app).process = Process::NotStarted;
            return;
        }
        if matches!(self.seen_app(app).process, Process::Gone { .. }) {
            return;
        }
        // What we cannot start, somebody else does (a deploy, a person): they have as long as a start may
        // take before anything dearer than a start is thought of.
        let anothers =
            (!self.rules(app).rungs.has(Rung::Start)).then_some(self.rules(app).start_grace_ms);
        let waits_ms = restart_in_ms.map(u64::from).max(anothers);
        let supervisor_until = waits_ms.map(|ms| now.plus(ms));
        let state = self.app(app);
        state.process = Process::Gone { at: now, supervisor_until };
        state.grace_until = None;
        self.note(Note::Died { app: id(app), identity, exit });
        self.not_back(app);
        self.death_in_verify(app);
        if !self.seen_app(app).stopped {
            self.suspect(app, now, None);
            self.look_now(app, |view| view != View::Dependency);
        }
    }

    pub(crate) fn found(&mut self, app: usize, identity: Identity) {
        let now = self.now;
        if self.seen_app(app).identity() == Some(identity) {
            return;
        }
        // A process that is new to us is a start, whoever made it: it gets its grace. One that was
        // there before we were has what is left of it.
        let started = !matches!(self.seen_app(app).process, Process::Unknown);
        // A start of ours that was on its way when a person stopped the app is not the person's word.
        let is_ours = self.seen_app(app).acting().is_some();
        let grace_ms = self.rules(app).start_grace_ms;
        let born = self.state.booted_at.plus(identity.start_ticks.saturating_mul(TICK_MS));
        let grace_left = Some(born.plus(grace_ms)).filter(|until| born <= now && now < *until);
        // (What has never passed is convicted of nothing: it needs no grace.)
        let has_passed = self.has_ever_passed(app);
        let state = self.app(app);
        state.process = Process::Alive { identity, since: now };
        // A stop can take minutes. The process that we find while one is under way is no new life.
        let is_new = started || !state.stop_told;
        let was_stopped = !is_ours && is_new && core::mem::take(&mut state.stopped);
        if started {
            state.grace_until = Some(now.plus(grace_ms));
            for probe in &mut state.probes {
                probe.db = 0;
                probe.stretch = None;
                probe.cusum = 0;
            }
            if state.incident().is_none()
                && let Some(since) = state.suspected_since.take()
            {
                self.note(Note::Cleared { app: id(app), after_ms: now.since(since) });
            }
        } else if has_passed && state.healthy_since.is_none_or(|since| since < born) {
            state.grace_until = state.grace_until.max(grace_left);
        }
        self.note(Note::Found { app: id(app), identity });
        if was_stopped {
            self.note(Note::Resumed { app: id(app) });
        }
        self.still_there(app, identity);
        self.quicken(app);
    }
}
