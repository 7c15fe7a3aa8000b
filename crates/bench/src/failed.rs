//! Why a measurement could not be made.

use std::fmt;

/// A sentence for people.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn of(text: impl Into<String>) -> Failed {
        Failed(text.into())
    }

    /// For `map_err`: what was being done when the machine said no.
    pub(crate) fn at<E: fmt::Display>(what: &str) -> impl FnOnce(E) -> Failed {
        move |error| Failed(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
