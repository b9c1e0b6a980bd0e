//! Reading a directory, or a part of it, and making a change of it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problem, Problems};

use super::arrange::{Wanted, arrange};
use super::{Format, Sheet, json, sheet};
use crate::edit::{Change, Draft};
use crate::file::{DeclaredSettings, Entry, Item, Receiver, Written, parse};
use crate::model::{Key, Record, RecordKind, Settings, Token};
use crate::state::{State, Violation};

/// What a file says, ready to be put into a directory. It may be a part of one: what it refers to may be in the
/// directory already, and what it does not name stays as it is, unless it is to replace all.
///
/// A record of TOML or JSON takes the place of the one of its key as a whole. Of a CSV file only the columns count that
/// it has. A file without tokens says nothing of tokens.
pub struct Import<'text> {
    format: Format,
    text: &'text str,
    settings: DeclaredSettings,
    incoming: Vec<Incoming>,
    /// The columns of a sheet.
    columns: Vec<&'static str>,
    problems: Problems<'text>,
    /// Nothing could be read at all.
    unreadable: Vec<Problem>,
}

/// One record of a file.
pub(super) struct Incoming {
    item: Item,
    span: Range<usize>,
    written: Written,
    /// Where it stands in a JSON document.
    pub(super) pointer: Option<String>,
}

impl Incoming {
    pub(super) fn record(record: Record, span: Range<usize>, written: Written) -> Incoming {
        Incoming { item: Item::Record(record), span, written, pointer: None }
    }
}

impl<'text> Import<'text> {
    /// Reads a text. What is wrong with it is told by [`Import::apply`], together with what the directory says.
    pub fn read(text: &'text str, format: Format) -> Import<'text> {
        let mut import = Import {
            format,
            text,
            settings: DeclaredSettings::default(),
            incoming: Vec::new(),
            columns: Vec::new(),
            problems: Problems::new(text),
            unreadable: Vec::new(),
        };
        match format {
            Format::Toml => {
                let mut collected = Collected::default();
                match parse(text, &mut collected) {
                    Ok(problems) => import.problems = problems,
                    Err(problems) => import.unreadable = problems,
                }
                import.settings = collected.settings;
                import.incoming = collected.incoming;
            }
            Format::Json => {
                let said = json::read(text, &mut import.problems);
                import.settings = said.settings;
                import.incoming = said.records;
            }
            Format::Csv(sheet) => {
                // Spreadsheets put a byte order mark before their texts.
                let begin = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
                let rows = sheet::read(sheet, &text[begin..], begin, &mut import.problems);
                import.columns = rows.columns;
                import.incoming = rows.rows;
            }
        }
        import
    }

    /// Puts all of it into a draft; with `replace` takes away what the file does not name, of the kinds of record that
    /// it can hold. The draft is of no use after an error.
    ///
    /// # Errors
    /// Every mistake of the file, in its order: those of its form and those against the directory's rules. Lines of
    /// JSON stand in the message, after a pointer.
    pub fn apply(&self, draft: &mut Draft, replace: bool) -> Result<(), Vec<Problem>> {
        if !self.unreadable.is_empty() {
            return Err(self.unreadable.clone());
        }
        let mut problems = self.problems.clone();
        let wanted = self.wanted(draft.state(), &mut problems);
        let unnamed = if replace { self.unnamed(draft.state(), &wanted) } else { Vec::new() };
        for (index, violation) in arrange(draft, wanted, &unnamed) {
            match index.and_then(|index| self.incoming.get(index)) {
                Some(incoming) => incoming.note(violation, &mut problems),
                None => {
                    problems.at(0..0, violation.message).help(violation.help);
                }
            }
        }
        let problems = problems.finish();
        if problems.is_empty() { Ok(()) } else { Err(self.shown(problems)) }
    }

    /// What would come of it.
    ///
    /// # Errors
    /// As [`Import::apply`], and what is wrong with the outcome as a whole.
    pub fn plan(&self, state: &State, replace: bool) -> Result<(State, Vec<Change>), Vec<Problem>> {
        let mut draft = Draft::new(state);
        self.apply(&mut draft, replace)?;
        draft.finish().map_err(|violations| {
            let problem = |violation: Violation| Problem {
                message: format!("{}: {}", violation.key, violation.message),
                span: None,
                help: Some(violation.help),
            };
            violations.into_iter().map(problem).collect()
        })
    }

    /// The records to be, each with its place among the incoming ones.
    fn wanted(&self, state: &State, problems: &mut Problems<'_>) -> Vec<Wanted> {
        let mut wanted = Vec::with_capacity(self.incoming.len() + 1);
        let own_salt = self.settings.salt.as_ref().is_some_and(|salt| salt != state.salt());
        let mut told = false;
        let mut owners: HashMap<Key, Arc<str>> = HashMap::new();
        for (index, incoming) in self.incoming.iter().enumerate() {
            let record = match &incoming.item {
                Item::Record(Record::Token(_)) if own_salt => {
                    if !std::mem::replace(&mut told, true) {
                        let message =
                            "the salted hashes of tokens are another directory's: its `token_salt` differs";
                        let help =
                            "leave the tokens out and issue new ones, or write `sha256:` digests in TOML";
                        problems.at(incoming.span.clone(), message).help(help);
                    }
                    continue;
                }
                Item::Record(record) if self.columns.is_empty() => record.clone(),
                Item::Record(record) => {
                    sheet::merged(record.clone(), state.get(&record.key()), &self.columns)
                }
                Item::Digest { digest, user, label, .. } => {
                    let hash = digest.salted(state.salt());
                    let there = state.token(&hash).filter(|there| there.user == *user);
                    let label = label.clone().or_else(|| there.and_then(|there| there.label.clone()));
                    Record::Token(Token { hash, user: Arc::clone(user), label })
                }
            };
            if let Record::Token(token) = &record {
                let there = state.token(&token.hash).map(|there| Arc::clone(&there.user));
                let earlier = owners.insert(record.key(), Arc::clone(&token.user));
                if let Some(other) = earlier.or_else(|| there.filter(|other| *other != token.user)) {
                    let message = format!("a token of `{}` is a token of `{other}` as well", token.user);
                    let help = "a token tells who is calling: give each user one of their own";
                    problems.at(incoming.span.clone(), message).help(help);
                    continue;
                }
            }
            wanted.push(Wanted { index: Some(index), record });
        }
        wanted.extend(self.wanted_settings(state));
        wanted
    }

    fn wanted_settings(&self, state: &State) -> Option<Wanted> {
        let DeclaredSettings { security, default_project, .. } = &self.settings;
        let now = state.settings();
        let settings = Settings {
            security: security.unwrap_or(now.security),
            default_project: match default_project {
                Some(text) => Some(Arc::from(text.value.as_str())),
                None => now.default_project.clone(),
            },
        };
        (settings != *now).then_some(Wanted { index: None, record: Record::Settings(settings) })
    }

    /// Keys of what is there and not named, of the kinds that the file can hold.
    fn unnamed(&self, state: &State, wanted: &[Wanted]) -> Vec<Key> {
        let named: std::collections::HashSet<Key> = wanted.iter().map(|wanted| wanted.record.key()).collect();
        let has_tokens =
            self.settings.salt.is_some() || named.iter().any(|key| key.kind == RecordKind::Token);
        let covers = |kind: RecordKind| match self.format {
            Format::Csv(Sheet::Users) => kind == RecordKind::User,
            Format::Csv(Sheet::Fields) => kind == RecordKind::Field,
            Format::Csv(Sheet::Objects) => kind == RecordKind::Object,
            Format::Toml | Format::Json => match kind {
                RecordKind::Settings => false,
                RecordKind::Token => has_tokens,
                _ => true,
            },
        };
        let keys = state.records().map(|record| record.key());
        keys.filter(|key| covers(key.kind) && !named.contains(key)).collect()
    }

    /// Problems as they are shown: a JSON document may be one line, which nobody wants to see whole.
    fn shown(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        if self.format == Format::Json {
            for problem in &mut problems {
                if let Some(span) = problem.span.take().filter(|span| !span.is_empty()) {
                    problem.message = format!("{} (line {})", problem.message, json::line(self.text, &span));
                }
            }
        }
        problems
    }
}

impl Incoming {
    /// Says what is wrong with it where it stands.
    fn note(&self, violation: Violation, problems: &mut Problems<'_>) {
        let place = self.written.place(&violation, &self.span);
        let message = match &self.pointer {
            Some(pointer) if violation.property.is_empty() => format!("{pointer}: {}", violation.message),
            Some(pointer) => format!("{pointer}/{}: {}", violation.property, violation.message),
            None => violation.message,
        };
        problems.at(place, message).help(violation.help);
    }
}

/// Keeps what a TOML file declares.
#[derive(Default)]
struct Collected {
    settings: DeclaredSettings,
    incoming: Vec<Incoming>,
}

impl Receiver for Collected {
    fn settings(&mut self, settings: DeclaredSettings) {
        self.settings = settings;
    }

    fn entry(&mut self, entry: Entry, _: &mut Problems<'_>) {
        let Entry { item, span, written } = entry;
        self.incoming.push(Incoming { item, span, written, pointer: None });
    }
}
