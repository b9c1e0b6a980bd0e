//! What judging sees of a held record, whatever it is written in.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::batch::Batch;
use crate::error::EditErrorKind;
use crate::judge::{Scalar, Value};
use crate::names::SeenNames;
use crate::plan::keys::KeyTree;
use crate::scan::{self, Found};

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Null,
    True,
    False,
    Number,
    String,
}

/// A held buffer of values by number. A value's number is less than those of the values in it.
pub(crate) trait Tree: Copy {
    /// What is remembered from one record of a set to the next, to find its keys faster.
    type Memo: Default + Debug;

    /// What a value is.
    fn kind(self, at: u32) -> Kind;

    /// Where a name or value begins, counted from the buffer's beginning.
    fn start(self, at: u32) -> u32;

    /// The children of a container, each by its value's number, with that of its name in an object.
    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)>;

    /// A member's name, unescaped.
    fn name<'s>(&'s self, at: u32) -> Cow<'s, str>;

    /// A scalar; `scratch` takes its text if it must be unescaped. Containers are null.
    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s>;

    /// Whether a name may stand in an object only once (H22).
    fn names_are_unique(self) -> bool {
        true
    }

    /// Whether a value may be a record.
    fn is_record(self, _at: u32) -> bool {
        true
    }

    /// The value that a string holds as JSON, or the value itself if it is no such string.
    fn unpack(self, at: u32) -> Found<u32> {
        Ok(at)
    }

    /// Fills the slots of a record's keys with the values found, duplicates refused in every object on the way.
    fn find_keys(
        self,
        record: u32,
        keys: &KeyTree,
        _memo: &mut Self::Memo,
        seen: &mut SeenNames,
        slots: &mut [u32],
    ) -> Found<()> {
        scan::find_keys(self, record, keys, seen, slots)
    }

    /// Appends to a batch what a key found whose slot holds [`scan::SEVERAL`].
    fn push_several(
        self,
        _record: u32,
        (_keys, _slot): (&KeyTree, usize),
        batch: &mut Batch,
        _scratch: &mut String,
    ) {
        batch.push_value(&Value::Composite);
    }
}

/// An error at a position of a record's buffer.
pub(crate) fn at<T>(position: u32, result: Result<T, EditErrorKind>) -> Found<T> {
    result.map_err(|kind| (kind, position))
}
