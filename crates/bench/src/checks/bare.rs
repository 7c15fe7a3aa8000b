//! The least: socket, connect, send, epoll, receive, close.

use super::pace::Flights;
use crate::dial::{dial, watch};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::net::{RecvFlags, SendFlags, recv, send};

pub(super) struct Bare {
    port: u16,
    request: Vec<u8>,
    sockets: Vec<Option<OwnedFd>>,
    buffer: Vec<u8>,
}

/// The words of defib's own request, so that the server has the same work.
pub(super) fn request(host: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: defib/0.1.0\r\nAccept: */*\r\n\
         Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

impl Bare {
    pub(super) fn new(port: u16) -> Bare {
        let request = request(&format!("127.0.0.1:{port}"));
        Bare { port, request, sockets: Vec::new(), buffer: vec![0; 16 * 1024] }
    }
}

impl Flights for Bare {
    fn start(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool> {
        if self.sockets.len() <= slot {
            self.sockets.resize_with(slot + 1, || None);
        }
        let Ok(socket) = dial(self.port) else { return Some(false) };
        // On the loopback the connection stands already.
        if send(&socket, &self.request, SendFlags::NOSIGNAL).is_err()
            || watch(epoll, &socket, slot).is_err()
        {
            return Some(false);
        }
        self.sockets[slot] = Some(socket);
        None
    }

    fn ready(&mut self, slot: usize, _: BorrowedFd<'_>) -> Option<bool> {
        let socket = self.sockets[slot].take()?;
        let received = recv(&socket, &mut self.buffer[..], RecvFlags::empty());
        Some(received.is_ok_and(|(len, _)| self.buffer[..len].starts_with(b"HTTP/1.1 200")))
    }
}
