//! Guardians as processes of their own, at the other end of a SOCK_SEQPACKET socketpair.

use super::children::memory_file;
use super::spawn::{Spawner, Start};
use super::survive::NEVER_KILLED;
use crate::boundary::{Attachment, Guardians, Held, Peer, Signal};
use crate::process::{handle, stat};
use crate::separation::Ids;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

/// It keeps our session (a terminal's), our scheduling and our place with the memory killer.
const OPTIONS: [&str; 6] = [
    "--socket-as-3",
    "--keep-session",
    "--keep-scheduling",
    "--may-lock-memory",
    "--oom",
    NEVER_KILLED,
];

/// How guardians are started.
#[derive(Debug)]
pub(super) struct Sockets {
    argv: Vec<OsString>,
    user: Option<Ids>,
    spawner: Rc<Spawner>,
}

impl Sockets {
    pub(super) fn new(argv: Vec<OsString>, user: Option<Ids>, spawner: Rc<Spawner>) -> Sockets {
        Sockets { argv, user, spawner }
    }
}

/// One guardian.
#[derive(Debug)]
struct Socket {
    ours: OwnedFd,
    pid: u32,
    held: Option<Held>,
}

impl Guardians for Sockets {
    fn start(&mut self) -> io::Result<Box<dyn Peer>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        let mut options: Vec<OsString> = OPTIONS.map(Into::into).into();
        if let Some(ids) = &self.user {
            options.extend(["--powerless".into(), ids.text().into()]);
        }
        let pid = self.spawner.spawn(Start {
            argv: &self.argv,
            options,
            user: None,
            environment: &[("DEFIB_GUARDIAN_FD", "3".into())],
            input: theirs,
            output: None,
            directory: None,
        })?;
        let held = stat::read(pid).and_then(|stat| handle::open(stat.identity));
        Ok(Box::new(Socket { ours, pid, held }))
    }

    fn attach(&self, text: &str) -> io::Result<Attachment> {
        memory_file("defib-config", text.as_bytes()).map(Attachment::File)
    }
}

impl Peer for Socket {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.ours.as_fd())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (len, _) = recv(&self.ours, buffer, RecvFlags::empty())?;
        Ok(len)
    }

    fn send(&mut self, bytes: &[u8], attached: Option<&Attachment>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fd = match attached {
            Some(Attachment::File(fd)) => Some([fd.as_fd()]),
            // Never made here: another process cannot be handed a text.
            Some(Attachment::Text(_)) | None => None,
        };
        if let Some(fd) = &fd {
            control.push(SendAncillaryMessage::ScmRights(fd));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&self.ours, &[IoSlice::new(bytes)], &mut control, flags)?;
        Ok(())
    }

    fn kill(&self) {
        if let Some(held) = &self.held {
            let _ = handle::signal(held, Signal::Kill);
        }
    }
}
