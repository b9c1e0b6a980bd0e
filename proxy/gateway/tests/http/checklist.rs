//! Every number of `http-checklist.md` has a test whose name carries it. `cargo test --test http -- --list` reads as the
//! list of what is covered.

use std::collections::BTreeSet;
use std::process::Command;

/// The last number.
const LAST: u32 = 42;
/// What this program does not do: it edits no requests.
const NOT_YET: &[u32] = &[39];
/// Numbers of which HTTP/2 has nothing, since they are about bytes of HTTP/1.1.
const OF_HTTP_1: &[u32] = &[3, 5, 6];

/// The numbers that the names of tests carry, such as 29 and 30 of `packed::h29_h30_what_stands_in_strings`.
fn numbers<'a>(tests: impl Iterator<Item = &'a str>) -> BTreeSet<u32> {
    let words = tests.flat_map(|test| test.rsplit("::").next().unwrap_or_default().split('_'));
    words.filter_map(|word| word.strip_prefix('h')?.parse().ok()).collect()
}

/// Numbers that every one of `expected` should have and `found` has not.
fn missing(found: &BTreeSet<u32>, but: &[u32]) -> Vec<String> {
    let expected = (1..=LAST).filter(|number| !NOT_YET.contains(number) && !but.contains(number));
    expected.filter(|number| !found.contains(number)).map(|number| format!("H{number}")).collect()
}

#[test]
fn every_number_of_the_checklist_has_a_test() {
    let listed = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tests = || listed.lines().filter_map(|line| line.strip_suffix(": test"));
    assert_eq!(missing(&numbers(tests()), &[]), Vec::<String>::new(), "no test carries these numbers");
    let over_http2 = tests().filter(|test| test.starts_with("http2::") || test.contains("http2"));
    assert_eq!(missing(&numbers(over_http2), OF_HTTP_1), Vec::<String>::new(), "none of these over HTTP/2");
}

#[test]
fn a_number_without_a_test_is_found() {
    let found = numbers(["a::h1_h2_both", "h4_alone", "other_h5x"].into_iter());
    assert_eq!(found, BTreeSet::from([1, 2, 4]));
    assert_eq!(missing(&found, &[])[..2], ["H3", "H5"]);
}
