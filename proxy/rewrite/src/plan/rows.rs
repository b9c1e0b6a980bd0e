//! Records that are positional rows: how their elements are named, and which of them pass at all (H30).

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::PlanError;
use crate::plan::Plan;
use crate::plan::automaton::{Fate, Node};
use crate::plan::check::invalid;
use crate::plan::keys::KeyTree;
use crate::plan::path::{Path, Selector};
use crate::spec::{BodyPlan, Columns, Format};

/// The columns of a set's rows, once they are known.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) names: Vec<Box<str>>,
    /// For each column whether any profile lets it through.
    pub(crate) shown: Arc<[bool]>,
    /// Where the keys are, by the columns' places.
    pub(crate) keys: KeyTree,
}

impl Plan {
    /// What is known of a set's rows with these columns.
    pub(crate) fn rows(&self, set: u32, names: Vec<Box<str>>) -> Rows {
        let shown = self.shown_columns(set, &names, passes);
        let keys = self.sets[set as usize].tree.by_column(&names);
        Rows { names, shown, keys }
    }

    /// The sets whose columns the plan lists, with what is known of them.
    pub(crate) fn listed_rows(&self) -> impl Iterator<Item = (u32, Rows)> {
        (0u32..).zip(&self.spec().sets).filter_map(|(index, set)| match &set.columns {
            Some(Columns::Listed(names)) => {
                Some((index, self.rows(index, names.iter().map(|name| name.as_str().into()).collect())))
            }
            _ => None,
        })
    }

    /// Whether the records of a set are rows.
    pub(crate) fn has_rows(&self, set: u32) -> bool {
        self.spec().sets[set as usize].columns.is_some()
    }

    /// Whether the first of the records of a set names the columns.
    pub(crate) fn has_first_row(&self, set: u32) -> bool {
        matches!(self.spec().sets[set as usize].columns, Some(Columns::FirstRow))
    }
}

/// Whether anything can be left of a cell.
fn passes(node: &Node) -> bool {
    let fates = [node.number, node.scalar, node.object, node.array];
    node.switch.is_some() || fates.iter().any(|fate| !matches!(fate, Fate::Remove | Fate::Unlisted))
}

/// Checks what a plan says of columns, and gives the places of the arrays that name them.
pub(crate) fn column_places(spec: &BodyPlan, paths: &[Path]) -> Result<Vec<(Path, u32)>, PlanError> {
    let mut places: Vec<(Path, u32)> = Vec::new();
    for (index, set) in (0u32..).zip(&spec.sets) {
        if set.within.is_some_and(|outer| spec.sets[outer as usize].columns.is_some()) {
            return invalid(format!("set {index}: there cannot be records in positional rows"));
        }
        let Some(columns) = &set.columns else { continue };
        if !matches!(spec.format, Format::Json | Format::Ndjson) {
            return invalid(format!("set {index}: there are positional rows in JSON and NDJSON only"));
        }
        match columns {
            Columns::Listed(names) => {
                let distinct: HashSet<&str> = names.iter().map(String::as_str).collect();
                if names.is_empty() || distinct.len() != names.len() {
                    return invalid(format!("set {index}: columns have names, each its own"));
                }
            }
            Columns::At { path, .. } => {
                let place = Path::parse(path)?;
                if !place.is_singular() {
                    return Err(PlanError::Path {
                        path: path.clone(),
                        reason: "columns are found by names and indices only",
                    });
                }
                if places.iter().any(|(other, _)| *other == place) {
                    return invalid(format!("set {index}: another set's columns are at `{path}`"));
                }
                places.push((place, index));
            }
            Columns::FirstRow => {
                let last = paths[index as usize].steps.last();
                let all = last.is_some_and(|step| !step.descends && step.selector == Selector::Wildcard);
                if set.within.is_some() || !all {
                    return invalid(format!(
                        "set {index}: a first row is that of all elements of an array outside records"
                    ));
                }
            }
        }
    }
    Ok(places)
}
