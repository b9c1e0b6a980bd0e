//! Holds values: records until they are judged, and values that a mask needs.

use crate::error::EditError;
use crate::json::held::{Buffer, Held, Window};
use crate::json::index::{Index, Indexer, OPEN};
use crate::json::view::comma_before;
use crate::json::walk::{Beginning, Extent, FrameKind, Mode, Purpose, Walk};
use crate::judge::Judge;
use crate::number;
use crate::plan::Plan;
use crate::plan::automaton::Fate;
use crate::tree::Kind;

impl Walk {
    /// Holds a value that begins. None: it goes on behind the window.
    pub(super) fn hold(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        (value, purpose): (Beginning, Purpose),
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        let Some((end, next)) = value.end else {
            self.catch(window, value.start);
            self.mode = Mode::Catch(self.extent(value.kind), purpose);
            self.run_out(window)?;
            return Ok(None);
        };
        let offset = |at: usize| window.offset + at as u64;
        self.check_length((offset(value.start), offset(end)), purpose)?;
        match purpose {
            Purpose::Record(set) if self.region.stash.is_empty() => {
                let held = self.held(set, (0, self.region.mark), value.token);
                self.add(Held { behind: self.behind(window, end), ..held }, end - value.start);
            }
            Purpose::Aside | Purpose::Header(_) if self.region.stash.is_empty() => {
                let held = self.held(0, (0, self.region.mark), value.token);
                let buffer = (window.bytes, window.view(), window.offset);
                self.write_aside(plan, (&held, purpose), buffer, judge)?;
            }
            Purpose::Record(_) | Purpose::Aside | Purpose::Header(_) => {
                self.catch(window, value.start);
                let behind = self.behind(window, end);
                self.caught.push(&window.bytes[self.region.mark..behind]);
                self.release(plan, purpose, judge)?;
            }
            Purpose::Mask(mask) => {
                let view = window.view();
                self.write_mask(
                    (plan, mask),
                    (view, number(value.token)),
                    (window.bytes, window.offset),
                    judge,
                )?;
            }
        }
        self.end_value(plan, window, end, judge)?;
        if self.held.is_empty() {
            return Ok(Some(next));
        }
        self.hold_more(plan, window, (next, end), judge).map(Some)
    }

    /// Holds the records of an array that follow one that is held, as long as they are of the same set and lie in the
    /// window. Gives the token behind them.
    fn hold_more(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        (mut token, mut end): (usize, usize),
        judge: &mut dyn Judge,
    ) -> Result<usize, EditError> {
        let innermost = self.frames.len() - 1;
        let frame = &mut self.frames[innermost];
        let trail = self.learned.trails.get(self.trail);
        let limit = self.options.limits.record;
        let uniform = frame.kind == FrameKind::Array && self.learned.trails.get(frame.trail).is_uniform();
        if !uniform || trail.finishes || self.place.is_some() {
            return Ok(token);
        }
        let Window { bytes, index, .. } = window;
        while self.held.len() < self.options.limits.batch_records
            && self.held_bytes < self.options.limits.batch_bytes
            && let Some(&start) = index.tokens.get(token)
            && bytes[start as usize] == b'{'
            && let Fate::Record(set) = trail.fate(b'{')
            && let Some(&close) = index.tokens.get(index.skips[token] as usize)
        {
            let (start, close) = (start as usize, close as usize + 1);
            if close - start > limit {
                break;
            }
            let comma = comma_before(bytes, start);
            self.held.push(Held {
                set,
                trail: self.trail,
                buffer: 0,
                root: number(token),
                start: comma,
                child: start,
                name_end: comma,
                behind: close,
                first: false,
                index: frame.index,
            });
            self.held_bytes += close - start;
            frame.index += 1;
            token = index.skips[token] as usize + 1;
            end = close;
        }
        self.region.begin(end, false);
        if self.held.len() >= self.options.limits.batch_records
            || self.held_bytes >= self.options.limits.batch_bytes
        {
            self.flush(plan, window, judge)?;
        }
        Ok(token)
    }

    /// Goes on with a value that is complete, in a buffer of its own.
    pub(super) fn release(
        &mut self,
        plan: &Plan,
        purpose: Purpose,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let buffer = self.take_caught()?;
        match purpose {
            Purpose::Record(set) => {
                let length = buffer.bytes.len() - buffer.view().position(0);
                self.buffers.push(buffer);
                let behind = self.buffers[self.buffers.len() - 1].bytes.len();
                let held = self.held(set, (self.buffers.len(), 0), 0);
                self.add(Held { behind, ..held }, length);
                Ok(())
            }
            Purpose::Mask(mask) => {
                self.write_mask((plan, mask), (buffer.view(), 0), (&buffer.bytes, buffer.offset), judge)
            }
            Purpose::Aside | Purpose::Header(_) => {
                let held = self.held(0, (1, 0), 0);
                let buffer = (&buffer.bytes, buffer.view(), buffer.offset);
                self.write_aside(plan, (&held, purpose), buffer, judge)
            }
        }
    }

    /// What ends a value of this kind.
    pub(super) fn extent(&self, kind: Kind) -> Extent {
        match kind {
            // The outermost frame is no container.
            Kind::Object | Kind::Array => Extent::Container(self.frames.len() - 1),
            _ => Extent::Scalar,
        }
    }

    /// The bytes that were held, with their tokens.
    fn take_caught(&mut self) -> Result<Buffer, EditError> {
        let (value, offset) = (self.caught.value, self.caught.offset);
        let bytes = bytes::Bytes::from(std::mem::take(&mut self.caught.bytes));
        let mut index = Index::default();
        let read = Indexer::new(&self.options.limits).read(&bytes, value, &mut index);
        // The same bytes have been read before, in windows.
        read.map_err(|(at, kind)| EditError { offset: offset + at as u64, kind })?;
        if index.tail == OPEN {
            index.tail = number(bytes.len());
        }
        Ok(Buffer { bytes, index, offset })
    }

    fn add(&mut self, held: Held, length: usize) {
        self.line.held = self.is_line();
        self.held_bytes += length;
        self.held.push(held);
    }

    /// A record in a buffer, in which what stands before it begins at `start`.
    fn held(&self, set: u32, (buffer, start): (usize, usize), token: usize) -> Held {
        let frame = &self.frames[self.frames.len() - 1];
        let name_end = if frame.kind == FrameKind::Object { self.region.name_end } else { 0 };
        Held {
            set,
            trail: self.trail,
            buffer,
            root: number(token),
            start,
            child: start + self.region.child,
            name_end: start + name_end,
            behind: 0,
            first: self.region.first,
            index: frame.index.saturating_sub(1),
        }
    }
}
