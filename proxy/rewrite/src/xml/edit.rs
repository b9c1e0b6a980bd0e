//! Edits a held element: walks its tokens along an automaton and notes what stays.
//!
//! An element takes the white space before it along when it goes. Comments and instructions stay nowhere but in
//! elements that pass whole, instructions not even there. An element that is looked into always has an end tag of its
//! own, so that one of which nothing is left looks like one that had nothing.

use std::collections::HashMap;
use std::ops::Range;

use crate::judging::{Judged, Standing};
use crate::mask::{self, Masker};
use crate::names::SeenNames;
use crate::place::Place;
use crate::plan::automaton::{Automaton, Fate, NodeId, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::scan::{Found, fate, resolve};
use crate::tree::{Kind, Tree};
use crate::xml::remains::{Remains, Segment};
use crate::xml::tape::{Part, TEXT, Token, View, flags, with_name};
use crate::xml::text::{Markup, blank_end, is_blank, markup};
use crate::xml::turns::{Editor, Turns};
use crate::xml::write::write_mask;

/// What reports call a comment.
pub(crate) const COMMENT: &str = "#comment";
/// What reports call a processing instruction.
pub(crate) const INSTRUCTION: &str = "#instruction";

/// An edit under way.
pub(crate) struct Edit<'a> {
    pub(crate) view: View<'a>,
    /// The verdicts on records, in which alone totals can be told at once.
    pub(crate) judged: Option<&'a Judged<'a>>,
    pub(crate) hash_key: &'a [u8; 32],
    pub(crate) remains: &'a mut Remains,
    pub(crate) report: &'a mut Report,
    pub(crate) place: &'a mut Place,
    pub(crate) seen: &'a mut SeenNames,
    pub(crate) turns: &'a mut Turns,
}

/// The record, or what is outside of all, that an edit is in.
pub(crate) struct Scope<'a> {
    pub(crate) automaton: &'a Automaton,
    /// Whose automaton it is, in a record.
    editor: Option<Editor>,
    pub(crate) record: usize,
    pub(crate) nested: Range<usize>,
}

impl<'a> Scope<'a> {
    pub(crate) fn outside(automaton: &'a Automaton) -> Scope<'a> {
        Scope { automaton, editor: None, record: 0, nested: 0..0 }
    }
}

impl<'a> Edit<'a> {
    /// Edits a record that is kept. Whether anything of it stays.
    pub(crate) fn record(&mut self, record: usize, lead: u32) -> Found<bool> {
        let Some(judged) = self.judged else { return Ok(false) };
        let Some(automaton) = judged.automaton(record) else { return Ok(false) };
        let found = &judged.records[record];
        let editor = Some((found.set, found.standing.number()));
        let mut scope = Scope { automaton, editor, record, nested: found.nested.clone() };
        self.element(&mut scope, (ROOT, found.at), lead)
    }

    /// Edits the element that the place stands at. White space before it begins at `lead`.
    pub(crate) fn element(
        &mut self,
        scope: &mut Scope<'a>,
        (id, at): (NodeId, u32),
        lead: u32,
    ) -> Found<bool> {
        let id = resolve(self.view, scope.automaton, id, at, self.seen)?;
        let token = self.view.token(at);
        match self.fate(scope.automaton, id, at) {
            Fate::Keep => {
                self.remains.keep(lead, token.start);
                self.keep_whole(token, scope.automaton.node(id).object == Fate::Keep);
                Ok(true)
            }
            Fate::Walk if self.view.kind(at) == Kind::Object || self.view.is_bare(token) => {
                self.start_tag(scope, (id, at), lead)?;
                self.content(scope, (id, at))?;
                self.end_tag(token);
                Ok(true)
            }
            Fate::Mask(mask) => {
                self.mask(scope.automaton.mask(mask), at, lead);
                Ok(true)
            }
            Fate::Recount(set) => {
                self.recount(scope, set, (lead, token.inner), (token.inner_end, token.end), token);
                Ok(true)
            }
            Fate::Record(_) => self.nested(scope, lead),
            Fate::Remove => {
                self.removed();
                Ok(false)
            }
            Fate::Unlisted | Fate::Walk => {
                self.unlisted();
                Ok(false)
            }
        }
    }

    /// Writes the start tag of an element that is looked into.
    pub(crate) fn start_tag(
        &mut self,
        scope: &mut Scope<'a>,
        (id, at): (NodeId, u32),
        lead: u32,
    ) -> Found<()> {
        let token = self.view.token(at);
        self.remains.keep(lead, token.name_end);
        let mut behind = token.name_end;
        let mut attribute = at + 1;
        while attribute < token.next
            && matches!(self.view.token(attribute).part, Part::Attribute | Part::Namespace)
        {
            let found = self.view.token(attribute);
            if found.part == Part::Namespace {
                self.remains.keep(behind, found.end);
            } else {
                self.value(scope, id, attribute, behind)?;
            }
            behind = found.end;
            attribute += 1;
        }
        if token.has(flags::EMPTY) {
            self.remains.make(|made| made.push('>'));
        } else {
            self.remains.keep(behind, token.inner);
        }
        Ok(())
    }

    /// Writes an element that must be there without anything in it.
    pub(crate) fn emptied(&mut self, at: u32, lead: u32) {
        let token = self.view.token(at);
        self.remains.keep(lead, token.name_end);
        self.namespaces(at);
        let name = self.view.written_name(token);
        self.remains.make(|made| made.extend(["></", name, ">"]));
    }

    /// Writes the beginning of an element up to a mask that does not look at what it hides.
    pub(crate) fn masked_start(&mut self, mask: &Masker, at: u32, lead: u32) {
        let token = self.view.token(at);
        self.remains.keep(lead, token.name_end);
        self.namespaces(at);
        self.remains.make(|made| made.push('>'));
        let key = self.hash_key;
        self.remains.make(|made| {
            write_mask(mask, None, Part::Element, key, made);
        });
        self.masked(mask);
    }

    /// Counts what stands between two elements and goes, and tells where the white space before the second begins.
    pub(crate) fn gap(&mut self, start: u32, end: u32) -> u32 {
        let mut text = self.view.raw(start, end);
        let mut counted = false;
        while !text.is_empty() {
            let stop = text.find('<').unwrap_or(text.len());
            let (plain, rest) = text.split_at(stop);
            let (kind, length) = markup(rest);
            let is_text = !is_blank(plain) || !rest.is_empty() && kind == Markup::Data;
            if is_text && !std::mem::replace(&mut counted, true) {
                self.left_out(TEXT);
            }
            match kind {
                Markup::Comment => self.left_out(COMMENT),
                Markup::Instruction => self.left_out(INSTRUCTION),
                Markup::Data | Markup::Tag => {}
            }
            text = rest.get(length..).unwrap_or_default();
        }
        start + crate::number(blank_end(self.view.raw(start, end).as_bytes()))
    }

    fn fate(&self, automaton: &Automaton, id: NodeId, at: u32) -> Fate {
        let node = automaton.node(id);
        if node.scalar == node.object && node.number == node.object {
            return node.object;
        }
        // An element in which nothing is could have been emptied: it looks like one that was.
        if node.object == Fate::Walk && self.view.is_bare(self.view.token(at)) {
            return Fate::Walk;
        }
        fate(automaton, id, self.view.kind(at))
    }

    fn member(&mut self, scope: &Scope<'a>, id: NodeId, name: &str) -> NodeId {
        match scope.editor {
            Some(editor) => self.turns.member((scope.automaton, editor), id, name),
            None => scope.automaton.member(id, name),
        }
    }

    fn content(&mut self, scope: &mut Scope<'a>, (id, at): (NodeId, u32)) -> Found<()> {
        let view = self.view;
        let token = view.token(at);
        let noted = token.has(flags::TEXT | flags::NOTES);
        let mut behind = token.inner;
        let mut kept = false;
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for member in view.members(at) {
            let child = view.token(member);
            match child.part {
                Part::Element => {
                    let lead = if noted { self.gap(behind, child.start) } else { behind };
                    let name = view.written_name(child);
                    let next = self.member(scope, id, name);
                    let index = self.place.concrete().map(|_| {
                        let count = counts.entry(name).or_default();
                        *count += 1;
                        *count - 1
                    });
                    kept |= self.child(scope, (next, member), (name, index), lead)?;
                    behind = child.end;
                }
                Part::Text => {
                    self.value(scope, id, member, child.start)?;
                    return Ok(());
                }
                Part::Attribute | Part::Namespace => {}
            }
        }
        let lead = if noted { self.gap(behind, token.inner_end) } else { behind };
        if kept {
            self.remains.keep(lead, token.inner_end);
        }
        Ok(())
    }

    fn child(
        &mut self,
        scope: &mut Scope<'a>,
        (id, at): (NodeId, u32),
        (name, index): (&str, Option<u64>),
        lead: u32,
    ) -> Found<bool> {
        let token = self.view.token(at);
        let passes =
            scope.automaton.node(id).switch.is_none() && !token.has(flags::NOTES | flags::INSTRUCTIONS);
        if passes && self.fate(scope.automaton, id, at) == Fate::Keep {
            self.remains.keep(lead, token.end);
            return Ok(true);
        }
        let mark = self.place.mark();
        self.place.push_markup(name);
        if let Some(index) = index.filter(|&index| index > 0) {
            self.place.push_repeated(index);
        }
        let stays = self.element(scope, (id, at), lead)?;
        self.place.back(mark);
        Ok(stays)
    }

    /// An attribute, or the text of an element that has attributes. What stands before it begins at `lead`.
    fn value(&mut self, scope: &mut Scope<'a>, parent: NodeId, at: u32, lead: u32) -> Found<()> {
        let view = self.view;
        let token = view.token(at);
        let name = view.written_name(token);
        let mut id = with_name(token.part, name, |name| self.member(scope, parent, name));
        while let Some(switch) = scope.automaton.node(id).switch.as_deref() {
            id = switch.values;
        }
        let fate = fate(scope.automaton, id, view.kind(at));
        if fate == Fate::Keep && token.part == Part::Attribute {
            self.remains.keep(lead, token.end);
            return Ok(());
        }
        let mark = self.place.mark();
        with_name(token.part, name, |name| self.place.push_markup(name));
        match fate {
            Fate::Keep => self.keep_value(token),
            Fate::Mask(mask) => {
                self.remains.keep(lead, token.inner);
                let mask = scope.automaton.mask(mask);
                if let Some(hidden) = self.hide(mask, at) {
                    self.remains.segments.push(hidden);
                    self.masked(mask);
                } else {
                    self.keep_value(token);
                }
                self.remains.keep(token.inner_end, token.end);
            }
            Fate::Recount(set) => {
                self.recount(scope, set, (lead, token.inner), (token.inner_end, token.end), token);
            }
            Fate::Remove => self.removed(),
            Fate::Unlisted | Fate::Walk | Fate::Record(_) => self.unlisted(),
        }
        self.place.back(mark);
        Ok(())
    }

    fn nested(&mut self, scope: &mut Scope<'a>, lead: u32) -> Found<bool> {
        let (Some(judged), Some(record)) = (self.judged, scope.nested.next()) else { return Ok(false) };
        if judged.records[record].standing == Standing::Dropped {
            if self.place.concrete().is_some() {
                let set = judged.records[record].set;
                let values = judged.display_keys(record, self.view);
                self.note(DifferenceKind::Dropped { set, values });
            }
            return Ok(false);
        }
        self.record(record, lead)
    }

    fn recount(&mut self, scope: &Scope<'a>, set: u32, before: (u32, u32), behind: (u32, u32), token: Token) {
        self.note(DifferenceKind::Recounted);
        if let Some(judged) = self.judged {
            let count = judged.count_kept(scope.record, set).to_string();
            self.remains.keep(before.0, before.1);
            self.remains.make(|made| made.push_str(&count));
            self.remains.keep(behind.0, behind.1);
            return;
        }
        debug_assert!(!token.has(flags::EMPTY), "a total has a text");
        let total = self.remains.totals.len();
        self.remains.totals.push((set, self.place.clone()));
        self.remains.segments.push(Segment::Total(total, before, behind));
    }

    fn mask(&mut self, mask: &Masker, at: u32, lead: u32) {
        let token = self.view.token(at);
        let Some(hidden) = self.hide(mask, at) else {
            self.remains.keep(lead, token.start);
            return self.keep_whole(token, false);
        };
        self.remains.keep(lead, token.name_end);
        let behind = self.namespaces(at);
        if token.has(flags::EMPTY | flags::ATTRIBUTES) {
            self.remains.make(|made| made.push('>'));
        } else {
            self.remains.keep(behind, token.inner);
        }
        self.remains.segments.push(hidden);
        self.end_tag(token);
        self.masked(mask);
    }

    /// What hides a value, if anything does.
    fn hide(&mut self, mask: &Masker, at: u32) -> Option<Segment> {
        if let Some(number) = mask.own() {
            self.remains.own.push((number, at));
            return Some(Segment::Own(self.remains.own.len() - 1));
        }
        let view = self.view;
        let value = mask::needs_value(mask, view.kind(at) == Kind::Object).then_some((view, at));
        let start = self.remains.made.len();
        let part = view.token(at).part;
        let hidden = write_mask(mask, value, part, self.hash_key, &mut self.remains.made);
        hidden.then_some(Segment::Made(start, self.remains.made.len()))
    }

    /// Keeps the namespaces that an element declares, and tells where they end.
    fn namespaces(&mut self, at: u32) -> u32 {
        let token = self.view.token(at);
        let mut behind = token.name_end;
        for attribute in at + 1..token.next {
            let found = self.view.token(attribute);
            match found.part {
                Part::Namespace => self.remains.keep(behind, found.end),
                Part::Attribute => {}
                Part::Element | Part::Text => break,
            }
            behind = found.end;
        }
        behind
    }

    fn end_tag(&mut self, token: Token) {
        if token.has(flags::EMPTY) {
            let name = self.view.written_name(token);
            self.remains.make(|made| made.extend(["</", name, ">"]));
        } else {
            self.remains.keep(token.inner_end, token.end);
        }
    }

    /// Keeps an element: all of it but instructions, or its text alone.
    fn keep_whole(&mut self, token: Token, whole: bool) {
        if token.has(if whole { flags::INSTRUCTIONS } else { flags::NOTES }) {
            self.keep_without(token.start, token.end, !whole);
        } else {
            self.remains.keep(token.start, token.end);
        }
    }

    /// Keeps an attribute's value, or a text without what is noted in it.
    fn keep_value(&mut self, token: Token) {
        if token.part == Part::Text {
            self.keep_without(token.inner, token.inner_end, true);
        } else {
            self.remains.keep(token.inner, token.inner_end);
        }
    }

    /// Keeps what stands between two positions, without its instructions, and without its comments or with them.
    fn keep_without(&mut self, start: u32, end: u32, comments: bool) {
        let text = self.view.raw(start, end);
        let mut from = 0;
        let mut at = 0;
        while let Some(next) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
            let begin = at + next;
            let (kind, length) = markup(&text[begin..]);
            at = begin + length;
            if kind == Markup::Instruction || comments && kind == Markup::Comment {
                self.remains.keep(start + crate::number(from), start + crate::number(begin));
                from = at;
                self.left_out(if kind == Markup::Comment { COMMENT } else { INSTRUCTION });
            }
        }
        self.remains.keep(start + crate::number(from), end);
    }

    fn left_out(&mut self, name: &str) {
        let mark = self.place.mark();
        self.place.push_markup(name);
        self.unlisted();
        self.place.back(mark);
    }

    fn removed(&mut self) {
        self.report.removed.add(self.place.pattern());
        self.note(DifferenceKind::Removed);
    }

    fn unlisted(&mut self) {
        self.report.unlisted.add(self.place.pattern());
        self.note(DifferenceKind::Unlisted);
    }

    fn masked(&mut self, mask: &Masker) {
        self.report.masked.add(self.place.pattern());
        if let Some(path) = self.place.concrete() {
            self.report.difference(path, DifferenceKind::Masked { by: mask.spec().clone() });
        }
    }

    fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.concrete() {
            self.report.difference(path, kind);
        }
    }
}
