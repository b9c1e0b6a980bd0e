//! Names that must be unique, and references to them.

use std::collections::HashMap;
use std::ops::Range;

use cordon_settings::{Problems, Text, nearest};

/// The names of one kind of thing: each is declared once and can be referred to.
pub(crate) struct Names {
    /// What is named: `project`, `user`…
    what: &'static str,
    declared: HashMap<String, Declared>,
}

struct Declared {
    index: usize,
    /// Where it is declared; none if it is built in. The line is counted only when it is told.
    place: Option<Range<usize>>,
    /// An alias is how the backend calls the thing; the file itself uses the name proper.
    alias: bool,
}

impl Names {
    pub(crate) fn new(what: &'static str) -> Names {
        Names { what, declared: HashMap::new() }
    }

    /// Declares a thing that the file need not declare.
    pub(crate) fn built_in(&mut self, name: &str, index: usize) {
        self.declared.insert(name.to_owned(), Declared { index, place: None, alias: false });
    }

    /// Declares the name of the thing with this index.
    pub(crate) fn declare(&mut self, name: &Text, index: usize, problems: &mut Problems<'_>) {
        self.insert(name, index, false, problems);
    }

    /// Declares what the backend's records call the thing with this index.
    pub(crate) fn declare_alias(&mut self, name: &Text, index: usize, problems: &mut Problems<'_>) {
        self.insert(name, index, true, problems);
    }

    /// The index of the thing that a text refers to; a problem if there is none.
    pub(crate) fn resolve(&self, name: &Text, problems: &mut Problems<'_>) -> Option<usize> {
        match self.declared.get(&name.value) {
            Some(declared) if !declared.alias => return Some(declared.index),
            Some(declared) => {
                let line = declared.place.as_ref().map_or(0, |place| problems.line(place));
                let message = format!("`{}` is an alias of the {} on line {line}", name.value, self.what);
                problems
                    .at(name.span.clone(), message)
                    .help("write its name proper; aliases are the backend's");
            }
            None => {
                let message = format!("there is no {} `{}`", self.what, name.value);
                let proper = self.declared.iter().filter(|(_, declared)| !declared.alias);
                let problem = problems.at(name.span.clone(), message);
                match nearest(&name.value, proper.map(|(name, _)| name.as_str())) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("declare it with `[[{}]]`", self.what)),
                }
            }
        }
        None
    }

    /// The indices of the things that some texts refer to, in their order; a problem for each that is none or comes
    /// twice.
    pub(crate) fn resolve_all(&self, names: &[Text], problems: &mut Problems<'_>) -> Vec<usize> {
        let mut indices = Vec::with_capacity(names.len());
        for name in names {
            let Some(index) = self.resolve(name, problems) else {
                continue;
            };
            if indices.contains(&index) {
                let message = format!("the {} `{}` is named twice", self.what, name.value);
                problems.at(name.span.clone(), message).help("take one out");
            } else {
                indices.push(index);
            }
        }
        indices
    }

    fn insert(&mut self, name: &Text, index: usize, alias: bool, problems: &mut Problems<'_>) {
        let Some(earlier) = self.declared.get(&name.value) else {
            let place = Some(name.span.clone());
            self.declared.insert(name.value.clone(), Declared { index, place, alias });
            return;
        };
        let place = match &earlier.place {
            None => "is built in".to_owned(),
            Some(place) => format!("stands on line {}", problems.line(place)),
        };
        let message = format!("`{}` names two things: the other {} {place}", name.value, self.what);
        problems.at(name.span.clone(), message).help("ids, logins and aliases are unique among their kind");
    }
}
