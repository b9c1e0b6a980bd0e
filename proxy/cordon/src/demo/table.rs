//! The table: what the backend sends, and what four callers get of it.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use super::ask::{Asker, Reply};
use super::expected::{CALLERS, Caller, Sample};
use super::token;
use crate::Failure;

/// Rows of cells, each with what it must be.
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    title: &'static str,
    path: String,
    backend: String,
    /// One for each caller.
    cells: Vec<Cell>,
}

struct Cell {
    shown: String,
    expected: String,
}

/// What a row looks at.
struct Question {
    title: &'static str,
    path: String,
    shown: fn(&Reply) -> String,
    expected: Box<dyn Fn(&Caller) -> String + Send + Sync>,
}

/// Asks backend and Cordon for every row, as every caller.
pub(super) async fn ask(sample: &Sample, backend: &Asker, cordon: &Asker) -> Result<Table, Failure> {
    let mut rows = Vec::new();
    for question in questions(sample) {
        let from_backend = backend.get(&question.path, token("cordon")).await?;
        let mut cells = Vec::new();
        for caller in &CALLERS {
            let reply = cordon.get(&question.path, token(caller.login)).await?;
            cells.push(Cell { shown: (question.shown)(&reply), expected: (question.expected)(caller) });
        }
        rows.push(Row {
            title: question.title,
            path: question.path,
            backend: (question.shown)(&from_backend),
            cells,
        });
    }
    Ok(Table { rows })
}

fn questions(sample: &Sample) -> Vec<Question> {
    let calls = CALLERS.each_ref().map(|caller| (caller.login, sample.calls(caller)));
    let contacts = CALLERS.each_ref().map(|caller| (caller.login, sample.contacts(caller)));
    let fields = CALLERS.each_ref().map(|caller| (caller.login, sample.call_fields(caller)));
    let rows = CALLERS.each_ref().map(|caller| (caller.login, sample.rows(caller)));
    let cards = CALLERS.each_ref().map(|caller| (caller.login, sample.card(caller)));
    let call = format!("/api/calls/{}", sample.call);
    vec![
        Question {
            title: "calls, and their total",
            path: "/api/calls?per_page=2000".to_owned(),
            shown: |reply| counted(reply, "/data", Some("/meta/total")),
            expected: Box::new(move |caller| {
                let count = of(&calls, caller);
                format!("{count} of {count}")
            }),
        },
        Question {
            title: "rows of the report",
            path: "/api/reports/calls?limit=2000".to_owned(),
            shown: |reply| counted(reply, "/rows", None),
            expected: Box::new(move |caller| count_or_closed(of(&rows, caller))),
        },
        Question {
            title: "contacts",
            path: "/api/contacts?per_page=2000".to_owned(),
            shown: |reply| counted(reply, "/data", None),
            expected: Box::new(move |caller| count_or_closed(of(&contacts, caller))),
        },
        Question {
            title: "queues",
            path: "/api/queues".to_owned(),
            shown: |reply| counted(reply, "/data", None),
            expected: Box::new(|caller| count_or_closed(Sample::queues(caller))),
        },
        Question {
            title: "projects",
            path: "/api/projects".to_owned(),
            shown: |reply| counted(reply, "/data", None),
            expected: Box::new(|caller| Sample::projects(caller).to_string()),
        },
        Question {
            title: "a call of globex: contact fields",
            path: call.clone(),
            shown: |reply| match reply.body.pointer("/data/contact/fields") {
                Some(Value::Object(fields)) => fields.len().to_string(),
                _ => status(reply),
            },
            expected: Box::new({
                let fields = fields.clone();
                move |caller| match of(&fields, caller) {
                    Some(fields) => fields.len().to_string(),
                    None => "404".to_owned(),
                }
            }),
        },
        Question {
            title: "  which, beside name, phone, email",
            path: call.clone(),
            shown: |reply| match reply.body.pointer("/data/contact/fields") {
                Some(Value::Object(fields)) => initials(fields.keys().map(String::as_str)),
                _ => status(reply),
            },
            expected: Box::new(move |caller| match of(&fields, caller) {
                Some(fields) => initials(fields.into_iter()),
                None => "404".to_owned(),
            }),
        },
        Question {
            title: "  its hidden card number",
            path: call,
            shown: |reply| match reply.body.pointer("/data/contact/fields/card") {
                Some(Value::String(card)) => card.clone(),
                _ => status(reply),
            },
            expected: Box::new(move |caller| of(&cards, caller).unwrap_or_else(|| "404".to_owned())),
        },
        Question {
            title: "a call that does not exist",
            path: "/api/calls/999999".to_owned(),
            shown: status,
            expected: Box::new(|_| "404".to_owned()),
        },
    ]
}

impl Table {
    /// How many cells are as they must be.
    ///
    /// # Errors
    /// Every cell that is not, one line each.
    pub(super) fn verify(&self) -> Result<usize, String> {
        let mut wrong = String::new();
        let mut cells = 0;
        for row in &self.rows {
            for (cell, caller) in row.cells.iter().zip(&CALLERS) {
                cells += 1;
                if cell.shown != cell.expected {
                    wrong.push_str(&format!(
                        "error: {} as {}: `{}`, where `{}` is right\n",
                        row.path, caller.login, cell.shown, cell.expected
                    ));
                }
            }
        }
        if wrong.is_empty() { Ok(cells) } else { Err(wrong) }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![vec!["".to_owned(), "backend".to_owned()]];
        lines[0].extend(CALLERS.iter().map(|caller| caller.login.to_owned()));
        let mut who = vec!["".to_owned(), "isolates nothing".to_owned()];
        who.extend(CALLERS.iter().map(|caller| caller.who.to_owned()));
        lines.push(who);
        for row in &self.rows {
            let mut line = vec![row.title.to_owned(), row.backend.clone()];
            line.extend(row.cells.iter().map(|cell| cell.shown.clone()));
            lines.push(line);
        }
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(formatter, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn counted(reply: &Reply, records: &str, total: Option<&str>) -> String {
    let Some(Value::Array(records)) = reply.body.pointer(records) else {
        return status(reply);
    };
    match total {
        Some(total) => match reply.body.pointer(total) {
            Some(total) => format!("{} of {total}", records.len()),
            None => format!("{} of ?", records.len()),
        },
        None => records.len().to_string(),
    }
}

fn count_or_closed(count: Option<usize>) -> String {
    count.map_or_else(|| "403".to_owned(), |count| count.to_string())
}

fn status(reply: &Reply) -> String {
    match reply.status {
        StatusCode::OK => "not there".to_owned(),
        other => other.as_u16().to_string(),
    }
}

/// The first words of field names that not every project has: of `acme_loan_no` and `card`, `acme card`.
fn initials<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let own = names.filter(|name| !["name", "phone", "email"].contains(name));
    let mut words: Vec<&str> =
        own.map(|name| name.split_once('_').map_or(name, |(first, _)| first)).collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

fn of<T: Clone>(values: &[(&'static str, T)], caller: &Caller) -> T {
    let found = values.iter().find(|(login, _)| *login == caller.login).or(values.first());
    found.map(|(_, value)| value.clone()).unwrap_or_else(|| unreachable!("there is a value for each caller"))
}
