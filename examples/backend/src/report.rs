//! The report: a call log with totals.

use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::PROJECTS;
use crate::data::Data;
use crate::query::Query;
use crate::render;
use crate::reply::Answer;

/// Calls from `from` to `to` (RFC 3339 or a beginning of it, both inclusive), of one project if `project` names it by
/// number, code or name, `limit` of them at the most.
pub(crate) fn calls(data: &Data, query: &Query) -> Answer {
    let project = query.get("project").map(|name| {
        PROJECTS.iter().find(|row| row.name == name || row.code == name || row.id.to_string() == name)
    });
    if let Some(None) = project {
        let names: Vec<&str> = PROJECTS.iter().map(|row| row.name).collect();
        let message = format!("no such project; there are {}", names.join(", "));
        return Answer::error(StatusCode::UNPROCESSABLE_ENTITY, "unknown_project", &message);
    }
    let project = project.flatten();
    let (from, to) = (query.get("from").unwrap_or(""), query.get("to").unwrap_or("9"));
    let calls: Vec<_> = data
        .calls
        .values()
        .filter(|call| project.is_none_or(|row| row.code == call.project))
        .filter(|call| {
            call.started_at.as_str() >= from
                && (call.started_at.as_str() <= to || call.started_at.starts_with(to))
        })
        .take(query.number("limit", 100, 1..=2_000))
        .collect();
    let seconds: u32 = calls.iter().map(|call| call.duration_seconds).sum();
    let contacts = calls.iter().filter(|call| call.contact.is_some()).count();
    let rows: Vec<Value> = calls.iter().map(|call| render::report_row(data, call)).collect();
    Answer::json(
        StatusCode::OK,
        &json!({
            "report": "calls",
            "rows": rows,
            "totals": { "calls": rows.len(), "talk_seconds": seconds, "with_contact": contacts },
        }),
    )
}
