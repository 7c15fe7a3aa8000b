//! The way to PID 1: the system bus, else its private socket, with back-off between rounds.

use super::call::{Call, LOGIND, SYSTEMD, SYSTEMD_PATH};
use super::news::{Answer, Owners, Signal, read_signal};
use super::pending::{News, Pending, Purpose, find_call};
use super::property::Owned;
use crate::service::bus::address::Address;
use crate::service::bus::message::Kind;
use crate::service::bus::socket::{Fault, Socket};

/// The first pause after a round in which no way led to PID 1; it doubles.
const PAUSE_FIRST_MS: u64 = 100;
/// The longest pause.
const PAUSE_MAX_MS: u64 = 10_000;
/// A connection that held for this long was a good one: the pause starts again at the shortest.
const STABLE_MS: u64 = 5_000;
/// The most calls without an answer; 256 units with all their properties would not reach it.
const CALLS_MAX: usize = 4096;

/// One way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Road {
    Bus(Address),
    /// PID 1 itself: no bus, no names, only root.
    Private(Address),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waiting for `until_ms`.
    Down,
    /// From connect to PID 1's first answer, until `until_ms`.
    Rising,
    Reached,
}

/// The connection and the calls that wait on it.
#[derive(Debug)]
pub(super) struct Link {
    roads: Vec<Road>,
    next_road: usize,
    socket: Option<Socket>,
    stage: Stage,
    has_greeted: bool,
    until_ms: u64,
    reached_at_ms: u64,
    pause_ms: u64,
    connect_ms: u64,
    owners: Owners,
    calls: Vec<Pending>,
    fault: Option<Fault>,
    /// Grows with every connection.
    pub(super) generation: u64,
}

impl Link {
    pub(super) fn new(roads: Vec<Road>, connect_ms: u64) -> Link {
        Link {
            roads,
            next_road: 0,
            socket: None,
            stage: Stage::Down,
            has_greeted: false,
            until_ms: 0,
            reached_at_ms: 0,
            pause_ms: PAUSE_FIRST_MS,
            connect_ms,
            owners: Owners::default(),
            calls: Vec::new(),
            fault: None,
            generation: 0,
        }
    }

    pub(super) fn is_reached(&self) -> bool {
        self.stage == Stage::Reached
    }

    /// Whether it is a bus (and not PID 1's own socket) that we are connected to.
    pub(super) fn is_bus(&self) -> bool {
        matches!(self.roads.get(self.next_road), Some(Road::Bus(_)))
    }

    /// What went wrong last.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    pub(super) fn socket(&self) -> Option<&Socket> {
        self.socket.as_ref()
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let calls = self.calls.iter().map(|call| call.deadline_ms).min();
        let stage = (self.stage != Stage::Reached).then_some(self.until_ms);
        calls.into_iter().chain(stage).min()
    }

    /// Tries again at once if it is waiting.
    pub(super) fn hurry(&mut self) {
        if self.stage == Stage::Down {
            self.until_ms = 0;
        }
    }

    /// Goes over to PID 1's own socket, if there is one and it is not in use: from now on no bus is between
    /// us. Until it answers, nobody is reached.
    pub(super) fn leave_bus(&mut self) -> Option<News> {
        let private = self.roads.iter().position(|road| matches!(road, Road::Private(_)))?;
        if !self.is_bus() {
            return None;
        }
        self.socket = None;
        self.owners = Owners::default();
        (self.next_road, self.stage, self.until_ms) = (private, Stage::Down, 0);
        Some(News::Lost(self.calls.drain(..).map(|call| call.purpose).collect()))
    }

    /// Sends a call. A call that cannot be sent is answered by [`Answer::None`] at the next turn,
    /// through its deadline; a broken connection shows itself at the next read.
    pub(super) fn call(&mut self, call: &Call, purpose: Purpose, deadline_ms: u64) {
        let message = call.message();
        let sent = match (&mut self.socket, &message) {
            (Some(socket), Some(message)) if self.calls.len() < CALLS_MAX => socket.send(message),
            _ => Err("a call that cannot be sent".into()),
        };
        // Serial 0 is never answered.
        let (serial, deadline_ms) = sent.map_or((0, 0), |serial| (serial, deadline_ms));
        if purpose != Purpose::Nothing {
            self.calls.push(Pending { serial, purpose, deadline_ms });
        }
    }

    /// The next thing that happened; `None`: nothing more now.
    pub(super) fn next(&mut self, now_ms: u64) -> Option<News> {
        if self.stage == Stage::Down {
            return (now_ms >= self.until_ms).then(|| self.connect(now_ms));
        }
        if let Some(late) = self.calls.iter().position(|call| call.deadline_ms <= now_ms) {
            if !self.calls[late].may_be_late() {
                return Some(self.lose(now_ms, "it does not answer".into()));
            }
            let late = self.calls.swap_remove(late);
            return Some(News::Answer(late.purpose, Answer::None));
        }
        if self.stage == Stage::Rising && now_ms >= self.until_ms {
            return Some(self.lose(now_ms, "it does not answer".into()));
        }
        match self.receive(now_ms) {
            Ok(news) => news,
            Err(fault) => Some(self.lose(now_ms, fault)),
        }
    }

    /// Reads until something of ours has arrived.
    fn receive(&mut self, now_ms: u64) -> Result<Option<News>, Fault> {
        loop {
            let Some(socket) = self.socket.as_mut() else { return Ok(None) };
            socket.flush()?;
            if !self.has_greeted && socket.is_open() {
                self.greet();
                continue;
            }
            let Some(message) = socket.next_message()? else {
                if socket.fill()? {
                    continue;
                }
                return Ok(None);
            };
            let is_bus = matches!(self.roads.get(self.next_road), Some(Road::Bus(_)));
            let news = match message.kind {
                Kind::Signal if !is_bus || self.owners.believe(&message) => {
                    read_signal(&message).map(News::Signal)
                }
                Kind::Return | Kind::Error => find_call(&mut self.calls, &message)
                    .map(|purpose| News::Answer(purpose, Answer::read(&message))),
                Kind::Signal | Kind::Call => None,
            };
            if let Some(news) = news {
                return self.digest(news, now_ms);
            }
        }
    }

    /// Answers that bring the link up are its own business.
    fn digest(&mut self, news: News, now_ms: u64) -> Result<Option<News>, Fault> {
        match news {
            News::Answer(Purpose::Hello, Answer::Refused(_, text)) => Err(text),
            News::Answer(Purpose::Owner(name), answer) => {
                if let Answer::Value(Owned::Text(owner)) = answer {
                    self.owners.learn(name, &owner);
                }
                Ok(Some(News::Step))
            }
            News::Answer(Purpose::Subscribe, answer) => self.rise(&answer, now_ms).map(Some),
            News::Signal(Signal::Owner { name, owner }) => {
                self.owners.learn(&name, &owner);
                if name == SYSTEMD && self.is_reached() {
                    // PID 1 was executed anew, or left the bus: everything is asked for again.
                    return Err("the service manager has left the bus, or was replaced".into());
                }
                Ok(Some(News::Step))
            }
            other => Ok(Some(other)),
        }
    }

    fn rise(&mut self, answer: &Answer, now_ms: u64) -> Result<News, Fault> {
        match answer {
            Answer::Refused(name, text) if !name.ends_with(".AlreadySubscribed") => {
                return Err(text.clone());
            }
            Answer::None => return Err("it does not answer".into()),
            _ => {}
        }
        self.stage = Stage::Reached;
        self.reached_at_ms = now_ms;
        self.fault = None;
        Ok(News::Reached)
    }

    /// The first calls on a connection, in one go.
    fn greet(&mut self) {
        self.has_greeted = true;
        let until_ms = self.until_ms;
        if self.is_bus() {
            self.call(&Call::hello(), Purpose::Hello, until_ms);
            for name in [SYSTEMD, LOGIND] {
                self.call(&Call::name_owner(name), Purpose::Owner(name), until_ms);
            }
            for rule in rules() {
                self.call(&Call::add_match(&rule), Purpose::Nothing, until_ms);
            }
        }
        self.call(&Call::subscribe(), Purpose::Subscribe, until_ms);
    }

    /// Takes the next road that lets us connect.
    fn connect(&mut self, now_ms: u64) -> News {
        while let Some(Road::Bus(address) | Road::Private(address)) = self.roads.get(self.next_road)
        {
            match Socket::connect(address) {
                Ok(socket) => {
                    self.socket = Some(socket);
                    self.generation += 1;
                    self.stage = Stage::Rising;
                    self.has_greeted = false;
                    self.until_ms = now_ms + self.connect_ms;
                    return News::Step;
                }
                Err(fault) => self.fault = Some(fault),
            }
            self.next_road += 1;
        }
        self.rest(now_ms);
        News::Unreachable
    }

    /// The round is over; wait before the next.
    fn rest(&mut self, now_ms: u64) {
        self.next_road = 0;
        self.stage = Stage::Down;
        self.until_ms = now_ms + self.pause_ms;
        self.pause_ms = (self.pause_ms * 2).min(PAUSE_MAX_MS);
    }

    fn lose(&mut self, now_ms: u64, fault: Fault) -> News {
        let was_reached = self.is_reached();
        self.fault = Some(fault);
        self.socket = None;
        self.owners = Owners::default();
        let calls = self.calls.drain(..).map(|call| call.purpose).collect();
        if !was_reached {
            self.next_road += 1;
            return self.connect(now_ms);
        }
        if now_ms.saturating_sub(self.reached_at_ms) >= STABLE_MS {
            self.pause_ms = PAUSE_FIRST_MS;
        }
        self.rest(now_ms);
        News::Lost(calls)
    }
}

/// What the bus is to send us, for as long as we are connected.
fn rules() -> [String; 6] {
    let manager = |member: &str| {
        format!("type='signal',sender='{SYSTEMD}',path='{SYSTEMD_PATH}',member='{member}'")
    };
    [
        manager("JobNew"),
        manager("JobRemoved"),
        manager("Reloading"),
        manager("UnitFilesChanged"),
        format!("type='signal',sender='{LOGIND}',member='PrepareForShutdown'"),
        format!(
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{SYSTEMD}'"
        ),
    ]
}
