//! Tables and plans for them, drawn from a string of bytes, and how what is left of them is written.

use cordon_rewrite as rewrite;
use rewrite::{Action, BodyPlan, Csv, Format, Mask, Masked, Names};
use serde_json::{Map, Value};

use super::generate::{Drawn, DrawnSet, Selects, Source, Step, spec_edits, spec_set};

/// A cell, or a column's name.
#[derive(Clone, Debug)]
pub struct Cell {
    /// As it stands in the table.
    pub written: String,
    /// What it means.
    pub value: String,
}

/// A table. Cells are UTF-8 here, whatever it is encoded in.
#[derive(Debug)]
pub struct Table {
    pub names: Vec<Cell>,
    pub rows: Vec<Vec<Cell>>,
    /// The end of the header and of each row.
    ends: Vec<&'static str>,
    delimiter: char,
    has_header: bool,
    has_mark: bool,
    latin: bool,
}

const NAMES: [&str; 7] = ["a", "b", "c", "name", "n-1", "é x", "'q"];
const VALUES: [&str; 12] =
    ["", "a", "b", "acme", "+49 30 1234567", "é\"\"x", "1,5", "x;y\tz", "1\n2\r\n3", "'acme", "''+1", "\""];
const MASKS: [&str; 5] = ["####", "=1+1", "-", "x,\"y\"", " # "];

impl Table {
    pub fn draw(source: &mut Source<'_>) -> Table {
        let delimiter = [',', ';', '\t'][source.below(3)];
        let has_header = source.below(4) > 0;
        let latin = source.below(4) == 3;
        let has_mark = !latin && source.below(4) == 3;
        let width = 1 + source.below(5);
        let from = source.below(NAMES.len());
        let names = (0..width).map(|column| {
            let name = NAMES[(from + column) % NAMES.len()];
            match has_header {
                true => Cell::draw(name, delimiter, source),
                false => Cell { written: String::new(), value: value_of(name) },
            }
        });
        let names: Vec<Cell> = names.collect();
        let height = source.below(7);
        let rows: Vec<Vec<Cell>> = (0..height)
            .map(|_| {
                let cell = |_| Cell::draw(VALUES[source.below(VALUES.len())], delimiter, source);
                let mut row: Vec<Cell> = (0..width).map(cell).collect();
                if width == 1 && row[0].written.is_empty() {
                    row[0].written = "\"\"".to_owned();
                }
                row
            })
            .collect();
        let mut ends: Vec<&str> = (0..=height).map(|_| ["\n", "\r\n"][source.below(2)]).collect();
        if source.below(3) == 2 {
            ends[height] = "";
        }
        Table { names, rows, ends, delimiter, has_header, has_mark, latin }
    }

    /// The body.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = if self.has_mark { "\u{feff}" } else { "" }.to_owned();
        let header = self.has_header.then_some(&self.names);
        let ends = if self.has_header { &self.ends[..] } else { &self.ends[1..] };
        for (cells, end) in header.into_iter().chain(&self.rows).zip(ends) {
            let cells: Vec<&str> = cells.iter().map(|cell| &*cell.written).collect();
            text.push_str(&cells.join(&self.delimiter.to_string()));
            text.push_str(end);
        }
        self.encode(&text)
    }

    /// The rows as objects.
    pub fn body(&self) -> Value {
        let row = |row: &Vec<Cell>| self.object(row.iter().map(|cell| cell.value.clone()));
        self.rows.iter().map(row).collect()
    }

    /// More rows than a plan speaks of by their indices.
    pub fn probe(&self) -> Value {
        (0..4).map(|_| self.object(self.names.iter().map(|_| "x".to_owned()))).collect()
    }

    fn object(&self, cells: impl Iterator<Item = String>) -> Value {
        let members = self.names.iter().zip(cells);
        Value::Object(members.map(|(name, cell)| (name.value.clone(), cell.into())).collect::<Map<_, _>>())
    }

    /// The first rows as objects.
    pub fn beginning(&self, rows: usize) -> Value {
        self.body().as_array().unwrap()[..rows].iter().cloned().collect()
    }

    /// Writes what is left of the rows, `left` telling of each whether anything is.
    pub fn write(&self, remains: &Value, left: &[bool], shown: &[bool]) -> Vec<u8> {
        let Value::Array(remains) = remains else {
            return Vec::new();
        };
        let columns: Vec<usize> = (0..shown.len()).filter(|&column| shown[column]).collect();
        if columns.is_empty() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        if self.has_header {
            let names = columns.iter().map(|&column| self.names[column].written.clone()).collect();
            lines.push((names, self.ends[0]));
        }
        let rows = self.rows.iter().zip(&self.ends[1..]).zip(left).filter(|(_, left)| **left);
        for (((row, end), _), left) in rows.zip(remains) {
            let cell = |&column: &usize| match left.get(&self.names[column].value) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) if *text == row[column].value => row[column].written.clone(),
                Some(Value::String(text)) => self.masked(text, column),
                Some(other) => other.to_string(),
            };
            lines.push((columns.iter().map(cell).collect::<Vec<_>>(), *end));
        }
        let ended = self.ends.last().is_some_and(|end| !end.is_empty());
        let mut text = String::new();
        let last = lines.len();
        for (place, (cells, end)) in lines.into_iter().enumerate() {
            let line = cells.join(&self.delimiter.to_string());
            text.push_str(if line.is_empty() { "\"\"" } else { &line });
            text.push_str(if place + 1 < last || ended { end } else { "" });
        }
        self.encode(&text)
    }

    fn masked(&self, text: &str, column: usize) -> String {
        let formula = text.starts_with(['=', '+', '-', '@']);
        let text = if formula { format!("'{text}") } else { text.to_owned() };
        let quoted = self.has_header && self.names[column].written.starts_with('"');
        let special = text.contains(['"', ',', ';', '\t', '\r', '\n']);
        if quoted || special || text.trim_matches(' ') != text {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        match self.latin {
            true => text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect(),
            false => text.as_bytes().to_vec(),
        }
    }
}

impl Cell {
    /// A cell that means a text, in quotes if it must be or by chance. Quotes are doubled in it already.
    fn draw(content: &str, delimiter: char, source: &mut Source<'_>) -> Cell {
        let must = content.contains([delimiter, '"', '\r', '\n']);
        let content = if content == "\"" { "\"\"" } else { content };
        let written = match must || source.below(4) == 3 {
            true => format!("\"{content}\""),
            false => content.to_owned(),
        };
        Cell { written, value: value_of(&content.replace("\"\"", "\"")) }
    }
}

/// What a text means without the apostrophe that marks it as such.
fn value_of(text: &str) -> String {
    text.strip_prefix('\'').unwrap_or(text).to_owned()
}

/// A plan for a table.
pub fn plan(source: &mut Source<'_>, table: &Table) -> Drawn {
    let mut sets = Vec::new();
    for index in 0..source.below(3) {
        let sole = source.below(8) == 7;
        let selects = match (index, sole) {
            (0, false) => Selects::All,
            _ => Selects::Index(source.below(3)),
        };
        sets.push(DrawnSet {
            within: None,
            path: vec![Step { descends: false, selects }],
            keys: (0..source.below(3)).map(|_| (vec![name(source)], 0)).collect(),
            profiles: (0..=source.below(3)).map(|_| edits(source, false)).collect(),
            sole,
        });
    }
    let outside = edits(source, true);
    let names: Vec<String> = table.names.iter().map(|name| name.value.clone()).collect();
    let csv = Csv {
        delimiter: u8::try_from(table.delimiter).unwrap(),
        columns: if table.has_header { Vec::new() } else { names },
        encoding: if table.latin { "latin1" } else { "utf-8" }.to_owned(),
    };
    let spec = BodyPlan {
        format: Format::Csv,
        csv,
        outside: spec_edits(&outside),
        sets: sets.iter().map(spec_set).collect(),
        ..BodyPlan::default()
    };
    Drawn { spec, outside, sets }
}

/// The same plan for a body that may lack any record.
pub fn without_sole(drawn: &Drawn) -> Drawn {
    let set = |set: &DrawnSet| DrawnSet {
        within: None,
        path: set.path.clone(),
        keys: set.keys.clone(),
        profiles: set.profiles.clone(),
        sole: false,
    };
    let sets = drawn.sets.iter().map(set).collect();
    Drawn { spec: drawn.spec.clone(), outside: drawn.outside.clone(), sets }
}

fn name(source: &mut Source<'_>) -> Step {
    let selects = Selects::Name(value_of(NAMES[source.below(NAMES.len())]));
    Step { descends: false, selects }
}

fn edits(source: &mut Source<'_>, outside: bool) -> Vec<(Vec<Step>, Action)> {
    let edit = |source: &mut Source<'_>| {
        let row = match source.below(4) {
            _ if !outside => None,
            3 => Some(Selects::Index(source.below(3))),
            _ => Some(Selects::All),
        };
        let mut path: Vec<Step> = row.map(|selects| Step { descends: false, selects }).into_iter().collect();
        match source.below(8) {
            0..4 => path.push(name(source)),
            4 => path.push(Step { descends: false, selects: Selects::All }),
            5 => path = vec![Step { descends: true, ..name(source) }],
            6 => path.clear(),
            _ => {}
        }
        (path, action(source))
    };
    (0..source.below(5)).map(|_| edit(source)).collect()
}

fn action(source: &mut Source<'_>) -> Action {
    match source.below(8) {
        0..2 => Action::Keep,
        2..4 => Action::KeepAll,
        4 => Action::Remove,
        5 => Action::Mask(mask(source)),
        _ => {
            let mut names = Names::default();
            for name in NAMES.map(value_of) {
                match source.below(6) {
                    0..3 => names.keep.push(name),
                    3 => names.mask.push(Masked { name, mask: mask(source) }),
                    4 => names.remove.push(name),
                    _ => {}
                }
            }
            Action::Only(names)
        }
    }
}

fn mask(source: &mut Source<'_>) -> Mask {
    match source.below(5) {
        0 => Mask::Null,
        1 => Mask::Fixed(MASKS[source.below(MASKS.len())].to_owned()),
        2 => Mask::KeepLast(u32::try_from(source.below(4)).unwrap()),
        3 => Mask::Hash,
        _ => Mask::Own(u32::try_from(source.below(2)).unwrap()),
    }
}

/// The rows of a body with commas, read a byte at a time, or where it is found to be none.
pub fn read(body: &[u8]) -> Result<Vec<Vec<String>>, usize> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut start = 0;
    while start < body.len() {
        let mut cells = Vec::new();
        let mut cell = Vec::new();
        let mut at = start;
        let end;
        'row: loop {
            // A cell begins.
            if body.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    match body.get(at) {
                        None => return Err(at),
                        Some(b'"') if body.get(at + 1) == Some(&b'"') => at += 1,
                        Some(b'"') => break,
                        Some(..b' ') if !matches!(body[at], b'\t' | b'\r' | b'\n') => return Err(at),
                        Some(_) => {}
                    }
                    cell.push(body[at]);
                    at += 1;
                }
                at += 1;
                if !matches!(body.get(at), None | Some(b',' | b'\r' | b'\n')) {
                    return Err(at);
                }
            }
            loop {
                let behind = at;
                match body.get(at) {
                    None => {}
                    Some(b',') => {
                        cells.push(std::mem::take(&mut cell));
                        at += 1;
                        if rows.first().is_some_and(|first| first.len() == cells.len()) {
                            return Err(behind);
                        }
                        continue 'row;
                    }
                    Some(b'\r') if body.get(at + 1) == Some(&b'\n') => at += 2,
                    Some(b'\r') => return Err(at + 1),
                    Some(b'\n') => at += 1,
                    Some(b'"') => return Err(at),
                    Some(..b' ') if body[at] != b'\t' => return Err(at),
                    Some(_) => {
                        cell.push(body[at]);
                        at += 1;
                        continue;
                    }
                }
                cells.push(std::mem::take(&mut cell));
                end = behind;
                break 'row;
            }
        }
        if let Err(error) = std::str::from_utf8(&body[start..at]) {
            return Err(start + error.valid_up_to());
        }
        if start == end {
            return Err(start);
        }
        if rows.first().is_some_and(|first| first.len() > cells.len()) {
            return Err(end);
        }
        rows.push(cells.iter().map(|cell| text(cell)).collect());
        start = at;
    }
    Ok(rows)
}

/// The same by the `csv` crate, which takes more than this for CSV but reads what this takes in the same way.
pub fn read_by_library(body: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(body);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}
