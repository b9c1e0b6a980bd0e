//! What a plan of XML means, said naively over a tree: paths are matched against each place from the beginning.

use cordon_rewrite::{Action, Entries, Mask};

use crate::draw::Drawn;
use crate::lists::{List, Listed, combine, list, masked, openness};
use crate::support::generate::{Selects, Step};
use crate::tree::{Element, Node, Text};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub kept: Vec<u64>,
    pub dropped: Vec<u64>,
    pub removed: u64,
    pub masked: u64,
    pub unlisted: u64,
}

pub struct Oracle<'a> {
    pub plan: &'a Drawn,
    /// A profile for a record of a set by its keys, or none to drop it.
    pub judge: &'a dyn Fn(usize, &[String]) -> Option<usize>,
    pub counts: Counts,
}

type Edits = [(Vec<Step>, Action)];

/// Where something stands, and what the plan is looked up in.
struct Scope<'a> {
    edits: &'a Edits,
    set: Option<usize>,
    around: Vec<&'a Element>,
    totals: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Record(usize),
    Keep,
    Walk,
    Recount(usize),
    Mask(Mask),
    Remove,
    Unlisted,
}

/// What a place says of what is in it.
#[derive(Default)]
struct Says<'a> {
    all: bool,
    lists: Vec<List<'a>>,
    entries: Vec<&'a Entries>,
}

/// Something with a fate.
pub enum Value<'a> {
    Element(&'a Element),
    Text(&'a str),
}

impl Value<'_> {
    pub fn is_object(&self) -> bool {
        matches!(self, Value::Element(element) if !element.is_scalar())
    }

    fn is_bare(&self) -> bool {
        matches!(self, Value::Element(element) if element.is_scalar() && !element.has_text())
    }

    pub fn text(&self) -> String {
        match self {
            Value::Element(element) => element.text(),
            Value::Text(text) => (*text).to_owned(),
        }
    }

    fn is_number(&self) -> bool {
        let text = self.text();
        let number: Result<serde_json::Number, _> = text.trim_matches([' ', '\t', '\r', '\n']).parse();
        !self.is_object() && number.is_ok()
    }
}

impl<'a> Oracle<'a> {
    pub fn new(plan: &'a Drawn, judge: &'a dyn Fn(usize, &[String]) -> Option<usize>) -> Oracle<'a> {
        Oracle { plan, judge, counts: Counts::default() }
    }

    pub fn edit(&mut self, root: &Element) -> Element {
        let sets = self.plan.sets.len();
        let mut totals = vec![0; sets];
        let mut remains = Element::default();
        for _ in 0..2 {
            self.counts = Counts { kept: vec![0; sets], dropped: vec![0; sets], ..Counts::default() };
            let scope = Scope { edits: &self.plan.outside, set: None, around: vec![], totals };
            remains = self.document(&scope, root);
            totals = self.counts.kept.clone();
        }
        remains
    }

    fn document(&mut self, scope: &Scope<'_>, root: &Element) -> Element {
        let (fate, says) = self.fate(scope, &[], &Value::Element(&document()), &Says::default());
        let emptied =
            || Element { name: root.name.clone(), declares: root.declares.clone(), ..Element::default() };
        match fate {
            Fate::Keep => self.whole(root, false),
            Fate::Remove => {
                self.counts.removed += 1;
                emptied()
            }
            _ => self.element(scope, std::slice::from_ref(&root.name), root, &says).unwrap_or_else(emptied),
        }
    }

    fn element(
        &mut self,
        scope: &Scope<'_>,
        place: &[String],
        element: &Element,
        parent: &Says<'_>,
    ) -> Option<Element> {
        let (fate, says) = self.fate(scope, place, &Value::Element(element), parent);
        let mut made =
            Element { name: element.name.clone(), declares: element.declares.clone(), ..Element::default() };
        match fate {
            Fate::Keep => {
                // A scalar that is kept is no region: what is noted in it goes.
                let region = says.all && self.passes_objects(scope, place);
                return Some(self.whole(element, !region));
            }
            Fate::Record(set) => return self.record(set, element, scope),
            Fate::Unlisted => {
                self.counts.unlisted += 1;
                return None;
            }
            Fate::Remove => {
                self.counts.removed += 1;
                return None;
            }
            Fate::Mask(mask) => {
                self.counts.masked += 1;
                made.content = content(masked(&mask, &Value::Element(element)));
            }
            Fate::Recount(set) => made.content = content(scope.totals[set].to_string()),
            Fate::Walk => {
                for (name, value) in &element.attributes {
                    let name = format!("@{name}");
                    if let Some(left) = self.value(scope, (place, &name), &value.value, &says) {
                        made.attributes.push((name[1..].to_owned(), text(left)));
                    }
                }
                self.content(scope, place, (element, &mut made), &says);
            }
        }
        Some(made)
    }

    fn content(
        &mut self,
        scope: &Scope<'_>,
        place: &[String],
        (element, made): (&Element, &mut Element),
        says: &Says<'_>,
    ) {
        if !element.has_children() && element.has_text() {
            let before = self.counts.clone();
            if let Some(left) = self.value(scope, (place, "#text"), &element.text(), says) {
                made.content = content(left);
                // Neither masked nor counted again: it stays, and what is noted in it goes.
                let kept = self.counts == before && self.keeps_text(scope, place, element, says);
                self.counts.unlisted += if kept { noted(element, true) } else { 0 };
            }
            return;
        }
        let mut text = false;
        for node in &element.content {
            match node {
                Node::Element(child) => {
                    self.counts.unlisted += u64::from(std::mem::take(&mut text));
                    let place = [place, std::slice::from_ref(&child.name)].concat();
                    made.content.extend(self.element(scope, &place, child, says).map(Node::Element));
                }
                Node::Text(found) => text |= !found.is_blank(),
                Node::Comment(_) | Node::Instruction => self.counts.unlisted += 1,
            }
        }
        self.counts.unlisted += u64::from(text);
    }

    fn keeps_text(&self, scope: &Scope<'_>, place: &[String], element: &Element, says: &Says<'_>) -> bool {
        let place = [place, &["#text".to_owned()]].concat();
        self.fate(scope, &place, &Value::Text(&element.text()), says).0 == Fate::Keep
    }

    /// What is left of an attribute, or of the text beside attributes.
    fn value(
        &mut self,
        scope: &Scope<'_>,
        (place, name): (&[String], &str),
        value: &str,
        parent: &Says<'_>,
    ) -> Option<String> {
        let place = [place, &[name.to_owned()]].concat();
        let value = Value::Text(value);
        match self.fate(scope, &place, &value, parent).0 {
            Fate::Keep => Some(value.text()),
            Fate::Recount(set) => Some(scope.totals[set].to_string()),
            Fate::Mask(mask) => {
                self.counts.masked += 1;
                Some(masked(&mask, &value))
            }
            Fate::Remove => {
                self.counts.removed += 1;
                None
            }
            Fate::Unlisted | Fate::Walk | Fate::Record(_) => {
                self.counts.unlisted += 1;
                None
            }
        }
    }

    fn record(&mut self, set: usize, record: &Element, scope: &Scope<'_>) -> Option<Element> {
        let plan = self.plan;
        let mut around = vec![record];
        around.extend(&scope.around);
        let keys: Vec<String> =
            plan.sets[set].keys.iter().map(|(path, up)| display(around[*up], path)).collect();
        let Some(profile) = (self.judge)(set, &keys) else {
            self.counts.dropped[set] += 1;
            return None;
        };
        self.counts.kept[set] += 1;
        let edits: &Edits = &plan.sets[set].profiles[profile];
        let sets = plan.sets.len();
        let mut totals = vec![0; sets];
        let before = self.counts.clone();
        let mut remains = None;
        for _ in 0..2 {
            self.counts = before.clone();
            let scope = Scope { edits, set: Some(set), around: around.clone(), totals };
            remains = self.element(&scope, &[], record, &Says::default());
            totals =
                self.counts.kept.iter().zip(&before.kept).map(|(after, before)| after - before).collect();
        }
        remains
    }

    /// An element that passes whole, or with `strip` without its comments.
    fn whole(&mut self, element: &Element, strip: bool) -> Element {
        self.counts.unlisted += noted(element, strip);
        let mut whole = element.clone();
        if strip {
            whole.content.retain(|node| matches!(node, Node::Text(_)));
        }
        whole
    }

    /// Whether objects at a place would pass whole too.
    fn passes_objects(&self, scope: &Scope<'_>, place: &[String]) -> bool {
        let goes_on = |path: &[Step]| goes_on(path, place);
        let sets = self.plan.sets.iter().filter(|set| set.within == scope.set);
        !scope.edits.iter().any(|(path, _)| goes_on(path)) && !sets.into_iter().any(|set| goes_on(&set.path))
    }

    fn fate<'s>(
        &self,
        scope: &Scope<'s>,
        place: &[String],
        value: &Value<'_>,
        parent: &Says<'s>,
    ) -> (Fate, Says<'s>) {
        let mut says = Says::default();
        let listed = place.last().and_then(|name| combine(&parent.lists, name));
        let acts: Vec<&'s Action> =
            scope.edits.iter().filter(|(path, _)| matches(path, place)).map(|(_, action)| action).collect();
        if acts.contains(&&Action::Remove) || listed == Some(Listed::Remove) {
            return (Fate::Remove, says);
        }
        let listed_mask = match &listed {
            Some(Listed::Mask(mask)) => Some(mask),
            _ => None,
        };
        let masks = acts.iter().filter_map(|action| match action {
            Action::Mask(mask) => Some(mask),
            _ => None,
        });
        if let Some(mask) = masks.chain(listed_mask).min_by_key(|mask| openness(mask)) {
            return (Fate::Mask(mask.clone()), says);
        }
        let sets = || self.plan.sets.iter().enumerate().filter(|(_, set)| set.within == scope.set);
        if let Some((set, _)) = sets().find(|(_, set)| matches(&set.path, place)) {
            return (Fate::Record(set), says);
        }
        let mut lists = Vec::new();
        if let Value::Element(element) = value {
            for entries in &parent.entries {
                let names = list(&entries.names);
                match entry_name(element, &entries.name).and_then(|name| names.get(name.as_str()).cloned()) {
                    None => return (Fate::Unlisted, says),
                    Some(Listed::Remove) => return (Fate::Remove, says),
                    Some(found) => {
                        let mut members: List<'s> =
                            entries.also.iter().map(|name| (name.as_str(), Listed::Keep)).collect();
                        members.insert(&entries.value, found);
                        members.insert(&entries.name, Listed::Keep);
                        lists.push(members);
                    }
                }
            }
        }
        let counted = acts.iter().filter_map(|action| match action {
            Action::Recount(set) => Some(*set as usize),
            _ => None,
        });
        if let Some(set) = counted.min() {
            return (if value.is_number() { Fate::Recount(set) } else { Fate::Remove }, says);
        }
        let pending = scope.edits.iter().any(|(path, _)| goes_on(path, place))
            || sets().any(|(_, set)| goes_on(&set.path, place))
            || place.is_empty();
        for action in &acts {
            match action {
                Action::Only(names) => lists.push(list(names)),
                Action::Entries(entries) => says.entries.push(entries),
                _ => {}
            }
        }
        if !lists.is_empty() || !says.entries.is_empty() {
            if !lists.is_empty() {
                says.entries.clear();
            }
            says.lists = lists;
            let walks = value.is_object() || value.is_bare();
            return (if walks { Fate::Walk } else { Fate::Unlisted }, says);
        }
        let keeps = acts.contains(&&Action::Keep);
        let all = !keeps && (acts.contains(&&Action::KeepAll) || listed.is_none() && parent.all);
        let scalars = keeps || all || listed.is_some();
        says.all = all;
        let fate = match value {
            _ if all && !(pending && (place.is_empty() && self.any_below(scope) || !place.is_empty())) => {
                Fate::Keep
            }
            value if (value.is_object() || value.is_bare()) && pending => Fate::Walk,
            value if value.is_object() => Fate::Unlisted,
            _ if scalars => Fate::Keep,
            _ => Fate::Unlisted,
        };
        (fate, says)
    }

    /// Whether the plan says anything of places inside a scope's root.
    fn any_below(&self, scope: &Scope<'_>) -> bool {
        scope.edits.iter().any(|(path, _)| !path.is_empty())
            || self.plan.sets.iter().any(|set| set.within == scope.set && !set.path.is_empty())
    }
}

fn document() -> Element {
    // The document is always an object, never empty.
    let root = Node::Element(Element::default());
    Element { content: vec![root], ..Element::default() }
}

fn content(value: String) -> Vec<Node> {
    vec![Node::Text(text(value))]
}

fn text(value: String) -> Text {
    Text { raw: String::new(), value }
}

/// Instructions at every depth, and with `comments` the comments directly in an element.
fn noted(element: &Element, comments: bool) -> u64 {
    let count = |node: &Node| match node {
        Node::Instruction => 1,
        Node::Comment(_) => u64::from(comments),
        Node::Element(child) => noted(child, false),
        Node::Text(_) => 0,
    };
    element.content.iter().map(count).sum()
}

fn entry_name(entry: &Element, name: &str) -> Option<String> {
    let values = members(entry, name);
    match &values[..] {
        [one] if !entry.is_scalar() && !one.is_object() => Some(one.text()),
        _ => None,
    }
}

fn members<'e>(element: &'e Element, name: &str) -> Vec<Value<'e>> {
    let name_of_attribute = name.strip_prefix('@');
    let mut found: Vec<Value<'e>> = element
        .attributes
        .iter()
        .filter(|(attribute, _)| name_of_attribute == Some(attribute))
        .map(|(_, value)| Value::Text(&value.value))
        .collect();
    found.extend(element.children().filter(|child| child.name == name).map(Value::Element));
    found
}

/// A key's values as the judge of these tests writes them.
fn display(record: &Element, path: &[Step]) -> String {
    let mut texts: Vec<Option<String>> = Vec::new();
    collect(record, path, &mut texts);
    match &texts[..] {
        [] => "(absent)".to_owned(),
        several if several.contains(&None) => "(composite)".to_owned(),
        [Some(one)] => one.clone(),
        several => format!("[{}]", several.iter().flatten().cloned().collect::<Vec<_>>().join(" ")),
    }
}

fn collect(element: &Element, path: &[Step], texts: &mut Vec<Option<String>>) {
    let [step, below @ ..] = path else {
        return texts.push(element.is_scalar().then(|| element.text()));
    };
    let Selects::Name(name) = &step.selects else { return };
    if name == "#text" {
        if !element.attributes.is_empty() && !element.has_children() && element.has_text() {
            texts.push(Some(element.text()));
        }
        return;
    }
    for member in members(element, name) {
        match member {
            Value::Element(child) => collect(child, below, texts),
            Value::Text(text) => texts.push(Some(text.to_owned())),
        }
    }
}

fn selects(step: &Step, name: &str) -> bool {
    match &step.selects {
        Selects::All => true,
        Selects::Name(other) => other == name,
        Selects::Index(_) => false,
    }
}

fn matches(path: &[Step], place: &[String]) -> bool {
    match (path, place) {
        ([], []) => true,
        ([step, later @ ..], [name, below @ ..]) => {
            selects(step, name) && matches(later, below) || step.descends && matches(path, below)
        }
        _ => false,
    }
}

fn goes_on(path: &[Step], place: &[String]) -> bool {
    match (path, place) {
        ([], _) => false,
        (_, []) => true,
        ([step, later @ ..], [name, below @ ..]) => {
            selects(step, name) && goes_on(later, below) || step.descends && goes_on(path, below)
        }
    }
}
