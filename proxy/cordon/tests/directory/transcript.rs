//! The README's section on administration is what the commands do.

use std::process::Command;

use crate::place::{Place, text};

const README: &str = include_str!("../../../../README.md");

/// Runs what stands behind `$` in the README's blocks of a console, and compares what it prints. Tokens, hashes, times
/// and who is at the keyboard differ from machine to machine. With `WRITE_EXPECTED=1` it prints what happened.
#[test]
fn the_transcript_is_what_happens() {
    let blocks: Vec<&str> =
        README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let transcript = blocks.concat();
    assert!(transcript.contains("cordon directory history"), "there is no transcript");
    let place = Place::uninitialised();
    let mut happened = String::new();
    for line in transcript.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let arguments = words(line);
        assert_eq!(arguments.first().map(String::as_str), Some("cordon"), "{line}");
        let output = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(&arguments[1..])
            .current_dir(place.folder())
            .output()
            .expect("it runs");
        happened += &format!("$ {line}\n{}{}", text(&output.stdout), text(&output.stderr));
    }
    if std::env::var_os("WRITE_EXPECTED").is_some() {
        println!("{happened}");
    }
    assert_eq!(alike(&happened), alike(&transcript));
}

/// The words of a line, as a shell reads double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in line.split('"').enumerate() {
        if position % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// A text without what differs from run to run, and without empty lines.
fn alike(text: &str) -> String {
    let word = |word: &str| -> String {
        let is_time =
            word.len() == 20 && word.ends_with('Z') && word.starts_with(|first: char| first.is_ascii_digit());
        if word.starts_with("cordon_") {
            "cordon_…".to_owned()
        } else if word.starts_with("cli:") {
            "cli:…".to_owned()
        } else if word.split_once(':').is_some_and(|(_, hash)| hash.len() == 64) {
            "NUMBER:HASH".to_owned()
        } else if is_time {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n";
    text.lines().filter(|line| !line.trim().is_empty()).map(line).collect()
}
