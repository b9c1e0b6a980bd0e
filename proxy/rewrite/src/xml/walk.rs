//! The walk outside records: follows the lexer along the plan's automaton and decides at each element what becomes of
//! it: at its start tag, or where that depends on whether it is a scalar, once another element begins in it or it ends.

mod child;
mod opening;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::judge::Judge;
use crate::judging::Judging;
use crate::limits::Options;
use crate::names::SeenNames;
use crate::outlet::{Emitted, Outlet};
use crate::place::{Mark, Place};
use crate::plan::Plan;
use crate::plan::automaton::{Fate, NodeId, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::xml::capture::Capture;
use crate::xml::edit::{COMMENT, INSTRUCTION};
use crate::xml::held::Held;
use crate::xml::keys::Memo;
use crate::xml::lexer::{Event, Lexeme, Lexer, Text};
use crate::xml::region::Region;
use crate::xml::remains::Remains;
use crate::xml::tape::{TEXT, Tape, Token};
use crate::xml::text::blank_end;
use crate::xml::turns::Turns;

#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) plan: Arc<Plan>,
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(crate) outlet: Outlet,
    pub(crate) judging: Judging<Memo>,
    /// Records that wait for their verdicts, all of them in the innermost frame.
    pub(crate) held: Vec<Held>,
    pub(crate) held_bytes: usize,
    pub(crate) held_tokens: Vec<Token>,
    pub(crate) remains: Remains,
    pub(crate) record_place: Place,
    pub(crate) seen: SeenNames,
    pub(crate) turns: Turns,
    pub(crate) frames: Vec<Frame>,
    /// Whether the caller gets another answer, so that the rest is only lexed.
    pub(crate) ignoring: bool,
    mode: Mode,
    region: Region,
    capture: Capture,
    /// Of the element that is held or not decided yet.
    tape: Tape,
    pub(crate) place: Place,
    /// What has been met since the last tag of an element that is walked.
    gap: Gap,
    /// Where the element at hand leads.
    node: NodeId,
    /// Its index among those of its name, where differences are traced.
    index: u64,
    /// The sets of which there can be one record only and which have had one.
    met: Vec<bool>,
}

/// An element that is walked, or the document around the root.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) emitted: Emitted,
    /// The element's own place.
    pub(crate) place: Mark,
    node: NodeId,
    /// How often a name was met, where differences are traced.
    counts: HashMap<Box<str>, u64>,
}

#[derive(Debug, Default)]
struct Gap {
    text: bool,
    comments: u64,
    instructions: u64,
}

/// What happens to what is at hand. `depth` is the number of elements open around the element.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Walk,
    /// It is not decided yet what becomes of an element.
    Opening {
        depth: usize,
    },
    Copy {
        depth: usize,
        from: usize,
    },
    Skip {
        depth: usize,
    },
    /// The element's mask has been written.
    Mask {
        depth: usize,
    },
    Capture {
        depth: usize,
        purpose: Purpose,
    },
}

#[derive(Clone, Copy, Debug)]
enum Purpose {
    Record(u32),
    /// It is edited as a whole.
    Edit,
}

/// A chunk, its text, and the bytes of the body before it.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a Bytes,
    pub(crate) text: &'a str,
    pub(crate) offset: u64,
}

impl Chunk<'_> {
    /// An error at a position.
    fn fails(self, at: usize) -> impl FnOnce(EditErrorKind) -> EditError {
        let offset = self.offset + at as u64;
        move |kind| EditError { offset, kind }
    }
}

impl Walk {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Walk {
        let sets = plan.sets.len();
        let whole = plan.outside.node(ROOT).object == Fate::Keep;
        let document = Frame {
            emitted: Emitted::Nothing,
            place: Place::new(options.trace).mark(),
            node: ROOT,
            counts: HashMap::new(),
        };
        Walk {
            report: Report { is_markup: true, ..Report::new(sets) },
            outlet: Outlet::new(plan.has_sole_set(), &options.limits),
            judging: Judging::new(sets),
            held: Vec::new(),
            held_bytes: 0,
            held_tokens: Vec::new(),
            remains: Remains::default(),
            record_place: Place::new(options.trace),
            seen: SeenNames::new(options.limits.members),
            turns: Turns::default(),
            frames: vec![document],
            ignoring: false,
            // The document has no end tag: it is never left.
            mode: if whole { Mode::Copy { depth: usize::MAX, from: 0 } } else { Mode::Walk },
            region: Region::default(),
            capture: Capture::default(),
            tape: Tape::default(),
            place: Place::new(options.trace),
            gap: Gap::default(),
            node: ROOT,
            index: 0,
            met: vec![false; sets],
            plan,
            options,
        }
    }

    /// Whether elements of nothing but text may come as one event.
    pub(crate) fn takes_leaves(&self) -> bool {
        self.ignoring || !matches!(self.mode, Mode::Walk | Mode::Opening { .. })
    }

    /// Takes what the lexer found.
    pub(crate) fn event(
        &mut self,
        chunk: Chunk<'_>,
        lexer: &Lexer,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        let Lexeme { event, start, end, .. } = lexer.lexeme;
        let closes = matches!(event, Event::End | Event::Empty);
        let ends = |around: usize| closes && lexer.depth() == around;
        match self.mode {
            Mode::Capture { depth, purpose } => {
                self.record(lexer)?;
                if ends(depth) {
                    self.end_capture(chunk, end, purpose, judge)?;
                    return self.end_child(chunk, end, judge);
                }
                Ok(())
            }
            Mode::Walk => self.walk(chunk, lexer, judge),
            Mode::Opening { depth } => self.opening(chunk, (lexer, depth), judge),
            Mode::Copy { from, .. } if event == Event::Instruction => {
                self.keep(chunk, from, start)?;
                self.left_out(INSTRUCTION);
                self.copy_on(end);
                Ok(())
            }
            Mode::Copy { depth, from } if ends(depth) => {
                self.keep(chunk, from, end)?;
                self.end_child(chunk, end, judge)
            }
            Mode::Skip { depth } if ends(depth) => self.end_child(chunk, end, judge),
            Mode::Mask { depth } if ends(depth) => {
                self.keep(chunk, start, end)?;
                self.end_child(chunk, end, judge)
            }
            Mode::Copy { .. } | Mode::Skip { .. } | Mode::Mask { .. } => Ok(()),
        }
    }

    /// Refuses what had become too long before `at`, where the lexer refuses the body.
    pub(crate) fn stop(&self, at: usize) -> Result<(), EditError> {
        match self.mode {
            Mode::Capture { .. } if !self.ignoring => self.capture.check(at),
            _ => Ok(()),
        }
    }

    /// Keeps what is needed of a chunk of which all before `settled` has been looked at.
    pub(crate) fn end_chunk(&mut self, chunk: Chunk<'_>, settled: usize) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        match self.mode {
            Mode::Walk | Mode::Opening { .. } => self.region.end_chunk(chunk.bytes, settled),
            Mode::Copy { from, .. } => {
                self.keep(chunk, from, settled)?;
                self.copy_on(0);
            }
            Mode::Capture { .. } => {
                self.capture.check(settled)?;
                self.capture.end_chunk(chunk.bytes, settled);
            }
            Mode::Skip { .. } | Mode::Mask { .. } => {}
        }
        Ok(())
    }

    /// The document has ended: what stands behind the root goes out.
    pub(crate) fn finish(&mut self, chunk: Chunk<'_>) -> Result<(), EditError> {
        self.note_gap();
        let rest = self.region.take(chunk.bytes, 0);
        let kept = self.outlet.keep(&rest.bytes, rest.start, rest.end, &mut self.report);
        kept.map_err(chunk.fails(0))
    }

    /// The innermost element that is walked. The document's frame is never taken away.
    fn frame(&mut self) -> &mut Frame {
        let innermost = self.frames.len() - 1;
        &mut self.frames[innermost]
    }

    fn is_document(&self) -> bool {
        self.frames.len() == 1
    }

    fn copy_on(&mut self, at: usize) {
        if let Mode::Copy { from, .. } = &mut self.mode {
            *from = at;
        }
    }

    /// Takes what stands in an element that is held.
    #[inline]
    fn record(&mut self, lexer: &Lexer) -> Result<(), EditError> {
        let lexeme = &lexer.lexeme;
        self.capture.check(lexeme.end)?;
        let start = self.capture.position(lexeme.start);
        let place = |at: usize| start + (at - lexeme.start);
        let end = place(lexeme.end);
        match lexeme.event {
            Event::Leaf => {
                self.tape.leaf((start, place(lexeme.name_end)), (place(lexeme.inner_end), end));
            }
            Event::Start | Event::Empty => {
                let empty = lexeme.event == Event::Empty;
                self.tape.start((start, place(lexeme.name_end), end), empty, &lexer.attributes);
            }
            Event::End => self.tape.end(start, end),
            Event::Text(text) => self.tape.text(text),
            Event::Comment => self.tape.note(false),
            Event::Instruction | Event::Declaration => self.tape.note(true),
        }
        Ok(())
    }

    /// Takes what stands in an element that is walked, between the elements in it.
    fn walk(&mut self, chunk: Chunk<'_>, lexer: &Lexer, judge: &mut dyn Judge) -> Result<(), EditError> {
        let Lexeme { event, start, end, .. } = lexer.lexeme;
        match event {
            Event::Declaration => {
                self.region.begin(end);
                self.keep(chunk, start, end)
            }
            Event::Text(Text::Blank) => Ok(()),
            Event::Text(text) => {
                self.flush(judge)?;
                self.gap.text = true;
                let blank = if text == Text::Data { end } else { blank_end(&chunk.bytes[..end]).max(start) };
                self.region.begin(blank);
                Ok(())
            }
            Event::Comment => {
                self.flush(judge)?;
                self.gap.comments += 1;
                self.region.begin(end);
                Ok(())
            }
            Event::Instruction => {
                self.flush(judge)?;
                self.gap.instructions += 1;
                self.region.begin(end);
                Ok(())
            }
            Event::Start | Event::Empty => self.start(chunk, lexer, judge),
            Event::End => self.close(chunk, (start, end), judge),
            // They are not asked for.
            Event::Leaf => Ok(()),
        }
    }

    /// Counts what stood between two elements and is gone.
    fn note_gap(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        if gap.text {
            self.left_out(TEXT);
        }
        for _ in 0..gap.comments {
            self.left_out(COMMENT);
        }
        for _ in 0..gap.instructions {
            self.left_out(INSTRUCTION);
        }
    }

    /// Counts something at the place at hand that has no place in the plan.
    fn left_out(&mut self, name: &str) {
        let mark = self.place.mark();
        self.place.push_markup(name);
        self.report.unlisted.add(self.place.pattern());
        self.note(DifferenceKind::Unlisted);
        self.place.back(mark);
    }

    fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.concrete() {
            self.report.difference(path, kind);
        }
    }

    fn keep(&mut self, chunk: Chunk<'_>, start: usize, end: usize) -> Result<(), EditError> {
        self.outlet.keep(chunk.bytes, start, end, &mut self.report).map_err(chunk.fails(end))
    }
}
