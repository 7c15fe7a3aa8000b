//! The driver's epoll, as one run sees it.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io;

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, or the end.
    Read,
    /// Room to write, or the end of connecting.
    Write,
}

impl Interest {
    fn flags(self) -> EventFlags {
        match self {
            Interest::Read => EventFlags::IN,
            Interest::Write => EventFlags::OUT,
        }
    }
}

/// The driver's epoll descriptor and the token under which one run's descriptors report.
#[derive(Clone, Copy, Debug)]
pub struct Poller<'a> {
    epoll: BorrowedFd<'a>,
    token: u64,
}

impl<'a> Poller<'a> {
    /// The view of the run that is known by `token`.
    pub fn new(epoll: BorrowedFd<'a>, token: u64) -> Poller<'a> {
        Poller { epoll, token }
    }

    /// Reports `fd` from now on, level triggered. Closing it ends that by itself.
    pub fn add(&self, fd: impl AsFd, interest: Interest) -> io::Result<()> {
        epoll::add(self.epoll, fd, EventData::new_u64(self.token), interest.flags())
    }

    /// Changes what `fd` is reported for.
    pub fn change(&self, fd: impl AsFd, interest: Interest) -> io::Result<()> {
        epoll::modify(self.epoll, fd, EventData::new_u64(self.token), interest.flags())
    }
}

/// One descriptor's registration. It remembers what was asked for, so that asking again costs no
/// syscall.
#[derive(Debug, Default)]
pub(super) struct Registration(Option<Interest>);

impl Registration {
    /// Whether `interest` is being waited for.
    pub(super) fn wants(&self, interest: Interest) -> bool {
        self.0 == Some(interest)
    }

    /// Waits for `interest` from now on.
    pub(super) fn want(
        &mut self,
        poller: &Poller<'_>,
        fd: impl AsFd,
        interest: Interest,
    ) -> io::Result<()> {
        match self.0.replace(interest) {
            Some(old) if old == interest => Ok(()),
            Some(_) => poller.change(fd, interest),
            None => poller.add(fd, interest),
        }
    }
}
