//! Bodies as JSON values, whatever their format, so that outputs can be compared.

use cordon_rewrite::Format;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};

use crate::job::Job;

impl Job {
    /// What is to be left of a body.
    pub fn expected(&self, body: &[u8]) -> Vec<Value> {
        let values = self.read(body);
        match self.format {
            Format::Json => values.into_iter().map(|document| self.oracle(document)).collect(),
            Format::Sse => values
                .into_iter()
                .filter_map(|mut event| {
                    event["data"] = self.oracle_of_record(event["data"].take())?;
                    Some(event)
                })
                .collect(),
            _ => values.into_iter().filter_map(|record| self.oracle_of_record(record)).collect(),
        }
    }

    /// The body as values: the document, or its records.
    pub fn read(&self, body: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(body).expect("UTF-8");
        let parse = |text: &str| serde_json::from_str(text).expect("JSON");
        match self.format {
            Format::Json => vec![parse(text)],
            Format::Ndjson => text.lines().map(parse).collect(),
            Format::Sse => text
                .split_terminator("\n\n")
                .map(|event| {
                    let (head, data) = event.split_once("\ndata: ").expect("data");
                    json!({ "head": head, "data": parse(data) })
                })
                .collect(),
            Format::Csv => rows(body),
            Format::Xml => elements(text),
        }
    }
}

/// Rows as objects of their columns.
fn rows(body: &[u8]) -> Vec<Value> {
    csv::Reader::from_reader(body)
        .deserialize::<Map<String, Value>>()
        .map(|row| {
            // What looks like a number is text all the same.
            let cells = row.expect("a row").into_iter();
            let text = |value| match value {
                Value::String(_) => value,
                other => Value::String(other.to_string()),
            };
            cells.map(|(name, value)| (name, text(value))).collect()
        })
        .collect()
}

/// The children of the root element.
fn elements(text: &str) -> Vec<Value> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(_) => break,
            Event::Eof => panic!("there is no root element"),
            _ => {}
        }
    }
    let root = children(&mut reader, Map::new());
    match &root["call"] {
        Value::Array(calls) => calls.clone(),
        call => vec![call.clone()],
    }
}

/// An element as an object of its attributes, children and text. Elements that have nothing but text are that.
fn children(reader: &mut Reader<&[u8]>, mut members: Map<String, Value>) -> Value {
    let mut text = String::new();
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.expect("an attribute");
                    let name = format!("@{}", attribute.key.as_ref());
                    (name, Value::from(&*attribute.value))
                });
                let attributes = attributes.collect();
                let name = start.name().as_ref().to_owned();
                let child = children(reader, attributes);
                match members.get_mut(&name) {
                    None => drop(members.insert(name, child)),
                    Some(Value::Array(several)) => several.push(child),
                    Some(one) => *one = Value::Array(vec![one.take(), child]),
                }
            }
            Event::Text(part) => text.push_str(part.as_ref().trim()),
            Event::GeneralRef(entity) => text.push_str(&format!("&{};", entity.as_ref())),
            Event::End(_) if members.is_empty() => return text.into(),
            Event::End(_) => return members.into(),
            Event::Eof => panic!("an element is open"),
            _ => {}
        }
    }
}
