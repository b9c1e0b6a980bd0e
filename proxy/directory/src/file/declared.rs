//! What a text declares, before it is a directory.

use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problems, Text};

use crate::model::{Record, Salt, Security, TokenDigest};
use crate::state::Violation;

/// Takes what a text declares, in an order in which a record comes after those it refers to.
pub(crate) trait Receiver {
    /// What holds for the whole directory; comes first.
    fn settings(&mut self, settings: DeclaredSettings);

    /// One more thing. What is wrong with it can be noted.
    fn entry(&mut self, entry: Entry, problems: &mut Problems<'_>);
}

/// What holds for the whole directory, as far as the text says it.
#[derive(Clone, Default)]
pub(crate) struct DeclaredSettings {
    pub(crate) security: Option<Security>,
    pub(crate) default_project: Option<Text>,
    /// What the hashes of tokens are mixed with that are no plain digests.
    pub(crate) salt: Option<Salt>,
}

/// One thing that is declared.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) item: Item,
    /// Where it stands, in bytes.
    pub(crate) span: Range<usize>,
    pub(crate) written: Written,
}

/// A record, or what becomes one where it is taken in.
#[derive(Clone)]
pub(crate) enum Item {
    Record(Record),
    /// A token by its unsalted hash.
    Digest {
        digest: TokenDigest,
        user: Arc<str>,
        /// Which of the user's it is, from 1, if it stands in a list of them.
        number: Option<usize>,
        label: Option<String>,
    },
}

/// Where a record's properties stand, for placing what is wrong with them.
#[derive(Clone, Default)]
pub(crate) struct Written(Vec<(&'static str, Text)>);

impl Written {
    /// Notes where a property, or each entry of one, stands.
    pub(crate) fn note(&mut self, property: &'static str, texts: &[Text]) {
        self.0.extend(texts.iter().map(|text| (property, text.clone())));
    }

    /// The place of what is wrong: the entry, the property, or what the record is known by.
    pub(crate) fn place(&self, violation: &Violation, record: &Range<usize>) -> Range<usize> {
        let of_property = || self.0.iter().filter(|(property, _)| *property == violation.property);
        let entry = violation.entry.as_deref();
        // Of two that are equal the second one is too much.
        let found = of_property().rfind(|(_, text)| entry == Some(&text.value));
        found.or_else(|| of_property().next()).map_or_else(|| record.clone(), |(_, text)| text.span.clone())
    }
}
