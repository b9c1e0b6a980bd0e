//! A change in the making.

use std::collections::HashSet;

use crate::model::{Key, Record, RecordKind};
use crate::state::{Rule, State, Violation};

/// What a change does to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which record.
    pub key: Key,
    /// What it was. None: it is new.
    pub before: Option<Record>,
    /// What it is now. None: it is gone.
    pub after: Option<Record>,
}

/// A version of the directory that nobody sees yet. Each step is checked against those before it; what is wrong is
/// collected, so that all of it is told at once.
pub struct Draft {
    before: State,
    state: State,
    /// The records touched, in the order in which they first were.
    touched: Vec<Key>,
    known: HashSet<Key>,
    violations: Vec<Violation>,
}

impl Draft {
    /// A draft that begins with this version.
    pub fn new(before: &State) -> Draft {
        Draft {
            before: before.clone(),
            state: before.clone(),
            touched: Vec::new(),
            known: HashSet::new(),
            violations: Vec::new(),
        }
    }

    /// The directory with the steps so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Adds a record that must not be there yet.
    pub fn create(&mut self, record: Record) {
        let key = record.key();
        if self.state.get(&key).is_some() {
            let message = format!("there is a {key} already");
            return self.refuse(Rule::Taken, &key, "", message, "change that one, or choose another id");
        }
        self.put(record);
    }

    /// Puts a record in, in the place of the one of its key if there is one.
    pub fn put(&mut self, record: Record) {
        let violations = self.state.check(&record);
        if violations.is_empty() {
            self.set(&record.key(), Some(record));
        } else {
            self.violations.extend(violations);
        }
    }

    /// Takes a record away, and out of whatever has it: a project out of users, groups, fields and objects, a group
    /// out of its users, a user's tokens with the user.
    pub fn remove(&mut self, key: &Key) {
        let violations = self.state.check_removal(key);
        if !violations.is_empty() {
            return self.violations.extend(violations);
        }
        match key.kind {
            RecordKind::Project => {
                let id = &*key.id;
                let has = |record: &Record| {
                    record.key() != *key && record.projects().iter().any(|own| **own == *id)
                };
                let holders: Vec<Record> = self.state.records().filter(has).collect();
                for holder in holders {
                    self.set(&holder.key(), Some(holder.without_project(id)));
                }
            }
            RecordKind::Group => {
                let members = self.state.users().filter(|user| user.groups.contains(&key.id)).cloned();
                for mut user in members.collect::<Vec<_>>() {
                    user.groups.retain(|group| *group != key.id);
                    let user = Record::User(user);
                    self.set(&user.key(), Some(user));
                }
            }
            RecordKind::User => {
                let tokens = self.state.tokens().filter(|token| token.user == key.id);
                for token in tokens.map(|token| Record::Token((**token).clone()).key()).collect::<Vec<_>>() {
                    self.set(&token, None);
                }
            }
            _ => {}
        }
        self.set(key, None);
    }

    /// Says that something else is wrong.
    pub fn refuse(
        &mut self,
        rule: Rule,
        key: &Key,
        property: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.violations.push(Violation { rule, key: key.clone(), property, entry: None, message, help });
    }

    /// The version that comes of it, and each record that is another than before, in the order of the steps.
    ///
    /// # Errors
    /// All that is wrong with the steps.
    pub fn finish(mut self) -> Result<(State, Vec<Change>), Vec<Violation>> {
        if self.before.has_administrator() && !self.state.has_administrator() {
            let last = self.touched.iter().find(|key| key.kind == RecordKind::User).cloned();
            let key = last.unwrap_or_else(|| Key::new(RecordKind::Settings, ""));
            let message = "nobody would have the role Admin any more";
            self.refuse(
                Rule::LastAdministrator,
                &key,
                "roles",
                message,
                "give it to somebody else first (D11)",
            );
        }
        if !self.violations.is_empty() {
            return Err(self.violations);
        }
        let change = |key: Key| {
            let (before, after) = (self.before.get(&key), self.state.get(&key));
            (before != after).then_some(Change { key, before, after })
        };
        let changes = self.touched.into_iter().filter_map(change).collect();
        Ok((self.state, changes))
    }

    fn set(&mut self, key: &Key, record: Option<Record>) {
        self.state.apply(key, record);
        if self.known.insert(key.clone()) {
            self.touched.push(key.clone());
        }
    }
}
