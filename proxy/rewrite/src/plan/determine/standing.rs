//! What all that holds at a place comes to: the strictest edit, and the fates that follow from it.

use crate::plan::automaton::{Fate, Node, NodeId, ROOT};
use crate::plan::determine::{Act, Atom, Builder, Refused};
use crate::plan::path::Path;
use crate::spec::Format;

/// What holds at a place, boiled down.
pub(super) struct Standing {
    /// The strictest edit.
    pub(super) act: Option<Act>,
    pub(super) record: Option<u32>,
    /// Whether the place is the body or a record, which is walked even if nothing lies below.
    pub(super) root: bool,
    /// Whether further steps of a path lie below.
    pub(super) pending: bool,
    /// Whether a list names the members of an object here.
    pub(super) listed: bool,
    pub(super) kept: Kept,
}

/// What passes here when no edit names the place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    Scalars,
    All,
}

impl Builder<'_> {
    pub(super) fn standing(&mut self, id: NodeId, atoms: &[Atom]) -> Result<Standing, Refused> {
        let mut standing = Standing {
            act: None,
            record: None,
            root: id == ROOT,
            pending: false,
            listed: false,
            kept: Kept::Nothing,
        };
        for &atom in atoms {
            match atom {
                Atom::Edit { .. } | Atom::Set { .. } | Atom::Columns { .. } => standing.pending = true,
                Atom::Act(act) => {
                    standing.listed |= matches!(act, Act::Only(_));
                    standing.act = Some(standing.act.map_or(act, |other| self.stricter(act, other)));
                }
                Atom::OnlyElement(_) | Atom::Entry { .. } => standing.listed = true,
                Atom::Record(set) => match standing.record {
                    Some(other) => return Err(Refused::SamePlace(other, set)),
                    None => standing.record = Some(set),
                },
                Atom::KeepAll => standing.kept = Kept::All,
                Atom::ListedKeep | Atom::KeepElement if standing.kept == Kept::Nothing => {
                    standing.kept = Kept::Scalars;
                }
                Atom::ListedKeep | Atom::KeepElement | Atom::EntryOf(_) => {}
                // What a string holds is looked into only where something else is said of it.
                Atom::Embedded { .. } | Atom::Packed | Atom::Header(_) => {}
            }
        }
        // A list that keeps a name speaks of the place itself, a region that passes whole only of what is in it.
        if atoms.contains(&Atom::ListedKeep) {
            standing.kept = Kept::Scalars;
        }
        if let Some(record) = standing.record {
            for &atom in atoms {
                if let Atom::Set { set, .. } = atom
                    && self.scope.sets[set as usize].1 != record
                {
                    return Err(Refused::Inside(record, self.scope.sets[set as usize].1));
                }
            }
        }
        Ok(standing)
    }

    fn stricter(&mut self, one: Act, other: Act) -> Act {
        match (one, other) {
            (Act::Mask(first), Act::Mask(second)) => Act::Mask(self.masks.stricter(first, second)),
            _ => one.min(other),
        }
    }

    pub(super) fn fates(&self, standing: &Standing, atoms: &[Atom]) -> Node {
        let passage = if standing.pending || standing.root { Fate::Walk } else { Fate::Unlisted };
        match (standing.act, standing.record) {
            (Some(Act::Remove), _) => Node::of(Fate::Remove),
            (Some(Act::Mask(mask)), _) => Node::of(Fate::Mask(mask)),
            (_, Some(set)) => Node::of(Fate::Record(set)),
            (Some(Act::Recount(set)), _) => Node { number: Fate::Recount(set), ..Node::of(Fate::Remove) },
            _ if standing.listed => {
                let array = atoms.iter().any(|atom| matches!(atom, Atom::Act(Act::Only(_))));
                let array = if array { Fate::Walk } else { passage };
                Node::of_types(Fate::Unlisted, Fate::Walk, array)
            }
            (Some(Act::Entries(_)), _) if self.scope.format == Format::Xml => {
                Node::of_types(Fate::Unlisted, Fate::Walk, Fate::Unlisted)
            }
            (Some(Act::Entries(_)), _) => Node::of_types(Fate::Unlisted, passage, Fate::Walk),
            (act, _) => match kept(act, standing.kept) {
                Kept::All if standing.pending => Node::of_types(Fate::Keep, Fate::Walk, Fate::Walk),
                Kept::All => Node::of(Fate::Keep),
                Kept::Scalars => Node::of_types(Fate::Keep, passage, Fate::Walk),
                Kept::Nothing => Node::of_types(Fate::Unlisted, passage, passage),
            },
        }
    }

    /// The sets of which only singular steps have been taken: what ends here cannot come again. A path that looks at
    /// every depth stands at the same step everywhere below, so that it is done only with what is around it.
    pub(super) fn finishes(&self, atoms: &[Atom]) -> Box<[u32]> {
        let mut sets: Vec<u32> = atoms
            .iter()
            .filter_map(|atom| match *atom {
                Atom::Set { set, step } => {
                    let (path, index) = &self.scope.sets[set as usize];
                    let step = step as usize;
                    let unique = step < path.singular_steps()
                        || step == path.singular_steps() && !path.steps[step].descends;
                    unique.then_some(*index)
                }
                Atom::Record(index) => {
                    let singular = |(path, set): &(Path, u32)| *set == index && path.is_singular();
                    self.scope.sets.iter().any(singular).then_some(index)
                }
                _ => None,
            })
            .collect();
        sets.dedup();
        sets.into()
    }
}

/// What passes at a place, edits first.
pub(super) fn kept(act: Option<Act>, otherwise: Kept) -> Kept {
    match act {
        Some(Act::Keep) => Kept::Scalars,
        Some(Act::KeepAll) => Kept::All,
        Some(_) => Kept::Nothing,
        None => otherwise,
    }
}
