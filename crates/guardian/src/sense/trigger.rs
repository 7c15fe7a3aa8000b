//! The kernel's word that all tasks wait for memory: a trigger on pressure stall information (PSI). Without it
//! a stall is found by the next reading of the machine; with it, at most 2 s after it began to matter.
//!
//! Of memory alone. What cpu and io could tell sooner convicts nobody sooner: a process must take the CPU, or sleep
//! in the kernel, for 20 s; and some task waits for the CPU on every busy machine.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

const MEMORY: &str = "/proc/pressure/memory";

/// All tasks stood still for 300 ms within 2 s. 15 % is half of what a machine starves at (`STARVED_PERMILLE`): what
/// does not reach it convicts nobody, and what will reach it is read while it comes.
///
/// Without CAP_SYS_RESOURCE, which this process gave up, the window must be a multiple of 2 s, and the kernel looks
/// every 2 s; it says so at most once a window. The kernel takes the last byte for the end of the text.
const ALL_WAIT: &[u8] = b"full 300000 2000000\0";

/// A descriptor that wakes us when memory is short.
#[derive(Debug)]
pub struct Trigger {
    descriptor: OwnedFd,
    interest: EventFlags,
    has_fired: bool,
}

impl Trigger {
    /// Asks the kernel. Needs no privilege since Linux 6.5, nor where a stable kernel has taken that over.
    ///
    /// # Errors
    ///
    /// Why there is none, for people: no such file (a kernel before 4.20, one without PSI, a user-mode one), switched
    /// off, or not for us.
    pub fn of_memory() -> Result<Trigger, String> {
        Trigger::on(MEMORY, ALL_WAIT).map_err(|error| match error {
            Errno::NOENT => "this kernel has no pressure stall information".to_owned(),
            Errno::OPNOTSUPP => "pressure stall information is switched off".to_owned(),
            Errno::PERM | Errno::ACCESS | Errno::INVAL => format!(
                "{MEMORY}: {error} (a kernel before 6.5 gives triggers to the privileged only)"
            ),
            error => format!("{MEMORY}: {error}"),
        })
    }

    fn on(path: &str, text: &[u8]) -> Result<Trigger, Errno> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let descriptor = open(path, flags, Mode::empty())?;
        rustix::io::write(&descriptor, text)?;
        Ok(Trigger { descriptor, interest: EventFlags::PRI, has_fired: false })
    }

    /// One that fires while this descriptor can be read, for tests.
    #[doc(hidden)]
    pub fn while_readable(descriptor: OwnedFd) -> Trigger {
        Trigger { descriptor, interest: EventFlags::IN, has_fired: false }
    }

    /// Tells epoll, which then reports it once: until it is [armed](Trigger::arm) again nothing that it does, and no
    /// kernel that repeats itself, can keep the loop awake.
    pub(crate) fn watch(&self, epoll: BorrowedFd<'_>, token: u64) -> Result<(), Errno> {
        epoll::add(epoll, &self.descriptor, EventData::new_u64(token), self.once())
    }

    /// Epoll has reported it. `false`: it will never fire again.
    pub(crate) fn fire(&mut self, flags: EventFlags) -> bool {
        self.has_fired = true;
        !flags.intersects(EventFlags::ERR | EventFlags::HUP)
    }

    /// If it has fired, it is reported again, once; at once if it fired again meanwhile.
    pub(crate) fn arm(&mut self, epoll: BorrowedFd<'_>, token: u64) -> Result<(), Errno> {
        if std::mem::take(&mut self.has_fired) {
            epoll::modify(epoll, &self.descriptor, EventData::new_u64(token), self.once())?;
        }
        Ok(())
    }

    fn once(&self) -> EventFlags {
        self.interest | EventFlags::ONESHOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::Timespec;
    use rustix::fd::AsFd;
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    fn next(epoll: &OwnedFd, seconds: i64) -> Option<EventFlags> {
        let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); 1];
        let limit = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let (ready, _) = epoll::wait(epoll, &mut buffer, Some(&limit)).unwrap();
        ready.first().map(|event| event.flags)
    }

    /// The real kernel, on what can be brought about without harm: tasks that wait for a CPU.
    #[test]
    fn the_kernel_fires_once_a_window_while_tasks_wait() {
        let mut trigger = match Trigger::on("/proc/pressure/cpu", b"some 100000 2000000\0") {
            Ok(trigger) => trigger,
            Err(why) => return println!("not on this machine: {why}"),
        };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        trigger.watch(epoll.as_fd(), 7).unwrap();
        let is_over = AtomicBool::new(false);
        let threads = std::thread::available_parallelism().map_or(2, usize::from) + 1;
        let fired = std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let fired: Vec<_> = (0..2)
                .map(|_| {
                    let flags = next(&epoll, 20);
                    // Not armed: whatever the kernel says now is not heard.
                    let silent = next(&epoll, 0);
                    assert!(trigger.fire(flags.unwrap_or(EventFlags::ERR)), "{flags:?}");
                    trigger.arm(epoll.as_fd(), 7).unwrap();
                    (flags, silent, Instant::now())
                })
                .collect();
            is_over.store(true, Ordering::Relaxed);
            fired
        });
        for (flags, silent, _) in &fired {
            assert!(flags.is_some_and(|flags| flags.contains(EventFlags::PRI)), "{fired:?}");
            assert!(silent.is_none(), "{fired:?}");
        }
        assert!(fired[1].2.duration_since(fired[0].2) > Duration::from_secs(1), "{fired:?}");
    }

    #[test]
    fn this_kernel_gives_a_trigger_or_says_why_not() {
        match Trigger::of_memory() {
            Ok(trigger) => {
                let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
                trigger.watch(epoll.as_fd(), 7).unwrap();
                // Closed it is gone, and a second one is another.
                drop(trigger);
                assert!(Trigger::of_memory().is_ok());
            }
            Err(why) => assert!(why.contains("pressure"), "{why}"),
        }
        let plain = tempfile::NamedTempFile::new().unwrap();
        let path = plain.path().to_str().unwrap();
        // EPERM: epoll takes no file that cannot make anybody wait.
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let trigger = Trigger::on(path, ALL_WAIT).unwrap();
        assert_eq!(trigger.watch(epoll.as_fd(), 7), Err(Errno::PERM));
        assert!(matches!(Trigger::on("/proc/pressure/none", ALL_WAIT), Err(Errno::NOENT)));
    }
}
