//! The walk outside records: follows the lexer along the plan's automaton and decides at each value's beginning.
//!
//! Before that decision the *region* of a child is pending: the comma and white space before it, and its name. It is
//! all that is held outside records, but for values that a mask needs and what the outlet holds.

mod child;

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind, Limit};
use crate::json::capture::Capture;
use crate::json::held::Held;
use crate::json::lexer::Event;
use crate::json::record::Remains;
use crate::json::region::Region;
use crate::json::tape::{Token, unescape};
use crate::judge::Judge;
use crate::judging::Judging;
use crate::limits::Options;
use crate::names::SeenNames;
use crate::outlet::{Emitted, Outlet};
use crate::place::{Mark, Place};
use crate::plan::Plan;
use crate::plan::automaton::{Fate, NodeId, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::tree::Kind;

#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) plan: Arc<Plan>,
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(crate) outlet: Outlet,
    pub(crate) judging: Judging<()>,
    /// Records that wait for their verdicts, all of them children of the innermost frame.
    pub(crate) held: Vec<Held>,
    pub(crate) held_bytes: usize,
    pub(crate) held_tokens: Vec<Token>,
    pub(crate) remains: Remains,
    pub(crate) record_place: Place,
    pub(crate) record_names: SeenNames,
    pub(crate) frames: Vec<Frame>,
    /// Whether the caller gets another answer, so that the rest is only lexed.
    pub(crate) ignoring: bool,
    mode: Mode,
    region: Region,
    capture: Capture,
    place: Place,
    names: SeenNames,
    scratch: String,
    /// Where the child at hand leads.
    node: NodeId,
    /// Of which sets no further record can come.
    finished: Vec<bool>,
}

/// A container that is walked, or the document around the root.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) emitted: Emitted,
    /// The white space behind the opening bracket, once the first child is not kept.
    pub(crate) opening: Vec<u8>,
    /// The container's own place.
    pub(crate) place: Mark,
    node: NodeId,
    /// The index of the next element.
    index: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Document,
    Object,
    Array,
}

/// What happens to the bytes at hand. `depth` is the number of containers open around the value.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Walk,
    Copy {
        depth: usize,
        from: usize,
    },
    Skip {
        depth: usize,
    },
    Capture {
        depth: usize,
        purpose: Purpose,
    },
    /// Behind the root.
    Behind {
        from: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Purpose {
    Record(u32),
    Mask(u32),
}

/// A chunk and the bytes of the body before it.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a Bytes,
    pub(crate) offset: u64,
}

/// A value that begins.
#[derive(Clone, Copy)]
struct Beginning {
    start: usize,
    kind: ValueKind,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    Object,
    Array,
    Scalar(Kind),
}

impl Walk {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Walk {
        let sets = plan.sets.len();
        let gated = plan.has_sole_set();
        let document = Frame {
            kind: FrameKind::Document,
            emitted: Emitted::Nothing,
            opening: Vec::new(),
            place: Place::new(options.trace).mark(),
            node: ROOT,
            index: 0,
        };
        Walk {
            report: Report::new(sets),
            outlet: Outlet::new(gated, options.limits.held),
            judging: Judging::new(sets),
            held: Vec::new(),
            held_bytes: 0,
            held_tokens: Vec::new(),
            remains: Remains::default(),
            record_place: Place::new(options.trace),
            record_names: SeenNames::new(options.limits.members),
            frames: vec![document],
            ignoring: false,
            mode: Mode::Walk,
            region: Region { first: true, ..Region::default() },
            capture: Capture::default(),
            place: Place::new(options.trace),
            names: SeenNames::new(options.limits.members),
            scratch: String::new(),
            node: ROOT,
            finished: vec![false; sets],
            plan,
            options,
        }
    }

    /// Says where in the first chunk the document begins.
    pub(crate) fn begin(&mut self, at: usize) {
        self.region.mark = at;
    }

    /// Takes an event that ends at `at`, with `depth` containers open behind it.
    pub(crate) fn event(
        &mut self,
        chunk: Chunk<'_>,
        event: Event,
        (at, depth): (usize, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        let ends = |around: usize| depth == around && matches!(event, Event::Close | Event::ScalarEnd { .. });
        match self.mode {
            Mode::Walk => self.walk(chunk, event, (at, depth), judge),
            Mode::Copy { depth, from } if ends(depth) => {
                self.keep(chunk, from, at)?;
                self.end_value(chunk, at, judge)
            }
            Mode::Skip { depth } if ends(depth) => self.end_value(chunk, at, judge),
            Mode::Capture { depth, purpose } => {
                self.capture.event(event, at)?;
                if ends(depth) {
                    self.end_capture(chunk, at, purpose, judge)?;
                    self.end_value(chunk, at, judge)?;
                }
                Ok(())
            }
            Mode::Copy { .. } | Mode::Skip { .. } | Mode::Behind { .. } => Ok(()),
        }
    }

    /// Stops before `at`, where the lexer refuses the body: what was kept up to there is, and a value that had become
    /// too long before is refused for that.
    pub(crate) fn stop(&mut self, chunk: Chunk<'_>, at: usize) -> Result<(), EditError> {
        match self.mode {
            Mode::Copy { from, .. } | Mode::Behind { from } if !self.ignoring => self.keep(chunk, from, at),
            Mode::Capture { .. } if !self.ignoring => self.capture.check(at),
            _ => Ok(()),
        }
    }

    /// Keeps what is needed of a chunk that ends.
    pub(crate) fn end_chunk(&mut self, chunk: Chunk<'_>) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        let end = chunk.bytes.len();
        match self.mode {
            Mode::Walk => {
                self.region.stash.extend_from_slice(&chunk.bytes[self.region.mark..]);
                self.region.mark = 0;
            }
            Mode::Copy { depth, from } => {
                self.keep(chunk, from, end)?;
                self.mode = Mode::Copy { depth, from: 0 };
            }
            Mode::Behind { from } => {
                self.keep(chunk, from, end)?;
                self.mode = Mode::Behind { from: 0 };
            }
            Mode::Capture { .. } => {
                self.capture.check(end)?;
                self.capture.end_chunk(chunk.bytes);
            }
            Mode::Skip { .. } => {}
        }
        Ok(())
    }

    /// The innermost container that is walked. The document's frame is never taken away.
    fn frame(&mut self) -> &mut Frame {
        let innermost = self.frames.len() - 1;
        &mut self.frames[innermost]
    }

    fn walk(
        &mut self,
        chunk: Chunk<'_>,
        event: Event,
        (at, depth): (usize, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let start = at - 1;
        match event {
            Event::NameStart => {
                self.region.child = self.region.length(start);
                Ok(())
            }
            Event::NameEnd { escaped } => self.name(chunk, at, escaped),
            Event::Open { object } => {
                let kind = if object { ValueKind::Object } else { ValueKind::Array };
                self.value(chunk, Beginning { start, kind, depth: depth - 1 }, judge)
            }
            Event::ScalarStart(scalar) => {
                let kind = ValueKind::Scalar(scalar);
                self.value(chunk, Beginning { start, kind, depth }, judge)
            }
            Event::Comma => {
                self.region.begin(start, false);
                Ok(())
            }
            Event::Close => self.close(chunk, at, judge),
            Event::ScalarEnd { .. } => Ok(()),
        }
    }

    /// A member's name has ended: it decides where its value leads.
    fn name(&mut self, chunk: Chunk<'_>, at: usize, escaped: bool) -> Result<(), EditError> {
        self.region.name_end = self.region.length(at);
        let quoted = self.region.behind_lead(chunk.bytes, at);
        let offset = chunk.offset + at as u64 - quoted.len() as u64;
        let failed = |kind| EditError { offset, kind };
        // The lexer has let nothing else through.
        let inner = simdutf8::basic::from_utf8(&quoted[1..quoted.len() - 1])
            .map_err(|_| failed(EditErrorKind::Malformed("not UTF-8")))?;
        let name = if escaped {
            self.scratch.clear();
            unescape(inner, &mut self.scratch);
            &self.scratch
        } else {
            inner
        };
        self.names.add(name).map_err(failed)?;
        self.place.push_name(name);
        let innermost = self.frames.len() - 1;
        self.node = self.plan.outside.member(self.frames[innermost].node, name);
        Ok(())
    }

    fn value(&mut self, chunk: Chunk<'_>, value: Beginning, judge: &mut dyn Judge) -> Result<(), EditError> {
        let plan = Arc::clone(&self.plan);
        if self.frame().kind != FrameKind::Object {
            self.region.child = self.region.length(value.start);
        }
        if self.frame().kind == FrameKind::Array {
            let frame = self.frame();
            let index = frame.index;
            frame.index += 1;
            self.node = plan.outside.element(frame.node, index);
            self.place.push_index(index);
        }
        let node = plan.outside.node(self.node);
        let fate = match value.kind {
            ValueKind::Object => node.object,
            ValueKind::Array => node.array,
            ValueKind::Scalar(Kind::Number) => node.number,
            ValueKind::Scalar(_) => node.scalar,
        };
        if !matches!(fate, Fate::Record(_)) {
            self.flush(judge)?;
        }
        match fate {
            Fate::Record(set) => {
                let limit = (self.options.limits.record, Limit::Record);
                self.begin_capture(chunk, value, Purpose::Record(set), limit);
                Ok(())
            }
            Fate::Keep => {
                self.lead(chunk, value.start)?;
                self.mode = Mode::Copy { depth: value.depth, from: value.start };
                Ok(())
            }
            Fate::Walk => self.open(chunk, value),
            Fate::Mask(number) => self.mask(chunk, value, plan.outside.mask(number), number),
            Fate::Recount(set) => self.recount(chunk, value, set),
            Fate::Remove => {
                self.report.removed.add(self.place.pattern());
                self.note(DifferenceKind::Removed);
                self.remove(chunk, value)
            }
            Fate::Unlisted => {
                self.report.unlisted.add(self.place.pattern());
                self.note(DifferenceKind::Unlisted);
                self.remove(chunk, value)
            }
        }
    }
}
