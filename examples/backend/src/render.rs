//! Calls and contacts as JSON, each in the form that its route happens to have.

use serde_json::{Map, Value, json};

use crate::catalog::{FIELDS, ObjectRow, PROJECTS, QUEUES, USERS};
use crate::data::{Attribution, Call, Contact, Data};

/// A call with its contact, whose fields are members of an object.
pub(crate) fn call(data: &Data, call: &Call) -> Value {
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    put("id", json!(call.id));
    put("started_at", json!(call.started_at));
    put("direction", json!(call.direction));
    put("result", json!(call.result));
    put("duration_seconds", json!(call.duration_seconds));
    match call.attribution {
        Attribution::Project { project, queue } => {
            put("project_id", json!(project));
            put("queue", json!({ "id": queue, "name": name_of(&QUEUES, queue) }));
        }
        Attribution::Queue(queue) => {
            put("project_id", Value::Null);
            put("queue", json!({ "id": queue, "name": name_of(&QUEUES, queue) }));
        }
        Attribution::Autodialer(autodialer) => {
            put("queue", Value::Null);
            put("autodialer_id", json!(autodialer));
        }
        Attribution::Script(script) => {
            put("script_id", json!(script));
        }
    }
    put("operator", json!({ "id": call.operator, "name": user_name(call.operator) }));
    put("caller_number", json!(call.number));
    let contact = call.contact.and_then(|id| data.contacts.get(&id));
    put(
        "contact",
        contact.map_or(Value::Null, |contact| json!({ "id": contact.id, "fields": contact.fields })),
    );
    put("recording_url", json!(format!("/api/calls/{}/recording", call.id)));
    put("notes", json!(format!("{}; ring back on {}", call.result, call.number)));
    put("billing", json!({ "cost": cents(call.duration_seconds), "rate": rate(call.project) }));
    Value::Object(record)
}

/// A contact whose fields are name/value entries, beside three of them as columns.
pub(crate) fn contact_entries(contact: &Contact) -> Value {
    let custom: Vec<Value> = FIELDS
        .iter()
        .skip(SYSTEM_COLUMNS)
        .filter_map(|field| {
            let value = contact.fields.get(field.key)?;
            Some(json!({ "name": field.key, "label": field.label, "value": value }))
        })
        .collect();
    let mut record = system_columns(contact);
    record.insert("custom".to_owned(), Value::Array(custom));
    Value::Object(record)
}

/// A contact whose fields are columns, those without a value too.
pub(crate) fn contact_columns(contact: &Contact) -> Value {
    let mut record = system_columns(contact);
    for field in FIELDS.iter().skip(SYSTEM_COLUMNS) {
        record.insert(field.key.to_owned(), json!(contact.fields.get(field.key)));
    }
    Value::Object(record)
}

/// A row of the report: the call, and its contact in columns.
pub(crate) fn report_row(data: &Data, call: &Call) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("call_id", json!(call.id));
    put("started_at", json!(call.started_at));
    match call.attribution {
        Attribution::Project { project, .. } => put("project", json!(project_name(project))),
        Attribution::Queue(queue) => put("queue_id", json!(queue)),
        Attribution::Autodialer(autodialer) => put("autodialer_id", json!(autodialer)),
        Attribution::Script(script) => put("script_id", json!(script)),
    };
    put("result", json!(call.result));
    put("duration_seconds", json!(call.duration_seconds));
    put("operator", json!(user_name(call.operator)));
    put("cost", json!(cents(call.duration_seconds)));
    if let Some(contact) = call.contact.and_then(|id| data.contacts.get(&id)) {
        put("contact_id", json!(contact.id));
        for (key, value) in &contact.fields {
            put(key, json!(value));
        }
    }
    Value::Object(row)
}

/// The name of an object; empty if there is none of this id.
pub(crate) fn name_of(objects: &[ObjectRow], id: u32) -> &'static str {
    objects.iter().find(|row| row.id == id).map_or("", |row| row.name)
}

/// How many of the fields are columns on every route.
const SYSTEM_COLUMNS: usize = 3;

fn system_columns(contact: &Contact) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("id".to_owned(), json!(contact.id));
    record.insert("list_ids".to_owned(), json!(contact.lists));
    for field in &FIELDS[..SYSTEM_COLUMNS] {
        record.insert(field.key.to_owned(), json!(contact.fields.get(field.key)));
    }
    record.insert("created_by".to_owned(), json!("import"));
    record
}

fn user_name(id: u32) -> &'static str {
    USERS.iter().find(|user| user.id == id).map_or("", |user| user.name)
}

fn project_name(id: u32) -> &'static str {
    PROJECTS.iter().find(|project| project.id == id).map_or("", |project| project.name)
}

fn rate(code: &str) -> &'static str {
    PROJECTS.iter().find(|project| project.code == code).map_or("", |project| project.hourly_rate)
}

/// What a call costs: half a cent a second, as text, since such software does.
fn cents(seconds: u32) -> String {
    format!("{}.{:03}", seconds * 5 / 1_000, seconds * 5 % 1_000)
}
