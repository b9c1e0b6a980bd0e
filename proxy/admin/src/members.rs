//! Taking the members out of a body one by one, so that everything that is wrong with them is told at once.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::problem::{Fault, Problem, pointer_to};
use crate::sight::Sight;
use cordon_directory::Projects;

/// The members of a body that have not been taken yet, and what was wrong with those that have.
pub(crate) struct Members {
    left: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Members {
    /// The members of an object.
    pub(crate) fn of(value: Value) -> Result<Members, Problem> {
        match value {
            Value::Object(left) => Ok(Members { left, faults: Vec::new() }),
            _ => Err(Problem::body(vec![Fault::at("", "type", "an object is expected")])),
        }
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// A text that may be left out.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.left.shift_remove(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.expected(name, "a text is expected");
                None
            }
        }
    }

    /// A text that must be there. The empty text stands for one that is wrong.
    pub(crate) fn required(&mut self, name: &str) -> String {
        if !self.left.contains_key(name) {
            let fault = Fault::at(pointer_to(name), "required", format!("`{name}` is missing"));
            self.fault(fault.help("it is the one thing that cannot be left out"));
        }
        self.text(name).unwrap_or_default()
    }

    /// A text that the path says already, or that the body must say.
    pub(crate) fn identity(&mut self, name: &str, path: Option<&str>) -> String {
        let Some(path) = path else { return self.required(name) };
        if self.text(name).is_some_and(|text| text != path) {
            let detail = format!("`{name}` is another than in the path, and never changes");
            self.fault(Fault::at(pointer_to(name), "fixed", detail).help("leave it out"));
        }
        path.to_owned()
    }

    /// A flag; off if left out.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.left.shift_remove(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.expected(name, "true or false is expected");
                false
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<Arc<str>>> {
        match self.left.shift_remove(name)? {
            Value::Array(entries) => {
                let mut texts = Vec::with_capacity(entries.len());
                for (index, entry) in entries.into_iter().enumerate() {
                    match entry {
                        Value::String(text) => texts.push(text.into()),
                        _ => self.expected(&format!("{name}/{index}"), "a text is expected"),
                    }
                }
                Some(texts)
            }
            _ => {
                self.expected(name, "a list of texts is expected");
                None
            }
        }
    }

    /// A value of any type, whose reading is the caller's affair.
    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name)
    }

    /// A list that only those who see everything read and write; others leave it as it is.
    pub(crate) fn wiring(&mut self, name: &str, before: Option<&[Arc<str>]>, sight: &Sight) -> Vec<Arc<str>> {
        if sight.everything() {
            return self.texts(name).unwrap_or_default();
        }
        if self.left.shift_remove(name).is_some() {
            self.needs_everything(name);
        }
        before.unwrap_or_default().to_vec()
    }

    /// Says that a member is for those who see everything.
    pub(crate) fn needs_everything(&mut self, name: &str) {
        let fault = Fault::at(pointer_to(name), "right", format!("setting `{name}` needs `see-everything`"));
        self.fault(fault.help("leave it out"));
    }

    /// The projects of something. Whoever does not see everything names only projects that they see, and leaves the
    /// others as they are. What is new and says nothing lands in the project of whoever creates it (D27).
    pub(crate) fn projects(&mut self, before: Option<&[Arc<str>]>, sight: &Sight) -> Projects {
        let own = &sight.scope().projects;
        let faults = self.faults.len();
        let given = match self.texts("projects") {
            Some(given) => given,
            None if before.is_none() && own.len() <= 1 => own.to_vec(),
            None if before.is_none() => {
                let detail = "you are in several projects, and it has to be in one of them";
                self.fault(Fault::at("/projects", "required", detail).help("say in which (D27)"));
                Vec::new()
            }
            None => Vec::new(),
        };
        if !sight.everything() {
            for (index, id) in given.iter().enumerate().filter(|(_, id)| !sight.reaches(id)) {
                let detail = format!("`{id}` is none of your projects");
                let fault = Fault::at(format!("/projects/{index}"), "unknown", detail);
                self.fault(fault.help("name projects that you are in"));
            }
            if given.is_empty() && before.is_none() && self.faults.len() == faults {
                let detail = "what you create has to be in one of your projects";
                self.fault(Fault::at("/projects", "required", detail).help("name one (D27)"));
            }
        }
        sight.merged(&given, before.unwrap_or_default())
    }

    /// What is wrong: all that was found, and the members that nobody asked for.
    pub(crate) fn finish(mut self) -> Vec<Fault> {
        for name in self.left.keys() {
            let fault = Fault::at(pointer_to(name), "unknown-member", "there is no member of this name");
            self.faults.push(fault.help("the document at /openapi.json lists the members"));
        }
        self.faults
    }

    fn expected(&mut self, place: &str, what: &str) {
        self.faults.push(Fault::at(format!("/{place}"), "type", what));
    }
}
