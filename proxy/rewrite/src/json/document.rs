//! A whole document as a tree, for what is small and must be looked at as a whole.

use crate::error::{EditError, EditErrorKind};
use crate::json::escape::unescape;
use crate::json::lexer::{Event, Lexer};
use crate::limits::Limits;
use crate::tree::Kind;

/// A JSON document, read as the editor reads bodies: RFC 8259 and nothing else (H23), numbers by their text (H24), and every
/// member, also of those that stand twice (H22).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// The number's text.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// The elements.
    Array(Vec<Document>),
    /// The members in their order, their names unescaped.
    Object(Vec<(String, Document)>),
}

/// A container that is read.
struct Open {
    container: Document,
    /// The name that it stands under in the object around it.
    name: String,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON, or exceeds a limit; and where.
    pub fn read(text: &str, limits: &Limits) -> Result<Document, EditError> {
        let mut at = 0;
        let read = read(text, &mut at, limits);
        read.map_err(|kind| EditError { offset: at as u64, kind })
    }
}

fn read(text: &str, at: &mut usize, limits: &Limits) -> Result<Document, EditErrorKind> {
    let mut lexer = Lexer::new(limits);
    let mut open: Vec<Open> = Vec::new();
    let (mut kind, mut start, mut name) = (Kind::Null, 0, String::new());
    let mut whole = None;
    loop {
        let event = match lexer.next(text.as_bytes(), at)? {
            Some(event) => event,
            None => match lexer.finish()? {
                Some(event) => event,
                None => break,
            },
        };
        let value = match event {
            Event::NameStart => {
                start = *at;
                continue;
            }
            Event::NameEnd { .. } => {
                name.clear();
                unescape(&text[start..*at - 1], &mut name);
                continue;
            }
            Event::Comma => continue,
            Event::Open { object } => {
                let container =
                    if object { Document::Object(Vec::new()) } else { Document::Array(Vec::new()) };
                open.push(Open { container, name: std::mem::take(&mut name) });
                continue;
            }
            Event::ScalarStart(begun) => {
                // A number and a literal have no quote before them.
                (kind, start) = (begun, if begun == Kind::String { *at } else { *at - 1 });
                continue;
            }
            Event::ScalarEnd { .. } => scalar(kind, &text[start..*at]),
            Event::Close => match open.pop() {
                Some(closed) => {
                    name = closed.name;
                    closed.container
                }
                None => return Err(EditErrorKind::Malformed("nothing is open")),
            },
        };
        match open.last_mut().map(|open| &mut open.container) {
            Some(Document::Array(elements)) => elements.push(value),
            Some(Document::Object(members)) => members.push((std::mem::take(&mut name), value)),
            _ => whole = Some(value),
        }
    }
    whole.ok_or(EditErrorKind::Malformed("the document ends too early"))
}

/// What was read; of a string with the quote behind it.
fn scalar(kind: Kind, text: &str) -> Document {
    match kind {
        Kind::True => Document::Boolean(true),
        Kind::False => Document::Boolean(false),
        Kind::Number => Document::Number(text.to_owned()),
        Kind::String => {
            let mut unescaped = String::with_capacity(text.len());
            unescape(&text[..text.len() - 1], &mut unescaped);
            Document::Text(unescaped)
        }
        Kind::Null | Kind::Object | Kind::Array => Document::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Document> {
        Document::read(text, &Limits::default()).ok()
    }

    #[test]
    fn h22_h24_members_that_stand_twice_and_texts_of_numbers_are_kept() {
        let text = r#" {"a":[1e5, -0.10, true,null],"\u0061":{"x":"\ud83d\ude00\n"}, "b" : [[],{}] } "#;
        let number = |text: &str| Document::Number(text.to_owned());
        let emoji = Document::Text("\u{1f600}\n".to_owned());
        let elements = vec![number("1e5"), number("-0.10"), Document::Boolean(true), Document::Null];
        let empty = vec![Document::Array(Vec::new()), Document::Object(Vec::new())];
        let members = vec![
            ("a".to_owned(), Document::Array(elements)),
            ("a".to_owned(), Document::Object(vec![("x".to_owned(), emoji)])),
            ("b".to_owned(), Document::Array(empty)),
        ];
        assert_eq!(read(text), Some(Document::Object(members)));
        for (text, expected) in [
            ("17", number("17")),
            (" \"\" ", Document::Text(String::new())),
            ("false", Document::Boolean(false)),
            ("\"1\"", Document::Text("1".to_owned())),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn no_name_has_a_meaning_of_its_own() {
        let name = "$serde_json::private::Number";
        let inner = vec![(name.to_owned(), Document::Text("1".to_owned()))];
        assert_eq!(read(&format!("{{\"{name}\":\"1\"}}")), Some(Document::Object(inner)));
    }

    #[test]
    fn h23_h26_what_is_no_json_or_too_much_is_refused() {
        for text in
            ["", "{", "[1,]", "{\"a\"}", "01", "1 2", "'a'", "\"\\ud800\"", "{a:1}", "nul", "[1}", "//"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        let limits = Limits { depth: 2, ..Limits::default() };
        assert!(Document::read("[[1]]", &limits).is_ok());
        let error = Document::read("[[[1]]]", &limits).unwrap_err();
        assert_eq!(
            (error.offset, error.to_string()),
            (2, "nesting depth exceeds the limit at byte 2".into())
        );
    }
}
