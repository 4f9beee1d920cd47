//! What the memory is told: what is needed soon, and where large pages are welcome.
//!
//! The only room with `unsafe` in it; a lint keeps it out of all others, and `tests/suite/tidy.rs` looks
//! for it. Nothing in here changes a value, so that each block has a twin without it that must
//! give the same bytes, and a test that holds one against the other:
//!
//! | block | reason | bench | safe twin |
//! |---|---|---|---|
//! | [`prefetch::prefetch`] | no safe function of std gives the hint | `benches/memory.rs`, first group | a hint that is not given |
//! | [`pages::LargePages`] | an allocator is unsafe by its trait, and so is the system call | `benches/memory.rs`, second group | the system's allocator, [`std::alloc::System`] |
//!
//! The room imports nothing.

pub mod pages;
pub mod prefetch;
