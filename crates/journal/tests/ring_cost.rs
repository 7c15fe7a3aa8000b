//! A sample into the flight recorder allocates nothing, in the loop and in the journal's thread, and what it costs:
//! `cargo test -p defib-journal --test ring_cost -- --nocapture` prints it.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait")]

use defib_journal::files::{Folder, Patient, Ring, Storage};
use defib_journal::recorder::{
    AppUse, FILE_NAME, Hog, RING_BYTES, SLOT_BYTES, Sample, Text, offset_of, read_ring,
};
use rustix::time::{ClockId, clock_gettime};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

struct Counting;

/// Whether allocations are counted now: those of every thread.
static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU32 = AtomicU32::new(0);

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

/// Of all threads of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn sample(seq: u64) -> Sample {
    let hog = Hog { pid: 812, comm: Text::of(b"faulttool"), ..Hog::default() };
    let mut sample = Sample { seq, is_short: true, hog: Some(hog), ..Sample::default() };
    for name in ["shop", "mail", "blog"] {
        let name = Text::of(name.as_bytes());
        sample.apps.push(AppUse { name, memory_kb: seq, ..AppUse::default() });
    }
    sample
}

/// So many samples, each into the thread's hands once it has none.
fn put(ring: &mut dyn Ring, seqs: std::ops::Range<u64>, is_durable: bool) {
    let mut slot = [0; SLOT_BYTES];
    for seq in seqs {
        sample(seq).encode(&mut slot);
        let ends = Instant::now() + Duration::from_secs(20);
        while ring.write(offset_of(seq), &slot, is_durable).is_err() {
            assert!(Instant::now() < ends, "the disk never came back");
            // As in the loop, which comes again in seconds: the thread's time is what counts.
            let pause = rustix::event::Timespec { tv_sec: 0, tv_nsec: 200_000 };
            let _ = rustix::event::poll(&mut [], Some(&pause));
        }
    }
}

#[test]
fn a_sample_allocates_nothing_and_costs_little() {
    const COUNT: u64 = 300;
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_path_buf();
    let patient = Patient::start(folder.path(), move || Folder::at(&place)).expect("a thread");
    let mut ring = patient.open_ring(FILE_NAME, RING_BYTES).expect("a ring");
    // What a thread makes when it first waits.
    put(&mut *ring, 0..10, true);
    for (what, is_durable, from) in [("in quiet", false, 10), ("durable", true, 1_000)] {
        IS_COUNTING.store(true, Ordering::SeqCst);
        let before = cpu();
        put(&mut *ring, from..from + COUNT, is_durable);
        let spent = cpu().saturating_sub(before);
        IS_COUNTING.store(false, Ordering::SeqCst);
        println!("a sample {what}: {:?} of CPU in both threads", spent / COUNT as u32);
        assert_eq!(ALLOCATIONS.load(Ordering::SeqCst), 0, "{what}");
        // 0.2 % of a core at one each 5 s.
        assert!(spent / (COUNT as u32) < Duration::from_millis(10), "{what}: {spent:?}");
    }
    let mut bytes = vec![0; RING_BYTES];
    ring.read(0, &mut bytes).expect("readable");
    let samples = read_ring(&bytes);
    assert_eq!(samples.last().map(|last| last.seq), Some(1_000 + COUNT - 1));
}
