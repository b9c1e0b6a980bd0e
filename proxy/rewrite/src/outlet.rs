//! The way out: joins what is kept into as few pieces as can be, and sends it through the hold where there is one.

use std::ops::Range;

use bytes::Bytes;

use crate::error::{EditErrorKind, Limit};
use crate::hold::{Hold, Lead, TotalId};
use crate::limits::Limits;
use crate::pieces::Pieces;
use crate::place::Spot;
use crate::report::Report;

/// Bytes that may be made of the shortest body.
const SPARE: u64 = 64 << 10;

#[derive(Debug)]
pub(crate) struct Outlet {
    hold: Hold,
    limit: usize,
    /// What may be made for each byte of the body, and what has been made.
    expansion: u64,
    spent: u64,
    /// What is settled and waits for the caller.
    ready: Pieces,
    /// Kept bytes of `source` not yet in `ready`.
    run: Range<usize>,
    /// The buffer that bytes were kept of last.
    source: Bytes,
    /// Whether the caller gets another answer, so that nothing may come out.
    closed: bool,
}

/// Kept stretches up to this many bytes are copied: a piece for each would cost more.
const COPIED: usize = 1 << 10;

/// Whether anything has come out of a container.
#[derive(Clone, Debug, Default)]
pub(crate) enum Emitted {
    #[default]
    Nothing,
    /// Only totals that may come to be report.
    Perhaps(Vec<TotalId>),
    Something,
}

/// What stands before a child's value in a buffer: a comma unless it is the first, white space, and its name.
pub(crate) struct Before<'a> {
    pub(crate) source: &'a Bytes,
    pub(crate) start: usize,
    /// Where the child itself begins.
    pub(crate) child: usize,
    /// Where its value begins.
    pub(crate) value: usize,
    /// The white space behind the opening bracket, which the first child that is kept takes over. None if this child
    /// is the first anyway.
    pub(crate) opening: Option<&'a [u8]>,
}

impl Outlet {
    pub(crate) fn new(gated: bool, limits: &Limits) -> Outlet {
        Outlet {
            hold: Hold::new(gated),
            limit: limits.held,
            expansion: limits.expansion as u64,
            spent: 0,
            ready: Pieces::new(),
            run: 0..0,
            source: Bytes::new(),
            closed: false,
        }
    }

    /// Takes account of bytes that were made, where so many of the body have been read.
    pub(crate) fn spend(&mut self, made: usize, read: u64) -> Result<(), EditErrorKind> {
        self.spent += made as u64;
        if self.spent > allowance(self.expansion, read) {
            return Err(EditErrorKind::Limit(Limit::Expansion));
        }
        Ok(())
    }

    /// Hands everything that is settled to the caller.
    pub(crate) fn settle(&mut self, report: &mut Report, out: &mut Pieces) -> Result<(), EditErrorKind> {
        self.end_run(report)?;
        self.source = Bytes::new();
        self.hand_over(out);
        Ok(())
    }

    /// Hands over what had been settled before an error.
    pub(crate) fn hand_over(&mut self, out: &mut Pieces) {
        out.append(&mut self.ready);
    }

    /// Keeps bytes of a buffer.
    pub(crate) fn keep(
        &mut self,
        source: &Bytes,
        start: usize,
        end: usize,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        if start >= end {
            return Ok(());
        }
        let same = (self.source.as_ptr(), self.source.len()) == (source.as_ptr(), source.len());
        if same && self.run.end == start && !self.run.is_empty() {
            self.run.end = end;
            return Ok(());
        }
        self.end_run(report)?;
        if !self.closed {
            if !same {
                self.source = source.clone();
            }
            self.run = start..end;
        }
        Ok(())
    }

    /// Writes made text.
    pub(crate) fn make(&mut self, text: &[u8], report: &mut Report) -> Result<(), EditErrorKind> {
        self.end_run(report)?;
        if self.closed {
            return Ok(());
        }
        if self.hold.is_active() {
            self.hold.text(text);
            return self.check_hold(report);
        }
        self.ready.copy(text);
        Ok(())
    }

    /// Writes what stands before a child that is kept.
    pub(crate) fn lead(
        &mut self,
        emitted: &mut Emitted,
        before: &Before<'_>,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        match self.look(emitted) {
            Emitted::Something => self.keep(before.source, before.start, before.value, report)?,
            Emitted::Nothing => match before.opening {
                None => self.keep(before.source, before.start, before.value, report)?,
                Some(opening) => {
                    if !opening.is_empty() {
                        self.make(opening, report)?;
                    }
                    self.keep(before.source, before.child, before.value, report)?;
                }
            },
            Emitted::Perhaps(totals) => {
                self.end_run(report)?;
                self.hold.lead(before.lead(totals));
                self.check_hold(report)?;
            }
        }
        *emitted = Emitted::Something;
        Ok(())
    }

    /// Writes white space before a closing bracket, which stays if anything came out before it.
    pub(crate) fn trail(
        &mut self,
        emitted: &Emitted,
        source: &Bytes,
        (start, end): (usize, usize),
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        match self.look(emitted) {
            Emitted::Nothing => Ok(()),
            Emitted::Something => self.keep(source, start, end, report),
            Emitted::Perhaps(before) => {
                self.end_run(report)?;
                let behind_some = source[start..end].to_vec();
                self.hold.lead(Lead { before, behind_some, first: Vec::new() });
                self.check_hold(report)
            }
        }
    }

    /// Writes the place of a total that is not known yet.
    pub(crate) fn total(
        &mut self,
        emitted: &mut Emitted,
        before: &Before<'_>,
        (set, place): (u32, Spot<'_>),
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        self.end_run(report)?;
        if self.closed {
            return Ok(());
        }
        let looked = self.look(emitted);
        let totals = match &looked {
            Emitted::Perhaps(totals) => totals.clone(),
            _ => Vec::new(),
        };
        let mut lead = before.lead(totals);
        if matches!(looked, Emitted::Something) {
            lead.first.clone_from(&lead.behind_some);
        }
        let total = self.hold.total(set, place, lead);
        *emitted = match looked {
            Emitted::Something => Emitted::Something,
            Emitted::Nothing => Emitted::Perhaps(vec![total]),
            Emitted::Perhaps(mut totals) => {
                totals.push(total);
                Emitted::Perhaps(totals)
            }
        };
        self.check_hold(report)
    }

    /// All records of a set have been judged.
    pub(crate) fn resolve(&mut self, set: u32, count: u64, report: &mut Report) -> Result<(), EditErrorKind> {
        if !self.hold.is_active() {
            return Ok(());
        }
        self.end_run(report)?;
        self.hold.resolve(set, count);
        self.drain();
        Ok(())
    }

    /// The sole records have been judged and are kept.
    pub(crate) fn open_gate(&mut self, report: &mut Report) -> Result<(), EditErrorKind> {
        if !self.hold.is_gated() {
            return Ok(());
        }
        self.end_run(report)?;
        self.hold.open_gate();
        self.drain();
        Ok(())
    }

    /// The caller gets another answer: nothing comes out any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.run = 0..0;
        self.source = Bytes::new();
        self.hold.clear();
        self.ready.clear();
    }

    /// What has come out of a container, as far as it is known by now.
    fn look(&self, emitted: &Emitted) -> Emitted {
        let Emitted::Perhaps(totals) = emitted else {
            return emitted.clone();
        };
        let mut waiting = Vec::new();
        for &total in totals {
            match self.hold.stays(total) {
                Some(true) => return Emitted::Something,
                Some(false) => {}
                None => waiting.push(total),
            }
        }
        if waiting.is_empty() { Emitted::Nothing } else { Emitted::Perhaps(waiting) }
    }

    /// Ends the stretch of kept bytes under way.
    pub(crate) fn end_run(&mut self, report: &mut Report) -> Result<(), EditErrorKind> {
        let run = std::mem::take(&mut self.run);
        if run.is_empty() {
            return Ok(());
        }
        let kept = &self.source[run.clone()];
        if self.hold.is_active() {
            self.hold.text(kept);
            return self.check_hold(report);
        }
        if kept.len() <= COPIED {
            self.ready.copy(kept);
        } else {
            self.ready.push(self.source.slice(run));
        }
        Ok(())
    }

    /// Gives up totals, the first one first, until what is held is within the limit.
    fn check_hold(&mut self, report: &mut Report) -> Result<(), EditErrorKind> {
        while self.hold.bytes() > self.limit {
            if self.hold.is_gated() || !self.hold.give_up(report) {
                return Err(EditErrorKind::Limit(Limit::Held));
            }
            self.drain();
        }
        Ok(())
    }

    fn drain(&mut self) {
        let ready = &mut self.ready;
        self.hold.drain(|text| ready.push(Bytes::from(text)));
    }
}

/// Bytes that may be made of so many that were read.
pub(crate) fn allowance(expansion: u64, read: u64) -> u64 {
    expansion.saturating_mul(read).saturating_add(SPARE)
}

impl Before<'_> {
    fn lead(&self, before: Vec<TotalId>) -> Lead {
        let behind_some = self.source[self.start..self.value].to_vec();
        let first = match self.opening {
            None => behind_some.clone(),
            Some(opening) => [opening, &self.source[self.child..self.value]].concat(),
        };
        Lead { before, behind_some, first }
    }
}
