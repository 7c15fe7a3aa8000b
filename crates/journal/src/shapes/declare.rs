//! The shape macros for types of our own tree: tests get a generator of values from the same
//! declaration, so a type that is added is a type that is tested.

macro_rules! typed_struct {
    ($($declaration:tt)+) => {
        $crate::shape_struct!($($declaration)+);
        #[cfg(test)]
        $crate::sample::sample_struct!($($declaration)+);
    };
}

macro_rules! typed_enum {
    ($($declaration:tt)+) => {
        $crate::shape_enum!($($declaration)+);
        #[cfg(test)]
        $crate::sample::sample_enum!($($declaration)+);
    };
}

macro_rules! typed_newtype {
    ($($declaration:tt)+) => {
        $crate::shape_newtype!($($declaration)+);
        #[cfg(test)]
        $crate::sample::sample_newtype!($($declaration)+);
    };
}

pub(crate) use {typed_enum, typed_newtype, typed_struct};
