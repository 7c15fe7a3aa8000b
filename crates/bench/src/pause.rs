//! Time that a measurement lasts.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Lets the measured run for a while.
#[expect(clippy::disallowed_methods, reason = "here the passing of time is what is waited for")]
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// CLOCK_MONOTONIC, which is the same in every process.
pub(crate) fn now_us() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000
}

/// CPU time of this process: user and kernel, by the scheduler's own nanosecond account.
pub(crate) fn own_cpu_us() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// A moment between 0 and `below_ms`, with which no timer of the measured is in step.
pub(crate) fn random_ms(below_ms: u64) -> u64 {
    // A multiplicative hash (Knuth) of the microseconds: good enough to be without a pattern.
    (now_us().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % below_ms.max(1)
}
