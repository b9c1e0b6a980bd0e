//! From kinds that lie in each other to the flat list of record sets that a plan has.
//!
//! A part that goes with the record around it becomes edits of that record. Every other part becomes a set of its
//! own, with keys that may come from the records around it.

use std::collections::BTreeMap;

use cordon_policy_sdk::types::{Action, Key};

use super::edit;
use crate::path::{Path, STEPS};
use crate::read::{self, Candidate, Kind, Part, Problems, Said, nearest};
use crate::rules::{FieldGroup, Passage, Set, Whose};

/// Sets around a set at the most: what the host follows.
const NESTING: u32 = 8;

/// Sets under construction.
pub(super) struct Sets<'a> {
    kinds: &'a BTreeMap<String, Kind>,
    problems: &'a Problems,
    sets: Vec<Set>,
    /// For each set its path.
    paths: Vec<Path>,
    /// For each set its path from the body.
    from_body: Vec<Path>,
    /// Where strings in records hold JSON, from the body.
    embedded: Vec<String>,
    /// The set of each part of the route.
    of_parts: Vec<Option<u32>>,
    /// The records around the part at hand, outermost first.
    around: Vec<Around<'a>>,
}

/// A record that lies around others.
struct Around<'a> {
    kind: &'a str,
    /// The set that it is a record of, or whose record it is a part of.
    set: usize,
    /// How many sets lie around that set.
    depth: u32,
    /// Where in that set's record it is.
    prefix: Path,
}

impl<'a> Sets<'a> {
    /// The sets of a route.
    pub(super) fn of(
        parts: &'a [Part],
        kinds: &'a BTreeMap<String, Kind>,
        problems: &'a Problems,
    ) -> Sets<'a> {
        let mut sets = Sets {
            kinds,
            problems,
            sets: Vec::new(),
            paths: Vec::new(),
            from_body: Vec::new(),
            embedded: Vec::new(),
            of_parts: Vec::new(),
            around: Vec::new(),
        };
        let mut sole: Option<&Part> = None;
        for part in parts {
            let singular = part.path.value.is_singular();
            let said = part.sole.as_ref();
            if said.is_some_and(|sole| sole.value) && !singular {
                let advice = "only a path without `[*]` and `..` leads to the one record of a response";
                problems.add(&part.path.place, format!("these records cannot be `sole`: {advice}"));
            }
            let is_sole = said.map_or(singular, |said| said.value);
            if let (true, Some(first)) = (is_sole, sole) {
                let advice = "say `sole = false` for what may be absent";
                let message =
                    format!("`{}` is the one record of this response already: {advice}", first.path.value);
                problems.add(&part.path.place, message);
            }
            if is_sole {
                sole = sole.or(Some(part));
            }
            let index = sets.add(part, is_sole);
            sets.of_parts.push(index);
        }
        sets
    }

    /// The set of a part of the route, by the part's index.
    pub(super) fn of_part(&self, part: usize) -> Option<u32> {
        self.of_parts.get(part).copied().flatten()
    }

    /// The finished sets, and where strings in their records hold JSON.
    pub(super) fn into_sets(self) -> (Vec<Set>, Vec<String>) {
        (self.sets, self.embedded)
    }

    /// Adds a part and all that lies in it. The set that it became, if it became one.
    fn add(&mut self, part: &'a Part, sole: bool) -> Option<u32> {
        let kind = self.kind(&part.kind)?;
        let name = part.kind.value.as_str();
        if self.around.iter().any(|around| around.kind == name) {
            let message = format!(
                "a `{name}` would lie in a `{name}` without end: give the inner one a kind of its own"
            );
            self.problems.add(&part.kind.place, message);
            return None;
        }
        let Some(project) = part.project.as_ref().or(kind.project.as_ref()) else {
            let advice = format!("add `project` here or under `[kind.{name}]`");
            self.problems.add(&part.kind.place, format!("whose a `{name}` is, is not said: {advice}"));
            return None;
        };
        let whose = match &project.value {
            read::Whose::Outer => return self.merge(part, kind, project),
            read::Whose::Caller => Whose::Caller,
            read::Whose::Everyone => Whose::Everyone,
            read::Whose::Candidates(candidates) => self.keys(candidates, part),
        };
        let (within, path, depth) = match self.around.last() {
            None => (None, part.path.value.clone(), 0),
            Some(around) => (Some(around.set), around.prefix.join(&part.path.value), around.depth + 1),
        };
        let within = within.and_then(|within| u32::try_from(within).ok());
        self.check_place(part, within, &path, depth);
        if let Some(around) = self.around.last() {
            let passage = Passage { path: path.clone(), whole: false };
            self.sets[around.set].profile.passages.push(passage);
        }
        let set = self.sets.len();
        self.sets.push(Set {
            within,
            path: path.to_string(),
            columns: part.columns.as_ref().map(|columns| columns.value.clone()),
            sole,
            whose,
            profile: crate::rules::Profile::default(),
            tile: None,
        });
        let from_body = match self.around.last() {
            None => path.clone(),
            Some(around) => self.from_body[around.set].join(&path),
        };
        self.from_body.push(from_body);
        self.paths.push(path);
        self.around.push(Around { kind: name, set, depth, prefix: Path::default() });
        self.lay(kind);
        self.around.pop();
        self.tile(kind, name, set);
        u32::try_from(set).ok()
    }

    /// Notes records that the host would not find, or would find twice.
    fn check_place(&self, part: &Part, within: Option<u32>, path: &Path, depth: u32) {
        let place = &part.path.place;
        if depth > NESTING {
            let message = format!("more than {NESTING} records lie around these: take a level out");
            self.problems.add(place, message);
        }
        if path.steps() > STEPS {
            self.problems.add(place, format!("`{path}` takes more than {STEPS} steps: take a level out"));
        }
        if within.is_some() && path.steps() == 0 {
            let advice = "give it a longer path, or `project = \"outer\"`";
            self.problems.add(place, format!("the record itself cannot lie in the record: {advice}"));
        }
        for (set, other) in self.sets.iter().zip(&self.paths).filter(|(set, _)| set.within == within) {
            if path.can_reach_into(other) || other.can_reach_into(path) {
                let advice = "narrow one of the paths, or say under `[kind.…]` that one lies in the other";
                let message = format!("`{path}` and `{}` can lead to the same record: {advice}", set.path);
                self.problems.add(place, message);
            }
        }
    }

    /// Adds a part that goes with the record around it.
    fn merge(&mut self, part: &'a Part, kind: &'a Kind, project: &Said<read::Whose>) -> Option<u32> {
        let Some(around) = self.around.last() else {
            let advice = "say whose these records are by themselves";
            self.problems
                .add(&project.place, format!("there is no record around `{}`: {advice}", part.path.value));
            return None;
        };
        if let Some(columns) = &part.columns {
            let advice = "give it a `project` of its own, or name its values by their places, such as `$[0]`";
            let message =
                format!("a `{}` that goes with its record has no columns: {advice}", part.kind.value);
            self.problems.add(&columns.place, message);
        }
        let (set, depth, prefix) = (around.set, around.depth, around.prefix.join(&part.path.value));
        self.around.push(Around { kind: &part.kind.value, set, depth, prefix });
        self.lay(kind);
        self.around.pop();
        None
    }

    /// Puts what a kind shows into the set at hand, and adds what lies in it.
    fn lay(&mut self, kind: &'a Kind) {
        let Some(around) = self.around.last() else { return };
        let prefix = around.prefix.clone();
        let at = |path: &Said<Path>| prefix.join(&path.value);
        let from_body = &self.from_body[around.set];
        self.embedded.extend(kind.embedded.iter().map(|path| from_body.join(&at(path)).to_string()));
        let profile = &mut self.sets[around.set].profile;
        profile.edits.extend(kind.keep.iter().map(|path| edit(&at(path), Action::Keep)));
        profile.edits.extend(kind.keep_all.iter().map(|path| edit(&at(path), Action::KeepAll)));
        profile.edits.extend(kind.expect.iter().map(|path| edit(&at(path), Action::Remove)));
        let passing = kind.keep.iter().chain(kind.mask.iter().map(|masked| &masked.path));
        profile.passages.extend(passing.map(|path| Passage { path: at(path), whole: false }));
        profile.passages.extend(kind.keep_all.iter().map(|path| Passage { path: at(path), whole: true }));
        for masked in &kind.mask {
            let path = at(&masked.path);
            if masked.always {
                profile.edits.push(edit(&path, Action::Mask(masked.mask.clone())));
            } else {
                profile.masks.push((path.to_string(), masked.mask.clone()));
            }
        }
        profile.fields.extend(kind.fields.iter().map(|fields| FieldGroup {
            of: fields.of.clone(),
            at: prefix.join(&fields.at),
            layout: fields.layout.clone(),
        }));
        self.check_inside(kind);
        for part in &kind.parts {
            self.add(part, false);
        }
    }

    /// Notes what is said of a record but lies in another one inside it.
    fn check_inside(&self, kind: &Kind) {
        let masked = kind.mask.iter().map(|masked| &masked.path);
        let other = kind.expect.iter().chain(&kind.embedded);
        for path in kind.keep.iter().chain(&kind.keep_all).chain(other).chain(masked) {
            let enters = |part: &&Part| path.value.can_reach_into(&part.path.value) && !path.value.descends();
            if let Some(part) = kind.parts.iter().find(enters) {
                let advice = format!("what is in them is said under `[kind.{}]`", part.kind.value);
                let message = format!("`{}` lies in the records `{}`: {advice}", path.value, part.path.value);
                self.problems.add(&path.place, message);
            }
        }
    }

    /// The edits of a record of which only the tile is seen: what lies in it goes, even what the caller may see
    /// elsewhere, since it would tell what the project holds.
    fn tile(&mut self, kind: &Kind, name: &str, set: usize) {
        let Some(tile) = &kind.tile else { return };
        if !matches!(self.sets[set].whose, Whose::Projects { .. }) {
            let advice = "say with `project` which project a record is, or take `tile` out";
            self.problems
                .add(&tile.place, format!("only a record of a project has a tile, not a `{name}`: {advice}"));
        }
        let mut edits: Vec<_> = tile.value.iter().map(|path| edit(&path.value, Action::Keep)).collect();
        let inside = u32::try_from(set).ok();
        for (inner, path) in self.sets.iter().zip(&self.paths) {
            if inside.is_some() && inner.within == inside {
                // As far out as the tile allows: the containers on the way would tell what lies in them.
                let container = path.container();
                let free = |place: &Path| !tile.value.iter().any(|kept| kept.value.can_reach_into(place));
                let place = container.prefixes().find(free).unwrap_or(container);
                edits.push(edit(&place, Action::Remove));
            }
        }
        self.sets[set].tile = Some(edits);
    }

    /// The keys that tell a record's project, with the records around it resolved.
    fn keys(&self, candidates: &[Said<Candidate>], part: &Part) -> Whose {
        let (mut keys, mut objects) = (Vec::new(), Vec::new());
        let depth = self.around.last().map_or(0, |around| around.depth + 1);
        for said in candidates {
            let candidate = &said.value;
            let key = if candidate.up == 0 {
                Key { path: candidate.path.to_string(), up: 0 }
            } else {
                let up = usize::try_from(candidate.up).unwrap_or(usize::MAX);
                let Some(around) = self.around.len().checked_sub(up).map(|index| &self.around[index]) else {
                    let advice = "use fewer `^`, or `$` for the record itself";
                    let message =
                        format!("so many records do not lie around `{}`: {advice}", part.path.value);
                    self.problems.add(&said.place, message);
                    continue;
                };
                let path = around.prefix.join(&candidate.path);
                if !path.is_singular() {
                    let advice =
                        "which of them is meant is not said; give the part around a `project` of its own";
                    self.problems.add(&said.place, format!("`{path}` leads to several places: {advice}"));
                }
                Key { path: path.to_string(), up: depth - around.depth }
            };
            keys.push(key);
            objects.push(candidate.object.clone());
        }
        Whose::Projects { keys, objects }
    }

    fn kind(&self, name: &Said<String>) -> Option<&'a Kind> {
        let kind = self.kinds.get(&name.value);
        if kind.is_none() {
            let advice = match nearest(&name.value, self.kinds.keys().map(String::as_str)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("describe it under `[kind.{}]`", name.value),
            };
            self.problems.add(&name.place, format!("there is no kind `{}`: {advice}", name.value));
        }
        kind
    }
}
