//! What comes out is cut from what went in.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{Action, BodyPlan, Edit, Editor, Key, Mask, Options, Pieces, Plan, RecordSet, Verdict};
use support::judge::Table;

fn plan(outside: &[(&str, Action)], sets: Vec<RecordSet>) -> Arc<Plan> {
    let edit = |(path, action): &(&str, Action)| Edit { path: (*path).to_owned(), action: action.clone() };
    let outside = outside.iter().map(edit).collect();
    Arc::new(Plan::compile(BodyPlan { outside, sets, ..BodyPlan::default() }).unwrap())
}

fn pieces(plan: &Arc<Plan>, chunks: &[Bytes], judge: &mut Table) -> Vec<Bytes> {
    let mut editor = Editor::new(Arc::clone(plan), Options::default());
    let mut out = Pieces::new();
    for chunk in chunks {
        editor.feed(chunk.clone(), judge, &mut out).unwrap();
    }
    editor.finish(judge, &mut out).unwrap();
    std::iter::from_fn(|| out.pop()).collect()
}

/// Whether a piece lies in a chunk's memory.
fn lies_in(piece: &Bytes, chunk: &Bytes) -> bool {
    chunk.as_ptr_range().contains(&piece.as_ptr())
}

/// Longer than what is copied.
fn long(text: &str) -> String {
    text.repeat(2000 / text.len())
}

#[test]
fn a_chunk_that_is_kept_comes_out_as_itself() {
    let (first, last) = (format!(r#"{{"a":[{}{{"b":"#, long("1,")), format!(r#""{}"}}]}}"#, long("c")));
    let chunks = [Bytes::from(first), Bytes::from(last)];
    let pieces = pieces(&plan(&[("$", Action::KeepAll)], vec![]), &chunks, &mut Table::default());
    assert_eq!(pieces, chunks);
    assert!(pieces.iter().zip(&chunks).all(|(piece, chunk)| lies_in(piece, chunk)));
}

#[test]
fn neighbours_that_are_kept_are_one_piece() {
    let set = RecordSet {
        path: "$.d[*]".to_owned(),
        keys: vec![Key { path: "$.p".to_owned(), up: 0 }],
        profiles: vec![vec![Edit { path: "$".to_owned(), action: Action::KeepAll }]],
        ..RecordSet::default()
    };
    let plan = plan(&[("$.n", Action::Keep), ("$.m", Action::Keep)], vec![set]);
    let kept = format!(r#","m":[2],"d":[{{"p":"a"}}{}"#, long(r#", {"p":"a"}"#));
    let body = Bytes::from(format!(r#"{{"n":1,"x":0{kept},{{"p":"b"}}]}}"#));
    let mut judge = Table { otherwise: Some(Verdict::Keep(0)), ..Table::default() };
    judge.verdicts.insert((0, vec!["b".to_owned()]), Verdict::Drop);
    let pieces = pieces(&plan, std::slice::from_ref(&body), &mut judge);
    let expected: [&[u8]; 3] = [br#"{"n":1"#, kept.as_bytes(), b"]}"];
    assert_eq!(pieces, expected);
    assert!(lies_in(&pieces[1], &body));
    assert_eq!(judge.batches, 1);
}

#[test]
fn what_is_short_is_copied_into_one_piece() {
    let plan =
        plan(&[("$.a", Action::Keep), ("$.c", Action::Mask(Mask::Null)), ("$.d", Action::Keep)], vec![]);
    let body = Bytes::from_static(br#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#);
    let pieces = pieces(&plan, std::slice::from_ref(&body), &mut Table::default());
    assert_eq!(pieces, [&br#"{"a":1,"c":null,"d":4}"#[..]]);
}
