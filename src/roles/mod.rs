//! The roles of the binary, and the verbs that start them.

pub(crate) mod agent;
mod argv;
pub(crate) mod guardian;
pub(crate) mod probe;
mod socket;
pub(crate) mod verbs;

use std::ffi::OsString;

/// Arguments as text; what is not UTF-8 is made so, and then no option that we know.
pub(crate) fn texts(arguments: &[OsString]) -> Vec<String> {
    arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
}
