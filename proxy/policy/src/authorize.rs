//! The checks that a decision of a policy must pass.

use crate::bindings::cordon::policy::types as wit;
use crate::decision::{Condition, Decision, Probe, QueryEdits, Refusal, Request};
use crate::failure::{Call, Failure};
use crate::manifest::{Manifest, Route};
use crate::template::Template;

/// The most bytes of a refusal's detail.
const DETAIL: usize = 1024;
/// The most bytes of a refusal's code.
const CODE: usize = 64;
/// The most query parameters that are set or removed.
const EDITS: usize = 256;
/// The most bytes of their names and values.
const EDITS_TEXT: usize = 64 << 10;

/// Takes over a decision on a request, if it is one that the contract allows.
pub(crate) fn decision(
    answer: wit::Decision,
    manifest: &Manifest,
    route: &Route,
    request: &Request,
) -> Result<Decision, Failure> {
    let decision = match answer {
        wit::Decision::Forward(query) => query_edits(query).map(Decision::Forward),
        wit::Decision::ForwardIf(condition) => condition_of(condition, manifest, route, request),
        wit::Decision::Refuse(refusal) => refusal_of(refusal),
    };
    decision.map_err(|reason| Failure::bad_answer(Call::Authorize, reason))
}

fn refusal_of(refusal: wit::Refusal) -> Result<Decision, String> {
    let wit::Refusal { status, code, detail } = refusal;
    if !(400..=499).contains(&status) {
        return Err(format!("refusal with status {status}, which is not one of 400 to 499"));
    }
    let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if code.is_empty() || code.len() > CODE || !code.bytes().all(is_word) {
        return Err(format!("refusal whose code is not 1 to {CODE} lower-case letters, digits and hyphens"));
    }
    if detail.len() > DETAIL || detail.chars().any(char::is_control) {
        return Err(format!("refusal whose detail has control characters or more than {DETAIL} bytes"));
    }
    Ok(Decision::Refuse(Refusal { status, code, detail }))
}

fn condition_of(
    condition: wit::Condition,
    manifest: &Manifest,
    route: &Route,
    request: &Request,
) -> Result<Decision, String> {
    let wit::Condition { probe, query } = condition;
    let place = manifest.routes.iter().position(|route| route.name == probe.route);
    let index = place.ok_or("the probe's route is not in the manifest")?;
    let target = &manifest.routes[index];
    if !target.allows("GET") {
        return Err("the probe's route does not allow GET".into());
    }
    let bindings: Vec<(String, String)> =
        probe.bindings.into_iter().map(|binding| (binding.parameter, binding.source)).collect();
    let wanted = Template::parse(&target.path)?;
    let bound = |name: &str| bindings.iter().filter(|(parameter, _)| parameter == name).count();
    if wanted.parameters().any(|name| bound(name) != 1) || wanted.parameters().count() != bindings.len() {
        return Err("the probe does not bind each path parameter of its route once".into());
    }
    let here = Template::parse(&route.path)?;
    let known = |source: &str| {
        here.parameters().any(|name| name == source) || request.query.iter().any(|name| name == source)
    };
    if !bindings.iter().all(|(_, source)| known(source)) {
        return Err("the probe takes a value from a parameter that the request does not have".into());
    }
    let query = query_edits(query)?;
    Ok(Decision::ForwardIf(Condition { probe: Probe { route: index, bindings }, query }))
}

fn query_edits(edits: wit::QueryEdits) -> Result<QueryEdits, String> {
    let wit::QueryEdits { set, remove } = edits;
    let text = set.iter().map(|pair| pair.name.len() + pair.value.len()).sum::<usize>()
        + remove.iter().map(String::len).sum::<usize>();
    if set.len() + remove.len() > EDITS || text > EDITS_TEXT {
        return Err(format!("more than {EDITS} query edits or {EDITS_TEXT} bytes of them"));
    }
    if set.iter().any(|pair| remove.contains(&pair.name)) {
        return Err("a query parameter that is both set and removed".into());
    }
    Ok(QueryEdits { set: set.into_iter().map(|pair| (pair.name, pair.value)).collect(), remove })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let route = |name: &str, method: &str, path: &str| Route {
            name: name.into(),
            methods: vec![method.into()],
            path: path.into(),
            decides_on: vec![],
        };
        Manifest {
            name: "test".into(),
            version: "1".into(),
            routes: vec![route("one", "GET", "/a/{id}"), route("change", "PUT", "/b/{key}")],
        }
    }

    fn decide(answer: wit::Decision) -> Result<Decision, Failure> {
        let manifest = manifest();
        let request = Request { method: "PUT".into(), query: vec!["q".into()], values: vec![] };
        decision(answer, &manifest, &manifest.routes[1], &request)
    }

    fn probe(route: &str, bindings: &[(&str, &str)]) -> wit::Decision {
        let binding = |&(parameter, source): &(&str, &str)| wit::Binding {
            parameter: parameter.into(),
            source: source.into(),
        };
        wit::Decision::ForwardIf(wit::Condition {
            probe: wit::Probe { route: route.into(), bindings: bindings.iter().map(binding).collect() },
            query: wit::QueryEdits { set: vec![], remove: vec![] },
        })
    }

    #[test]
    fn a_probe_names_a_route_and_its_values() {
        assert!(decide(probe("one", &[("id", "key")])).is_ok());
        assert!(decide(probe("one", &[("id", "q")])).is_ok());
        for (route, bindings) in [
            ("none", &[("id", "key")][..]),
            ("change", &[("key", "key")]),
            ("one", &[]),
            ("one", &[("id", "key"), ("id", "key")]),
            ("one", &[("id", "key"), ("other", "key")]),
            ("one", &[("other", "key")]),
            ("one", &[("id", "absent")]),
        ] {
            assert!(decide(probe(route, bindings)).is_err(), "{route} {bindings:?}");
        }
    }

    #[test]
    fn a_refusal_is_bounded() {
        let refuse = |status, code: &str, detail: &str| {
            decide(wit::Decision::Refuse(wit::Refusal { status, code: code.into(), detail: detail.into() }))
        };
        assert!(refuse(404, "no-such-thing", "There is none.").is_ok());
        assert!(refuse(200, "a", "").is_err());
        assert!(refuse(500, "a", "").is_err());
        assert!(refuse(400, "", "").is_err());
        assert!(refuse(400, "A b", "").is_err());
        assert!(refuse(400, "a", "a\r\nb").is_err());
        assert!(refuse(400, "a", &"a".repeat(DETAIL + 1)).is_err());
    }

    #[test]
    fn a_parameter_is_not_both_set_and_removed() {
        let set = vec![wit::Pair { name: "a".into(), value: "b".into() }];
        let edits = wit::QueryEdits { set, remove: vec!["a".into()] };
        assert!(decide(wit::Decision::Forward(edits)).is_err());
    }
}
