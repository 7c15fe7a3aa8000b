//! Starting a `start` app: spawn, ledger, gate, exec - in this order, so that a living app is always in
//! the ledger and one that is not in the ledger never lives.

use super::{Stage, Turn};
use crate::boundary::{Gate, GateNews, Signal, Token};
use crate::executor::Executor;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::id::Identity;
use defib_journal::order::{ActStep, Report};
use std::io;

/// How long after a refused spawn the next is tried.
const RETRY_MS: u64 = 200;

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
        at: u64,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        if now_ms < at {
            return Turn::Wait(Stage::Spawning(at));
        }
        match self.spawn_app(order) {
            Ok(gate) => self.enter_gate(order, gate, now_ms),
            Err(error) if is_our_limit(&error) && now_ms < end_at => {
                Turn::Wait(Stage::Spawning((now_ms + RETRY_MS).min(end_at)))
            }
            Err(error) => {
                let failure =
                    if is_our_limit(&error) { Failure::OurLimit } else { Failure::NotStartable };
                Turn::End(Outcome::Failed(failure), format!("no process could be made: {error}"))
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

    /// The child waits. It is written down, and only then let through.
    fn enter_gate(&mut self, order: &Order, gate: Box<dyn Gate>, now_ms: u64) -> Turn {
        let index = usize::from(order.app.0);
        let identity = self.processes.identify(gate.pid());
        let token = Some(Token::Main(order.app));
        let Some(held) = identity.and_then(|identity| self.processes.hold(identity, token)) else {
            let detail = "the new process was gone before it could be looked at";
            return Turn::End(Outcome::Failed(Failure::NotStartable), detail.into());
        };
        let identity = held.identity;
        let name = self.config.apps[index].name.clone();
        if let Err(detail) = self.keeper.started(&name, identity, now_ms) {
            // Dropping the gate closes it: the child ends without having become the app.
            return Turn::End(Outcome::Refused(OrderRefusal::LedgerUnwritable), detail);
        }
        self.apps[index].main = Some(held);
        // A child that died already shows at the gate.
        let _ = gate.open();
        Turn::Wait(Stage::AtGate(AtGate { gate, identity }))
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

/// Whether the machine refused us a process, memory or a descriptor: that is never the app's fault.
pub(super) fn is_our_limit(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::ENOSPC)
    )
}
