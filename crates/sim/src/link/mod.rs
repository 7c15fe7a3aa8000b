//! The way between executor and guardians: socketpairs in memory, with latency. Messages are the bytes that the
//! production code encodes, and what is read is what it decodes.

mod pair;
mod peer;

pub use pair::Received;

use crate::chance::Chance;
use crate::world::Lent;
use defib_engine::event::Exit;
use defib_executor::boundary::{Call, Guardians, Token};
use pair::Pair;
use peer::Starter;
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// From `socketpair` and spawn until the new process says its first word.
const START_MS: (u64, u64) = (3, 40);

/// A message is mostly there at once; one in a thousand finds the other side's CPU busy.
const LATENCY_MS: (u64, u64) = (0, 1);
const SLOW_IN_A_MILLION: u64 = 1_000;
const SLOW_MS: (u64, u64) = (20, 400);

/// All links of one machine: at most one is the present executor's, others are those of guardians that have
/// outlived theirs. Clones are the same.
#[derive(Clone, Debug)]
pub struct Link(Rc<RefCell<Wires>>);

#[derive(Debug)]
struct Wires {
    lent: Lent,
    chance: Chance,
    pairs: Vec<Pair>,
    next_pid: u32,
    /// Guardians that have been started and have no life yet: process, and when it says its first word.
    newborn: Vec<(u32, u64)>,
    /// Guardians that have ended and were not reaped.
    ended: Vec<(u32, Exit)>,
}

impl Link {
    /// No guardian yet.
    pub fn new(lent: Lent, chance: Chance) -> Link {
        Link(Rc::new(RefCell::new(Wires {
            lent,
            chance,
            pairs: Vec::new(),
            // Far above the apps' own, so that no number means two things.
            next_pid: 1_000_000,
            newborn: Vec::new(),
            ended: Vec::new(),
        })))
    }

    /// For the executor's [`Outside`](defib_executor::boundary::Outside).
    pub fn guardians(&self) -> Box<dyn Guardians> {
        Box::new(Starter(self.clone()))
    }

    /// For the executor's children: a guardian that has ended.
    pub fn reap(&self) -> Option<(u32, Exit)> {
        let mut wires = self.0.borrow_mut();
        (!wires.ended.is_empty()).then(|| wires.ended.remove(0))
    }

    /// What wakes the executor at this time.
    pub fn tokens(&self, now_ms: u64) -> Vec<Token> {
        let wires = self.0.borrow();
        let mut tokens = Vec::new();
        if !wires.ended.is_empty() {
            tokens.push(Token::Called(Call::Reap));
        }
        if wires.due_for_executor_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            tokens.push(Token::Guardian);
        }
        tokens
    }

    /// When the executor has something to read or to reap.
    pub fn due_for_executor_ms(&self) -> Option<u64> {
        let wires = self.0.borrow();
        if wires.ended.is_empty() { wires.due_for_executor_ms() } else { Some(0) }
    }

    /// The executor is gone: its ends are closed, and nobody reaps its children any more.
    pub fn executor_gone(&self, now_ms: u64) {
        let mut wires = self.0.borrow_mut();
        wires.ended.clear();
        for pair in &mut wires.pairs {
            pair.close_by_executor(now_ms);
        }
        // A process that has not become the guardian yet finds its socket closed.
    }

    /// The power is gone, and every process with it.
    pub fn power_gone(&self) {
        let mut wires = self.0.borrow_mut();
        wires.pairs.clear();
        wires.newborn.clear();
        wires.ended.clear();
    }

    /// Guardians that were started since this was asked last: process, and when it says its first word.
    pub fn take_newborn(&self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.0.borrow_mut().newborn)
    }

    /// When a guardian has something to read.
    pub fn due_for_guardian_ms(&self, pid: u32) -> Option<u64> {
        self.pair(pid).and_then(|pair| pair.due_for_guardian_ms())
    }

    /// A guardian reads.
    pub fn receive(&self, pid: u32, now_ms: u64) -> Received {
        self.pair(pid).map_or(Received::Closed, |mut pair| pair.receive_by_guardian(now_ms))
    }

    /// A guardian writes. `false`: the other end is closed, or has not read for far too long.
    pub fn send(&self, pid: u32, now_ms: u64, bytes: Vec<u8>) -> bool {
        let latency_ms = self.0.borrow_mut().latency_ms();
        self.pair(pid).is_some_and(|mut pair| pair.send_by_guardian(now_ms + latency_ms, bytes))
    }

    /// Whether more waits for the executor than its socket takes.
    pub fn is_backed_up(&self, pid: u32) -> bool {
        self.pair(pid).is_some_and(|pair| pair.is_backed_up())
    }

    /// Whether the executor has killed this guardian.
    pub fn is_killed(&self, pid: u32) -> bool {
        self.pair(pid).is_some_and(|pair| pair.is_killed)
    }

    /// A guardian's process has ended.
    pub fn guardian_ended(&self, pid: u32, now_ms: u64, exit: Exit) {
        let mut wires = self.0.borrow_mut();
        let Some(pair) = wires.pairs.iter_mut().find(|pair| pair.pid == pid) else { return };
        // A child of an executor that is gone is reaped by somebody else.
        let has_parent = pair.has_parent;
        pair.close_by_guardian(now_ms);
        if has_parent {
            wires.ended.push((pid, exit));
        }
        wires.forget_finished();
    }

    fn pair(&self, pid: u32) -> Option<RefMut<'_, Pair>> {
        let wires = self.0.borrow_mut();
        let found = |wires: &mut Wires| wires.pairs.iter().position(|pair| pair.pid == pid);
        RefMut::filter_map(wires, |wires| {
            let at = found(wires)?;
            wires.pairs.get_mut(at)
        })
        .ok()
    }
}

impl Wires {
    fn now_ms(&self) -> u64 {
        self.lent.world().now_ms()
    }

    fn latency_ms(&mut self) -> u64 {
        let (least, most) =
            if self.chance.happens(SLOW_IN_A_MILLION) { SLOW_MS } else { LATENCY_MS };
        self.chance.between(least, most)
    }

    fn due_for_executor_ms(&self) -> Option<u64> {
        self.pairs.iter().filter_map(Pair::due_for_executor_ms).min()
    }

    fn start(&mut self) -> u32 {
        self.next_pid += 1;
        let pid = self.next_pid;
        let first_word_ms = self.now_ms() + self.chance.between(START_MS.0, START_MS.1);
        self.pairs.push(Pair::new(pid));
        self.newborn.push((pid, first_word_ms));
        pid
    }

    fn forget_finished(&mut self) {
        self.pairs.retain(|pair| !pair.is_finished());
    }
}
