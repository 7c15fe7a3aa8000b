//! One declaration of a layout, both directions.

/// Gives structs their layout: the fields in the order named.
macro_rules! wire_struct {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn put(&self, pen: &mut $crate::wire::Pen<'_>) {
                let Self { $($field),+ } = self;
                $($field.put(pen);)+
            }

            fn take(
                source: &mut $crate::wire::Source<'_>,
            ) -> Result<Self, $crate::malformed::Malformed> {
                $(let $field = $crate::wire::Wire::take(source)?;)+
                Ok(Self { $($field),+ })
            }
        }
    };
}

/// Gives a struct of one unnamed field the layout of that field.
macro_rules! wire_newtype {
    ($($type:ident),+) => {$(
        impl $crate::wire::Wire for $type {
            fn put(&self, pen: &mut $crate::wire::Pen<'_>) {
                self.0.put(pen);
            }

            fn take(
                source: &mut $crate::wire::Source<'_>,
            ) -> Result<Self, $crate::malformed::Malformed> {
                $crate::wire::Wire::take(source).map($type)
            }
        }
    )+};
}

/// Gives an enum its layout: a tag byte, then the fields. `name < 200` limits a string or bytes.
macro_rules! wire_enum {
    ($type:ty { $(
        $tag:literal = $variant:ident
        $(($($item:ident),+))?
        $({ $($field:ident $(< $limit:literal)?),+ $(,)? })?
    ),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn put(&self, pen: &mut $crate::wire::Pen<'_>) {
                match self {$(
                    Self::$variant $(($($item),+))? $({ $($field),+ })? => {
                        pen.put(&[$tag]);
                        $($($item.put(pen);)+)?
                        $($($crate::wire::put_field!(pen, $field $(, $limit)?);)+)?
                    }
                )+}
            }

            fn take(
                source: &mut $crate::wire::Source<'_>,
            ) -> Result<Self, $crate::malformed::Malformed> {
                match <u8 as $crate::wire::Wire>::take(source)? {
                    $($tag => {
                        $($(let $item = $crate::wire::Wire::take(source)?;)+)?
                        $($(
                            let $field = $crate::wire::take_field!(source $(, $limit)?);
                        )+)?
                        Ok(Self::$variant $(($($item),+))? $({ $($field),+ })?)
                    })+
                    _ => Err($crate::malformed::Malformed::Tag),
                }
            }
        }
    };
}

macro_rules! put_field {
    ($pen:ident, $field:ident) => {
        $field.put($pen)
    };
    ($pen:ident, $field:ident, $limit:literal) => {
        $crate::wire::Limited::put_limited($field, $pen, $limit)
    };
}

macro_rules! take_field {
    ($source:ident) => {
        $crate::wire::Wire::take($source)?
    };
    ($source:ident, $limit:literal) => {
        $crate::wire::Limited::take_limited($source, $limit)?
    };
}

pub(crate) use {put_field, take_field, wire_enum, wire_newtype, wire_struct};
