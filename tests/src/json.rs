//! A JSON document as a tree that keeps the text of everything in it, so that "unchanged" can mean: byte for byte
//! (H24). It shares no code with the editor under test; `serde_json` says whether a text is JSON at all.

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A string, number, boolean or null: its text as it stands.
    Scalar(String),
    /// The elements in their order.
    Array(Vec<Node>),
    /// The members in their order.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name after unescaping.
    pub name: String,
    /// The name's text as it stands, in its quotes.
    pub text: String,
    /// The value.
    pub value: Node,
}

impl Member {
    /// A member whose name needs no escaping beyond the usual.
    pub fn new(name: &str, value: Node) -> Member {
        Member { name: name.to_owned(), text: quote(name), value }
    }
}

impl Node {
    /// Reads a document.
    ///
    /// # Errors
    /// What `serde_json` says of a text that is not JSON.
    pub fn parse(text: &[u8]) -> Result<Node, serde_json::Error> {
        serde_json::from_slice::<serde_json::Value>(text)?;
        let mut reader = Reader { text, at: 0 };
        Ok(reader.value())
    }

    /// A string.
    pub fn string(text: &str) -> Node {
        Node::Scalar(quote(text))
    }

    /// `null`
    pub fn null() -> Node {
        Node::Scalar("null".to_owned())
    }

    /// A whole number.
    pub fn number(number: usize) -> Node {
        Node::Scalar(number.to_string())
    }

    /// Whether it is neither an array nor an object.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Node::Scalar(_))
    }

    /// Whether it is a scalar or an array of nothing but scalars.
    pub fn is_flat(&self) -> bool {
        match self {
            Node::Scalar(_) => true,
            Node::Array(elements) => elements.iter().all(Node::is_scalar),
            Node::Object(_) => false,
        }
    }

    /// The string after unescaping, if it is one.
    pub fn as_str(&self) -> Option<String> {
        match self {
            Node::Scalar(text) if text.starts_with('"') => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// What an id, a string or a number, is when written as plain text.
    pub fn plain(&self) -> Option<String> {
        match self {
            Node::Scalar(text) if text.starts_with('"') => self.as_str(),
            Node::Scalar(text) if !matches!(text.as_str(), "null" | "true" | "false") => Some(text.clone()),
            _ => None,
        }
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Object(members) => {
                members.iter().find(|member| member.name == name).map(|member| &member.value)
            }
            _ => None,
        }
    }

    /// The member of this name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        match self {
            Node::Object(members) => {
                members.iter_mut().find(|member| member.name == name).map(|member| &mut member.value)
            }
            _ => None,
        }
    }

    /// The value at a path of member names, `a.b.c`; the empty path is the value itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        steps(path).try_fold(self, |node, name| node.get(name))
    }

    /// The value at a path of member names, to change it.
    pub fn at_mut(&mut self, path: &str) -> Option<&mut Node> {
        steps(path).try_fold(self, |node, name| node.get_mut(name))
    }

    /// Sets a member, at its old place or at the end.
    pub fn set(&mut self, name: &str, value: Node) {
        if let Some(place) = self.get_mut(name) {
            *place = value;
        } else if let Node::Object(members) = self {
            members.push(Member::new(name, value));
        }
    }

    /// The elements of an array; none of anything else.
    pub fn elements(&self) -> &[Node] {
        match self {
            Node::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &[Member] {
        match self {
            Node::Object(members) => members,
            _ => &[],
        }
    }

    /// The document without white space, everything else as it stands.
    pub fn compact(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Node::Scalar(scalar) => text.push_str(scalar),
            Node::Array(elements) => {
                text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    element.write(text);
                }
                text.push(']');
            }
            Node::Object(members) => {
                text.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    text.push_str(&member.text);
                    text.push(':');
                    member.value.write(text);
                }
                text.push('}');
            }
        }
    }
}

/// A string as JSON.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|step| !step.is_empty())
}

/// Reads what is known to be JSON.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Node {
        match self.peek() {
            b'{' => Node::Object(self.items(b'}', |reader| {
                let text = reader.token();
                let name = serde_json::from_str(&text).expect("serde_json has read the document");
                reader.skip(b':');
                Member { name, text, value: reader.value() }
            })),
            b'[' => Node::Array(self.items(b']', Reader::value)),
            _ => Node::Scalar(self.token()),
        }
    }

    fn items<T>(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek() != end {
            if !items.is_empty() {
                self.skip(b',');
                self.peek();
            }
            items.push(item(self));
        }
        self.at += 1;
        items
    }

    fn token(&mut self) -> String {
        let start = self.at;
        if self.peek() == b'"' {
            self.at += 1;
            while self.text[self.at] != b'"' {
                self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
            }
            self.at += 1;
        } else {
            while self.text.get(self.at).is_some_and(|byte| !b",]} \t\r\n".contains(byte)) {
                self.at += 1;
            }
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn skip(&mut self, byte: u8) {
        assert_eq!(self.peek(), byte, "serde_json has read the document");
        self.at += 1;
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> u8 {
        while self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.text[self.at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_of_names_and_scalars() {
        let text = " { \"\\u0061\" : [ 1.10 , \"\\/\\\"]\" , { } , [ ] ] , \"b\" : -1e400 } ";
        let node = Node::parse(text.as_bytes()).unwrap();
        assert_eq!(node.compact(), r#"{"\u0061":[1.10,"\/\"]",{},[]],"b":-1e400}"#);
        assert_eq!(node.get("a").unwrap().elements()[1].as_str().unwrap(), "/\"]");
        assert_eq!(node.at("b").unwrap().plain().unwrap(), "-1e400");
        assert!(Node::parse(b"{\"a\":1,}").is_err());
    }

    #[test]
    fn scalars_at_the_end_of_the_text_are_read() {
        assert_eq!(Node::parse(b"12").unwrap(), Node::number(12));
        assert_eq!(Node::parse(b"null").unwrap(), Node::null());
    }
}
