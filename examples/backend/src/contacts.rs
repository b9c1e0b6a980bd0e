//! What changes a contact.

use http::StatusCode;
use serde_json::Value;

use crate::catalog::FIELDS;
use crate::data::Data;
use crate::render;
use crate::reply::Answer;

/// Puts the values of a JSON object into a contact's fields; null takes one out. Anyone may write any field of anyone.
pub(crate) fn put(data: &mut Data, id: u32, body: &[u8]) -> Answer {
    let Some(contact) = data.contacts.get_mut(&id) else {
        return missing(data, id);
    };
    let Ok(Value::Object(values)) = serde_json::from_slice(body) else {
        return Answer::error(StatusCode::BAD_REQUEST, "bad_json", "the body is not a JSON object");
    };
    for (name, value) in &values {
        let Some(field) = FIELDS.iter().find(|field| field.key == name) else {
            let keys: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
            let message = format!("contact {id} has no field {name}; there are {}", keys.join(", "));
            return Answer::error(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", &message);
        };
        match value {
            Value::Null => _ = contact.fields.remove(field.key),
            Value::String(text) => _ = contact.fields.insert(field.key, text.clone()),
            other => _ = contact.fields.insert(field.key, other.to_string()),
        }
    }
    Answer::json(StatusCode::OK, &render::contact_columns(contact))
}

/// Takes a contact out. Its calls stay.
pub(crate) fn delete(data: &mut Data, id: u32) -> Answer {
    match data.contacts.remove(&id) {
        Some(_) => Answer::empty(),
        None => missing(data, id),
    }
}

/// There is no such contact; and who the nearest one is, which is nobody's business.
pub(crate) fn missing(data: &Data, id: u32) -> Answer {
    let near = data.contacts.range(..id).next_back().or_else(|| data.contacts.iter().next());
    let hint = near.map_or_else(String::new, |(near, contact)| {
        format!("; did you mean {near} ({}, {})?", contact.fields["name"], contact.fields["phone"])
    });
    Answer::error(StatusCode::NOT_FOUND, "not_found", &format!("contact {id} does not exist{hint}"))
}
