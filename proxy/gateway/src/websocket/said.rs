//! A message of a client, as the policy decides on it: the places in it, and the values at those that it decides on.
//!
//! Places are JSONPaths in which every element of an array is `[*]`. A name that stands twice in an object is refused,
//! since the backend might read another of the two than the policy (H22).

use std::collections::BTreeSet;
use std::fmt;

use cordon_policy::{Request, Route};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The most places of a message, and the most bytes of their paths in all.
const PLACES: usize = 256;
const PATHS: usize = 64 << 10;
/// The place of a message that is no JSON document.
const TEXT: &str = "text";
/// As what serde_json gives a number whose text it keeps.
const NUMBER: &str = "$serde_json::private::Number";

/// What the rules call the places in messages that a route decides on. None: messages are not decided on.
pub(crate) fn places(route: &Route) -> impl Iterator<Item = &String> {
    route.decides_on.iter().filter(|name| name.starts_with('$') || *name == TEXT)
}

/// What the policy is asked about this message. `None`: it is one that nobody need be asked about, since it means more
/// than one thing or has too many places.
pub(crate) fn question(text: &str, route: &Route) -> Option<Request> {
    let mut found = Places::default();
    match serde_json::from_str::<Tree>(text) {
        Ok(tree) => found.add(&mut "$".to_owned(), &tree)?,
        Err(error) if error.is_data() => return None,
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
    /// Adds the scalars and the empty containers of a value. None: there are too many.
    fn add(&mut self, path: &mut String, tree: &Tree) -> Option<()> {
        let end = path.len();
        match tree {
            Tree::Scalar(text) => self.push(path, text),
            Tree::Array(elements) if elements.is_empty() => self.push(path, "[]"),
            Tree::Object(members) if members.is_empty() => self.push(path, "{}"),
            Tree::Array(elements) => {
                path.push_str("[*]");
                elements.iter().try_for_each(|element| self.add(path, element))?;
                path.truncate(end);
                Some(())
            }
            Tree::Object(members) => members.iter().try_for_each(|(name, member)| {
                step(path, name);
                self.add(path, member)?;
                path.truncate(end);
                Some(())
            }),
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

/// A JSON document whose names are unique.
enum Tree {
    /// Its text; of a string what it says.
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON document")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar("null".to_owned()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(flag.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members: Vec<(String, Tree)> = Vec::new();
        let mut names = BTreeSet::new();
        while let Some((name, member)) = map.next_entry::<String, Tree>()? {
            if name == NUMBER {
                // A client may write so too: then it is as if it had written the number.
                return match member {
                    Tree::Scalar(text) if members.is_empty() => Ok(Tree::Scalar(text)),
                    _ => Err(A::Error::custom("no number")),
                };
            }
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a name that stands twice"));
            }
            members.push((name, member));
        }
        Ok(Tree::Object(members))
    }
}
