//! The descriptors that wake the executor: one epoll set.

use crate::boundary::{Call, Token};
use crate::error::Error;
use crate::sys;
use defib_engine::id::AppId;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The data of the signal descriptor, which stands for several tokens.
const SIGNALS: u64 = 0;

/// The most events of one turn.
const EVENTS_MAX: usize = 32;

/// The epoll set and the signal descriptor.
#[derive(Debug)]
pub(crate) struct Waits {
    signals: OwnedFd,
    epoll: OwnedFd,
}

impl Waits {
    /// To be made before the first thread starts, so that every thread has our signals blocked.
    pub(crate) fn new() -> Result<Waits, Error> {
        let signals = sys::signals::open().map_err(Error::io("cannot take signals"))?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|e| Error::io("cannot make an epoll set")(e.into()))?;
        let data = EventData::new_u64(SIGNALS);
        epoll::add(&epoll, &signals, data, EventFlags::IN)
            .map_err(|e| Error::io("cannot wait for signals")(e.into()))?;
        Ok(Waits { signals, epoll })
    }

    /// Waits for a descriptor from now on; closing it takes it out again.
    pub(crate) fn wait_for(&self, fd: BorrowedFd<'_>, token: Token, writing: bool) {
        let read = EventFlags::IN;
        let flags = if writing { read | EventFlags::OUT } else { read };
        let data = EventData::new_u64(data_of(token));
        // Mostly it is there already: asking to change it first costs one call a turn, not two.
        if epoll::modify(&self.epoll, fd, data, flags) == Err(rustix::io::Errno::NOENT) {
            let _ = epoll::add(&self.epoll, fd, data, flags);
        }
    }

    /// Sleeps until an event or a deadline.
    pub(crate) fn sleep(&self, timeout_ms: u64, tokens: &mut Vec<Token>) {
        tokens.clear();
        // On the stack: the loop must turn when there is no memory.
        let mut space = [MaybeUninit::uninit(); EVENTS_MAX];
        let timeout = rustix::event::Timespec {
            tv_sec: (timeout_ms / 1000) as i64,
            tv_nsec: (timeout_ms % 1000 * 1_000_000) as i64,
        };
        // EINTR is an early wake-up, and those are harmless.
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut space[..], Some(&timeout)) else {
            return;
        };
        for event in events {
            match token_of(event.data.u64()) {
                Some(token) => tokens.push(token),
                None => self.take_signals(tokens),
            }
        }
    }

    fn take_signals(&self, tokens: &mut Vec<Token>) {
        while let Some(signal) = sys::signals::next(&self.signals) {
            tokens.push(Token::Called(match signal {
                libc::SIGCHLD => Call::Reap,
                libc::SIGHUP => Call::Reload,
                _ => Call::Stop,
            }));
        }
    }
}

const fn data_of(token: Token) -> u64 {
    match token {
        Token::Called(_) => SIGNALS,
        Token::Guardian => 1,
        Token::Manager => 2,
        Token::Disk => 3,
        Token::Main(app) => 1 << 32 | app.0 as u64,
        Token::Act(app) => 2 << 32 | app.0 as u64,
    }
}

/// `None`: the signal descriptor.
const fn token_of(data: u64) -> Option<Token> {
    let app = AppId(data as u16);
    match (data >> 32, data as u32) {
        (1, _) => Some(Token::Main(app)),
        (2, _) => Some(Token::Act(app)),
        (_, 1) => Some(Token::Guardian),
        (_, 2) => Some(Token::Manager),
        (_, 3) => Some(Token::Disk),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        for token in [
            Token::Guardian,
            Token::Manager,
            Token::Disk,
            Token::Main(AppId(0)),
            Token::Act(AppId(65_535)),
        ] {
            assert_eq!(token_of(data_of(token)), Some(token));
        }
        assert_eq!(token_of(data_of(Token::Called(Call::Stop))), None);
    }
}
