//! What is left of a record, as its edit notes it.

/// What is left of a record, in order.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    pub(crate) segments: Vec<Segment>,
    /// Text that was made for it.
    pub(crate) made: String,
    /// Values that the policy masks itself: its mask's number and the value's token.
    pub(crate) own: Vec<(u32, u32)>,
    /// The bytes kept last, which are no segment yet.
    pub(super) run: (u32, u32),
}

/// A part of what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Bytes of the record's buffer.
    Kept(u32, u32),
    /// Bytes of [`Remains::made`].
    Made(usize, usize),
    /// An entry of [`Remains::own`].
    Own(usize),
}

/// What there was of remains at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    segments: usize,
    made: usize,
    run: (u32, u32),
}

impl Remains {
    pub(super) fn mark(&self) -> Mark {
        Mark { segments: self.segments.len(), made: self.made.len(), run: self.run }
    }

    /// Forgets segments and made text that came since.
    pub(super) fn back(&mut self, mark: Mark) {
        self.segments.truncate(mark.segments);
        self.made.truncate(mark.made);
        self.run = mark.run;
    }

    /// Keeps bytes of the buffer. `run` are those kept last, which are no segment yet.
    #[inline(always)]
    pub(super) fn keep(&mut self, run: &mut (u32, u32), start: u32, end: u32) {
        if run.1 == start {
            run.1 = end;
        } else if start < end {
            self.begin_run(run, start, end);
        }
    }

    fn begin_run(&mut self, run: &mut (u32, u32), start: u32, end: u32) {
        if run.0 < run.1 {
            self.segments.push(Segment::Kept(run.0, run.1));
        }
        *run = (start, end);
    }

    /// Makes a segment of the bytes kept last.
    pub(crate) fn end_run(&mut self) {
        let (start, end) = std::mem::take(&mut self.run);
        if start < end {
            self.segments.push(Segment::Kept(start, end));
        }
    }

    /// Gives up memory that a large record needed.
    pub(crate) fn trim(&mut self) {
        self.clear();
        self.segments.shrink_to(256);
        self.made.shrink_to(4 << 10);
    }

    pub(crate) fn clear(&mut self) {
        self.run = (0, 0);
        self.segments.clear();
        self.made.clear();
        self.own.clear();
    }
}
