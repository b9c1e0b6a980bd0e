//! Compiles the edits and sets of one scope into an [`Automaton`].
//!
//! A state is a set of atoms: how far each path has come, and what holds at the place itself. Equal sets are one
//! state, and edits that end at a place are told apart by what they do, not by which they are, so that 10,000 kept
//! names lead to one state. The work is bounded, since descendants can multiply states.

mod standing;

use std::collections::HashMap;

use crate::pattern::Expressions;
use crate::plan::automaton::{Automaton, Fate, NOTHING, Node, NodeId, ROOT, Switch};
use crate::plan::lists::{self, List, Listed};
use crate::plan::masks::Masks;
use crate::plan::path::{Path, Selector, Step};
use crate::spec::{Action, Entries, Format, Mask, Names};
use standing::{Kept, Standing, kept};

/// What a scope consists of.
pub(crate) struct Scope<'a> {
    pub(crate) format: Format,
    pub(crate) edits: Vec<(Path, &'a Action)>,
    pub(crate) sets: Vec<(Path, u32)>,
    /// Where strings hold JSON.
    pub(crate) embedded: &'a [Path],
    /// Where arrays name the columns of sets.
    pub(crate) columns: &'a [(Path, u32)],
    pub(crate) expressions: &'a Expressions,
}

/// Why a scope has no automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It would be too large.
    TooLarge,
    /// Two sets have records at one place.
    SamePlace(u32, u32),
    /// Records of the second lie inside records of the first, of which the second does not know.
    Inside(u32, u32),
}

/// Something that is true of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Atom {
    /// This many steps of an edit's path have been taken.
    Edit { edit: u32, step: u32 },
    /// This many steps of a set's path have been taken.
    Set { set: u32, step: u32 },
    /// This many steps of the path of strings that hold JSON have been taken.
    Embedded { path: u32, step: u32 },
    /// A string here holds JSON.
    Packed,
    /// This many steps have been taken to the array that names the columns of a set.
    Columns { place: u32, step: u32 },
    /// The array here names the columns of a set.
    Header(u32),
    /// An edit names the place.
    Act(Act),
    /// A list of names keeps the place: weaker than any edit.
    ListedKeep,
    /// A set has its records here.
    Record(u32),
    /// The place lies in one that passes whole.
    KeepAll,
    /// The place is an element of a kept array.
    KeepElement,
    /// The place is an element of an array whose objects are listed.
    OnlyElement(u32),
    /// The place is an element of a name/value array.
    EntryOf(u32),
    /// The place is an entry that passes, with its value masked or not.
    Entry { entries: u32, mask: Option<u32> },
}

/// An action with its parts numbered, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Act {
    Remove,
    Mask(u32),
    Recount(u32),
    Only(u32),
    Entries(u32),
    Keep,
    KeepAll,
}

/// Compiles a scope. `budget` bounds the atoms that are looked at; without `lists` the names of lists are left out,
/// which leaves the shape and is cheap.
pub(crate) fn determine(scope: &Scope<'_>, budget: usize, lists: bool) -> Result<Automaton, Refused> {
    let mut builder = Builder { lists, budget, ..Builder::new(scope) };
    builder.number_actions();
    let root = builder.root_atoms();
    builder.nodes.push(Some(Node::of(Fate::Unlisted)));
    builder.ids.insert(Vec::new(), NOTHING);
    builder.nodes.push(None);
    builder.waiting.push((ROOT, root));
    while let Some((id, atoms)) = builder.waiting.pop() {
        let node = builder.build(id, &atoms)?;
        builder.nodes[id as usize] = Some(node);
    }
    let nodes = builder.nodes.into_iter().map(|node| node.unwrap_or(Node::of(Fate::Unlisted))).collect();
    Ok(Automaton { nodes, masks: builder.masks.into_maskers(scope.expressions) })
}

struct Builder<'a> {
    scope: &'a Scope<'a>,
    lists: bool,
    budget: usize,
    acts: Vec<Act>,
    onlys: Vec<&'a Names>,
    entries: Vec<&'a Entries>,
    masks: Masks,
    ids: HashMap<Vec<Atom>, NodeId>,
    nodes: Vec<Option<Node>>,
    waiting: Vec<(NodeId, Vec<Atom>)>,
}

/// Where the children of a place lead, before they are states: those with a name or index of their own, and the rest.
struct Children<K> {
    own: HashMap<K, Vec<Atom>>,
    rest: Vec<Atom>,
    /// What holds of those that have none of their own, beside `rest`.
    others: Vec<Atom>,
}

impl<'a> Builder<'a> {
    fn new(scope: &'a Scope<'a>) -> Builder<'a> {
        Builder {
            scope,
            lists: true,
            budget: 0,
            acts: Vec::new(),
            onlys: Vec::new(),
            entries: Vec::new(),
            masks: Masks::default(),
            ids: HashMap::new(),
            nodes: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn number_actions(&mut self) {
        for (_, action) in &self.scope.edits {
            let act = match action {
                Action::Keep => Act::Keep,
                Action::KeepAll => Act::KeepAll,
                Action::Remove => Act::Remove,
                Action::Mask(mask) => Act::Mask(self.mask(mask)),
                Action::Only(names) => {
                    self.number_masks(names);
                    self.onlys.push(names);
                    Act::Only(number(self.onlys.len() - 1))
                }
                Action::Entries(entries) => {
                    self.number_masks(&entries.names);
                    self.entries.push(entries);
                    Act::Entries(number(self.entries.len() - 1))
                }
                Action::Recount(set) => Act::Recount(*set),
            };
            self.acts.push(act);
        }
    }

    fn mask(&mut self, mask: &Mask) -> u32 {
        self.masks.number(mask)
    }

    fn number_masks(&mut self, names: &Names) {
        if self.lists {
            for masked in &names.mask {
                self.mask(&masked.mask);
            }
        }
    }

    fn root_atoms(&self) -> Vec<Atom> {
        let edits = (0..self.scope.edits.len()).map(|edit| self.after_edit(number(edit), 0));
        let sets = (0..self.scope.sets.len()).map(|set| self.after_set(number(set), 0));
        let embedded = (0..self.scope.embedded.len()).map(|path| self.after_embedded(number(path), 0));
        let columns = (0..self.scope.columns.len()).map(|place| self.after_columns(number(place), 0));
        normal(edits.chain(sets).chain(embedded).chain(columns).collect())
    }

    fn after_columns(&self, place: u32, step: u32) -> Atom {
        let (path, set) = &self.scope.columns[place as usize];
        if step as usize == path.steps.len() { Atom::Header(*set) } else { Atom::Columns { place, step } }
    }

    fn after_embedded(&self, path: u32, step: u32) -> Atom {
        let steps = &self.scope.embedded[path as usize].steps;
        if step as usize == steps.len() { Atom::Packed } else { Atom::Embedded { path, step } }
    }

    fn after_edit(&self, edit: u32, step: u32) -> Atom {
        let path = &self.scope.edits[edit as usize].0;
        if step as usize == path.steps.len() {
            Atom::Act(self.acts[edit as usize])
        } else {
            Atom::Edit { edit, step }
        }
    }

    fn after_set(&self, set: u32, step: u32) -> Atom {
        let (path, index) = &self.scope.sets[set as usize];
        if step as usize == path.steps.len() { Atom::Record(*index) } else { Atom::Set { set, step } }
    }

    /// The step that an atom waits for, and the atom behind it.
    fn step(&self, atom: Atom) -> Option<(&'a Step, Atom)> {
        match atom {
            Atom::Edit { edit, step } => {
                let taken = self.after_edit(edit, step + 1);
                Some((&self.scope.edits[edit as usize].0.steps[step as usize], taken))
            }
            Atom::Set { set, step } => {
                let taken = self.after_set(set, step + 1);
                Some((&self.scope.sets[set as usize].0.steps[step as usize], taken))
            }
            Atom::Columns { place, step } => {
                let taken = self.after_columns(place, step + 1);
                Some((&self.scope.columns[place as usize].0.steps[step as usize], taken))
            }
            Atom::Embedded { path, step } => {
                let taken = self.after_embedded(path, step + 1);
                Some((&self.scope.embedded[path as usize].steps[step as usize], taken))
            }
            _ => None,
        }
    }

    fn id(&mut self, atoms: Vec<Atom>) -> Result<NodeId, Refused> {
        let atoms = normal(atoms);
        self.budget = self.budget.checked_sub(1 + atoms.len()).ok_or(Refused::TooLarge)?;
        if let Some(&id) = self.ids.get(&atoms) {
            return Ok(id);
        }
        let id = number(self.nodes.len());
        self.nodes.push(None);
        self.ids.insert(atoms.clone(), id);
        self.waiting.push((id, atoms));
        Ok(id)
    }

    fn build(&mut self, id: NodeId, atoms: &[Atom]) -> Result<Node, Refused> {
        let standing = self.standing(id, atoms)?;
        let finishes = self.finishes(atoms);
        let mut node = self.fates(&standing, atoms);
        let entry_of = atoms.iter().find_map(|atom| match atom {
            Atom::EntryOf(entries) => Some(*entries),
            _ => None,
        });
        let settled = matches!(standing.act, Some(Act::Remove | Act::Mask(_))) || standing.record.is_some();
        if let (Some(entries), false) = (entry_of, settled) {
            node = Node::of(Fate::Unlisted);
            node.switch = Some(Box::new(self.switch(entries, atoms)?));
        } else {
            if node.object == Fate::Walk {
                let children = self.members(&standing, atoms);
                let listed = if standing.listed && self.lists { self.listed(atoms) } else { List::new() };
                (node.members, node.member) = self.with_listed(children, listed)?;
            }
            if node.array == Fate::Walk {
                let children = self.elements(&standing, atoms);
                (node.elements, node.element) = self.children(children)?;
            }
        }
        node.finishes = finishes;
        node.packed = atoms.contains(&Atom::Packed);
        node.header = atoms.iter().find_map(|atom| match atom {
            Atom::Header(set) => Some(*set),
            _ => None,
        });
        Ok(node)
    }

    fn members(&mut self, standing: &Standing, atoms: &[Atom]) -> Children<&'a str> {
        let mut children = Children { own: HashMap::new(), rest: Vec::new(), others: Vec::new() };
        for &atom in atoms {
            let Some((step, taken)) = self.step(atom) else {
                continue;
            };
            if step.descends {
                children.rest.push(atom);
            }
            match &step.selector {
                Selector::Name(name) => children.own.entry(&**name).or_default().push(taken),
                Selector::Wildcard => children.rest.push(taken),
                Selector::Index(_) => {}
            }
        }
        if self.passes_on_all(standing) {
            children.rest.push(Atom::KeepAll);
        }
        if self.scope.format == Format::Xml && !standing.listed {
            self.elements_are_entries(atoms, &mut children);
        }
        children
    }

    /// In XML the entries are the elements in an element, of any name.
    fn elements_are_entries(&self, atoms: &[Atom], children: &mut Children<&'a str>) {
        for &atom in atoms {
            let Atom::Act(Act::Entries(entries)) = atom else { continue };
            children.others.push(Atom::EntryOf(entries));
            for (name, own) in &mut children.own {
                if !name.starts_with(['@', '#']) {
                    own.push(Atom::EntryOf(entries));
                }
            }
        }
    }

    fn passes_on_all(&self, standing: &Standing) -> bool {
        !standing.listed && kept(standing.act, standing.kept) == Kept::All
    }

    /// The names that all lists at a place let through or mention, with the strictest that they say.
    fn listed(&mut self, atoms: &[Atom]) -> List<'a> {
        let mut lists = Vec::new();
        for &atom in atoms {
            match atom {
                Atom::Act(Act::Only(only)) | Atom::OnlyElement(only) => {
                    lists.push(lists::of_names(self.onlys[only as usize], &mut self.masks));
                }
                Atom::Entry { entries, mask } => {
                    lists.push(lists::of_entry(self.entries[entries as usize], mask, &mut self.masks));
                }
                _ => {}
            }
        }
        lists::combine(lists, &mut self.masks)
    }

    fn elements(&self, standing: &Standing, atoms: &[Atom]) -> Children<u64> {
        let mut children = Children { own: HashMap::new(), rest: Vec::new(), others: Vec::new() };
        for &atom in atoms {
            match atom {
                Atom::Act(Act::Only(only)) => children.rest.push(Atom::OnlyElement(only)),
                Atom::Act(Act::Entries(entries)) if !standing.listed => {
                    children.rest.push(Atom::EntryOf(entries));
                }
                _ => {}
            }
            let Some((step, taken)) = self.step(atom) else {
                continue;
            };
            if step.descends {
                children.rest.push(atom);
            }
            match &step.selector {
                Selector::Index(index) => children.own.entry(*index).or_default().push(taken),
                Selector::Wildcard => children.rest.push(taken),
                Selector::Name(_) => {}
            }
        }
        if !standing.listed {
            match kept(standing.act, standing.kept) {
                Kept::All => children.rest.push(Atom::KeepAll),
                Kept::Scalars => children.rest.push(Atom::KeepElement),
                Kept::Nothing => {}
            }
        }
        children
    }

    /// The states of members, and that of those that have none of their own. `listed` is what lists say of them.
    fn with_listed(
        &mut self,
        mut children: Children<&'a str>,
        listed: List<'a>,
    ) -> Result<(HashMap<Box<str>, NodeId>, NodeId), Refused> {
        let atom = |listed| match listed {
            Listed::Remove => Atom::Act(Act::Remove),
            Listed::Mask(mask) => Atom::Act(Act::Mask(mask)),
            Listed::Keep => Atom::ListedKeep,
        };
        // What paths say of a name, too, may hold of that name alone.
        let (both, alone): (List<'a>, List<'a>) =
            listed.into_iter().partition(|(name, _)| children.own.contains_key(name));
        for (name, listed) in both {
            children.own.entry(name).or_default().push(atom(listed));
        }
        let rest = children.rest.clone();
        let (mut own, other) = self.children(children)?;
        self.list(&mut own, alone, &rest, atom)?;
        Ok((own, other))
    }

    fn children<K, O>(&mut self, children: Children<K>) -> Result<(HashMap<O, NodeId>, NodeId), Refused>
    where
        K: std::hash::Hash + Eq,
        O: From<K> + std::hash::Hash + Eq,
    {
        let rest = self.id([&children.rest[..], &children.others].concat())?;
        let mut own = HashMap::with_capacity(children.own.len());
        for (child, mut atoms) in children.own {
            atoms.extend_from_slice(&children.rest);
            own.insert(O::from(child), self.id(atoms)?);
        }
        Ok((own, rest))
    }

    /// Where the entries of a name/value array lead; `atoms` is what holds at each of them.
    fn switch(&mut self, entries: u32, atoms: &[Atom]) -> Result<Switch, Refused> {
        let spec = self.entries[entries as usize];
        let base: Vec<Atom> = atoms.iter().copied().filter(|&atom| atom != Atom::EntryOf(entries)).collect();
        let mut targets = HashMap::new();
        if self.lists {
            let list = lists::of_names(&spec.names, &mut self.masks);
            self.list(&mut targets, list, &base, |listed| match listed {
                Listed::Remove => Atom::Act(Act::Remove),
                Listed::Mask(mask) => Atom::Entry { entries, mask: Some(mask) },
                Listed::Keep => Atom::Entry { entries, mask: None },
            })?;
        }
        let values = if self.scope.format == Format::Xml { self.id(base)? } else { NOTHING };
        Ok(Switch { name: spec.name.as_str().into(), entries: targets, other: NOTHING, values })
    }

    /// Adds the names of a list. All of which it says the same lead to one state, which is looked for once.
    fn list(
        &mut self,
        states: &mut HashMap<Box<str>, NodeId>,
        names: List<'_>,
        beside: &[Atom],
        atom: impl Fn(Listed) -> Atom,
    ) -> Result<(), Refused> {
        self.budget = self.budget.checked_sub(names.len()).ok_or(Refused::TooLarge)?;
        states.reserve(names.len());
        let mut known: Vec<(Listed, NodeId)> = Vec::new();
        for (name, listed) in names {
            let state = match known.iter().find(|(other, _)| *other == listed) {
                Some(&(_, state)) => state,
                None => {
                    let state = self.id([&[atom(listed)], beside].concat())?;
                    known.push((listed, state));
                    state
                }
            };
            states.insert(name.into(), state);
        }
        Ok(())
    }
}

fn normal(mut atoms: Vec<Atom>) -> Vec<Atom> {
    atoms.sort_unstable();
    atoms.dedup();
    atoms
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
