//! The last software steps allocate nothing and start nothing, counted by an allocator of this test's own.
//! A pipe stands for sysrq, a file for `kernel.panic`, and calls of ours for sync(2) and reboot(2): nothing here can
//! end a machine.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait")]

use defib_executor::machine::NotDone;
use defib_executor::machine::ladder::{Deed, Ladder, LastDeed, Turn, Word};
use defib_executor::machine::last::LastSteps;
use defib_executor::machine::panic::PanicTimeout;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::alloc::{GlobalAlloc, Layout, System};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

struct Counting;

/// Whether allocations are counted now: those of every thread.
static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU32 = AtomicU32::new(0);
static SYNCS: AtomicU32 = AtomicU32::new(0);
static RESETS: AtomicU32 = AtomicU32::new(0);

fn count() {
    if IS_COUNTING.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn sync() {
    SYNCS.fetch_add(1, Ordering::AcqRel);
}

/// reboot(2) that is not permitted.
fn reset() -> Result<(), Errno> {
    RESETS.fetch_add(1, Ordering::AcqRel);
    Err(Errno::PERM)
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("readable").count()
}

/// A thread allocates while it comes up, which a loaded machine may put off: from then on it sleeps.
fn settle() {
    let is_asleep = |task: std::io::Result<std::fs::DirEntry>| {
        let path = task.expect("readable").path();
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        let own = rustix::thread::gettid().as_raw_nonzero().to_string();
        path.ends_with(own) || stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
    };
    until(|| std::fs::read_dir("/proc/self/task").expect("readable").all(is_asleep));
}

/// Waits for another thread without allocating.
fn until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 8, "it never came");
        std::thread::yield_now();
    }
}

/// Climbs the whole ladder in a time of its own, with a service manager that refuses everything.
fn climb(steps: &LastSteps, panic: &mut PanicTimeout) {
    let (mut ladder, mut now_ms) = (Ladder::new(30_000, 0), 0);
    loop {
        match ladder.turn(now_ms) {
            Turn::Do(Deed::Last(deed)) => {
                if steps.begin(deed).is_err() {
                    ladder.hear(Word::Refused, now_ms);
                }
                if deed == LastDeed::Reset {
                    let mut refusal = None;
                    let begun = std::time::Instant::now();
                    while refusal.is_none() && begun.elapsed().as_secs() < 8 {
                        refusal = steps.refusal();
                        std::thread::yield_now();
                    }
                    assert_eq!(refusal, Some(NotDone::Refused(Errno::PERM.raw_os_error())));
                    ladder.hear(Word::Refused, now_ms);
                }
            }
            Turn::Do(Deed::AskPolitely(_) | Deed::Force(_)) => ladder.hear(Word::Refused, now_ms),
            Turn::Do(Deed::Arm) => panic.shorten(),
            Turn::Do(_) => {}
            Turn::Wait(until_ms) => now_ms = until_ms,
            Turn::Over => return panic.restore(),
        }
    }
}

fn counted(steps: &LastSteps) -> u32 {
    let path = std::env::temp_dir().join(format!("defib-rungs-{}", std::process::id()));
    std::fs::write(&path, "0\n").expect("ours");
    let mut panic = PanicTimeout::open(&path).expect("there");
    std::fs::remove_file(&path).expect("ours");
    settle();
    let before = threads();
    ALLOCATIONS.store(0, Ordering::Relaxed);
    IS_COUNTING.store(true, Ordering::SeqCst);
    climb(steps, &mut panic);
    IS_COUNTING.store(false, Ordering::SeqCst);
    assert_eq!(threads(), before, "no thread was started");
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// One test, because the counter counts for the whole process.
#[test]
fn the_last_software_steps_allocate_nothing_and_start_nothing() {
    let (read, write) = pipe_with(PipeFlags::NONBLOCK).expect("a pipe");
    let with_sysrq = LastSteps::new(Some(write), sync, Some(reset)).expect("ready");
    assert_eq!(counted(&with_sysrq), 0);
    assert_eq!((letters(&read).as_str(), RESETS.load(Ordering::Acquire)), ("ssub", 1));
    assert_eq!(SYNCS.load(Ordering::Acquire), 0, "sysrq does it without a thread");

    let without = LastSteps::new(None, sync, Some(reset)).expect("ready");
    assert_eq!(counted(&without), 0);
    until(|| SYNCS.load(Ordering::Acquire) == 1);
    assert_eq!(RESETS.load(Ordering::Acquire), 2);

    // The counter does count.
    IS_COUNTING.store(true, Ordering::SeqCst);
    drop(std::hint::black_box(Box::new(1)));
    IS_COUNTING.store(false, Ordering::SeqCst);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 1);
}

fn letters(pipe: &OwnedFd) -> String {
    let mut bytes = [0; 16];
    let len = rustix::io::read(pipe, &mut bytes).expect("written");
    String::from_utf8_lossy(&bytes[..len]).into_owned()
}
