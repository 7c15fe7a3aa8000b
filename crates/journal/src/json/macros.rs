//! One declaration, both directions. A field or variant that is forgotten does not compile.

/// Gives a struct with named fields its [`Shape`](crate::json::Shape): an object. Unknown fields
/// are skipped, missing ones are an error unless their type is an `Option`.
///
/// ```
/// pub struct Point { pub x: u32, pub y: Option<i16> }
/// defib_journal::shape_struct!(Point { x, y });
/// let point = Point { x: 3, y: None };
/// assert_eq!(defib_journal::json::to_vec(&point), br#"{"x":3,"y":null}"#);
/// ```
#[macro_export]
macro_rules! shape_struct {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::json::Shape for $type {
            fn write(&self, out: &mut $crate::json::Out<'_>) {
                let Self { $($field),+ } = self;
                $crate::write_fields!(out, $($field),+);
            }

            fn read(
                input: &mut $crate::json::In<'_>,
            ) -> Result<Self, $crate::json::ReadError> {
                let mut object = input.object()?;
                $crate::read_fields!(input, object, $($field),+);
                Ok(Self { $($field),+ })
            }
        }
    };
}

/// Gives a struct of one unnamed field the shape of that field.
#[macro_export]
macro_rules! shape_newtype {
    ($($type:ident),+ $(,)?) => {$(
        impl $crate::json::Shape for $type {
            fn write(&self, out: &mut $crate::json::Out<'_>) {
                self.0.write(out);
            }

            fn read(
                input: &mut $crate::json::In<'_>,
            ) -> Result<Self, $crate::json::ReadError> {
                Ok($type($crate::json::Shape::read(input)?))
            }
        }
    )+};
}

/// Gives an enum its shape: a string for a variant without fields, an object with one key for the
/// others. Fields of tuple variants get names only to tell how many there are.
///
/// ```
/// #[derive(Debug, PartialEq)]
/// pub enum Sign { Stop, Speed(u8), From { city: String } }
/// defib_journal::shape_enum!(Sign { Stop, Speed(kmh), From { city } });
/// use defib_journal::json::{from_slice, to_vec};
/// assert_eq!(to_vec(&Sign::Stop), br#""Stop""#);
/// assert_eq!(to_vec(&Sign::Speed(30)), br#"{"Speed":30}"#);
/// assert_eq!(from_slice(br#"{"From":{"city":"Ulm"}}"#), Ok(Sign::From { city: "Ulm".into() }));
/// ```
#[macro_export]
macro_rules! shape_enum {
    ($type:ty { $(
        $variant:ident $(($($item:ident),+))? $({ $($field:ident),+ $(,)? })?
    ),+ $(,)? }) => {
        impl $crate::json::Shape for $type {
            fn write(&self, out: &mut $crate::json::Out<'_>) {
                match self {$(
                    Self::$variant $(($($item),+))? $({ $($field),+ })? => {
                        $crate::write_variant!(
                            out, $variant $(($($item),+))? $({ $($field),+ })?
                        );
                    }
                )+}
            }

            #[allow(unused_variables, reason = "an enum may lack one of the two kinds of variant")]
            fn read(
                input: &mut $crate::json::In<'_>,
            ) -> Result<Self, $crate::json::ReadError> {
                if input.peek()? == b'"' {
                    let name = input.string()?;
                    $($crate::read_plain_variant!(
                        name, Self::$variant $(($($item),+))? $({ $($field),+ })?
                    );)+
                    return Err(input.error($crate::json::Fault::Variant));
                }
                let mut outer = input.object()?;
                let name = outer.key(input)?.ok_or(input.error($crate::json::Fault::Variant))?;
                $($crate::read_full_variant!(
                    input, outer, name, Self::$variant $(($($item),+))? $({ $($field),+ })?
                );)+
                Err(input.error($crate::json::Fault::Variant))
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! write_fields {
    ($out:ident, $($field:ident),+) => {
        $out.open_object();
        $($crate::json::Shape::write_field($field, stringify!($field), $out);)+
        $out.close_object();
    };
}

/// Reads what is left of `object` into variables with the fields' names.
#[doc(hidden)]
#[macro_export]
macro_rules! read_fields {
    ($input:ident, $object:ident, $($field:ident),+) => {
        $(let mut $field = None;)+
        while let Some(name) = $object.key($input)? {
            match name.as_ref() {
                $(stringify!($field) => {
                    $crate::json::set_field(&mut $field, stringify!($field), $input)?;
                })+
                _ => $input.skip()?,
            }
        }
        $(let $field = $crate::json::take_field($field, stringify!($field), $input)?;)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! write_variant {
    ($out:ident, $variant:ident) => {
        $out.string(stringify!($variant));
    };
    ($out:ident, $variant:ident ($item:ident)) => {
        $out.open_object();
        $crate::json::Shape::write_field($item, stringify!($variant), $out);
        $out.close_object();
    };
    ($out:ident, $variant:ident ($first:ident, $($item:ident),+)) => {
        $out.open_object();
        $out.key(stringify!($variant));
        $out.open_array();
        $crate::json::Shape::write($first, $out);
        $($out.separate(); $crate::json::Shape::write($item, $out);)+
        $out.close_array();
        $out.close_object();
    };
    ($out:ident, $variant:ident { $($field:ident),+ }) => {
        $out.open_object();
        $out.key(stringify!($variant));
        $crate::write_fields!($out, $($field),+);
        $out.close_object();
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! read_plain_variant {
    ($name:ident, Self::$variant:ident) => {
        if $name == stringify!($variant) {
            return Ok(Self::$variant);
        }
    };
    ($name:ident, Self::$variant:ident ($($item:ident),+)) => {};
    ($name:ident, Self::$variant:ident { $($field:ident),+ }) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! read_full_variant {
    ($input:ident, $outer:ident, $name:ident, Self::$variant:ident) => {};
    ($input:ident, $outer:ident, $name:ident, Self::$variant:ident ($item:ident)) => {
        if $name == stringify!($variant) {
            let $item = $crate::json::Shape::read($input)?;
            $crate::close_variant!($input, $outer);
            return Ok(Self::$variant($item));
        }
    };
    ($input:ident, $outer:ident, $name:ident, Self::$variant:ident ($one:ident, $two:ident)) => {
        if $name == stringify!($variant) {
            let ($one, $two) = $crate::json::Shape::read($input)?;
            $crate::close_variant!($input, $outer);
            return Ok(Self::$variant($one, $two));
        }
    };
    ($input:ident, $outer:ident, $name:ident, Self::$variant:ident { $($field:ident),+ }) => {
        if $name == stringify!($variant) {
            let mut inner = $input.object()?;
            $crate::read_fields!($input, inner, $($field),+);
            $crate::close_variant!($input, $outer);
            return Ok(Self::$variant { $($field),+ });
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! close_variant {
    ($input:ident, $outer:ident) => {
        if $outer.key($input)?.is_some() {
            return Err($input.error($crate::json::Fault::Variant));
        }
    };
}
