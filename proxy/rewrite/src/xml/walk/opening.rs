//! Elements of which it is not decided at their start tag what becomes of them.

use std::sync::Arc;

use crate::error::EditError;
use crate::judge::Judge;
use crate::mask::Masker;
use crate::outlet::Emitted;
use crate::plan::automaton::Fate;
use crate::scan::Found;
use crate::xml::edit::{Edit, Scope};
use crate::xml::lexer::{Event, Lexeme, Lexer};
use crate::xml::region::Stretch;
use crate::xml::tape::{View, flags};
use crate::xml::walk::{Chunk, Frame, Mode, Walk};

impl Walk {
    /// Takes what stands in an element that is not decided yet.
    pub(super) fn opening(
        &mut self,
        chunk: Chunk<'_>,
        (lexer, depth): (&Lexer, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let Lexeme { event, start, end, .. } = lexer.lexeme;
        match event {
            Event::Text(text) => self.tape.text(text),
            Event::Comment => self.tape.note(false),
            Event::Instruction | Event::Declaration => self.tape.note(true),
            Event::End => {
                self.tape.end(self.region.length(start), self.region.length(end));
                return self.end_leaf(chunk, end, judge);
            }
            Event::Start | Event::Empty => {
                let fate = self.plan.outside.node(self.node).object;
                if fate != Fate::Walk {
                    // Of what remains undecided nothing else can be said.
                    let fate = if fate == Fate::Remove { fate } else { Fate::Unlisted };
                    return self.go(chunk, start, fate, depth);
                }
                self.open(chunk, start, judge)?;
                return self.start(chunk, lexer, judge);
            }
            // They are not asked for.
            Event::Leaf => {}
        }
        Ok(())
    }

    /// An element has ended, at `at`, in which there were no others: it is edited as a whole.
    pub(super) fn end_leaf(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let (offset, stretch) = self.take_region(chunk, at);
        self.edit(&stretch, offset, judge)?;
        self.end_child(chunk, at, judge)
    }

    /// Edits an element that is held.
    pub(super) fn edit(
        &mut self,
        stretch: &Stretch,
        offset: u64,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let root = self.is_document();
        let node = self.node;
        self.write_edit(stretch, offset, Some(judge), |edit, scope| {
            if !edit.element(scope, (node, 0), 0)? && root {
                edit.emptied(0, 0);
            }
            Ok(())
        })
    }

    /// Another element begins at `start` in one that is walked: its start tag goes out.
    fn open(&mut self, chunk: Chunk<'_>, start: usize, judge: &mut dyn Judge) -> Result<(), EditError> {
        let (offset, stretch) = self.take_region(chunk, start);
        let node = self.node;
        let mut blank = 0;
        self.write_edit(&stretch, offset, Some(judge), |edit, scope| {
            let token = edit.view.token(0);
            edit.start_tag(scope, (node, 0), 0)?;
            let end = crate::number(edit.view.text.len());
            let begin =
                if token.has(flags::TEXT | flags::NOTES) { edit.gap(token.inner, end) } else { token.inner };
            blank = (end - begin) as usize;
            Ok(())
        })?;
        // The white space before the first element in it goes with that.
        if stretch.bytes.as_ptr() == chunk.bytes.as_ptr() {
            self.region.begin(start - blank);
        } else {
            self.region.begin(start);
            self.region.stash.extend_from_slice(&stretch.bytes[stretch.end - blank..stretch.end]);
        }
        self.frames.push(Frame {
            emitted: Emitted::Nothing,
            place: self.place.mark(),
            node,
            counts: std::collections::HashMap::new(),
        });
        self.mode = Mode::Walk;
        Ok(())
    }

    /// Writes the root with nothing in it; its start tag has ended by `at`.
    pub(super) fn write_emptied(&mut self, chunk: Chunk<'_>, at: usize) -> Result<(), EditError> {
        let (offset, stretch) = self.take_region(chunk, at);
        self.write_edit(&stretch, offset, None, |edit, _| {
            edit.emptied(0, 0);
            Ok(())
        })
    }

    /// Writes the start tag of an element, which ends at `end`, and the mask of what is in it.
    pub(super) fn write_masked(
        &mut self,
        chunk: Chunk<'_>,
        end: usize,
        mask: &Masker,
    ) -> Result<(), EditError> {
        let (offset, stretch) = self.take_region(chunk, end);
        self.write_edit(&stretch, offset, None, |edit, _| {
            edit.masked_start(mask, 0, 0);
            Ok(())
        })
    }

    /// The name of the element at hand, whose start tag ends at `end` in the chunk and is its end tag too.
    pub(super) fn tape_name<'c>(&self, chunk: Chunk<'c>, end: usize) -> &'c str {
        let Some(token) = self.tape.tokens.first() else { return "" };
        let start = end - (token.end - token.start) as usize;
        &chunk.text[start + 1..start + (token.name_end - token.start) as usize]
    }

    /// What is pending up to `at`, and the bytes of the body before it.
    fn take_region(&mut self, chunk: Chunk<'_>, at: usize) -> (u64, Stretch) {
        let offset = chunk.offset + at as u64 - self.region.length(at) as u64;
        (offset, self.region.take(chunk.bytes, at))
    }

    /// Edits what is pending, by its tape, and writes what is left.
    fn write_edit(
        &mut self,
        stretch: &Stretch,
        offset: u64,
        judge: Option<&mut dyn Judge>,
        call: impl for<'a> FnOnce(&mut Edit<'a>, &mut Scope<'a>) -> Found<()>,
    ) -> Result<(), EditError> {
        let plan = Arc::clone(&self.plan);
        let failed = |(kind, position): (_, u32)| EditError { offset: offset + u64::from(position), kind };
        // The lexer has let nothing else through.
        let text = simdutf8::basic::from_utf8(&stretch.bytes[stretch.start..stretch.end]).unwrap_or_default();
        let view = View { text, tokens: &self.tape.tokens };
        self.remains.clear();
        let mut edit = Edit {
            view,
            judged: None,
            hash_key: &self.options.hash_key,
            remains: &mut self.remains,
            report: &mut self.report,
            place: &mut self.place,
            seen: &mut self.seen,
            turns: &mut self.turns,
        };
        call(&mut edit, &mut Scope::outside(&plan.outside)).map_err(failed)?;
        if let Some(judge) = judge {
            self.remains.ask_for_masks(view, judge).map_err(|kind| failed((kind, 0)))?;
        }
        let source = (&stretch.bytes, stretch.start);
        let frame = self.frames.len() - 1;
        let emitted = &mut self.frames[frame].emitted;
        let spent = self.outlet.spend(self.remains.made_bytes(), offset + text.len() as u64);
        let written =
            spent.and_then(|()| self.remains.write(source, emitted, &mut self.outlet, &mut self.report));
        written.map_err(|kind| failed((kind, 0)))
    }
}
