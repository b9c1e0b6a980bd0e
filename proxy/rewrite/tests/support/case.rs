//! A case as data: a plan, a judge's table, a body, and what must come of it.

use std::collections::{BTreeMap, HashMap};

use cordon_rewrite as rewrite;
use rewrite::{EditErrorKind, Limit, PlanError, Verdict};
use serde::Deserialize;

use super::judge::Table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    pub input: Option<String>,
    /// For bodies that are not UTF-8, or too long to be written out.
    pub input_hex: Option<String>,
    #[serde(default)]
    pub plan: Plan,
    #[serde(default)]
    pub judge: Vec<Row>,
    pub otherwise: Option<Answer>,
    #[serde(default)]
    pub too_few_verdicts: bool,
    #[serde(default)]
    pub limits: Limits,
    pub expected: Option<String>,
    pub error: Option<String>,
    pub offset: Option<u64>,
    #[serde(default)]
    pub missing: bool,
    pub removed: Option<BTreeMap<String, u64>>,
    pub masked: Option<BTreeMap<String, u64>>,
    pub unlisted: Option<BTreeMap<String, u64>>,
    /// Kept and dropped of each set.
    pub sets: Option<Vec<(u64, u64)>>,
    /// What the judge must have been asked, as `set: key key`, when the body comes whole.
    pub asked: Option<Vec<String>>,
    /// Places and kinds of the differences.
    pub differences: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub format: Option<String>,
    pub csv: Option<Csv>,
    #[serde(default)]
    pub embedded: Vec<String>,
    #[serde(default)]
    pub outside: Vec<Edit>,
    #[serde(default)]
    pub sets: Vec<Set>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    delimiter: Option<char>,
    #[serde(default)]
    columns: Vec<String>,
    encoding: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Columns {
    Listed(Vec<String>),
    At { path: String, name: Option<String> },
    FirstRow,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    pub within: Option<u32>,
    pub path: String,
    /// `"first-row"`, `{ listed = ["a"] }`, `{ at = { path = "$.columns" } }`.
    pub columns: Option<Columns>,
    #[serde(default)]
    pub keys: Vec<Key>,
    pub profiles: Vec<Vec<Edit>>,
    #[serde(default)]
    pub sole: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Own(String),
    Outer { path: String, up: u32 },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub path: String,
    pub action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Keep,
    KeepAll,
    Remove,
    Mask(Mask),
    Only(Names),
    Entries(Entries),
    Recount(u32),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    Fixed(String),
    KeepLast(u32),
    Null,
    Hash,
    Own(u32),
    Patterns(Vec<Pattern>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    Phone,
    Email,
    Regex(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    #[serde(default)]
    pub keep: Vec<String>,
    #[serde(default)]
    pub mask: BTreeMap<String, Mask>,
    #[serde(default)]
    pub remove: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Entries {
    pub name: String,
    pub value: String,
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(flatten)]
    pub names: Names,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    #[serde(default)]
    pub set: u32,
    pub keys: Vec<String>,
    pub answer: Answer,
}

/// `"drop"`, a profile, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    Drop(String),
    Keep(u32),
    Merged(Vec<u32>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    depth: Option<usize>,
    name: Option<usize>,
    string: Option<usize>,
    number: Option<usize>,
    record: Option<usize>,
    held: Option<usize>,
    members: Option<usize>,
    expansion: Option<usize>,
    batch_records: Option<usize>,
    batch_bytes: Option<usize>,
}

impl Case {
    pub fn body(&self) -> Vec<u8> {
        match (&self.input, &self.input_hex) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(hex)) => {
                let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
                let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
                digits.chunks(2).map(byte).collect()
            }
            _ => panic!("a case has `input` or `input-hex`"),
        }
    }

    pub fn options(&self) -> rewrite::Options {
        let mut limits = rewrite::Limits::default();
        for (place, given) in [
            (&mut limits.depth, self.limits.depth),
            (&mut limits.name, self.limits.name),
            (&mut limits.string, self.limits.string),
            (&mut limits.number, self.limits.number),
            (&mut limits.record, self.limits.record),
            (&mut limits.held, self.limits.held),
            (&mut limits.members, self.limits.members),
            (&mut limits.expansion, self.limits.expansion),
            (&mut limits.batch_records, self.limits.batch_records),
            (&mut limits.batch_bytes, self.limits.batch_bytes),
        ] {
            *place = given.unwrap_or(*place);
        }
        rewrite::Options { limits, hash_key: [7; 32], trace: false }
    }

    pub fn table(&self) -> Table {
        let mut verdicts = HashMap::new();
        for row in &self.judge {
            verdicts.insert((row.set, row.keys.clone()), row.answer.verdict());
        }
        let otherwise = self.otherwise.as_ref().map(Answer::verdict);
        Table { verdicts, otherwise, too_few: self.too_few_verdicts, ..Table::default() }
    }
}

impl Answer {
    fn verdict(&self) -> Verdict {
        match self {
            Answer::Drop(word) => {
                assert_eq!(word, "drop");
                Verdict::Drop
            }
            Answer::Keep(profile) => Verdict::Keep(*profile),
            Answer::Merged(profiles) => Verdict::KeepMerged(profiles.clone()),
        }
    }
}

impl Plan {
    pub fn spec(&self) -> rewrite::BodyPlan {
        let format = match self.format.as_deref() {
            None | Some("json") => rewrite::Format::Json,
            Some("ndjson") => rewrite::Format::Ndjson,
            Some("csv") => rewrite::Format::Csv,
            Some("xml") => rewrite::Format::Xml,
            Some("sse") => rewrite::Format::Sse,
            Some(other) => panic!("unknown format {other}"),
        };
        let sets = self.sets.iter().map(Set::spec).collect();
        let csv = self.csv.as_ref().map(Csv::spec).unwrap_or_default();
        let embedded = self.embedded.clone();
        rewrite::BodyPlan { format, csv, embedded, outside: edits(&self.outside), sets }
    }
}

impl Csv {
    fn spec(&self) -> rewrite::Csv {
        let default = rewrite::Csv::default();
        rewrite::Csv {
            delimiter: self.delimiter.map_or(default.delimiter, |delimiter| u8::try_from(delimiter).unwrap()),
            columns: self.columns.clone(),
            encoding: self.encoding.clone().unwrap_or(default.encoding),
        }
    }
}

impl Set {
    fn spec(&self) -> rewrite::RecordSet {
        let key = |key: &Key| match key {
            Key::Own(path) => rewrite::Key { path: path.clone(), up: 0 },
            Key::Outer { path, up } => rewrite::Key { path: path.clone(), up: *up },
        };
        rewrite::RecordSet {
            within: self.within,
            path: self.path.clone(),
            columns: self.columns.as_ref().map(|columns| match columns {
                Columns::Listed(names) => rewrite::Columns::Listed(names.clone()),
                Columns::FirstRow => rewrite::Columns::FirstRow,
                Columns::At { path, name } => rewrite::Columns::At { path: path.clone(), name: name.clone() },
            }),
            keys: self.keys.iter().map(key).collect(),
            profiles: self.profiles.iter().map(|profile| edits(profile)).collect(),
            sole: self.sole,
        }
    }
}

fn edits(edits: &[Edit]) -> Vec<rewrite::Edit> {
    edits.iter().map(|edit| rewrite::Edit { path: edit.path.clone(), action: edit.action.spec() }).collect()
}

impl Action {
    fn spec(&self) -> rewrite::Action {
        match self {
            Action::Keep => rewrite::Action::Keep,
            Action::KeepAll => rewrite::Action::KeepAll,
            Action::Remove => rewrite::Action::Remove,
            Action::Mask(mask) => rewrite::Action::Mask(mask.spec()),
            Action::Only(names) => rewrite::Action::Only(names.spec()),
            Action::Entries(entries) => rewrite::Action::Entries(rewrite::Entries {
                name: entries.name.clone(),
                value: entries.value.clone(),
                also: entries.also.clone(),
                names: entries.names.spec(),
            }),
            Action::Recount(set) => rewrite::Action::Recount(*set),
        }
    }
}

impl Mask {
    fn spec(&self) -> rewrite::Mask {
        match self {
            Mask::Fixed(text) => rewrite::Mask::Fixed(text.clone()),
            Mask::KeepLast(count) => rewrite::Mask::KeepLast(*count),
            Mask::Null => rewrite::Mask::Null,
            Mask::Hash => rewrite::Mask::Hash,
            Mask::Own(number) => rewrite::Mask::Own(*number),
            Mask::Patterns(patterns) => {
                let spec = |pattern: &Pattern| match pattern {
                    Pattern::Phone => rewrite::Pattern::Phone,
                    Pattern::Email => rewrite::Pattern::Email,
                    Pattern::Regex(text) => rewrite::Pattern::Regex(text.clone()),
                };
                rewrite::Mask::Patterns(patterns.iter().map(spec).collect())
            }
        }
    }
}

impl Names {
    fn spec(&self) -> rewrite::Names {
        let masked =
            |(name, mask): (&String, &Mask)| rewrite::Masked { name: name.clone(), mask: mask.spec() };
        rewrite::Names {
            keep: self.keep.clone(),
            mask: self.mask.iter().map(masked).collect(),
            remove: self.remove.clone(),
        }
    }
}

/// An error in one word, as the cases name it.
pub fn word(kind: &EditErrorKind) -> String {
    match kind {
        EditErrorKind::Malformed(_) => "malformed".to_owned(),
        EditErrorKind::DuplicateName => "duplicate".to_owned(),
        EditErrorKind::Limit(limit) => format!(
            "limit-{}",
            match limit {
                Limit::Depth => "depth",
                Limit::Name => "name",
                Limit::String => "string",
                Limit::Number => "number",
                Limit::Record => "record",
                Limit::Held => "held",
                Limit::Members => "members",
                Limit::Expansion => "expansion",
            }
        ),
        EditErrorKind::Judge(_) => "judge".to_owned(),
        EditErrorKind::Verdict(_) => "verdict".to_owned(),
        EditErrorKind::Poisoned => "poisoned".to_owned(),
    }
}

/// A plan's error in one word.
pub fn plan_word(error: &PlanError) -> &'static str {
    match error {
        PlanError::Path { .. } => "plan-path",
        PlanError::Invalid(_) => "plan-invalid",
    }
}
