//! Which columns of a table any record may show: what no profile lets through loses its name too.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::automaton::{Fate, Node, ROOT};
use crate::plan::determine::{Scope, determine};
use crate::plan::path::Path;
use crate::plan::{BUDGET, Plan};
use crate::spec::{Action, Names};

/// Headers remembered for each set.
const HEADERS: usize = 16;

/// What was found for the headers met so far, by their names.
#[derive(Debug, Default)]
pub(crate) struct ShownColumns(Mutex<HashMap<Columns, Arc<[bool]>>>);

type Columns = Vec<Box<str>>;

impl Plan {
    /// For each column whether any profile of a set lets it through, as `passes` tells of a cell's node.
    ///
    /// Profiles are looked at with their lists cut down to these columns, so that many of them with long lists need
    /// not be compiled as a whole to read a header.
    pub(crate) fn shown_columns(
        &self,
        set: u32,
        names: &[Box<str>],
        passes: impl Fn(&Node) -> bool,
    ) -> Arc<[bool]> {
        let cache = &self.sets[set as usize].shown_columns.0;
        let locked = || cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = locked().get(names) {
            return Arc::clone(found);
        }
        let shown: Arc<[bool]> = self.find_shown(set, names, passes).into();
        let mut cache = locked();
        if cache.len() >= HEADERS {
            cache.clear();
        }
        cache.insert(names.to_vec(), Arc::clone(&shown));
        shown
    }

    fn find_shown(&self, set: u32, names: &[Box<str>], passes: impl Fn(&Node) -> bool) -> Vec<bool> {
        let known: HashSet<&str> = names.iter().map(|name| &**name).collect();
        let mut shown = vec![false; names.len()];
        for profile in &self.spec.sets[set as usize].profiles {
            let actions: Vec<Action> = profile.iter().map(|edit| narrow(&edit.action, &known)).collect();
            let paths: Result<Vec<Path>, _> = profile.iter().map(|edit| Path::parse(&edit.path)).collect();
            // What cannot be compiled cannot keep a record either.
            let Ok(paths) = paths else { continue };
            let edits = paths.into_iter().zip(&actions).collect();
            let format = self.spec.format;
            let scope = Scope {
                format,
                edits,
                sets: Vec::new(),
                embedded: &[],
                columns: &[],
                expressions: &self.expressions,
            };
            let Ok(automaton) = determine(&scope, BUDGET, true) else { continue };
            match automaton.node(ROOT).object {
                Fate::Keep => shown.fill(true),
                Fate::Walk => {
                    for (name, shown) in names.iter().zip(&mut shown) {
                        *shown |= passes(automaton.node(automaton.member(ROOT, name)));
                    }
                }
                _ => {}
            }
            if shown.iter().all(|&shown| shown) {
                break;
            }
        }
        shown
    }
}

/// An action without the names that a table does not have.
fn narrow(action: &Action, known: &HashSet<&str>) -> Action {
    let Action::Only(names) = action else {
        return action.clone();
    };
    let among = |list: &[String]| list.iter().filter(|name| known.contains(name.as_str())).cloned().collect();
    Action::Only(Names {
        keep: among(&names.keep),
        mask: names.mask.iter().filter(|masked| known.contains(masked.name.as_str())).cloned().collect(),
        remove: among(&names.remove),
    })
}
