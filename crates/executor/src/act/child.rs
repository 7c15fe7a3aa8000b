//! Starting a `start` app: spawn, ledger, gate, exec - in this order, so that a living app is always in
//! the ledger and one that is not in the ledger never lives.

use super::{Pause, Stage, Turn};
use crate::boundary::{Gate, GateNews, Signal, Token};
use crate::error::is_our_limit;
use crate::executor::Executor;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::id::Identity;
use defib_journal::order::{ActStep, Report};
use std::io;

/// A child between its spawn and its exec.
#[derive(Debug)]
pub(crate) struct AtGate {
    gate: Box<dyn Gate>,
    identity: Identity,
}

impl Executor {
    pub(super) fn turn_spawning(
        &mut self,
        order: &Order,
        pause: Pause,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        if now_ms < pause.until {
            return Turn::Wait(Stage::Spawning(pause));
        }
        let error = match self.spawn_app(order) {
            Ok(gate) => match self.enter_gate(order, gate, now_ms) {
                Some(turn) => return turn,
                // There was no descriptor to hold it by: the same as if none had been made.
                None => io::Error::from_raw_os_error(libc::EMFILE),
            },
            Err(error) => error,
        };
        let is_our_limit = is_our_limit(&error);
        match pause.longer(now_ms, end_at).filter(|_| is_our_limit) {
            Some(pause) => Turn::Wait(Stage::Spawning(pause)),
            None => {
                Turn::End(not_begun(is_our_limit), format!("no process could be made: {error}"))
            }
        }
    }

    fn spawn_app(&mut self, order: &Order) -> io::Result<Box<dyn Gate>> {
        let app = &self.config.apps[usize::from(order.app.0)];
        let Target::Child(child) = &app.target else {
            return Err(io::Error::other("the app has no start command"));
        };
        self.children.start_app(order.app, app, child)
    }

    /// The child waits. It is written down, and only then let through. `None`: it waits, but cannot be
    /// held; it ends with its gate.
    fn enter_gate(&mut self, order: &Order, gate: Box<dyn Gate>, now_ms: u64) -> Option<Turn> {
        let index = usize::from(order.app.0);
        let identity = self.processes.identify(gate.pid());
        let token = Some(Token::Main(order.app));
        let Some(held) = identity.and_then(|identity| self.processes.hold(identity, token)) else {
            let detail = "the new process was gone before it could be looked at";
            let end = Turn::End(Outcome::Failed(Failure::NotStartable), detail.into());
            return (gate.news() != GateNews::Waiting).then_some(end);
        };
        let identity = held.identity;
        let name = self.config.apps[index].name.clone();
        if let Err(detail) = self.keeper.started(&name, identity, now_ms) {
            // Dropping the gate closes it: the child ends without having become the app.
            return Some(Turn::End(Outcome::Refused(OrderRefusal::LedgerUnwritable), detail));
        }
        self.apps[index].main = Some(held);
        // A child that died already shows at the gate.
        let _ = gate.open();
        Some(Turn::Wait(Stage::AtGate(AtGate { gate, identity })))
    }

    pub(super) fn turn_at_gate(
        &mut self,
        order: &Order,
        at: AtGate,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        match at.gate.news() {
            GateNews::Waiting if now_ms < end_at => Turn::Wait(Stage::AtGate(at)),
            GateNews::Waiting => {
                self.drop_unstarted(order, now_ms);
                let detail = "the new process did not become the app in time";
                Turn::End(Outcome::Failed(Failure::Deadline), detail.into())
            }
            GateNews::Failed(why) => {
                self.drop_unstarted(order, now_ms);
                Turn::End(Outcome::Failed(Failure::NotStartable), why)
            }
            GateNews::Closed => {
                self.say_step(order, ActStep::Started);
                let identity = at.identity;
                self.open_group(order.app, identity);
                self.apps[usize::from(order.app.0)].told_dead = false;
                self.guardian.say(&Report::Found { app: order.app, identity });
                Turn::End(Outcome::Done, format!("started as process {}", identity.pid))
            }
        }
    }

    /// What never became the app is neither alive nor dead to anybody else.
    fn drop_unstarted(&mut self, order: &Order, now_ms: u64) {
        let index = usize::from(order.app.0);
        if let Some(main) = self.apps[index].main.take() {
            let _ = self.processes.signal(&main, Signal::Kill);
        }
        let name = self.config.apps[index].name.clone();
        self.keeper.ended(&name, now_ms);
    }

    /// HUP to the app's main process.
    pub(super) fn reload(&mut self, order: &Order) -> Turn {
        let Some(main) = &self.apps[usize::from(order.app.0)].main else {
            return Turn::End(Outcome::Failed(Failure::NotPossible), "the app does not run".into());
        };
        match self.processes.signal(main, Signal::Hup) {
            Ok(()) => {
                self.say_step(order, ActStep::ReloadSent);
                Turn::End(Outcome::Done, String::new())
            }
            Err(error) => Turn::End(
                Outcome::Failed(Failure::NotPossible),
                format!("HUP was refused: {error}"),
            ),
        }
    }
}

/// The outcome of what could not be begun.
pub(super) const fn not_begun(is_our_limit: bool) -> Outcome {
    Outcome::Failed(if is_our_limit { Failure::OurLimit } else { Failure::NotStartable })
}
