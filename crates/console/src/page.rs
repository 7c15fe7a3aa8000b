//! Putting text together.

/// Appends formatted text to a `String`, which cannot fail.
macro_rules! put {
    ($to:expr, $($text:tt)*) => {
        std::fmt::Write::write_fmt(&mut $to, format_args!($($text)*)).unwrap_or(())
    };
}

pub(crate) use put;
