//! The other process: typed messages over [`Datagrams`], the handshake, the beat.

use crate::datagram::Datagrams;
use defib_engine::event::Started;
use defib_journal::order::{PROTOCOL, Report, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

/// The executor kills a guardian that is silent for 5 s.
const BEAT_MS: u64 = 2000;

/// A beat waits for a wake-up that comes anyway if that is at most this much later: at the default
/// interval of 5 s this saves every second wake-up of an idle guardian, and 2 s are left to the kill.
const BEAT_SLACK_MS: u64 = 1000;

/// The executor has its ledger and config in memory when it starts us; this long means that it is
/// not going to answer.
const HANDSHAKE_MS: u64 = 10_000;

/// What the executor says first.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) line_offset_ms: u64,
    pub(crate) boot_id: [u8; 16],
    /// Without `new_boot`, which only the journal can tell.
    pub(crate) started: Started,
    pub(crate) config: OwnedFd,
    /// What came before the config, to be handled after `Started`.
    pub(crate) early: Vec<Report>,
}

/// A message and the descriptor that may come with it.
pub(crate) type Received = (Report, Option<OwnedFd>);

/// Why the link is of no use any more.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The executor has closed its end: it is gone, or we are to be.
    Closed,
    /// It says what we do not understand, or does not say what it must.
    Protocol(String),
}

/// Our end.
#[derive(Debug)]
pub(crate) struct Link {
    datagrams: Datagrams,
    message: Vec<u8>,
    last_beat_ms: u64,
}

impl Link {
    pub(crate) fn new(socket: OwnedFd) -> Result<Link, Broken> {
        let datagrams = Datagrams::new(socket).map_err(|_| Broken::Closed)?;
        Ok(Link { datagrams, message: Vec::new(), last_beat_ms: 0 })
    }

    pub(crate) fn send(&mut self, request: &Request) -> Result<(), Broken> {
        request.encode(&mut self.message);
        self.datagrams.send(&self.message).map_err(|_| Broken::Closed)
    }

    pub(crate) fn receive(&mut self) -> Result<Option<Received>, Broken> {
        let Some(datagram) = self.datagrams.receive().map_err(|_| Broken::Closed)? else {
            return Ok(None);
        };
        let report = Report::decode(&datagram.bytes)
            .map_err(|error| Broken::Protocol(format!("a message of the executor: {error:?}")))?;
        Ok(Some((report, datagram.descriptor)))
    }

    /// Sends what waits; whether more is waiting still.
    pub(crate) fn flush(&mut self) -> Result<bool, Broken> {
        self.datagrams.flush().map_err(|_| Broken::Closed)?;
        Ok(self.datagrams.wants_writing())
    }

    /// Sends a beat if one is due. None is queued behind messages that the executor has not read.
    pub(crate) fn beat(&mut self, now_ms: u64) -> Result<(), Broken> {
        if now_ms < self.last_beat_ms + BEAT_MS || self.datagrams.wants_writing() {
            return Ok(());
        }
        self.last_beat_ms = now_ms;
        self.send(&Request::Beat)
    }

    /// When to wake for a beat, given when we are going to wake for something else.
    pub(crate) fn beat_deadline_ms(&self, other_ms: Option<u64>) -> u64 {
        let due = self.last_beat_ms + BEAT_MS;
        match other_ms {
            Some(other) if other >= due && other <= due + BEAT_SLACK_MS => other,
            _ => due,
        }
    }

    /// Says hello and waits for ledger and config.
    pub(crate) fn greet(&mut self, clock_ms: impl Fn() -> u64) -> Result<Greeting, Broken> {
        self.send(&Request::Hello { protocol: PROTOCOL })?;
        let ends_ms = clock_ms() + HANDSHAKE_MS;
        let mut welcome = None;
        let mut started = Started::default();
        let mut early = Vec::new();
        loop {
            let Some((report, descriptor)) = self.receive()? else {
                self.wait(ends_ms.saturating_sub(clock_ms()))?;
                continue;
            };
            match report {
                Report::Welcome { protocol, line_offset_ms, booted_at, boot_id, last_intent } => {
                    expect_protocol(protocol)?;
                    started.booted_at = booted_at;
                    started.last_intent = last_intent;
                    welcome = Some((line_offset_ms, boot_id));
                }
                Report::LedgerCharge(charge) => started.charges.push(charge),
                Report::LedgerIntent(intent) => started.intents.push(intent),
                Report::LedgerStarts(starts) => started.starts.push(starts),
                Report::LedgerEnd => {}
                Report::Config => {
                    let (line_offset_ms, boot_id) = welcome.ok_or_else(no_welcome)?;
                    let config = descriptor.ok_or_else(no_descriptor)?;
                    return Ok(Greeting { line_offset_ms, boot_id, started, config, early });
                }
                Report::Stop => return Err(Broken::Closed),
                other => early.push(other),
            }
        }
    }

    fn wait(&self, patience_ms: u64) -> Result<(), Broken> {
        if patience_ms == 0 {
            return Err(Broken::Protocol("the executor did not answer within 10 s".into()));
        }
        let timeout = Timespec {
            tv_sec: (patience_ms / 1000) as i64,
            tv_nsec: (patience_ms % 1000) as i64 * 1_000_000,
        };
        let mut descriptors = [PollFd::new(&self.datagrams, PollFlags::IN)];
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Broken::Protocol(format!("poll: {error}"))),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.datagrams.as_fd()
    }
}

fn expect_protocol(protocol: u16) -> Result<(), Broken> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    Err(Broken::Protocol(format!("it speaks version {protocol}, we speak {PROTOCOL}")))
}

fn no_welcome() -> Broken {
    Broken::Protocol("a config came before the welcome".into())
}

fn no_descriptor() -> Broken {
    Broken::Protocol("a config came without its descriptor".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::time::Moment;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (Link, Datagrams) {
        let kind = SocketType::SEQPACKET;
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        (Link::new(ours).unwrap(), Datagrams::new(theirs).unwrap())
    }

    fn say(executor: &mut Datagrams, report: &Report) {
        let mut bytes = Vec::new();
        report.encode(&mut bytes);
        executor.send(&bytes).unwrap();
    }

    #[test]
    fn beats_ride_on_other_wake_ups() {
        let (mut link, mut executor) = pair();
        link.beat(10_000).unwrap();
        assert!(executor.receive().unwrap().is_some());
        link.beat(11_999).unwrap();
        assert!(executor.receive().unwrap().is_none());
        assert_eq!(link.beat_deadline_ms(None), 12_000);
        assert_eq!(link.beat_deadline_ms(Some(11_000)), 12_000, "then there is one at 12 s");
        assert_eq!(link.beat_deadline_ms(Some(13_000)), 13_000);
        assert_eq!(link.beat_deadline_ms(Some(13_001)), 12_000);
    }

    #[test]
    fn another_version_is_not_believed() {
        let (mut link, mut executor) = pair();
        let welcome = Report::Welcome {
            protocol: PROTOCOL + 1,
            line_offset_ms: 0,
            booted_at: Moment(0),
            boot_id: [0; 16],
            last_intent: 0,
        };
        say(&mut executor, &welcome);
        let error = link.greet(|| 0).unwrap_err();
        assert!(matches!(error, Broken::Protocol(text) if text.contains("version 2")));
    }

    #[test]
    fn silence_ends_the_handshake() {
        let (mut link, _executor) = pair();
        let asked = std::cell::Cell::new(0);
        let clock_ms = || {
            asked.set(asked.get() + 1);
            if asked.get() > 1 { HANDSHAKE_MS } else { 0 }
        };
        assert!(matches!(link.greet(clock_ms), Err(Broken::Protocol(_))));
    }
}
