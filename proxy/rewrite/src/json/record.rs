//! Edits a kept record: walks its tokens along the automaton of its profile and notes what stays.

use crate::json::tape::View;
use crate::json::write::write_mask;
use crate::judging::{Judged, Standing};
use crate::mask;
use crate::names::SeenNames;
use crate::place::Place;
use crate::plan::automaton::{Automaton, Fate, NodeId, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::scan::{Found, add_name, fate, resolve};
use crate::spec::Mask;
use crate::tree::{Kind, Tree};

/// What is left of a record, in order.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    pub(crate) segments: Vec<Segment>,
    /// Text that was made for it.
    pub(crate) made: String,
    /// Values that the policy masks itself: its mask's number and the value's token.
    pub(crate) own: Vec<(u32, u32)>,
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

/// An edit under way.
pub(crate) struct RecordEdit<'a> {
    pub(crate) view: View<'a>,
    pub(crate) judged: &'a Judged<'a>,
    pub(crate) hash_key: &'a [u8; 32],
    pub(crate) remains: &'a mut Remains,
    pub(crate) report: &'a mut Report,
    pub(crate) place: &'a mut Place,
    pub(crate) seen: &'a mut SeenNames,
}

/// A record whose automaton is being walked, and how many of its nested records have been met.
struct Scope<'a> {
    automaton: &'a Automaton,
    record: usize,
    nested: std::ops::Range<usize>,
}

/// What comes before a value if it stays: the white space behind the opening bracket if another child had it, and
/// everything from `start`.
#[derive(Clone, Copy)]
struct Lead {
    opening: (u32, u32),
    start: u32,
}

/// How a value is reached from its container.
#[derive(Clone, Copy)]
enum Step<'s> {
    Root,
    Name(&'s str),
    Index(u64),
}

impl<'a> RecordEdit<'a> {
    /// Edits a record that is kept. False: nothing is left of it.
    pub(crate) fn edit(&mut self, record: usize) -> Found<bool> {
        let start = self.view.token(self.judged.records[record].at).start;
        self.record(record, Lead { opening: (0, 0), start })
    }

    fn record(&mut self, record: usize, lead: Lead) -> Found<bool> {
        let judged = self.judged;
        let Some(automaton) = judged.automaton(record) else {
            return Ok(false);
        };
        let nested = judged.records[record].nested.clone();
        let mut scope = Scope { automaton, record, nested };
        let at = judged.records[record].at;
        self.value(&mut scope, (ROOT, at), Step::Root, lead)
    }

    fn value(
        &mut self,
        scope: &mut Scope<'a>,
        (id, at): (NodeId, u32),
        step: Step<'_>,
        lead: Lead,
    ) -> Found<bool> {
        let id = resolve(self.view, scope.automaton, id, at, self.seen)?;
        let token = self.view.token(at);
        let fate = fate(scope.automaton, id, token.kind);
        if fate == Fate::Keep {
            self.lead(lead, token.start);
            self.keep(token.start, token.end);
            return Ok(true);
        }
        let mark = self.place.mark();
        match step {
            Step::Root => {}
            Step::Name(name) => self.place.push_name(name),
            Step::Index(index) => self.place.push_index(index),
        }
        let stays = match fate {
            Fate::Keep | Fate::Walk => {
                self.lead(lead, token.start);
                self.container(scope, id, at)?;
                true
            }
            Fate::Mask(mask) => {
                self.lead(lead, token.start);
                self.mask(scope.automaton.mask(mask), at);
                true
            }
            Fate::Recount(set) => {
                self.lead(lead, token.start);
                let count = self.judged.count_kept(scope.record, set);
                self.make(|made| made.push_str(&count.to_string()));
                self.note(DifferenceKind::Recounted);
                true
            }
            Fate::Record(_) => self.nested(scope, lead)?,
            Fate::Remove => {
                self.report.removed.add(self.place.pattern());
                self.note(DifferenceKind::Removed);
                false
            }
            Fate::Unlisted => {
                self.report.unlisted.add(self.place.pattern());
                self.note(DifferenceKind::Unlisted);
                false
            }
        };
        self.place.back(mark);
        Ok(stays)
    }

    fn nested(&mut self, scope: &mut Scope<'a>, lead: Lead) -> Found<bool> {
        let Some(record) = scope.nested.next() else {
            return Ok(false);
        };
        if self.judged.records[record].standing == Standing::Dropped {
            let set = self.judged.records[record].set;
            if self.place.concrete().is_some() {
                self.note(DifferenceKind::Dropped {
                    set,
                    values: self.judged.display_keys(record, self.view),
                });
            }
            return Ok(false);
        }
        self.record(record, lead)
    }

    fn container(&mut self, scope: &mut Scope<'a>, id: NodeId, at: u32) -> Found<()> {
        let view = self.view;
        let token = view.token(at);
        let object = token.kind == Kind::Object;
        let inner = token.start + 1;
        self.keep(token.start, inner);
        if object {
            self.seen.open();
        }
        let mut behind = inner;
        let mut opening = None;
        let mut kept = false;
        for (index, (name, value)) in (0..).zip(view.children(at)) {
            let child = name.map_or(view.token(value), |name| view.token(name));
            let start = if opening.is_some() { comma(view, behind) } else { inner };
            let lead = match opening {
                Some(opening) if !kept => Lead { opening, start: child.start },
                _ => Lead { opening: (0, 0), start },
            };
            opening.get_or_insert((inner, child.start));
            behind = view.token(value).end;
            kept |= if object {
                let name = add_name(&view, name, self.seen)?;
                let next = scope.automaton.member(id, &name);
                self.value(scope, (next, value), Step::Name(&name), lead)?
            } else {
                let next = scope.automaton.element(id, index);
                self.value(scope, (next, value), Step::Index(index), lead)?
            };
        }
        if object {
            self.seen.close();
        }
        if kept {
            self.keep(behind, token.end - 1);
        }
        self.keep(token.end - 1, token.end);
        Ok(())
    }

    fn mask(&mut self, mask: &Mask, at: u32) {
        if let Mask::Own(number) = mask {
            self.remains.segments.push(Segment::Own(self.remains.own.len()));
            self.remains.own.push((*number, at));
        } else {
            let container = matches!(self.view.kind(at), Kind::Object | Kind::Array);
            let value = mask::needs_value(mask, container).then_some((self.view, at));
            let key = self.hash_key;
            self.make(|made| write_mask(mask, value, key, made));
        }
        self.report.masked.add(self.place.pattern());
        self.note(DifferenceKind::Masked);
    }

    fn lead(&mut self, lead: Lead, value: u32) {
        self.keep(lead.opening.0, lead.opening.1);
        self.keep(lead.start, value);
    }

    fn keep(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        if let Some(Segment::Kept(_, last)) = self.remains.segments.last_mut()
            && *last == start
        {
            *last = end;
        } else {
            self.remains.segments.push(Segment::Kept(start, end));
        }
    }

    fn make(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.remains.made.len();
        write(&mut self.remains.made);
        self.remains.segments.push(Segment::Made(start, self.remains.made.len()));
    }

    fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.concrete() {
            self.report.difference(path, kind);
        }
    }
}

/// The comma behind a child, which nothing but white space parts from it.
fn comma(view: View<'_>, behind: u32) -> u32 {
    let bytes = &view.text.as_bytes()[behind as usize..];
    behind + crate::number(bytes.iter().position(|&byte| byte == b',').unwrap_or_default())
}

impl Remains {
    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.made.clear();
        self.own.clear();
    }
}
