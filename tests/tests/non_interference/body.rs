//! Bodies: made up for a route, changed at random, written in several ways.

use cordon_tests::json::{Member, Node};

use crate::dice::Dice;
use crate::world::{Kind, Layout, Path, Place, Route, Step, Whose, World};

/// A body that a backend could send for this route.
pub(crate) fn body(dice: &mut Dice, world: &World, route: &Route) -> Node {
    let mut body = match &route.sets[0].0.steps[..] {
        [Step::Each] => Node::Array(Vec::new()),
        _ => Node::Object(Vec::new()),
    };
    noise(dice, &mut body);
    for path in route.keep.iter().chain(&route.keep_all).chain(&route.expect) {
        let value = value(dice, 2);
        put(dice, &mut body, &path.steps, &mut |_| value.clone());
    }
    for (path, _) in &route.totals {
        let total = Node::number(dice.below(1000));
        put(dice, &mut body, &path.steps, &mut |_| total.clone());
    }
    for (path, kind, _) in &route.sets {
        if dice.chance(96) {
            put(dice, &mut body, &path.steps, &mut |dice| record(dice, world, &world.kinds[*kind]));
        }
    }
    body
}

/// A record of a kind.
pub(crate) fn record(dice: &mut Dice, world: &World, kind: &Kind) -> Node {
    let mut record = Node::Object(Vec::new());
    let mut whose: Vec<&Whose> = vec![&kind.whose];
    noise(dice, &mut record);
    for path in kind
        .keep
        .iter()
        .chain(&kind.keep_all)
        .chain(&kind.expect)
        .chain(kind.masks.iter().map(|mask| &mask.0))
    {
        if dice.chance(80) {
            let value = value(dice, 2);
            put(dice, &mut record, &path.steps, &mut |_| value.clone());
        }
    }
    for group in &kind.fields {
        match &group.layout {
            Layout::Members | Layout::Columns => {
                for field in &world.fields {
                    if dice.chance(70) {
                        let value = value(dice, 1);
                        put(dice, &mut record, &group.at.under(&field.key).steps, &mut |_| value.clone());
                    }
                }
            }
            Layout::Entries { name, value, .. } => {
                let entries = (0..dice.below(6)).map(|_| entry(dice, world, name, value)).collect();
                put(dice, &mut record, &group.at.steps, &mut |_| Node::Array(Vec::clone(&entries)));
            }
        }
    }
    for inner in &kind.records {
        if dice.chance(85) {
            let kind = &world.kinds[inner.kind];
            put(dice, &mut record, &inner.path.steps, &mut |dice| self::record(dice, world, kind));
        }
        whose.extend(&inner.whose);
    }
    for whose in whose {
        if let Whose::Places(places) = whose {
            places.iter().for_each(|place| owner(dice, world, &mut record, place));
        }
    }
    if let Node::Object(members) = &mut record {
        dice.shuffle(members);
    }
    record
}

fn owner(dice: &mut Dice, world: &World, record: &mut Node, place: &Place) {
    let value = match (dice.below(20), place.object) {
        (0, _) => return,
        (1, _) => match dice.below(3) {
            0 => Node::null(),
            1 => Node::string(""),
            _ => Node::Array(Vec::new()),
        },
        (2, _) => value(dice, 1),
        (3, _) => Node::string("nobody's"),
        (4, _) => Node::Array((0..dice.below(3)).map(|_| project(dice, world)).collect()),
        (_, None) => project(dice, world),
        (_, Some("list")) if dice.chance(50) => Node::Array((0..3).map(|_| object(dice)).collect()),
        (_, Some(_)) => object(dice),
    };
    put(dice, record, &place.path.steps, &mut |_| value.clone());
}

fn project(dice: &mut Dice, world: &World) -> Node {
    let (id, alias) = dice.pick(&world.projects);
    match dice.below(3) {
        0 => Node::Scalar(alias.clone()),
        1 => Node::string(alias),
        _ => Node::string(id),
    }
}

fn object(dice: &mut Dice) -> Node {
    let id = (1 + dice.below(5)).to_string();
    if dice.chance(50) { Node::Scalar(id) } else { Node::string(&id) }
}

fn entry(dice: &mut Dice, world: &World, name: &str, value: &str) -> Node {
    let mut entry = Node::Object(Vec::new());
    let key = dice.pick(&world.fields).key.clone();
    entry.set(name, if dice.chance(90) { Node::string(&key) } else { self::value(dice, 0) });
    entry.set(value, self::value(dice, 1));
    for extra in ["label", "kind", "by"] {
        if dice.chance(30) {
            entry.set(extra, self::value(dice, 0));
        }
    }
    if let Node::Object(members) = &mut entry {
        dice.shuffle(members);
    }
    entry
}

/// Puts a value where a path leads, making what is missing on the way.
fn put(dice: &mut Dice, node: &mut Node, steps: &[Step], value: &mut dyn FnMut(&mut Dice) -> Node) {
    let Some((step, rest)) = steps.split_first() else {
        *node = match (value(dice), &node) {
            // What earlier paths have put inside stays.
            (Node::Object(mut new), Node::Object(old)) => {
                new.retain(|member| old.iter().all(|known| known.name != member.name));
                Node::Object(old.iter().cloned().chain(new).collect())
            }
            (new, _) => new,
        };
        return;
    };
    match step {
        Step::Name(name) | Step::Descend(name) => {
            let mut child = node.get(name).cloned().unwrap_or(Node::Object(Vec::new()));
            if matches!(rest.first(), Some(Step::Each))
                && child.elements().is_empty()
                && child.members().is_empty()
            {
                // The members of an object are reached by `[*]` as the elements of an array are.
                child = if name == "by_id" { Node::Object(Vec::new()) } else { Node::Array(Vec::new()) };
            }
            put(dice, &mut child, rest, value);
            if !matches!(node, Node::Object(_)) {
                *node = Node::Object(Vec::new());
            }
            node.set(name, child);
        }
        Step::Each => match node {
            Node::Array(elements) if !elements.is_empty() => {
                elements.iter_mut().for_each(|element| put(dice, element, rest, value));
            }
            Node::Object(members) => {
                for _ in 0..dice.below(5) {
                    let mut element = Node::Object(Vec::new());
                    put(dice, &mut element, rest, value);
                    let name = format!("key{}", dice.below(10_000));
                    if members.iter().all(|member| member.name != name) {
                        members.push(Member::new(&name, element));
                    }
                }
            }
            _ => {
                let mut elements = Vec::new();
                for _ in 0..dice.below(5) {
                    let mut element = Node::Object(Vec::new());
                    put(dice, &mut element, rest, value);
                    elements.push(element);
                }
                *node = Node::Array(elements);
            }
        },
    }
}

/// Members that no rules name.
fn noise(dice: &mut Dice, node: &mut Node) {
    for _ in 0..dice.below(3) {
        let name = format!("u{}", dice.below(5));
        let value = value(dice, 2);
        if let Node::Object(_) = node {
            node.set(&name, value);
        }
    }
}

const SCALARS: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "30",
    "31",
    "12345678901234567890",
    "1.10",
    "1e400",
    "-2.5E-3",
    "\"\"",
    "\"a\"",
    "\"project0\"",
    "\"\\u0061\\/b\"",
    "\"\u{1F4DE} t\u{E9}l\"",
    "\"\\\"quoted\\\" \\\\\"",
    "\"line\\nbreak\"",
    "\"+49 30 1234567\"",
    "\"somebody@example.test\"",
    "\"\\ud83d\\udcde\"",
];

/// Any value, of at most this depth.
pub(crate) fn value(dice: &mut Dice, depth: usize) -> Node {
    match dice.below(if depth == 0 { 7 } else { 10 }) {
        0..5 => Node::Scalar((*dice.pick(&SCALARS)).to_owned()),
        5 => Node::string(&format!("text{}", dice.below(100_000))),
        6 => Node::number(dice.below(1_000_000)),
        7 => Node::Array((0..dice.below(4)).map(|_| value(dice, 0)).collect()),
        8 => Node::Array((0..dice.below(3)).map(|_| value(dice, depth - 1)).collect()),
        _ => {
            let mut object = Node::Object(Vec::new());
            for _ in 0..dice.below(4) {
                let name = *dice.pick(&["secret", "label", "u1", "mark", "row", "blob", "id"]);
                object.set(name, value(dice, depth - 1));
            }
            object
        }
    }
}

/// Changes something, anywhere.
pub(crate) fn change(dice: &mut Dice, world: &World, node: &mut Node) {
    // Down to some place, deeper ones more often than not.
    let children = match node {
        Node::Scalar(_) => 0,
        Node::Array(elements) => elements.len(),
        Node::Object(members) => members.len(),
    };
    if children > 0 && dice.chance(75) {
        let child = dice.below(children);
        return match node {
            Node::Array(elements) => change(dice, world, &mut elements[child]),
            Node::Object(members) => change(dice, world, &mut members[child].value),
            Node::Scalar(_) => {}
        };
    }
    match node {
        Node::Scalar(_) => {
            *node = match dice.below(4) {
                0 => project(dice, world),
                1 => object(dice),
                _ => value(dice, 2),
            }
        }
        Node::Array(elements) => change_elements(dice, world, elements),
        Node::Object(members) => change_members(dice, world, members),
    }
}

fn change_elements(dice: &mut Dice, world: &World, elements: &mut Vec<Node>) {
    let at = dice.below(elements.len());
    match dice.below(6) {
        0 | 1 if !elements.is_empty() => {
            let copy = dice.pick(elements).clone();
            elements.insert(at, copy);
            change(dice, world, &mut elements[at]);
        }
        2 if !elements.is_empty() => _ = elements.remove(at),
        3 if elements.len() > 1 => {
            let other = dice.below(elements.len());
            elements.swap(at, other);
        }
        4 => elements.insert(at, value(dice, 2)),
        _ => {
            let kind = dice.pick(&world.kinds);
            elements.insert(at, record(dice, world, kind));
        }
    }
}

fn change_members(dice: &mut Dice, world: &World, members: &mut Vec<Member>) {
    let at = dice.below(members.len());
    match dice.below(6) {
        0 if !members.is_empty() => _ = members.remove(at),
        1 if members.len() > 1 => {
            let other = dice.below(members.len());
            members.swap(at, other);
        }
        2 if !members.is_empty() => members[at].value = value(dice, 2),
        _ => {
            const NAMES: [&str; 16] = [
                "u7", "u8", "secret", "internal", "phone", "note", "id", "project", "queue", "lists",
                "contact", "mark", "row", "total", "title", "blob",
            ];
            let name = match dice.below(3) {
                0 => format!("key{}", dice.below(10_000)),
                1 => dice.pick(&world.fields).key.clone(),
                _ => (*dice.pick(&NAMES)).to_owned(),
            };
            if members.iter().all(|member| member.name != name) {
                let value =
                    if dice.chance(30) { record(dice, world, dice_kind(world)) } else { value(dice, 2) };
                members.insert(at, Member::new(&name, value));
            }
        }
    }
}

fn dice_kind(world: &World) -> &Kind {
    &world.kinds[world.kinds.len() - 1]
}

/// How a body is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Compact,
    Spaced,
    Indented,
}

/// A body's text.
pub(crate) fn text(node: &Node, style: Style) -> String {
    let mut text = String::new();
    write(node, style, 0, &mut text);
    text
}

fn write(node: &Node, style: Style, depth: usize, text: &mut String) {
    let gap = |text: &mut String, depth: usize| {
        if let Style::Indented = style {
            text.push('\n');
            text.push_str(&"  ".repeat(depth));
        }
    };
    let between = |text: &mut String, index: usize| {
        if index > 0 {
            text.push_str(if let Style::Spaced = style { ", " } else { "," });
        }
        gap(text, depth + 1);
    };
    match node {
        Node::Scalar(scalar) => text.push_str(scalar),
        Node::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                between(text, index);
                write(element, style, depth + 1, text);
            }
            if !elements.is_empty() {
                gap(text, depth);
            }
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (index, member) in members.iter().enumerate() {
                between(text, index);
                text.push_str(&member.text);
                text.push_str(if let Style::Compact = style { ":" } else { ": " });
                write(&member.value, style, depth + 1, text);
            }
            if !members.is_empty() {
                gap(text, depth);
            }
            text.push('}');
        }
    }
}

/// Whether a path of a route leads to places by descent, which bodies hold anywhere.
pub(crate) fn descends(path: &Path) -> bool {
    path.steps.iter().any(|step| matches!(step, Step::Descend(_)))
}
