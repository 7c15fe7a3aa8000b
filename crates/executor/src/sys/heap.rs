//! The C library's heap, which Rust allocates from.
#![expect(unsafe_code, reason = "mallopt and malloc_trim have no safe form")]

/// One heap for all threads: each further one reserves 64 MiB of address space, which counts as locked,
/// and keeps its own free pages. To be called before the first thread starts.
pub(crate) fn use_one() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes two numbers; no other thread runs that could allocate meanwhile.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives back what starting needed and running does not, before it is locked for good.
pub(crate) fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: gives free pages back and touches no allocation; it is safe beside other threads.
    unsafe {
        libc::malloc_trim(0);
    }
}
