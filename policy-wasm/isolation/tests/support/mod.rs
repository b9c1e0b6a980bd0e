//! Carries a policy's plans out with the real editor, and holds the deployment that `RULES.md` tells of.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use cordon_isolation::Isolation;
use cordon_policy_sdk::types::{self, Rights, Scope};
use cordon_policy_sdk::{Harness, TestDirectory};
use cordon_rewrite as rewrite;

/// The directory of the page.
pub(crate) fn page_directory() -> TestDirectory {
    TestDirectory::new()
        .project("acme", ["3"])
        .project("zeta", ["4"])
        .project("nova", ["5"])
        .object("queue", "12", ["acme"])
        .object("script", "7", ["zeta"])
        .object("user", "21", ["acme", "zeta"])
        .system_field("contact", "name")
        .system_field("contact", "phone")
        .hiding("contact", "phone")
        .field("contact", "email", ["acme"])
        .field("contact", "shoe_size", ["zeta"])
        .field("contact", "note", [])
}

/// The callers of the page.
pub(crate) fn page_caller(name: &str) -> Scope {
    match name {
        "anna" => Scope::of(["acme"]),
        "bora" => Scope::of(["acme", "zeta"]),
        "cleo" => Scope::of(["zeta"]).with_rights(Rights::LIST_PROJECTS),
        "root" => Scope::of([]).with_rights(Rights::SEE_EVERYTHING | Rights::SEE_MASKED_FIELDS),
        "rita" => Scope::of(["acme"]).with_rights(Rights::SEE_MASKED_FIELDS),
        other => panic!("the page knows no caller `{other}`"),
    }
}

/// The text of the page.
pub(crate) fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/RULES.md");
    std::fs::read_to_string(path).unwrap()
}

/// All TOML blocks of the page, which are one rules file.
pub(crate) fn page_rules() -> String {
    blocks(&page()).into_iter().filter(|(info, _)| info == "toml").map(|(_, text)| text).collect()
}

/// The fenced blocks of a page, each with what stands behind its opening fence.
pub(crate) fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of the page is not closed");
    blocks
}

/// What a caller gets of a body. None: the record is missing.
pub(crate) fn filtered(
    policy: &Harness<Isolation>,
    scope: &Scope,
    route: &str,
    body: &str,
) -> Option<String> {
    let plan = policy.body_plan(scope, route).unwrap();
    let plan = Arc::new(rewrite::Plan::compile(rewritten(plan)).unwrap());
    let mut editor = rewrite::Editor::new(plan, rewrite::Options::default());
    let mut judge = NativeJudge { policy, scope, route };
    let mut pieces = rewrite::Pieces::new();
    editor.feed(Bytes::copy_from_slice(body.as_bytes()), &mut judge, &mut pieces).unwrap();
    editor.finish(&mut judge, &mut pieces).unwrap();
    if editor.report().missing {
        return None;
    }
    Some(String::from_utf8(pieces.take().to_vec()).unwrap())
}

struct NativeJudge<'a> {
    policy: &'a Harness<Isolation>,
    scope: &'a Scope,
    route: &'a str,
}

impl rewrite::Judge for NativeJudge<'_> {
    fn judge(
        &mut self,
        set: u32,
        batch: &rewrite::Batch,
        verdicts: &mut Vec<rewrite::Verdict>,
    ) -> Result<(), rewrite::JudgeError> {
        let keys = batch.keys_per_record();
        let record = |record| (0..keys).map(|key| value(&batch.value(record, key))).collect();
        let records: Vec<Vec<types::Value>> = (0..batch.len()).map(record).collect();
        let answers = self.policy.judge(self.scope, self.route, set, &records)?;
        verdicts.extend(answers.into_iter().map(|verdict| match verdict {
            types::Verdict::Drop => rewrite::Verdict::Drop,
            types::Verdict::Keep(profile) => rewrite::Verdict::Keep(profile),
            types::Verdict::KeepMerged(profiles) => rewrite::Verdict::KeepMerged(profiles),
        }));
        Ok(())
    }

    fn mask(
        &mut self,
        _mask: u32,
        _values: &[rewrite::Value<'_>],
        _scalars: &mut Vec<rewrite::OwnedScalar>,
    ) -> Result<(), rewrite::JudgeError> {
        Err("the default policy has no masks of its own".into())
    }
}

fn value(value: &rewrite::Value<'_>) -> types::Value {
    match value {
        rewrite::Value::Absent => types::Value::Absent,
        rewrite::Value::One(one) => types::Value::One(scalar(one)),
        rewrite::Value::Many(many) => types::Value::Many(many.iter().map(scalar).collect()),
        rewrite::Value::Composite => types::Value::Composite,
    }
}

fn scalar(scalar: &rewrite::Scalar<'_>) -> types::Scalar {
    match *scalar {
        rewrite::Scalar::Null => types::Scalar::Null,
        rewrite::Scalar::Boolean(flag) => types::Scalar::Boolean(flag),
        rewrite::Scalar::Number(text) => types::Scalar::Number(text.to_owned()),
        rewrite::Scalar::Text(text) => types::Scalar::Text(text.to_owned()),
    }
}

/// A plan as the editor has it.
pub(crate) fn rewritten(plan: types::BodyPlan) -> rewrite::BodyPlan {
    let set = |set: types::RecordSet| rewrite::RecordSet {
        within: set.within,
        path: set.path,
        columns: set.columns.map(|columns| match columns {
            types::Columns::Listed(names) => rewrite::Columns::Listed(names),
            types::Columns::At(place) => rewrite::Columns::At { path: place.path, name: place.name },
            types::Columns::FirstRow => rewrite::Columns::FirstRow,
        }),
        keys: set.keys.into_iter().map(|key| rewrite::Key { path: key.path, up: key.up }).collect(),
        profiles: set.profiles.into_iter().map(edits).collect(),
        sole: set.sole,
    };
    let csv = |csv: types::Csv| rewrite::Csv {
        delimiter: u8::try_from(csv.delimiter).unwrap(),
        columns: csv.columns,
        encoding: csv.encoding,
    };
    rewrite::BodyPlan {
        format: match plan.format {
            types::Format::Json => rewrite::Format::Json,
            types::Format::Ndjson => rewrite::Format::Ndjson,
            types::Format::Csv => rewrite::Format::Csv,
            types::Format::Xml => rewrite::Format::Xml,
            types::Format::Sse => rewrite::Format::Sse,
        },
        csv: plan.csv.map(csv).unwrap_or_default(),
        embedded: plan.embedded,
        outside: edits(plan.outside),
        sets: plan.sets.into_iter().map(set).collect(),
    }
}

fn edits(edits: Vec<types::Edit>) -> Vec<rewrite::Edit> {
    edits.into_iter().map(|edit| rewrite::Edit { path: edit.path, action: action(edit.action) }).collect()
}

fn action(action: types::Action) -> rewrite::Action {
    match action {
        types::Action::Keep => rewrite::Action::Keep,
        types::Action::KeepAll => rewrite::Action::KeepAll,
        types::Action::Remove => rewrite::Action::Remove,
        types::Action::Mask(hidden) => rewrite::Action::Mask(mask(hidden)),
        types::Action::Only(list) => rewrite::Action::Only(names(list)),
        types::Action::Entries(entries) => rewrite::Action::Entries(rewrite::Entries {
            name: entries.name,
            value: entries.value,
            also: entries.also,
            names: names(entries.names),
        }),
        types::Action::Recount(set) => rewrite::Action::Recount(set),
    }
}

fn names(names: types::Names) -> rewrite::Names {
    let masked = |masked: types::Masked| rewrite::Masked { name: masked.name, mask: mask(masked.mask) };
    rewrite::Names {
        keep: names.keep,
        mask: names.mask.into_iter().map(masked).collect(),
        remove: names.remove,
    }
}

fn mask(mask: types::Mask) -> rewrite::Mask {
    match mask {
        types::Mask::Fixed(text) => rewrite::Mask::Fixed(text),
        types::Mask::KeepLast(last) => rewrite::Mask::KeepLast(last),
        types::Mask::Null => rewrite::Mask::Null,
        types::Mask::Hash => rewrite::Mask::Hash,
        types::Mask::Own(number) => rewrite::Mask::Own(number),
        types::Mask::Patterns(patterns) => {
            rewrite::Mask::Patterns(patterns.into_iter().map(pattern).collect())
        }
    }
}

fn pattern(pattern: types::Pattern) -> rewrite::Pattern {
    match pattern {
        types::Pattern::Phone => rewrite::Pattern::Phone,
        types::Pattern::Email => rewrite::Pattern::Email,
        types::Pattern::Regex(text) => rewrite::Pattern::Regex(text),
    }
}
