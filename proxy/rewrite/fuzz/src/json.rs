//! JSON: what comes out is what the tree oracle leaves of the body, and nothing that is well formed is refused.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use cordon_rewrite::{Action, EditErrorKind, Mask};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::agreement::feed_every_way;
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::generate::Drawn;
use crate::support::oracle::Oracle;
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../plans/json.toml"), Some(|_| ())));

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        check(trial, &outcome);
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let Some((before, document, behind)) = document(trial.body) else {
        assert!(outcome.result.is_err(), "what is no JSON came through: {}", trial.shown());
        return;
    };
    let unique = is_unique(document);
    match &outcome.result {
        Ok(()) => {}
        Err(error) => {
            let allowed = match error.kind {
                EditErrorKind::DuplicateName => !unique,
                EditErrorKind::Limit(_) => trial.tight || document.len() > 200,
                // The judge's own mask grows with the value.
                EditErrorKind::Verdict(_) => document.len() > 200,
                _ => false,
            };
            assert!(allowed, "well-formed JSON was refused: {error}: {}", trial.shown());
            return;
        }
    }
    if keeps_all(trial.drawn) {
        let kept = [before, document, behind].concat();
        assert_eq!(
            String::from_utf8_lossy(&outcome.output),
            String::from_utf8_lossy(&kept),
            "what is kept whole changed: {}",
            trial.shown()
        );
    }
    let value: Value = serde_json::from_slice(document).expect("it was read before");
    // A hash of a container is over its bytes, white space too, which the tree does not have.
    if !unique || (hashes(trial.drawn) && value.to_string().as_bytes() != document) {
        return;
    }
    let judge = trial.judge();
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(trial.drawn, &decide);
    let expected = oracle.edit(&value);
    assert_eq!(outcome.report.missing, expected.is_none(), "missing: {}", trial.shown());
    let Some(expected) = expected else {
        assert!(outcome.output.is_empty(), "there is an output, but no answer: {}", trial.shown());
        return;
    };
    let inner = outcome.output.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    let inner = inner.unwrap_or_else(|| panic!("what stands around the document changed: {}", trial.shown()));
    let found: Value = serde_json::from_slice(inner)
        .unwrap_or_else(|error| panic!("{error}: {:?}: {}", String::from_utf8_lossy(inner), trial.shown()));
    assert_eq!(found, expected, "the oracle's answer is on the right: {}", trial.shown());
    let report = &outcome.report;
    let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
    let expected = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
    assert_eq!(counts, expected, "removed, masked, unlisted: {}", trial.shown());
}

/// What stays before a document, the document, and what stays behind it, if a body has one.
pub(crate) fn document(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    const PREFIXES: [&str; 6] = [")]}'\n", ")]}'\r\n", ")]}',\n", ")]}',\r\n", "while(1);", "for(;;);"];
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let is_json = |text: &[u8]| serde_json::from_slice::<Value>(text).is_ok();
    if let Some(prefix) = PREFIXES.iter().find(|prefix| body.starts_with(prefix.as_bytes())) {
        let (before, document) = body.split_at(prefix.len());
        return is_json(document).then_some((before, document, &[]));
    }
    if is_json(body) {
        return Some((&[], body, &[]));
    }
    // A call: a name, and the document in brackets.
    let open = body.iter().position(|&byte| byte == b'(')?;
    let close = body.iter().rposition(|&byte| byte == b')')?;
    let name = std::str::from_utf8(&body[..open]).ok()?;
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '$'))
            && word.chars().all(|other| other.is_ascii_alphanumeric() || matches!(other, '_' | '$'))
            && !RESERVED.contains(&word)
    };
    let behind = body.get(close..)?;
    let ends = std::str::from_utf8(behind).is_ok_and(|text| {
        let rest = text[1..].trim_matches([' ', '\t', '\r', '\n']);
        rest.is_empty() || rest == ";"
    });
    let inner = body.get(open + 1..close)?;
    let calls = name.len() <= 255 && name.split('.').all(is_word) && ends && is_json(inner);
    calls.then(|| (&body[..=open], inner, behind))
}

const RESERVED: [&str; 14] = [
    "while", "for", "if", "switch", "with", "catch", "function", "true", "false", "null", "typeof", "return",
    "delete", "void",
];

fn keeps_all(drawn: &Drawn) -> bool {
    let [(path, Action::KeepAll)] = &drawn.outside[..] else {
        return false;
    };
    path.is_empty() && drawn.sets.is_empty()
}

/// Whether a plan hides values by their hash.
pub(crate) fn hashes(drawn: &Drawn) -> bool {
    let masks = |action: &Action| match action {
        Action::Mask(mask) => *mask == Mask::Hash,
        Action::Only(names) => names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        Action::Entries(entries) => entries.names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        _ => false,
    };
    let profiles = drawn.sets.iter().flat_map(|set| set.profiles.iter());
    drawn.outside.iter().chain(profiles.flatten()).any(|(_, action)| masks(action))
}

/// Whether each name of a document stands once in its object. What is no JSON has no names.
pub(crate) fn is_unique(document: &[u8]) -> bool {
    serde_json::from_slice::<Unique>(document).is_ok_and(|unique| unique.0)
}

struct Unique(bool);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unique, D::Error> {
        struct Looks;
        impl<'de> Visitor<'de> for Looks {
            type Value = Unique;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
                let mut names = HashSet::new();
                let mut unique = true;
                while let Some((name, value)) = members.next_entry::<String, Unique>()? {
                    unique &= value.0 && names.insert(name);
                }
                Ok(Unique(unique))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Unique, A::Error> {
                let mut unique = true;
                while let Some(value) = elements.next_element::<Unique>()? {
                    unique &= value.0;
                }
                Ok(Unique(unique))
            }

            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique(true))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique(true))
            }

            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique(true))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique(true))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique(true))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique(true))
            }
        }
        deserializer.deserialize_any(Looks)
    }
}
