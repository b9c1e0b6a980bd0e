//! What a deployment consists of, as the generator makes it up: projects, objects, fields, callers, and the kinds and
//! routes that a rules file describes.

use std::fmt;

use cordon_tests::lens::{Field, Viewer};

use crate::dice::Dice;

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Name(String),
    Each,
    Descend(String),
}

/// A JSONPath. `up` counts the records that it starts above.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) up: usize,
    pub(crate) steps: Vec<Step>,
}

impl Path {
    /// From dotted names: `a.b[*].c`, `..d`; the empty text is the value itself.
    pub(crate) fn new(text: &str) -> Path {
        let (up, text) = (text.len() - text.trim_start_matches('^').len(), text.trim_start_matches('^'));
        let mut steps = Vec::new();
        if let Some(name) = text.strip_prefix("..") {
            return Path { up, steps: vec![Step::Descend(name.to_owned())] };
        }
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let (name, each) = (part.trim_end_matches("[*]"), part.matches("[*]").count());
            steps.extend((!name.is_empty()).then(|| Step::Name(name.to_owned())));
            steps.extend(std::iter::repeat_n(Step::Each, each));
        }
        Path { up, steps }
    }

    pub(crate) fn is_one(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Name(_)))
    }

    pub(crate) fn under(&self, name: &str) -> Path {
        let mut path = self.clone();
        path.steps.push(Step::Name(name.to_owned()));
        path
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&if self.up == 0 { "$".to_owned() } else { "^".repeat(self.up) })?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Name(name) => write!(f, ".{name}"),
            Step::Each => f.write_str("[*]"),
            Step::Descend(name) => write!(f, "..{name}"),
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Mask {
    Fixed(String),
    KeepLast(usize),
    Null,
    Hash,
}

/// A place where a record says whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: Path,
    /// The kind of object that the project follows from; none: the project itself.
    pub(crate) object: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Whose {
    Places(Vec<Place>),
    Caller,
    Everyone,
    Outer,
}

#[derive(Clone, Debug)]
pub(crate) enum Layout {
    Members,
    Columns,
    Entries { name: &'static str, value: &'static str, also: Vec<&'static str> },
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) at: Path,
    pub(crate) layout: Layout,
    /// Where each of the world's fields is, for columns.
    pub(crate) columns: Vec<Path>,
}

/// Records inside a record.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) path: Path,
    pub(crate) kind: usize,
    /// Instead of the kind's own.
    pub(crate) whose: Option<Whose>,
}

#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) whose: Whose,
    pub(crate) keep: Vec<Path>,
    pub(crate) keep_all: Vec<Path>,
    pub(crate) expect: Vec<Path>,
    /// With `true`: for everybody.
    pub(crate) masks: Vec<(Path, Mask, bool)>,
    pub(crate) fields: Vec<Group>,
    pub(crate) records: Vec<Inner>,
    pub(crate) tile: Option<Vec<Path>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) section: &'static str,
    /// Path and kind of its records; `true`: without one the answer is the one for a missing record.
    pub(crate) sets: Vec<(Path, usize, bool)>,
    pub(crate) keep: Vec<Path>,
    pub(crate) keep_all: Vec<Path>,
    pub(crate) expect: Vec<Path>,
    /// Path of a total and the set that it counts.
    pub(crate) totals: Vec<(Path, usize)>,
}

/// An object of the directory: kind, id and projects.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) projects: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct World {
    /// Ids, each with what the backend calls it.
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) objects: Vec<Object>,
    pub(crate) fields: Vec<Field>,
    pub(crate) viewers: Vec<Viewer>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) routes: Vec<Route>,
    pub(crate) mask_hidden: Mask,
}

/// Kinds of object; the last may be in several projects.
pub(crate) const OBJECTS: [&str; 3] = ["queue", "script", "list"];
pub(crate) const SECTIONS: [&str; 3] = ["calls", "contacts", "any"];

impl World {
    pub(crate) fn new(dice: &mut Dice) -> World {
        let projects: Vec<(String, String)> = (0..2 + dice.below(3))
            .map(|index| (format!("project{index}"), (30 + index).to_string()))
            .collect();
        let ids: Vec<String> = projects.iter().map(|(id, _)| id.clone()).collect();
        let mut world = World {
            objects: objects(dice, &ids),
            fields: fields(dice, &ids),
            viewers: viewers(dice, &ids),
            projects,
            kinds: Vec::new(),
            routes: Vec::new(),
            mask_hidden: mask(dice),
        };
        for depth in [2, 2, 1, 1, 0, 0] {
            let kind = kind(dice, depth, &world.fields);
            world.kinds.push(kind);
        }
        world.tell_tiles();
        world.keep_to_one_around();
        for (index, layout) in LAYOUTS.iter().enumerate() {
            world.routes.push(route(dice, index, layout));
        }
        world
    }
}

impl World {
    /// Only records of projects have tiles, wherever they are.
    fn tell_tiles(&mut self) {
        let elsewhere = |inner: &Inner| !matches!(inner.whose, None | Some(Whose::Places(_)));
        let inner = self.kinds.iter().flat_map(|kind| &kind.records);
        let without: Vec<usize> = inner.filter(|inner| elsewhere(inner)).map(|inner| inner.kind).collect();
        without.into_iter().for_each(|kind| self.kinds[kind].tile = None);
    }
}

impl World {
    /// Where a part goes with its record and there are several of it, the records inside cannot mean "the one around".
    fn keep_to_one_around(&mut self) {
        let outer = |inner: &Inner| matches!(inner.whose, Some(Whose::Outer));
        let inner = self.kinds.iter().flat_map(|kind| &kind.records);
        let parts: Vec<usize> = inner.filter(|inner| outer(inner)).map(|inner| inner.kind).collect();
        for kind in parts {
            for inner in &mut self.kinds[kind].records {
                if let Some(Whose::Places(places)) = &mut inner.whose {
                    places.retain(|place| place.path.up == 0);
                    if places.is_empty() {
                        inner.whose = None;
                    }
                }
            }
        }
    }
}

fn objects(dice: &mut Dice, projects: &[String]) -> Vec<Object> {
    let mut objects = Vec::new();
    for kind in OBJECTS {
        for index in 0..4 {
            let projects = match kind {
                "list" => dice.some(projects, 50),
                _ if dice.chance(80) => vec![dice.pick(projects).clone()],
                _ => Vec::new(),
            };
            // Kinds share ids, as backends' tables do.
            objects.push(Object { kind, id: (index + 1).to_string(), projects });
        }
    }
    objects
}

fn fields(dice: &mut Dice, projects: &[String]) -> Vec<Field> {
    let field = |dice: &mut Dice, index: usize| {
        let system = dice.chance(15);
        let used = if system { Vec::new() } else { dice.some(projects, 40) };
        Field { key: format!("f{index}"), projects: used, system, hidden: dice.chance(30) }
    };
    (0..4 + dice.below(5)).map(|index| field(dice, index)).collect()
}

fn viewers(dice: &mut Dice, projects: &[String]) -> Vec<Viewer> {
    let mut viewers = Vec::new();
    for index in 0..6 {
        let mine: Vec<&str> = match index {
            0 => vec![projects[0].as_str()],
            1 => projects[..2].iter().map(String::as_str).collect(),
            2 => Vec::new(),
            _ => projects.iter().map(String::as_str).filter(|_| dice.chance(45)).collect(),
        };
        let mut viewer = Viewer::new(&format!("user{index}"), &mine);
        viewer.everything = index == 5 || index > 2 && dice.chance(15);
        viewer.unmasked = index > 2 && dice.chance(40);
        viewer.lists_projects = index > 0 && dice.chance(50);
        viewer.sections = dice.chance(15).then(|| vec!["calls".to_owned()]);
        viewers.push(viewer);
    }
    viewers
}

pub(crate) fn mask(dice: &mut Dice) -> Mask {
    match dice.below(4) {
        0 => Mask::Fixed("hidden \"here\"".to_owned()),
        1 => Mask::KeepLast(1 + dice.below(3)),
        2 => Mask::Null,
        _ => Mask::Hash,
    }
}

/// Kinds of depth 0 hold no records; those of depth n hold such of smaller depth.
fn kind(dice: &mut Dice, depth: usize, known: &[Field]) -> Kind {
    let whose = whose(dice, false);
    let paths = |dice: &mut Dice, paths: &[&str], percent| -> Vec<Path> {
        paths.iter().filter(|_| dice.chance(percent)).map(|path| Path::new(path)).collect()
    };
    let keep = paths(
        dice,
        &["id", "note", "info.title", "info.deep.er", "tags[*].label", "queue", "project", "..mark"],
        55,
    );
    let keep_all = paths(dice, &["blob", "box.blob"], 40);
    let expect = paths(dice, &["blob.secret", "internal", "tags[*].secret"], 40);
    let mut masks = Vec::new();
    for path in ["phone", "info.phone", "tags[*].phone"] {
        if dice.chance(40) {
            masks.push((Path::new(path), mask(dice), dice.chance(30)));
        }
    }
    let mut fields = Vec::new();
    if dice.chance(50) {
        fields.push(Group { at: Path::new("fields"), layout: Layout::Members, columns: Vec::new() });
    }
    if dice.chance(50) {
        let at = Path::new(if dice.chance(50) { "" } else { "columns" });
        let columns = known.iter().map(|field| at.under(&field.key)).collect();
        fields.push(Group { at, layout: Layout::Columns, columns });
    }
    if dice.chance(50) {
        let also = dice.some(&["label", "kind"], 40);
        let (name, value) = *dice.pick(&[("name", "value"), ("KEY", "VALUE")]);
        fields.push(Group {
            at: Path::new("entries"),
            layout: Layout::Entries { name, value, also },
            columns: Vec::new(),
        });
    }
    let mut records = Vec::new();
    for (path, chance) in [("contact", 60), ("lines[*]", 60), ("info.parts[*]", 30)] {
        if depth > 0 && dice.chance(chance) {
            let kind = 6 - 2 * depth + dice.below(2 * depth);
            let whose = dice.chance(60).then(|| self::whose(dice, true));
            records.push(Inner { path: Path::new(path), kind, whose });
        }
    }
    let tile = matches!(whose, Whose::Places(_)) && dice.chance(30);
    let tile = tile.then(|| paths(dice, &["id", "note", "info.title"], 60)).filter(|tile| !tile.is_empty());
    Kind { whose, keep, keep_all, expect, masks, fields, records, tile }
}

fn whose(dice: &mut Dice, inner: bool) -> Whose {
    match dice.below(if inner { 12 } else { 8 }) {
        0 => Whose::Caller,
        1 => Whose::Everyone,
        8.. => Whose::Outer,
        _ => {
            let mut places = vec![
                Place { path: Path::new("project"), object: None },
                Place { path: Path::new("queue"), object: Some("queue") },
                Place { path: Path::new("info.script"), object: Some("script") },
                Place { path: Path::new("lists"), object: Some("list") },
            ];
            if inner {
                places.push(Place { path: Path::new("^project"), object: None });
            }
            dice.shuffle(&mut places);
            places.truncate(1 + dice.below(3));
            Whose::Places(places)
        }
    }
}

/// Where bodies hold their records.
const LAYOUTS: [&[&str]; 9] = [
    &["[*]"],
    &["items[*]"],
    &["data.rows[*]"],
    &["groups[*].items[*]"],
    &["by_id[*]"],
    &[""],
    &["result"],
    &["me", "calls[*]", "more.queues[*]"],
    &["..row"],
];

fn route(dice: &mut Dice, index: usize, layout: &[&str]) -> Route {
    let sets: Vec<(Path, usize, bool)> = layout
        .iter()
        .map(|path| {
            let path = Path::new(path);
            let sole = path.is_one() && (layout.len() == 1 || dice.chance(50));
            (path, dice.below(6), sole)
        })
        .collect();
    let outside = !matches!(layout, &["[*]"] | &[""] | &["..row"]);
    let some = |dice: &mut Dice, paths: &[&str]| -> Vec<Path> {
        let chosen = dice.some(paths, if outside { 50 } else { 0 });
        chosen.into_iter().map(Path::new).collect()
    };
    let mut totals = Vec::new();
    for path in ["total", "meta.total", "data.count"] {
        if outside && dice.chance(50) {
            totals.push((Path::new(path), dice.below(sets.len())));
        }
    }
    Route {
        name: format!("route{index}"),
        section: SECTIONS[dice.below(SECTIONS.len())],
        keep: some(dice, &["meta.page", "status", "groups[*].title"]),
        keep_all: some(dice, &["meta.links", "facets"]),
        expect: some(dice, &["meta.cursor", "facets.secret"]),
        sets,
        totals,
    }
}
