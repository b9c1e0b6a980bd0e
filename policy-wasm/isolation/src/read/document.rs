//! Walks a TOML document so that every mistake is found in one reading, each with its place.

use std::cell::RefCell;
use std::ops::Range;

use cordon_policy_sdk::types::{Problem, Span};
use toml::de::{DeTable, DeValue};

use super::suggest::nearest;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: RefCell<Vec<Problem>>,
}

impl Problems {
    /// Notes a mistake: one sentence, what is wrong and what to do.
    pub(crate) fn add(&self, place: &Place, message: impl Into<String>) {
        let at = place.span.as_ref().and_then(|span| {
            Some(Span { start: u32::try_from(span.start).ok()?, end: u32::try_from(span.end).ok()? })
        });
        let problem = Problem { pointer: place.pointer.clone(), message: message.into(), at };
        self.found.borrow_mut().push(problem);
    }

    /// All of them in the order in which they stand in the text.
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by(|one, other| {
            let start = |problem: &Problem| problem.at.map_or(0, |span| span.start);
            (start(one), &one.pointer, &one.message).cmp(&(start(other), &other.pointer, &other.message))
        });
        found.dedup();
        found
    }
}

/// Where something stands in the rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// JSON Pointer (RFC 6901).
    pub(crate) pointer: String,
    span: Option<SpanOf>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SpanOf {
    start: usize,
    end: usize,
}

impl Place {
    /// The document as a whole.
    pub(crate) fn document() -> Place {
        Place { pointer: String::new(), span: None }
    }

    /// A place in the text with no place in the document, for what is not TOML.
    pub(crate) fn text(span: Option<Range<usize>>) -> Place {
        Place { pointer: String::new(), span: span.map(|span| SpanOf { start: span.start, end: span.end }) }
    }

    fn below(&self, step: &str, span: &Range<usize>) -> Place {
        let step = step.replace('~', "~0").replace('/', "~1");
        let span = Some(SpanOf { start: span.start, end: span.end });
        Place { pointer: format!("{}/{step}", self.pointer), span }
    }
}

/// A value together with where it was said.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// A TOML value that is about to be read. Reading it as something that it is not notes a problem.
pub(crate) struct Item<'a> {
    pub(crate) place: Place,
    pub(crate) problems: &'a Problems,
    value: &'a DeValue<'a>,
}

impl<'a> Item<'a> {
    /// A string that is not empty.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) if text.is_empty() => self.wrong("this must not be empty"),
            DeValue::String(text) => Some(text),
            _ => self.wrong("a string is expected here"),
        }
    }

    /// As [`Item::text`], with its place.
    pub(crate) fn said(&self) -> Option<Said<String>> {
        self.text().map(|text| self.saying(text.to_owned()))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong("`true` or `false` is expected here"),
        }
    }

    /// A small whole number.
    pub(crate) fn count(&self) -> Option<u32> {
        match self.value {
            DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix())
                .ok()
                .or_else(|| self.wrong("a whole number from 0 is expected here")),
            _ => self.wrong("a whole number from 0 is expected here"),
        }
    }

    /// The elements of an array.
    pub(crate) fn list(&self) -> Vec<Item<'a>> {
        match self.value {
            DeValue::Array(values) => values
                .iter()
                .enumerate()
                .map(|(index, value)| Item {
                    place: self.place.below(&index.to_string(), &value.span()),
                    problems: self.problems,
                    value: value.get_ref(),
                })
                .collect(),
            _ => self.wrong("an array is expected here").unwrap_or_default(),
        }
    }

    /// The strings of an array.
    pub(crate) fn texts(&self) -> Vec<Said<String>> {
        self.list().iter().filter_map(Item::said).collect()
    }

    /// A table.
    pub(crate) fn table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(Table::new(self.place.clone(), entries, self.problems)),
            _ => self.wrong("a table is expected here"),
        }
    }

    /// Whether it is a string, for what can be written short.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    /// Whether it is an array.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// Whether it is `true` or `false`.
    pub(crate) fn is_flag(&self) -> bool {
        matches!(self.value, DeValue::Boolean(_))
    }

    /// Notes a problem here. There is no value then.
    pub(crate) fn wrong<T>(&self, message: impl Into<String>) -> Option<T> {
        self.problems.add(&self.place, message);
        None
    }

    /// A value said here.
    pub(crate) fn saying<T>(&self, value: T) -> Said<T> {
        Said { value, place: self.place.clone() }
    }
}

/// A TOML table of which each key is asked for once. [`Table::finish`] finds the keys that nobody asked for.
pub(crate) struct Table<'a> {
    pub(crate) place: Place,
    pub(crate) problems: &'a Problems,
    entries: &'a DeTable<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// A table at a place.
    pub(crate) fn new(place: Place, entries: &'a DeTable<'a>, problems: &'a Problems) -> Table<'a> {
        Table { place, problems, entries, asked: Vec::new() }
    }

    /// The value of a key, if it is there.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let value = self.entries.get(key)?;
        let place = self.place.below(key, &value.span());
        Some(Item { place, problems: self.problems, value: value.get_ref() })
    }

    /// The value of a key that must be there.
    pub(crate) fn required(&mut self, key: &'static str, advice: &str) -> Option<Item<'a>> {
        let item = self.optional(key);
        if item.is_none() {
            self.problems.add(&self.place, format!("`{key}` is missing: {advice}"));
        }
        item
    }

    /// All entries, for tables whose keys are names that the author makes up.
    pub(crate) fn entries(&self) -> Vec<(Said<String>, Item<'a>)> {
        let entry = |(key, value): (&'a toml::Spanned<_>, &'a toml::Spanned<DeValue<'a>>)| {
            let name: &std::borrow::Cow<'a, str> = key.get_ref();
            let place = self.place.below(name, &value.span());
            let said = Said { value: name.clone().into_owned(), place: self.place.below(name, &key.span()) };
            (said, Item { place, problems: self.problems, value: value.get_ref() })
        };
        self.entries.iter().map(entry).collect()
    }

    /// Notes every key that was not asked for. Consumes the table: nothing can be asked afterwards.
    pub(crate) fn finish(self) {
        self.check();
    }

    /// As [`Table::finish`], for a table that somebody else holds.
    pub(crate) fn check(&self) {
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let place = self.place.below(name, &key.span());
            let message = match nearest(name, self.asked.iter().copied()) {
                Some(known) => format!("the key `{name}` is unknown here: did you mean `{known}`?"),
                None => format!("the key `{name}` is unknown here: known are {}", listed(&self.asked)),
            };
            self.problems.add(&place, message);
        }
    }
}

/// Names as they stand in a sentence.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
