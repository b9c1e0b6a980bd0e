//! The archive: written in one way, read strictly, and never accepted if it would not be written so again.

use std::io::Read as _;
use std::process::Command;

use bytes::Bytes;
use cordon_bundle::{Bundle, BundleError, Case, Digest, Parts, limits};
use proptest::prelude::*;

const BLOCK: usize = 512;
const MANIFEST: &str = "name = \"calls\"\nversion = \"1.0.0\"\ncontract = \"0.2\"\ncounter = 1\n";

fn parts() -> Parts {
    Parts {
        manifest: MANIFEST.to_owned(),
        component: Bytes::from_static(b"\0asm, or so"),
        rules: "rules = 1\n".to_owned(),
        cases: vec![case("one.toml", "a = 1\n"), case("two.json", "{}")],
    }
}

fn case(name: &str, text: &str) -> Case {
    Case { name: name.to_owned(), text: text.to_owned() }
}

fn written() -> Vec<u8> {
    parts().write().expect("the parts are right").bytes().to_vec()
}

/// Where the header of each entry begins.
fn headers(archive: &[u8]) -> Vec<usize> {
    let mut offsets = Vec::new();
    let mut offset = 0;
    while archive[offset] != 0 {
        offsets.push(offset);
        let digits = std::str::from_utf8(&archive[offset + 124..offset + 135]).expect("digits");
        let size = usize::from_str_radix(digits, 8).expect("a size");
        offset += BLOCK + size.next_multiple_of(BLOCK);
    }
    offsets
}

/// Puts the right sum into the header at `offset`, so that nothing but the changed field is wrong.
fn sum_up(archive: &mut [u8], offset: usize) {
    archive[offset + 148..offset + 156].fill(b' ');
    let sum: u32 = archive[offset..offset + BLOCK].iter().map(|byte| u32::from(*byte)).sum();
    archive[offset + 148..offset + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[test]
fn what_is_written_is_read_again() {
    let bundle = parts().write().expect("the parts are right");
    let again = Bundle::read(bundle.bytes().clone()).expect("it was written here");
    assert_eq!(again.parts(), parts());
    assert_eq!(again.digest(), bundle.digest());
    assert_eq!(again.digest(), Digest::of(bundle.bytes()));
    assert_eq!(again.manifest().counter, 1);
    assert_eq!(again.component().as_ref(), b"\0asm, or so");
    assert_eq!(again.cases()[1], case("two.json", "{}"));
}

/// Golden: whoever changes the format changes the digest of every bundle there is, and its signatures with it.
#[test]
fn the_digest_stays_what_it_is() {
    let digest = parts().write().expect("the parts are right").digest();
    assert_eq!(digest.to_string(), "sha256:b569668316bd5762f1f0a2fcc4a28bd99e1be2e6b36be0767ceb8d134ae1ed96");
}

#[test]
fn the_order_in_which_cases_come_does_not_matter() {
    let mut other = parts();
    other.cases.reverse();
    assert_eq!(other.write().expect("the parts are right").bytes(), &written());
}

/// An archive of a hostile registry is looked at with common tools, which must see the same as Cordon does.
#[test]
fn other_readers_see_the_same() {
    let archive = written();
    let mut seen = Vec::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        let header = entry.header();
        assert_eq!(
            (header.mtime().ok(), header.uid().ok(), header.mode().ok()),
            (Some(0), Some(0), Some(0o644))
        );
        seen.push((entry.path().expect("a path").display().to_string(), content));
    }
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["manifest.toml", "policy.wasm", "rules.toml", "cases/one.toml", "cases/two.json"]);
    assert_eq!(seen[1].1, b"\0asm, or so");
}

/// The same bytes come from GNU tar, so that nobody needs Cordon to check what a bundle was made from.
#[test]
fn gnu_tar_writes_the_same_bytes() {
    let version = Command::new("tar").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU tar")) {
        assert!(std::env::var_os("CI").is_none(), "GNU tar is missing: install Debian's package tar");
        eprintln!("skipped: GNU tar is missing; install Debian's package tar");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = parts().write().expect("the parts are right");
    std::fs::create_dir(folder.path().join("cases")).expect("a folder");
    let files = [
        ("manifest.toml", MANIFEST.as_bytes()),
        ("policy.wasm", bundle.component()),
        ("rules.toml", bundle.rules().as_bytes()),
        ("cases/one.toml", bundle.cases()[0].text.as_bytes()),
        ("cases/two.json", bundle.cases()[1].text.as_bytes()),
    ];
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let output = Command::new("tar")
        .args(["--format=ustar", "-b1", "--mtime=@0", "--owner=:0", "--group=:0", "--numeric-owner"])
        .args(["--mode=0644", "-cf", "-", "-C"])
        .arg(folder.path())
        .args(files.map(|(name, _)| name))
        .output()
        .expect("tar runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(Digest::of(&output.stdout), bundle.digest());
}

#[test]
fn a_cut_archive_is_refused_wherever_it_is_cut() {
    let archive = written();
    for length in 0..archive.len() {
        let error = Bundle::read(archive[..length].to_vec()).expect_err("it is cut off");
        assert!(matches!(error, BundleError::CutOff { .. }), "{length}: {error}");
    }
}

#[test]
fn what_stands_behind_the_end_is_refused() {
    let archive = written();
    for more in [&[0; 1][..], &[0; BLOCK], &[0; 2 * BLOCK], b"x", &archive] {
        let longer = [&archive, more].concat();
        assert_eq!(Bundle::read(longer).expect_err("it is longer"), BundleError::Trailing);
    }
}

#[test]
fn what_stands_between_entries_is_refused() {
    let mut archive = written();
    let padding = headers(&archive)[1] - 1;
    archive[padding] = 1;
    assert!(matches!(Bundle::read(archive), Err(BundleError::Padding { .. })));
}

/// Every byte of every header, with a sum that is right again. Only another size or case can be right: where zeros follow
/// a content, more of them make another bundle.
#[test]
fn every_field_of_a_header_is_as_it_is_written() {
    let archive = written();
    for header in headers(&archive) {
        for place in 0..BLOCK {
            for change in [1, 0x20, 0x80] {
                let mut changed = archive.clone();
                changed[header + place] ^= change;
                sum_up(&mut changed, header);
                if changed == archive {
                    continue;
                }
                if let Ok(bundle) = Bundle::read(changed.clone()) {
                    assert!(
                        place < 100 || (124..135).contains(&place),
                        "byte {place} of the header at {header} ^ {change}"
                    );
                    let again = bundle.parts().write().expect("what was read can be written");
                    assert_eq!(again.bytes(), &changed);
                }
            }
        }
    }
}

#[test]
fn a_header_says_which_field_differs() {
    for (place, field) in [(100, "mode"), (136, "time"), (156, "type"), (157, "link"), (265, "owner's name")]
    {
        let mut changed = written();
        changed[place] ^= 1;
        sum_up(&mut changed, 0);
        assert_eq!(Bundle::read(changed).expect_err("it differs"), BundleError::Header { offset: 0, field });
    }
    let mut changed = written();
    changed[150] ^= 1;
    let checksum = BundleError::Header { offset: 0, field: "checksum" };
    assert_eq!(Bundle::read(changed).expect_err("it differs"), checksum);
}

#[test]
fn entries_come_once_and_in_order() {
    let archive = written();
    let mut starts = headers(&archive);
    starts.push(archive.len() - 2 * BLOCK);
    let entry = |position: usize| &archive[starts[position]..starts[position + 1]];
    let end = &archive[starts[5]..];
    let of = |order: &[usize]| {
        let mut bytes: Vec<u8> = order.iter().flat_map(|position| entry(*position).to_vec()).collect();
        bytes.extend_from_slice(end);
        Bundle::read(bytes)
    };
    assert!(of(&[0, 1, 2, 3, 4]).is_ok());
    assert!(of(&[0, 1, 2]).is_ok());
    for order in [
        &[][..],
        &[0],
        &[0, 1],
        &[1, 0, 2],
        &[0, 2, 1],
        &[0, 0, 1, 2],
        &[0, 1, 1, 2],
        &[0, 1, 2, 2],
        &[0, 1, 2, 4, 3],
        &[0, 1, 2, 3, 3],
        &[3, 0, 1, 2],
    ] {
        let error = of(order).expect_err("not in order");
        assert!(matches!(error, BundleError::Entry { .. }), "{order:?}: {error}");
    }
}

#[test]
fn names_mean_one_file_everywhere() {
    let long = format!("{}.toml", "a".repeat(limits::CASE_NAME));
    for name in [
        "../one.toml",
        "a/b.toml",
        "/one.toml",
        "a\\b.toml",
        ".hidden.toml",
        "-o.toml",
        ".toml",
        "one",
        "one.TOML",
        "one.txt",
        "one.toml ",
        "o ne.toml",
        "ön.toml",
        "one\0.toml",
        "",
        &long,
    ] {
        let wrong = Parts { cases: vec![case(name, "")], ..parts() };
        assert!(matches!(wrong.write(), Err(BundleError::CaseName { .. })), "{name:?}");
    }
    let twice = Parts { cases: vec![case("a.toml", ""), case("a.toml", "")], ..parts() };
    assert!(matches!(twice.write(), Err(BundleError::CaseTwice { .. })));
    let alike = Parts { cases: vec![case("a.toml", ""), case("A.toml", "")], ..parts() };
    assert!(matches!(alike.write(), Err(BundleError::CaseTwice { .. })));
}

#[test]
fn nothing_is_larger_than_it_may_be() {
    let too_large = |parts: Parts| matches!(parts.write(), Err(BundleError::TooLarge { .. }));
    assert!(too_large(Parts { manifest: format!("#{}", "x".repeat(limits::MANIFEST)), ..parts() }));
    assert!(too_large(Parts { component: vec![1; limits::COMPONENT + 1].into(), ..parts() }));
    assert!(too_large(Parts { rules: "#".repeat(limits::RULES + 1), ..parts() }));
    assert!(too_large(Parts { cases: vec![case("a.toml", &"#".repeat(limits::CASE + 1))], ..parts() }));
    let many = |count: usize| Parts {
        cases: (0..count).map(|number| case(&format!("{number}.toml"), "")).collect(),
        ..parts()
    };
    assert!(many(limits::CASES).write().is_ok());
    assert_eq!(many(limits::CASES + 1).write().expect_err("one too many"), BundleError::TooManyCases);
    let large = Parts { cases: many(100).cases, ..parts() };
    let large = Parts {
        cases: large.cases.into_iter().map(|one| Case { text: "#".repeat(limits::CASE), ..one }).collect(),
        component: vec![1; limits::COMPONENT].into(),
        ..large
    };
    assert!(too_large(large), "the whole is bounded too");
    assert!(matches!(Bundle::read(vec![0; limits::ARCHIVE + 1]), Err(BundleError::TooLarge { .. })));
}

#[test]
fn what_should_be_text_is_text() {
    for entry in [0, 2, 3] {
        let mut archive = written();
        let content = headers(&archive)[entry] + BLOCK;
        archive[content] = 0xff;
        assert!(matches!(Bundle::read(archive), Err(BundleError::NotText { .. })), "entry {entry}");
    }
    let empty = Parts { component: Bytes::new(), ..parts() };
    assert_eq!(empty.write().expect_err("there is nothing in it"), BundleError::NoComponent);
}

#[test]
fn a_wrong_manifest_is_shown_with_its_mistakes() {
    let wrong = Parts { manifest: "name = \"a b\"\n".to_owned(), ..parts() };
    let Err(BundleError::Manifest { text, problems }) = wrong.write() else {
        panic!("the manifest is wrong");
    };
    assert_eq!(text, "name = \"a b\"\n");
    assert_eq!(problems.len(), 4, "{problems:#?}");
}

/// What somebody may do to an archive.
#[derive(Clone, Debug)]
enum Mutation {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    CopyBlock(usize, usize),
    SwapBlocks(usize, usize),
    SumUp,
    Size(usize, u32),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<usize>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, byte)| Mutation::Set(place, byte)),
        (place(), prop::collection::vec(any::<u8>(), 1..600))
            .prop_map(|(place, bytes)| Mutation::Insert(place, bytes)),
        (place(), 1..1100_usize).prop_map(|(place, length)| Mutation::Remove(place, length)),
        (place(), place()).prop_map(|(from, to)| Mutation::CopyBlock(from, to)),
        (place(), place()).prop_map(|(left, right)| Mutation::SwapBlocks(left, right)),
        Just(Mutation::SumUp),
        (place(), 0..2000_u32).prop_map(|(entry, size)| Mutation::Size(entry, size)),
    ]
}

fn mutate(archive: &mut Vec<u8>, mutation: &Mutation) {
    let blocks = archive.len() / BLOCK;
    if blocks == 0 {
        return;
    }
    let at = |place: usize| place % archive.len();
    let block = |place: usize| place % blocks * BLOCK;
    match mutation {
        Mutation::Set(place, byte) => {
            let place = at(*place);
            archive[place] = *byte;
        }
        Mutation::Insert(place, bytes) => {
            let place = at(*place);
            archive.splice(place..place, bytes.iter().copied());
        }
        Mutation::Remove(place, length) => {
            let place = at(*place);
            let end = (place + length).min(archive.len());
            archive.drain(place..end);
        }
        Mutation::CopyBlock(from, to) => {
            let copy = archive[block(*from)..block(*from) + BLOCK].to_vec();
            let to = block(*to);
            archive.splice(to..to, copy);
        }
        Mutation::SwapBlocks(left, right) => {
            for offset in 0..BLOCK {
                archive.swap(block(*left) + offset, block(*right) + offset);
            }
        }
        Mutation::SumUp => {
            for header in (0..blocks).map(|block| block * BLOCK) {
                if archive[header + 257..header + 262] == *b"ustar" {
                    sum_up(archive, header);
                }
            }
        }
        Mutation::Size(entry, size) => {
            let header = block(*entry);
            archive[header + 124..header + 136].copy_from_slice(format!("{size:011o}\0").as_bytes());
            sum_up(archive, header);
        }
    }
}

fn some_parts() -> impl Strategy<Value = Parts> {
    let cases = prop::collection::btree_map("[a-z0-9][a-z0-9._-]{0,20}\\.(toml|json)", ".{0,40}", 0..5);
    (prop::collection::vec(any::<u8>(), 1..1200), ".{0,700}", cases).prop_map(|(component, rules, cases)| {
        Parts {
            manifest: MANIFEST.to_owned(),
            component: component.into(),
            rules,
            cases: cases.into_iter().map(|(name, text)| Case { name, text }).collect(),
        }
    })
}

proptest! {
    #[test]
    fn parts_come_back_as_they_went_in(parts in some_parts()) {
        let bundle = parts.clone().write().expect("the parts are right");
        let again = Bundle::read(bundle.bytes().clone()).expect("it was written here");
        prop_assert_eq!(&again.parts(), &parts);
        let twice = parts.write().expect("the parts are right");
        prop_assert_eq!(twice.bytes(), again.bytes());
    }

    #[test]
    fn what_is_accepted_is_what_would_be_written(
        parts in some_parts(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let mut archive = parts.write().expect("the parts are right").bytes().to_vec();
        for mutation in &mutations {
            mutate(&mut archive, mutation);
        }
        if let Ok(bundle) = Bundle::read(archive.clone()) {
            let again = bundle.parts().write().expect("what was read can be written");
            prop_assert_eq!(again.bytes().as_ref(), archive.as_slice());
        }
    }

    #[test]
    fn noise_is_no_bundle(noise in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(Bundle::read(noise).is_err());
    }
}
