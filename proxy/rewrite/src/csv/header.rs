//! The columns of a table.

use std::collections::HashSet;

use crate::csv::cell;
use crate::csv::row::Cells;
use crate::error::{EditErrorKind, Limit};
use crate::limits::Limits;

/// The columns of a table.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) names: Vec<Box<str>>,
    /// Which of them have their name in quotes. Empty if the names do not stand in the body.
    quoted: Vec<bool>,
}

impl Header {
    /// Names that the plan lists.
    pub(super) fn listed(names: &[String]) -> Header {
        Header { names: names.iter().map(|name| name.as_str().into()).collect(), quoted: Vec::new() }
    }

    /// Reads the names from the first row, or tells what is wrong at which of the source's bytes.
    pub(super) fn read(cells: Cells<'_>, limits: &Limits) -> Result<Header, (EditErrorKind, usize)> {
        let mut header = Header::default();
        let mut seen = HashSet::new();
        let mut scratch = String::new();
        for column in 0..cells.count() {
            let range = cells.range(column);
            let content = cell::content(cells.bytes(), &range);
            if content.len() > limits.name {
                return Err((EditErrorKind::Limit(Limit::Name), content.start + limits.name));
            }
            let name = cells.value(column, &mut scratch);
            if name.is_empty() {
                return Err((EditErrorKind::Malformed("a column without a name"), range.start));
            }
            // Where it comes to stand first, others take it for no part of the name.
            if name.starts_with('\u{feff}') {
                return Err((EditErrorKind::Malformed("a byte order mark in a column's name"), range.start));
            }
            let name: Box<str> = name.into();
            if !seen.insert(name.clone()) {
                return Err((EditErrorKind::DuplicateName, range.start));
            }
            header.quoted.push(cell::is_quoted(cells.bytes(), &range));
            header.names.push(name);
        }
        Ok(header)
    }

    /// How what a mask gives is written in a column: told by its name alone, since how the hidden cell was written
    /// tells something of its value.
    pub(super) fn style(&self, column: usize) -> cell::Style {
        cell::Style { quoted: self.quoted.get(column).copied().unwrap_or_default(), apostrophe: false }
    }
}
