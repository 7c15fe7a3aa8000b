//! Waiting with a deadline.

use std::time::{Duration, Instant};

/// Looks every 10 ms until `look` finds something. Panics, naming `what`, when `limit` is over.
pub fn poll_until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        let waited = begun.elapsed();
        assert!(waited < limit, "waited {waited:?} in vain: {what}");
        pause();
    }
}

/// Panics as soon as `look` finds something within `span`: for what must not happen.
pub fn stays_false(what: &str, span: Duration, mut look: impl FnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        assert!(!look(), "after {:?}: {what}", begun.elapsed());
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one pause, inside a loop with a deadline")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}
