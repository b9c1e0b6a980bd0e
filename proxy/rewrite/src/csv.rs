//! CSV: RFC 4180 and its relatives (H31), an array of rows, each an object of its columns.
//!
//! A first stage finds what separates cells and rows, 64 bytes at a time; the second takes the rows by these places,
//! without looking at the bytes of cells that nobody asks for. A body that two programs could read differently is
//! refused: ragged rows, blank lines, quotes within cells that are not quoted, characters behind a closing quote, a
//! carriage return without its line feed, control characters.
//!
//! An apostrophe at a cell's beginning is how spreadsheets and those who write for them say "this is text": it is not
//! part of the value that keys, masks and the names of columns are taken from, so that neither a judge nor a mask
//! takes `'acme` for anything but `acme`. What is kept keeps it. What masks write gets one if a spreadsheet could take
//! it for a formula.
//!
//! Each row's end belongs to it, but is written only when another row comes or the body ends with one: so the output
//! ends as the body did, whichever rows were dropped.

mod bits;
mod cell;
pub(crate) mod dialect;
mod encoding;
mod fates;
mod flush;
mod header;
mod reader;
mod row;
mod scan;
mod source;
mod writer;

pub(crate) use reader::Csv;
