//! Asking the memory for what is needed soon.
//!
//! Neurons and rows of a large network lie farther from the processor than a load can wait for. A
//! hint costs one instruction and changes no value: a program without it gives the same bytes. This
//! is the only room with `unsafe` in it. What it gains: `docs/performance.md`.

/// Hints that `list[place]` is going to be used; does nothing beyond the end.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(list: &[T], place: usize) {
    let Some(item) = list.get(place) else { return };
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of an item of a slice, and a prefetch neither reads nor writes
        // anything that a program can see. Every x86-64 processor has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}
