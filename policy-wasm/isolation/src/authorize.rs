//! Whether a request may go to the backend.

use cordon_policy_sdk::types::{Binding, Condition, Decision, Probe, QueryEdits, Refusal, Request, Scope};

use crate::Rules;
use crate::read::{Message, Values};
use crate::rules::{About, Route};

/// What the contract calls a message of a client over a WebSocket.
const MESSAGE: &str = "MESSAGE";

/// Decides on a request: its route must be open to the role (D12), its query parameters declared (H35), and the
/// record that it is about, if any, one that the caller may see.
pub fn authorize(rules: &Rules, scope: &Scope, request: &Request) -> Decision {
    let Some(route) = rules.route(&request.route) else {
        return refuse(404, "unknown-route", "There is nothing here.".to_owned());
    };
    if request.method == MESSAGE {
        return said(route, scope, request);
    }
    if !accepts(route, &request.method) {
        return refuse(405, "method-not-allowed", "This method is not allowed here.".to_owned());
    }
    if let Some(refusal) = closed(route, scope) {
        return refusal;
    }
    let allowed = |name: &&String| route.query.binary_search(name).is_err();
    if let Some(name) = request.query.iter().find(allowed) {
        let detail = format!("The query parameter `{}` is not allowed here.", shortened(name));
        return refuse(400, "parameter-not-allowed", detail);
    }
    match &route.about {
        None => Decision::Forward(QueryEdits::none()),
        Some(about) => probing(rules, scope, request, about),
    }
}

/// Decides on a client's message: it must have one of the shapes listed.
fn said(route: &Route, scope: &Scope, request: &Request) -> Decision {
    if let Some(refusal) = closed(route, scope) {
        return refusal;
    }
    if route.messages.iter().any(|message| fits(message, request)) {
        return Decision::Forward(QueryEdits::none());
    }
    refuse(403, "message-not-allowed", "This message is not allowed here.".to_owned())
}

/// Whether every place of a message is one of the shape's, and where values are listed one of them stands.
fn fits(message: &Message, request: &Request) -> bool {
    let known = |name: &String| message.places.iter().any(|(place, _)| place == name);
    let right = |(place, values): &(String, Values)| match values {
        Values::Any => true,
        Values::These(values) => {
            let mut found = request.values.iter().filter(|pair| pair.name == *place).peekable();
            found.peek().is_some() && found.all(|pair| values.contains(&pair.value))
        }
    };
    request.query.iter().all(known) && message.places.iter().all(right)
}

/// Forwards if the caller may see the record, which also takes what its route takes.
fn probing(rules: &Rules, scope: &Scope, request: &Request, about: &About) -> Decision {
    let target = rules.routes.get(about.route).zip(rules.manifest.routes.get(about.route));
    let Some((route, declared)) = target else {
        return refuse(404, "unknown-route", "There is nothing here.".to_owned());
    };
    if let Some(refusal) = closed(route, scope) {
        return refusal;
    }
    if !about.from_query.iter().all(|source| request.query.contains(source)) {
        return refuse(404, "not-found", "There is no such record.".to_owned());
    }
    let binding = |(parameter, source): &(String, String)| Binding {
        parameter: parameter.clone(),
        source: source.clone(),
    };
    let bindings = about.bindings.iter().map(binding).collect();
    let probe = Probe { route: declared.name.clone(), bindings };
    Decision::ForwardIf(Condition { probe, query: QueryEdits::none() })
}

/// The refusal of a route that the role does not open (D12).
fn closed(route: &Route, scope: &Scope) -> Option<Decision> {
    if route.section.as_ref().is_some_and(|section| !scope.opens(section)) {
        return Some(refuse(403, "section-closed", "Your role does not open this section.".to_owned()));
    }
    if !scope.rights.contains(route.requires) {
        return Some(refuse(403, "right-required", "Your role lacks a right that this needs.".to_owned()));
    }
    None
}

fn accepts(route: &Route, method: &str) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    route.methods.iter().any(|known| known == method)
}

/// A name that somebody else chose, at a length fit for a message.
fn shortened(name: &str) -> String {
    let mut letters = name.chars();
    let mut short: String = letters.by_ref().take(64).filter(|letter| !letter.is_control()).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

fn refuse(status: u16, code: &str, detail: String) -> Decision {
    Decision::Refuse(Refusal { status, code: code.to_owned(), detail })
}
