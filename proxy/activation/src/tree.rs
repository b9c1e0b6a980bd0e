//! JSON as cases compare it: without regard to white space and the order of members, but with numbers by their text,
//! and with members that stand twice.

use cordon_rewrite::{Document, EditError, Limits};
use serde_json::Value;

/// A document whose members are sorted by name. Of two of one name the first is the one that stood first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A literal, a number as it is written, or a text in quotes, escaped in one way.
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads a document.
    pub(crate) fn read(text: &str) -> Result<Tree, EditError> {
        Document::read(text, &Limits::default()).map(Tree::from)
    }

    /// The document, one scalar a line.
    pub(crate) fn lines(&self) -> String {
        let mut page = String::new();
        self.write(&mut page, 0, "", "");
        page
    }

    fn write(&self, page: &mut String, depth: usize, label: &str, comma: &str) {
        let indent = "  ".repeat(depth);
        let mut line = |text: &str| {
            page.push_str(&indent);
            page.push_str(text);
            page.push('\n');
        };
        match self {
            Tree::Scalar(text) => line(&format!("{label}{text}{comma}")),
            Tree::Array(items) if items.is_empty() => line(&format!("{label}[]{comma}")),
            Tree::Object(members) if members.is_empty() => line(&format!("{label}{{}}{comma}")),
            Tree::Array(items) => {
                line(&format!("{label}["));
                for (index, item) in items.iter().enumerate() {
                    item.write(page, depth + 1, "", if index + 1 < items.len() { "," } else { "" });
                }
                page.push_str(&format!("{indent}]{comma}\n"));
            }
            Tree::Object(members) => {
                line(&format!("{label}{{"));
                for (index, (name, member)) in members.iter().enumerate() {
                    let comma = if index + 1 < members.len() { "," } else { "" };
                    member.write(page, depth + 1, &format!("{}: ", quoted(name)), comma);
                }
                page.push_str(&format!("{indent}}}{comma}\n"));
            }
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl From<Document> for Tree {
    fn from(document: Document) -> Tree {
        match document {
            Document::Null => Tree::Scalar("null".to_owned()),
            Document::Boolean(value) => Tree::Scalar(value.to_string()),
            Document::Number(text) => Tree::Scalar(text),
            Document::Text(text) => Tree::Scalar(quoted(&text)),
            Document::Array(items) => Tree::Array(items.into_iter().map(Tree::from).collect()),
            Document::Object(members) => {
                let mut object: Vec<(String, Tree)> =
                    members.into_iter().map(|(name, member)| (name, Tree::from(member))).collect();
                object.sort_by(|(left, _), (right, _)| left.cmp(right));
                Tree::Object(object)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::read(text).expect("the text is JSON")
    }

    #[test]
    fn white_space_and_order_do_not_matter() {
        assert_eq!(tree(r#"{"a": 1, "b": [true, null]}"#), tree("{\"b\":[true,null],\n\"a\":1}"));
        assert_eq!(tree(r#""\u0041""#), tree(r#""A""#));
        assert_ne!(tree("[1,2]"), tree("[2,1]"));
    }

    #[test]
    fn numbers_are_compared_by_their_text() {
        for (left, right) in [("1.10", "1.1"), ("1e2", "100"), ("1E5", "1e+5"), ("-0", "0"), ("1", "\"1\"")] {
            assert_ne!(tree(left), tree(right), "{left} and {right}");
            assert_eq!(tree(left), tree(left));
        }
        let long = "123456789012345678901234567890.000000000000000000001";
        assert_eq!(tree(long).lines(), format!("{long}\n"));
    }

    #[test]
    fn a_member_that_stands_twice_is_not_overlooked() {
        let twice = tree(r#"{"phone": "+49301234", "phone": "****"}"#);
        assert_ne!(twice, tree(r#"{"phone": "****"}"#));
        assert_eq!(twice.lines(), "{\n  \"phone\": \"+49301234\",\n  \"phone\": \"****\"\n}\n");
    }

    #[test]
    fn nothing_follows_a_document() {
        assert!(Tree::read("{} {}").is_err());
        assert!(Tree::read("").is_err());
    }
}
