//! Where the program's memory comes from: the system, which is asked for large pages.
//!
//! A large network's neurons, rows and synapses are read all over, and with pages of 4 KiB finding
//! an address costs as much as reading it. Where an allocation is large the kernel is told
//! that pages of 2 MiB are welcome, before the memory is touched for the first time. It may decline,
//! and on other systems nobody is asked; no value depends on it. Only the program
//! uses it: who uses the library chooses an allocator for himself. What it gains:
//! `docs/performance.md`.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Allocations of at least so many bytes hold whole large pages wherever they begin.
const LARGE: usize = 4 << 20;

/// The system's allocator, which asks for large pages. Without that it is its own safe twin.
#[derive(Clone, Copy, Debug)]
pub struct LargePages;

// SAFETY: every call goes to the system's allocator, and its answer back, unchanged; in between the
// kernel is given a hint about memory that this allocation owns.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc(layout) };
        ask_for_large_pages(memory, layout.size());
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.alloc_zeroed(layout) };
        ask_for_large_pages(memory, layout.size());
        memory
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        let memory = unsafe { System.realloc(memory, layout, size) };
        ask_for_large_pages(memory, size);
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(memory: *mut u8, size: usize) {
    const PAGE: usize = 4096;
    if size < LARGE || memory.is_null() {
        return;
    }
    let start = memory.align_offset(PAGE);
    let length = (size - start) / PAGE * PAGE;
    // SAFETY: the range lies within memory that has just been allocated, and this advice changes
    // no byte of it. A refusal is of no consequence.
    unsafe { libc::madvise(memory.add(start).cast(), length, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: *mut u8, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory of so many bytes, which is zero, gets a pattern, is moved to another size, and is read.
    fn bytes(allocator: &impl GlobalAlloc, size: usize, align: usize, new_size: usize) -> Vec<u8> {
        let layout = Layout::from_size_align(size, align).expect("a sound layout");
        let new_layout = Layout::from_size_align(new_size, align).expect("a sound layout");
        let aligned = |memory: *mut u8| !memory.is_null() && memory.addr().is_multiple_of(align);
        // SAFETY: sizes are not zero, and every pointer is used with the layout that it has, within its
        // size, where it has been written.
        unsafe {
            let memory = allocator.alloc_zeroed(layout);
            assert!(aligned(memory), "{size} bytes");
            let whole = std::slice::from_raw_parts_mut(memory, size);
            assert!(whole.iter().all(|&byte| byte == 0), "{size} bytes are not zero");
            for (place, byte) in whole.iter_mut().enumerate() {
                *byte = (place % 251) as u8;
            }
            let memory = allocator.realloc(memory, layout, new_size);
            assert!(aligned(memory), "{new_size} bytes");
            let kept = std::slice::from_raw_parts(memory, size.min(new_size)).to_vec();
            allocator.dealloc(memory, new_layout);
            let memory = allocator.alloc(layout);
            assert!(aligned(memory), "{size} bytes");
            allocator.dealloc(memory, layout);
            kept
        }
    }

    /// Below, at and above the size from which on large pages are asked for, and out of step with pages.
    #[test]
    fn it_gives_what_the_system_gives() {
        for size in [1, LARGE - 1, LARGE, LARGE + 4097] {
            for new_size in [1, LARGE - 1, LARGE, 3 * LARGE + 5] {
                for align in [1, 64, 4096] {
                    let ours = bytes(&LargePages, size, align, new_size);
                    assert!(ours == bytes(&System, size, align, new_size), "{size}, {new_size}");
                }
            }
        }
    }
}
