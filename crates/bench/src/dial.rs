//! A connection to our own server, for the bare runners.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Connected, or connecting.
pub(crate) fn dial(port: u16) -> Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno),
    }
}

/// Reports what can be read, under the slot's number.
pub(crate) fn watch(epoll: BorrowedFd<'_>, socket: &OwnedFd, slot: usize) -> Result<()> {
    epoll::add(epoll, socket, EventData::new_u64(slot as u64), EventFlags::IN)
}
