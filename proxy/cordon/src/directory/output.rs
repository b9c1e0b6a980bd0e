//! What is printed: aligned columns for people, one JSON document for programs.

use std::io::{self, ErrorKind, Write};

use comfy_table::{ContentArrangement, Table, presets};
use cordon_directory::exchange::{Difference, name_of};
use cordon_directory::{Advice, Change, Key, Record, Violation};
use serde_json::{Value, json};

use crate::Failure;

/// How many lines of a difference are shown to people who did not ask for it.
const LINES: usize = 20;

/// Where a command's output goes, and in which form.
pub(super) struct Output {
    pub(super) json: bool,
}

/// One line of a list, and the same for programs.
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    pub(super) document: Value,
}

impl Output {
    /// Prints a list.
    pub(super) fn list(&self, columns: &[&str], rows: Vec<Row>) -> Result<(), Failure> {
        if self.json {
            return self.document(&Value::Array(rows.into_iter().map(|row| row.document).collect()));
        }
        if rows.is_empty() {
            return print("none\n");
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|column| column.to_uppercase()));
        table.add_rows(rows.into_iter().map(|row| row.cells));
        let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
        // The table leaves a blank before the first column.
        print(
            &lines.map(|line| line.strip_prefix(' ').map_or(line.clone(), str::to_owned)).collect::<String>(),
        )
    }

    /// Prints one thing: a name and a value on each line, or the document.
    pub(super) fn one(&self, lines: &[(&str, String)], document: &Value) -> Result<(), Failure> {
        if self.json {
            return self.document(document);
        }
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        print(&lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect::<String>())
    }

    /// Prints a document for programs.
    pub(super) fn document(&self, document: &Value) -> Result<(), Failure> {
        print(&format!("{document:#}\n"))
    }

    /// Prints what came of a change. Warnings go to standard error, where people see them and programs are not
    /// disturbed.
    pub(super) fn changed(
        &self,
        number: u64,
        changes: &[Change],
        warnings: &[String],
    ) -> Result<(), Failure> {
        if self.json {
            return self.document(&json!({
                "change": number,
                "changes": documents(changes),
                "warnings": warnings,
            }));
        }
        if changes.is_empty() {
            print("nothing changed: it is so already\n")?;
        } else {
            let shown = Difference(&changes[..changes.len().min(LINES)]).to_string();
            let more = changes.len().saturating_sub(LINES);
            let more = if more > 0 { format!("… and {more} more\n") } else { String::new() };
            print(&format!("{shown}{more}change {number}\n"))?;
        }
        warn(warnings);
        Ok(())
    }

    /// Prints what would come of a change.
    pub(super) fn planned(&self, changes: &[Change], warnings: &[String]) -> Result<(), Failure> {
        if self.json {
            return self.document(&json!({
                "dry_run": true,
                "changes": documents(changes),
                "warnings": warnings,
            }));
        }
        print(&Difference(changes).to_string())?;
        print(&format!("{} would change; nothing was changed\n", count(changes.len(), "record")))?;
        warn(warnings);
        Ok(())
    }

    /// Why a change is refused: everything that is wrong with it.
    pub(super) fn refused(&self, violations: &[Violation]) -> Failure {
        if self.json {
            let violation = |violation: &Violation| {
                json!({
                    "record": document_of_key(&violation.key),
                    "property": violation.property,
                    "entry": violation.entry,
                    "message": violation.message,
                    "help": violation.help,
                })
            };
            let refused: Vec<Value> = violations.iter().map(violation).collect();
            return Failure::wrong(format!("{:#}", json!({ "refused": refused })));
        }
        let line = |violation: &Violation| {
            format!("error: {}: {}\n  help: {}\n", name_of(&violation.key), violation.message, violation.help)
        };
        let lines: String = violations.iter().map(line).collect();
        Failure::wrong(format!("{lines}nothing was changed"))
    }
}

/// Prints to standard output. A reader who has seen enough is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("error: cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

/// What advice says, for people.
pub(super) fn sentences(advice: &[Advice]) -> Vec<String> {
    advice.iter().map(|advice| advice.message.clone()).collect()
}

/// A record as the log keeps it.
pub(super) fn document_of(record: &Record) -> Value {
    // What `to_json` writes is JSON.
    serde_json::from_str(&record.to_json()).unwrap_or_default()
}

/// A key for programs.
pub(super) fn document_of_key(key: &Key) -> Value {
    match key.of.is_empty() {
        true => json!({ "kind": key.kind.name(), "id": key.id }),
        false => json!({ "kind": key.kind.name(), "of": key.of, "id": key.id }),
    }
}

/// Changes for programs.
pub(super) fn documents(changes: &[Change]) -> Vec<Value> {
    let document = |change: &Change| {
        json!({
            "record": document_of_key(&change.key),
            "before": change.before.as_ref().map(document_of),
            "after": change.after.as_ref().map(document_of),
        })
    };
    changes.iter().map(document).collect()
}

/// A list in a cell; a dash for none.
pub(super) fn listed<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|entry| entry.as_ref().to_owned()).collect();
    if entries.is_empty() { "–".to_owned() } else { entries.join(", ") }
}

/// A number of things.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn warn(warnings: &[String]) {
    let lines: String = warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    // Who cannot be warned cannot be told that either.
    _ = io::stderr().write_all(lines.as_bytes());
}
