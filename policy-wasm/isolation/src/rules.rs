//! Rules that fit together, in the form in which plans and verdicts are made from them.

use std::sync::Arc;

use cordon_policy_sdk::types::{Columns, Csv, Edit, Format, Key, Manifest, Mask, Problem, Rights};

use crate::read::{Layout, Message};

/// What a policy knows after `configure`.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(crate) manifest: Manifest,
    /// What takes the place of a hidden field (D18).
    pub(crate) mask_hidden: Mask,
    /// In the manifest's order.
    pub(crate) routes: Vec<Route>,
}

impl Rules {
    /// Reads the rules (TOML, see `RULES.md`).
    ///
    /// # Errors
    /// Every mistake at once, in the order in which they stand in the text.
    pub fn read(text: &str) -> Result<Rules, Vec<Problem>> {
        crate::assemble::rules(text)
    }

    /// What the policy is and which requests it governs.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A route by its name.
    pub(crate) fn route(&self, name: &str) -> Option<&Route> {
        let index = self.manifest.routes.iter().position(|route| route.name == name)?;
        self.routes.get(index)
    }
}

/// What becomes of a route's requests and responses.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) methods: Vec<String>,
    /// None: open to every role.
    pub(crate) section: Option<String>,
    pub(crate) requires: Rights,
    /// Sorted.
    pub(crate) query: Vec<String>,
    pub(crate) about: Option<About>,
    pub(crate) request_pass: bool,
    /// What a client may say over a WebSocket. Empty: whatever it is, if `request_pass` says so.
    pub(crate) messages: Arc<[Message]>,
    pub(crate) headers: Vec<String>,
    pub(crate) response: Response,
}

/// The record that a request is about.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// The route of that record, by its index.
    pub(crate) route: usize,
    /// Its parameters, each with the parameter of the request at hand that gives its value.
    pub(crate) bindings: Vec<(String, String)>,
    /// Those of the values that come from the query: without one of them the request names no record.
    pub(crate) from_query: Vec<String>,
}

/// What becomes of a response's body.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    Empty,
    Pass,
    Edit(Body),
}

/// A body that is edited.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) format: Format,
    /// How CSV is written, if the format is CSV and not as usual.
    pub(crate) csv: Option<Csv>,
    /// Where strings hold JSON, from the body.
    pub(crate) embedded: Vec<String>,
    /// Edits outside records, the same for every scope.
    pub(crate) outside: Vec<Edit>,
    pub(crate) sets: Vec<Set>,
}

/// A record set.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) within: Option<u32>,
    pub(crate) path: String,
    /// How the values of rows are named, if the records are rows.
    pub(crate) columns: Option<Columns>,
    pub(crate) sole: bool,
    pub(crate) whose: Whose,
    pub(crate) profile: Profile,
    /// The edits of a record of which only the tile is seen (D10).
    pub(crate) tile: Option<Vec<Edit>>,
}

/// Whose the records of a set are.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// Of the projects that the first key tells which holds something (D23).
    Projects {
        keys: Vec<Key>,
        /// For each key the directory's kind of object that stands there.
        objects: Vec<String>,
    },
    /// Of everybody who is in a project (D15).
    Caller,
    /// Of everybody.
    Everyone,
}

/// What a record shows, from which the edits for a project are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// The same for everybody who may see the record.
    pub(crate) edits: Vec<Edit>,
    /// Masked without the right to see masked fields, kept with it.
    pub(crate) masks: Vec<(String, Mask)>,
    pub(crate) fields: Vec<FieldGroup>,
    /// Where else than in fields something passes.
    pub(crate) passages: Vec<Passage>,
}

/// A place where a record lets something through, masked or not.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) path: crate::path::Path,
    /// Whether all that is in it passes.
    pub(crate) whole: bool,
}

/// Contact fields at a place.
#[derive(Clone, Debug)]
pub(crate) struct FieldGroup {
    /// The directory's kind of field.
    pub(crate) of: String,
    pub(crate) at: crate::path::Path,
    pub(crate) layout: Layout,
}
