//! A message of a client, as the policy decides on it: the places in it, and the values at those that it decides on.
//!
//! Places are JSONPaths in which every element of an array is `[*]`. A name that stands twice in an object is refused,
//! since the backend might read another of the two than the policy (H22).

use std::collections::BTreeSet;

use cordon_policy::{Request, Route};
use cordon_rewrite::{Document, EditErrorKind, Limits};

/// The most places of a message, and the most bytes of their paths in all.
const PLACES: usize = 256;
const PATHS: usize = 64 << 10;
/// The place of a message that is no JSON document.
const TEXT: &str = "text";

/// What the rules call the places in messages that a route decides on. None: messages are not decided on.
pub(crate) fn places(route: &Route) -> impl Iterator<Item = &String> {
    route.decides_on.iter().filter(|name| name.starts_with('$') || *name == TEXT)
}

/// What the policy is asked about this message. `None`: it is one that nobody need be asked about, since it means more
/// than one thing or has too many places.
pub(crate) fn question(text: &str, route: &Route) -> Option<Request> {
    let mut found = Places::default();
    match Document::read(text, &Limits::default()) {
        Ok(document) => found.add(&mut "$".to_owned(), &document)?,
        Err(error) if matches!(error.kind, EditErrorKind::Limit(_)) => return None,
        Err(_) => found.values.push((TEXT.to_owned(), text.to_owned())),
    }
    let names: BTreeSet<&String> = found.values.iter().map(|(name, _)| name).collect();
    let query = names.into_iter().cloned().collect();
    let at = |place| found.values.iter().filter(move |(name, _)| name == place).cloned();
    let values = places(route).flat_map(at).collect();
    Some(Request { method: Route::MESSAGE.to_owned(), query, values })
}

#[derive(Default)]
struct Places {
    values: Vec<(String, String)>,
    bytes: usize,
}

impl Places {
    /// Adds the scalars and the empty containers of a value. None: there are too many, or a name stands twice.
    fn add(&mut self, path: &mut String, document: &Document) -> Option<()> {
        let end = path.len();
        match document {
            Document::Null => self.push(path, "null"),
            Document::Boolean(flag) => self.push(path, if *flag { "true" } else { "false" }),
            Document::Number(text) | Document::Text(text) => self.push(path, text),
            Document::Array(elements) if elements.is_empty() => self.push(path, "[]"),
            Document::Object(members) if members.is_empty() => self.push(path, "{}"),
            Document::Array(elements) => {
                path.push_str("[*]");
                elements.iter().try_for_each(|element| self.add(path, element))?;
                path.truncate(end);
                Some(())
            }
            Document::Object(members) => {
                let mut names = BTreeSet::new();
                members.iter().try_for_each(|(name, member)| {
                    if !names.insert(name) {
                        return None;
                    }
                    step(path, name);
                    self.add(path, member)?;
                    path.truncate(end);
                    Some(())
                })
            }
        }
    }

    fn push(&mut self, path: &str, text: &str) -> Option<()> {
        self.bytes += path.len();
        if self.values.len() == PLACES || self.bytes > PATHS {
            return None;
        }
        self.values.push((path.to_owned(), text.to_owned()));
        Some(())
    }
}

/// Adds a name to a path, as RFC 9535 writes it in short or in brackets.
fn step(path: &mut String, name: &str) {
    let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii();
    let is_short = name.chars().next().is_some_and(first)
        && name.chars().all(|letter| first(letter) || letter.is_ascii_digit());
    if is_short {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for letter in name.chars() {
        match letter {
            '\'' | '\\' => path.extend(['\\', letter]),
            letter if letter < ' ' => path.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => path.push(letter),
        }
    }
    path.push_str("']");
}
