//! The blocks against the lexer: every kernel finds the same tokens and refuses the same byte for the same reason.

use super::*;

/// What a window gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    tokens: Vec<u32>,
    /// Of the opening brackets only.
    skips: Vec<(usize, u32)>,
    closes: Vec<u32>,
    head: u32,
    tail: u32,
    depth: usize,
    pub(super) error: Option<(usize, String)>,
}

/// How a document is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    pub(super) lines: bool,
    pub(super) call: bool,
}

pub(super) fn indexer(limits: &Limits, manner: Manner) -> Indexer {
    let mut indexer = if manner.lines { Indexer::lines(limits) } else { Indexer::new(limits) };
    if manner.call {
        indexer.expect_call();
    }
    indexer
}

pub(super) fn read(mut indexer: Indexer, text: &[u8], cuts: &[usize]) -> Vec<Read> {
    let mut reads = Vec::new();
    let mut index = Index::default();
    let mut from = 0;
    for &cut in cuts.iter().chain([&text.len()]) {
        let window = &text[from.min(cut)..cut.max(from)];
        from = cut.max(from);
        let result = indexer.read(window, 0, &mut index);
        let error = result.err().map(|(at, kind)| (at, kind.to_string()));
        let failed = error.is_some();
        reads.push(snapshot(&index, window, indexer.depth(), error));
        if failed {
            return reads;
        }
    }
    let error = indexer.finish(&mut index).err().map(|kind| (0, kind.to_string()));
    reads.push(snapshot(&index, &[], indexer.depth(), error));
    reads
}

fn snapshot(index: &Index, window: &[u8], depth: usize, error: Option<(usize, String)>) -> Read {
    let is_open = |token: &u32| matches!(window[*token as usize], b'{' | b'[');
    assert!(index.tokens.len() <= index.skips.len());
    let opening = index.tokens.iter().enumerate().filter(|(_, token)| is_open(token));
    Read {
        tokens: index.tokens.to_vec(),
        skips: opening.map(|(number, _)| (number, index.skips[number])).collect(),
        closes: index.closes.clone(),
        head: index.head,
        tail: index.tail,
        depth,
        error,
    }
}

/// Reads with the lexer alone and with each kernel, and panics where they differ.
pub(super) fn compare(text: &[u8], cuts: &[usize], limits: &Limits, manner: Manner) {
    let mut alone = indexer(limits, manner);
    alone.lengths = None;
    let expected = read(alone, text, cuts);
    for kernel in Chosen::all() {
        let mut fast = indexer(limits, manner);
        fast.kernel = kernel;
        let found = read(fast, text, cuts);
        assert_eq!(found, expected, "{kernel:?}, cut at {cuts:?}: {}", String::from_utf8_lossy(text));
    }
}

/// What the fuzzer gives: how the document is read, where it is cut, and the document.
#[cfg(fuzzing)]
pub fn compare_index(data: &[u8]) {
    let Some((&[manner, limits, first, second], text)) = data.split_first_chunk() else {
        return;
    };
    let manner = Manner { lines: manner & 1 != 0, call: manner & 6 == 6 };
    let mut small = Limits::default();
    if limits & 1 != 0 {
        let bound = 64 + 4 * usize::from(limits);
        small = Limits {
            depth: 4 + usize::from(limits >> 4),
            name: bound,
            string: bound,
            number: bound,
            held: bound,
            ..small
        };
    }
    let mut cuts = [first, second].map(|cut| usize::from(cut) * text.len() / 255);
    cuts.sort_unstable();
    compare(text, &cuts, &small, manner);
    compare(text, &[], &small, manner);
}
