//! Where the keys of a record are: all of a scope in one tree, so that a record is looked through once.

use std::collections::HashMap;

use crate::plan::path::{Path, Selector, Step};

/// The places of a record that some judge asks for. Each has a slot.
#[derive(Debug)]
pub(crate) struct KeyTree {
    nodes: Vec<KeyNode>,
    pub(crate) slots: usize,
}

/// One place on the way to keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyNode {
    pub(crate) slot: Option<usize>,
    pub(crate) members: HashMap<Box<str>, usize>,
    pub(crate) elements: HashMap<u64, usize>,
    /// Whether a string here holds JSON, in which the search goes on.
    pub(crate) packed: bool,
}

impl KeyTree {
    pub(crate) fn new() -> KeyTree {
        KeyTree { nodes: vec![KeyNode::default()], slots: 0 }
    }

    /// The same places in rows whose elements have these names.
    pub(crate) fn by_column(&self, names: &[Box<str>]) -> KeyTree {
        let mut nodes = self.nodes.clone();
        let members = std::mem::take(&mut nodes[0].members);
        let elements = (0..).zip(names).filter_map(|(index, name)| Some((index, *members.get(name)?)));
        nodes[0].elements = elements.collect();
        KeyTree { nodes, slots: self.slots }
    }

    /// Whether the names of a record's members are looked at.
    pub(crate) fn looks_at_names(&self) -> bool {
        !self.nodes[0].members.is_empty()
    }

    /// Whether there are strings on the way to keys that hold JSON.
    pub(crate) fn unpacks(&self) -> bool {
        self.nodes.iter().any(|node| node.packed)
    }

    /// The slot of a singular path, added if it is new; `is_packed` tells of the places on the way whether a string
    /// there holds JSON.
    pub(crate) fn slot(&mut self, path: &Path, is_packed: impl Fn(&[Step]) -> bool) -> usize {
        let mut at = 0;
        for (place, step) in path.steps.iter().enumerate() {
            let fresh = self.nodes.len();
            let next = match &step.selector {
                Selector::Name(name) => *self.nodes[at].members.entry(name.clone()).or_insert(fresh),
                Selector::Index(index) => *self.nodes[at].elements.entry(*index).or_insert(fresh),
                // Keys are checked to be singular.
                Selector::Wildcard => fresh,
            };
            if next == fresh {
                self.nodes.push(KeyNode::default());
            }
            at = next;
            self.nodes[at].packed |= is_packed(&path.steps[..=place]);
        }
        let slots = &mut self.slots;
        *self.nodes[at].slot.get_or_insert_with(|| {
            *slots += 1;
            *slots - 1
        })
    }

    /// The number of its nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, at: usize) -> &KeyNode {
        &self.nodes[at]
    }
}
