//! An allocator that counts, for each thread by itself.

#![allow(unsafe_code, reason = "an allocator cannot be counted without implementing one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes allocated at the moment, less those freed that another thread had allocated.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A moment to count from.
pub struct Count {
    live: isize,
    allocations: usize,
}

impl Count {
    /// Begins to count, the peak too.
    pub fn from_here() -> Count {
        PEAK.set(LIVE.get());
        Count::now()
    }

    /// Begins to count allocations.
    pub fn now() -> Count {
        Count { live: LIVE.get(), allocations: ALLOCATIONS.get() }
    }

    /// The most bytes that there were beside those at the beginning. The peak is that of the last [`Count::from_here`].
    pub fn peak_since(&self) -> usize {
        usize::try_from(PEAK.get() - self.live).unwrap_or(0)
    }

    pub fn allocations_since(&self) -> usize {
        ALLOCATIONS.get() - self.allocations
    }
}

fn grow(by: isize) {
    let live = LIVE.get() + by;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

fn size(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: everything is left to the system's allocator; beside it only counters change, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        grow(size(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        grow(-size(layout.size()));
        // SAFETY: the pointer came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        grow(size(new_size) - size(layout.size()));
        // SAFETY: the caller keeps the contract of `realloc`, and the pointer came from `alloc` above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
