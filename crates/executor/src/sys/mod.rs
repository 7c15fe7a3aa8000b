//! The few system calls that have no safe form in rustix.

pub(crate) mod credentials;
pub(crate) mod heap;
pub(crate) mod mrelease;
pub(crate) mod signals;
pub(crate) mod watchdog;
