//! Merges the automata of several profiles: what any of them lets through, passes.

use std::collections::{HashMap, HashSet};

use crate::pattern::Expressions;
use crate::plan::automaton::{Automaton, Fate, NOTHING, Node, NodeId, ROOT, Switch};
use crate::plan::masks::{Masks, openness};
use crate::spec::Mask;

/// The merged automaton, or none if it would take more than `budget` steps.
pub(crate) fn merge(profiles: &[&Automaton], expressions: &Expressions, budget: usize) -> Option<Automaton> {
    let mut merger = Merger { profiles, budget, ..Merger::new(profiles) };
    merger.nodes.push(Some(Node::of(Fate::Unlisted)));
    merger.ids.insert(vec![NOTHING; profiles.len()], NOTHING);
    merger.nodes.push(None);
    merger.waiting.push((ROOT, vec![ROOT; profiles.len()]));
    while let Some((id, state)) = merger.waiting.pop() {
        let node = merger.build(&state)?;
        merger.nodes[id as usize] = Some(node);
    }
    let nodes = merger.nodes.into_iter().map(|node| node.unwrap_or(Node::of(Fate::Unlisted))).collect();
    Some(Automaton { nodes, masks: merger.masks.into_maskers(expressions) })
}

struct Merger<'a> {
    profiles: &'a [&'a Automaton],
    budget: usize,
    masks: Masks,
    /// A state is a node of each profile, or a place in what that node keeps or removes, by [`INSIDE`].
    ids: HashMap<Vec<NodeId>, NodeId>,
    nodes: Vec<Option<Node>>,
    waiting: Vec<(NodeId, Vec<NodeId>)>,
}

/// The bit of a place inside what a node keeps or removes whole: it is like the node, but no string of its own.
const INSIDE: NodeId = 1 << 31;

impl<'a> Merger<'a> {
    fn new(profiles: &'a [&'a Automaton]) -> Merger<'a> {
        Merger {
            profiles,
            budget: 0,
            masks: Masks::default(),
            ids: HashMap::new(),
            nodes: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn id(&mut self, state: Vec<NodeId>) -> Option<NodeId> {
        self.budget = self.budget.checked_sub(1 + state.len())?;
        if let Some(&id) = self.ids.get(&state) {
            return Some(id);
        }
        let id = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(None);
        self.ids.insert(state.clone(), id);
        self.waiting.push((id, state));
        Some(id)
    }

    fn parts<'s>(&self, state: &'s [NodeId]) -> impl Iterator<Item = (&'a Automaton, NodeId)> + use<'a, 's> {
        self.profiles.iter().copied().zip(state.iter().map(|id| id & !INSIDE))
    }

    /// Whether strings at a place hold JSON. Profiles that do not look at it do not know.
    fn is_packed(&self, state: &[NodeId]) -> bool {
        self.profiles.iter().zip(state).any(|(profile, &id)| id & INSIDE == 0 && profile.node(id).packed)
    }

    fn build(&mut self, state: &[NodeId]) -> Option<Node> {
        let switch = self.parts(state).find_map(|(profile, id)| profile.node(id).switch.as_deref());
        if let Some(first) = switch {
            let mut node = Node::of(Fate::Unlisted);
            node.switch = Some(Box::new(self.switch(&first.name, state)?));
            node.packed = self.is_packed(state);
            return Some(node);
        }
        let mut node = Node::of(Fate::Unlisted);
        node.packed = self.is_packed(state);
        node.number = self.fate(state, |node| node.number);
        node.scalar = self.fate(state, |node| node.scalar);
        node.object = self.fate(state, |node| node.object);
        node.array = self.fate(state, |node| node.array);
        if node.object == Fate::Walk {
            let names: HashSet<&str> = self
                .parts(state)
                .flat_map(|(profile, id)| profile.node(id).members.keys().map(|name| &**name))
                .collect();
            for name in names {
                let child = self.child(state, |node| node.object, |profile, id| profile.member(id, name));
                node.members.insert(name.into(), self.id(child)?);
            }
            let child = self.child(state, |node| node.object, |profile, id| profile.node(id).member);
            node.member = self.id(child)?;
        }
        if node.array == Fate::Walk {
            let indices: HashSet<u64> = self
                .parts(state)
                .flat_map(|(profile, id)| profile.node(id).elements.keys().copied())
                .collect();
            for index in indices {
                let child = self.child(state, |node| node.array, |profile, id| profile.element(id, index));
                node.elements.insert(index, self.id(child)?);
            }
            let child = self.child(state, |node| node.array, |profile, id| profile.node(id).element);
            node.element = self.id(child)?;
        }
        Some(node)
    }

    /// The most permissive fate. A scalar that one profile shows as it is and another recounts passes as it is.
    fn fate(&mut self, state: &[NodeId], of: impl Fn(&Node) -> Fate) -> Fate {
        let mut best = Fate::Unlisted;
        let mut mask: Option<&Mask> = None;
        for (profile, id) in self.parts(state) {
            let fate = of(profile.node(id));
            if let Fate::Mask(number) = fate {
                let other = profile.mask(number).spec();
                if mask.is_none_or(|mask| openness(mask) < openness(other)) {
                    mask = Some(other);
                }
            }
            if permissiveness(fate) > permissiveness(best) {
                best = fate;
            }
        }
        match (best, mask) {
            (Fate::Mask(_), Some(mask)) => Fate::Mask(self.masks.number(mask)),
            _ => best,
        }
    }

    /// Where a child leads in each profile. What passes or goes whole does so with all its children; under a mask
    /// there is nothing.
    fn child(
        &self,
        state: &[NodeId],
        of: impl Fn(&Node) -> Fate,
        walked: impl Fn(&'a Automaton, NodeId) -> NodeId,
    ) -> Vec<NodeId> {
        self.parts(state)
            .map(|(profile, id)| {
                let node = profile.node(id);
                match of(node) {
                    Fate::Walk => walked(profile, id),
                    Fate::Keep => id | INSIDE,
                    Fate::Remove if node.number == Fate::Remove => id | INSIDE,
                    _ => NOTHING,
                }
            })
            .collect()
    }

    /// The entries of a name/value array. Profiles that read the name elsewhere are asked by a further switch.
    fn switch(&mut self, name: &str, state: &[NodeId]) -> Option<Switch> {
        let of = |profile: &'a Automaton, id: NodeId| {
            profile.node(id).switch.as_deref().filter(|switch| &*switch.name == name)
        };
        let names: HashSet<&str> = self
            .parts(state)
            .filter_map(|(profile, id)| of(profile, id))
            .flat_map(|switch| switch.entries.keys().map(|name| &**name))
            .collect();
        let mut entries = HashMap::with_capacity(names.len());
        for entry in names {
            let target = self
                .parts(state)
                .zip(state)
                .map(|((profile, id), &whole)| match of(profile, id) {
                    Some(switch) => switch.entries.get(entry).copied().unwrap_or(switch.other),
                    None => whole,
                })
                .collect();
            entries.insert(entry.into(), self.id(target)?);
        }
        let other = self
            .parts(state)
            .zip(state)
            .map(|((profile, id), &whole)| of(profile, id).map_or(whole, |switch| switch.other))
            .collect();
        let other = self.id(other)?;
        let values = self
            .parts(state)
            .map(|(profile, id)| of(profile, id).map_or(id, |switch| switch.values))
            .collect();
        let values = self.id(values)?;
        Some(Switch { name: name.into(), entries, other, values })
    }
}

fn permissiveness(fate: Fate) -> u8 {
    match fate {
        Fate::Record(_) => 6,
        Fate::Keep => 5,
        Fate::Walk => 4,
        Fate::Recount(_) => 3,
        Fate::Mask(_) => 2,
        Fate::Remove => 1,
        Fate::Unlisted => 0,
    }
}
