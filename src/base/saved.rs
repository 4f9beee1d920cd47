//! The state of a run as bytes, and back.
//!
//! What a run has to remember is written piece by piece, in the order in which its owners list it, without
//! names: a checkpoint is read by the version of the program that wrote it, because a spike train is a
//! function of that version, too. Numbers are little-endian and of fixed width, doubles by their bits, so
//! what is read is what was written, NaNs and signs of zeros included.
//!
//! There are two kinds of things. A [`Value`] is nothing but what is written: it is made from bytes. What is
//! [`Saved`] also holds what follows from the scenario, such as constants, rows and laws; it is set up as at
//! the start of a run, and then what has changed since is read into it. One line beside a type says which
//! of its fields these are, `value!` and `saved!`.

use super::{NeuronId, Span, Tick};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use thiserror::Error;

/// The bytes are not those of such a thing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the saved state does not fit the network")]
pub struct Misfit;

/// Bytes that are being read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From the start.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// The next so many bytes.
    ///
    /// # Errors
    /// [`Misfit`] if there are fewer.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Misfit> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Misfit)?;
        self.0 = rest;
        Ok(taken)
    }

    /// All must have been read.
    ///
    /// # Errors
    /// [`Misfit`] if something is left.
    pub fn finish(self) -> Result<(), Misfit> {
        if self.0.is_empty() { Ok(()) } else { Err(Misfit) }
    }
}

/// What can be written as bytes and made from them.
pub trait Value: Sized {
    /// Appends it.
    fn write(&self, to: &mut Vec<u8>);

    /// Makes it from the bytes that come next.
    ///
    /// # Errors
    /// [`Misfit`] if they cannot be its.
    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit>;
}

/// What remembers something in the course of a run.
pub trait Saved {
    /// Appends what it remembers.
    fn save(&self, to: &mut Vec<u8>);

    /// Remembers, as it is set up at the start of a run, what it remembered when it was saved.
    ///
    /// # Errors
    /// [`Misfit`] if the bytes come from something that was set up otherwise.
    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit>;
}

impl<T: Value> Saved for T {
    fn save(&self, to: &mut Vec<u8>) {
        self.write(to);
    }

    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit> {
        *self = T::read(from)?;
        Ok(())
    }
}

/// Saves each of a list that is as long at the start of a run as at any time.
pub fn save_each<'a, T: Saved + 'a>(things: impl IntoIterator<Item = &'a T>, to: &mut Vec<u8>) {
    let things: Vec<&T> = things.into_iter().collect();
    things.len().write(to);
    things.iter().for_each(|thing| thing.save(to));
}

/// Restores each of such a list.
///
/// # Errors
/// [`Misfit`] if there were more or fewer, or one of them does not fit.
pub fn restore_each<'a, T: Saved + 'a>(
    things: impl IntoIterator<Item = &'a mut T>,
    from: &mut Reader<'_>,
) -> Result<(), Misfit> {
    let things: Vec<&mut T> = things.into_iter().collect();
    if usize::read(from)? != things.len() {
        return Err(Misfit);
    }
    things.into_iter().try_for_each(|thing| thing.restore(from))
}

/// Makes a box of something [`Saved`] whose type is not known as well.
macro_rules! boxed {
    ($type:ty) => {
        impl $crate::base::saved::Saved for Box<$type> {
            fn save(&self, to: &mut Vec<u8>) {
                (**self).save(to);
            }

            fn restore(
                &mut self,
                from: &mut $crate::base::saved::Reader<'_>,
            ) -> Result<(), $crate::base::saved::Misfit> {
                (**self).restore(from)
            }
        }
    };
}

/// Makes a struct a [`Value`]: all its fields, in this order.
///
/// Generic parameters go behind the type with their bounds: `value!(Pair<T> where [T: Value] { a, b })`.
macro_rules! value {
    ($type:ty $(where [$($generics:tt)*])? { $($field:ident),* $(,)? }) => {
        impl$(<$($generics)*>)? $crate::base::saved::Value for $type {
            #[allow(unused_variables, reason = "a struct may have no fields")]
            fn write(&self, to: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($crate::base::saved::Value::write($field, to);)*
            }

            #[allow(unused_variables, reason = "a struct may have no fields")]
            fn read(
                from: &mut $crate::base::saved::Reader<'_>,
            ) -> Result<Self, $crate::base::saved::Misfit> {
                Ok(Self { $($field: $crate::base::saved::Value::read(from)?),* })
            }
        }
    };
}

/// Makes a struct [`Saved`]: these of its fields change in the course of a run, the others follow from
/// the scenario or are empty between two rounds. Behind `each` stand lists (and options) of what is saved
/// itself and of which there are always as many, behind `flat` lists of such lists.
///
/// Generic parameters go behind the type with their bounds: `value!(Pair<T> where [T: Value] { a, b })`.
macro_rules! saved {
    (
        $type:ty $(where [$($generics:tt)*])? {
            $($field:ident),* $(; each $($list:ident),*)? $(; flat $($lists:ident),*)?
        }
    ) => {
        impl$(<$($generics)*>)? $crate::base::saved::Saved for $type {
            fn save(&self, to: &mut Vec<u8>) {
                $($crate::base::saved::Saved::save(&self.$field, to);)*
                $($($crate::base::saved::save_each(&self.$list, to);)*)?
                $($($crate::base::saved::save_each(self.$lists.iter().flatten(), to);)*)?
            }

            fn restore(
                &mut self,
                from: &mut $crate::base::saved::Reader<'_>,
            ) -> Result<(), $crate::base::saved::Misfit> {
                $($crate::base::saved::Saved::restore(&mut self.$field, from)?;)*
                $($($crate::base::saved::restore_each(&mut self.$list, from)?;)*)?
                $($($crate::base::saved::restore_each(self.$lists.iter_mut().flatten(), from)?;)*)?
                Ok(())
            }
        }
    };
}

pub(crate) use {boxed, saved, value};

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            #[inline]
            fn write(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
                let bytes = from.take(size_of::<$number>())?;
                Ok(<$number>::from_le_bytes(bytes.try_into().expect("so many were taken")))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, i64, i128, f32, f64);

impl Value for usize {
    #[inline]
    fn write(&self, to: &mut Vec<u8>) {
        (*self as u64).write(to);
    }

    #[inline]
    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        usize::try_from(u64::read(from)?).map_err(|_| Misfit)
    }
}

impl Value for bool {
    #[inline]
    fn write(&self, to: &mut Vec<u8>) {
        u8::from(*self).write(to);
    }

    #[inline]
    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Misfit),
        }
    }
}

macro_rules! wrapped {
    ($($type:ident($inner:ty)),*) => {$(
        impl Value for $type {
            #[inline]
            fn write(&self, to: &mut Vec<u8>) {
                self.0.write(to);
            }

            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
                Ok($type(<$inner>::read(from)?))
            }
        }
    )*};
}

wrapped!(Tick(u64), Span(u64), NeuronId(u32));

impl<T: Value> Value for Reverse<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.0.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(Reverse(T::read(from)?))
    }
}

macro_rules! tuples {
    ($(($($name:ident),*)),*) => {$(
        impl<$($name: Value),*> Value for ($($name,)*) {
            #[inline]
            #[allow(non_snake_case, unused_variables, reason = "one name for type and value")]
            fn write(&self, to: &mut Vec<u8>) {
                let ($($name,)*) = self;
                $($name.write(to);)*
            }

            #[inline]
            #[allow(unused_variables, reason = "there is a tuple of nothing")]
            fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
                Ok(($($name::read(from)?,)*))
            }
        }
    )*};
}

tuples!((), (A, B), (A, B, C), (A, B, C, D));

impl<T: Value> Value for Option<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

impl<T: Value> Value for Range<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.start.write(to);
        self.end.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(T::read(from)?..T::read(from)?)
    }
}

impl<T: Value, const N: usize> Value for [T; N] {
    fn write(&self, to: &mut Vec<u8>) {
        self.iter().for_each(|value| value.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        let mut values = Vec::with_capacity(N);
        for _ in 0..N {
            values.push(T::read(from)?);
        }
        values.try_into().map_err(|_| Misfit)
    }
}

fn write_all<'a, T: Value + 'a>(values: impl ExactSizeIterator<Item = &'a T>, to: &mut Vec<u8>) {
    values.len().write(to);
    to.reserve(values.len().saturating_mul(size_of::<T>()));
    values.for_each(|value| value.write(to));
}

impl<T: Value> Value for Vec<T> {
    fn write(&self, to: &mut Vec<u8>) {
        write_all(self.iter(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        let count = usize::read(from)?;
        // A wrong number must not ask for all the memory there is; what has a size takes a byte at least.
        if size_of::<T>() > 0 && count > from.0.len() {
            return Err(Misfit);
        }
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(T::read(from)?);
        }
        Ok(values)
    }
}

impl<T: Value> Value for Box<[T]> {
    fn write(&self, to: &mut Vec<u8>) {
        write_all(self.iter(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(Vec::read(from)?.into_boxed_slice())
    }
}

impl<T: Value + Ord> Value for BinaryHeap<T> {
    /// In order: how a heap lies in memory depends on its history.
    fn write(&self, to: &mut Vec<u8>) {
        let mut values: Vec<&T> = self.iter().collect();
        values.sort_unstable();
        write_all(values.into_iter(), to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(Vec::read(from)?.into())
    }
}

impl<K: Value + Ord, V: Value> Value for BTreeMap<K, V> {
    fn write(&self, to: &mut Vec<u8>) {
        self.len().write(to);
        for (key, value) in self {
            key.write(to);
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        let count = usize::read(from)?;
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let (key, value) = (K::read(from)?, V::read(from)?);
            if map.insert(key, value).is_some() {
                return Err(Misfit);
            }
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(value: &impl Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        bytes
    }

    /// What is read has the same bytes; each shorter piece is refused, and so is a longer one.
    fn comes_back<T: Value>(value: &T) -> T {
        let bytes = bytes_of(value);
        let mut reader = Reader::new(&bytes);
        let read = T::read(&mut reader).unwrap();
        reader.finish().unwrap();
        assert_eq!(bytes_of(&read), bytes);
        for length in 0..bytes.len() {
            assert!(T::read(&mut Reader::new(&bytes[..length])).is_err(), "{length}");
        }
        let longer = [bytes, vec![0]].concat();
        let mut reader = Reader::new(&longer);
        T::read(&mut reader).unwrap();
        assert_eq!(reader.finish(), Err(Misfit));
        read
    }

    #[derive(Debug, PartialEq)]
    struct Plain {
        at: Tick,
        list: Vec<(u8, Option<f32>)>,
    }
    value!(Plain { at, list });

    #[derive(Debug, PartialEq)]
    struct Pair<T> {
        first: T,
        rest: [T; 2],
    }
    value!(Pair<T> where [T: Value] { first, rest });

    #[derive(Debug, PartialEq)]
    struct Partly<'a> {
        name: &'a str,
        count: u64,
        plain: Plain,
    }
    saved!(Partly<'_> { count, plain });

    #[test]
    fn values_come_back_with_all_their_bits() {
        for bits in [0, 1 << 63, 0x7ff8_0000_0000_1234, 0xfff0_0000_0000_0000, 1] {
            assert_eq!(comes_back(&f64::from_bits(bits)).to_bits(), bits);
        }
        let plain = Plain { at: Tick(u64::MAX), list: vec![(3, None), (4, Some(-0.0))] };
        assert_eq!(comes_back(&plain), plain);
        let pair = Pair { first: Span(4), rest: [Span(5), Span(6)] };
        assert_eq!(comes_back(&pair), pair);
        let map = BTreeMap::from([((Tick(1), NeuronId(2)), -3i128), ((Tick(1), NeuronId(3)), 4)]);
        assert_eq!(comes_back(&map), map);
        let heap = BinaryHeap::from([Reverse((Tick(3), 1u32)), Reverse((Tick(2), 9))]);
        assert_eq!(comes_back(&heap).into_sorted_vec(), heap.into_sorted_vec());
        assert_eq!(comes_back(&(true, 3usize..7, vec![1.5f64])).1, 3..7);
        assert_eq!(comes_back(&vec![(), ()]).len(), 2);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(bool::read(&mut Reader::new(&[2])).is_err());
        let long = bytes_of(&(1u64 << 60));
        assert!(Vec::<u64>::read(&mut Reader::new(&long)).is_err());
        assert!(BTreeMap::<u64, u64>::read(&mut Reader::new(&long)).is_err());
        let twice = [bytes_of(&2u64), bytes_of(&7u8), bytes_of(&7u8)].concat();
        assert!(BTreeMap::<u8, ()>::read(&mut Reader::new(&twice)).is_err());
    }

    #[test]
    fn what_follows_from_the_scenario_stays() {
        let plain = |at| Plain { at: Tick(at), list: Vec::new() };
        let then = Partly { name: "then", count: 5, plain: plain(6) };
        let mut now = Partly { name: "now", count: 0, plain: plain(0) };
        let mut bytes = Vec::new();
        then.save(&mut bytes);
        now.restore(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(now, Partly { name: "now", ..then });
        let mut two = Vec::new();
        save_each([1u8, 2].iter(), &mut two);
        let mut list = [0u8; 2];
        restore_each(list.iter_mut(), &mut Reader::new(&two)).unwrap();
        assert_eq!(list, [1, 2]);
        assert!(restore_each([0u8].iter_mut(), &mut Reader::new(&two)).is_err());
    }
}
