//! A plan, compiled.

pub(crate) mod automaton;
mod check;
mod columns;
mod determine;
mod embedded;
pub(crate) mod keys;
mod lists;
pub(crate) mod masks;
pub(crate) mod path;
mod product;
pub(crate) mod rows;
mod shared;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::csv::dialect::{self, Dialect};
use crate::error::PlanError;
use crate::json::Learned;
use crate::pattern::Expressions;
use crate::plan::automaton::Automaton;
use crate::plan::columns::ShownColumns;
use crate::plan::determine::{Scope, determine};
use crate::plan::embedded::Embedded;
use crate::plan::keys::KeyTree;
use crate::plan::path::Path;
use crate::plan::shared::Origin;
use crate::pool::Pool;
use crate::spec::{BodyPlan, Edit, Format};

/// A compiled plan: immutable, and shared by the editors of many bodies.
///
/// Profiles are compiled when the first record is kept by them, so that a plan with a profile for each of many
/// projects costs little until they are met.
#[derive(Debug)]
pub struct Plan {
    spec: BodyPlan,
    /// The regular expressions of its masks.
    expressions: Expressions,
    embedded: Embedded,
    pub(crate) outside: Automaton,
    pub(crate) sets: Vec<Set>,
    /// What editors of JSON have learned.
    pub(crate) learned: Pool<Box<Learned>>,
    /// How CSV is written, if the body is that.
    pub(crate) dialect: Option<Dialect>,
}

/// A record set, compiled.
#[derive(Debug)]
pub(crate) struct Set {
    /// The outermost set around it, or itself.
    pub(crate) top: u32,
    /// Whether other sets lie in its records.
    pub(crate) has_nested: bool,
    pub(crate) sole: bool,
    pub(crate) keys: Vec<KeyPlace>,
    /// Where the keys asked of this set's records are, those that nested sets ask of it too.
    pub(crate) tree: KeyTree,
    /// The sets that lie directly in this one, if the search for keys meets all of their records.
    pub(crate) members: Option<Vec<Member>>,
    profiles: Vec<OnceLock<Option<Arc<Automaton>>>>,
    merged: Mutex<HashMap<Vec<u32>, Arc<Automaton>>>,
    shown_columns: ShownColumns,
}

/// Where a key's value is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyPlace {
    /// Records outwards.
    pub(crate) up: u32,
    pub(crate) slot: usize,
}

/// A nested set whose records are a member of those around them.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) set: u32,
    /// The member's name.
    pub(crate) name: Box<str>,
    /// The slot in which the search for keys leaves the record.
    pub(crate) slot: usize,
}

/// Atoms looked at when a profile is compiled, lists included, or merged: a few hundred milliseconds at the most.
const BUDGET: usize = 8_000_000;
/// What editors have learned is kept for so many bodies that are under way at one time: plans are many.
const LEARNED: usize = 2;
/// Mergers remembered for each set.
const MERGERS: usize = 64;

impl Plan {
    /// Checks and compiles a plan.
    ///
    /// # Errors
    /// A path that does not stream, or a plan that contradicts itself or is too large.
    pub fn compile(spec: BodyPlan) -> Result<Plan, PlanError> {
        let dialect = match spec.format {
            Format::Json | Format::Ndjson | Format::Sse | Format::Xml => None,
            Format::Csv => Some(Dialect::compile(&spec)?),
        };
        let paths = check::check(&spec)?;
        if spec.format == Format::Ndjson {
            check::check_lines(&spec, &paths)?;
        }
        let expressions = Expressions::of(&spec)?;
        let nested = nested_paths(&spec, &paths, None);
        let embedded = Embedded::of(&spec, &paths)?;
        let columns = rows::column_places(&spec, &paths)?;
        let outside = Scope {
            embedded: &embedded.outside,
            columns: &columns,
            format: spec.format,
            edits: parse_edits(spec.format, &spec.outside)?,
            sets: nested,
            expressions: &expressions,
        };
        let outside = determine(&outside, BUDGET, true)
            .map_err(|refused| check::refusal(refused, "the edits outside records"))?;
        if dialect.is_some() {
            dialect::check_outside(&outside)?;
        }
        if spec.format == Format::Sse {
            check::check_stream(&spec, &outside)?;
        }
        let sets = compile_sets(&spec, &paths, &embedded)?;
        if spec.format == Format::Sse && sets.iter().any(|set| set.tree.unpacks()) {
            return check::invalid("keys in strings that hold JSON are not found in events".to_owned());
        }
        Ok(Plan { spec, expressions, embedded, outside, sets, dialect, learned: Pool::new(LEARNED) })
    }

    /// What the plan was compiled from.
    #[must_use]
    pub fn spec(&self) -> &BodyPlan {
        &self.spec
    }

    /// Whether the response is about one record, without which it is the answer for a missing one (H36).
    #[must_use]
    pub fn has_sole_set(&self) -> bool {
        self.spec.sets.iter().any(|set| set.sole)
    }

    /// Whether keys stand in strings that hold JSON.
    pub(crate) fn has_packed_keys(&self) -> bool {
        self.sets.iter().any(|set| set.tree.unpacks())
    }

    pub(crate) fn has_profile(&self, set: u32, profile: u32) -> bool {
        (profile as usize) < self.sets[set as usize].profiles.len()
    }

    /// A profile's automaton, or none if it is too large.
    pub(crate) fn profile(&self, set: u32, profile: u32) -> Option<&Automaton> {
        let place = self.sets[set as usize].profiles.get(profile as usize)?;
        place.get_or_init(|| self.shared_profile(set, profile as usize)).as_deref()
    }

    /// The automaton of several profiles, sorted and without duplicates, or none if it is too large.
    pub(crate) fn merged(&self, set: u32, profiles: &[u32]) -> Option<Arc<Automaton>> {
        let cache = &self.sets[set as usize].merged;
        let locked = || cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = locked().get(profiles) {
            return Some(Arc::clone(found));
        }
        let parts: Vec<_> = profiles.iter().map(|&part| self.profile(set, part)).collect::<Option<_>>()?;
        let merged = Arc::new(product::merge(&parts, &self.expressions, BUDGET)?);
        let mut cache = locked();
        if cache.len() >= MERGERS {
            cache.clear();
        }
        cache.insert(profiles.to_vec(), Arc::clone(&merged));
        Some(merged)
    }

    /// The profile, compiled for this plan or for another that has the same.
    fn shared_profile(&self, set: u32, profile: usize) -> Option<Arc<Automaton>> {
        let format = self.spec.format;
        let edits = &self.spec.sets[set as usize].profiles[profile];
        let inside = |(_, spec): &(usize, &crate::spec::RecordSet)| spec.within == Some(set);
        let sets = self
            .spec
            .sets
            .iter()
            .enumerate()
            .filter(inside)
            .map(|(index, spec)| Some((Path::parse_in(format, &spec.path).ok()?, u32::try_from(index).ok()?)))
            .collect::<Option<Vec<_>>>()?;
        let embedded = &self.embedded.sets[set as usize];
        Origin::of(&(format, edits, &sets, embedded)).profile(|| {
            // Paths were parsed once when the plan was checked, and dropped: there may be very many.
            let edits = parse_edits(format, edits).ok()?;
            let expressions = &self.expressions;
            determine(&Scope { format, edits, sets, embedded, columns: &[], expressions }, BUDGET, true).ok()
        })
    }
}

fn compile_sets(spec: &BodyPlan, paths: &[Path], embedded: &Embedded) -> Result<Vec<Set>, PlanError> {
    let mut sets: Vec<Set> = Vec::with_capacity(spec.sets.len());
    for (index, set) in (0u32..).zip(&spec.sets) {
        let top = set.within.map_or(index, |outer| sets[outer as usize].top);
        let mut keys = Vec::with_capacity(set.keys.len());
        let mut compiled = Set {
            top,
            has_nested: false,
            sole: set.sole,
            keys: Vec::new(),
            tree: KeyTree::new(),
            members: None,
            profiles: set.profiles.iter().map(|_| OnceLock::new()).collect(),
            merged: Mutex::default(),
            shown_columns: ShownColumns::default(),
        };
        for key in &set.keys {
            let path = Path::parse_in(spec.format, &key.path)?;
            let mut outer = Some(index);
            for _ in 0..key.up {
                outer = outer.and_then(|outer| spec.sets[outer as usize].within);
            }
            let tree = match outer {
                Some(outer) if outer != index => &mut sets[outer as usize].tree,
                _ => &mut compiled.tree,
            };
            let of = outer.unwrap_or(index) as usize;
            let slot = tree.slot(&path, |place| embedded.is_at(of, place));
            keys.push(KeyPlace { up: key.up, slot });
        }
        compiled.keys = keys;
        if let Some(outer) = set.within {
            sets[outer as usize].has_nested = true;
        }
        sets.push(compiled);
    }
    check::check_scopes(spec, |within| nested_paths(spec, paths, Some(within)))?;
    for (index, set) in (0u32..).zip(&mut sets) {
        if set.has_nested {
            set.members = members(spec.format, &mut set.tree, &nested_paths(spec, paths, Some(index)));
        }
    }
    Ok(sets)
}

/// Lets the search for keys find the records that are members of the record around them. None: that would not find
/// all of them, or look into more of a record than its keys ask for, which would show where the record is dropped.
fn members(format: Format, tree: &mut KeyTree, nested: &[(Path, u32)]) -> Option<Vec<Member>> {
    if !matches!(format, Format::Json | Format::Ndjson) || !tree.looks_at_names() || tree.unpacks() {
        return None;
    }
    let name = |(path, set): &(Path, u32)| Some((path.only_name()?.into(), path.clone(), *set));
    let nested: Vec<(Box<str>, Path, u32)> = nested.iter().map(name).collect::<Option<_>>()?;
    let slot = |(name, path, set)| Member { set, name, slot: tree.slot(&path, |_| false) };
    Some(nested.into_iter().map(slot).collect())
}

/// The paths of the sets that lie directly in another, or in none.
fn nested_paths(spec: &BodyPlan, paths: &[Path], within: Option<u32>) -> Vec<(Path, u32)> {
    (0u32..)
        .zip(spec.sets.iter().zip(paths))
        .filter(|(_, (set, _))| set.within == within)
        .map(|(index, (_, path))| (path.clone(), index))
        .collect()
}

pub(crate) fn parse_edits(
    format: Format,
    edits: &[Edit],
) -> Result<Vec<(Path, &crate::spec::Action)>, PlanError> {
    edits.iter().map(|edit| Ok((Path::parse_in(format, &edit.path)?, &edit.action))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::automaton::{Fate, ROOT};
    use crate::spec::{Action, Mask, Masked, Names, RecordSet};

    fn many_projects(projects: usize, fields: usize) -> Plan {
        let profile = |project: usize| {
            let keep = (0..fields).map(|field| format!("f{project}_{field}")).collect();
            let names = Names { keep, ..Names::default() };
            vec![Edit { path: "$.fields[*]".to_owned(), action: Action::Only(names) }]
        };
        let set = RecordSet {
            path: "$[*]".to_owned(),
            profiles: (0..projects).map(profile).collect(),
            ..RecordSet::default()
        };
        Plan::compile(BodyPlan { sets: vec![set], ..BodyPlan::default() }).unwrap()
    }

    #[test]
    fn profiles_are_compiled_when_they_are_met() {
        let plan = many_projects(60, 10_000);
        assert!(plan.sets[0].profiles.iter().all(|profile| profile.get().is_none()));
        let profile = plan.profile(0, 7).unwrap();
        let entry = profile.element(profile.member(ROOT, "fields"), 3);
        assert_eq!(profile.node(profile.member(entry, "f7_9999")).scalar, Fate::Keep);
        assert_eq!(profile.node(profile.member(entry, "f8_0")).scalar, Fate::Unlisted);
        assert!(profile.nodes.len() < 10, "names that are treated alike lead to one state");
        assert_eq!(plan.sets[0].profiles.iter().filter(|profile| profile.get().is_some()).count(), 1);
    }

    #[test]
    fn plans_share_the_profiles_that_are_alike() {
        let plan = |mask: Mask, path: &str| {
            let names = Names {
                keep: vec!["a".to_owned()],
                mask: vec![Masked { name: "b".to_owned(), mask }],
                ..Names::default()
            };
            let profile = vec![Edit { path: "$.fields".to_owned(), action: Action::Only(names) }];
            let outer = RecordSet { path: path.to_owned(), profiles: vec![profile], ..RecordSet::default() };
            let inner = RecordSet { within: Some(0), path: path.to_owned(), ..outer.clone() };
            Plan::compile(BodyPlan { sets: vec![outer, inner], ..BodyPlan::default() }).unwrap()
        };
        let one = plan(Mask::Null, "$.a");
        let profile = |plan: &Plan, set| std::ptr::from_ref(plan.profile(set, 0).unwrap());
        assert_eq!(profile(&one, 0), profile(&plan(Mask::Null, "$.a"), 0));
        // Not those that lead elsewhere, or hide by another mask.
        assert_ne!(profile(&one, 0), profile(&plan(Mask::Null, "$.b"), 0));
        assert_ne!(profile(&one, 0), profile(&plan(Mask::Hash, "$.a"), 0));
        assert_ne!(profile(&one, 0), profile(&one, 1));
        assert_eq!(profile(&one, 1), profile(&plan(Mask::Null, "$.b"), 1));
    }

    #[test]
    fn mergers_are_remembered_up_to_a_bound() {
        let plan = many_projects(MERGERS + 10, 3);
        let first = plan.merged(0, &[0, 1]).unwrap();
        assert!(Arc::ptr_eq(&first, &plan.merged(0, &[0, 1]).unwrap()));
        for other in 2..u32::try_from(MERGERS).unwrap() + 10 {
            plan.merged(0, &[1, other]).unwrap();
        }
        assert!(plan.sets[0].merged.lock().unwrap().len() <= MERGERS);
    }
}
