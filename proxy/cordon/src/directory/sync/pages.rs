//! Pages of a list: fetched, read, and counted.

use std::collections::HashSet;

use cordon_directory::exchange::Listed;
use cordon_gateway::Documents;
use http::Uri;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::strict::Strict;
use crate::config::{Paging, SyncConfig};

/// The most that one page may be, in bytes.
const PAGE: usize = 64 << 20;

/// The most pages that a list may have.
const PAGES: usize = 100_000;

/// All objects of a list.
///
/// # Errors
/// What is wrong, in words that go on after the list's name. A list of which a part is wrong is no list.
pub(super) async fn read(
    documents: &Documents,
    backend: &Uri,
    list: &SyncConfig,
) -> Result<Vec<Listed>, String> {
    let mut objects = Vec::new();
    let mut asked = HashSet::new();
    let mut total = None;
    let mut next = Some(match &list.paging {
        Paging::Number(parameter) => numbered(&list.path, parameter, 1),
        Paging::One | Paging::Next(_) => list.path.clone(),
    });
    while let Some(target) = next.take() {
        let wrong = |what: String| format!("page {target}: {what}");
        if asked.len() == PAGES {
            return Err(wrong(format!("it has more than {PAGES} pages")));
        }
        if !asked.insert(target.clone()) {
            return Err(wrong("it leads back to a page that was read already".to_owned()));
        }
        let page = documents.get(&target, PAGE).await.map_err(|error| wrong(error.to_string()))?;
        let Strict(page) =
            serde_json::from_slice(&page).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
        let found = on_page(list, &page).map_err(wrong)?;
        if let Some(path) = &list.total {
            total = Some(counted(path, &page).map_err(wrong)?);
        }
        next = match &list.paging {
            Paging::One => None,
            Paging::Next(path) => following(path, &page, &target, backend).map_err(wrong)?,
            Paging::Number(parameter) => {
                (!found.is_empty()).then(|| numbered(&list.path, parameter, asked.len() + 1))
            }
        };
        objects.extend(found);
    }
    let distinct = objects.iter().map(|listed: &Listed| listed.id.as_str()).collect::<HashSet<_>>().len();
    match total {
        Some(total) if total != distinct => {
            Err(format!("all pages: they have {distinct} objects, and say that there are {total}"))
        }
        _ => Ok(objects),
    }
}

/// The objects of one page.
fn on_page(list: &SyncConfig, page: &Value) -> Result<Vec<Listed>, String> {
    let records = list.records.query(page).all();
    if records.is_empty() && !has_container(&list.records, page) {
        return Err(format!("there is nothing at `records`, {}, not even an empty list", list.records));
    }
    records.into_iter().enumerate().map(|(position, record)| object(list, position, record)).collect()
}

fn object(list: &SyncConfig, position: usize, record: &Value) -> Result<Listed, String> {
    let number = position + 1;
    let id = scalar(&list.id, record)
        .ok_or_else(|| format!("object {number} has no one text or whole number at `id`, {}", list.id))?
        .ok_or_else(|| format!("object {number} has null at `id`, {}", list.id))?;
    let optional = |path: &Option<JsonPath>, setting: &str| match path {
        None => Ok(None),
        Some(path) if path.query(record).is_empty() => Ok(None),
        Some(path) => scalar(path, record)
            .map(|text| text.filter(|text| !text.trim().is_empty()))
            .ok_or_else(|| format!("object {number} has no one text or whole number at `{setting}`, {path}")),
    };
    Ok(Listed { id, name: optional(&list.name, "name")?, project: optional(&list.project, "project")? })
}

/// The one text or whole number at a path, or null. None if there is something else, nothing, or more than one.
fn scalar(path: &JsonPath, record: &Value) -> Option<Option<String>> {
    match path.query(record).exactly_one().ok()? {
        Value::String(text) => Some(Some(text.clone())),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(Some(number.to_string())),
        Value::Null => Some(None),
        _ => None,
    }
}

/// Whether the list that the records would stand in is there: `$.data` of `$.data[*]`.
fn has_container(records: &JsonPath, page: &Value) -> bool {
    let text = records.to_string();
    let container = text.strip_suffix("[*]").or_else(|| text.strip_suffix(".*"));
    let container = container.and_then(|container| JsonPath::parse(container).ok());
    container.is_some_and(|path| path.query(page).all().iter().any(|value| value.is_array()))
}

fn counted(path: &JsonPath, page: &Value) -> Result<usize, String> {
    let number = scalar(path, page).flatten().and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("there is no number at `total`, {path}"))
}

/// The path and query of the page after one. None if it is the last.
fn following(path: &JsonPath, page: &Value, now: &str, backend: &Uri) -> Result<Option<String>, String> {
    let told = match path.query(page).all().as_slice() {
        [] | [Value::Null] => return Ok(None),
        [Value::String(text)] if text.is_empty() => return Ok(None),
        [Value::String(text)] => text.as_str(),
        _ => return Err(format!("there is no address at `next`, {path}")),
    };
    if told.starts_with('?') {
        let path = now.split('?').next().unwrap_or_default();
        return Ok(Some(format!("{path}{told}")));
    }
    // `//host/…` would be another host's.
    if told.starts_with('/') && !told.starts_with("//") {
        return Ok(Some(told.to_owned()));
    }
    let url: Uri = told.parse().map_err(|_| format!("the address at `next`, {path}, is none"))?;
    if url.scheme() != backend.scheme() || url.authority() != backend.authority() {
        return Err(format!("the address at `next`, {path}, is not the backend's, and not followed"));
    }
    let target = url.path_and_query().map(ToString::to_string).unwrap_or_default();
    // The backend's own path is put before every target.
    let prefix = backend.path().trim_end_matches('/');
    match target.strip_prefix(prefix) {
        Some(rest) if rest.starts_with('/') => Ok(Some(rest.to_owned())),
        _ => Err(format!("the address at `next`, {path}, is not under the backend's path {prefix}")),
    }
}

fn numbered(path: &str, parameter: &str, number: usize) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}={number}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).expect("a path")
    }

    #[test]
    fn the_next_page_is_the_backends() {
        let backend: Uri = "https://crm.internal:9443/legacy".parse().expect("a URL");
        let next = |told: Value| following(&path("$.next"), &json!({ "next": told }), "/q?page=1", &backend);
        assert_eq!(next(json!(null)), Ok(None));
        assert_eq!(next(json!("")), Ok(None));
        assert_eq!(next(json!("?page=2")), Ok(Some("/q?page=2".to_owned())));
        assert_eq!(next(json!("/q?page=2")), Ok(Some("/q?page=2".to_owned())));
        assert_eq!(
            next(json!("https://crm.internal:9443/legacy/q?page=2")),
            Ok(Some("/q?page=2".to_owned()))
        );
        for elsewhere in [
            "https://evil.example/legacy/q",
            "http://crm.internal:9443/legacy/q",
            "https://crm.internal/legacy/q",
            "//evil.example/q",
            "https://crm.internal:9443/legacy-not/q",
            "https://user@crm.internal:9443/legacy/q",
        ] {
            assert!(next(json!(elsewhere)).is_err(), "{elsewhere}");
        }
        assert!(next(json!(7)).is_err());
        assert_eq!(following(&path("$.next"), &json!({}), "/q", &backend), Ok(None));
    }

    #[test]
    fn only_texts_and_whole_numbers_are_ids() {
        let id = path("$.id");
        for (value, read) in
            [(json!("7"), Some(Some("7"))), (json!(7), Some(Some("7"))), (json!(null), Some(None))]
        {
            assert_eq!(scalar(&id, &json!({ "id": value })), read.map(|text| text.map(str::to_owned)));
        }
        for value in [json!(7.5), json!(true), json!([7]), json!({})] {
            assert_eq!(scalar(&id, &json!({ "id": value })), None);
        }
        assert_eq!(scalar(&path("$.*"), &json!([1, 2])), None);
    }

    #[test]
    fn an_empty_list_is_there_and_a_missing_one_is_not() {
        let records = path("$.data[*]");
        assert!(has_container(&records, &json!({ "data": [] })));
        for page in [json!({}), json!({ "error": [] }), json!({ "data": null }), json!({ "data": {} })] {
            assert!(!has_container(&records, &page), "{page}");
        }
    }
}
