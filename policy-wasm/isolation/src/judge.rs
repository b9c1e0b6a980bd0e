//! Who may see a record.

use std::collections::BTreeMap;

use cordon_policy_sdk::Directory;
use cordon_policy_sdk::types::{JudgeError, Scalar, Scope, Value, Verdict};

use crate::Rules;
use crate::caller::Caller;
use crate::rules::{Response, Set, Whose};

/// Judges a batch of records of one set.
///
/// # Errors
/// The route or the set does not exist, or a record does not have the keys that the plan for this scope asks for.
pub fn judge(
    rules: &Rules,
    directory: &dyn Directory,
    scope: &Scope,
    route: &str,
    set: u32,
    records: &[Vec<Value>],
) -> Result<Vec<Verdict>, JudgeError> {
    let route = rules.route(route).ok_or(JudgeError::UnknownRoute)?;
    let Response::Edit(body) = &route.response else {
        return Err(JudgeError::UnknownSet);
    };
    let set = usize::try_from(set).ok().and_then(|set| body.sets.get(set)).ok_or(JudgeError::UnknownSet)?;
    let caller = Caller::of(scope);
    let objects = match &set.whose {
        Whose::Projects { objects, .. } if caller.needs_project(set) => objects.as_slice(),
        _ => &[],
    };
    if records.iter().any(|record| record.len() != objects.len()) {
        return Err(JudgeError::WrongKeys);
    }
    if !caller.needs_project(set) {
        return Ok(vec![unasked(&caller, set); records.len()]);
    }
    let mut resolver = Resolver { directory, objects, known: BTreeMap::new() };
    Ok(records.iter().map(|record| verdict(&caller, set, resolver.projects(record))).collect())
}

/// The verdict on every record of a set whose projects do not matter to this caller.
fn unasked(caller: &Caller<'_>, set: &Set) -> Verdict {
    // In no project nobody sees what belongs to whoever is in one (D15).
    let nobody = matches!(set.whose, Whose::Caller) && caller.projects.is_empty();
    if nobody && !caller.sees_everything() { Verdict::Drop } else { Verdict::Keep(0) }
}

/// The verdict on a record of these projects, or of none that is known (D22).
fn verdict(caller: &Caller<'_>, set: &Set, projects: Option<Vec<String>>) -> Verdict {
    let Some(projects) = projects else {
        return Verdict::Drop;
    };
    let place = |project: &String| caller.projects.binary_search(project).ok();
    let places = projects.iter().filter_map(place);
    let shared: Vec<u32> = places.filter_map(|place| u32::try_from(place).ok()).collect();
    match (shared.as_slice(), caller.profile_per_project(set)) {
        ([], _) => {
            let tile = caller.tile(set).and_then(|tile| u32::try_from(tile).ok());
            tile.map_or(Verdict::Drop, Verdict::Keep)
        }
        (_, false) => Verdict::Keep(0),
        ([one], true) => Verdict::Keep(*one),
        (_, true) => Verdict::KeepMerged(shared),
    }
}

/// Finds out whose records are, asking the directory once for each object.
struct Resolver<'a> {
    directory: &'a dyn Directory,
    objects: &'a [String],
    known: BTreeMap<(&'a str, &'a str), Option<Vec<String>>>,
}

impl<'a> Resolver<'a> {
    /// The projects, sorted, that a record names by the first of its keys that holds something (D23). None: it names
    /// none that is known, and cannot be judged. A key that leads nowhere decides too: what a later one says would
    /// only be a guess.
    fn projects(&mut self, record: &'a [Value]) -> Option<Vec<String>> {
        let (object, value) = self.objects.iter().zip(record).find(|(_, value)| holds(value))?;
        match value {
            Value::One(scalar) => self.resolve(object, scalar),
            Value::Many(scalars) => {
                let mut projects: Vec<String> =
                    scalars.iter().filter_map(|scalar| self.resolve(object, scalar)).flatten().collect();
                projects.sort_unstable();
                projects.dedup();
                (!projects.is_empty()).then_some(projects)
            }
            Value::Absent | Value::Composite => None,
        }
    }

    fn resolve(&mut self, object: &'a str, scalar: &'a Scalar) -> Option<Vec<String>> {
        let (Scalar::Text(id) | Scalar::Number(id)) = scalar else {
            return None;
        };
        let directory = self.directory;
        let known = self.known.entry((object, id)).or_insert_with(|| {
            let projects = directory.projects_of(object, id)?;
            // D6: in two projects at once it may not be, so one of them is a mistake, and which one is not known.
            let ambiguous = projects.len() > 1 && directory.single_project(object);
            (!ambiguous).then_some(projects)
        });
        known.clone()
    }
}

/// Whether a place holds something. Backends say "none" by leaving it out, by null, by an empty text or by an empty
/// list.
fn holds(value: &Value) -> bool {
    match value {
        Value::Absent | Value::One(Scalar::Null) => false,
        Value::One(Scalar::Text(text)) => !text.is_empty(),
        Value::Many(scalars) => !scalars.is_empty(),
        Value::One(_) | Value::Composite => true,
    }
}
