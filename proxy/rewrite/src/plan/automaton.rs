//! What a compiled scope looks like to the walk: for every place its fate, and where each child leads.

use std::collections::HashMap;

use crate::mask::Masker;
use crate::tree::Kind;

/// A state of an [`Automaton`]: all that the plan has to say of the places that lead to it.
pub(crate) type NodeId = u32;

/// The node of places that nothing names and under which nothing lies.
pub(crate) const NOTHING: NodeId = 0;
/// The node of the body, or of a record.
pub(crate) const ROOT: NodeId = 1;

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is a record of this set, and judged.
    Record(u32),
    /// It passes whole.
    Keep,
    /// A container whose children are looked at one by one.
    Walk,
    /// A number that becomes the count of this set.
    Recount(u32),
    /// Its place is taken by this mask of the automaton.
    Mask(u32),
    /// It goes, as an edit says.
    Remove,
    /// It goes, since nothing names it.
    Unlisted,
}

/// A deterministic automaton over the places of one scope.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    pub(crate) nodes: Vec<Node>,
    pub(crate) masks: Vec<Masker>,
}

/// One state: the fate of a value by its type, and where its children lead.
#[derive(Debug)]
pub(crate) struct Node {
    /// Of numbers, which alone can be totals.
    pub(crate) number: Fate,
    /// Of other scalars.
    pub(crate) scalar: Fate,
    pub(crate) object: Fate,
    pub(crate) array: Fate,
    /// Members that lead elsewhere than to `member`.
    pub(crate) members: HashMap<Box<str>, NodeId>,
    pub(crate) member: NodeId,
    /// Elements that lead elsewhere than to `element`.
    pub(crate) elements: HashMap<u64, NodeId>,
    pub(crate) element: NodeId,
    /// Where an entry of a name/value array leads by its own name, instead of all of the above.
    pub(crate) switch: Option<Box<Switch>>,
    /// Whether a string here holds JSON, to which all of the above applies.
    pub(crate) packed: bool,
    /// The set whose columns an array here names.
    pub(crate) header: Option<u32>,
    /// The sets of which no further record can come once a value here has ended.
    pub(crate) finishes: Box<[u32]>,
}

/// Entries of a name/value array by their names.
#[derive(Debug)]
pub(crate) struct Switch {
    /// The member that holds the name.
    pub(crate) name: Box<str>,
    pub(crate) entries: HashMap<Box<str>, NodeId>,
    /// Where everything else leads, entries without a name too.
    pub(crate) other: NodeId,
    /// Where attributes and texts of XML lead, which are no entries.
    pub(crate) values: NodeId,
}

impl Automaton {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn mask(&self, id: u32) -> &Masker {
        &self.masks[id as usize]
    }

    pub(crate) fn member(&self, id: NodeId, name: &str) -> NodeId {
        let node = self.node(id);
        if node.members.is_empty() {
            return node.member;
        }
        node.members.get(name).copied().unwrap_or(node.member)
    }

    pub(crate) fn element(&self, id: NodeId, index: u64) -> NodeId {
        let node = self.node(id);
        if node.elements.is_empty() {
            return node.element;
        }
        node.elements.get(&index).copied().unwrap_or(node.element)
    }
}

impl Node {
    /// What becomes of a value of a kind.
    pub(crate) fn fate(&self, kind: Kind) -> Fate {
        match kind {
            Kind::Object => self.object,
            Kind::Array => self.array,
            Kind::Number => self.number,
            Kind::Null | Kind::True | Kind::False | Kind::String => self.scalar,
        }
    }

    /// What becomes of a value whatever it is, if its kind makes no difference and nothing in it does.
    pub(crate) fn alike(&self) -> Option<Fate> {
        let Node { number, scalar, object, array, .. } = self;
        let alike = self.switch.is_none() && number == scalar && object == scalar && array == scalar;
        (alike && !matches!(scalar, Fate::Walk)).then_some(*scalar)
    }

    /// Whether a string here must be read as JSON: it holds some, and what it is or holds makes a difference.
    pub(crate) fn unpacks(&self) -> bool {
        self.packed && self.alike().is_none()
    }

    pub(crate) fn of(fate: Fate) -> Node {
        Node::of_types(fate, fate, fate)
    }

    pub(crate) fn of_types(scalar: Fate, object: Fate, array: Fate) -> Node {
        Node {
            number: scalar,
            scalar,
            object,
            array,
            members: HashMap::new(),
            member: NOTHING,
            elements: HashMap::new(),
            element: NOTHING,
            switch: None,
            packed: false,
            header: None,
            finishes: Box::default(),
        }
    }
}
