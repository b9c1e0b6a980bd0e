//! Path templates, as far as a manifest's checks need them. Matching requests is the gateway's.

/// A path of literal segments and parameters that stand for exactly one segment each.
pub(crate) struct Template {
    segments: Vec<Segment>,
}

enum Segment {
    Literal(String),
    Parameter(String),
}

impl Template {
    /// Reads a template such as `/api/contacts/{id}`. A trailing slash is a last segment that is empty.
    pub(crate) fn parse(path: &str) -> Result<Template, String> {
        let rest = path.strip_prefix('/').ok_or("does not begin with `/`")?;
        let count = rest.split('/').count();
        let mut segments: Vec<Segment> = Vec::with_capacity(count);
        for (index, text) in rest.split('/').enumerate() {
            if text.is_empty() && index + 1 < count {
                return Err("has an empty segment".into());
            }
            if text == "." || text == ".." {
                return Err(format!("segment `{text}` never reaches a backend in this form"));
            }
            if text.contains(|c: char| c.is_control() || c.is_whitespace() || "?#\\".contains(c)) {
                return Err("has a character that no path has: white space, `?`, `#`, `\\`".into());
            }
            let segment = match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                Some(name) if is_name(name) => Segment::Parameter(name.to_owned()),
                Some(name) => {
                    return Err(format!("`{{{name}}}`: a parameter's name has letters, digits, `_` and `-`"));
                }
                None if text.contains(['{', '}']) => {
                    return Err(format!("`{text}`: a parameter stands for a whole segment"));
                }
                None => Segment::Literal(text.to_owned()),
            };
            segments.push(segment);
        }
        let template = Template { segments };
        let names: Vec<&str> = template.parameters().collect();
        match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            Some((_, name)) => Err(format!("parameter `{name}` stands twice")),
            None => Ok(template),
        }
    }

    /// The parameters' names, in order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// Whether a path can match both templates without one of them being the narrower: the one that has a literal
    /// wherever the other has a parameter.
    pub(crate) fn is_ambiguous_with(&self, other: &Template) -> bool {
        if self.segments.len() != other.segments.len() {
            return false;
        }
        let (mut narrower, mut wider) = (false, false);
        for pair in self.segments.iter().zip(&other.segments) {
            match pair {
                (Segment::Literal(one), Segment::Literal(two)) if one != two => return false,
                (Segment::Literal(_), Segment::Parameter(_)) => narrower = true,
                (Segment::Parameter(_), Segment::Literal(_)) => wider = true,
                _ => {}
            }
        }
        narrower == wider
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_template() {
        for path in
            ["", "a", "//", "/a//b", "/a/../b", "/a?b", "/{}", "/{a b}", "/x{a}", "/{a}.json", "/{a}/{a}"]
        {
            assert!(Template::parse(path).is_err(), "{path}");
        }
        for path in ["/", "/a", "/a/", "/{a}", "/{a}/b/{c-d}", "/crm.contact.list.json"] {
            assert!(Template::parse(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn finds_ambiguity() {
        let ambiguous = |one: &str, two: &str| {
            Template::parse(one).unwrap().is_ambiguous_with(&Template::parse(two).unwrap())
        };
        assert!(ambiguous("/a/{b}", "/a/{c}"));
        assert!(ambiguous("/a/{x}/c", "/a/b/{y}"));
        assert!(ambiguous("/a", "/a"));
        assert!(!ambiguous("/a/{b}", "/a/me"));
        assert!(!ambiguous("/a/{b}", "/b/{a}"));
        assert!(!ambiguous("/a/{b}", "/a"));
        assert!(!ambiguous("/a", "/a/"));
    }
}
