//! Starting a `start` app: spawn, ledger, gate, exec - in this order, so that a living app is always in
//! the ledger and one that is not in the ledger never lives.

use super::{Stage, Turn};
use crate::exec_child::{Gate, GateNews};
use crate::executor::{Executor, Token};
use crate::process::handle::Handle;
use crate::process::stat;
use crate::spawn::{Start, is_our_limit};
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::id::Identity;
use defib_journal::order::{ActStep, Report};
use rustix::process::Signal;
use std::io;

/// How long after a refused spawn the next is tried.
const RETRY_MS: u64 = 200;

/// A child between its spawn and its exec.
#[derive(Debug)]
pub(crate) struct AtGate {
    gate: Gate,
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
            Ok(started) => self.enter_gate(order, started, now_ms),
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

    fn spawn_app(&self, order: &Order) -> io::Result<(Gate, u32)> {
        let app = &self.config.apps[usize::from(order.app.0)];
        let Target::Child(child) = &app.target else {
            return Err(io::Error::other("the app has no start command"));
        };
        let (gate, input) = Gate::make()?;
        let mut environment: Vec<(&str, std::ffi::OsString)> =
            vec![("DEFIB_APP", (&app.name).into())];
        environment
            .extend(child.environment.iter().map(|(name, value)| (name.as_str(), value.into())));
        let pid = self.spawner.spawn(Start {
            argv: &child.argv,
            options: vec!["--gate".into()],
            user: child.user.as_deref(),
            directory: child.directory.as_deref(),
            environment: &environment,
            input,
            output: Some(self.outputs.open(&app.name)?),
        })?;
        Ok((gate, pid))
    }

    /// The child waits. It is written down, and only then let through.
    fn enter_gate(&mut self, order: &Order, (gate, pid): (Gate, u32), now_ms: u64) -> Turn {
        let index = usize::from(order.app.0);
        let found = stat::read(pid).and_then(|stat| Handle::open(stat.identity));
        let Some(handle) = found else {
            let detail = "the new process was gone before it could be looked at";
            return Turn::End(Outcome::Failed(Failure::NotStartable), detail.into());
        };
        let identity = handle.identity;
        let name = self.config.apps[index].name.clone();
        if let Err(detail) = self.keeper.started(&name, identity, now_ms) {
            // Dropping the gate closes it: the child ends without having become the app.
            return Turn::End(Outcome::Refused(OrderRefusal::LedgerUnwritable), detail);
        }
        self.wait_for(&handle, Token::Main(order.app));
        self.wait_for(&gate, Token::Act(order.app));
        self.apps[index].main = Some(handle);
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
            let _ = main.signal(Signal::KILL);
        }
        let name = self.config.apps[index].name.clone();
        self.keeper.ended(&name, now_ms);
    }

    /// HUP to the app's main process.
    pub(super) fn reload(&mut self, order: &Order) -> Turn {
        let Some(main) = &self.apps[usize::from(order.app.0)].main else {
            return Turn::End(Outcome::Failed(Failure::NotPossible), "the app does not run".into());
        };
        match main.signal(Signal::HUP) {
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
