//! Feeds a body in chunks of any cut.

use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{EditError, Editor, Judge, Options, Pieces, Plan, Report};

/// What came of a body.
pub struct Outcome {
    pub output: Vec<u8>,
    pub report: Report,
    pub result: Result<(), EditError>,
}

/// Feeds a body in the given chunks.
pub fn feed<'a>(
    plan: &Arc<Plan>,
    options: &Options,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    judge: &mut dyn Judge,
) -> Outcome {
    let mut editor = Editor::new(Arc::clone(plan), options.clone());
    let mut out = Pieces::new();
    let result = chunks
        .into_iter()
        .try_for_each(|chunk| editor.feed(Bytes::copy_from_slice(chunk), judge, &mut out))
        .and_then(|()| editor.finish(judge, &mut out));
    if result.is_err() {
        let again = editor.feed(Bytes::from_static(b"{}"), judge, &mut Pieces::new());
        assert!(again.is_err(), "an editor that failed must stay so");
    }
    Outcome { output: out.take().to_vec(), report: editor.report().clone(), result }
}

/// A small generator of pseudo-random numbers, good enough to cut chunks.
pub struct Cuts(u64);

impl Cuts {
    pub fn new(seed: u64) -> Cuts {
        Cuts(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    /// Cuts a body into chunks, some of them empty.
    pub fn cut<'a>(&mut self, body: &'a [u8]) -> Vec<&'a [u8]> {
        let longest = [2, 5, 20, 200][self.below(4)];
        let mut chunks = Vec::new();
        let mut rest = body;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(self.below(longest + 1).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks
    }
}

/// The number of random cases: that of `CORDON_REWRITE_CASES`, or the one for everyday runs.
pub fn cases(everyday: u32) -> u32 {
    std::env::var("CORDON_REWRITE_CASES").map_or(everyday, |cases| cases.parse().expect("a number"))
}

/// The seeds of the random chunkings: the one of `CORDON_CHUNK_SEED`, or new ones each time.
pub fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("CORDON_CHUNK_SEED") {
        Ok(seed) => vec![seed.parse().expect("CORDON_CHUNK_SEED is a number")],
        Err(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            let start = u64::from(now.subsec_nanos()) + now.as_secs();
            (0..count).map(|step| start.wrapping_add(step)).collect()
        }
    }
}
