//! What the rules say of how a body is written.

use cordon_policy_sdk::types::{Columns, ColumnsPlace, Csv, Format};

use super::document::{Item, Table, listed};
use super::{nearest, path};

/// The format of a body, and how CSV is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) format: Option<Format>,
    pub(crate) csv: Option<Csv>,
}

impl Written {
    /// Reads `format` and `csv` as they hold for all routes.
    pub(super) fn read(table: &mut Table<'_>) -> Written {
        let format = table.optional("format").map(|item| format(&item));
        let csv = table.optional("csv").and_then(|item| csv(item.table()?));
        Written { format, csv }
    }

    /// Reads what a route says; where it says nothing, what holds for all holds for it.
    pub(super) fn of_route(table: &mut Table<'_>, all: &Written) -> Written {
        let own = table.optional("csv");
        let format = table.optional("format").map(|item| format(&item)).or(all.format);
        if let (Some(item), true) = (&own, format.is_some_and(|format| format != Format::Csv)) {
            item.wrong::<()>(
                "only a body that is CSV is written so: say `format = \"csv\"`, or take this out",
            );
        }
        let csv = own.and_then(|item| csv(item.table()?)).or_else(|| all.csv.clone());
        Written { format, csv: csv.filter(|_| format == Some(Format::Csv)) }
    }

    /// Whether another format than JSON is said.
    pub(super) fn is_no_json(&self) -> bool {
        self.format.is_some_and(|format| format != Format::Json)
    }
}

const FORMATS: [(&str, Format); 5] = [
    ("json", Format::Json),
    ("ndjson", Format::Ndjson),
    ("csv", Format::Csv),
    ("xml", Format::Xml),
    ("sse", Format::Sse),
];

/// A format. One that cannot be read counts as said, so that it is not missed as well.
fn format(item: &Item<'_>) -> Format {
    item.text().and_then(|name| known(item, "format", name, &FORMATS)).unwrap_or(Format::Json)
}

/// How CSV is written.
fn csv(mut table: Table<'_>) -> Option<Csv> {
    let delimiter = match table.optional("delimiter") {
        None => Some(','),
        Some(item) => match item.text()? {
            "," => Some(','),
            ";" => Some(';'),
            "\t" => Some('\t'),
            _ => item.wrong("cells are parted by `,`, `;` or a tab: write \",\", \";\" or \"\\t\""),
        },
    };
    let columns = table.optional("columns").map(|item| names(&item)).unwrap_or_default();
    let encoding = match table.optional("encoding") {
        None => Some("utf-8"),
        Some(item) => {
            let label = item.text()?;
            known(&item, "encoding", label, &ENCODINGS.map(|label| (label, label)))
        }
    };
    table.finish();
    Some(Csv { delimiter: delimiter?, columns, encoding: encoding?.to_owned() })
}

/// Labels of the WHATWG Encoding Standard: UTF-8, and those of one byte for each character.
const ENCODINGS: [&str; 29] = [
    "utf-8",
    "ibm866",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
];

/// How the values of rows are named.
pub(super) fn columns(item: &Item<'_>) -> Option<Columns> {
    if item.is_list() {
        return Some(Columns::Listed(names(item)));
    }
    if item.is_text() {
        return match item.text()? {
            "first-row" => Some(Columns::FirstRow),
            other => item.wrong(format!("`columns = \"{other}\"` is unknown: {COLUMNS}")),
        };
    }
    let mut table = item.table()?;
    let place = table.required("path", "say where the array of names is, such as \"$.columns\"");
    let found = place.as_ref().and_then(path);
    if let (Some(place), Some(false)) = (&place, found.as_ref().map(|found| found.value.is_singular())) {
        place.wrong::<()>("the names stand in one array: use names and indices only, no `[*]` and no `..`");
    }
    let name = table.optional("name").and_then(|item| item.text()).map(str::to_owned);
    table.finish();
    Some(Columns::At(ColumnsPlace { path: found?.value.to_string(), name }))
}

const COLUMNS: &str = "list the names, write `first-row`, or say where they are: { path = \"$.columns\" }";

/// Names of columns, each of them once.
fn names(item: &Item<'_>) -> Vec<String> {
    let names = item.texts();
    if names.is_empty() && item.is_list() {
        item.wrong::<()>("no column is named: list the names, or take this out");
    }
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|other| other.value == name.value) {
            let message = format!("two columns are named `{}`: give each a name of its own", name.value);
            item.problems.add(&name.place, message);
        }
    }
    names.into_iter().map(|name| name.value).collect()
}

/// Names that are not too many to be told.
const FEW: usize = 8;

/// What a name stands for. Of a few names all are told, of many the nearest.
fn known<T: Copy>(item: &Item<'_>, what: &str, name: &str, known: &[(&'static str, T)]) -> Option<T> {
    if let Some((_, found)) = known.iter().find(|(known, _)| *known == name) {
        return Some(*found);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let near = nearest(name, names.iter().copied()).filter(|_| names.len() > FEW);
    let advice = match near {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("known are {}", listed(&names)),
    };
    item.wrong(format!("the {what} `{name}` is unknown: {advice}"))
}
