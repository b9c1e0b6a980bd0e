//! Refuses plans that contradict themselves, before anything is compiled from them.

mod markup;

use crate::error::PlanError;
use crate::pattern::Expressions;
use crate::plan::automaton::{Automaton, Fate, ROOT};
use crate::plan::determine::{Refused, Scope, determine};
use crate::plan::parse_edits;
use crate::plan::path::Path;
use crate::spec::{Action, BodyPlan, Edit, Format, Key, RecordSet};

/// Atoms looked at when a profile's shape is checked: far beyond what is written by hand or by rules.
const SHAPE: usize = 1_000_000;
/// Sets nested in each other at the most.
const NESTING: usize = 8;

/// Checks all that can be seen without compiling, and gives the paths of the sets.
pub(crate) fn check(spec: &BodyPlan) -> Result<Vec<Path>, PlanError> {
    let mut paths = Vec::with_capacity(spec.sets.len());
    for edit in &spec.outside {
        check_outside_edit(spec, edit)?;
    }
    for (index, set) in (0u32..).zip(&spec.sets) {
        paths.push(check_set(spec, index, set)?);
    }
    check_soles(spec, &paths)?;
    if spec.format == Format::Xml {
        markup::check(spec, &paths)?;
    }
    Ok(paths)
}

/// Checks what holds for bodies of several documents: these are the elements of an array that is not written, so that
/// it cannot be a record.
pub(crate) fn check_lines(spec: &BodyPlan, paths: &[Path]) -> Result<(), PlanError> {
    for (index, (set, path)) in spec.sets.iter().zip(paths).enumerate() {
        if set.within.is_none() && path.steps.is_empty() {
            return invalid(format!(
                "set {index}: the body as a whole cannot be a record; `$[*]` are its lines"
            ));
        }
    }
    Ok(())
}

/// Checks that in no scope two sets meet, and that each profile can be compiled.
pub(crate) fn check_scopes(
    spec: &BodyPlan,
    nested: impl Fn(u32) -> Vec<(Path, u32)>,
) -> Result<(), PlanError> {
    let none = Expressions::default();
    for (index, set) in (0u32..).zip(&spec.sets) {
        let sets = nested(index);
        let mut scope = Scope {
            format: spec.format,
            edits: Vec::new(),
            sets,
            embedded: &[],
            columns: &[],
            expressions: &none,
        };
        determine(&scope, SHAPE, false).map_err(|refused| refusal(refused, &format!("set {index}")))?;
        for (number, profile) in set.profiles.iter().enumerate() {
            if !multiplies(profile) {
                continue;
            }
            scope.edits = parse_edits(spec.format, profile)?;
            determine(&scope, SHAPE, false)
                .map_err(|refused| refusal(refused, &format!("profile {number} of set {index}")))?;
        }
    }
    Ok(())
}

/// Checks that a plan can be carried out event by event.
pub(crate) fn check_stream(spec: &BodyPlan, outside: &Automaton) -> Result<(), PlanError> {
    if spec.outside.iter().any(|edit| matches!(edit.action, Action::Recount(_))) {
        return invalid(
            "a total outside the events' records counts a stream that may never end; let the event be a record"
                .to_owned(),
        );
    }
    match outside.node(ROOT).array {
        Fate::Walk | Fate::Keep | Fate::Remove | Fate::Unlisted => Ok(()),
        _ => invalid("a stream of events cannot be masked, or be a record, as a whole".to_owned()),
    }
}

/// Says in words why a scope has no automaton.
pub(crate) fn refusal(refused: Refused, place: &str) -> PlanError {
    PlanError::Invalid(match refused {
        Refused::TooLarge => {
            format!("{place}: too many paths with wildcards or descendants; write fewer of them")
        }
        Refused::SamePlace(one, other) => format!("sets {one} and {other} have records at the same place"),
        Refused::Inside(outer, inner) => format!(
            "set {inner} can have records inside those of set {outer}; say so by `within`, or narrow its path"
        ),
    })
}

/// Whether a profile's states can be many more than the steps of its paths.
fn multiplies(profile: &[Edit]) -> bool {
    profile.iter().filter(|edit| edit.path.contains('*') || edit.path.contains("..")).nth(1).is_some()
}

fn check_set(spec: &BodyPlan, index: u32, set: &RecordSet) -> Result<Path, PlanError> {
    let path = Path::parse_in(spec.format, &set.path)?;
    let mut around = Vec::new();
    let mut outer = set.within;
    let mut inner = index;
    while let Some(place) = outer {
        if place >= inner {
            return invalid(format!("set {inner}: it must stand after the set that it lies in"));
        }
        if around.len() == NESTING {
            return invalid(format!("set {index}: nested too deeply"));
        }
        around.push(place);
        inner = place;
        outer = spec.sets[place as usize].within;
    }
    if set.within.is_some() && path.steps.is_empty() {
        return invalid(format!("set {index}: the record around it cannot be its record"));
    }
    for key in &set.keys {
        check_key(spec.format, index, key, around.len())?;
    }
    if set.profiles.is_empty() {
        return invalid(format!("set {index}: there is no profile by which a record could be kept"));
    }
    for profile in &set.profiles {
        for edit in profile {
            Path::parse_in(spec.format, &edit.path)?;
            if let Action::Recount(counted) = edit.action {
                check_recount(spec, counted)?;
                if !lies_in(spec, counted, index) {
                    return invalid(format!(
                        "set {index}: a total in its records counts set {counted}, which does not lie in them"
                    ));
                }
            }
            check_entries(&edit.action)?;
        }
    }
    Ok(path)
}

fn check_key(format: Format, set: u32, key: &Key, around: usize) -> Result<(), PlanError> {
    if !Path::parse_in(format, &key.path)?.is_singular() {
        return Err(PlanError::Path {
            path: key.path.clone(),
            reason: "a key is found by names and indices only",
        });
    }
    if key.up as usize > around {
        return invalid(format!("set {set}: the key `{}` looks further out than its records lie", key.path));
    }
    Ok(())
}

fn check_outside_edit(spec: &BodyPlan, edit: &Edit) -> Result<(), PlanError> {
    Path::parse_in(spec.format, &edit.path)?;
    match edit.action {
        Action::Entries(_) => {
            invalid(format!("`{}`: entries outside records cannot be judged while a body streams", edit.path))
        }
        Action::Recount(set) => check_recount(spec, set),
        _ => Ok(()),
    }
}

fn check_recount(spec: &BodyPlan, set: u32) -> Result<(), PlanError> {
    if set as usize >= spec.sets.len() {
        return invalid(format!("a total counts set {set}, which is not there"));
    }
    Ok(())
}

fn check_entries(action: &Action) -> Result<(), PlanError> {
    match action {
        Action::Entries(entries) if entries.name == entries.value => {
            invalid(format!("entries: `{}` cannot be both name and value", entries.name))
        }
        _ => Ok(()),
    }
}

/// Whether a set's records lie in those of another, at any depth.
fn lies_in(spec: &BodyPlan, set: u32, outer: u32) -> bool {
    let mut around = spec.sets[set as usize].within;
    // A set stands after the one around it; one that does not is reported for itself.
    let mut below = set;
    while let Some(place) = around {
        if place == outer {
            return true;
        }
        if place >= below {
            return false;
        }
        below = place;
        around = spec.sets[place as usize].within;
    }
    false
}

fn check_soles(spec: &BodyPlan, paths: &[Path]) -> Result<(), PlanError> {
    for (index, set) in spec.sets.iter().enumerate().filter(|(_, set)| set.sole) {
        let mut around = Some(index);
        let mut within = set.within;
        while let Some(place) = around {
            if !paths[place].is_singular() {
                return invalid(format!(
                    "set {index}: a sole record is found by names and indices only, but `{}` can find several",
                    spec.sets[place].path
                ));
            }
            around = within.map(|outer| outer as usize);
            within = around.and_then(|outer| spec.sets[outer].within);
        }
    }
    Ok(())
}

pub(crate) fn invalid<T>(message: String) -> Result<T, PlanError> {
    Err(PlanError::Invalid(message))
}
