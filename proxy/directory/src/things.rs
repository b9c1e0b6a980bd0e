//! Contact fields and objects, and whose they are.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problems, Table, Text, nearest, quoted};

use crate::people::Memberships;

/// Kinds of object that every deployment has (D4), and whether an object of the kind is in one project at the most
/// (D6).
const OBJECT_KINDS: [(&str, bool); 9] = [
    ("queue", true),
    ("schedule", false),
    ("sip-provider", false),
    ("script", true),
    ("autodialer", true),
    ("list", false),
    ("notification-template", false),
    ("form", true),
    ("phone", false),
];

/// Kinds that have tables of their own in the file.
const OWN_TABLES: [(&str, &str); 4] =
    [("project", "[[project]]"), ("user", "[[user]]"), ("group", "[[group]]"), ("field", "[[field]]")];

/// The kind of record whose fields a `[[field]]` describes unless it says otherwise.
const DEFAULT_FIELD_KIND: &str = "contact";

/// A contact field (D14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The kind of record it belongs to, mostly `contact`.
    pub kind: String,
    /// What the backend's records call it; its name if the file gives no key.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Ids of the projects that use it, sorted. Empty and not `system`: assigned to nobody yet (D21).
    pub projects: Arc<[String]>,
    /// In every project (D16).
    pub system: bool,
    /// Masked for whoever lacks the right to see masked fields (D18).
    pub hidden: bool,
    /// No two records may share a value of it (D17).
    pub unique: bool,
}

/// An object as a directory knows it (D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'snapshot> {
    /// `queue`, `script`…
    pub kind: &'snapshot str,
    /// What the backend calls it.
    pub id: &'snapshot str,
    /// What people call it, if the file says so.
    pub name: Option<&'snapshot str>,
    /// Ids of the projects it is in, sorted.
    pub projects: &'snapshot [String],
}

/// What a kind and an id lead to.
pub(crate) struct Owned {
    pub(crate) name: Option<String>,
    pub(crate) projects: Arc<[String]>,
}

/// Fields and objects of a directory while it is read.
pub(crate) struct Things {
    /// By kind, in the order of the file, each with its place.
    pub(crate) fields: HashMap<String, Vec<(Field, Range<usize>)>>,
    /// By kind, then id.
    pub(crate) objects: HashMap<String, HashMap<String, Owned>>,
    pub(crate) single_project: HashSet<String>,
    /// Place of each object, by kind and id, to name it when another one has the same.
    places: HashMap<(String, String), Range<usize>>,
    field_places: HashMap<(String, String), Range<usize>>,
}

impl Things {
    pub(crate) fn new() -> Things {
        let single_project =
            OBJECT_KINDS.iter().filter(|(_, single)| *single).map(|(kind, _)| (*kind).to_owned());
        Things {
            fields: HashMap::new(),
            objects: OBJECT_KINDS.iter().map(|(kind, _)| ((*kind).to_owned(), HashMap::new())).collect(),
            single_project: single_project.collect(),
            places: HashMap::new(),
            field_places: HashMap::new(),
        }
    }

    /// Reads an `[[object_kind]]`.
    pub(crate) fn object_kind(&mut self, mut entry: Table<'_, '_>, problems: &mut Problems<'_>) {
        let name = entry.required("name", problems);
        let single = entry.flag("single_project", problems);
        entry.finish(problems);
        let Some(name) = name else { return };
        let own_table = OWN_TABLES.iter().any(|(kind, _)| *kind == name.value);
        if own_table || self.objects.contains_key(&name.value) {
            let message = format!("the kind `{}` is there already", name.value);
            problems
                .at(name.span, message)
                .help("take it out; kinds that every deployment has need no declaration");
            return;
        }
        if single {
            self.single_project.insert(name.value.clone());
        }
        self.objects.insert(name.value, HashMap::new());
    }

    /// Reads a `[[field]]`.
    pub(crate) fn field(
        &mut self,
        mut entry: Table<'_, '_>,
        projects: &mut Memberships<'_>,
        problems: &mut Problems<'_>,
    ) {
        let name = entry.required("name", problems);
        let key = entry.text("key", problems);
        let kind =
            entry.text("kind", problems).map_or_else(|| DEFAULT_FIELD_KIND.to_owned(), |kind| kind.value);
        let texts = entry.texts("projects", problems);
        let system = entry.flag("system", problems);
        let hidden = entry.flag("hidden", problems);
        let unique = entry.flag("unique", problems);
        entry.finish(problems);
        let projects = projects.resolve(&texts, problems);
        let Some(name) = name else { return };
        if let (true, Some(first)) = (system, texts.first()) {
            let message =
                format!("the system field `{}` is given projects, though it is in every one", name.value);
            problems.at(first.span.clone(), message).help("leave out `projects`, or `system` (D16)");
        }
        let key = key.unwrap_or_else(|| name.clone());
        let place = key.span.clone();
        if let Some(first) = self.field_places.insert((kind.clone(), key.value.clone()), place) {
            let first = problems.line(&first);
            let message = format!("the key `{}` of {kind} fields is taken on line {first}", key.value);
            problems.at(key.span, message).help("a key tells a record's fields apart: give each its own");
            return;
        }
        let field = Field { kind, key: key.value, name: name.value, projects, system, hidden, unique };
        self.fields.entry(field.kind.clone()).or_default().push((field, name.span));
    }

    /// Reads an `[[object]]`. Kinds have been read before.
    pub(crate) fn object(
        &mut self,
        mut entry: Table<'_, '_>,
        projects: &mut Memberships<'_>,
        problems: &mut Problems<'_>,
    ) {
        let kind = entry.required("kind", problems);
        let id = entry.required("id", problems);
        let name = entry.text("name", problems);
        let one = entry.text("project", problems);
        let many = entry.texts("projects", problems);
        entry.finish(problems);
        if let (Some(one), false) = (&one, many.is_empty()) {
            let message = "an object has either `project` or `projects`, not both";
            problems.at(one.span.clone(), message).help("take one of them out");
        }
        let mut texts = many;
        texts.extend(one);
        let list = projects.resolve(&texts, problems);
        let (Some(kind), Some(id)) = (kind, id) else {
            return;
        };
        if !self.is_object_kind(&kind, problems) {
            return;
        }
        if list.len() > 1 && self.single_project.contains(&kind.value) {
            let names: Vec<&str> = list.iter().map(String::as_str).collect();
            let message = format!(
                "the {} `{}` is in {} projects: {}",
                kind.value,
                id.value,
                list.len(),
                quoted(&names)
            );
            let place = texts.first().map_or(id.span.clone(), |text| text.span.clone());
            problems.at(place, message).help(format!("a {} is in one project at the most (D6)", kind.value));
        }
        self.insert_object(&kind, id, name, list, problems);
    }

    fn insert_object(
        &mut self,
        kind: &Text,
        id: Text,
        name: Option<Text>,
        projects: Arc<[String]>,
        problems: &mut Problems<'_>,
    ) {
        let place = id.span.clone();
        if let Some(first) = self.places.insert((kind.value.clone(), id.value.clone()), place) {
            let first = problems.line(&first);
            let message = format!("the {} `{}` stands on line {first} already", kind.value, id.value);
            problems.at(id.span, message).help("an id is unique among the objects of its kind");
            return;
        }
        let owned = Owned { name: name.map(|name| name.value), projects };
        self.objects.entry(kind.value.clone()).or_default().insert(id.value, owned);
    }

    fn is_object_kind(&self, kind: &Text, problems: &mut Problems<'_>) -> bool {
        if self.objects.contains_key(&kind.value) {
            return true;
        }
        let own_table = OWN_TABLES.iter().find(|(name, _)| *name == kind.value);
        let near = nearest(&kind.value, self.objects.keys().map(String::as_str));
        let help = match (own_table, near) {
            (Some((_, table)), _) => format!("declare it with `{table}`"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => "declare the kind with `[[object_kind]]`".to_owned(),
        };
        problems.at(kind.span.clone(), format!("`{}` is no kind of object", kind.value)).help(help);
        false
    }
}
