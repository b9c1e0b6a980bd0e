//! From what the rules say to rules that fit together: names are resolved, and what contradicts itself is found.

mod about;
mod sets;
mod template;

use std::collections::BTreeMap;

use cordon_policy_sdk::types::{self, Action, Edit, Manifest, Problem};

use crate::path::Path;
use crate::read::{self, Document, Problems, Said};
use crate::rules::{Body, Response, Route, Rules};
use sets::Sets;

/// Reads and assembles the rules.
///
/// # Errors
/// Every mistake at once.
pub(crate) fn rules(text: &str) -> Result<Rules, Vec<Problem>> {
    let problems = Problems::default();
    let document = read::document(text, &problems)?;
    unique_names(&document, &problems);
    empty_kinds(&document, &problems);
    template::check(&document.routes, &problems);
    let mut routes: Vec<Route> =
        document.routes.iter().map(|route| assemble(route, &document, &problems)).collect();
    about::resolve(&document.routes, &mut routes, &problems);
    let problems = problems.into_vec();
    if !problems.is_empty() {
        return Err(problems);
    }
    let manifest = manifest(&document);
    Ok(Rules { manifest, mask_hidden: document.mask_hidden, routes })
}

fn manifest(document: &Document) -> Manifest {
    let text = |said: &Option<Said<String>>| said.as_ref().map(|said| said.value.clone()).unwrap_or_default();
    let route = |route: &read::Route| types::Route {
        name: text(&route.name),
        methods: route.methods.iter().map(|method| method.value.clone()).collect(),
        path: text(&route.path),
        decides_on: decides_on(route),
    };
    Manifest {
        name: document.name.clone(),
        version: document.version.clone(),
        routes: document.routes.iter().map(route).collect(),
    }
}

/// The places in a client's messages whose values are listed.
fn decides_on(route: &read::Route) -> Vec<String> {
    let places = route.messages.iter().flat_map(|message| &message.places);
    let listed = places.filter(|(_, values)| matches!(values, read::Values::These(_)));
    let mut names: Vec<String> = listed.map(|(place, _)| place.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn unique_names(document: &Document, problems: &Problems) {
    let mut seen = BTreeMap::new();
    for name in document.routes.iter().filter_map(|route| route.name.as_ref()) {
        if let Some(first) = seen.insert(name.value.as_str(), &name.place) {
            let first = &first.pointer;
            problems.add(
                &name.place,
                format!("the name `{}` is that of {first} too: choose another", name.value),
            );
        }
    }
}

fn empty_kinds(document: &Document, problems: &Problems) {
    for (name, kind) in &document.kinds {
        let paths = kind.keep.len() + kind.keep_all.len() + kind.mask.len();
        if paths + kind.fields.len() + kind.parts.len() == 0 {
            problems
                .add(&kind.place, format!("nothing of a `{name}` would pass: list what does under `keep`"));
        }
    }
}

fn assemble(said: &read::Route, document: &Document, problems: &Problems) -> Route {
    let changing = said.methods.iter().find(|method| method.value != "GET" && !said.websocket);
    if let (Some(method), None) = (changing, &said.changes) {
        let advice = "say `changes = true`, or `changes = false` if it only reads";
        problems.add(&method.place, format!("{} may change something: {advice}", method.value));
    }
    let mut query = said.query.clone();
    query.sort_unstable();
    query.dedup();
    let mut headers = said.headers.clone();
    headers.sort_unstable();
    headers.dedup();
    Route {
        methods: said.methods.iter().map(|method| method.value.clone()).collect(),
        section: said.section.clone(),
        requires: said.requires,
        query,
        about: None,
        request_pass: said.request_pass || !said.messages.is_empty(),
        messages: said.messages.clone().into(),
        headers,
        response: match said.response {
            read::Response::Empty => Response::Empty,
            read::Response::Pass => Response::Pass,
            read::Response::Edit => body(said, document, problems),
        },
    }
}

fn body(said: &read::Route, document: &Document, problems: &Problems) -> Response {
    let outside = said.keep.iter().chain(&said.keep_all);
    if said.parts.is_empty() && outside.clone().next().is_none() {
        let advice = "add `records` or `keep`, or write `response = \"empty\"`";
        problems.add(&said.place, format!("nothing of this route's response would pass: {advice}"));
    }
    if said.written.format.is_none() {
        problems.add(&said.place, "the body's format is not said: write `format = \"json\"` at the top");
    }
    for path in outside.chain(&said.expect).chain(said.total.iter().map(|total| &total.path)) {
        inside(path, &said.parts, problems);
    }
    for path in &said.embedded {
        inside(path, &said.parts, problems);
    }
    let sets = Sets::of(&said.parts, &document.kinds, problems);
    let mut edits = Vec::new();
    edits.extend(said.keep.iter().map(|path| edit(&path.value, Action::Keep)));
    edits.extend(said.keep_all.iter().map(|path| edit(&path.value, Action::KeepAll)));
    edits.extend(said.expect.iter().map(|path| edit(&path.value, Action::Remove)));
    for total in &said.total {
        if let Some(set) = counted(total, &said.parts, &sets, problems) {
            edits.push(edit(&total.path.value, Action::Recount(set)));
        }
    }
    let format = said.written.format.unwrap_or(types::Format::Json);
    let mut embedded: Vec<String> = said.embedded.iter().map(|path| path.value.to_string()).collect();
    let (sets, inside) = sets.into_sets();
    embedded.extend(inside);
    embedded.sort_unstable();
    embedded.dedup();
    Response::Edit(Body { format, csv: said.written.csv.clone(), embedded, outside: edits, sets })
}

/// Notes a path outside records that leads into one.
fn inside(path: &Said<Path>, parts: &[read::Part], problems: &Problems) {
    let enters = |part: &&read::Part| path.value.can_reach_into(&part.path.value) && !path.value.descends();
    if let Some(part) = parts.iter().find(enters) {
        let advice = format!("what is in a record is said under `[kind.{}]`", part.kind.value);
        problems.add(
            &path.place,
            format!("`{}` lies in the records `{}`: {advice}", path.value, part.path.value),
        );
    }
}

/// The index of the set that a total counts.
fn counted(total: &read::Total, parts: &[read::Part], sets: &Sets<'_>, problems: &Problems) -> Option<u32> {
    let part = match &total.of {
        None => 0,
        Some(of) => match parts.iter().position(|part| part.path.value == of.value) {
            Some(part) => part,
            None => {
                let advice = "write the `path` of one of the route's `records`";
                problems.add(&of.place, format!("no records of this route are at `{}`: {advice}", of.value));
                return None;
            }
        },
    };
    if parts.is_empty() {
        problems.add(&total.path.place, "a total counts records, and this route has none: add `records`");
    }
    sets.of_part(part)
}

fn edit(path: &Path, action: Action) -> Edit {
    Edit { path: path.to_string(), action }
}
