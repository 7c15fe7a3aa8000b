//! [`Shape`] and the plain types that have one.

use super::input::{Fault, In, ReadError};
use super::out::Out;
use std::borrow::Cow;

/// A type with one JSON shape, for writing and reading.
///
/// Declare it with [`shape_struct!`](crate::shape_struct), [`shape_enum!`](crate::shape_enum) or
/// [`shape_newtype!`](crate::shape_newtype).
pub trait Shape: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Out<'_>);

    /// Reads one value.
    fn read(input: &mut In<'_>) -> Result<Self, ReadError>;

    /// The value of a field that is not there; `None` makes that an error.
    fn absent() -> Option<Self> {
        None
    }

    /// Appends the value as a field. A type that is left out when empty overrides this.
    fn write_field(&self, name: &str, out: &mut Out<'_>) {
        out.key(name);
        self.write(out);
    }
}

/// Reads a field's value, once.
#[doc(hidden)]
pub fn set_field<T: Shape>(
    field: &mut Option<T>,
    name: &'static str,
    input: &mut In<'_>,
) -> Result<(), ReadError> {
    if field.is_some() {
        return Err(input.error(Fault::Repeated(name)));
    }
    *field = Some(T::read(input)?);
    Ok(())
}

/// A field's value at its object's end.
#[doc(hidden)]
pub fn take_field<T: Shape>(
    field: Option<T>,
    name: &'static str,
    input: &In<'_>,
) -> Result<T, ReadError> {
    field.or_else(T::absent).ok_or_else(|| input.error(Fault::Missing(name)))
}

macro_rules! integer_shapes {
    ($($type:ty => $write:ident as $wide:ty),+) => {$(
        impl Shape for $type {
            fn write(&self, out: &mut Out<'_>) {
                out.$write(<$wide>::from(*self));
            }

            fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
                let value = input.integer()?;
                <$type>::try_from(value).map_err(|_| input.error(Fault::Range))
            }
        }
    )+};
}

integer_shapes!(
    u8 => unsigned as u64, u16 => unsigned as u64, u32 => unsigned as u64, u64 => unsigned as u64,
    i8 => signed as i64, i16 => signed as i64, i32 => signed as i64, i64 => signed as i64
);

impl Shape for bool {
    fn write(&self, out: &mut Out<'_>) {
        out.boolean(*self);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        input.boolean()
    }
}

impl Shape for String {
    fn write(&self, out: &mut Out<'_>) {
        out.string(self);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        Ok(input.string()?.into_owned())
    }
}

impl Shape for Cow<'_, str> {
    fn write(&self, out: &mut Out<'_>) {
        out.string(self);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        Ok(Cow::Owned(input.string()?.into_owned()))
    }
}

impl<T: Shape + Clone> Shape for Cow<'_, T> {
    fn write(&self, out: &mut Out<'_>) {
        self.as_ref().write(out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        T::read(input).map(Cow::Owned)
    }
}

impl<T: Shape> Shape for Box<T> {
    fn write(&self, out: &mut Out<'_>) {
        self.as_ref().write(out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        T::read(input).map(Box::new)
    }
}

impl<T: Shape> Shape for Option<T> {
    fn write(&self, out: &mut Out<'_>) {
        match self {
            Some(value) => value.write(out),
            None => out.null(),
        }
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        if input.null()? { Ok(None) } else { T::read(input).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

fn write_list<T: Shape>(items: &[T], out: &mut Out<'_>) {
    out.open_array();
    for item in items {
        out.separate();
        item.write(out);
    }
    out.close_array();
}

impl<T: Shape> Shape for Vec<T> {
    fn write(&self, out: &mut Out<'_>) {
        write_list(self, out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        let mut items = Vec::new();
        let mut list = input.list()?;
        while list.more(input)? {
            items.push(T::read(input)?);
        }
        Ok(items)
    }
}

impl<T: Shape, const N: usize> Shape for [T; N] {
    fn write(&self, out: &mut Out<'_>) {
        write_list(self, out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        let items = Vec::<T>::read(input)?;
        items.try_into().map_err(|_| input.error(Fault::Range))
    }
}

impl<A: Shape, B: Shape> Shape for (A, B) {
    fn write(&self, out: &mut Out<'_>) {
        out.open_array();
        self.0.write(out);
        out.separate();
        self.1.write(out);
        out.close_array();
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        let mut list = input.list()?;
        let first = next_item(&mut list, input)?;
        let second = next_item(&mut list, input)?;
        if list.more(input)? {
            return Err(input.error(Fault::Range));
        }
        Ok((first, second))
    }
}

fn next_item<T: Shape>(list: &mut super::List, input: &mut In<'_>) -> Result<T, ReadError> {
    if list.more(input)? { T::read(input) } else { Err(input.error(Fault::Range)) }
}
