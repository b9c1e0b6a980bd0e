//! Bodies and plans drawn from a string of bytes, so that a failing one shrinks with it.

use cordon_rewrite as rewrite;
use rewrite::{Action, Edit, Entries, Key, Mask, Masked, Names, RecordSet};
use serde_json::{Map, Number, Value};

/// Where choices come from. Beyond its end every choice is the first.
pub struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes, at: 0 }
    }

    pub fn below(&mut self, bound: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == bound - 1
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const NAMES: [&str; 7] = ["a", "b", "c", "name", "value", "é\"x", "n-1"];
const TEXTS: [&str; 7] = ["a", "b", "c", "", "+49 30 1234567", "é😀\\\"", "value"];
const NUMBERS: [&str; 6] = ["0", "1", "-2.50", "1e400", "12345678901234567890", "7"];

/// Any document, or more often one with a list of records under `a`.
pub fn document(source: &mut Source<'_>) -> Value {
    if source.below(4) == 0 {
        return value(source, 5);
    }
    let mut members = Map::new();
    for name in ["b", "a", "c"] {
        let member = match name {
            "a" => (0..1 + source.below(4)).map(|_| object(source, 3)).collect(),
            _ if source.one_in(2) => continue,
            _ => value(source, 2),
        };
        members.insert(name.to_owned(), member);
    }
    Value::Object(members)
}

fn object(source: &mut Source<'_>, depth: usize) -> Value {
    let mut members = Map::new();
    for _ in 0..1 + source.below(5) {
        let name = source.pick(&NAMES);
        members.insert(name.to_owned(), value(source, depth - 1));
    }
    Value::Object(members)
}

fn value(source: &mut Source<'_>, depth: usize) -> Value {
    let kinds = if depth == 5 { 5 } else { 9 };
    match source.below(if depth == 0 { 4 } else { kinds }) {
        kind if depth > 0 && kind < 3 => {
            let mut members = Map::new();
            for _ in 0..source.below(5) {
                let name = source.pick(&NAMES);
                members.insert(name.to_owned(), value(source, depth - 1));
            }
            Value::Object(members)
        }
        3 | 4 if depth > 0 => (0..source.below(5)).map(|_| value(source, depth - 1)).collect(),
        0 | 5 => Value::String(source.pick(&TEXTS).to_owned()),
        1 | 6 => Value::Number(source.pick(&NUMBERS).parse::<Number>().unwrap()),
        2 | 7 => Value::Bool(source.one_in(2)),
        _ => Value::Null,
    }
}

/// A step of a path, as the oracle reads it.
#[derive(Clone, Debug)]
pub struct Step {
    pub descends: bool,
    pub selects: Selects,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Selects {
    Name(String),
    Index(usize),
    All,
}

/// The text of a path.
pub fn render(steps: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in steps {
        text.push_str(if step.descends { ".." } else { "" });
        match &step.selects {
            Selects::Name(name) => {
                let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
                text.push_str(&format!("[\"{escaped}\"]"));
            }
            Selects::Index(index) => text.push_str(&format!("[{index}]")),
            Selects::All => text.push_str("[*]"),
        }
    }
    text
}

fn path(source: &mut Source<'_>, longest: usize) -> Vec<Step> {
    (0..source.below(longest + 1))
        .map(|_| {
            let selects = match source.below(6) {
                0..3 => Selects::Name(source.pick(&NAMES).to_owned()),
                3 | 4 => Selects::All,
                _ => Selects::Index(source.below(3)),
            };
            Step { descends: source.one_in(6), selects }
        })
        .collect()
}

fn singular(source: &mut Source<'_>, longest: usize) -> Vec<Step> {
    let mut steps = path(source, longest);
    for step in &mut steps {
        step.descends = false;
        if step.selects == Selects::All {
            step.selects = Selects::Index(0);
        }
    }
    steps
}

/// The list of records that most documents have.
fn records() -> Vec<Step> {
    let list = Step { descends: false, selects: Selects::Name("a".to_owned()) };
    vec![list, Step { descends: false, selects: Selects::All }]
}

/// A plan, and its paths as they were before they were text.
#[derive(Debug)]
pub struct Drawn {
    pub spec: rewrite::BodyPlan,
    pub outside: Vec<(Vec<Step>, Action)>,
    pub sets: Vec<DrawnSet>,
}

#[derive(Debug)]
pub struct DrawnSet {
    pub within: Option<usize>,
    pub path: Vec<Step>,
    pub keys: Vec<(Vec<Step>, usize)>,
    pub profiles: Vec<Vec<(Vec<Step>, Action)>>,
    pub sole: bool,
}

pub fn plan(source: &mut Source<'_>) -> Drawn {
    let count = source.below(4);
    let mut sets: Vec<DrawnSet> = Vec::new();
    for index in 0..count {
        let within = if index > 0 && !source.one_in(3) { Some(source.below(index)) } else { None };
        let sole = source.one_in(12);
        let mut path = match (sole, within) {
            (true, _) => singular(source, 2),
            (false, None) if index == 0 && source.below(3) > 0 => records(),
            _ => path(source, 3),
        };
        if within.is_some() && path.is_empty() {
            path.push(Step { descends: false, selects: Selects::All });
        }
        let mut outer = 0;
        let mut around = within;
        while let Some(place) = around {
            outer += 1;
            around = sets[place].within;
        }
        let keys = (0..source.below(3)).map(|_| (singular(source, 2), source.below(outer + 1))).collect();
        sets.push(DrawnSet { within, path, keys, profiles: Vec::new(), sole });
    }
    for index in 0..count {
        let profiles = (0..=source.below(3)).map(|_| edits(source, Some(index), &sets)).collect();
        sets[index].profiles = profiles;
    }
    let outside = edits(source, None, &sets);
    let mut drawn = Drawn { spec: rewrite::BodyPlan::default(), outside, sets };
    drawn.spec = spec(&drawn);
    drawn
}

/// A plan with its paths as text.
pub fn spec(drawn: &Drawn) -> rewrite::BodyPlan {
    rewrite::BodyPlan {
        outside: spec_edits(&drawn.outside),
        sets: drawn.sets.iter().map(spec_set).collect(),
        ..rewrite::BodyPlan::default()
    }
}

pub fn spec_edits(edits: &[(Vec<Step>, Action)]) -> Vec<Edit> {
    edits.iter().map(|(path, action)| Edit { path: render(path), action: action.clone() }).collect()
}

pub fn spec_set(set: &DrawnSet) -> RecordSet {
    RecordSet {
        within: set.within.map(|outer| u32::try_from(outer).unwrap()),
        path: render(&set.path),
        keys: set
            .keys
            .iter()
            .map(|(path, up)| Key { path: render(path), up: u32::try_from(*up).unwrap() })
            .collect(),
        profiles: set.profiles.iter().map(|profile| spec_edits(profile)).collect(),
        sole: set.sole,
        ..RecordSet::default()
    }
}

fn edits(source: &mut Source<'_>, set: Option<usize>, sets: &[DrawnSet]) -> Vec<(Vec<Step>, Action)> {
    (0..source.below(6)).map(|_| (path(source, 3), action(source, set, sets))).collect()
}

fn action(source: &mut Source<'_>, set: Option<usize>, sets: &[DrawnSet]) -> Action {
    match source.below(11) {
        0..2 => Action::Keep,
        2..4 => Action::KeepAll,
        4 => Action::Remove,
        5 => Action::Mask(mask(source)),
        6..8 => Action::Only(names(source)),
        8..10 if set.is_some() => Action::Entries(Entries {
            name: source.pick(&["name", "a"]).to_owned(),
            value: source.pick(&["value", "b"]).to_owned(),
            also: if source.one_in(2) { vec!["c".to_owned()] } else { vec![] },
            names: names(source),
        }),
        8..10 => Action::KeepAll,
        _ => {
            let counted: Vec<usize> = (0..sets.len())
                .filter(|&counted| set.is_none_or(|outer| lies_in(sets, counted, outer)))
                .collect();
            match counted.is_empty() {
                true => Action::Keep,
                false => Action::Recount(u32::try_from(source.pick(&counted)).unwrap()),
            }
        }
    }
}

pub fn lies_in(sets: &[DrawnSet], set: usize, outer: usize) -> bool {
    sets[set].within.is_some_and(|around| around == outer || lies_in(sets, around, outer))
}

fn mask(source: &mut Source<'_>) -> Mask {
    match source.below(5) {
        0 => Mask::Null,
        1 => Mask::Fixed(source.pick(&["x", "a\"b"]).to_owned()),
        2 => Mask::KeepLast(u32::try_from(source.below(4)).unwrap()),
        3 => Mask::Hash,
        _ => Mask::Own(u32::try_from(source.below(2)).unwrap()),
    }
}

fn names(source: &mut Source<'_>) -> Names {
    let mut names = Names::default();
    for name in NAMES {
        match source.below(6) {
            0..3 => names.keep.push(name.to_owned()),
            3 => names.mask.push(Masked { name: name.to_owned(), mask: mask(source) }),
            4 => names.remove.push(name.to_owned()),
            _ => {}
        }
    }
    names
}

/// Writes a document with white space wherever it may stand.
pub fn write_spaced(value: &Value, source: &mut Source<'_>, out: &mut String) {
    let blank = |source: &mut Source<'_>, out: &mut String| {
        out.push_str(["", "", " ", "\n\t"][source.below(4)]);
    };
    blank(source, out);
    match value {
        Value::Object(members) => {
            out.push('{');
            blank(source, out);
            for (place, (name, value)) in members.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                blank(source, out);
                out.push_str(&Value::String(name.clone()).to_string());
                blank(source, out);
                out.push(':');
                write_spaced(value, source, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            blank(source, out);
            for (place, value) in elements.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write_spaced(value, source, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
    blank(source, out);
}
