//! Where the tokens of a window begin.

use std::ops::Deref;

/// Places in order, in room that is written once and used again: to fill it anew for each window takes as long as to
/// find what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Places {
    room: Vec<u32>,
    count: usize,
}

impl Places {
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn push(&mut self, place: u32) {
        match self.room.get_mut(self.count) {
            Some(free) => *free = place,
            None => self.room.push(place),
        }
        self.count += 1;
    }

    /// All that has been written, which may be more than counts.
    pub(super) fn room(&self) -> &[u32] {
        &self.room
    }

    /// Room for as many places.
    pub(super) fn room_mut(&mut self, places: usize) -> &mut [u32] {
        if self.room.len() < places {
            self.grow(places);
        }
        &mut self.room
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, places: usize) {
        self.room.resize(places.next_power_of_two(), 0);
    }

    /// As many of what has been written count.
    pub(super) fn set(&mut self, count: usize) {
        self.count = count.min(self.room.len());
    }
}

impl Deref for Places {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.room[..self.count]
    }
}
