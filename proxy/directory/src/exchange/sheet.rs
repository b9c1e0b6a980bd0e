//! Users, fields and objects as CSV.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problems, nearest, quoted};

use super::Sheet;
use super::cells::{guarded, join, split, unguarded};
use super::export::plain;
use super::import::Incoming;
use crate::file::Written;
use crate::model::{DEFAULT_FIELD_KIND, Field, Key, Object, Projects, Record, User};

const USERS: [&str; 7] = ["login", "name", "aliases", "groups", "roles", "projects", "subjects"];
const FIELDS: [&str; 7] = ["kind", "key", "name", "projects", "system", "hidden", "unique"];
const OBJECTS: [&str; 5] = ["kind", "id", "name", "projects", "gone"];

impl Sheet {
    /// What a CSV text holds, by the columns that its first row names.
    pub fn of(text: &str) -> Option<Sheet> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let names = reader.headers().ok()?;
        let has = |name: &str| names.iter().any(|column| column.trim() == name);
        [(Sheet::Users, "login"), (Sheet::Fields, "key"), (Sheet::Objects, "id")]
            .into_iter()
            .find(|(_, column)| has(column))
            .map(|(sheet, _)| sheet)
    }

    /// The columns, in the order in which they are written.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Sheet::Users => &USERS,
            Sheet::Fields => &FIELDS,
            Sheet::Objects => &OBJECTS,
        }
    }

    /// The columns without which nobody knows what a row is about.
    fn required(self) -> &'static [&'static str] {
        match self {
            Sheet::Users => &["login"],
            Sheet::Fields => &["key"],
            Sheet::Objects => &["kind", "id"],
        }
    }
}

pub(super) fn users(records: &[Record]) -> String {
    write(&USERS, records, |record| match record {
        Record::User(user) => vec![
            user.login.to_string(),
            user.name.clone(),
            join(plain(&user.aliases)),
            join(plain(&user.groups)),
            join(plain(&user.roles)),
            join(plain(&user.projects)),
            join(plain(&user.subjects)),
        ],
        _ => Vec::new(),
    })
}

pub(super) fn fields(records: &[Record]) -> String {
    write(&FIELDS, records, |record| match record {
        Record::Field(field) => vec![
            field.kind.to_string(),
            field.key.to_string(),
            field.name.clone(),
            join(plain(&field.projects)),
            yes(field.system),
            yes(field.hidden),
            yes(field.unique),
        ],
        _ => Vec::new(),
    })
}

pub(super) fn objects(records: &[Record]) -> String {
    write(&OBJECTS, records, |record| match record {
        Record::Object(object) => vec![
            object.kind.to_string(),
            object.id.to_string(),
            object.name.as_deref().unwrap_or_default().to_owned(),
            join(plain(&object.projects)),
            yes(object.gone),
        ],
        _ => Vec::new(),
    })
}

fn yes(flag: bool) -> String {
    if flag { "yes".to_owned() } else { String::new() }
}

fn write(columns: &[&str], records: &[Record], cells: impl Fn(&Record) -> Vec<String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let wrote = "writing to memory does not fail, and every row has the same columns";
    writer.write_record(columns).expect(wrote);
    for record in records {
        let cells = cells(record);
        writer.write_record(cells.iter().map(|cell| guarded(cell).into_owned())).expect(wrote);
    }
    let bytes = writer.into_inner().expect(wrote);
    String::from_utf8(bytes).expect("texts were written")
}

/// What a sheet says: its rows, and which columns it has.
pub(super) struct Rows {
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Incoming>,
}

/// Reads a sheet. `text` begins at `begin` of the file.
pub(super) fn read(sheet: Sheet, text: &str, begin: usize, problems: &mut Problems<'_>) -> Rows {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let head = begin..begin + text.find('\n').unwrap_or(text.len());
    let Some(positions) = header(sheet, &mut reader, &head, problems) else {
        return Rows { columns: Vec::new(), rows: Vec::new() };
    };
    let columns: Vec<&'static str> = positions.iter().map(|(name, _)| *name).collect();
    let width = reader.headers().map_or(0, csv::StringRecord::len);
    let mut rows = Vec::new();
    let mut seen: HashMap<Key, u64> = HashMap::new();
    let mut record = csv::StringRecord::new();
    loop {
        let place = |position: Option<&csv::Position>| -> Range<usize> {
            let offset =
                position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
            // The reader counts the end of the row before as the beginning of a row.
            let rest = text.get(offset..).unwrap_or_default();
            let offset = offset + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
            let length = text.get(offset..).and_then(|rest| rest.find(['\r', '\n']));
            begin + offset..begin + length.map_or(text.len(), |length| offset + length)
        };
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                problems.at(place(error.position()), format!("this is not CSV: {error}"));
                break;
            }
        }
        let span = place(record.position());
        if record.len() != width {
            let message = format!("the row has {} cells, and the first one {width}", record.len());
            problems.at(span, message).help("a cell with a comma in it stands in quotes");
            continue;
        }
        let mut row = Row { record: &record, positions: &positions, span: span.clone(), problems };
        let Some(read) = row.read(sheet) else { continue };
        let line = record.position().map_or(0, csv::Position::line);
        if let Some(first) = seen.insert(read.key(), line) {
            let message = format!("there is a {} already, on line {first}", read.key());
            problems.at(span, message).help("take one of them out, or choose another id");
            continue;
        }
        rows.push(Incoming::record(read, span, Written::default()));
    }
    Rows { columns, rows }
}

/// Where the columns are.
fn header(
    sheet: Sheet,
    reader: &mut csv::Reader<&[u8]>,
    place: &Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<Vec<(&'static str, usize)>> {
    let names = match reader.headers() {
        Ok(names) => names,
        Err(error) => {
            problems.at(place.clone(), format!("this is not CSV: {error}"));
            return None;
        }
    };
    if names.len() == 1 && names.get(0).is_some_and(|name| name.contains(';')) {
        let message = "the cells are separated by semicolons";
        problems
            .at(place.clone(), message)
            .help("save it with commas; semicolons separate texts in one cell");
        return None;
    }
    let mut positions: Vec<(&'static str, usize)> = Vec::new();
    let mut wrong = false;
    for (position, name) in names.iter().enumerate() {
        let known = sheet.columns().iter().find(|known| **known == name.trim());
        match known {
            Some(known) if positions.iter().any(|(earlier, _)| earlier == known) => {
                problems.at(place.clone(), format!("the column `{known}` is there twice"));
                wrong = true;
            }
            Some(known) => positions.push((known, position)),
            None => {
                let help = match nearest(name, sheet.columns().iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("columns are {}", quoted(sheet.columns())),
                };
                problems
                    .at(place.clone(), format!("there is no column `{}`", name.escape_debug()))
                    .help(help);
                wrong = true;
            }
        }
    }
    for required in sheet.required() {
        if !positions.iter().any(|(name, _)| name == required) {
            let message = format!("the first row does not name the column `{required}`");
            problems.at(place.clone(), message).help("the first row has the columns' names");
            wrong = true;
        }
    }
    (!wrong).then_some(positions)
}

struct Row<'r, 'p, 'text> {
    record: &'r csv::StringRecord,
    positions: &'r [(&'static str, usize)],
    span: Range<usize>,
    problems: &'p mut Problems<'text>,
}

impl Row<'_, '_, '_> {
    /// The record of the row, with the usual values for columns that are not there.
    fn read(&mut self, sheet: Sheet) -> Option<Record> {
        let found = match sheet {
            Sheet::Users => self.user().map(Record::User),
            Sheet::Fields => self.field().map(Record::Field),
            Sheet::Objects => self.object().map(Record::Object),
        };
        if found.is_none() {
            let names = quoted(sheet.required());
            self.problems.at(self.span.clone(), format!("the row has nothing under {names}"));
        }
        found
    }

    fn user(&mut self) -> Option<User> {
        let login = self.text("login")?;
        let name = self.text("name").unwrap_or_else(|| login.clone());
        Some(User {
            aliases: self.list("aliases"),
            groups: self.list("groups"),
            roles: self.list("roles"),
            projects: self.projects(),
            subjects: self.list("subjects"),
            ..User::new(&login, &name)
        })
    }

    fn field(&mut self) -> Option<Field> {
        let key = self.text("key")?;
        Some(Field {
            kind: self.text("kind").map_or_else(|| DEFAULT_FIELD_KIND.into(), Into::into),
            name: self.text("name").unwrap_or_else(|| key.clone()),
            projects: self.projects(),
            system: self.flag("system"),
            hidden: self.flag("hidden"),
            unique: self.flag("unique"),
            key: key.into(),
        })
    }

    fn object(&mut self) -> Option<Object> {
        let (kind, id) = (self.text("kind")?, self.text("id")?);
        let name = self.text("name").map(Into::into);
        Some(Object { name, projects: self.projects(), gone: self.flag("gone"), ..Object::new(&kind, &id) })
    }

    fn cell(&self, column: &str) -> &str {
        let position = self.positions.iter().find(|(name, _)| *name == column).map(|(_, position)| *position);
        unguarded(position.and_then(|position| self.record.get(position)).unwrap_or_default())
    }

    fn text(&self, column: &str) -> Option<String> {
        let cell = self.cell(column).trim();
        (!cell.is_empty()).then(|| cell.to_owned())
    }

    fn list(&mut self, column: &'static str) -> Vec<Arc<str>> {
        match split(self.cell(column)) {
            Ok(texts) => texts.into_iter().map(Into::into).collect(),
            Err(wrong) => {
                let help = "write lists as `acme; globex`";
                self.problems.at(self.span.clone(), format!("`{column}`: {wrong}")).help(help);
                Vec::new()
            }
        }
    }

    fn projects(&mut self) -> Projects {
        let listed = self.list("projects");
        for (position, id) in listed.iter().enumerate() {
            if listed[..position].contains(id) {
                let message = format!("the project `{id}` is named twice");
                self.problems.at(self.span.clone(), message).help("take one out");
            }
        }
        listed.into_iter().collect()
    }

    fn flag(&mut self, column: &'static str) -> bool {
        match self.cell(column).trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => true,
            "" | "no" | "false" | "0" => false,
            _ => {
                let message = format!("`{column}` is neither `yes` nor `no`");
                self.problems.at(self.span.clone(), message).help("an empty cell is `no`");
                false
            }
        }
    }
}

/// The record that a row makes of the one that is there: columns that the sheet has not stay as they are.
pub(super) fn merged(row: Record, there: Option<Record>, columns: &[&str]) -> Record {
    let given = |column: &str| columns.contains(&column);
    match (row, there) {
        (Record::User(row), Some(Record::User(there))) => Record::User(User {
            login: there.login,
            name: if given("name") { row.name } else { there.name },
            aliases: if given("aliases") { row.aliases } else { there.aliases },
            groups: if given("groups") { row.groups } else { there.groups },
            roles: if given("roles") { row.roles } else { there.roles },
            projects: if given("projects") { row.projects } else { there.projects },
            subjects: if given("subjects") { row.subjects } else { there.subjects },
        }),
        (Record::Field(row), Some(Record::Field(there))) => Record::Field(Field {
            kind: there.kind,
            key: there.key,
            name: if given("name") { row.name } else { there.name },
            projects: if given("projects") { row.projects } else { there.projects },
            system: if given("system") { row.system } else { there.system },
            hidden: if given("hidden") { row.hidden } else { there.hidden },
            unique: if given("unique") { row.unique } else { there.unique },
        }),
        (Record::Object(row), Some(Record::Object(there))) => Record::Object(Object {
            kind: there.kind,
            id: there.id,
            name: if given("name") { row.name } else { there.name },
            projects: if given("projects") { row.projects } else { there.projects },
            gone: if given("gone") { row.gone } else { there.gone },
        }),
        (row, _) => row,
    }
}
