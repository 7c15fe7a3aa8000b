//! The executor's end of the socketpair, played by the test.

use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Outcome, Started};
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::RungSet;
use defib_engine::time::Moment;
use defib_journal::order::{MESSAGE_MAX, PROTOCOL, Report, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::fs::File;
use std::io::{IoSlice, Seek, Write};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// What this boot's up-time line begins with.
pub(crate) const LINE_OFFSET_MS: u64 = 50_000_000;

pub(crate) const SHOP: AppId = AppId(0);

/// The process that the tests speak of.
pub(crate) const PROCESS: Identity = Identity { pid: 4242, start_ticks: 77 };

pub(crate) struct Executor {
    socket: OwnedFd,
    pub(crate) beats: u32,
    /// The longest silence between two messages.
    pub(crate) silence: Duration,
    last_heard: Instant,
}

impl Executor {
    pub(crate) fn new(socket: OwnedFd) -> Executor {
        let last_heard = Instant::now();
        Executor { socket, beats: 0, silence: Duration::ZERO, last_heard }
    }

    /// The handshake, with this ledger.
    pub(crate) fn greet(&mut self, config: &str, ledger: &Started) {
        self.welcome(ledger);
        self.give_config(config);
        assert_eq!(self.expect(), Request::ConfigRead { accepted: true });
    }

    pub(crate) fn welcome(&mut self, ledger: &Started) {
        self.welcome_in(ledger, (LINE_OFFSET_MS, [7; 16]));
    }

    /// In a boot that begins there on the up-time line, and has this id.
    pub(crate) fn welcome_in(&mut self, ledger: &Started, (offset_ms, boot_id): (u64, [u8; 16])) {
        assert_eq!(self.any(), Some(Request::Hello { protocol: PROTOCOL }));
        self.say(&Report::Welcome {
            protocol: PROTOCOL,
            line_offset_ms: offset_ms,
            booted_at: Moment(offset_ms),
            boot_id,
            last_intent: ledger.last_intent,
        });
        ledger.charges.iter().for_each(|charge| self.say(&Report::LedgerCharge(*charge)));
        ledger.intents.iter().for_each(|intent| self.say(&Report::LedgerIntent(*intent)));
        self.say(&Report::LedgerEnd);
    }

    /// A well app with a known process, and everything possible.
    pub(crate) fn introduce(&mut self) {
        let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
        self.say(&Report::Capable { app: SHOP, rungs, why_not: "reboot: not allowed".into() });
        self.say(&Report::Found { app: SHOP, identity: PROCESS });
    }

    pub(crate) fn say(&self, report: &Report) {
        let mut bytes = Vec::new();
        report.encode(&mut bytes);
        rustix::net::send(&self.socket, &bytes, SendFlags::NOSIGNAL).unwrap();
    }

    pub(crate) fn give_config(&self, text: &str) {
        let mut file: File = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        // The offset is left at the end on purpose: the descriptor is shared.
        assert!(file.stream_position().unwrap() > 0);
        let mut bytes = Vec::new();
        Report::Config.encode(&mut bytes);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [file.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let parts = [IoSlice::new(&bytes)];
        rustix::net::sendmsg(&self.socket, &parts, &mut ancillary, SendFlags::NOSIGNAL).unwrap();
    }

    /// The next message of any kind; `None` after the end or 10 s.
    fn any(&mut self) -> Option<Request> {
        self.within(Duration::from_secs(10))
    }

    fn within(&mut self, patience: Duration) -> Option<Request> {
        let timeout = Timespec::try_from(patience).unwrap();
        let mut descriptors = [PollFd::new(&self.socket, PollFlags::IN)];
        if poll(&mut descriptors, Some(&timeout)).unwrap() == 0 {
            return None;
        }
        let mut bytes = vec![0; MESSAGE_MAX];
        let (_, length) = rustix::net::recv(&self.socket, &mut bytes, RecvFlags::empty()).ok()?;
        if length == 0 {
            return None;
        }
        self.silence = self.silence.max(self.last_heard.elapsed());
        self.last_heard = Instant::now();
        Some(Request::decode(&bytes[..length]).expect("a request"))
    }

    /// The next message that is not a beat; evidence requests are answered on the way.
    pub(crate) fn expect(&mut self) -> Request {
        let ends = Instant::now() + Duration::from_secs(10);
        while Instant::now() < ends {
            match self.any() {
                Some(Request::Beat) => self.beats += 1,
                Some(Request::Evidence { app, incident }) => self.say(&Report::Evidence {
                    app,
                    incident,
                    name: "stack".into(),
                    bytes: b"futex_wait\n".to_vec(),
                    last: true,
                }),
                Some(request) => return request,
                None => break,
            }
        }
        panic!("the guardian said nothing for 10 s, or is gone");
    }

    pub(crate) fn expect_order(&mut self) -> Order {
        loop {
            match self.expect() {
                Request::Order(order) => return order,
                Request::Identify { .. } | Request::Fresh { .. } => {}
                other => panic!("an order was expected, not {other:?}"),
            }
        }
    }

    /// Listens for this long; no order may come.
    pub(crate) fn expect_no_order(&mut self, time: Duration) {
        let ends = Instant::now() + time;
        while let Some(left) = ends.checked_duration_since(Instant::now()) {
            match self.within(left) {
                Some(Request::Order(order)) => panic!("no order was expected: {order:?}"),
                Some(Request::Beat) => self.beats += 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Carries out every order for this long: they are done at once.
    pub(crate) fn obey_for(&mut self, time: Duration) -> Vec<Order> {
        let ends = Instant::now() + time;
        let mut orders = Vec::new();
        while let Some(left) = ends.checked_duration_since(Instant::now()) {
            match self.within(left) {
                Some(Request::Order(order)) => {
                    self.done(&order);
                    orders.push(order);
                }
                Some(_) => {}
                None => break,
            }
        }
        orders
    }

    /// What a guardian that is dead now had sent before.
    pub(crate) fn last_orders(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        while let Some(request) = self.within(Duration::ZERO) {
            if let Request::Order(order) = request {
                orders.push(order);
            }
        }
        orders
    }

    pub(crate) fn done(&self, order: &Order) {
        self.say(&Report::Acted {
            app: order.app,
            intent: order.intent,
            rung: order.rung,
            outcome: Outcome::Done,
            detail: "done by the test".into(),
        });
    }
}
