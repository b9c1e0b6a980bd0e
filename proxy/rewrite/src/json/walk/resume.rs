//! What goes on from one window to the next.

use crate::error::{EditError, EditErrorKind, Limit};
use crate::json::held::Window;
use crate::json::index::OPEN;
use crate::json::walk::{Caught, Extent, Mode, Purpose, Walk};
use crate::judge::Judge;
use crate::plan::Plan;

/// Room that is made for held bytes at the least.
const ROOM: usize = 4 << 10;

impl Walk {
    /// Goes on with what was under way. None: it is so at the window's end too.
    pub(super) fn resume(
        &mut self,
        plan: &Plan,
        (window, from): (Window<'_>, usize),
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        let ended = match self.mode {
            Mode::Child => return Ok(Some(0)),
            Mode::LineEnd => {
                self.line.held = false;
                self.end_line(window, from)?;
                return Ok((self.mode == Mode::Child).then_some(0));
            }
            Mode::Behind => None,
            Mode::Name => end_of(window, Extent::Scalar),
            Mode::Copy(extent) | Mode::Skip(extent) | Mode::Catch(extent, _) => end_of(window, extent),
        };
        let Some((end, next)) = ended else {
            self.run_out(window)?;
            return Ok(None);
        };
        match self.mode {
            Mode::Name => {
                self.mode = Mode::Child;
                self.name(plan, window, end)?;
                return Ok(Some(next));
            }
            Mode::Copy(_) => self.keep(window, from, end)?,
            Mode::Catch(_, purpose) => {
                self.check_caught(window, end, purpose)?;
                let behind = self.behind(window, end);
                self.caught.push(&window.bytes[from..behind]);
                self.release(plan, purpose, judge)?;
            }
            Mode::Child | Mode::Skip(_) | Mode::Behind | Mode::LineEnd => {}
        }
        self.mode = Mode::Child;
        self.end_value(plan, window, end, judge)?;
        Ok(Some(next))
    }

    /// Takes what is needed of a window that ends within something, or before the byte that is refused.
    pub(super) fn run_out(&mut self, window: Window<'_>) -> Result<(), EditError> {
        let end = window.end;
        let from = self.region.mark;
        match self.mode {
            Mode::Child | Mode::Name => self.region.stash.extend_from_slice(&window.bytes[from..end]),
            Mode::Copy(_) | Mode::Behind => self.keep(window, from, end)?,
            Mode::Catch(_, purpose) => {
                self.check_caught(window, end, purpose)?;
                self.caught.push(&window.bytes[from..end]);
            }
            Mode::Skip(_) | Mode::LineEnd => {}
        }
        self.region.mark = end;
        Ok(())
    }

    /// Begins to hold a value that goes on behind the window, or whose region began before it.
    pub(super) fn catch(&mut self, window: Window<'_>, start: usize) {
        let before = std::mem::take(&mut self.region.stash);
        let from = self.region.mark;
        self.caught.value = before.len() + (start - from);
        self.caught.offset = window.offset + from as u64 - before.len() as u64;
        self.caught.bytes = before;
    }

    /// Refuses a held value that has become too long by `at`.
    pub(super) fn check_caught(
        &self,
        window: Window<'_>,
        at: usize,
        purpose: Purpose,
    ) -> Result<(), EditError> {
        let begun = self.caught.offset + self.caught.value as u64;
        self.check_length((begun, window.offset + at as u64), purpose)
    }

    /// Refuses a value that is too long to be held, by the offsets of its beginning and end.
    pub(super) fn check_length(&self, (start, end): (u64, u64), purpose: Purpose) -> Result<(), EditError> {
        let (length, limit) = match purpose {
            Purpose::Record(_) => (self.options.limits.record as u64, Limit::Record),
            Purpose::Mask(_) | Purpose::Aside | Purpose::Header(_) => {
                (self.options.limits.held as u64, Limit::Held)
            }
        };
        if end - start > length {
            return Err(EditError { offset: start + length, kind: EditErrorKind::Limit(limit) });
        }
        Ok(())
    }
}

impl Caught {
    /// Appends bytes. Room is made as it is needed, for a record may be nearly as long as all that may be held.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.bytes.reserve_exact(bytes.len().max(ROOM));
        }
        self.bytes.extend_from_slice(bytes);
    }
}

/// Where a value ends that was under way when the window began, and the token behind it.
fn end_of(window: Window<'_>, extent: Extent) -> Option<(usize, usize)> {
    match extent {
        Extent::Scalar => (window.index.head != OPEN).then_some((window.index.head as usize, 0)),
        Extent::Container(around) => {
            let close = *window.index.closes.get(window.depth - around - 1)? as usize;
            Some((window.index.tokens[close] as usize + 1, close + 1))
        }
    }
}
