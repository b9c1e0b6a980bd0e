//! Reads a `directory.toml` as a whole directory.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problem, Problems, Text, line_of};

use super::declared::{DeclaredSettings, Entry, Item, Receiver};
use super::parse::parse;
use crate::model::{Key, Project, Record, RecordKind, Salt, Security, Settings, Token};
use crate::state::State;

/// Lines, from 1, on which records are declared.
pub(crate) type Places = HashMap<Key, usize>;

/// What a file says.
pub(crate) struct Read {
    pub(crate) state: State,
    pub(crate) places: Places,
}

/// Reads the text of a file, or tells everything that is wrong with it, in the order of the text. Hashes of tokens are
/// mixed with this salt, unless the file brings its own.
pub(crate) fn read(text: &str, salt: Salt) -> Result<Read, Vec<Problem>> {
    let mut directory = Directory {
        state: State::new(Security::Enhanced, salt),
        declared: Vec::new(),
        archived: Vec::new(),
        default_project: None,
    };
    let mut problems = parse(text, &mut directory)?;
    directory.finish(&mut problems);
    let problems = problems.finish();
    if problems.is_empty() {
        Ok(Read { places: places(text, directory.declared), state: directory.state })
    } else {
        Err(problems)
    }
}

/// The lines of what was declared, counted in one walk.
fn places(text: &str, mut declared: Vec<(Key, usize)>) -> Places {
    declared.sort_by_key(|(_, offset)| *offset);
    let (mut line, mut walked) = (1, 0);
    let mut places = Places::with_capacity(declared.len());
    for (key, offset) in declared {
        line += line_of(&text[walked..], offset - walked);
        walked = offset;
        places.insert(key, line);
    }
    places
}

/// The directory that comes of a file.
struct Directory {
    state: State,
    /// Each record and where it is declared.
    declared: Vec<(Key, usize)>,
    /// Projects that are archived when all else is in them: nothing is added to archived ones.
    archived: Vec<Project>,
    default_project: Option<Text>,
}

impl Receiver for Directory {
    /// Isolation is on unless the file says otherwise.
    fn settings(&mut self, settings: DeclaredSettings) {
        let security = settings.security.unwrap_or(Security::Enhanced);
        self.state = State::new(security, settings.salt.unwrap_or(*self.state.salt()));
        self.default_project = settings.default_project;
    }

    fn entry(&mut self, entry: Entry, problems: &mut Problems<'_>) {
        let Entry { item, span, written } = entry;
        let (record, number) = match item {
            Item::Record(record) => (record, None),
            Item::Digest { digest, user, number, label } => {
                let hash = digest.salted(self.state.salt());
                (Record::Token(Token { hash, user, label }), number)
            }
        };
        if let Record::Token(token) = &record
            && let Some(other) = self.state.token(&token.hash)
        {
            let which = number.map_or_else(|| "a token".to_owned(), |number| format!("token {number}"));
            let message = format!("{which} of `{}` is a token of `{}` as well", token.user, other.user);
            let help = "a token tells who is calling: give each user one of their own";
            return problems.at(span, message).help(help);
        }
        // In a user's list, a user who is wrong has been told of.
        if number.is_none() {
            for violation in self.state.check(&record) {
                problems.at(written.place(&violation, &span), violation.message).help(violation.help);
            }
        }
        self.take(record, span);
    }
}

impl Directory {
    fn take(&mut self, record: Record, span: Range<usize>) {
        let key = record.key();
        let record = match record {
            Record::Project(project) if project.archived => {
                self.archived.push(project.clone());
                Record::Project(Project { archived: false, ..project })
            }
            record => record,
        };
        if key.kind != RecordKind::Token {
            self.declared.push((key.clone(), span.start));
        }
        self.state.apply(&key, Some(record));
    }

    /// What can be said only when everything is there.
    fn finish(&mut self, problems: &mut Problems<'_>) {
        if let Some(text) = self.default_project.take() {
            let default_project = Some(Arc::from(text.value));
            let settings = Record::Settings(Settings { default_project, ..self.state.settings().clone() });
            for violation in self.state.check(&settings) {
                problems.at(text.span.clone(), violation.message).help(violation.help);
            }
            self.state.apply(&settings.key(), Some(settings));
        }
        for project in self.archived.drain(..) {
            let project = Record::Project(project);
            self.state.apply(&project.key(), Some(project));
        }
    }
}
