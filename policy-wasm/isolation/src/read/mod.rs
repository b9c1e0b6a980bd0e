//! From the text of the rules to what they say, without yet asking whether it fits together.

mod document;
mod format;
mod kind;
mod mask;
mod message;
mod route;
mod suggest;

use std::collections::BTreeMap;

use cordon_policy_sdk::types::{Mask, Problem};
use toml::de::DeTable;

pub(crate) use document::{Place, Problems, Said};
pub(crate) use kind::{Candidate, Kind, Layout, Part, Whose};
pub(crate) use message::{Message, Values};
pub(crate) use route::{About, Response, Route, Total};
pub(crate) use suggest::nearest;

use document::{Item, Table};
use format::Written;
use mask::mask;

use crate::path::Path;

/// What the rules say.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) mask_hidden: Mask,
    pub(crate) kinds: BTreeMap<String, Kind>,
    pub(crate) routes: Vec<Route>,
}

/// Reads the rules, noting every mistake. What could not be read is left out of the document.
///
/// # Errors
/// The text is not TOML: nothing more can be said of it.
pub(crate) fn document(text: &str, problems: &Problems) -> Result<Document, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let syntax = Problems::default();
        for error in errors {
            let reason = error.message().replace('\n', ", ");
            syntax.add(&Place::text(error.span()), format!("this is not TOML: {reason}"));
        }
        return Err(syntax.into_vec());
    }
    let mut table = Table::new(Place::document(), root.get_ref(), problems);
    let name = table.required("name", "give the policy a name").and_then(|item| item.text());
    let version = table.required("version", "give the rules a version, a string such as \"1\"");
    let version = version.and_then(|item| item.text());
    let written = Written::read(&mut table);
    let mask_hidden = table.optional("mask_hidden").and_then(|item| mask(&mut item.table()?, true));
    let kinds = table.optional("kind").and_then(|item| item.table());
    let kinds = kinds.map(|kinds| kinds.entries()).unwrap_or_default();
    let kinds =
        kinds.into_iter().filter_map(|(name, item)| Some((name.value, Kind::read(item.table()?)))).collect();
    let routes = table.required("route", "without a `[[route]]` every request is refused");
    let routes = routes.map(|item| item.list()).unwrap_or_default();
    let routes = routes.iter().filter_map(|item| Some(Route::read(item.table()?, &written))).collect();
    table.finish();
    Ok(Document {
        name: name.unwrap_or_default().to_owned(),
        version: version.unwrap_or_default().to_owned(),
        mask_hidden: mask_hidden.unwrap_or_else(|| Mask::Fixed("****".to_owned())),
        kinds,
        routes,
    })
}

/// A path from the record or the body.
fn path(item: &Item<'_>) -> Option<Said<Path>> {
    match Path::parse(item.text()?) {
        Ok(path) => Some(item.saying(path)),
        Err(mistake) => item.wrong(mistake),
    }
}

/// The paths that stand in an array under a key.
fn paths(table: &mut Table<'_>, key: &'static str) -> Vec<Said<Path>> {
    let items = table.optional(key).map(|item| item.list()).unwrap_or_default();
    items.iter().filter_map(path).collect()
}
