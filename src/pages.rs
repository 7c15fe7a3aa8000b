//! Which of the program's own pages are in memory when it is locked: the groups of `layout.ld`.
#![expect(
    unsafe_code,
    reason = "what the linker knows is addresses, and advice about them has no safe form"
)]

use rustix::mm::{Advice, madvise};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;

/// The smallest page of any machine; on one with larger pages each is touched more than once.
const PAGE: usize = 4096;

// Named by `layout.ld`, but for the last, which every linker gives.
unsafe extern "C" {
    /// From here on lies what belongs to nobody.
    #[link_name = "defib_shared_start"]
    static SHARED: u8;
    /// From here on lies what guarding does not need, or not with each config.
    #[link_name = "defib_aside_start"]
    static ASIDE: u8;
    /// From here on lies all that guards.
    #[link_name = "defib_wanted_end"]
    static KEPT: u8;
    /// The end of all code.
    #[link_name = "etext"]
    static END: u8;
}

/// Gives back the code that only the start needed, and brings in all the code that guards, judges and acts:
/// what is in memory now stays when it is locked. Called by each process, for itself, just before that.
pub(crate) fn keep_what_guards() {
    let [shared, aside, kept, end] = groups();
    give_back(aside.cast_mut().cast(), kept.addr() - aside.addr());
    bring_in(shared, aside.addr() - shared.addr());
    bring_in(kept, end.addr() - kept.addr());
}

fn groups() -> [*const u8; 4] {
    [&raw const SHARED, &raw const ASIDE, &raw const KEPT, &raw const END]
}

/// The kernel reads it from the file again when it is needed: nobody can have written to it.
fn give_back(from: *mut c_void, bytes: usize) {
    // SAFETY: both ends are page-aligned symbols around code, which is mapped read-only from the file;
    // dropping its pages changes nothing that could be seen. Refused where the machine's pages are larger.
    let _ = unsafe { madvise(from, bytes, Advice::LinuxDontNeed) };
}

/// By touching each page: `MADV_POPULATE_READ` would do it from Linux 5.14 on.
fn bring_in(from: *const u8, bytes: usize) {
    for offset in (0..bytes).step_by(PAGE) {
        // SAFETY: between two symbols around code, all of which is mapped and readable.
        black_box(unsafe { ptr::read_volatile(from.add(offset)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_lie_in_their_order() {
        let [shared, aside, kept, end] = groups().map(<*const u8>::addr);
        let own = keep_what_guards as *const () as usize;
        assert!(shared < aside && aside < kept && kept < own && own < end, "{:x?}", groups());
        assert!([shared, aside, kept].iter().all(|at| at.is_multiple_of(PAGE)));
    }

    #[test]
    fn the_program_goes_on_as_before() {
        keep_what_guards();
        keep_what_guards();
        assert_eq!(format!("{:.1}", 1.25_f64 + 1.0), "2.2");
    }
}
