//! XML: what comes out has the texts and attributes that a naive reading of the plan leaves of a tree by others.

use std::sync::LazyLock;

use cordon_rewrite::{Action, Mask, Verdict};
use roxmltree::{Document, Node};

use crate::agreement::feed_every_way;
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::generate::Step;
use crate::support::places::{Child, goes_on, matches};
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../plans/xml.toml"), None));

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        if outcome.result.is_ok() {
            check(trial, &outcome);
        }
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let text = std::str::from_utf8(trial.body).unwrap_or_else(|_| panic!("no UTF-8: {}", trial.shown()));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let body = Document::parse(text)
        .unwrap_or_else(|error| panic!("what is no XML came through: {error}: {}", trial.shown()));
    if outcome.report.missing {
        assert!(outcome.output.is_empty(), "there is an output, but no answer: {}", trial.shown());
        return;
    }
    let output = String::from_utf8_lossy(&outcome.output);
    let found = Document::parse(&output)
        .unwrap_or_else(|error| panic!("this is no XML: {error}: {output:?}: {}", trial.shown()));
    let mut expected = Remains { trial, text, leaves: Vec::new(), place: Vec::new() };
    let outside = Scope { edits: &trial.drawn.outside, set: None, from: 0 };
    let all = expected.fate(outside, false) == Fate::All;
    expected.element(body.root_element(), outside, all);
    let mut leaves = Vec::new();
    collect(found.root_element(), &output, &mut Vec::new(), &mut leaves);
    assert_eq!(
        leaves,
        expected.leaves,
        "the oracle's leaves are on the right: {output:?}: {}",
        trial.shown()
    );
}

/// A text or an attribute with its place.
type Leaf = (Vec<String>, String);

/// The edits that hold at a place, and where the paths begin.
#[derive(Clone, Copy)]
struct Scope<'a> {
    edits: &'a [(Vec<Step>, Action)],
    set: Option<usize>,
    from: usize,
}

struct Remains<'a> {
    trial: &'a Trial<'a>,
    text: &'a str,
    leaves: Vec<Leaf>,
    place: Vec<Child>,
}

#[derive(Debug, PartialEq)]
enum Fate {
    All,
    Scalar,
    Walk,
    Mask(String),
    Nothing,
}

impl<'a> Remains<'a> {
    fn element(&mut self, node: Node<'_, '_>, scope: Scope<'a>, all: bool) {
        self.place.push(Child::Name(name(node, self.text)));
        let trial = self.trial;
        let inner = trial.drawn.sets.iter().enumerate().filter(|(_, set)| set.within == scope.set);
        let mut record = None;
        for (index, set) in inner {
            if matches(&set.path, &self.place[scope.from..]) {
                record.get_or_insert((index, set));
            }
        }
        match (self.fate(scope, all), record) {
            (Fate::Nothing | Fate::Mask(_), _) if self.is_hidden(scope) => self.hide(scope),
            (_, Some((index, set))) => {
                let keys: Vec<String> = set.keys.iter().map(|(path, _)| self.key(node, path)).collect();
                if trial.judge().verdict(index, &keys) != Verdict::Drop {
                    let scope = Scope { edits: &set.profiles[0], set: Some(index), from: self.place.len() };
                    self.pass(node, scope, self.fate(scope, false));
                }
            }
            (fate, None) => self.pass(node, scope, fate),
        }
        self.place.pop();
    }

    /// Whether an edit removes or masks the place, whatever else there is.
    fn is_hidden(&self, scope: Scope<'a>) -> bool {
        let place = &self.place[scope.from..];
        scope
            .edits
            .iter()
            .any(|(path, action)| matches!(action, Action::Remove | Action::Mask(_)) && matches(path, place))
    }

    fn hide(&mut self, scope: Scope<'a>) {
        if let Fate::Mask(text) = self.fate(scope, false) {
            self.leaf(None, &text);
        }
    }

    fn pass(&mut self, node: Node<'_, '_>, scope: Scope<'a>, fate: Fate) {
        let elements = node.children().any(|child| child.is_element()) || node.attributes().len() > 0;
        let all = fate == Fate::All;
        match fate {
            Fate::Nothing => return,
            Fate::Mask(text) => return self.leaf(None, &text),
            Fate::Scalar if !elements => return self.leaf(None, &direct_text(node)),
            Fate::Scalar | Fate::Walk | Fate::All => {}
        }
        for attribute in node.attributes() {
            let name = format!("@{}", &self.text[attribute.range_qname()]);
            self.place.push(Child::Name(name));
            let name = self.place.pop();
            let shown = {
                self.place.extend(name.clone());
                let fate = self.fate(scope, all);
                self.place.pop();
                fate
            };
            match shown {
                Fate::All | Fate::Scalar => self.leaf(name, attribute.value()),
                Fate::Mask(text) => self.leaf(name, &text),
                Fate::Walk | Fate::Nothing => {}
            }
        }
        // Text between elements passes only where nothing inside is looked for.
        let mixed = node.children().any(|child| child.is_element());
        if all && !(mixed && self.is_pending(scope)) {
            self.leaf(None, &direct_text(node));
        }
        for child in node.children().filter(Node::is_element) {
            self.element(child, scope, all);
        }
    }

    fn fate(&self, scope: Scope<'a>, all: bool) -> Fate {
        let place = &self.place[scope.from..];
        let acts: Vec<&Action> =
            scope.edits.iter().filter(|(path, _)| matches(path, place)).map(|(_, action)| action).collect();
        if acts.contains(&&Action::Remove) {
            return Fate::Nothing;
        }
        for action in &acts {
            match action {
                Action::Mask(Mask::Fixed(text)) => return Fate::Mask(text.clone()),
                Action::Mask(other) => panic!("the oracle knows fixed masks only, not {other:?}"),
                _ => {}
            }
        }
        if acts.contains(&&Action::Keep) {
            return Fate::Scalar;
        }
        if all || acts.contains(&&Action::KeepAll) {
            return Fate::All;
        }
        if self.is_pending(scope) { Fate::Walk } else { Fate::Nothing }
    }

    /// Whether a path leads to something inside the place.
    fn is_pending(&self, scope: Scope<'a>) -> bool {
        let place = &self.place[scope.from..];
        let mut sets = self.trial.drawn.sets.iter().filter(|set| set.within == scope.set);
        scope.edits.iter().any(|(path, _)| goes_on(path, place)) || sets.any(|set| goes_on(&set.path, place))
    }

    /// A key as the judge of these tests writes it.
    fn key(&self, node: Node<'_, '_>, path: &[Step]) -> String {
        let [step] = path else { panic!("keys are attributes or children") };
        let crate::support::generate::Selects::Name(sought) = &step.selects else {
            panic!("keys have names")
        };
        if let Some(sought) = sought.strip_prefix('@') {
            let mut attributes = node.attributes();
            let found = attributes.find(|attribute| &self.text[attribute.range_qname()] == sought);
            return found.map_or("(absent)".to_owned(), |attribute| attribute.value().to_owned());
        }
        let children =
            node.children().filter(|child| child.is_element() && name(*child, self.text) == *sought);
        let values: Vec<Option<String>> = children
            .map(|child| {
                let scalar =
                    child.attributes().len() == 0 && !child.children().any(|inner| inner.is_element());
                scalar.then(|| direct_text(child))
            })
            .collect();
        match &values[..] {
            [] => "(absent)".to_owned(),
            [one] => one.clone().unwrap_or("(composite)".to_owned()),
            several => match several.iter().cloned().collect::<Option<Vec<_>>>() {
                Some(several) => format!("[{}]", several.join(" ")),
                None => "(composite)".to_owned(),
            },
        }
    }

    fn leaf(&mut self, attribute: Option<Child>, text: &str) {
        let names = self.place.iter().chain(&attribute).map(|child| match child {
            Child::Name(name) => name.clone(),
            Child::Index(_) => unreachable!("XML has names only"),
        });
        push(names.collect(), text, &mut self.leaves);
    }
}

/// All texts and attributes of an element.
fn collect(node: Node<'_, '_>, text: &str, place: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    place.push(name(node, text));
    for attribute in node.attributes() {
        let mut place = place.clone();
        place.push(format!("@{}", &text[attribute.range_qname()]));
        push(place, attribute.value(), leaves);
    }
    push(place.clone(), &direct_text(node), leaves);
    for child in node.children().filter(Node::is_element) {
        collect(child, text, place, leaves);
    }
    place.pop();
}

/// White space goes and stays by rules of its own.
fn push(place: Vec<String>, text: &str, leaves: &mut Vec<Leaf>) {
    let text: String = text.split_whitespace().collect();
    if !text.is_empty() {
        leaves.push((place, text));
    }
}

/// The text of an element, without that of its children.
fn direct_text(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// A name as it is written, with its prefix.
fn name(node: Node<'_, '_>, text: &str) -> String {
    let rest = &text[node.range().start + 1..];
    let end = rest.find(|character: char| character.is_ascii_whitespace() || matches!(character, '/' | '>'));
    rest[..end.unwrap_or(rest.len())].to_owned()
}
