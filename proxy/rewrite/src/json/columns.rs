//! The columns of positional rows, as the body names them (H30).

use std::collections::HashSet;

use crate::error::{EditErrorKind, Limit};
use crate::json::view::{View, failed};
use crate::judge::Scalar;
use crate::names::SeenNames;
use crate::scan::{Found, add_name};
use crate::tree::{Kind, Tree};

/// Reads the names of columns from an array of strings, or of objects that say them in a member.
pub(crate) fn read_columns(
    view: View<'_>,
    array: u32,
    member: Option<&str>,
    seen: &mut SeenNames,
) -> Found<Vec<Box<str>>> {
    let refused = |at, reason| failed(view, at, EditErrorKind::Malformed(reason));
    if view.kind(array) != Kind::Array {
        return Err(refused(array, "the names of columns are no array"));
    }
    let mut names: Vec<Box<str>> = Vec::new();
    let mut known: HashSet<Box<str>> = HashSet::new();
    for (_, column) in view.children(array) {
        let mut named = member.is_none().then_some(column);
        if let Some(member) = member
            && view.kind(column) == Kind::Object
        {
            seen.open();
            for (name, value) in view.children(column) {
                if add_name(&view, name, seen)? == member {
                    named = Some(value);
                }
            }
            seen.close();
        }
        let mut scratch = String::new();
        let Some(Scalar::Text(name)) = named.map(|named| view.scalar(named, &mut scratch)) else {
            return Err(refused(column, "a column has no name"));
        };
        if !known.insert(name.into()) {
            return Err(failed(view, column, EditErrorKind::DuplicateName));
        }
        if names.len() == seen.limit() {
            return Err(failed(view, column, EditErrorKind::Limit(Limit::Members)));
        }
        names.push(name.into());
    }
    Ok(names)
}
