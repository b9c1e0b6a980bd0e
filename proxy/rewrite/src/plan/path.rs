//! Paths: the subset of RFC 9535 that can be decided while a body streams.
//!
//! Names, in dot and in quoted form, indices from the front, wildcards, and all of these as descendants. What needs
//! to see later values first (filters, slices, indices from the end) and unions are refused with a reason.

mod markup;

use crate::error::PlanError;
use crate::spec::Format;

/// A parsed path: the steps from the root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Step>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// Whether the segment looks at children of every depth, as in `$..name`.
    pub(crate) descends: bool,
    pub(crate) selector: Selector,
}

/// Which children a segment selects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Selector {
    Name(Box<str>),
    Index(u64),
    Wildcard,
}

/// Steps of one path at the most.
const STEPS: usize = 64;
/// The greatest index that RFC 9535 allows.
const GREATEST_INDEX: u64 = (1 << 53) - 1;

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Path, PlanError> {
        Path::of(text, parse_steps(text))
    }

    /// A path of a format. In XML nothing has indices: `[*]` behind a name says nothing more.
    pub(crate) fn parse_in(format: Format, text: &str) -> Result<Path, PlanError> {
        if format == Format::Xml { Path::of(text, markup::parse_steps(text)) } else { Path::parse(text) }
    }

    fn of(text: &str, steps: Result<Vec<Step>, &'static str>) -> Result<Path, PlanError> {
        steps.map(|steps| Path { steps }).map_err(|reason| PlanError::Path { path: text.to_owned(), reason })
    }

    /// Whether it is of names and indices only, so that it selects one place at the most.
    pub(crate) fn is_singular(&self) -> bool {
        self.singular_steps() == self.steps.len()
    }

    /// The name that is all of it, if it is a member's.
    pub(crate) fn only_name(&self) -> Option<&str> {
        match &self.steps[..] {
            [Step { descends: false, selector: Selector::Name(name) }] => Some(name),
            _ => None,
        }
    }

    /// The number of names and indices that it begins with.
    pub(crate) fn singular_steps(&self) -> usize {
        self.steps.iter().take_while(|step| step.is_singular()).count()
    }
}

impl Step {
    fn is_singular(&self) -> bool {
        !self.descends && self.selector != Selector::Wildcard
    }
}

fn parse_steps(text: &str) -> Result<Vec<Step>, &'static str> {
    let mut rest = text.strip_prefix('$').ok_or("a path begins with `$`")?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = parse_step(rest)?;
        if steps.len() == STEPS {
            return Err("more than 64 segments");
        }
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn parse_step(text: &str) -> Result<(Step, &str), &'static str> {
    if let Some(rest) = text.strip_prefix("..") {
        let (selector, rest) =
            if rest.starts_with('[') { parse_brackets(rest)? } else { parse_shorthand(rest)? };
        Ok((Step { descends: true, selector }, rest))
    } else if let Some(rest) = text.strip_prefix('.') {
        let (selector, rest) = parse_shorthand(rest)?;
        Ok((Step { descends: false, selector }, rest))
    } else if text.starts_with('[') {
        let (selector, rest) = parse_brackets(text)?;
        Ok((Step { descends: false, selector }, rest))
    } else {
        Err("a segment begins with `.`, `..` or `[`")
    }
}

/// What stands behind a dot: a wildcard or a name that needs no quotes.
fn parse_shorthand(text: &str) -> Result<(Selector, &str), &'static str> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Selector::Wildcard, rest));
    }
    let is_first =
        |character: char| character.is_ascii_alphabetic() || character == '_' || !character.is_ascii();
    let end = text
        .find(|character: char| !is_first(character) && !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.starts_with(is_first) {
        return Err("a name behind a dot begins with a letter or `_`; write others as `['name']`");
    }
    if !rest.is_empty() && !rest.starts_with(['.', '[']) {
        return Err("a name behind a dot holds letters, digits and `_` only; write others as `['name']`");
    }
    Ok((Selector::Name(name.into()), rest))
}

fn parse_brackets(text: &str) -> Result<(Selector, &str), &'static str> {
    let inner = skip_blanks(&text[1..]);
    let (selector, rest) = match inner.as_bytes().first() {
        Some(b'*') => (Selector::Wildcard, &inner[1..]),
        Some(&quote @ (b'\'' | b'"')) => parse_quoted(&inner[1..], char::from(quote))?,
        Some(b'0'..=b'9') => parse_index(inner)?,
        Some(b'-') => return Err("an index from the end cannot be decided while a body streams"),
        Some(b'?') => return Err("a filter cannot be decided while a body streams"),
        Some(b':') => return Err("slices are not supported"),
        _ => return Err("brackets hold a quoted name, an index or `*`"),
    };
    let rest = skip_blanks(rest);
    match rest.as_bytes().first() {
        Some(b']') => Ok((selector, &rest[1..])),
        Some(b',') => {
            Err("several selectors in one pair of brackets are not supported; write a path for each")
        }
        Some(b':') => Err("slices are not supported"),
        _ => Err("`]` is missing"),
    }
}

fn parse_index(text: &str) -> Result<(Selector, &str), &'static str> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.len() > 1 && digits.starts_with('0') {
        return Err("an index has no leading zero");
    }
    match digits.parse() {
        Ok(index) if index <= GREATEST_INDEX => Ok((Selector::Index(index), rest)),
        _ => Err("an index is at most 9007199254740991"),
    }
}

/// A name behind its opening quote, up to and with the closing one.
fn parse_quoted(text: &str, quote: char) -> Result<(Selector, &str), &'static str> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let character = rest.chars().next().ok_or("the closing quote is missing")?;
        rest = &rest[character.len_utf8()..];
        match character {
            _ if character == quote => return Ok((Selector::Name(name.into()), rest)),
            '\\' => rest = parse_escape(rest, quote, &mut name)?,
            '\0'..='\u{1f}' => return Err("a control character in a name must be escaped"),
            _ => name.push(character),
        }
    }
}

fn parse_escape<'a>(text: &'a str, quote: char, name: &mut String) -> Result<&'a str, &'static str> {
    let character = text.chars().next().ok_or("the closing quote is missing")?;
    let rest = &text[character.len_utf8()..];
    name.push(match character {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '/' | '\\' => character,
        _ if character == quote => character,
        'u' => {
            let (character, rest) = parse_code_point(rest)?;
            name.push(character);
            return Ok(rest);
        }
        _ => return Err("unknown escape in a quoted name"),
    });
    Ok(rest)
}

/// The four digits behind `\u`, and a second escape if they are the first half of a surrogate pair.
fn parse_code_point(text: &str) -> Result<(char, &str), &'static str> {
    const LONE: &str = "a lone surrogate in a quoted name";
    let (first, rest) = parse_unit(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Ok((char::from_u32(first).ok_or(LONE)?, rest));
    }
    let (second, rest) = parse_unit(rest.strip_prefix("\\u").ok_or(LONE)?)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(LONE);
    }
    let scalar = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Ok((char::from_u32(scalar).ok_or(LONE)?, rest))
}

fn parse_unit(text: &str) -> Result<(u32, &str), &'static str> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    Ok((unit.ok_or("`\\u` needs four hexadecimal digits")?, &text[4..]))
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Step {
        Step { descends: false, selector: Selector::Name(text.into()) }
    }

    #[test]
    fn the_subset_is_understood() {
        let wildcard = Step { descends: false, selector: Selector::Wildcard };
        let index = Step { descends: false, selector: Selector::Index(10) };
        let below = Step { descends: true, selector: Selector::Name("a".into()) };
        for (text, steps) in [
            ("$", vec![]),
            ("$.data[*].phone", vec![name("data"), wildcard.clone(), name("phone")]),
            ("$['a'][\"b\"]", vec![name("a"), name("b")]),
            ("$[ 'a b' ].*", vec![name("a b"), wildcard]),
            ("$[10].Имя_1", vec![index, name("Имя_1")]),
            ("$..a", vec![below.clone()]),
            ("$..['a']", vec![below]),
            ("$..*", vec![Step { descends: true, selector: Selector::Wildcard }]),
            ("$..[0]", vec![Step { descends: true, selector: Selector::Index(0) }]),
            (r"$['\'\\\n\u00e9\ud83d\ude00']", vec![name("'\\\né😀")]),
            (r#"$["\"'"]"#, vec![name("\"'")]),
            ("$['']", vec![name("")]),
        ] {
            assert_eq!(Path::parse(text).unwrap().steps, steps, "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused_with_a_reason() {
        for text in [
            "",
            "data",
            "$data",
            "$.",
            "$..",
            "$...a",
            "$.a-b",
            "$.1",
            "$[",
            "$[]",
            "$[-1]",
            "$[01]",
            "$[1:2]",
            "$[:]",
            "$[?@.a]",
            "$['a','b']",
            "$[1,2]",
            "$['a",
            "$['a'",
            r"$['\x']",
            r"$['\ud800']",
            r"$['\ud800\u0041']",
            r"$['\udc00']",
            r"$['\u12']",
            "$[9007199254740992]",
            "$.a ",
            " $.a",
            "$.a[0].",
            "$['\n']",
            r#"$['\"']"#,
            "$[a]",
        ] {
            let refused = Path::parse(text);
            assert!(matches!(refused, Err(PlanError::Path { .. })), "{text}: {refused:?}");
        }
        assert!(Path::parse(&format!("${}", ".a".repeat(65))).is_err());
    }

    #[test]
    fn singular_paths_are_told_apart() {
        assert!(Path::parse("$.a[0]['b']").unwrap().is_singular());
        assert!(!Path::parse("$.a[*]").unwrap().is_singular());
        assert!(!Path::parse("$..a").unwrap().is_singular());
        assert_eq!(Path::parse("$.a.b[*].c").unwrap().singular_steps(), 2);
    }
}
