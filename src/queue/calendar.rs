//! Entries filed under the window in which they fall due.
//!
//! The near future is a ring with one slot a window, so filing and taking cost a few
//! nanoseconds; what lies beyond the ring waits in an ordered map. Empty windows are passed over by
//! looking at the ring's occupancy bits: one word of them, and one that says which words have any.

use crate::base::saved::{Misfit, Reader, Value};
use std::collections::BTreeMap;

/// Slots in the ring: windows that can be reached without the map.
const SLOTS: u64 = 1024;
const WORDS: usize = (SLOTS / 64) as usize;
const _: () = assert!(WORDS == u16::BITS as usize);

/// Entries by window.
///
/// Invariants: every entry lies at or after `now`; ring slot `w % SLOTS` holds window `w` only for
/// `now <= w < now + SLOTS`; a bit of `occupied` is set exactly if its slot is not empty, and one of `words`
/// exactly if its word of `occupied` has any.
#[derive(Debug)]
pub struct Calendar<T> {
    now: u64,
    ring: Vec<Vec<T>>,
    occupied: [u64; WORDS],
    words: u16,
    later: BTreeMap<u64, Vec<T>>,
    /// Emptied vectors, kept for their memory. Slots share them: what a full window has once
    /// needed serves the next one, wherever in the ring it lies, and is still in the cache.
    spare: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Calendar<T> {
    fn default() -> Self {
        Calendar {
            now: 0,
            ring: (0..SLOTS).map(|_| Vec::new()).collect(),
            occupied: [0; WORDS],
            words: 0,
            later: BTreeMap::new(),
            spare: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Value> Value for Calendar<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.now.write(to);
        let near = (self.now..self.now + SLOTS).map(|w| (w, &self.ring[(w % SLOTS) as usize]));
        let later = self.later.iter().map(|(&window, entries)| (window, entries));
        let filed: Vec<_> = near.chain(later).filter(|(_, entries)| !entries.is_empty()).collect();
        filed.len().write(to);
        for (window, entries) in filed {
            window.write(to);
            entries.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        let mut calendar = Calendar { now: u64::read(from)?, ..Calendar::default() };
        for _ in 0..usize::read(from)? {
            let window = u64::read(from)?;
            if window < calendar.now {
                return Err(Misfit);
            }
            let entries: Vec<T> = Vec::read(from)?;
            entries.into_iter().for_each(|entry| calendar.file(window, entry));
        }
        Ok(calendar)
    }
}

impl<T> Calendar<T> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Files an entry under a window, which must not lie before the last one taken.
    #[inline]
    pub fn file(&mut self, window: u64, entry: T) {
        debug_assert!(window >= self.now, "an entry was filed under a window that is over");
        self.len += 1;
        if window - self.now < SLOTS {
            let slot = (window % SLOTS) as usize;
            let entries = &mut self.ring[slot];
            if entries.capacity() == 0
                && let Some(spare) = self.spare.pop()
            {
                *entries = spare;
            }
            entries.push(entry);
            self.occupy(slot);
        } else {
            let spare = &mut self.spare;
            self.later.entry(window).or_insert_with(|| spare.pop().unwrap_or_default()).push(entry);
        }
    }

    /// Moves to `window` and appends its entries to `due`, in the order in which they were
    /// filed. Windows that are passed over must be empty.
    pub fn take(&mut self, window: u64, due: &mut Vec<T>) {
        debug_assert!(self.next().is_none_or(|next| next >= window), "a window was passed over");
        self.now = window;
        // What lay beyond the ring when it was filed may be inside it now. It was filed before
        // anything that went to the ring directly, because the ring only ever moves forward.
        while let Some(entry) = self.later.first_entry() {
            if *entry.key() >= window + SLOTS {
                break;
            }
            let (later, mut entries) = entry.remove_entry();
            let slot = (later % SLOTS) as usize;
            self.occupy(slot);
            entries.append(&mut self.ring[slot]);
            std::mem::swap(&mut self.ring[slot], &mut entries);
            self.put_by(entries);
        }
        let slot = (window % SLOTS) as usize;
        let mut entries = std::mem::take(&mut self.ring[slot]);
        self.len -= entries.len();
        due.append(&mut entries);
        self.put_by(entries);
        let word = &mut self.occupied[slot / 64];
        *word &= !(1 << (slot % 64));
        if *word == 0 {
            self.words &= !(1 << (slot / 64));
        }
    }

    #[inline]
    fn occupy(&mut self, slot: usize) {
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.words |= 1 << (slot / 64);
    }

    /// Shows every entry, to be changed; when it is due stays as it is.
    pub fn each_mut(&mut self, mut visit: impl FnMut(&mut T)) {
        let near = self.ring.iter_mut().flatten();
        near.chain(self.later.values_mut().flatten()).for_each(&mut visit);
    }

    /// Keeps the memory of an emptied vector.
    fn put_by(&mut self, entries: Vec<T>) {
        if entries.capacity() > 0 {
            self.spare.push(entries);
        }
    }

    /// The earliest window that holds an entry.
    #[inline]
    pub fn next(&self) -> Option<u64> {
        if self.len == 0 {
            return None;
        }
        let here = (self.now % SLOTS) as usize;
        // The slots from here on in the same word; then whole words, at last this one again, of which only
        // slots behind us are left.
        let rest = self.occupied[here / 64] & u64::MAX << (here % 64);
        let word = if rest != 0 {
            here / 64
        } else if self.words != 0 {
            let after = (here / 64 + 1) % WORDS;
            (after + self.words.rotate_right(after as u32).trailing_zeros() as usize) % WORDS
        } else {
            return self.later.keys().next().copied();
        };
        let bits = if rest != 0 { rest } else { self.occupied[word] };
        let slot = (word * 64) as u64 + u64::from(bits.trailing_zeros());
        Some(self.now + (slot + SLOTS - self.now % SLOTS) % SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// Against an ordered map, with gaps that stay inside the ring and gaps that leave it.
    #[test]
    fn agrees_with_an_ordered_map() {
        let mut random = Stream::new(5, Purpose::Initial, 0, 0);
        let mut calendar = Calendar::default();
        let mut model: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut now = 0;
        for entry in 0..20_000u64 {
            let reach = [3, 900, 1023, 1024, 1025, 5000, 1_000_000][random.below(7) as usize];
            let window = now + random.below(reach + 1);
            calendar.file(window, entry);
            model.entry(window).or_default().push(entry);
            if random.below(3) == 0 {
                let next = calendar.next();
                assert_eq!(next, model.keys().next().copied());
                let window = next.expect("something was just filed");
                let mut due = Vec::new();
                calendar.take(window, &mut due);
                assert_eq!(due, model.remove(&window).unwrap(), "window {window}");
                now = window;
            }
            assert_eq!(calendar.len(), model.values().map(Vec::len).sum::<usize>());
        }
    }
}
