//! Queues, scripts, autodialers, lists, forms, users, projects and fields as JSON.

use serde_json::{Value, json};

use crate::catalog::{
    AUTODIALERS, FIELDS, FORMS, FieldRow, LISTS, ObjectRow, PROJECTS, ProjectRow, QUEUES, SCRIPTS, USERS,
    UserRow,
};

/// All objects that a route lists; none if there is no such route.
pub(crate) fn list(route: &str) -> Option<Vec<Value>> {
    Some(match route {
        "queues" => QUEUES.iter().map(queue).collect(),
        "scripts" => SCRIPTS.iter().map(script).collect(),
        "autodialers" => AUTODIALERS.iter().map(autodialer).collect(),
        "lists" => LISTS.iter().map(contact_list).collect(),
        "forms" => FORMS.iter().map(form).collect(),
        "users" => USERS.iter().map(user).collect(),
        "projects" => PROJECTS.iter().map(project).collect(),
        "fields" => FIELDS.iter().map(field).collect(),
        _ => return None,
    })
}

fn queue(row: &ObjectRow) -> Value {
    let members: Vec<u32> = members(row.projects).map(|user| user.id).collect();
    json!({
        "id": row.id,
        "name": row.name,
        "strategy": if row.id.is_multiple_of(2) { "longest-idle" } else { "round-robin" },
        "max_wait_seconds": 30 + row.id,
        "members": members,
        "sip": { "account": format!("q{}", row.id), "secret": format!("s3cr3t-{}", row.id * 7) },
    })
}

fn script(row: &ObjectRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "version": row.id % 5 + 1,
        "steps": [
            { "say": "Good day, this is {operator}.", "next": 2 },
            { "say": "May I ask you a question?", "next": null },
        ],
        "author": { "id": 603, "login": "adam" },
    })
}

fn autodialer(row: &ObjectRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "mode": if row.id.is_multiple_of(2) { "progressive" } else { "predictive" },
        "lines": row.id % 7 + 2,
        "running": !row.id.is_multiple_of(3),
        "trunk": { "provider": "sip.carrier.example", "password": format!("trunk-{}", row.id) },
    })
}

fn contact_list(row: &ObjectRow) -> Value {
    json!({ "id": row.id, "name": row.name, "imported_from": format!("{}.csv", row.name.to_lowercase()) })
}

fn form(row: &ObjectRow) -> Value {
    let bound =
        FIELDS.iter().filter(|field| field.projects.iter().any(|project| row.projects.contains(project)));
    let questions: Vec<Value> =
        bound.map(|field| json!({ "text": format!("{}?", field.label), "field": field.key })).collect();
    json!({ "id": row.id, "name": row.name, "questions": questions })
}

fn user(row: &UserRow) -> Value {
    json!({
        "id": row.id,
        "login": row.login,
        "name": row.name,
        "extension": row.id.to_string(),
        "password_hash": format!("$2y$10${:022}", row.id),
        "api_token": format!("legacy-{}", row.id * 31),
    })
}

fn project(row: &ProjectRow) -> Value {
    let queues = QUEUES.iter().filter(|queue| queue.projects.contains(&row.code));
    let queues: Vec<Value> = queues.map(|queue| json!({ "id": queue.id, "name": queue.name })).collect();
    json!({
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "description": row.description,
        "contract": { "hourly_rate": row.hourly_rate, "currency": "EUR" },
        "operators": members(&[row.code]).count(),
        "queues": queues,
    })
}

fn field(row: &FieldRow) -> Value {
    json!({ "id": row.id, "key": row.key, "label": row.label, "type": "text" })
}

/// The operators of some projects.
fn members(projects: &[&str]) -> impl Iterator<Item = &'static UserRow> {
    USERS.iter().filter(move |user| user.projects.iter().any(|project| projects.contains(project)))
}
