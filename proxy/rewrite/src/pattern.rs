//! Finds in free text what patterns look for (H38). When in doubt, it is found.

mod digits;
mod email;
mod other;
mod phone;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

use crate::error::PlanError;
use crate::spec::{Action, BodyPlan, Mask, Pattern};

/// Bytes of a regular expression.
const TEXT: usize = 1000;
/// Regular expressions of a plan.
const EXPRESSIONS: usize = 16;
/// Bytes of a compiled regular expression: what searching costs at the worst grows with it.
const SIZE: usize = 2 << 20;
/// Groups in groups of a regular expression.
const NESTING: u32 = 50;
/// Finds in one text. A text with more is found whole: each of them may cost another look at all of the rest.
const FINDS: usize = 1000;

/// The regular expressions of a plan, each compiled once.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    compiled: HashMap<String, Arc<Regex>>,
}

/// What a mask looks for.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
enum Kind {
    Phone,
    Email,
    Expression(Arc<Regex>),
    /// An expression that the plan does not have, which cannot be: all of the text.
    Everything,
}

impl Expressions {
    /// Compiles the regular expressions in a plan's masks.
    pub(crate) fn of(spec: &BodyPlan) -> Result<Expressions, PlanError> {
        let mut expressions = Expressions::default();
        let profiles = spec.sets.iter().flat_map(|set| &set.profiles);
        for edit in profiles.flatten().chain(&spec.outside) {
            let names = match &edit.action {
                Action::Mask(mask) => {
                    expressions.add(mask)?;
                    continue;
                }
                Action::Only(names) => names,
                Action::Entries(entries) => &entries.names,
                Action::Keep | Action::KeepAll | Action::Remove | Action::Recount(_) => continue,
            };
            names.mask.iter().try_for_each(|masked| expressions.add(&masked.mask))?;
        }
        Ok(expressions)
    }

    /// What looks for these patterns.
    pub(crate) fn finder(&self, patterns: &[Pattern]) -> Finder {
        let kind = |pattern: &Pattern| match pattern {
            Pattern::Phone => Kind::Phone,
            Pattern::Email => Kind::Email,
            Pattern::Regex(text) => match self.compiled.get(text) {
                Some(expression) => Kind::Expression(Arc::clone(expression)),
                None => Kind::Everything,
            },
        };
        Finder { kinds: patterns.iter().map(kind).collect() }
    }

    fn add(&mut self, mask: &Mask) -> Result<(), PlanError> {
        let Mask::Patterns(patterns) = mask else {
            return Ok(());
        };
        if patterns.is_empty() {
            return Err(PlanError::Invalid("a mask of patterns that looks for nothing".to_owned()));
        }
        for pattern in patterns {
            if let Pattern::Regex(text) = pattern
                && !self.compiled.contains_key(text)
            {
                if self.compiled.len() == EXPRESSIONS {
                    return Err(PlanError::Invalid(format!("more than {EXPRESSIONS} regular expressions")));
                }
                let compiled = shared(text).map_err(PlanError::Invalid)?;
                self.compiled.insert(text.clone(), compiled);
            }
        }
        Ok(())
    }
}

/// The expressions in use, by their texts: a plan for each of many scopes has the same ones.
static SHARED: Mutex<Vec<(String, Weak<Regex>)>> = Mutex::new(Vec::new());

/// A regular expression, compiled anew only if no plan has it.
fn shared(text: &str) -> Result<Arc<Regex>, String> {
    let locked = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let of_text = |known: &&(String, Weak<Regex>)| known.0 == text;
    let known = locked().iter().find(of_text).and_then(|(_, compiled)| compiled.upgrade());
    if let Some(known) = known {
        return Ok(known);
    }
    // The lock is not held meanwhile: two plans may compile the same.
    let compiled = Arc::new(compile(text)?);
    let mut known = locked();
    known.retain(|(other, compiled)| other != text && compiled.strong_count() > 0);
    known.push((text.to_owned(), Arc::downgrade(&compiled)));
    Ok(compiled)
}

/// A regular expression, or what is wrong with it.
fn compile(text: &str) -> Result<Regex, String> {
    if text.len() > TEXT {
        return Err(format!("a regular expression is longer than {TEXT} bytes"));
    }
    let parsed = ParserBuilder::new().nest_limit(NESTING).build().parse(text);
    let parsed = parsed.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => {
            format!(
                "the regular expression `{text}`: {} at character {}",
                error.kind(),
                error.span().start.column
            )
        }
        regex_syntax::Error::Translate(error) => {
            format!(
                "the regular expression `{text}`: {} at character {}",
                error.kind(),
                error.span().start.column
            )
        }
        _ => format!("the regular expression `{text}` cannot be read"),
    })?;
    match parsed.properties().minimum_len() {
        Some(0) => return Err(format!("the regular expression `{text}` finds the empty text")),
        None => return Err(format!("the regular expression `{text}` can find nothing")),
        Some(_) => {}
    }
    RegexBuilder::new(text)
        .size_limit(SIZE)
        .dfa_size_limit(SIZE)
        .nest_limit(NESTING)
        .build()
        .map_err(|_| format!("the regular expression `{text}` becomes too large; repeat less in it"))
}

impl Finder {
    /// The parts of a text that patterns find, in their order, none of them empty. Those that meet are one, so that
    /// their number does not tell how long they were (H37).
    pub(crate) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for kind in &self.kinds {
            match kind {
                Kind::Phone => phone::find(text, &mut found),
                Kind::Email => email::find(text, &mut found),
                Kind::Expression(expression) => {
                    found.extend(expression.find_iter(text).take(FINDS + 1).map(|part| part.range()));
                }
                Kind::Everything => found.push(0..text.len()),
            }
            if found.len() > FINDS {
                return everything(text);
            }
        }
        unite(&mut found);
        found
    }
}

#[allow(clippy::single_range_in_vec_init, reason = "one part, not numbers")]
fn everything(text: &str) -> Vec<Range<usize>> {
    vec![0..text.len()]
}

/// Sorts parts and makes one of those that touch.
fn unite(found: &mut Vec<Range<usize>>) {
    found.retain(|part| !part.is_empty());
    found.sort_unstable_by_key(|part| part.start);
    found.dedup_by(|next, before| {
        let touch = next.start <= before.end;
        if touch {
            before.end = before.end.max(next.end);
        }
        touch
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(text: &str) -> Result<Expressions, PlanError> {
        let mut expressions = Expressions::default();
        expressions.add(&Mask::Patterns(vec![Pattern::Regex(text.to_owned())]))?;
        Ok(expressions)
    }

    #[test]
    fn mistakes_in_expressions_are_named() {
        for (text, expected) in [
            ("(ab", "the regular expression `(ab`: unclosed group at character 1"),
            ("a{3,1}", "at character 2"),
            (r"\p{Nonsense}", "Unicode property not found at character 1"),
            (r"(a)\1", "backreferences are not supported at character 4"),
            ("a*", "finds the empty text"),
            (r"\b", "finds the empty text"),
            ("^", "finds the empty text"),
            ("x|", "finds the empty text"),
            ("", "finds the empty text"),
            ("[^\\x00-\\x{10FFFF}]", "can find nothing"),
            (r"(?:\w{100}){100}", "becomes too large"),
            (r"(((\w{9}){9}){9}){9}", "becomes too large"),
        ] {
            let error = regex(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(regex(&"a".repeat(TEXT + 1)).unwrap_err().to_string().contains("longer than"));
        assert!(regex(&"(".repeat(60)).is_err());
        let nothing = Expressions::default().add(&Mask::Patterns(Vec::new()));
        assert!(nothing.unwrap_err().to_string().contains("looks for nothing"));
    }

    #[test]
    fn usual_expressions_are_not_too_large() {
        for text in [
            r"(?i)\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b",
            r"\b\d{3}-\d{2}-\d{4}\b",
            r"\b(?:\d[ -]?){13,19}\b",
            r"(?i)\bpassport\s*(?:no\.?|number)?\s*[:#]?\s*\w{6,9}\b",
            r"\p{Lu}\w{2,15} \p{Lu}\w{2,15}",
        ] {
            assert!(regex(text).is_ok(), "{:?}", regex(text).unwrap_err());
        }
    }

    #[test]
    fn plans_share_expressions() {
        let text = "only here [0-9]";
        let (one, other) = (regex(text).unwrap(), regex(text).unwrap());
        assert!(Arc::ptr_eq(&one.compiled[text], &other.compiled[text]));
        drop((one, other));
        let _ = regex("another").unwrap();
        assert!(!SHARED.lock().unwrap().iter().any(|(known, _)| known == text));
    }

    #[test]
    fn parts_that_meet_are_one() {
        let expressions = regex("[0-9]").unwrap();
        let finder =
            expressions.finder(&[Pattern::Regex("[0-9]".to_owned()), Pattern::Email, Pattern::Email]);
        assert_eq!(finder.find("a12b3 4@x.org."), [1..3, 4..5, 6..13]);
        assert!(finder.find("nothing").is_empty());
    }

    #[test]
    fn a_text_with_very_many_finds_is_hidden_whole() {
        let finder = regex("a").unwrap().finder(&[Pattern::Regex("a".to_owned())]);
        assert_eq!(finder.find(&"a-".repeat(FINDS)).len(), FINDS);
        assert_eq!(finder.find(&"a-".repeat(FINDS + 1)), everything(&"a-".repeat(FINDS + 1)));
    }

    #[test]
    fn an_unknown_expression_finds_everything() {
        let finder = Expressions::default().finder(&[Pattern::Regex("a".to_owned())]);
        assert_eq!(finder.find("xyz"), everything("xyz"));
    }
}
