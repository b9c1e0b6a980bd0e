//! The path to where the walk stands, for counts and traces.

/// A path under way, as a pattern and, where differences are traced, as it is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pattern: String,
    concrete: Option<String>,
}

/// Where something stands: its pattern, and its path if differences are traced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) pattern: &'a str,
    pub(crate) concrete: Option<&'a str>,
}

/// A place to go back to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pattern: usize,
    concrete: usize,
}

/// Characters of a member name that counts may show.
const IDENTIFIER: usize = 64;

/// Appends a member's name to a concrete path in the form that [`crate::Difference::path`] has: `.name`, or
/// `['other name']` for a name that does not look like an identifier.
pub fn push_member(path: &mut String, name: &str) {
    if is_identifier(name) {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for character in name.chars() {
        match character {
            '\'' | '\\' => path.extend(['\\', character]),
            _ if character.is_control() => path.extend(character.escape_unicode()),
            _ => path.push(character),
        }
    }
    path.push_str("']");
}

impl Place {
    pub(crate) fn new(trace: bool) -> Place {
        Place { pattern: "$".to_owned(), concrete: trace.then(|| "$".to_owned()) }
    }

    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The path with its indices and names, if it is traced.
    pub(crate) fn concrete(&self) -> Option<&str> {
        self.concrete.as_deref()
    }

    #[allow(dead_code, reason = "for the formats whose places are no trails")]
    pub(crate) fn spot(&self) -> Spot<'_> {
        Spot { pattern: self.pattern(), concrete: self.concrete() }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { pattern: self.pattern.len(), concrete: self.concrete.as_ref().map_or(0, String::len) }
    }

    pub(crate) fn back(&mut self, mark: Mark) {
        self.pattern.truncate(mark.pattern);
        if let Some(concrete) = &mut self.concrete {
            concrete.truncate(mark.concrete);
        }
    }

    /// Becomes another place up to a mark.
    pub(crate) fn copy(&mut self, other: &Place, mark: Mark) {
        self.pattern.clear();
        self.pattern.push_str(&other.pattern[..mark.pattern]);
        if let (Some(concrete), Some(other)) = (&mut self.concrete, &other.concrete) {
            concrete.clear();
            concrete.push_str(&other[..mark.concrete]);
        }
    }

    pub(crate) fn push_name(&mut self, name: &str) {
        self.pattern.push('.');
        self.pattern.push_str(shown(name));
        if let Some(concrete) = &mut self.concrete {
            push_member(concrete, name);
        }
    }

    /// Appends an element's name, an attribute's with `@`, or `#text`.
    pub(crate) fn push_markup(&mut self, name: &str) {
        if !name.contains(['@', '#', ':']) || !is_markup(name) {
            return self.push_name(name);
        }
        push_member(&mut self.pattern, name);
        if let Some(concrete) = &mut self.concrete {
            push_member(concrete, name);
        }
    }

    /// Tells the last name from those before it that are the same, of which there are so many.
    pub(crate) fn push_repeated(&mut self, before: u64) {
        if let Some(concrete) = &mut self.concrete {
            concrete.push_str(&format!("[{before}]"));
        }
    }

    pub(crate) fn push_index(&mut self, index: u64) {
        self.pattern.push_str("[*]");
        if let Some(concrete) = &mut self.concrete {
            concrete.push('[');
            concrete.push_str(&index.to_string());
            concrete.push(']');
        }
    }
}

/// What a pattern shows of a member's name.
pub(crate) fn shown(name: &str) -> &str {
    if is_identifier(name) { name } else { "*" }
}

fn is_identifier(name: &str) -> bool {
    if let [first, rest @ ..] = name.as_bytes()
        && name.is_ascii()
    {
        return (first.is_ascii_alphabetic() || *first == b'_')
            && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && name.len() <= IDENTIFIER;
    }
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
        && name.chars().count() <= IDENTIFIER
}

/// Whether it is a name with a prefix, or with what tells attributes and texts from elements.
pub(crate) fn is_markup(name: &str) -> bool {
    let written = name.strip_prefix(['@', '#']).unwrap_or(name);
    match written.split_once(':') {
        Some((prefix, local)) => is_identifier(prefix) && is_identifier(local),
        None => is_identifier(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_values_are_not_shown() {
        let mut place = Place::new(true);
        place.push_name("data");
        place.push_index(3);
        let mark = place.mark();
        place.push_name("it's@x\n");
        assert_eq!(place.pattern(), "$.data[*].*");
        assert_eq!(place.concrete(), Some("$.data[3]['it\\'s@x\\u{a}']"));
        place.back(mark);
        place.push_name("first-name_2");
        assert_eq!(place.pattern(), "$.data[*].first-name_2");
        place.back(mark);
        place.push_name(&"x".repeat(65));
        assert_eq!(place.pattern(), "$.data[*].*");
        place.back(mark);
        place.push_name("+4930");
        assert_eq!(place.pattern(), "$.data[*].*");
        place.back(mark);
        place.push_name("@id");
        assert_eq!(place.pattern(), "$.data[*].*");
        for (name, pattern) in [("a", ".a"), ("@id", "['@id']"), ("@x:id", "['@x:id']"), ("a:b.c", ".*")] {
            place.back(mark);
            place.push_markup(name);
            assert_eq!(place.pattern(), format!("$.data[*]{pattern}"));
        }
    }
}
