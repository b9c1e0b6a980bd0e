//! The blocks against the lexer: every kernel finds the same tokens and refuses the same byte for the same reason.

mod drawn;

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::drawn::Source;
use super::compare::{Manner, compare, indexer, read};
use super::*;

/// Whether the kernels read a text to its last bracket, colon or comma without the lexer.
fn leaps(text: &[u8], kernel: Chosen) -> bool {
    let mut indexer = Indexer::new(&Limits::default());
    indexer.kernel = kernel;
    let mut at = 0;
    let lengths = indexer.lengths.unwrap();
    indexer.leap(text, &mut at, lengths, &mut Index::default());
    at > 0
}

fn cases() -> u32 {
    std::env::var("CORDON_REWRITE_CASES").map_or(400, |cases| cases.parse().expect("a number"))
}

#[test]
fn the_blocks_agree_with_the_lexer() {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let bytes = proptest::collection::vec(any::<u8>(), 0..700);
    TestRunner::new(config)
        .run(&(bytes, any::<[u8; 24]>()), |(document, around)| {
            let around = &mut Source::new(&around);
            let manner = Manner { lines: around.one_in(4), call: around.one_in(8) };
            let mut text = drawn::text(&mut Source::new(&document), manner.lines);
            if manner.call {
                text.extend_from_slice(b");\n");
            }
            for _ in 0..around.below(3) {
                drawn::mutate(around, &mut text);
            }
            let limits = drawn::limits(around);
            let mut cuts: Vec<usize> =
                (0..around.below(4)).map(|_| around.below(1 << 16) % (text.len() + 1)).collect();
            cuts.sort_unstable();
            compare(&text, &cuts, &limits, manner);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_kernels_agree_on_the_masks() {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(any::<[u8; BLOCK]>(), any::<[u8; BLOCK]>(), any::<u64>()), |(wild, tame, bits)| {
            const USUAL: &[u8; 16] = b"{}[]:,\"\\ \n\r\t09-a";
            let tame = tame.map(|byte| USUAL[usize::from(byte % 16)]);
            for kernel in Chosen::all() {
                kernel.check(&wild, bits);
                kernel.check(&tame, bits);
            }
            Ok(())
        })
        .unwrap();
    // Miri takes a second for each.
    for byte in (0..=u8::MAX).step_by(if cfg!(miri) { 31 } else { 1 }) {
        for kernel in Chosen::all() {
            kernel.check(&[byte; BLOCK], u64::MAX << (byte % 64));
        }
    }
}

#[test]
fn every_cut_of_the_suite_gives_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/json-test-suite");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let case = std::fs::read(&path).unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if case.len() > 4096 {
            compare(&case, &[], &Limits::default(), Manner::default());
            continue;
        }
        // Long enough that blocks are read before and behind the case.
        for before in [0, 1, 50, 63, 64, 90] {
            let mut text = b"[".to_vec();
            text.extend(std::iter::repeat_n(&b"[],"[..], before).flatten());
            text.extend_from_slice(&case);
            text.extend_from_slice(b",[\"");
            text.extend(std::iter::repeat_n(b'x', 150));
            text.extend_from_slice(b"\"]]");
            compare(&text, &[], &Limits::default(), Manner::default());
            compare(&text, &[text.len() / 2], &Limits::default(), Manner::default());
            for kernel in Chosen::all() {
                assert!(!stem.starts_with('y') || leaps(&text, kernel), "{stem}, {kernel:?}");
            }
        }
        count += 1;
    }
    assert!(count > 300, "{count} cases only");
}

#[test]
fn what_reaches_over_blocks_is_held_to_its_limit() {
    let limits = Limits { name: 300, string: 700, number: 200, held: 250, depth: 5, ..Limits::default() };
    for length in 100..760 {
        let long = "7".repeat(length);
        for text in [
            format!("[{long},\"{}\"]", "x".repeat(200)),
            format!("[\"{long}\",{}]", "[],".repeat(60)),
            format!("{{\"{long}\":[{}]}}", "{}".to_owned() + &",{}".repeat(60)),
            format!("[{},[{}[]]]", " ".repeat(length), "[],".repeat(60)),
            format!("[1,{}1,[{}[]]]", "\n".repeat(length), "[],".repeat(60)),
            format!("[\"{}\",[{}[]]]", "\\n".repeat(length / 2), "[],".repeat(60)),
        ] {
            for cut in [1, 64, 100, 150] {
                compare(text.as_bytes(), &[cut], &limits, Manner::default());
            }
        }
    }
    for limit in [0, 1, 63, 64, 127, 128, 129] {
        let long = "7".repeat(limit + 2);
        let text =
            format!("[{long},\"{long}\",{{\"{long}\":{}1}}{}]", " ".repeat(limit + 2), ",[]".repeat(60));
        for field in 0..4 {
            let mut limits = Limits::default();
            *[&mut limits.name, &mut limits.string, &mut limits.number, &mut limits.held][field] = limit;
            compare(text.as_bytes(), &[], &limits, Manner::default());
        }
    }
}

#[test]
fn the_blocks_refuse_nothing_that_the_lexer_takes() {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let bytes = proptest::collection::vec(any::<u8>(), 300..700);
    TestRunner::new(config)
        .run(&bytes, |document| {
            let text = drawn::text(&mut Source::new(&document), false);
            let (start, brackets) = (text.trim_ascii_start(), b"{[");
            prop_assume!(start.len() >= SHORT && brackets.contains(&start[0]));
            for kernel in Chosen::all() {
                prop_assert!(leaps(start, kernel), "{kernel:?}: {}", String::from_utf8_lossy(start));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn lines_hold_one_value_each() {
    let lines = Manner { lines: true, call: false };
    // Lines before and behind, so that what is looked at stands in blocks.
    let around = "{\"a\":[1,{\"b\":\"c\"}],\"d\":null}\n".repeat(40);
    let offset = around.len();
    for (text, error) in [
        ("", None),
        ("\n\r\n \n", None),
        ("1\n\"a\"\r\n[]\n  {} \n", None),
        (" {}\t\n[]\n", None),
        ("{}\n{}\n\n{}\n", None),
        ("{} {}\n", Some(3)),
        ("[]\r[]\n", Some(3)),
        ("1 2\n", Some(2)),
        ("{\n}\n", Some(1)),
        ("[1,\n2]\n", Some(3)),
        ("{\"a\"\n:1}\n", Some(4)),
        ("{},\n{}\n", Some(2)),
        ("{}\n,{}\n", Some(3)),
        ("[1]]\n", Some(3)),
        ("\"a\nb\"\n", Some(2)),
    ] {
        let text = format!("{around}{text}{around}");
        let mut alone = indexer(&Limits::default(), lines);
        alone.lengths = None;
        let reads = read(alone, text.as_bytes(), &[]);
        let found = reads.iter().find_map(|read| read.error.as_ref()).map(|(at, _)| at - offset);
        assert_eq!(found, error, "{text}");
        for cut in 0..20 {
            compare(text.as_bytes(), &[offset + cut], &Limits::default(), lines);
        }
        compare(text.as_bytes(), &[], &Limits::default(), lines);
    }
    compare(b"", &[], &Limits::default(), lines);
    compare(format!("{around}7").as_bytes(), &[], &Limits::default(), lines);
    compare(format!("{around}{{").as_bytes(), &[], &Limits::default(), lines);
}
