//! One name being asked for, over UDP, of one name server after the other.

use super::super::poller::{Interest, Poller};
use super::super::time::Micros;
use super::packet::{self, Answer, Record};
use super::{Family, Resolver};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::net::{IpAddr, SocketAddr};

/// How long one server gets. A cached answer takes a millisecond, a cold recursion some hundred; the
/// server goes on working meanwhile, so that the next round finds it warm.
const TRY_MS: u64 = 500;

/// How often each server is asked.
const ROUNDS: usize = 3;

/// Datagrams that are not our answer, after which a server is given up: nobody may keep us reading.
const FOREIGN_MAX: u8 = 8;

/// How far a look-up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Step {
    /// To be advanced again when ready, and at this time.
    Waiting(Micros),
    /// Found.
    Found(IpAddr),
    /// The name has no address.
    NoSuchName,
    /// Nobody answered, or not usefully.
    NoAnswer,
    /// This machine refused us a socket.
    OurLimit(Errno),
}

/// The look-up.
#[derive(Debug)]
pub(in crate::probe) struct Lookup {
    host: String,
    family: Family,
    candidates: Vec<String>,
    records: &'static [Record],
    servers: Vec<SocketAddr>,
    /// Which candidate and which kind of record are being asked for.
    candidate: usize,
    record: usize,
    /// How many servers have been tried for this question, rounds included.
    tries: usize,
    open: Option<Exchange>,
}

/// One question to one server.
#[derive(Debug)]
struct Exchange {
    socket: OwnedFd,
    id: u16,
    ends: Micros,
    foreign: u8,
}

impl Lookup {
    pub(super) fn new(
        host: &str,
        family: Family,
        candidates: Vec<String>,
        servers: Vec<SocketAddr>,
    ) -> Lookup {
        let records: &'static [Record] = match family {
            Family::Any => &[Record::A, Record::Aaaa],
            Family::V4 => &[Record::A],
            Family::V6 => &[Record::Aaaa],
        };
        Lookup {
            host: host.to_owned(),
            family,
            candidates,
            records,
            servers,
            candidate: 0,
            record: 0,
            tries: 0,
            open: None,
        }
    }

    /// Goes as far as it can without waiting.
    pub(in crate::probe) fn advance(
        &mut self,
        resolver: &mut Resolver,
        poller: &Poller<'_>,
        now: Micros,
    ) -> Step {
        loop {
            let (Some(name), Some(&record)) =
                (self.candidates.get(self.candidate), self.records.get(self.record))
            else {
                return Step::NoSuchName;
            };
            let Some(exchange) = &mut self.open else {
                if self.tries >= ROUNDS * self.servers.len() {
                    return Step::NoAnswer;
                }
                let server = self.servers[self.tries % self.servers.len()];
                match Exchange::open(server, name, record, poller, now) {
                    Ok(exchange) => self.open = Some(exchange),
                    Err(errno) if is_our_limit(errno) => return Step::OurLimit(errno),
                    Err(_) => self.tries += 1,
                }
                continue;
            };
            match exchange.read(name, record, now) {
                None => return Step::Waiting(exchange.ends),
                Some(Answer::Address(address, ttl_s)) => {
                    resolver.remember(&self.host, self.family, address, ttl_s, now);
                    return Step::Found(address);
                }
                Some(Answer::NoData) => self.next_record(),
                Some(Answer::NoName) => self.next_candidate(),
                Some(Answer::Failed | Answer::Foreign) => self.next_server(),
            }
        }
    }

    fn next_server(&mut self) {
        self.open = None;
        self.tries += 1;
    }

    fn next_record(&mut self) {
        self.open = None;
        self.tries = 0;
        self.record += 1;
        if self.record == self.records.len() {
            self.next_candidate();
        }
    }

    fn next_candidate(&mut self) {
        self.open = None;
        self.tries = 0;
        self.record = 0;
        self.candidate += 1;
    }
}

impl Exchange {
    /// A connected socket takes datagrams of that server alone, and reports at once that nobody
    /// listens there. The kernel's random port and the random id make a forged answer unlikely.
    fn open(
        server: SocketAddr,
        name: &str,
        record: Record,
        poller: &Poller<'_>,
        now: Micros,
    ) -> Result<Exchange, Errno> {
        let id = random_id()?;
        let question = packet::question(id, name, record).ok_or(Errno::INVAL)?;
        let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
        rustix::net::connect(&socket, &server)?;
        rustix::net::send(&socket, &question, SendFlags::NOSIGNAL)?;
        poller.add(&socket, Interest::Read)?;
        Ok(Exchange { socket, id, ends: now.plus_ms(TRY_MS), foreign: 0 })
    }

    /// Reads what is there; `None` if there is nothing yet and time is left.
    fn read(&mut self, name: &str, record: Record, now: Micros) -> Option<Answer> {
        // Without EDNS no answer is longer than 512 bytes.
        let mut buffer = [0; 1024];
        loop {
            match rustix::net::recv(&self.socket, &mut buffer, RecvFlags::empty()) {
                Ok((len, _)) => match packet::answer(&buffer[..len], self.id, name, record) {
                    Answer::Foreign if self.foreign < FOREIGN_MAX => self.foreign += 1,
                    answer => return Some(answer),
                },
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if now < self.ends => return None,
                // The time is over, or the kernel says that nobody listens there.
                Err(_) => return Some(Answer::Failed),
            }
        }
    }
}

fn random_id() -> Result<u16, Errno> {
    let mut id = [0; 2];
    rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty())?;
    Ok(u16::from_ne_bytes(id))
}

fn is_our_limit(errno: Errno) -> bool {
    matches!(errno, Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::NOBUFS)
}
