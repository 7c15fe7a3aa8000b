//! Apps that run though nobody told defib: started by cron's `@reboot`, or by a person's hand.
//!
//! Before a `start` app that is not known to run is started, whoever listens at its address is looked at. If it is
//! the app, it is adopted: held, written down, told and from then on ended like one that defib has started. If it is
//! somebody else, nothing is begun that could not end well: a copy that finds its port taken dies, and the next
//! one too.

use crate::admit::Refusal;
use crate::boundary::{Claim, Held, Token};
use crate::executor::Executor;
use defib_config::spec::Target;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Exit, Failure, OrderRefusal, Outcome};
use defib_engine::id::{AppId, Identity};

/// How often a taken port is looked at again. Its holder's end is an event; that it closed the port and lives on
/// is none.
const LOOK_AGAIN_MS: u64 = 10_000;

/// A clock tick of `/proc/PID/stat`: USER_HZ is 100.
const TICK_MS: u64 = 10;

/// Somebody who has an app's port and is not the app.
#[derive(Debug)]
pub(crate) struct Stranger {
    /// For people: which port, who, and why it is not the app.
    pub(crate) who: String,
    /// When it is looked at again, whether it has ended or not.
    pub(crate) look_at: u64,
    held: Option<Held>,
}

impl Executor {
    /// Whether a `start` app runs, or cannot because of a stranger, though no process of it is known. What
    /// is found is taken over and told.
    pub(crate) fn finds_running(&mut self, app: AppId, now_ms: u64) -> bool {
        match self.claim(app, self.keeper.process(self.name(app))) {
            Claim::Nobody => {
                self.forget_stranger(app);
                false
            }
            Claim::Own(roots) => {
                self.forget_stranger(app);
                let root = roots.into_iter().find(|root| !self.is_left(app, root));
                root.is_some_and(|root| self.take_over(app, root, now_ms))
            }
            Claim::Stranger { identity, who } => {
                self.note_stranger(app, identity, &who, now_ms);
                true
            }
        }
    }

    /// The process that an executor before us has adopted: the ledger knows it, and no unit does.
    pub(crate) fn finds_adopted(&mut self, app: AppId, now_ms: u64) -> bool {
        if !matches!(self.config.apps[usize::from(app.0)].target, Target::Child(_)) {
            // A unit's process is what the manager says.
            return false;
        }
        let known = self.keeper.process(self.name(app));
        let alive = known.filter(|identity| self.processes.is_alive(*identity));
        alive.is_some_and(|identity| self.take_over(app, identity, now_ms))
    }

    fn take_over(&mut self, app: AppId, root: Identity, now_ms: u64) -> bool {
        self.apps[usize::from(app.0)].adopted = Some(root);
        self.adopt(app, root, now_ms);
        let is_known = self.apps[usize::from(app.0)].known() == Some(root);
        if is_known {
            let (name, pid) = (self.name(app), root.pid);
            let what =
                format!("{name}: process {pid} runs its command already, and is kept from now on");
            self.notify.complain(&what);
        }
        is_known
    }

    fn claim(&self, app: AppId, last: Option<Identity>) -> Claim {
        let spec = &self.config.apps[usize::from(app.0)];
        match &spec.target {
            Target::Child(child) => self.processes.claim(spec, child, last),
            Target::Unit(_) | Target::Recover(_) | Target::Nothing => Claim::Nobody,
        }
    }

    fn note_stranger(&mut self, app: AppId, identity: Option<Identity>, who: &str, now_ms: u64) {
        let token = Some(Token::Main(app));
        let held = identity.and_then(|identity| self.processes.hold(identity, token));
        let look_at = now_ms + LOOK_AGAIN_MS;
        let state = &mut self.apps[usize::from(app.0)];
        let before = state.stranger.replace(Stranger { who: who.to_owned(), look_at, held });
        if before.is_none_or(|before| before.who != who) {
            self.notify.complain(&format!("{}: {who}", self.name(app)));
            self.tell_capable_of(app);
        }
    }

    pub(crate) fn forget_stranger(&mut self, app: AppId) {
        if self.apps[usize::from(app.0)].stranger.take().is_some() {
            self.tell_capable_of(app);
        }
    }

    /// Looks again at ports that strangers had.
    pub(crate) fn look_at_strangers(&mut self, now_ms: u64) {
        for index in 0..self.apps.len() {
            let app = AppId(index as u16);
            let state = &self.apps[index];
            let Some(stranger) = &state.stranger else { continue };
            let is_gone = stranger.held.as_ref().is_some_and(|held| self.processes.is_gone(held));
            if state.act.is_some() || !is_gone && now_ms < stranger.look_at {
                continue;
            }
            if state.known().is_some() {
                self.forget_stranger(app);
            } else if !self.finds_running(app, now_ms) && !self.apps[index].told_dead {
                self.say_died(app, None, Exit::Unseen);
            }
        }
    }

    /// Whether the app's port is free for what the order will start. `Err`: why it is not carried out.
    pub(crate) fn check_port(&mut self, order: &Order, now_ms: u64) -> Result<(), Refusal> {
        let app = order.app;
        if !matches!(order.rung, Rung::Start | Rung::Restart | Rung::Kill)
            || self.apps[usize::from(app.0)].known().is_some()
        {
            return Ok(());
        }
        match self.claim(app, self.keeper.process(self.name(app))) {
            Claim::Nobody => self.forget_stranger(app),
            Claim::Own(roots) => {
                let Some(root) = roots.iter().find(|root| !self.is_left(app, root)).copied() else {
                    self.apps[usize::from(app.0)].left = roots;
                    return Ok(());
                };
                if self.take_over(app, root, now_ms) && order.rung == Rung::Start {
                    let detail = format!("process {} of this app is alive", root.pid);
                    return Err((Outcome::Refused(OrderRefusal::Busy), detail));
                }
            }
            Claim::Stranger { identity, who } => {
                self.note_stranger(app, identity, &who, now_ms);
                return Err((Outcome::Failed(Failure::NotPossible), who));
            }
        }
        Ok(())
    }

    /// Whether it was there before the last known main process ended: a worker of that, not a new life.
    fn is_left(&self, app: AppId, root: &Identity) -> bool {
        let died_ms = self.apps[usize::from(app.0)].died_ms;
        // In ticks: what began in the very tick of the death may be a new life, and is given that.
        died_ms.is_some_and(|at| root.start_ticks < at / TICK_MS)
    }

    /// Processes of an adopted life that are not below its main process, and hold its port all the same.
    pub(crate) fn roots_beside(&mut self, order: &Order, main: Identity) -> Vec<Identity> {
        let state = &mut self.apps[usize::from(order.app.0)];
        let mut roots = std::mem::take(&mut state.left);
        if state.adopted == Some(main)
            && order.rung != Rung::Start
            && let Claim::Own(found) = self.claim(order.app, None)
        {
            roots.extend(found);
        }
        roots.retain(|root| *root != main);
        roots
    }

    /// Whether the processes that an order is to end are in no unit of defib's.
    pub(crate) fn lives_outside(&self, app: AppId) -> bool {
        let state = &self.apps[usize::from(app.0)];
        let last = state.known().or_else(|| self.keeper.process(self.name(app)));
        !state.left.is_empty() || state.adopted.is_some() && state.adopted == last
    }

    /// Whether the main process of a `start` app was started by somebody else.
    pub(crate) fn is_adopted(&self, app: AppId) -> bool {
        let state = &self.apps[usize::from(app.0)];
        state.adopted.is_some() && state.adopted == state.known()
    }
}
