//! Records of the same shape are edited by what was done with those before. What comes out is the same as of an editor
//! that traces differences, and so looks at each member of each record.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{
    Action, Batch, BodyPlan, Edit, Editor, Judge, JudgeError, Key, Mask, Masked, Names, Options, OwnedScalar,
    Pieces, Plan, RecordSet, Report, Scalar, Value, Verdict,
};
use proptest::prelude::*;

/// Keeps every record but nested ones whose key is a number.
struct KeepsMost;

impl Judge for KeepsMost {
    fn judge(&mut self, set: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        verdicts.extend((0..batch.len()).map(|record| match batch.value(record, 0) {
            Value::Absent => Verdict::Keep(1),
            Value::One(Scalar::Number(_)) if set > 0 => Verdict::Drop,
            _ => Verdict::Keep(0),
        }));
        Ok(())
    }

    fn mask(&mut self, _: u32, _: &[Value<'_>], _: &mut Vec<OwnedScalar>) -> Result<(), JudgeError> {
        Err("there are no masks of its own".into())
    }
}

/// Which records lie in the records.
#[derive(Clone, Copy, Debug)]
enum Nested {
    Nothing,
    /// A member, and a member of it.
    Members,
    /// A member, and what is no member: each record is looked through for them.
    Others,
}

fn plan(nested: Nested) -> Plan {
    let edit = |path: &str, action| Edit { path: path.to_owned(), action };
    let names = |keep: &[&str], mask: Vec<Masked>, remove: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Action::Only(Names { keep: owned(keep), mask, remove: owned(remove) })
    };
    let masked = |name: &str, mask| Masked { name: name.to_owned(), mask };
    let first = vec![
        edit("$", names(&["a", "b", "list"], vec![masked("c", Mask::Fixed("*".to_owned()))], &["d"])),
        edit("$.in", names(&["b", "d"], vec![masked("a", Mask::KeepLast(2)), masked("e", Mask::Null)], &[])),
        edit("$.in.in", Action::KeepAll),
    ];
    let second =
        vec![edit("$", Action::KeepAll), edit("$.c", Action::Remove), edit("$.in.a", Action::Remove)];
    let set = |within: Option<u32>, path: &str, key: &str| RecordSet {
        within,
        path: path.to_owned(),
        keys: vec![Key { path: key.to_owned(), up: 0 }],
        profiles: vec![first.clone(), second.clone()],
        ..RecordSet::default()
    };
    let mut sets = vec![set(None, "$[*]", "$.a")];
    match nested {
        Nested::Nothing => {}
        Nested::Members => sets.extend([set(Some(0), "$.e", "$.b"), set(Some(1), "$.e", "$.b")]),
        Nested::Others => sets.extend([set(Some(0), "$.e", "$.b"), set(Some(0), "$.in.list[*]", "$.b")]),
    }
    Plan::compile(BodyPlan { sets, ..BodyPlan::default() }).unwrap()
}

/// Edits a body in pieces of so many bytes.
fn run(plan: &Arc<Plan>, body: &Bytes, chunk: usize, options: Options) -> (Result<Vec<u8>, String>, Report) {
    let mut editor = Editor::new(Arc::clone(plan), options);
    let mut out = Pieces::new();
    let mut read = || {
        for at in (0..body.len()).step_by(chunk) {
            editor.feed(body.slice(at..body.len().min(at + chunk)), &mut KeepsMost, &mut out)?;
        }
        editor.finish(&mut KeepsMost, &mut out)
    };
    let result = read().map_err(|error| error.to_string());
    let mut report = editor.report().clone();
    report.differences.clear();
    (result.map(|()| out.take().to_vec()), report)
}

/// A value of some kind, with white space in it.
fn value(depth: usize) -> BoxedStrategy<String> {
    let scalar = prop::sample::select(vec![
        "1",
        "-0.5e3",
        "\"\"",
        "\"text, \\\"}\"",
        "null",
        "true",
        "[]",
        "{}",
        "[ ]",
        "{ }",
    ]);
    let scalar = scalar.prop_map(str::to_owned);
    if depth == 0 {
        return scalar.boxed();
    }
    let list =
        prop::collection::vec(value(depth - 1), 0..3).prop_map(|values| format!("[ {} ]", values.join(" ,")));
    prop_oneof![4 => scalar, 1 => list, 3 => object(depth - 1)].boxed()
}

/// An object of some of the names, in any order, as it is written.
fn object(depth: usize) -> BoxedStrategy<String> {
    let names =
        prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "in", "list", "a-name-of-many-bytes"], 0..8);
    let blank = prop::sample::select(vec!["", "", "", " ", "\n  "]);
    (names.prop_shuffle(), prop::collection::vec((value(depth), blank.clone()), 8), blank)
        .prop_map(|(names, values, blank)| {
            let member = |(name, (value, space)): (&&str, &(String, &str))| {
                format!("{space}\"{name}\"{blank}:{space}{value}{blank}")
            };
            let members: Vec<String> = names.iter().zip(&values).map(member).collect();
            format!("{{{}{blank}}}", members.join(","))
        })
        .boxed()
}

fn cases() -> u32 {
    std::env::var("CORDON_REWRITE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn courses_change_nothing(
        shapes in prop::collection::vec(object(2), 1..6),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        chunk in 1_usize..600,
        members in prop::sample::select(vec![4, 7, 1000]),
        nested in prop::sample::select(vec![Nested::Nothing, Nested::Members, Nested::Others]),
    ) {
        let records: Vec<&str> = order.iter().map(|place| shapes[place.index(shapes.len())].as_str()).collect();
        let body = Bytes::from(format!("[{}]", records.join(", ")));
        let plan = Arc::new(plan(nested));
        let mut options = Options::default();
        options.limits.members = members;
        let expected = run(&plan, &body, usize::MAX, Options { trace: true, ..options.clone() });
        // The second time with what was learned the first.
        for chunk in [usize::MAX, chunk] {
            let found = run(&plan, &body, chunk, options.clone());
            prop_assert_eq!(&found.0, &expected.0);
            if found.0.is_ok() {
                prop_assert_eq!(&found.1, &expected.1);
            }
        }
    }
}
