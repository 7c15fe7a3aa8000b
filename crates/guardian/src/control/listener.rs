//! The socket and its clients.

use super::connection::{Connection, Heard};
use super::peer;
use rustix::event::epoll;
use rustix::fd::{AsFd, BorrowedFd};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The most clients at once.
pub(crate) const CLIENTS_MAX: usize = 16;

/// Who asked: an index into the slots, which [`Listener::token`] maps to epoll's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client(usize);

/// The listening socket and its clients.
#[derive(Debug)]
pub(crate) struct Listener {
    path: PathBuf,
    /// Of our socket, which a successor's may have replaced.
    inode: u64,
    socket: UnixListener,
    first_token: u64,
    clients: [Option<Connection>; CLIENTS_MAX],
    /// What epoll was last told that each client waits for.
    armed: [epoll::EventFlags; CLIENTS_MAX],
}

const FULL: &[u8] =
    b"{\"schema\":\"defib.error/1\",\"ok\":false,\"error\":\"16 clients are connected \
already\",\"hint\":\"end a 'watch' that is not needed\"}\n";
const FOREIGN: &[u8] =
    b"{\"schema\":\"defib.error/1\",\"ok\":false,\"error\":\"you may not command \
defib\",\"hint\":\"be root, or in the guardian's group\"}\n";

impl Listener {
    /// Binds beside the final name and renames: there is no moment in which the socket has the wrong
    /// mode, and a dead guardian's socket is replaced in one step.
    pub(crate) fn open(runtime_dir: &Path, first_token: u64) -> std::io::Result<Listener> {
        let path = runtime_dir.join("defib.sock");
        let fresh = runtime_dir.join("defib.sock.new");
        if let Err(error) = std::fs::remove_file(&fresh)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let socket = UnixListener::bind(&fresh)?;
        socket.set_nonblocking(true)?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o660))?;
        let inode = std::fs::symlink_metadata(&fresh)?.ino();
        std::fs::rename(&fresh, &path)?;
        Ok(Listener {
            path,
            inode,
            socket,
            first_token,
            clients: Default::default(),
            armed: [epoll::EventFlags::empty(); CLIENTS_MAX],
        })
    }

    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn token(&self, slot: usize) -> u64 {
        self.first_token + slot as u64
    }

    /// Whose token this is.
    pub(crate) fn client_of(&self, token: u64) -> Option<Client> {
        let slot = usize::try_from(token.checked_sub(self.first_token)?).ok()?;
        (slot < CLIENTS_MAX).then_some(Client(slot))
    }

    /// Takes everybody who waits.
    pub(crate) fn accept(&mut self, epoll: BorrowedFd<'_>) {
        while let Ok((stream, _)) = self.socket.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if !peer::may_command(&stream) {
                refuse(stream, FOREIGN);
            } else if let Some(slot) = self.clients.iter().position(Option::is_none) {
                let data = epoll::EventData::new_u64(self.token(slot));
                if epoll::add(epoll, &stream, data, epoll::EventFlags::IN).is_ok() {
                    self.clients[slot] = Some(Connection::new(stream));
                    self.armed[slot] = epoll::EventFlags::IN;
                }
            } else {
                refuse(stream, FULL);
            }
        }
    }

    /// Serves one client's readiness.
    pub(crate) fn ready(&mut self, client: Client, now_ms: u64) -> Vec<Heard> {
        let Some(connection) = &mut self.clients[client.0] else { return Vec::new() };
        connection.flush(now_ms);
        connection.hear(now_ms)
    }

    /// Answers one client.
    pub(crate) fn say(&mut self, client: Client, line: &str, now_ms: u64) {
        if let Some(connection) = &mut self.clients[client.0] {
            connection.say(line, now_ms);
        }
    }

    /// Lets one client go once it has taken what was said.
    pub(crate) fn end(&mut self, client: Client) {
        if let Some(connection) = &mut self.clients[client.0] {
            connection.end();
        }
    }

    /// From here on this client gets every journal line.
    pub(crate) fn watch(&mut self, client: Client) {
        if let Some(connection) = &mut self.clients[client.0] {
            connection.watches = true;
        }
    }

    pub(crate) fn has_watchers(&self) -> bool {
        self.clients.iter().flatten().any(|connection| connection.watches)
    }

    /// Sends a journal line to those who watch.
    pub(crate) fn tell_watchers(&mut self, line: &str, now_ms: u64) {
        for connection in self.clients.iter_mut().flatten().filter(|client| client.watches) {
            connection.say(line, now_ms);
        }
    }

    /// Ends a turn: closes what is over and tells epoll what each client waits for.
    pub(crate) fn settle(&mut self, epoll: BorrowedFd<'_>, now_ms: u64) {
        for slot in 0..CLIENTS_MAX {
            let data = epoll::EventData::new_u64(self.token(slot));
            let Some(connection) = &self.clients[slot] else { continue };
            let mut interest = epoll::EventFlags::empty();
            interest.set(epoll::EventFlags::IN, connection.wants_reading());
            interest.set(epoll::EventFlags::OUT, connection.wants_writing());
            let changed = interest != std::mem::replace(&mut self.armed[slot], interest);
            let over = connection.is_over(now_ms)
                || (changed && epoll::modify(epoll, connection.stream(), data, interest).is_err());
            if over {
                self.clients[slot] = None;
            }
        }
    }

    /// When the first client's patience ends.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.clients.iter().flatten().filter_map(Connection::deadline_ms).min()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A successor has renamed its own socket over ours: that one must stay.
        if std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Says why and closes. The socket's buffer is empty, so this neither blocks nor comes short.
fn refuse(mut stream: UnixStream, why: &[u8]) {
    let _ = stream.write(why);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_guardian_leaves_its_successor_s_socket() {
        let runtime = tempfile::tempdir().unwrap();
        let first = Listener::open(runtime.path(), 0).unwrap();
        let second = Listener::open(runtime.path(), 0).unwrap();
        drop(first);
        assert!(UnixStream::connect(runtime.path().join("defib.sock")).is_ok());
        drop(second);
        assert!(!runtime.path().join("defib.sock").exists());
    }
}
