//! CSV: what comes out is what the tree oracle leaves of the rows, taken as objects of their columns.

use std::collections::HashSet;
use std::sync::LazyLock;

use cordon_rewrite::EditErrorKind;
use serde_json::{Map, Value};

use crate::agreement::feed_every_way;
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::generate::Selects;
use crate::support::oracle::Oracle;
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../plans/csv.toml"), None));

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        // Other encodings have no naive reader here: they are checked for agreement only.
        if trial.drawn.spec.csv.encoding == "utf-8" {
            check(trial, &outcome);
        }
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let csv = &trial.drawn.spec.csv;
    let sheet = Sheet::read(trial.body, csv.delimiter, &csv.columns);
    let Some(sheet) = sheet.filter(|sheet| sheet.is_what_is_declared(trial)) else {
        assert!(outcome.result.is_err(), "what is no CSV came through: {}", trial.shown());
        return;
    };
    if let Err(error) = &outcome.result {
        let allowed = match error.kind {
            EditErrorKind::Limit(_) => trial.tight || trial.body.len() > 200,
            EditErrorKind::Verdict(_) => trial.body.len() > 200,
            _ => false,
        };
        assert!(allowed, "well-formed CSV was refused: {error}: {}", trial.shown());
        return;
    }
    let judge = trial.judge();
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(trial.drawn, &decide);
    let expected = oracle.edit(&sheet.tree());
    assert_eq!(outcome.report.missing, expected.is_none(), "missing: {}", trial.shown());
    let Some(expected) = expected else {
        assert!(outcome.output.is_empty(), "there is an output, but no answer: {}", trial.shown());
        return;
    };
    let report = &outcome.report;
    let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
    let counted = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
    assert_eq!(counts, counted, "removed, masked, unlisted: {}", trial.shown());
    let rows: Vec<&Map<String, Value>> =
        expected.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    if outcome.output.is_empty() {
        assert!(rows.iter().all(|row| row.is_empty()), "rows were lost: {expected}: {}", trial.shown());
        return;
    }
    if !csv.columns.is_empty() {
        // Nothing tells which columns are left.
        return;
    }
    let found = Sheet::read(&outcome.output, csv.delimiter, &[]);
    let found = found.unwrap_or_else(|| {
        panic!("this is no CSV: {:?}: {}", String::from_utf8_lossy(&outcome.output), trial.shown())
    });
    let rows: Vec<Map<String, Value>> = rows.into_iter().map(|row| found.completed(row, trial)).collect();
    assert_eq!(found.tree(), Value::from(rows), "the oracle's rows are on the right: {}", trial.shown());
}

/// Columns and rows.
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Reads strictly, character by character, or tells that this is no CSV.
    fn read(body: &[u8], delimiter: u8, listed: &[String]) -> Option<Sheet> {
        let text = std::str::from_utf8(body).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.contains(|character: char| character < ' ' && !matches!(character, '\t' | '\r' | '\n')) {
            return None;
        }
        let mut rows = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (row, after) = read_row(rest, char::from(delimiter))?;
            rows.push(row);
            rest = after;
        }
        let columns = if listed.is_empty() {
            let named = !rows.is_empty();
            named.then(|| rows.remove(0))?
        } else {
            listed.to_vec()
        };
        let unique: HashSet<&String> = columns.iter().collect();
        let whole = rows.iter().all(|row| row.len() == columns.len());
        let nameless = |name: &String| name.is_empty() || name.starts_with('\u{feff}');
        let named = !columns.iter().any(nameless) && unique.len() == columns.len();
        (whole && named).then_some(Sheet { columns, rows })
    }

    /// Whether the names tell neither of another delimiter nor of records without any of the keys.
    fn is_what_is_declared(&self, trial: &Trial<'_>) -> bool {
        let has_keys = |set: &crate::support::generate::DrawnSet| {
            let found = set.keys.iter().any(|(path, _)| match &path[0].selects {
                Selects::Name(name) => self.columns.contains(name),
                _ => false,
            });
            found || set.keys.is_empty()
        };
        let text = trial.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(trial.body);
        let other = self.columns.len() == 1
            && trial.drawn.spec.csv.columns.is_empty()
            && !text.starts_with(b"\"")
            && self.columns[0].contains([',', ';', '\t', '|']);
        !other && trial.drawn.sets.iter().all(has_keys)
    }

    /// Rows as objects.
    fn tree(&self) -> Value {
        let object = |row: &Vec<String>| -> Value {
            let cells = self.columns.iter().zip(row);
            cells.map(|(name, cell)| (name.clone(), cell.clone().into())).collect::<Map<_, _>>().into()
        };
        self.rows.iter().map(object).collect()
    }

    /// A row of the oracle with what these columns would show of it: nothing where it has none.
    fn completed(&self, row: &Map<String, Value>, trial: &Trial<'_>) -> Map<String, Value> {
        for name in row.keys() {
            assert!(self.columns.contains(name), "the column {name} was lost: {}", trial.shown());
        }
        let cell = |name: &String| match row.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        self.columns.iter().map(|name| (name.clone(), cell(name).into())).collect()
    }
}

/// The cells of a row, and what stands behind its end.
fn read_row(text: &str, delimiter: char) -> Option<(Vec<String>, &str)> {
    if text.starts_with(['\n', '\r']) {
        return None;
    }
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let cell;
        (cell, rest) = match rest.strip_prefix('"') {
            Some(inner) => read_quoted(inner)?,
            None => {
                let (cell, after) = rest.split_at(rest.find([delimiter, '\r', '\n']).unwrap_or(rest.len()));
                (!cell.contains('"')).then(|| (cell.to_owned(), after))?
            }
        };
        // An apostrophe marks text and is no part of it.
        cells.push(cell.strip_prefix('\'').unwrap_or(&cell).to_owned());
        if let Some(after) = rest.strip_prefix(delimiter) {
            rest = after;
        } else if rest.is_empty() {
            return Some((cells, rest));
        } else {
            let after = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
            return Some((cells, after));
        }
    }
}

/// The text of a cell behind its opening quote, and what stands behind the closing one.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        if part.ends_with('\\') {
            return None;
        }
        cell.push_str(part);
        match after.strip_prefix('"') {
            None => return Some((cell, after)),
            Some(more) => {
                cell.push('"');
                rest = more;
            }
        }
    }
}
