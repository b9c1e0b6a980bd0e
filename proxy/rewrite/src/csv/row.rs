//! A row as judging sees it: an object of its columns.

use std::borrow::Cow;
use std::ops::Range;

use crate::csv::cell;
use crate::csv::header::Header;
use crate::csv::source::{Source, Span};
use crate::judge::Scalar;
use crate::names::SeenNames;
use crate::plan::keys::KeyTree;
use crate::scan::Found;
use crate::tree::{Kind, Tree};

/// The cells of a row.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    source: &'a Source<'a>,
    start: u32,
    end: u32,
    /// Its delimiters.
    delimiters: &'a [u32],
}

/// A row with the names of its columns. The record is value 0, a column's name and cell are an odd number and the one
/// behind it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) cells: Cells<'a>,
    header: &'a Header,
}

/// In which columns a set's keys are found.
#[derive(Debug, Default)]
pub(super) struct KeyColumns(Option<Vec<(usize, u32)>>);

impl<'a> Cells<'a> {
    pub(super) fn new(source: &'a Source<'a>, span: &Span, columns: usize) -> Cells<'a> {
        let mark = span.mark as usize;
        let delimiters = &source.marks[mark..mark + columns - 1];
        Cells { source, start: span.start, end: span.end, delimiters }
    }

    pub(super) fn count(self) -> usize {
        self.delimiters.len() + 1
    }

    pub(super) fn bytes(self) -> &'a [u8] {
        self.source.bytes
    }

    /// Where a cell stands in the source, its quotes with it.
    pub(super) fn range(self, column: usize) -> Range<usize> {
        let start = match column.checked_sub(1) {
            Some(before) => self.delimiters[before] as usize + 1,
            None => self.start as usize,
        };
        start..self.delimiters.get(column).map_or(self.end, |&place| place) as usize
    }

    /// Where the first cell grows longer than a limit, its quotes not counted.
    pub(super) fn longer_than(self, limit: usize) -> Option<usize> {
        let contents = (0..self.count()).map(|column| cell::content(self.bytes(), &self.range(column)));
        contents.filter(|content| content.len() > limit).map(|content| content.start + limit).next()
    }

    pub(super) fn value<'s>(self, column: usize, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        let Range { start, end } = self.range(column);
        let checked = self.source.checked;
        cell::value(self.source.text, start - checked..end - checked, scratch)
    }
}

impl<'a> Row<'a> {
    pub(super) fn new(source: &'a Source<'a>, span: &Span, header: &'a Header) -> Row<'a> {
        Row { cells: Cells::new(source, span, header.names.len()), header }
    }
}

impl Tree for Row<'_> {
    type Memo = KeyColumns;

    fn kind(self, at: u32) -> Kind {
        if at == 0 { Kind::Object } else { Kind::String }
    }

    fn start(self, at: u32) -> u32 {
        match at.checked_sub(1) {
            Some(before) => crate::number(self.cells.range(before as usize / 2).start),
            None => self.cells.start,
        }
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let columns = if at == 0 { crate::number(self.cells.count()) } else { 0 };
        (0..columns).map(|column| (Some(2 * column + 1), 2 * column + 2))
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        Cow::Borrowed(&self.header.names[(at as usize - 1) / 2])
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        match at.checked_sub(1) {
            Some(before) => Scalar::Text(self.cells.value(before as usize / 2, scratch)),
            None => Scalar::Null,
        }
    }

    fn find_keys(
        self,
        _record: u32,
        keys: &KeyTree,
        memo: &mut KeyColumns,
        _seen: &mut SeenNames,
        slots: &mut [u32],
    ) -> Found<()> {
        // Names were found to be unique when the header was read, and every row has all columns.
        let columns = memo.0.get_or_insert_with(|| {
            let members = &keys.node(0).members;
            let slot = |name: &str| members.get(name).and_then(|&node| keys.node(node).slot);
            (0u32..)
                .zip(&self.header.names)
                .filter_map(|(column, name)| Some((slot(name)?, column)))
                .collect()
        });
        for &(slot, column) in &*columns {
            slots[slot] = 2 * column + 2;
        }
        Ok(())
    }
}
