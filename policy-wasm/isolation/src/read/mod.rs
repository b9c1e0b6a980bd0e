//! From the text of the rules to what they say, without yet asking whether it fits together.

mod document;
mod kind;
mod route;
mod suggest;

use std::collections::BTreeMap;

use cordon_policy_sdk::types::{Format, Mask, Problem};
use toml::de::DeTable;

pub(crate) use document::{Place, Problems, Said};
pub(crate) use kind::{Candidate, Kind, Layout, Part, Whose};
pub(crate) use route::{About, Response, Route, Total};
pub(crate) use suggest::nearest;

use document::{Item, Table};

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
    let format = table.optional("format").map(|item| format(&item));
    let mask_hidden = table.optional("mask_hidden").and_then(|item| mask(&mut item.table()?, true));
    let kinds = table.optional("kind").and_then(|item| item.table());
    let kinds = kinds.map(|kinds| kinds.entries()).unwrap_or_default();
    let kinds =
        kinds.into_iter().filter_map(|(name, item)| Some((name.value, Kind::read(item.table()?)))).collect();
    let routes = table.required("route", "without a `[[route]]` every request is refused");
    let routes = routes.map(|item| item.list()).unwrap_or_default();
    let routes = routes.iter().filter_map(|item| Some(Route::read(item.table()?, format))).collect();
    table.finish();
    Ok(Document {
        name: name.unwrap_or_default().to_owned(),
        version: version.unwrap_or_default().to_owned(),
        mask_hidden: mask_hidden.unwrap_or_else(|| Mask::Fixed("****".to_owned())),
        kinds,
        routes,
    })
}

/// A format that this version can edit. One that cannot be read counts as said, so that it is not missed as well.
fn format(item: &Item<'_>) -> Format {
    read_format(item).unwrap_or(Format::Json)
}

fn read_format(item: &Item<'_>) -> Option<Format> {
    match item.text()? {
        "json" => Some(Format::Json),
        later @ ("ndjson" | "csv" | "xml" | "sse") => item
            .wrong(format!("the format `{later}` comes with a later version: only `json` can be edited now")),
        other => item.wrong(format!("the format `{other}` is unknown: write `json`")),
    }
}

/// The mask that a table describes. `whole`: the table describes nothing else.
fn mask(table: &mut Table<'_>, whole: bool) -> Option<Mask> {
    let with = table.required("with", "write `fixed`, `keep-last`, `null` or `hash`");
    let text = table.optional("text");
    let last = table.optional("last");
    let mask = with.as_ref().and_then(|with| match with.text()? {
        "fixed" => match &text {
            Some(text) => text.text().map(|text| Mask::Fixed(text.to_owned())),
            None => with.wrong("a fixed mask needs its text: add `text = \"****\"`"),
        },
        "keep-last" => match &last {
            Some(last) => last.count().map(Mask::KeepLast),
            None => with.wrong("say how many characters are kept: add `last = 4`"),
        },
        "null" => Some(Mask::Null),
        "hash" => Some(Mask::Hash),
        other => {
            with.wrong(format!("the mask `{other}` is unknown: write `fixed`, `keep-last`, `null` or `hash`"))
        }
    });
    if let (Some(text), Some(false)) = (&text, mask.as_ref().map(|mask| matches!(mask, Mask::Fixed(_)))) {
        text.wrong::<()>("only a mask with `fixed` has a text: take it out");
    }
    if let (Some(last), Some(false)) = (&last, mask.as_ref().map(|mask| matches!(mask, Mask::KeepLast(_)))) {
        last.wrong::<()>("only a mask with `keep-last` keeps characters: take it out");
    }
    if whole {
        table.check();
    }
    mask
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
