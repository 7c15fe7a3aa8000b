//! Random values of every type with a shape, for tests. A sample is made from bytes, so proptest
//! shrinks it by shrinking them.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use std::borrow::Cow;

/// Bytes that decide; zeros when they are used up.
pub(crate) struct Dice {
    bytes: std::vec::IntoIter<u8>,
}

impl Dice {
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.next().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    fn word(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << 63,
            3 => u64::from(self.byte()),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }
}

pub(crate) trait Sample: Sized {
    fn sample(dice: &mut Dice) -> Self;
}

/// Any value of the type.
pub(crate) fn samples<T: Sample + std::fmt::Debug>() -> impl Strategy<Value = T> {
    vec(any::<u8>(), 0..600).prop_map(|bytes| T::sample(&mut Dice { bytes: bytes.into_iter() }))
}

macro_rules! sample_integers {
    ($($type:ty),+) => {$(
        impl Sample for $type {
            fn sample(dice: &mut Dice) -> Self {
                dice.word() as $type
            }
        }
    )+};
}

sample_integers!(u8, u16, u32, u64, i16, i32, i64);

impl Sample for bool {
    fn sample(dice: &mut Dice) -> Self {
        dice.below(2) == 1
    }
}

impl Sample for String {
    fn sample(dice: &mut Dice) -> Self {
        const LETTERS: [char; 12] =
            ['a', 'Z', '"', '\\', '\n', '\0', '\u{1f}', '\u{7f}', 'é', '\u{2028}', '🚑', '/'];
        (0..dice.below(9)).map(|_| LETTERS[dice.below(LETTERS.len())]).collect()
    }
}

impl Sample for Cow<'_, str> {
    fn sample(dice: &mut Dice) -> Self {
        Cow::Owned(String::sample(dice))
    }
}

impl<T: Sample + Clone> Sample for Cow<'_, T> {
    fn sample(dice: &mut Dice) -> Self {
        Cow::Owned(T::sample(dice))
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(dice: &mut Dice) -> Self {
        (dice.below(3) > 0).then(|| T::sample(dice))
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(dice: &mut Dice) -> Self {
        Box::new(T::sample(dice))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::sample(dice)).collect()
    }
}

impl<T: Sample, const N: usize> Sample for [T; N] {
    fn sample(dice: &mut Dice) -> Self {
        std::array::from_fn(|_| T::sample(dice))
    }
}

impl<A: Sample, B: Sample> Sample for (A, B) {
    fn sample(dice: &mut Dice) -> Self {
        (A::sample(dice), B::sample(dice))
    }
}

macro_rules! sample_struct {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::sample::Sample for $type {
            fn sample(dice: &mut $crate::sample::Dice) -> Self {
                $(let $field = $crate::sample::Sample::sample(dice);)+
                Self { $($field),+ }
            }
        }
    };
}

macro_rules! sample_newtype {
    ($($type:ident),+ $(,)?) => {$(
        impl $crate::sample::Sample for $type {
            fn sample(dice: &mut $crate::sample::Dice) -> Self {
                $type($crate::sample::Sample::sample(dice))
            }
        }
    )+};
}

macro_rules! sample_enum {
    ($type:ty { $(
        $variant:ident $(($($item:ident),+))? $({ $($field:ident),+ $(,)? })?
    ),+ $(,)? }) => {
        impl $crate::sample::Sample for $type {
            fn sample(dice: &mut $crate::sample::Dice) -> Self {
                let mut turn = dice.below([$(stringify!($variant)),+].len());
                loop {
                    $(
                        if turn == 0 {
                            $($(let $item = $crate::sample::Sample::sample(dice);)+)?
                            $($(let $field = $crate::sample::Sample::sample(dice);)+)?
                            return Self::$variant $(($($item),+))? $({ $($field),+ })?;
                        }
                        turn -= 1;
                    )+
                }
            }
        }
    };
}

pub(crate) use {sample_enum, sample_newtype, sample_struct};
