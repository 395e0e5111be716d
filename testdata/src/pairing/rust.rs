// SPDX-License-Identifier: MIT
//
// A crate whose names end in a hash, or have it in the middle, that depends on what is
// given as -C metadata. The new build gives other metadata.
//
//   edited    a constant changes in one function, `checked`
//   generic   ... in a generic one: both of its instances change
//   closure   ... in the second of two closures, which the legacy mangling gives one
//             name but for the hash
//   (none)    nothing but the metadata changes

#![no_std]
#![crate_type = "lib"]
#![allow(unexpected_cfgs, improper_ctypes)]

extern "C" {
    fn get(key: u32) -> u32;
    fn take(first: fn(u32) -> u32, second: fn(u32) -> u32) -> u32;
}

const FACTOR: u32 = if cfg!(edited) { 9 } else { 7 };
const SHIFT: u64 = if cfg!(generic) { 3 } else { 2 };
const BIAS: u32 = if cfg!(closure) { 33 } else { 22 };

/// Panics by an index out of bounds.
#[inline(never)]
pub fn indexed(table: &[u32], at: usize) -> u32 {
    table[at] + table[at / 2]
}

/// Panics with a message.
pub fn checked(key: u32) -> u32 {
    let value = unsafe { get(key) };
    assert!(value != 5, "five is not allowed");
    value * FACTOR
}

#[inline(never)]
fn sum<T: Copy + Into<u64>>(values: &[T]) -> u64 {
    let mut total = 0;
    for value in values {
        total = (total << SHIFT) ^ (*value).into();
    }
    total
}

pub fn sum_bytes(values: &[u8]) -> u64 {
    sum(values) + 1
}

pub fn sum_words(values: &[u32]) -> u64 {
    sum(values) + 2
}

/// Two closures that are functions of their own.
pub fn closures(key: u32) -> u32 {
    let first: fn(u32) -> u32 = |x| unsafe { get(x) } + 11;
    let second: fn(u32) -> u32 = |x| unsafe { get(x) } + BIAS;
    key + unsafe { take(first, second) }
}

pub trait Shape {
    fn area(&self) -> u32;
}

pub struct Square(pub u32);
pub struct Strip(pub u32, pub u32);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

impl Shape for Strip {
    fn area(&self) -> u32 {
        self.0 * self.1
    }
}

#[inline(never)]
pub fn shape(square: bool, side: &'static Square, strip: &'static Strip) -> &'static dyn Shape {
    if square {
        side
    } else {
        strip
    }
}

/// With two types of this crate, of which v0 mangling writes the second as a reference
/// to a position in the name: behind a hash, it depends on the hash's length.
#[inline(never)]
fn both<A: Shape, B: Shape>(first: &A, second: &B) -> u32 {
    first.area() + second.area() * 3
}

pub fn squares(first: &Square, second: &Square) -> u32 {
    both(first, second) + 1
}

pub fn mixed(first: &Square, second: &Strip) -> u32 {
    both(first, second) + 2
}
