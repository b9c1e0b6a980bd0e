//! What the rules say of a kind of record.

use cordon_policy_sdk::types::{Columns, Mask};

use super::document::{Item, Place, Said, Table};
use super::format::columns;
use super::mask::mask;
use super::{path, paths};
use crate::path::Path;

/// A kind of record.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) place: Place,
    pub(crate) project: Option<Said<Whose>>,
    /// Where strings of it hold JSON.
    pub(crate) embedded: Vec<Said<Path>>,
    pub(crate) keep: Vec<Said<Path>>,
    pub(crate) keep_all: Vec<Said<Path>>,
    pub(crate) expect: Vec<Said<Path>>,
    pub(crate) mask: Vec<MaskedPath>,
    pub(crate) fields: Vec<Fields>,
    pub(crate) parts: Vec<Part>,
    pub(crate) tile: Option<Said<Vec<Said<Path>>>>,
}

/// Whose a record is.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// That of the first of these places that holds something (D23).
    Candidates(Vec<Said<Candidate>>),
    /// Of everybody who is in a project (D15).
    Caller,
    /// Of everybody.
    Everyone,
    /// Of whoever the record around it is.
    Outer,
}

/// A place that tells a record's project.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// How many records outwards the path begins.
    pub(crate) up: u32,
    pub(crate) path: Path,
    /// The directory's kind of object that stands there.
    pub(crate) object: String,
}

/// A value that is masked.
#[derive(Debug)]
pub(crate) struct MaskedPath {
    pub(crate) path: Said<Path>,
    pub(crate) mask: Mask,
    /// For everybody, not only without the right.
    pub(crate) always: bool,
}

/// Where a kind keeps contact fields.
#[derive(Debug)]
pub(crate) struct Fields {
    /// The directory's kind of field.
    pub(crate) of: String,
    pub(crate) at: Path,
    pub(crate) layout: Layout,
}

/// How the fields lie at their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The members of an object of their own.
    Members,
    /// Members beside others.
    Columns {
        /// Where in a field its value lies, if not in the field itself (H30).
        value: Option<Path>,
        /// Further places in a field.
        also: Vec<Path>,
    },
    /// Entries of an array (H30).
    Entries {
        /// The member with the field's name.
        name: String,
        /// The member with its value.
        value: String,
        /// Further members.
        also: Vec<String>,
    },
}

/// Records in a body or in a record.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) path: Said<Path>,
    pub(crate) kind: Said<String>,
    /// The records are rows whose values have these names (H30).
    pub(crate) columns: Option<Said<Columns>>,
    /// Instead of the kind's own.
    pub(crate) project: Option<Said<Whose>>,
    pub(crate) sole: Option<Said<bool>>,
}

impl Kind {
    /// Reads `[kind.NAME]`.
    pub(super) fn read(mut table: Table<'_>) -> Kind {
        let project = table.optional("project").map(|item| whose(&item));
        let embedded = paths(&mut table, "embedded");
        let keep = paths(&mut table, "keep");
        let keep_all = paths(&mut table, "keep_all");
        let expect = paths(&mut table, "expect");
        let mask = each(&mut table, "mask", MaskedPath::read);
        let fields = each(&mut table, "fields", Fields::read);
        let parts = each(&mut table, "records", |table| Part::read(table, false));
        let tile = table.optional("tile");
        let tile = tile.map(|item| item.saying(item.list().iter().filter_map(path).collect()));
        let place = table.place.clone();
        table.finish();
        Kind { place, project, embedded, keep, keep_all, expect, mask, fields, parts, tile }
    }
}

/// Reads the tables of an array under a key.
pub(super) fn each<'a, T>(
    table: &mut Table<'a>,
    key: &'static str,
    read: impl Fn(Table<'a>) -> Option<T>,
) -> Vec<T> {
    let items = table.optional(key).map(|item| item.list()).unwrap_or_default();
    items.iter().filter_map(|item| read(item.table()?)).collect()
}

impl MaskedPath {
    fn read(mut table: Table<'_>) -> Option<MaskedPath> {
        let path = table.required("path", "say which value is masked").and_then(|item| path(&item));
        let mask = mask(&mut table, false);
        let always = table.optional("always").and_then(|item| item.flag()).unwrap_or(false);
        table.finish();
        Some(MaskedPath { path: path?, mask: mask?, always })
    }
}

impl Fields {
    fn read(mut table: Table<'_>) -> Option<Fields> {
        let of = table.required("of", "name the directory's kind of field, such as \"contact\"");
        let of = of.and_then(|item| item.text());
        let at =
            table.required("at", "say where the fields are, such as \"$.fields\", or \"$\" for the record");
        let at = at.and_then(|item| path(&item));
        let layout = table.required("as", LAYOUTS).and_then(|item| match item.text()? {
            "members" => Some(Layout::Members),
            "columns" => Some(Fields::columns(&mut table)),
            "entries" => Fields::entries(&mut table),
            other => item.wrong(format!("fields `as = \"{other}\"` are unknown: {LAYOUTS}")),
        });
        table.finish();
        Some(Fields { of: of?.to_owned(), at: at?.value, layout: layout? })
    }

    fn columns(table: &mut Table<'_>) -> Layout {
        let value = table.optional("value").and_then(|item| path(&item)).map(|said| said.value);
        let also = paths(table, "also");
        if let (None, Some(said)) = (&value, also.first()) {
            let advice = "add `value`, the path from a field to its value";
            table
                .problems
                .add(&said.place, format!("nothing lies in a field that is its value itself: {advice}"));
        }
        Layout::Columns { value, also: also.into_iter().map(|said| said.value).collect() }
    }

    fn entries(table: &mut Table<'_>) -> Option<Layout> {
        let name = table.required("name", "name the member of an entry that holds the field's name");
        let name = name.and_then(|item| item.text());
        let value = table.required("value", "name the member of an entry that holds the field's value");
        let value = value.and_then(|item| item.text());
        let also = table.optional("also").map(|item| item.texts()).unwrap_or_default();
        let also = also.into_iter().map(|said| said.value).collect();
        Some(Layout::Entries { name: name?.to_owned(), value: value?.to_owned(), also })
    }
}

const LAYOUTS: &str = "write `members` (an object of their own), `columns` (members beside others) or `entries` \
                       (an array of name and value)";

impl Part {
    /// Reads an element of `records`. `outermost`: of a route.
    pub(super) fn read(mut table: Table<'_>, outermost: bool) -> Option<Part> {
        let place = table.required("path", "say where the records are, such as \"$.data[*]\"");
        let path = place.and_then(|item| path(&item));
        let kind = table.required("kind", "name their kind").and_then(|item| item.said());
        let columns = table.optional("columns").and_then(|item| Some(item.saying(columns(&item)?)));
        let project = table.optional("project").map(|item| whose(&item));
        let sole = if outermost { table.optional("sole") } else { None };
        let sole = sole.and_then(|item| Some(item.saying(item.flag()?)));
        table.finish();
        Some(Part { path: path?, kind: kind?, columns, project, sole })
    }
}

/// Reads `project`. What cannot be read belongs to nobody, so that no further mistake follows from it.
fn whose(item: &Item<'_>) -> Said<Whose> {
    if !item.is_text() {
        let candidates = if item.is_list() { item.list() } else { Vec::new() };
        if candidates.is_empty() {
            item.wrong::<()>(format!("no place is named: {WHOSE}"));
        }
        return item.saying(Whose::Candidates(candidates.iter().filter_map(candidate).collect()));
    }
    item.saying(match item.text() {
        Some("caller") => Whose::Caller,
        Some("everyone") => Whose::Everyone,
        Some("outer") => Whose::Outer,
        other => {
            if let Some(other) = other {
                item.wrong::<()>(format!("`project = \"{other}\"` is unknown: {WHOSE}"));
            }
            Whose::Candidates(Vec::new())
        }
    })
}

const WHOSE: &str = "list the places that tell the record's project, such as [\"$.project_id\"], or write `caller`, \
                     `everyone` or `outer`";

fn candidate(item: &Item<'_>) -> Option<Said<Candidate>> {
    if item.is_text() {
        return anchored(item, "project".to_owned());
    }
    let mut table = item.table()?;
    let path = table.required("path", "say where the object's id is");
    let object = table.required("object", "name the directory's kind of object, such as \"queue\"");
    let object = object.and_then(|item| item.text());
    table.finish();
    anchored(&path?, object?.to_owned())
}

fn anchored(item: &Item<'_>, object: String) -> Option<Said<Candidate>> {
    match Path::parse_from(item.text()?) {
        Ok((_, path)) if !path.is_singular() => {
            item.wrong("a project stands at one place: use names and indices only, no `[*]` and no `..`")
        }
        Ok((up, path)) => Some(item.saying(Candidate { up, path, object })),
        Err(mistake) => item.wrong(mistake),
    }
}
