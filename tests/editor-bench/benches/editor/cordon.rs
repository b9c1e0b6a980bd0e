//! Cordon at work, as the gateway has it: chunks as they come from a connection, pieces handed on.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{
    Batch, Editor, Judge, JudgeError, Options, OwnedScalar, Pieces, Plan, Scalar, Value, Verdict,
};

/// Bytes of a chunk.
pub const CHUNK: usize = 17 << 10;

/// Keeps what belongs to one project.
pub struct Wanted(pub &'static str);

impl Judge for Wanted {
    fn judge(&mut self, _: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        verdicts.extend((0..batch.len()).map(|record| match batch.value(record, 0) {
            Value::One(Scalar::Text(text)) if text == self.0 => Verdict::Keep(0),
            _ => Verdict::Drop,
        }));
        Ok(())
    }

    fn mask(&mut self, _: u32, _: &[Value<'_>], _: &mut Vec<OwnedScalar>) -> Result<(), JudgeError> {
        Err("there are no masks of its own".into())
    }
}

/// Edits a body and gives the length of what is left.
pub fn pass(plan: &Arc<Plan>, body: &Bytes, wanted: &'static str, pieces: &mut Pieces) -> usize {
    let mut length = 0;
    edit(plan, body, wanted, pieces, |piece| length += black_box(piece).len());
    length
}

/// Edits a body and gives what is left, for the comparison with the oracle.
pub fn collect(plan: &Arc<Plan>, body: &Bytes, wanted: &'static str) -> Vec<u8> {
    let mut whole = Vec::new();
    edit(plan, body, wanted, &mut Pieces::new(), |piece| whole.extend_from_slice(&piece));
    whole
}

fn edit(
    plan: &Arc<Plan>,
    body: &Bytes,
    wanted: &'static str,
    pieces: &mut Pieces,
    mut sink: impl FnMut(Bytes),
) {
    let mut editor = Editor::new(Arc::clone(plan), Options::default());
    let mut judge = Wanted(wanted);
    let mut at = 0;
    while at < body.len() {
        let end = (at + CHUNK).min(body.len());
        editor.feed(body.slice(at..end), &mut judge, pieces).expect("a body that can be edited");
        while let Some(piece) = pieces.pop() {
            sink(piece);
        }
        at = end;
    }
    editor.finish(&mut judge, pieces).expect("a body that is complete");
    while let Some(piece) = pieces.pop() {
        sink(piece);
    }
}
