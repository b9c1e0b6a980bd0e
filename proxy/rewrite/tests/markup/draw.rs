//! Documents and plans drawn from a string of bytes.

use cordon_rewrite as rewrite;
use rewrite::{Action, BodyPlan, Edit, Entries, Format, Key, Mask, Masked, Names, RecordSet};

use crate::support::generate::{Selects, Source, Step, render};
use crate::tree::{Element, Node, Text};

const NAMES: [&str; 6] = ["a", "b", "c", "name", "value", "p:x"];
const ATTRIBUTES: [&str; 4] = ["a", "name", "id", "p:x"];
const TEXTS: [(&str, &str); 11] = [
    ("a", "a"),
    ("b", "b"),
    ("7", "7"),
    ("\n  ", "\n  "),
    ("\n", "\n"),
    (" -2.5 ", " -2.5 "),
    ("x &amp; y&#13;", "x & y\r"),
    ("<![CDATA[<z>]]]>", "<z>]"),
    ("&#49;", "1"),
    ("<![CDATA[ ]]>", " "),
    ("+49 30 é😀]] >", "+49 30 é😀]] >"),
];
const VALUES: [(&str, &str); 6] =
    [("a", "a"), ("7", "7"), ("", ""), ("x\n\ty", "x  y"), ("&#97;&lt;>\"", "a<>\""), ("é😀", "é😀")];

fn pick<'a, T>(source: &mut Source<'_>, choices: &'a [T]) -> &'a T {
    &choices[source.below(choices.len())]
}

fn one_in(source: &mut Source<'_>, bound: usize) -> bool {
    source.below(bound) == bound - 1
}

fn text(&(raw, value): &(&str, &str)) -> Text {
    Text { raw: raw.to_owned(), value: value.to_owned() }
}

/// A document, most often one whose root is `a`, with elements `b` in it.
pub fn document(source: &mut Source<'_>) -> Element {
    let mut root = element(source, 4);
    if !one_in(source, 4) {
        root.name = "a".to_owned();
        for _ in 0..1 + source.below(4) {
            let record = Element { name: "b".to_owned(), ..element(source, 3) };
            root.content.push(Node::Element(record));
        }
    }
    if !root.declares.is_empty() || needs_prefix(&root) {
        root.declares = vec![("p".to_owned(), "urn:p".to_owned())];
    }
    root
}

fn needs_prefix(element: &Element) -> bool {
    element.name.contains(':')
        || element.attributes.iter().any(|(name, _)| name.contains(':'))
        || element.children().any(needs_prefix)
}

fn element(source: &mut Source<'_>, depth: usize) -> Element {
    let mut found = Element { name: (*pick(source, &NAMES)).to_owned(), ..Element::default() };
    for name in ATTRIBUTES {
        if one_in(source, 5) {
            found.attributes.push((name.to_owned(), text(pick(source, &VALUES))));
        }
    }
    for _ in 0..source.below(if depth == 0 { 2 } else { 5 }) {
        found.content.push(match source.below(8) {
            0..4 if depth > 0 => Node::Element(element(source, depth - 1)),
            4 => Node::Comment(" <c> ".to_owned()),
            5 if one_in(source, 2) => Node::Instruction,
            _ => Node::Text(text(pick(source, &TEXTS))),
        });
    }
    found
}

/// A plan, and its paths as they were before they were text.
#[derive(Debug)]
pub struct Drawn {
    pub spec: BodyPlan,
    pub outside: Vec<(Vec<Step>, Action)>,
    pub sets: Vec<DrawnSet>,
}

#[derive(Debug)]
pub struct DrawnSet {
    pub within: Option<usize>,
    pub path: Vec<Step>,
    pub keys: Vec<(Vec<Step>, usize)>,
    pub profiles: Vec<Vec<(Vec<Step>, Action)>>,
}

fn step(source: &mut Source<'_>, last: bool) -> Step {
    let selects = match source.below(8) {
        0..5 => Selects::Name((*pick(source, &NAMES)).to_owned()),
        5 if last => Selects::Name(format!("@{}", pick(source, &ATTRIBUTES))),
        6 if last => Selects::Name("#text".to_owned()),
        _ => Selects::All,
    };
    Step { descends: one_in(source, 6), selects }
}

fn path(source: &mut Source<'_>, longest: usize) -> Vec<Step> {
    let length = source.below(longest + 1);
    (0..length).map(|place| step(source, place + 1 == length)).collect()
}

fn name(name: &str) -> Step {
    Step { descends: false, selects: Selects::Name(name.to_owned()) }
}

fn render_markup(steps: &[Step]) -> String {
    steps.iter().fold("$".to_owned(), |text, step| {
        let dots = if step.descends { ".." } else { "." };
        match &step.selects {
            Selects::All => text + dots + "*",
            _ => text + &render(std::slice::from_ref(step))[1..],
        }
    })
}

pub fn plan(source: &mut Source<'_>) -> Drawn {
    let mut sets: Vec<DrawnSet> = Vec::new();
    for index in 0..source.below(3) {
        let within = (index > 0 && !one_in(source, 3)).then(|| source.below(index));
        let mut path = match within {
            None if index == 0 && source.below(4) > 0 => vec![name("a"), name("b")],
            _ => path(source, 3),
        };
        if path
            .last()
            .is_none_or(|last| matches!(&last.selects, Selects::Name(name) if name.starts_with(['@', '#'])))
        {
            path = vec![{
                let chosen = *pick::<&str>(source, &NAMES);
                name(chosen)
            }];
        }
        let outer = within.map_or(1, |within| if sets[within].within.is_some() { 3 } else { 2 });
        let keys = (0..source.below(3))
            .map(|_| {
                let mut steps = self::path(source, 2);
                for step in &mut steps {
                    step.descends = false;
                    if step.selects == Selects::All {
                        step.selects = Selects::Name("c".to_owned());
                    }
                }
                (steps, source.below(outer))
            })
            .collect();
        sets.push(DrawnSet { within, path, keys, profiles: Vec::new() });
    }
    for index in 0..sets.len() {
        sets[index].profiles = (0..=source.below(2)).map(|_| edits(source, Some(index), &sets)).collect();
    }
    let outside = edits(source, None, &sets);
    let spec = BodyPlan {
        format: Format::Xml,
        outside: spec_edits(&outside),
        sets: sets.iter().map(spec_set).collect(),
        ..BodyPlan::default()
    };
    Drawn { spec, outside, sets }
}

fn spec_edits(edits: &[(Vec<Step>, Action)]) -> Vec<Edit> {
    edits.iter().map(|(path, action)| Edit { path: render_markup(path), action: action.clone() }).collect()
}

fn spec_set(set: &DrawnSet) -> RecordSet {
    RecordSet {
        within: set.within.map(|outer| u32::try_from(outer).unwrap()),
        path: render_markup(&set.path),
        keys: set
            .keys
            .iter()
            .map(|(path, up)| Key { path: render_markup(path), up: u32::try_from(*up).unwrap() })
            .collect(),
        profiles: set.profiles.iter().map(|profile| spec_edits(profile)).collect(),
        ..RecordSet::default()
    }
}

fn edits(source: &mut Source<'_>, set: Option<usize>, sets: &[DrawnSet]) -> Vec<(Vec<Step>, Action)> {
    (0..source.below(6)).map(|_| (path(source, 3), action(source, set, sets))).collect()
}

fn action(source: &mut Source<'_>, set: Option<usize>, sets: &[DrawnSet]) -> Action {
    match source.below(11) {
        0..2 => Action::Keep,
        2..5 => Action::KeepAll,
        5 => Action::Remove,
        6 => Action::Mask(mask(source)),
        7 => Action::Only(names(source)),
        8 | 9 if set.is_some() => Action::Entries(Entries {
            name: (*pick(source, &["name", "@name"])).to_owned(),
            value: (*pick(source, &["value", "#text"])).to_owned(),
            also: if one_in(source, 2) { vec!["@id".to_owned()] } else { vec![] },
            names: names(source),
        }),
        8 => Action::Keep,
        _ => {
            let counted: Vec<usize> = (0..sets.len())
                .filter(|&counted| set.is_none_or(|outer| lies_in(sets, counted, outer)))
                .collect();
            match counted.is_empty() {
                true => Action::KeepAll,
                false => Action::Recount(u32::try_from(*pick(source, &counted)).unwrap()),
            }
        }
    }
}

fn lies_in(sets: &[DrawnSet], set: usize, outer: usize) -> bool {
    sets[set].within.is_some_and(|around| around == outer || lies_in(sets, around, outer))
}

fn mask(source: &mut Source<'_>) -> Mask {
    match source.below(4) {
        0 => Mask::Null,
        1 => Mask::Fixed("<\"&'>".to_owned()),
        2 => Mask::KeepLast(u32::try_from(source.below(4)).unwrap()),
        _ => Mask::Own(u32::try_from(source.below(2)).unwrap()),
    }
}

fn names(source: &mut Source<'_>) -> Names {
    let mut names = Names::default();
    for name in ["a", "b", "c", "name", "value", "p:x", "@a", "@name", "@id", "#text", "1"] {
        match source.below(6) {
            0..3 => names.keep.push(name.to_owned()),
            3 => names.mask.push(Masked { name: name.to_owned(), mask: mask(source) }),
            4 => names.remove.push(name.to_owned()),
            _ => {}
        }
    }
    names
}
