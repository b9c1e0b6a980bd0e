//! Which record a request is about.

use super::template::parameters;
use crate::read::{self, Problems, Said, nearest};
use crate::rules::{About, Body, Response, Route};

/// Resolves `about` of every route, and notes changing routes that lack it.
pub(super) fn resolve(said: &[read::Route], routes: &mut [Route], problems: &Problems) {
    for (index, one) in said.iter().enumerate() {
        match one.about.as_ref().map(|about| &about.value) {
            Some(read::About::Record { route, with }) => {
                let about = target(route, said, routes, problems).map(|target| {
                    let bindings = bindings(one, route, with, &said[target], problems);
                    let path = one.path.as_ref().map(|path| parameters(&path.value)).unwrap_or_default();
                    let sources = bindings.iter().map(|(_, source)| source);
                    let from_query = sources.filter(|source| !path.contains(&source.as_str())).cloned();
                    About { route: target, from_query: from_query.collect(), bindings }
                });
                routes[index].about = about;
            }
            Some(read::About::Nothing | read::About::Unknown) => {}
            None => required(one, problems),
        }
    }
}

/// A route that changes something and has a parameter in its path names a record.
fn required(one: &read::Route, problems: &Problems) {
    let Some(path) = &one.path else { return };
    let changes = one.changes.as_ref().is_some_and(|changes| changes.value);
    if let (true, Some(parameter)) = (changes, parameters(&path.value).first()) {
        let advice = "add `about = { route = \"…\" }` with the GET route of that record, or `about = false`";
        let message = format!("`{{{parameter}}}` seems to name a record that this route changes: {advice}");
        problems.add(&path.place, message);
    }
}

/// The route that a probe asks.
fn target(name: &Said<String>, said: &[read::Route], routes: &[Route], problems: &Problems) -> Option<usize> {
    let names = || said.iter().filter_map(|route| Some(route.name.as_ref()?.value.as_str()));
    let called = |route: &read::Route| route.name.as_ref().is_some_and(|other| other.value == name.value);
    let Some(index) = said.iter().position(called) else {
        let advice = match nearest(&name.value, names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "name a GET route of one record".to_owned(),
        };
        problems.add(&name.place, format!("there is no route `{}`: {advice}", name.value));
        return None;
    };
    let refuse = |reason: &str| {
        problems
            .add(&name.place, format!("the route `{}` cannot be asked for a record: {reason}", name.value));
        None
    };
    let sole = |body: &Body| body.sets.iter().any(|set| set.sole);
    if !said[index].methods.iter().any(|method| method.value == "GET") {
        return refuse("it has no method GET");
    }
    if said[index].about.as_ref().is_some_and(|about| !matches!(about.value, read::About::Nothing)) {
        return refuse("it is about another record itself; name that one");
    }
    match &routes[index].response {
        Response::Edit(body) if sole(body) => Some(index),
        _ => {
            refuse("its response is not about one record; give it `records` at a path without `[*]` and `..`")
        }
    }
}

/// Where the target's parameters take their values from.
fn bindings(
    one: &read::Route,
    name: &Said<String>,
    with: &[(Said<String>, Said<String>)],
    target: &read::Route,
    problems: &Problems,
) -> Vec<(String, String)> {
    let (Some(own), Some(other)) = (&one.path, &target.path) else {
        return Vec::new();
    };
    let (own, wanted) = (parameters(&own.value), parameters(&other.value));
    for (parameter, source) in with {
        if !wanted.contains(&parameter.value.as_str()) {
            let message =
                format!("the route `{}` has no parameter `{}`: take it out", name.value, parameter.value);
            problems.add(&parameter.place, message);
        }
        if !own.contains(&source.value.as_str()) && !one.query.contains(&source.value) {
            let advice = "name a parameter of this route's path, or one of its `query`";
            problems.add(&source.place, format!("`{}` has no value here: {advice}", source.value));
        }
    }
    let bind = |parameter: &&str| {
        let said = with.iter().find(|(name, _)| name.value == *parameter);
        let source = said.map(|(_, source)| source.value.as_str());
        let source = source.or_else(|| own.contains(parameter).then_some(*parameter));
        if source.is_none() {
            let advice = format!("say where it comes from with `with = {{ {parameter} = \"…\" }}`");
            let message = format!("the parameter `{parameter}` of `{}` has no value: {advice}", name.value);
            problems.add(&name.place, message);
        }
        Some(((*parameter).to_owned(), source?.to_owned()))
    };
    wanted.iter().filter_map(bind).collect()
}
