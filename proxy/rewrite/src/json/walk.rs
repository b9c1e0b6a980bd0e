//! The second stage outside records: follows a window's tokens along the plan's automaton and decides at each value's
//! beginning.
//!
//! Before that decision the *region* of a child is pending: the comma and white space before it, and its name. It is
//! all that is held outside records, but for values that a mask needs and what the outlet holds.

mod aside;
mod child;
mod hold;
mod lines;
mod resume;

use crate::error::{EditError, EditErrorKind};
use crate::json::flush::{Learned, Room};
use crate::json::held::{Buffer, Held, Window};
use crate::json::region::Region;
use crate::json::trail::{START, TrailId};
use crate::json::unpack::Unpacker;
use crate::json::view::{end_before, kind_of, name_of};
use crate::judge::Judge;
use crate::limits::Options;
use crate::names::SeenNames;
use crate::outlet::{Emitted, Outlet};
use crate::place::{Mark, Place};
use crate::plan::Plan;
use crate::plan::automaton::Fate;
use crate::report::{DifferenceKind, Report, SetCount};
use crate::scan::RECORD_IN_STRING;
use crate::tree::Kind;

#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(crate) outlet: Outlet,
    pub(crate) learned: Box<Learned>,
    pub(crate) record_names: SeenNames,
    pub(crate) unpacker: Unpacker,
    pub(crate) record_place: Option<Place>,
    /// Records that wait for their verdicts, all of them children of the innermost frame.
    pub(crate) held: Vec<Held>,
    /// Buffers of those that do not lie in one window.
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) held_bytes: usize,
    /// How many records of each set had been judged before the batch at hand.
    pub(crate) counted_before: Vec<SetCount>,
    pub(crate) frames: Vec<Frame>,
    /// Whether the caller gets another answer, so that the rest is only read.
    pub(crate) ignoring: bool,
    mode: Mode,
    region: Region,
    /// A value that does not lie in one window, and what stands before it.
    caught: Caught,
    pub(crate) place: Option<Place>,
    names: SeenNames,
    /// The place of the child at hand.
    trail: TrailId,
    /// The line at hand, in a body of several documents.
    pub(crate) line: Line,
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
    pub(crate) trail: TrailId,
    /// The container's own place.
    pub(crate) place: Mark,
    /// Trails that passed when it was opened.
    passed: usize,
    /// The index of the next element.
    index: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Document,
    /// The lines of a body of several documents.
    Lines,
    Object,
    Array,
}

/// A line of a body of several documents.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// Whether something of it stays.
    pub(crate) stays: bool,
    /// Whether it is held, with what the window has of its end.
    held: bool,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Before a child, or before a member's value.
    Child,
    Name,
    Copy(Extent),
    Skip(Extent),
    Catch(Extent, Purpose),
    /// Behind the root.
    Behind,
    /// Behind a line's value, before the end of the line.
    LineEnd,
}

/// What ends a value that goes on behind the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Scalar,
    /// So many containers are open around it.
    Container(usize),
}

/// Why a value is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Record(u32),
    Mask(u32),
    /// It is looked into as a whole, and edited.
    Aside,
    /// It names the columns of a set's rows.
    Header(u32),
}

#[derive(Debug, Default)]
struct Caught {
    bytes: Vec<u8>,
    /// Where the value begins.
    value: usize,
    /// Bytes of the body before the buffer.
    offset: u64,
}

/// A value that begins.
#[derive(Clone, Copy)]
struct Beginning {
    token: usize,
    start: usize,
    kind: Kind,
    /// Where it ends and the token behind it, if it does so in the window.
    end: Option<(usize, usize)>,
}

impl Walk {
    pub(crate) fn new(plan: &Plan, options: Options, lines: bool) -> Walk {
        let sets = plan.sets.len();
        let document = Frame {
            kind: if lines { FrameKind::Lines } else { FrameKind::Document },
            emitted: Emitted::Nothing,
            opening: Vec::new(),
            trail: START,
            place: if options.trace { Place::new(true).mark() } else { Mark::default() },
            passed: 0,
            index: 0,
        };
        let mut learned = plan.learned.take().unwrap_or_else(|| Box::new(Learned::new(plan)));
        learned.judging.begin_rows(plan);
        let Room { held, mut frames, names, record_names, counted_before, mut finished } =
            std::mem::take(&mut learned.room);
        frames.push(document);
        finished.resize(sets, false);
        Walk {
            report: Report::new(sets),
            outlet: Outlet::new(plan.has_sole_set(), &options.limits),
            learned,
            record_names: record_names.again(options.limits.members),
            unpacker: Unpacker::new(&options.limits),
            record_place: options.trace.then(|| Place::new(true)),
            held,
            buffers: Vec::new(),
            held_bytes: 0,
            counted_before,
            frames,
            ignoring: false,
            mode: Mode::Child,
            region: Region { first: true, ..Region::default() },
            caught: Caught::default(),
            place: options.trace.then(|| Place::new(true)),
            names: names.again(options.limits.members),
            trail: START,
            line: Line::default(),
            finished,
            options,
        }
    }

    /// Takes a window from where the document begins in it.
    pub(crate) fn read(
        &mut self,
        plan: &Plan,
        (window, from): (Window<'_>, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        self.region.mark = from;
        let Some(mut token) = self.resume(plan, (window, from), judge)? else {
            return Ok(());
        };
        while token < window.index.tokens.len() && !self.ignoring {
            match self.step(plan, window, token, judge)? {
                Some(next) => token = next,
                None => return Ok(()),
            }
        }
        self.run_out(window)
    }

    /// Takes a token. None: it goes on behind the window.
    fn step(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        token: usize,
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        let start = window.index.tokens[token] as usize;
        let kind = self.frame().kind;
        match (kind, window.bytes[start]) {
            (FrameKind::Object, b'}') | (FrameKind::Array, b']') => {
                self.close(plan, window, start + 1, judge)?;
                Ok(Some(token + 1))
            }
            (FrameKind::Object, _) if !self.region.named => {
                self.region.begin_at_comma(window.bytes);
                self.region.child = self.region.length(start);
                let end = match window.index.tokens.get(token + 1) {
                    Some(&next) => end_before(window.bytes, next as usize),
                    None => window.index.tail as usize,
                };
                if end > window.end {
                    self.mode = Mode::Name;
                    self.run_out(window)?;
                    return Ok(None);
                }
                self.name(plan, window, end)?;
                Ok(Some(token + 1))
            }
            _ => self.value(plan, window, token, judge),
        }
    }

    /// A member's name has ended: it decides where its value leads.
    fn name(&mut self, plan: &Plan, window: Window<'_>, end: usize) -> Result<(), EditError> {
        self.region.named = true;
        self.region.name_end = self.region.length(end);
        let quoted = self.region.behind_lead(window.bytes, end);
        let offset = window.offset + end as u64 - quoted.len() as u64;
        let name = name_of(quoted);
        self.names.add(&name).map_err(|kind| EditError { offset, kind })?;
        if let Some(place) = &mut self.place {
            place.push_name(&name);
        }
        let frame = &self.frames[self.frames.len() - 1];
        let met = &mut Default::default();
        (self.trail, _) = self.learned.trails.member(&plan.outside, frame.trail, met, (&name, quoted));
        Ok(())
    }

    fn value(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        token: usize,
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        let start = window.index.tokens[token] as usize;
        let kind = kind_of(window.bytes[start]);
        let value = Beginning { token, start, kind, end: end_of(window, token, kind) };
        let innermost = self.frames.len() - 1;
        let frame = &mut self.frames[innermost];
        let around = frame.kind;
        if frame.kind != FrameKind::Object {
            self.region.begin_at_comma(window.bytes);
            self.region.child = self.region.length(start);
        }
        match frame.kind {
            FrameKind::Array | FrameKind::Lines => {
                let index = frame.index;
                frame.index += 1;
                self.trail = self.learned.trails.element(&plan.outside, frame.trail, index);
                if let Some(place) = &mut self.place {
                    place.push_index(index);
                }
            }
            FrameKind::Document => self.trail = START,
            FrameKind::Object => {}
        }
        let fate = match around {
            FrameKind::Lines => self.line_fate(window.bytes[start]),
            _ => self.learned.trails.get(self.trail).fate(window.bytes[start]),
        };
        if !matches!(fate, Fate::Record(_)) {
            self.flush(plan, window, judge)?;
        }
        if around == FrameKind::Lines {
            self.line = Line::default();
        }
        if let Some(set) = self.learned.trails.get(self.trail).header {
            return self.hold(plan, window, (value, Purpose::Header(set)), judge);
        }
        if kind == Kind::String && self.learned.trails.get(self.trail).unpacks {
            return self.hold(plan, window, (value, Purpose::Aside), judge);
        }
        match fate {
            Fate::Record(_)
                if kind == Kind::String
                    && plan.outside.node(self.learned.trails.get(self.trail).node).packed =>
            {
                Err(Walk::failed(window, start)(RECORD_IN_STRING))
            }
            Fate::Record(set) if plan.has_first_row(set) && self.frame().index == 1 => {
                self.flush(plan, window, judge)?;
                self.hold(plan, window, (value, Purpose::Header(set)), judge)
            }
            Fate::Record(set) => self.hold(plan, window, (value, Purpose::Record(set)), judge),
            Fate::Keep => {
                self.lead(window, start)?;
                self.pass(plan, window, value, judge)
            }
            Fate::Walk => {
                self.open(window, value)?;
                Ok(Some(token + 1))
            }
            Fate::Mask(number) => self.mask(plan, window, (value, number), judge),
            Fate::Recount(set) => {
                self.recount(window, value, set)?;
                self.skip(plan, window, value, judge)
            }
            Fate::Remove | Fate::Unlisted => {
                self.remove(window, value, fate)?;
                self.skip(plan, window, value, judge)
            }
        }
    }

    /// Brings what has been counted into the report.
    pub(crate) fn settle_counts(&mut self) {
        self.learned.trails.settle(&mut self.report);
    }

    /// Leaves what was learned to the next body. The walk is not used again.
    pub(crate) fn give_back(&mut self, plan: &Plan) {
        let mut learned = std::mem::replace(&mut self.learned, Box::new(Learned::empty()));
        learned.room = Room {
            held: std::mem::take(&mut self.held),
            frames: std::mem::take(&mut self.frames),
            names: std::mem::take(&mut self.names),
            record_names: std::mem::take(&mut self.record_names),
            counted_before: std::mem::take(&mut self.counted_before),
            finished: std::mem::take(&mut self.finished),
        };
        if learned.settle() {
            plan.learned.give(learned);
        }
    }

    /// The innermost container that is walked. The document's frame is never taken away.
    fn frame(&mut self) -> &mut Frame {
        let innermost = self.frames.len() - 1;
        &mut self.frames[innermost]
    }

    fn failed(window: Window<'_>, at: usize) -> impl Fn(EditErrorKind) -> EditError {
        let offset = window.offset + at as u64;
        move |kind| EditError { offset, kind }
    }

    pub(super) fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.as_ref().and_then(Place::concrete) {
            self.report.difference(path, kind);
        }
    }
}

/// Where a value ends and the token behind it, if it does so in the window.
fn end_of(window: Window<'_>, token: usize, kind: Kind) -> Option<(usize, usize)> {
    let tokens = &window.index.tokens;
    if matches!(kind, Kind::Object | Kind::Array) {
        let close = window.index.skips[token] as usize;
        return tokens.get(close).map(|&start| (start as usize + 1, close + 1));
    }
    let end = match tokens.get(token + 1) {
        Some(&next) => end_before(window.bytes, next as usize),
        None => window.index.tail as usize,
    };
    (end <= window.end).then_some((end, token + 1))
}
