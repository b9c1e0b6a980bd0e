//! Pages in the order of keys, without sorting what is not on the page.

use std::collections::BinaryHeap;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::json;
use crate::problem::{Fault, Problem};
use crate::query::Query;

/// Items on a page unless the caller says otherwise.
pub(crate) const USUAL: usize = 50;

/// Items on a page at the most.
pub(crate) const MOST: usize = 500;

/// What a list is ordered by: the kind, where ids are unique within one, and the id.
pub(crate) type Place<'a> = (&'a str, &'a str);

/// Which page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    /// The page begins after this.
    pub(crate) after: Option<(String, String)>,
    /// Where the next page is, but for the cursor.
    path: String,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// In the order of their keys.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(query: &mut Query) -> Page {
        let limit = query.limit();
        let after = query.take("cursor").and_then(|cursor| {
            let place = decode(&cursor);
            if place.is_none() {
                query.fault(
                    Fault::of("cursor", "cursor", "this is no cursor of an answer")
                        .help("send the `next` of the page before, or begin without a cursor"),
                );
            }
            place
        });
        Page { limit, after, path: query.without("cursor") }
    }

    /// The items of this page in order, and whether there are more: one pass over the list, which holds no more of it
    /// than the page.
    pub(crate) fn select<'a, T>(
        &self,
        items: impl Iterator<Item = (Place<'a>, T)>,
    ) -> (Vec<(Place<'a>, T)>, bool) {
        let after = self.after.as_ref().map(|(of, id)| (of.as_str(), id.as_str()));
        let mut heap: BinaryHeap<Candidate<'a, T>> = BinaryHeap::with_capacity(self.limit + 2);
        for (place, item) in items.filter(|(place, _)| after.is_none_or(|after| *place > after)) {
            if heap.len() <= self.limit {
                heap.push(Candidate { place, item });
            } else if let Some(mut greatest) = heap.peek_mut()
                && place < greatest.place
            {
                *greatest = Candidate { place, item };
            }
        }
        let more = heap.len() > self.limit;
        let mut sorted = heap.into_sorted_vec();
        sorted.truncate(self.limit);
        (sorted.into_iter().map(|candidate| (candidate.place, candidate.item)).collect(), more)
    }

    /// The answer with this page of a list.
    pub(crate) fn answer<'a, T, V: Serialize>(
        &self,
        items: impl Iterator<Item = (Place<'a>, T)>,
        view: impl Fn(T) -> V,
    ) -> Response {
        let (page, more) = self.select(items);
        let next = page.last().filter(|_| more).map(|((of, id), _)| encode(of, id));
        self.list(page.into_iter().map(|(_, item)| view(item)).collect(), next)
    }

    /// The answer with these items, and the cursor of what comes after them.
    pub(crate) fn list<V: Serialize>(&self, items: Vec<V>, next: Option<String>) -> Response {
        let link = next.as_ref().map(|next| {
            let separator = if self.path.contains('?') { '&' } else { '?' };
            format!("<{}{separator}cursor={next}>; rel=\"next\"", self.path)
        });
        let mut response = json(&List { items, next }).into_response();
        if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

/// The cursor that stands after a place.
pub(crate) fn encode(of: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{of}\0{id}"))
}

fn decode(cursor: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.split_once('\0').map(|(of, id)| (of.to_owned(), id.to_owned()))
}

/// An item that may be on the page; compared by its place alone.
struct Candidate<'a, T> {
    place: Place<'a>,
    item: T,
}

impl<T> PartialEq for Candidate<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<T> Eq for Candidate<'_, T> {}

impl<T> PartialOrd for Candidate<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Candidate<'_, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

/// Makes an answer that takes looking through a directory, which may be large, where nobody waits for it but the caller.
pub(crate) async fn blocking(make: impl FnOnce() -> Response + Send + 'static) -> Result<Response, Problem> {
    tokio::task::spawn_blocking(make).await.map_err(|error| {
        tracing::error!(%error, "a list was not made");
        let detail = "Something went wrong here. The operator finds more in the log.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal-error", detail)
    })
}

/// Refuses a query in which something is wrong.
pub(crate) fn checked(query: Query) -> Result<(), Problem> {
    let faults = query.finish();
    if faults.is_empty() { Ok(()) } else { Err(Problem::query(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: usize, after: Option<(&str, &str)>) -> Page {
        let after = after.map(|(of, id)| (of.to_owned(), id.to_owned()));
        Page { limit, after, path: String::new() }
    }

    #[test]
    fn pages_put_together_are_the_sorted_list() {
        let mut ids: Vec<String> =
            (0..3001).map(|number: u32| format!("{:x}", number * 7919 % 3001)).collect();
        for limit in [1, 7, 500, 3000, 3001, 5000] {
            let mut seen: Vec<String> = Vec::new();
            loop {
                let after = seen.last().map(|id| ("", id.as_str()));
                let (items, more) = page(limit, after).select(ids.iter().map(|id| (("", id.as_str()), id)));
                assert!(items.len() <= limit);
                let items: Vec<String> = items.into_iter().map(|(_, id)| id.clone()).collect();
                seen.extend(items);
                if !more {
                    break;
                }
            }
            ids.sort_unstable();
            assert_eq!(seen, ids, "{limit}");
        }
    }

    #[test]
    fn a_cursor_is_the_place_it_was_made_of() {
        for (of, id) in [("", ""), ("queue", "a/б\u{1f600}"), ("contact", "x")] {
            assert_eq!(decode(&encode(of, id)), Some((of.to_owned(), id.to_owned())));
        }
        for cursor in ["", "=", "AA==", "????", "YWJj"] {
            assert_eq!(decode(cursor), None, "{cursor}");
        }
    }
}
