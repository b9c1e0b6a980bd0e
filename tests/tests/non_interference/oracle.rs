//! Says what a viewer must get of a body: a direct, slow reading of the rules' words over trees.

use std::collections::BTreeMap;

use cordon_tests::json::{Member, Node};
use cordon_tests::lens::{Field, Show, Viewer};

use crate::world::{Group, Kind, Layout, Mask, Path, Route, Step, Whose, World};

/// What stands for a keyed hash: the same for the same value, and unlike any value.
pub(crate) const HASH: &str = "\u{1F511}";

/// What a viewer gets of a body; none: the answer for a missing record.
pub(crate) fn view(
    world: &World,
    viewer: &Viewer,
    chosen: Option<&str>,
    route: &Route,
    body: &Node,
) -> Option<Node> {
    let mut items = Vec::new();
    for (index, (path, kind, _)) in route.sets.iter().enumerate() {
        items.push(Item {
            steps: &path.steps,
            act: Act::Set { index: Some(index), kind: *kind, whose: None },
        });
    }
    edits(&mut items, &route.keep, &Act::Keep);
    edits(&mut items, &route.keep_all, &Act::KeepAll);
    edits(&mut items, &route.expect, &Act::Remove);
    for (path, set) in &route.totals {
        items.push(Item { steps: &path.steps, act: Act::Recount(*set) });
    }
    let counted = chosen.map_or(viewer.projects.clone(), |chosen| vec![chosen.to_owned()]);
    let mut eye = Eye { world, viewer, chosen, counted, kept: vec![0; route.sets.len()] };
    // Once to count, and once more with the counts known.
    eye.render(body, &items, false, &[]);
    let counts = std::mem::replace(&mut eye.kept, vec![0; route.sets.len()]);
    if route.sets.iter().zip(&counts).any(|((_, _, sole), count)| *sole && *count == 0) {
        return None;
    }
    for item in &mut items {
        if let Act::Recount(set) = item.act {
            item.act = Act::Number(counts[set]);
        }
    }
    // A body of which nothing is kept is an empty container.
    eye.render(body, &items, false, &[])
}

/// Something the rules say of the places that a path leads to.
#[derive(Clone)]
struct Item<'a> {
    steps: &'a [Step],
    act: Act<'a>,
}

#[derive(Clone)]
enum Act<'a> {
    Remove,
    Mask(&'a Mask),
    Recount(usize),
    Number(usize),
    Fields(&'a Group),
    Keep,
    KeepAll,
    Set { index: Option<usize>, kind: usize, whose: Option<&'a Whose> },
}

impl Act<'_> {
    /// The strictest comes first.
    fn rank(&self) -> usize {
        match self {
            Act::Remove => 0,
            Act::Mask(_) => 1,
            Act::Recount(_) | Act::Number(_) => 2,
            Act::Fields(_) => 3,
            Act::Keep => 5,
            Act::KeepAll => 6,
            Act::Set { .. } => 7,
        }
    }
}

fn edits<'a>(items: &mut Vec<Item<'a>>, paths: &'a [Path], act: &Act<'a>) {
    items.extend(paths.iter().map(|path| Item { steps: &path.steps, act: act.clone() }));
}

/// A record around the place at hand, and through which projects it is seen.
#[derive(Clone)]
struct Around<'a> {
    record: &'a Node,
    through: Through,
}

/// Which contact fields are seen.
#[derive(Clone, Debug, PartialEq)]
enum Through {
    All,
    Of(Vec<String>),
}

struct Eye<'a> {
    world: &'a World,
    viewer: &'a Viewer,
    chosen: Option<&'a str>,
    /// The projects that count: the chosen one, or all of the viewer's.
    counted: Vec<String>,
    /// Records kept, by set of the route.
    kept: Vec<usize>,
}

enum Verdict {
    Drop,
    Tile,
    Keep(Through),
}

impl<'a> Eye<'a> {
    /// What is left of a value: `whole` says that all of it passes but for what the items say.
    fn render(
        &mut self,
        node: &'a Node,
        items: &[Item<'a>],
        whole: bool,
        around: &[Around<'a>],
    ) -> Option<Node> {
        let here = items.iter().filter(|item| item.steps.is_empty());
        let (sets, mut acts): (Vec<&Act>, Vec<&Act>) =
            here.map(|item| &item.act).partition(|act| matches!(act, Act::Set { .. }));
        acts.sort_by_key(|act| act.rank());
        if let (Some(Act::Set { index, kind, whose }), true) =
            (sets.first(), acts.first().is_none_or(|act| act.rank() > 4))
        {
            return self.record(node, items, (*index, *kind, *whose), around);
        }
        let below = below(items);
        let object = matches!(node, Node::Object(_));
        match acts.first() {
            Some(Act::Remove) => None,
            Some(Act::Mask(mask)) => Some(masked(mask, node)),
            Some(Act::Recount(_)) => None,
            Some(Act::Number(number)) => is_number(node).then(|| Node::number(*number)),
            Some(Act::Fields(group)) => self.fields(group, node, &below, around),
            Some(Act::Keep) if object && below.is_empty() => None,
            Some(Act::Keep) if object => Some(self.children(node, &below, false, around)),
            Some(Act::Keep) => Some(self.scalars(node, &below, around)),
            Some(Act::KeepAll) => Some(self.children(node, &below, true, around)),
            _ if whole => Some(self.children(node, &below, true, around)),
            _ if below.is_empty() || node.is_scalar() => None,
            _ => Some(self.children(node, &below, false, around)),
        }
    }

    fn children(&mut self, node: &'a Node, items: &[Item<'a>], whole: bool, around: &[Around<'a>]) -> Node {
        match node {
            Node::Scalar(_) => node.clone(),
            Node::Array(elements) => Node::Array(
                elements
                    .iter()
                    .filter_map(|element| self.render(element, &advance(items, None), whole, around))
                    .collect(),
            ),
            Node::Object(members) => Node::Object(
                members
                    .iter()
                    .filter_map(|member| {
                        let value =
                            self.render(&member.value, &advance(items, Some(&member.name)), whole, around)?;
                        Some(Member { value, ..member.clone() })
                    })
                    .collect(),
            ),
        }
    }

    fn record(
        &mut self,
        node: &'a Node,
        said: &[Item<'a>],
        (index, kind, whose): (Option<usize>, usize, Option<&'a Whose>),
        around: &[Around<'a>],
    ) -> Option<Node> {
        let world = self.world;
        let kind = &world.kinds[kind];
        let whose = whose.unwrap_or(&kind.whose);
        let verdict = self.judge(kind, whose, node, around);
        // What goes with the record around it is a part of that record: what is said of that holds in it too.
        let part = matches!(whose, Whose::Outer);
        let mut items = if part { below(said) } else { Vec::new() };
        let through = match verdict {
            Verdict::Drop => return None,
            Verdict::Tile => {
                edits(&mut items, kind.tile.as_deref().unwrap_or_default(), &Act::Keep);
                Through::Of(Vec::new())
            }
            Verdict::Keep(through) => {
                self.profile(kind, &through, &mut items);
                through
            }
        };
        if let Some(index) = index {
            self.kept[index] += 1;
        }
        let mut around = around.to_vec();
        around.push(Around { record: node, through });
        match node {
            // A scalar or a list in a record's place has nothing in it that could be named.
            Node::Scalar(_) => None,
            // A part of which nothing is named is not named itself.
            _ if part && items.is_empty() => None,
            _ => Some(self.children(node, &items, false, &around)),
        }
    }

    fn profile(&self, kind: &'a Kind, through: &Through, items: &mut Vec<Item<'a>>) {
        let world = self.world;
        edits(items, &kind.keep, &Act::Keep);
        edits(items, &kind.keep_all, &Act::KeepAll);
        edits(items, &kind.expect, &Act::Remove);
        for (path, mask, always) in &kind.masks {
            let act = if self.viewer.unmasked && !always { Act::Keep } else { Act::Mask(mask) };
            items.push(Item { steps: &path.steps, act });
        }
        for group in &kind.fields {
            if !matches!(group.layout, Layout::Columns) {
                items.push(Item { steps: &group.at.steps, act: Act::Fields(group) });
            }
            for (path, field) in group.columns.iter().zip(&world.fields) {
                let act = match self.treatment(through, field) {
                    Show::Gone => Act::Remove,
                    Show::Masked => Act::Mask(&world.mask_hidden),
                    Show::Plain => Act::Keep,
                };
                items.push(Item { steps: &path.steps, act });
            }
        }
        for inner in &kind.records {
            let act = Act::Set { index: None, kind: inner.kind, whose: inner.whose.as_ref() };
            items.push(Item { steps: &inner.path.steps, act });
        }
    }

    fn judge(&self, kind: &Kind, whose: &Whose, record: &'a Node, around: &[Around<'a>]) -> Verdict {
        let everything = self.viewer.everything;
        let of = |projects: &[String]| {
            if everything { Through::All } else { Through::Of(projects.to_vec()) }
        };
        match whose {
            Whose::Everyone => Verdict::Keep(of(&[])),
            Whose::Caller if self.counted.is_empty() && !everything => Verdict::Drop,
            Whose::Caller => Verdict::Keep(of(&self.counted)),
            Whose::Outer => Verdict::Keep(around.last().map_or(of(&[]), |outer| outer.through.clone())),
            Whose::Places(_) if everything && self.chosen.is_none() => Verdict::Keep(Through::All),
            Whose::Places(places) => {
                let found = places.iter().find_map(|place| {
                    let from = match place.path.up {
                        0 => record,
                        up => around[around.len() - up].record,
                    };
                    let value = follow(from, &place.path)?;
                    let nothing = ["null", "\"\"", "[]"].contains(&value.compact().as_str());
                    (!nothing).then_some((value, place.object))
                });
                let Some((value, object)) = found else {
                    return Verdict::Drop;
                };
                let Some(projects) = self.projects(value, object) else {
                    return Verdict::Drop;
                };
                let shared: Vec<String> =
                    projects.into_iter().filter(|project| self.counted.contains(project)).collect();
                let tiles = self.viewer.lists_projects && self.chosen.is_none() && kind.tile.is_some();
                match shared.is_empty() {
                    false => Verdict::Keep(of(&shared)),
                    true if tiles && !everything => Verdict::Tile,
                    true => Verdict::Drop,
                }
            }
        }
    }

    /// The projects that a value names; none if there is no such thing.
    fn projects(&self, value: &Node, object: Option<&str>) -> Option<Vec<String>> {
        let resolve = |scalar: &Node| {
            let id = scalar.plain()?;
            match object {
                None => {
                    let mut known = self.world.projects.iter();
                    let (project, _) = known.find(|(project, alias)| *project == id || *alias == id)?;
                    Some(vec![project.clone()])
                }
                Some(kind) => {
                    let mut known = self.world.objects.iter();
                    let object = known.find(|object| object.kind == kind && object.id == id)?;
                    Some(object.projects.clone())
                }
            }
        };
        match value {
            Node::Scalar(_) => resolve(value),
            Node::Array(elements) if value.is_flat() => {
                let projects: Vec<String> = elements.iter().filter_map(resolve).flatten().collect();
                (!projects.is_empty()).then_some(projects)
            }
            _ => None,
        }
    }

    /// A kept scalar, or of a kept array its scalars, those of arrays in it too, and what else is named.
    fn scalars(&mut self, node: &'a Node, items: &[Item<'a>], around: &[Around<'a>]) -> Node {
        let Node::Array(elements) = node else {
            return node.clone();
        };
        let mut below = advance(items, None);
        below.push(Item { steps: &[], act: Act::Keep });
        Node::Array(
            elements.iter().filter_map(|element| self.render(element, &below, false, around)).collect(),
        )
    }

    fn fields(
        &mut self,
        group: &'a Group,
        node: &'a Node,
        items: &[Item<'a>],
        around: &[Around<'a>],
    ) -> Option<Node> {
        let through = around.last().map_or(Through::Of(Vec::new()), |record| record.through.clone());
        match (&group.layout, node) {
            (_, Node::Scalar(_)) => None,
            (Layout::Entries { name, value, also }, Node::Array(entries)) => {
                let below = advance(items, None);
                let mut left = Vec::new();
                for entry in entries {
                    let Some(key) = entry.get(name).and_then(Node::as_str) else {
                        continue;
                    };
                    let act = match self.of_field(&through, &key) {
                        None | Some(Act::Remove) => continue,
                        Some(act) => act,
                    };
                    left.push(self.listed(entry, &below, around, &|member| match member {
                        member if member == *name => Some(Act::Keep),
                        member if member == *value => Some(act.clone()),
                        member => also.contains(&member).then_some(Act::Keep),
                    }));
                }
                Some(Node::Array(left))
            }
            (Layout::Entries { .. }, node) => {
                (!items.is_empty()).then(|| self.children(node, items, false, around))
            }
            (_, Node::Object(_)) => {
                let known = self.known(&through);
                Some(self.listed(node, items, around, &|name| known.get(name).cloned()))
            }
            (_, Node::Array(elements)) => {
                let below = advance(items, None);
                let known = self.known(&through);
                let of = |element: &'a Node| match element {
                    Node::Object(_) => {
                        Some(self.listed(element, &below, around, &|name| known.get(name).cloned()))
                    }
                    _ => self.render(element, &below, false, around),
                };
                Some(Node::Array(elements.iter().filter_map(of).collect()))
            }
        }
    }

    /// An object of whose members a list speaks, besides further items.
    fn listed(
        &mut self,
        node: &'a Node,
        items: &[Item<'a>],
        around: &[Around<'a>],
        list: &dyn Fn(&str) -> Option<Act<'a>>,
    ) -> Node {
        let mut left = Vec::new();
        for member in node.members() {
            let mut items = advance(items, Some(&member.name));
            items.extend(list(&member.name).map(|act| Item { steps: &[], act }));
            if let Some(value) = self.render(&member.value, &items, false, around) {
                left.push(Member { value, ..member.clone() });
            }
        }
        Node::Object(left)
    }

    fn known(&self, through: &Through) -> BTreeMap<&'a str, Act<'a>> {
        let fields = self.world.fields.iter();
        fields.filter_map(|field| Some((field.key.as_str(), self.of_field(through, &field.key)?))).collect()
    }

    /// What becomes of a contact field's value (D14–D19); none if there is no such field.
    fn of_field(&self, through: &Through, name: &str) -> Option<Act<'a>> {
        let world = self.world;
        let field: &Field = world.fields.iter().find(|field| field.key == name)?;
        Some(match self.treatment(through, field) {
            Show::Gone => Act::Remove,
            Show::Masked => Act::Mask(&world.mask_hidden),
            Show::Plain => Act::Keep,
        })
    }

    fn treatment(&self, through: &Through, field: &Field) -> Show {
        let used = match through {
            Through::All => true,
            Through::Of(projects) => {
                field.system || field.projects.iter().any(|project| projects.contains(project))
            }
        };
        match (used, field.hidden && !self.viewer.unmasked) {
            (false, _) => Show::Gone,
            (true, true) => Show::Masked,
            (true, false) => Show::Plain,
        }
    }
}

/// The items that speak of places inside.
fn below<'a>(items: &[Item<'a>]) -> Vec<Item<'a>> {
    items.iter().filter(|item| !item.steps.is_empty()).cloned().collect()
}

fn is_number(node: &Node) -> bool {
    matches!(node, Node::Scalar(text) if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
}

/// The items as they are for a member of this name, or for an element.
fn advance<'a>(items: &[Item<'a>], name: Option<&str>) -> Vec<Item<'a>> {
    let mut next = Vec::new();
    for item in items {
        let Some((step, rest)) = item.steps.split_first() else {
            continue;
        };
        let matches = match step {
            Step::Each => true,
            Step::Name(step) | Step::Descend(step) => name == Some(step),
        };
        if matches {
            next.push(Item { steps: rest, act: item.act.clone() });
        }
        if matches!(step, Step::Descend(_)) {
            next.push(item.clone());
        }
    }
    next
}

fn follow<'a>(node: &'a Node, path: &Path) -> Option<&'a Node> {
    path.steps.iter().try_fold(node, |node, step| match step {
        Step::Name(name) => node.get(name),
        Step::Each | Step::Descend(_) => None,
    })
}

fn masked(mask: &Mask, value: &Node) -> Node {
    match mask {
        Mask::Fixed(text) => Node::string(text),
        Mask::Null => Node::null(),
        Mask::Hash => Node::string(&format!("{HASH}{}", value.as_str().unwrap_or_else(|| value.compact()))),
        Mask::KeepLast(last) => {
            let text: Vec<char> = value.plain().unwrap_or_default().chars().collect();
            let kept: String =
                if text.len() > *last { text[text.len() - last..].iter().collect() } else { String::new() };
            Node::string(&format!("****{kept}"))
        }
    }
}
