//! A small JSON: a writer that appends to a `Vec<u8>`, a strict bounded pull parser over `&[u8]`,
//! and [`Shape`], which gives a type both directions from one declaration.
//!
//! It is our own because the guardian's loop holds no serde and the engine has no dependencies
//! (decision 035). It knows integers only: a float is skipped where it is not asked for, and is an
//! error where an integer is.

mod input;
mod macros;
mod number;
mod out;
mod shape;
mod text;

#[cfg(test)]
mod tests;

pub use input::{DEPTH_MAX, Fault, In, List, Object, ReadError};
pub use out::Out;
pub use shape::Shape;
#[doc(hidden)]
pub use shape::{set_field, take_field};

/// One value as JSON text.
pub fn to_vec<T: Shape>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.write(&mut Out::new(&mut bytes));
    bytes
}

/// The value that the whole of `bytes` holds.
pub fn from_slice<T: Shape>(bytes: &[u8]) -> Result<T, ReadError> {
    let mut input = In::new(bytes);
    let value = T::read(&mut input)?;
    input.end()?;
    Ok(value)
}
