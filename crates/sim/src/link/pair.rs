//! One socketpair.

use std::collections::VecDeque;

/// Messages that the kernel holds for a side that does not read.
const ROOM: usize = 50;

/// What a guardian queues of its own behind that, before it gives up.
const BACKLOG: usize = 256;

/// One message on its way.
#[derive(Debug)]
struct Packet {
    at_ms: u64,
    bytes: Vec<u8>,
    text: Option<String>,
}

/// What reading brought a guardian.
#[derive(Debug)]
pub enum Received {
    /// A message, and the text that came with it.
    Message(Vec<u8>, Option<String>),
    /// Nothing more for now.
    Silence,
    /// The other end is closed.
    Closed,
}

/// How a side has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its peer reads what was sent, and then the end.
    Clean(u64),
    /// It had not read everything: its peer reads nothing more (unix(7), ECONNRESET).
    Reset(u64),
}

/// One socketpair. Both directions keep their order.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) pid: u32,
    /// Its executor still lives.
    pub(super) has_parent: bool,
    pub(super) is_killed: bool,
    /// The executor was refused, and waits for room.
    wants_room: bool,
    to_guardian: VecDeque<Packet>,
    to_executor: VecDeque<Packet>,
    executor_end: Option<End>,
    guardian_end: Option<End>,
}

impl Pair {
    pub(super) fn new(pid: u32) -> Pair {
        Pair {
            pid,
            has_parent: true,
            is_killed: false,
            wants_room: false,
            to_guardian: VecDeque::new(),
            to_executor: VecDeque::new(),
            executor_end: None,
            guardian_end: None,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.executor_end.is_some() && self.guardian_end.is_some()
    }

    pub(super) fn close_by_executor(&mut self, now_ms: u64) {
        self.has_parent = false;
        let end = ending(&self.to_executor, now_ms);
        self.executor_end.get_or_insert(end);
    }

    /// The executor lets go of the socket, and stays the parent.
    pub(super) fn drop_by_executor(&mut self, now_ms: u64) {
        let end = ending(&self.to_executor, now_ms);
        self.executor_end.get_or_insert(end);
    }

    pub(super) fn close_by_guardian(&mut self, now_ms: u64) {
        let end = ending(&self.to_guardian, now_ms);
        self.guardian_end.get_or_insert(end);
    }

    pub(super) fn due_for_executor_ms(&self) -> Option<u64> {
        if self.executor_end.is_some() {
            return None;
        }
        if self.wants_room && self.to_guardian.len() < ROOM {
            return Some(0);
        }
        due(&self.to_executor, self.guardian_end)
    }

    pub(super) fn due_for_guardian_ms(&self) -> Option<u64> {
        due(&self.to_guardian, self.executor_end)
    }

    pub(super) fn receive_by_guardian(&mut self, now_ms: u64) -> Received {
        receive(&mut self.to_guardian, self.executor_end, now_ms)
    }

    pub(super) fn receive_by_executor(&mut self, now_ms: u64) -> Received {
        receive(&mut self.to_executor, self.guardian_end, now_ms)
    }

    pub(super) fn send_by_guardian(&mut self, at_ms: u64, bytes: Vec<u8>) -> bool {
        if self.executor_end.is_some() || self.to_executor.len() >= ROOM + BACKLOG {
            return false;
        }
        send(&mut self.to_executor, at_ms, bytes, None);
        true
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.to_executor.len() > ROOM
    }

    /// `None`: no room. `Some(false)`: closed.
    pub(super) fn send_by_executor(
        &mut self,
        at_ms: u64,
        bytes: &[u8],
        text: Option<String>,
    ) -> Option<bool> {
        if self.guardian_end.is_some() {
            return Some(false);
        }
        self.wants_room = self.to_guardian.len() >= ROOM;
        if self.wants_room {
            return None;
        }
        send(&mut self.to_guardian, at_ms, bytes.to_vec(), text);
        Some(true)
    }
}

fn ending(unread: &VecDeque<Packet>, now_ms: u64) -> End {
    if unread.is_empty() { End::Clean(now_ms) } else { End::Reset(now_ms) }
}

fn send(queue: &mut VecDeque<Packet>, at_ms: u64, bytes: Vec<u8>, text: Option<String>) {
    let before_ms = queue.back().map_or(0, |packet| packet.at_ms);
    queue.push_back(Packet { at_ms: at_ms.max(before_ms), bytes, text });
}

fn due(queue: &VecDeque<Packet>, end: Option<End>) -> Option<u64> {
    let first_ms = queue.front().map(|packet| packet.at_ms);
    match end {
        None => first_ms,
        Some(End::Clean(at_ms)) => Some(first_ms.map_or(at_ms, |first_ms| first_ms.min(at_ms))),
        Some(End::Reset(at_ms)) => Some(at_ms),
    }
}

fn receive(queue: &mut VecDeque<Packet>, end: Option<End>, now_ms: u64) -> Received {
    if matches!(end, Some(End::Reset(_))) {
        return Received::Closed;
    }
    match queue.pop_front_if(|packet| packet.at_ms <= now_ms || end.is_some()) {
        Some(packet) => Received::Message(packet.bytes, packet.text),
        None if end.is_some() => Received::Closed,
        None => Received::Silence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read_before_a_clean_end_and_not_after_a_reset() {
        let mut pair = Pair::new(1);
        assert!(pair.send_by_guardian(5, vec![1]));
        assert_eq!(pair.due_for_executor_ms(), Some(5));
        assert!(matches!(pair.receive_by_executor(4), Received::Silence));
        pair.close_by_guardian(4);
        assert!(matches!(pair.receive_by_executor(5), Received::Message(..)));
        assert!(matches!(pair.receive_by_executor(5), Received::Closed));

        let mut pair = Pair::new(2);
        assert!(pair.send_by_guardian(5, vec![1]));
        assert_eq!(pair.send_by_executor(5, &[2], None), Some(true));
        pair.close_by_guardian(6);
        assert!(matches!(pair.receive_by_executor(7), Received::Closed));
    }

    #[test]
    fn order_is_kept_and_room_is_bounded() {
        let mut pair = Pair::new(1);
        assert_eq!(pair.send_by_executor(400, &[1], Some("text".into())), Some(true));
        assert_eq!(pair.send_by_executor(3, &[2], None), Some(true));
        assert!(matches!(pair.receive_by_guardian(399), Received::Silence));
        assert!(
            matches!(pair.receive_by_guardian(400), Received::Message(bytes, Some(_)) if bytes == [1])
        );
        while pair.send_by_executor(500, &[3], None) == Some(true) {}
        assert_eq!(pair.send_by_executor(500, &[3], None), None);
        while pair.send_by_guardian(500, vec![4]) {}
        assert!(pair.is_backed_up());
    }
}
