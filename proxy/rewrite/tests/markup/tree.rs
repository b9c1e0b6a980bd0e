//! A document as a tree, how it is written, and how it is read back.

/// A part of an element's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Element(Element),
    Text(Text),
    Comment(String),
    Instruction,
}

/// A text as it is written and as it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub raw: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Element {
    pub name: String,
    /// Names with their prefixes. Those that declare a namespace are in `declares`.
    pub attributes: Vec<(String, Text)>,
    pub declares: Vec<(String, String)>,
    pub content: Vec<Node>,
}

impl Text {
    /// White space that is written as such.
    pub fn is_blank(&self) -> bool {
        self.raw.chars().all(|character| " \t\r\n".contains(character))
    }
}

impl Element {
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            _ => None,
        })
    }

    pub fn has_children(&self) -> bool {
        self.children().next().is_some()
    }

    /// Whether there is text that is not just white space between markup.
    pub fn has_text(&self) -> bool {
        self.content.iter().any(|node| matches!(node, Node::Text(text) if !text.is_blank()))
    }

    /// The text directly in it.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.value.as_str()),
            _ => None,
        });
        texts.collect()
    }

    pub fn is_scalar(&self) -> bool {
        self.attributes.is_empty() && !self.has_children()
    }

    /// Writes it; `empty` says of each element without content whether it gets an end tag.
    pub fn write(&self, empty: &mut dyn FnMut() -> bool, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (prefix, name) in &self.declares {
            out.push_str(&format!(" xmlns:{prefix}=\"{name}\""));
        }
        for (name, value) in &self.attributes {
            out.push_str(&format!("\n {name} = '{}'", value.raw));
        }
        if self.content.is_empty() && empty() {
            return out.push_str("/>");
        }
        out.push('>');
        for node in &self.content {
            match node {
                Node::Element(child) => child.write(empty, out),
                Node::Text(text) => out.push_str(&text.raw),
                Node::Comment(text) => out.push_str(&format!("<!--{text}-->")),
                Node::Instruction => out.push_str("<?p <x>?>"),
            }
        }
        out.push_str(&format!("</{}>", self.name));
    }

    /// The same without what may differ: how texts are written, white space between elements, instructions.
    pub fn plain(&self) -> Element {
        let mut plain = Element { content: Vec::new(), ..self.clone() };
        for (_, value) in &mut plain.attributes {
            value.raw.clear();
        }
        for node in &self.content {
            match (node, plain.content.last_mut()) {
                (Node::Text(text), Some(Node::Text(last))) => last.value.push_str(&text.value),
                (Node::Text(text), _) => {
                    plain.content.push(Node::Text(Text { raw: String::new(), value: text.value.clone() }));
                }
                (Node::Element(child), _) => plain.content.push(Node::Element(child.plain())),
                (Node::Comment(_), _) => plain.content.push(node.clone()),
                (Node::Instruction, _) => {}
            }
        }
        let layout = plain.has_children();
        plain.content.retain(|node| match node {
            Node::Text(text) => !(text.value.is_empty() || layout && text.value.trim().is_empty()),
            _ => true,
        });
        plain
    }
}

/// Reads a document by another's parser.
pub fn read(text: &str) -> Result<Element, roxmltree::Error> {
    let document = roxmltree::Document::parse(text)?;
    Ok(element(document.root_element(), text))
}

fn element(node: roxmltree::Node<'_, '_>, text: &str) -> Element {
    let written = |range: std::ops::Range<usize>| text[range].to_owned();
    let start = node.range().start + 1;
    let name_end = text[start..].find([' ', '\t', '\r', '\n', '/', '>']).unwrap_or_default();
    let outer: Vec<&str> = node
        .parent()
        .into_iter()
        .flat_map(|parent| parent.namespaces())
        .filter_map(|known| known.name())
        .collect();
    Element {
        name: written(start..start + name_end),
        attributes: node
            .attributes()
            .map(|attribute| {
                let value = Text { raw: String::new(), value: attribute.value().to_owned() };
                (written(attribute.range_qname()), value)
            })
            .collect(),
        declares: node
            .namespaces()
            .filter_map(|known| Some((known.name()?.to_owned(), known.uri().to_owned())))
            .filter(|(prefix, _)| prefix != "xml" && !outer.contains(&prefix.as_str()))
            .collect(),
        content: node
            .children()
            .filter_map(|child| match child.node_type() {
                roxmltree::NodeType::Element => Some(Node::Element(element(child, text))),
                roxmltree::NodeType::Text => {
                    let value = child.text().unwrap_or_default().to_owned();
                    Some(Node::Text(Text { raw: String::new(), value }))
                }
                roxmltree::NodeType::Comment => {
                    Some(Node::Comment(child.text().unwrap_or_default().to_owned()))
                }
                _ => None,
            })
            .collect(),
    }
}
