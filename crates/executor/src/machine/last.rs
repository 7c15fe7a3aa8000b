//! The deeds that need no memory, no process and no service manager: single writes to a descriptor that
//! was opened at the start, and system calls on threads that were started then.

use super::NotDone;
use super::ladder::LastDeed;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Barrier};

/// Each thread makes one system call.
const STACK_BYTES: usize = 32 << 10;

/// The call has not come back, or was never made.
const OUT: i32 = 0;

/// reboot(2), or what stands for it; what it comes back with if it does.
pub type SystemCall = fn() -> Result<(), Errno>;

/// Everything that the last steps need, ready.
#[derive(Debug)]
pub struct LastSteps {
    sysrq: Option<OwnedFd>,
    sync: Option<Helper>,
    reset: Option<Helper>,
}

impl LastSteps {
    /// With these in place of the real ones: tests give a pipe and calls of their own. A `sync` is only
    /// needed where sysrq is not, which does the same without a thread.
    pub fn new(
        sysrq: Option<OwnedFd>,
        sync: fn(),
        reset: Option<SystemCall>,
    ) -> io::Result<LastSteps> {
        let sync = match &sysrq {
            Some(_) => None,
            None => Some(Helper::start("sync", move || {
                sync();
                Ok(())
            })?),
        };
        let reset = reset.map(|reset| Helper::start("reset", reset)).transpose()?;
        Ok(LastSteps { sysrq, sync, reset })
    }

    /// Begins a deed and waits for nothing. Allocates nothing.
    pub fn begin(&self, deed: LastDeed) -> Result<(), NotDone> {
        match deed {
            LastDeed::Sync => match &self.sync {
                Some(sync) => sync.wake(),
                None => self.write_sysrq(b's'),
            },
            LastDeed::Reset => self.reset.as_ref().ok_or(NotDone::NotThere)?.wake(),
            LastDeed::SysrqSync => self.write_sysrq(b's'),
            LastDeed::SysrqReadOnly => self.write_sysrq(b'u'),
            LastDeed::SysrqReset => self.write_sysrq(b'b'),
        }
    }

    /// Whether reboot(2) came back, once. Allocates nothing.
    pub fn refusal(&self) -> Option<NotDone> {
        let answer = self.reset.as_ref()?.answer.swap(OUT, Ordering::AcqRel);
        (answer != OUT).then_some(NotDone::Refused(answer))
    }

    fn write_sysrq(&self, letter: u8) -> Result<(), NotDone> {
        let sysrq = self.sysrq.as_ref().ok_or(NotDone::NotThere)?;
        // The kernel's own s and u are queued, not done, when the write returns.
        rustix::io::write(sysrq, &[letter])
            .map_err(|errno| NotDone::Refused(errno.raw_os_error()))?;
        Ok(())
    }
}

/// A thread that waits to make one system call that may never return.
#[derive(Debug)]
struct Helper {
    wake: Arc<OwnedFd>,
    answer: Arc<AtomicI32>,
}

impl Helper {
    fn start(
        name: &str,
        call: impl Fn() -> Result<(), Errno> + Send + 'static,
    ) -> io::Result<Helper> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let answer = Arc::new(AtomicI32::new(OUT));
        let (waited_on, told) = (Arc::clone(&wake), Arc::clone(&answer));
        // A thread allocates while it begins. That is over when this returns.
        let begun = Arc::new(Barrier::new(2));
        let begins = Arc::clone(&begun);
        std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(move || {
            begins.wait();
            drop(begins);
            attend(&waited_on, &told, &call);
        })?;
        begun.wait();
        Ok(Helper { wake, answer })
    }

    fn wake(&self) -> Result<(), NotDone> {
        rustix::io::write(&*self.wake, &1u64.to_ne_bytes())
            .map_err(|errno| NotDone::Refused(errno.raw_os_error()))?;
        Ok(())
    }
}

/// For as long as the process lives. Allocates nothing.
fn attend(wake: &OwnedFd, answer: &AtomicI32, call: &dyn Fn() -> Result<(), Errno>) {
    let mut count = [0; 8];
    loop {
        match rustix::io::read(wake, &mut count) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        if let Err(errno) = call() {
            answer.store(errno.raw_os_error(), Ordering::Release);
        }
    }
}

/// Opens the kernel's own way to a reset. Only for the real machine.
pub(super) fn open_sysrq() -> io::Result<OwnedFd> {
    let path = Path::new("/proc/sysrq-trigger");
    OpenOptions::new().write(true).open(path).map(OwnedFd::from)
}

/// sync(2): may take for ever on a sick disk.
pub(super) fn sync_disks() {
    rustix::fs::sync();
}

/// reboot(2), LINUX_REBOOT_CMD_RESTART: no kexec, no sync. The one place in defib where it is called.
pub(super) fn reset_machine() -> Result<(), Errno> {
    rustix::system::reboot(rustix::system::RebootCommand::Restart)
}
