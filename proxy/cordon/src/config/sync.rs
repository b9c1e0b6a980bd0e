//! `[[sync]]`: which routes of the backend list which objects.

use cordon_directory::exchange::Landing;
use cordon_settings::{Problems, Table};
use serde_json_path::JsonPath;

/// One list of the backend.
#[derive(Clone, Debug)]
pub(crate) struct SyncConfig {
    /// The kind of object.
    pub kind: String,
    /// Path and query of the first page.
    pub path: String,
    /// Where the objects are in a page.
    pub records: JsonPath,
    /// Where an object has its id.
    pub id: JsonPath,
    /// Where it has its name.
    pub name: Option<JsonPath>,
    /// Where it has its project, by id or alias.
    pub project: Option<JsonPath>,
    /// How the page after one is found.
    pub paging: Paging,
    /// Where a page tells how many objects there are on all pages.
    pub total: Option<JsonPath>,
    /// Where new objects go that name no project.
    pub land: Landing,
}

/// How the page after one is found.
#[derive(Clone, Debug)]
pub(crate) enum Paging {
    /// There is one page.
    One,
    /// A page tells the address of the next one, and none if it is the last.
    Next(JsonPath),
    /// Pages are numbered from 1 by a query parameter; the first one without objects is behind the last.
    Number(String),
}

pub(super) fn read(document: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<SyncConfig> {
    let mut lists: Vec<SyncConfig> = Vec::new();
    for mut table in document.tables("sync", problems) {
        let span = table.span();
        let list = list(&mut table, problems);
        table.finish(problems);
        let Some(list) = list else { continue };
        if lists.iter().any(|other| other.kind == list.kind) {
            problems
                .at(span, format!("`{}` is listed by two `[[sync]]`", list.kind))
                .help("what one of them does not list would be marked as gone: name one list for each kind");
            continue;
        }
        lists.push(list);
    }
    lists
}

fn list(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<SyncConfig> {
    let kind = table.required("kind", problems);
    if let Some(kind) =
        kind.as_ref().filter(|kind| ["user", "group", "field", "project"].contains(&&*kind.value))
    {
        problems
            .at(kind.span.clone(), format!("`{}` is no kind of object", kind.value))
            .help("lists of objects can be followed, such as those of the kind \"queue\"");
    }
    let path = table.required("path", problems);
    if let Some(path) = path.as_ref().filter(|path| !path.value.starts_with('/')) {
        problems
            .at(path.span.clone(), "`path` is no path")
            .help("write what stands behind the host, such as \"/api/queues\"");
    }
    let records = json_path(table, "records", true, problems);
    let id = json_path(table, "id", true, problems);
    let name = json_path(table, "name", false, problems);
    let project = json_path(table, "project", false, problems);
    let total = json_path(table, "total", false, problems);
    let next = json_path(table, "next", false, problems);
    let number = table.text("page_parameter", problems);
    let paging = match (next, number) {
        (None, None) => Paging::One,
        (Some(next), None) => Paging::Next(next),
        (None, Some(number)) => Paging::Number(number.value),
        (Some(_), Some(number)) => {
            problems
                .at(number.span, "`next` and `page_parameter` are two ways to the next page")
                .help("take one of them out");
            return None;
        }
    };
    let land = match table.text("land", problems) {
        None => Landing::Unassigned,
        Some(text) => match text.value.as_str() {
            "default" => Landing::Default,
            "unassigned" => Landing::Unassigned,
            other => {
                let message = format!("`land` is neither \"default\" nor \"unassigned\": `{other}`");
                problems.at(text.span, message).help("new objects go into the project Default, or into none");
                return None;
            }
        },
    };
    Some(SyncConfig {
        kind: kind?.value,
        path: path?.value,
        records: records?,
        id: id?,
        name,
        project,
        paging,
        total,
        land,
    })
}

pub(super) fn json_path(
    table: &mut Table<'_, '_>,
    key: &'static str,
    required: bool,
    problems: &mut Problems<'_>,
) -> Option<JsonPath> {
    let text = if required { table.required(key, problems) } else { table.text(key, problems) }?;
    JsonPath::parse(&text.value)
        .map_err(|error| {
            problems
                .at(text.span.clone(), format!("`{key}` is no JSONPath (RFC 9535): {error}"))
                .help("write a path such as \"$.data[*]\" or \"$.id\"");
        })
        .ok()
}
