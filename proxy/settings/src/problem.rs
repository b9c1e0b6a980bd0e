//! What is wrong in a settings file.

use std::fmt;
use std::ops::Range;

/// A mistake in a settings file: all of them are reported at once.
///
/// Neither message nor help holds a token. A problem has no span if the lines that it stands in hold something that
/// may be a token, because whoever prints a span prints its lines; the message then names the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, and where if there is no span.
    pub message: String,
    /// Where it stands in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Words of statements that may hold a secret.
const SECRETIVE: [&str; 6] = ["tok", "secret", "credential", "value", "password", "@"];

/// Collects the problems of one text.
#[derive(Clone)]
pub struct Problems<'text> {
    text: &'text str,
    found: Vec<Problem>,
    /// Lines (from 0) that hold what may be a token.
    secret_lines: Vec<Range<usize>>,
}

impl<'text> Problems<'text> {
    /// No problem so far in this text.
    pub fn new(text: &'text str) -> Problems<'text> {
        Problems { text, found: Vec::new(), secret_lines: Vec::new() }
    }

    /// Notes a mistake at a place.
    pub fn at(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Problem {
        let position = self.found.len();
        self.found.push(Problem { message: message.into(), span: Some(span), help: None });
        &mut self.found[position]
    }

    /// Marks a place whose lines must not be printed.
    pub fn hide(&mut self, span: &Range<usize>) {
        let lines = line_of(self.text, span.start)..line_of(self.text, span.end) + 1;
        self.secret_lines.push(lines);
    }

    /// The line, from 1, in which a place begins.
    pub fn line(&self, span: &Range<usize>) -> usize {
        line_of(self.text, span.start) + 1
    }

    /// Whether anything was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Marks a place that may hold a secret, by the words in it.
    pub fn hide_if_secret(&mut self, span: &Range<usize>) {
        let statement = self.text.get(span.clone()).unwrap_or_default().to_lowercase();
        if SECRETIVE.iter().any(|word| statement.contains(word)) {
            self.hide(span);
        }
    }

    /// The problems in the order of the text, without spans over lines that must not be printed.
    pub fn finish(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        for problem in &mut self.found {
            let Some(span) = &problem.span else { continue };
            let lines = line_of(self.text, span.start)..line_of(self.text, span.end) + 1;
            if self.secret_lines.iter().any(|secret| secret.start < lines.end && lines.start < secret.end) {
                let message = &problem.message;
                problem.message =
                    format!("line {}, not shown as it may hold a token: {message}", lines.start + 1);
                problem.span = None;
            }
        }
        self.found
    }
}

impl Problem {
    /// Adds what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

/// The line, from 0, in which a byte stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count()
}

/// The nearest of some names to a mistyped one, if one is near.
pub fn nearest<'name>(wrong: &str, names: impl IntoIterator<Item = &'name str>) -> Option<&'name str> {
    let limit = wrong.chars().count() / 3 + 1;
    names
        .into_iter()
        .map(|name| (distance(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// How many characters must be added, taken out or replaced to make one text the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, character) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for column in 0..right.len() {
            let replaced = diagonal + usize::from(character != right[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
