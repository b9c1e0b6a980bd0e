//! The subset of JSONPath (RFC 9535) that can be followed while a body streams by: names, indices, wildcards and
//! descendants.

use std::collections::BTreeSet;
use std::fmt;

/// A path in canonical form: two paths that mean the same are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    segments: Vec<Segment>,
}

/// One step, and whether it is taken at any depth (`..`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    descendant: bool,
    selector: Selector,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Selector {
    Name(String),
    Index(u32),
    Wildcard,
}

impl Selector {
    /// Whether one child can be selected by both.
    fn can_equal(&self, other: &Selector) -> bool {
        self == other || *self == Selector::Wildcard || *other == Selector::Wildcard
    }
}

/// Steps that a path takes at the most: what the host follows.
pub(crate) const STEPS: usize = 64;

/// Why a text is not such a path, as one sentence that says what to write instead.
pub(crate) type PathMistake = String;

impl Path {
    /// Reads a path that begins with `$`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Path, PathMistake> {
        match Path::parse_from(text)? {
            (0, path) => Ok(path),
            _ => Err(format!(
                "the path `{text}` begins with `^`, but only `project` looks at the record around"
            )),
        }
    }

    /// Reads a path that begins with `$`, or with one `^` for each record to go outwards.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse_from(text: &str) -> Result<(u32, Path), PathMistake> {
        let ups = text.chars().take_while(|&letter| letter == '^').count();
        let up = u32::try_from(ups).ok().filter(|&up| up <= 16);
        let up = up.ok_or_else(|| "more than 16 `^` go out of every record".to_owned())?;
        let rest = match (ups, text.strip_prefix('$')) {
            (0, Some(rest)) => rest,
            (0, None) => return Err(format!("a path begins with `$`: write `$.{text}`")),
            _ => &text[ups..],
        };
        Ok((up, Path { segments: Scanner { text, rest }.segments()? }))
    }

    /// The path that takes this one's steps and then the other's.
    #[must_use]
    pub(crate) fn join(&self, inner: &Path) -> Path {
        Path { segments: self.segments.iter().chain(&inner.segments).cloned().collect() }
    }

    /// The path to a member of what this one leads to.
    #[must_use]
    pub(crate) fn member(&self, name: &str) -> Path {
        let mut path = self.clone();
        path.segments.push(Segment { descendant: false, selector: Selector::Name(name.to_owned()) });
        path
    }

    /// The path to every member of what this one leads to.
    #[must_use]
    pub(crate) fn members(&self) -> Path {
        let mut path = self.clone();
        path.segments.push(Segment { descendant: false, selector: Selector::Wildcard });
        path
    }

    /// Whether it leads to one place at the most.
    pub(crate) fn is_singular(&self) -> bool {
        let single = |step: &Segment| !step.descendant && step.selector != Selector::Wildcard;
        self.segments.iter().all(single)
    }

    /// Whether there can be a body in which this path leads to, or into, what the other one leads to.
    pub(crate) fn can_reach_into(&self, other: &Path) -> bool {
        if !self.descends() && !other.descends() {
            let mut steps = self.segments.iter().zip(&other.segments);
            return self.segments.len() >= other.segments.len()
                && steps.all(|(own, step)| own.selector.can_equal(&step.selector));
        }
        // Both paths are followed along all ways downwards at once, as pairs of how many steps each has taken.
        let mut open = vec![(0, 0)];
        let mut seen = BTreeSet::from([(0, 0)]);
        while let Some((mine, theirs)) = open.pop() {
            let Some(step) = other.segments.get(theirs) else {
                return true;
            };
            let Some(own) = self.segments.get(mine) else {
                continue;
            };
            let mut reach = |pair| {
                if seen.insert(pair) {
                    open.push(pair);
                }
            };
            if own.selector.can_equal(&step.selector) {
                reach((mine + 1, theirs + 1));
            }
            if own.descendant {
                reach((mine, theirs + 1));
            }
            if step.descendant {
                reach((mine + 1, theirs));
            }
        }
        false
    }

    /// Whether a step of it looks at every depth.
    pub(crate) fn descends(&self) -> bool {
        self.segments.iter().any(|step| step.descendant)
    }

    /// Whether a step of it counts elements.
    pub(crate) fn has_index(&self) -> bool {
        self.segments.iter().any(|step| matches!(step.selector, Selector::Index(_)))
    }

    /// How many steps it takes.
    pub(crate) fn steps(&self) -> usize {
        self.segments.len()
    }

    /// The paths to what lies around what this one leads to, the outermost first, and the path itself.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = Path> + use<> {
        let segments = self.segments.clone();
        (1..=segments.len()).map(move |end| Path { segments: segments[..end].to_vec() })
    }

    /// The path without the wildcards at its end: the array that holds what it leads to.
    #[must_use]
    pub(crate) fn container(&self) -> Path {
        let wild = |step: &Segment| !step.descendant && step.selector == Selector::Wildcard;
        let kept = self.segments.iter().rposition(|step| !wild(step)).map_or(0, |last| last + 1);
        if kept == 0 { self.clone() } else { Path { segments: self.segments[..kept].to_vec() } }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for segment in &self.segments {
            f.write_str(if segment.descendant { ".." } else { "" })?;
            match &segment.selector {
                Selector::Name(name) if is_shorthand(name) => {
                    write!(f, "{}{name}", if segment.descendant { "" } else { "." })?;
                }
                Selector::Name(name) => write!(f, "['{}']", Quoted(name))?,
                Selector::Index(index) => write!(f, "[{index}]")?,
                Selector::Wildcard => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// Whether a name may stand behind a dot (RFC 9535, `member-name-shorthand`).
fn is_shorthand(name: &str) -> bool {
    let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii();
    name.chars().next().is_some_and(first)
        && name.chars().all(|letter| first(letter) || letter.is_ascii_digit())
}

/// A name as it stands between single quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\'' | '\\' => write!(f, "\\{letter}")?,
                letter if letter < ' ' => write!(f, "\\u{:04x}", u32::from(letter))?,
                letter => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

/// What is left of a path's text.
struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Scanner<'_> {
    fn segments(mut self) -> Result<Vec<Segment>, PathMistake> {
        let mut segments = Vec::new();
        while !self.rest.is_empty() {
            let descendant = self.eat("..");
            let dotted = descendant || self.eat(".");
            let selector = if (descendant || !dotted) && self.eat("[") {
                self.bracketed()?
            } else if dotted && self.eat("*") {
                Selector::Wildcard
            } else if dotted {
                self.shorthand()?
            } else {
                return Err(self.mistake("write `.name`, `['name']`, `[0]`, `[*]` or `..name` for each step"));
            };
            segments.push(Segment { descendant, selector });
        }
        Ok(segments)
    }

    fn shorthand(&mut self) -> Result<Selector, PathMistake> {
        let name: String =
            self.rest.chars().take_while(|&letter| is_shorthand(&format!("_{letter}"))).collect();
        self.rest = &self.rest[name.len()..];
        let ended = self.rest.is_empty() || self.rest.starts_with(['.', '[']);
        if is_shorthand(&name) && ended {
            return Ok(Selector::Name(name));
        }
        Err(self.mistake("a name with characters other than letters, digits and `_` is written `['name']`"))
    }

    fn bracketed(&mut self) -> Result<Selector, PathMistake> {
        let selector = if self.eat("*") {
            Selector::Wildcard
        } else if self.rest.starts_with(['\'', '"']) {
            Selector::Name(self.quoted()?)
        } else {
            self.index()?
        };
        if self.eat("]") { Ok(selector) } else { Err(self.mistake(NOT_STREAMED)) }
    }

    fn index(&mut self) -> Result<Selector, PathMistake> {
        let end = self.rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.rest.len());
        let digits = &self.rest[..end];
        let canonical = digits == "0" || !digits.starts_with('0');
        match digits.parse() {
            Ok(index) if canonical => {
                self.rest = &self.rest[end..];
                Ok(Selector::Index(index))
            }
            _ => Err(self.mistake(NOT_STREAMED)),
        }
    }

    fn quoted(&mut self) -> Result<String, PathMistake> {
        let mut letters = self.rest.chars();
        let quote = letters.next();
        let mut name = String::new();
        loop {
            let letter = letters.next().ok_or_else(|| self.mistake("a quoted name has no end"))?;
            if Some(letter) == quote {
                self.rest = letters.as_str();
                return Ok(name);
            }
            if letter != '\\' {
                name.push(letter);
                continue;
            }
            let escaped = match letters.next() {
                Some(letter @ ('\\' | '/' | '\'' | '"')) => Some(letter),
                Some('b') => Some('\u{8}'),
                Some('f') => Some('\u{c}'),
                Some('n') => Some('\n'),
                Some('r') => Some('\r'),
                Some('t') => Some('\t'),
                Some('u') => {
                    let digits: String = letters.by_ref().take(4).collect();
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
                }
                _ => None,
            };
            name.push(escaped.ok_or_else(|| self.mistake("a quoted name has an unknown escape"))?);
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn mistake(&self, advice: &str) -> PathMistake {
        let at = self.text.len() - self.rest.len();
        format!("the path `{}` cannot be read from character {}: {advice}", self.text, at + 1)
    }
}

const NOT_STREAMED: &str = "in brackets stands a quoted name, an index from 0, or `*`; slices, filters, lists and \
                            negative indices cannot be followed while a body streams by";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_in_one_canonical_way() {
        for (text, canonical) in [
            ("$", "$"),
            ("$.data[*].id", "$.data[*].id"),
            ("$['data'].*", "$.data[*]"),
            ("$..name", "$..name"),
            ("$..[\"x-y\"][0]", "$..['x-y'][0]"),
            ("$.имя", "$.имя"),
            (r"$['it\'s \u0041']", r"$['it\'s A']"),
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.to_string(), canonical);
            assert_eq!(Path::parse(canonical).unwrap(), path);
        }
    }

    #[test]
    fn what_does_not_stream_is_refused() {
        for text in
            ["data", "", "$.", "$data", "$.a-b", "$[-1]", "$[0:2]", "$[?@.a]", "$['a','b']", "$.a.", "$['a"]
                .into_iter()
                .chain(["$[01]", "$...a", "$.[0]", "$ .a", "^.a", "$['\\x']", "$[ 0 ]"])
        {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn carets_go_outwards() {
        assert_eq!(Path::parse_from("^^.a").unwrap(), (2, Path::parse("$.a").unwrap()));
        assert_eq!(Path::parse_from("$.a").unwrap(), (0, Path::parse("$.a").unwrap()));
    }

    #[test]
    fn a_path_knows_whether_it_reaches_into_another() {
        let reaches =
            |one: &str, other: &str| Path::parse(one).unwrap().can_reach_into(&Path::parse(other).unwrap());
        assert!(reaches("$.data[*].total", "$.data[*]"));
        assert!(reaches("$.data[0]", "$.data[*]"));
        assert!(!reaches("$.data", "$.data[*]"));
        assert!(!reaches("$.meta.total", "$.data[*]"));
        assert!(reaches("$..id", "$.data[*]"));
        assert!(reaches("$.a.b.c.d", "$..c"));
        assert!(reaches("$..a..b", "$..b"));
        assert!(!reaches("$.a.b", "$..c"));
        assert!(!reaches("$.a[0]", "$.a.b"));
    }

    #[test]
    fn the_container_of_records_is_the_array_that_holds_them() {
        let container = |path: &str| Path::parse(path).unwrap().container().to_string();
        assert_eq!(container("$.queues[*]"), "$.queues");
        assert_eq!(container("$.a[*].b"), "$.a[*].b");
        assert_eq!(container("$[*]"), "$[*]");
    }
}
