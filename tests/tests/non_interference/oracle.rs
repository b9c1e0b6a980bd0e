//! Says what a viewer must get of a body: a direct, slow reading of the rules' words over trees.

use cordon_tests::json::{Member, Node};
use cordon_tests::lens::{Field, Show, Viewer};

use crate::world::{Group, Kind, Layout, Mask, Path, Route, Step, Whose, World};

/// What stands for a keyed hash: the same for the same value, and unlike any value.
pub(crate) const HASH: &str = "\u{1F511}";

/// What a viewer gets of a body; none: the answer for a missing record.
pub(crate) fn view(world: &World, viewer: &Viewer, chosen: Option<&str>, route: &Route, body: &Node) -> Option<Node> {
    let mut items = Vec::new();
    for (index, (path, kind, _)) in route.sets.iter().enumerate() {
        items.push(Item { steps: &path.steps, act: Act::Set { index: Some(index), kind: *kind, whose: None } });
    }
    edits(&mut items, &route.keep, Act::Keep);
    edits(&mut items, &route.keep_all, Act::KeepAll);
    edits(&mut items, &route.expect, Act::Remove);
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

fn edits<'a>(items: &mut Vec<Item<'a>>, paths: &'a [Path], act: Act<'a>) {
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
    fn render(&mut self, node: &'a Node, items: &[Item<'a>], whole: bool, around: &[Around<'a>]) -> Option<Node> {
        let here = items.iter().filter(|item| item.steps.is_empty());
        let (sets, mut acts): (Vec<&Act>, Vec<&Act>) =
            here.map(|item| &item.act).partition(|act| matches!(act, Act::Set { .. }));
        acts.sort_by_key(|act| act.rank());
        if let (Some(Act::Set { index, kind, whose }), true) =
            (sets.first(), acts.first().is_none_or(|act| act.rank() > 4))
        {
            return self.record(node, *index, *kind, *whose, around);
        }
        let below: Vec<Item<'a>> = items.iter().filter(|item| !item.steps.is_empty()).cloned().collect();
        match acts.first() {
            Some(Act::Remove) => None,
            Some(Act::Mask(mask)) => Some(masked(mask, node)),
            Some(Act::Recount(_)) => None,
            Some(Act::Number(number)) => matches!(node, Node::Scalar(_)).then(|| Node::number(*number)),
            Some(Act::Fields(group)) => self.fields(group, node, around),
            Some(Act::Keep) if node.is_flat() => Some(node.clone()),
            Some(Act::Keep) if matches!(node, Node::Object(_)) => Some(self.children(node, &below, whole, around)),
            Some(Act::Keep) if below.is_empty() => None,
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
        index: Option<usize>,
        kind: usize,
        whose: Option<&'a Whose>,
        around: &[Around<'a>],
    ) -> Option<Node> {
        let world = self.world;
        let kind = &world.kinds[kind];
        let verdict = self.judge(kind, whose.unwrap_or(&kind.whose), node, around);
        let mut items = Vec::new();
        let through = match verdict {
            Verdict::Drop => return None,
            Verdict::Tile => {
                edits(&mut items, kind.tile.as_deref().unwrap_or_default(), Act::Keep);
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
            _ => Some(self.children(node, &items, false, &around)),
        }
    }

    fn profile(&self, kind: &'a Kind, through: &Through, items: &mut Vec<Item<'a>>) {
        let world = self.world;
        edits(items, &kind.keep, Act::Keep);
        edits(items, &kind.keep_all, Act::KeepAll);
        edits(items, &kind.expect, Act::Remove);
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
        let of = |projects: &[String]| if everything { Through::All } else { Through::Of(projects.to_vec()) };
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
                    (*value != Node::null()).then_some((value, place.object))
                });
                let Some((value, object)) = found else { return Verdict::Drop };
                let Some(projects) = self.projects(value, object) else { return Verdict::Drop };
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

    fn fields(&mut self, group: &Group, node: &Node, around: &[Around<'a>]) -> Option<Node> {
        let through = around.last().map_or(Through::Of(Vec::new()), |record| record.through.clone());
        let field = |name: &str, value: &Node| self.field(&through, name, value);
        match &group.layout {
            Layout::Columns | Layout::Members => match node {
                Node::Object(members) => Some(Node::Object(of_members(members, field))),
                Node::Array(elements) => {
                    let of = |element: &Node| match element {
                        Node::Object(members) => Some(Node::Object(of_members(members, field))),
                        _ => None,
                    };
                    Some(Node::Array(elements.iter().filter_map(of).collect()))
                }
                Node::Scalar(_) => None,
            },
            Layout::Entries { name, value, also } => {
                let Node::Array(entries) = node else { return None };
                let entry = |entry: &Node| {
                    let Node::Object(members) = entry else { return None };
                    let key = entry.get(name)?.as_str()?;
                    let kept = match entry.get(value) {
                        Some(value) => field(&key, value)?,
                        // An entry without a value is there or not like any other.
                        None => field(&key, &Node::null())?,
                    };
                    let members = members.iter().filter_map(|member| {
                        let left = match member.name.as_str() {
                            each if each == *name => Some(member.value.clone()),
                            each if each == *value => Some(kept.clone()),
                            each if also.contains(&each) && member.value.is_flat() => Some(member.value.clone()),
                            _ => None,
                        };
                        left.map(|value| Member { value, ..member.clone() })
                    });
                    Some(Node::Object(members.collect()))
                };
                Some(Node::Array(entries.iter().filter_map(entry).collect()))
            }
        }
    }

    /// What is left of a contact field's value (D14–D19).
    fn field(&self, through: &Through, name: &str, value: &Node) -> Option<Node> {
        let field: &Field = self.world.fields.iter().find(|field| field.key == name)?;
        match self.treatment(through, field) {
            Show::Gone => None,
            Show::Masked => Some(masked(&self.world.mask_hidden, value)),
            Show::Plain => value.is_flat().then(|| value.clone()),
        }
    }

    fn treatment(&self, through: &Through, field: &Field) -> Show {
        let used = match through {
            Through::All => true,
            Through::Of(projects) => field.system || field.projects.iter().any(|project| projects.contains(project)),
        };
        match (used, field.hidden && !self.viewer.unmasked) {
            (false, _) => Show::Gone,
            (true, true) => Show::Masked,
            (true, false) => Show::Plain,
        }
    }
}

fn of_members(members: &[Member], field: impl Fn(&str, &Node) -> Option<Node>) -> Vec<Member> {
    let left = members.iter().map(|member| Some(Member { value: field(&member.name, &member.value)?, ..member.clone() }));
    left.flatten().collect()
}

/// The items as they are for a member of this name, or for an element.
fn advance<'a>(items: &[Item<'a>], name: Option<&str>) -> Vec<Item<'a>> {
    let mut next = Vec::new();
    for item in items {
        let Some((step, rest)) = item.steps.split_first() else { continue };
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
            let kept: String = if text.len() > *last { text[text.len() - last..].iter().collect() } else { String::new() };
            Node::string(&format!("****{kept}"))
        }
    }
}
