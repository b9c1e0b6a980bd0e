//! What the rules say of the messages that a client may send over a WebSocket.

use super::document::{Item, Place, Table};
use crate::path::Path;

/// The key for messages that are no JSON documents.
const TEXT: &str = "text";
/// What stands where every value may.
const ANY: &str = "any";

/// A shape that a client's message may have.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// What it may hold, and nothing else.
    pub(crate) places: Vec<(String, Values)>,
}

/// What may stand at a place of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// Whatever it is, and it may be missing.
    Any,
    /// One of these, and it must be there.
    These(Vec<String>),
}

/// Reads `messages`. Each has a place whose values are listed, by which it is told from others.
pub(super) fn messages(table: &mut Table<'_>, websocket: bool, request_pass: bool) -> Vec<Message> {
    let Some(item) = table.optional("messages") else {
        return Vec::new();
    };
    if !websocket {
        item.wrong::<()>(
            "only over a WebSocket are there messages: add `websocket = true`, or take this out",
        );
    }
    if request_pass {
        item.wrong::<()>("with `request = \"pass\"` every message of a client passes: take one of them out");
    }
    item.list().iter().filter_map(message).collect()
}

fn message(item: &Item<'_>) -> Option<Message> {
    let table = item.table()?;
    let mut places = Vec::new();
    for (name, item) in table.entries() {
        let place = if name.value == TEXT {
            Some(name.value.clone())
        } else {
            place(&name.value, &name.place, &item)
        };
        if let (Some(place), Some(values)) = (place, values(&item)) {
            if place == TEXT && values == Values::Any {
                item.wrong::<()>("of messages that are no JSON each one is listed: write [\"ping\"]");
            }
            places.push((place, values));
        }
    }
    if !places.iter().any(|(_, values)| matches!(values, Values::These(_))) {
        let advice = "list the values of one of its places, such as \"$.type\" = [\"subscribe\"]";
        item.wrong::<()>(format!("nothing tells this message from others: {advice}"));
    }
    Some(Message { places })
}

/// The normal form of a path of names and `[*]`.
fn place(name: &str, at: &Place, item: &Item<'_>) -> Option<String> {
    let message = match Path::parse(name) {
        Ok(path) if !path.descends() && !path.has_index() => return Some(path.to_string()),
        Ok(_) => {
            "a place in a message is told by names and `[*]`: write \"$.type\" or \"$.ids[*]\"".to_owned()
        }
        Err(mistake) => mistake,
    };
    item.problems.add(at, message);
    None
}

fn values(item: &Item<'_>) -> Option<Values> {
    if item.is_text() {
        return match item.text()? {
            ANY => Some(Values::Any),
            _ => item.wrong("list the values, as in [\"subscribe\"], or write \"any\""),
        };
    }
    let values: Vec<String> = item.texts().into_iter().map(|said| said.value).collect();
    if values.is_empty() && item.is_list() {
        item.wrong::<()>("no value is listed: list one, or write \"any\"");
    }
    Some(Values::These(values))
}
