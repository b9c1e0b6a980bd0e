//! What a policy is and which requests it governs.

use crate::bindings::cordon::policy::types as wit;
use crate::template::Template;

/// The most routes of a manifest.
const ROUTES: usize = 4096;
/// The most bytes of a name, a version or a path template.
const TEXT: usize = 1024;
/// The methods that a route may name: those of RFC 9110 that carry a representation, PATCH (RFC 5789), and the one that
/// stands for the request to upgrade to a WebSocket. HEAD comes with GET; CONNECT, OPTIONS and TRACE are the gateway's
/// own affair.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", Route::WEBSOCKET];

/// What `configure` says of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the policy calls itself.
    pub name: String,
    /// Its version, in its own numbering.
    pub version: String,
    /// The kinds of request that it governs. A request that none matches is refused.
    pub routes: Vec<Route>,
}

/// A kind of request. No request is torn between two routes of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Unique within the manifest.
    pub name: String,
    /// Upper-case methods. `GET` covers `HEAD`.
    pub methods: Vec<String>,
    /// Path template: literal segments and `{parameter}` segments, as in `/api/contacts/{id}`. Where two routes of a
    /// method match a path, one of them has a literal wherever the two differ, and that one is meant.
    pub path: String,
    /// Path and query parameters whose values `authorize` wants to see.
    pub decides_on: Vec<String>,
}

impl Manifest {
    /// Takes over what the policy says, or lists everything that is wrong with it.
    pub(crate) fn check(manifest: wit::Manifest) -> Result<Manifest, Vec<String>> {
        let mut problems = Vec::new();
        for (what, text) in [("name", &manifest.name), ("version", &manifest.version)] {
            if text.is_empty() || text.len() > TEXT || text.chars().any(char::is_control) {
                problems.push(format!("the manifest's {what} is empty, too long or has control characters"));
            }
        }
        if manifest.routes.len() > ROUTES {
            problems.push(format!("{} routes; the most is {ROUTES}", manifest.routes.len()));
            return Err(problems);
        }
        let routes: Vec<Route> = manifest.routes.into_iter().map(Route::from).collect();
        let mut templates = Vec::with_capacity(routes.len());
        for (index, route) in routes.iter().enumerate() {
            templates.push(route.check(&label(index, route), &mut problems));
        }
        collisions(&routes, &templates, &mut problems);
        if problems.is_empty() {
            Ok(Manifest { name: manifest.name, version: manifest.version, routes })
        } else {
            Err(problems)
        }
    }
}

impl Route {
    /// What stands for the request to upgrade to a WebSocket (RFC 6455).
    pub const WEBSOCKET: &str = "WEBSOCKET";
    /// What stands for a client's message over a WebSocket.
    pub const MESSAGE: &str = "MESSAGE";

    /// Whether a request with this method can be of this route.
    pub fn allows(&self, method: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.iter().any(|allowed| allowed == method)
    }

    fn check(&self, label: &str, problems: &mut Vec<String>) -> Option<Template> {
        if self.name.is_empty() || self.name.len() > TEXT || self.name.chars().any(char::is_control) {
            problems.push(format!("{label}: the name is empty, too long or has control characters"));
        }
        if self.methods.is_empty() {
            problems.push(format!("{label}: no method"));
        }
        for (index, method) in self.methods.iter().enumerate() {
            if !METHODS.contains(&method.as_str()) {
                problems.push(format!("{label}: method {method:?} is none of {}", METHODS.join(", ")));
            }
            if self.methods[..index].contains(method) {
                problems.push(format!("{label}: method {method} stands twice"));
            }
        }
        if self.methods.len() > 1 && self.allows(Route::WEBSOCKET) {
            problems.push(format!("{label}: a WebSocket is a route of its own, with no other method"));
        }
        for (index, name) in self.decides_on.iter().enumerate() {
            if name.is_empty() || name.len() > TEXT || name.chars().any(char::is_control) {
                problems.push(format!("{label}: parameter {name:?} to decide on is no parameter's name"));
            }
            if self.decides_on[..index].contains(name) {
                problems.push(format!("{label}: parameter {name:?} to decide on stands twice"));
            }
        }
        if self.path.len() > TEXT {
            problems.push(format!("{label}: the path is longer than {TEXT} bytes"));
            return None;
        }
        Template::parse(&self.path)
            .map_err(|reason| problems.push(format!("{label}: path {:?}: {reason}", self.path)))
            .ok()
    }
}

impl From<wit::Route> for Route {
    fn from(route: wit::Route) -> Route {
        let wit::Route { name, methods, path, decides_on } = route;
        Route { name, methods, path, decides_on }
    }
}

/// Names that stand twice, and pairs of routes between which a request would be torn.
fn collisions(routes: &[Route], templates: &[Option<Template>], problems: &mut Vec<String>) {
    for (later, route) in routes.iter().enumerate() {
        for (earlier, other) in routes[..later].iter().enumerate() {
            if route.name == other.name {
                problems.push(format!("{}: route {earlier} has the same name", label(later, route)));
            }
            let (Some(path), Some(other_path)) = (&templates[later], &templates[earlier]) else {
                continue;
            };
            let method = route.methods.iter().find(|method| other.methods.contains(method));
            if let Some(method) = method
                && path.is_ambiguous_with(other_path)
            {
                problems.push(format!(
                    "{}: a {method} request can match both {} and {} of {}, and neither is the narrower one",
                    label(later, route),
                    route.path,
                    other.path,
                    label(earlier, other),
                ));
            }
        }
    }
}

fn label(index: usize, route: &Route) -> String {
    format!("route {index} {:?}", route.name.chars().take(64).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, methods: &[&str], path: &str, decides_on: &[&str]) -> wit::Route {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        wit::Route {
            name: name.into(),
            methods: owned(methods),
            path: path.into(),
            decides_on: owned(decides_on),
        }
    }

    fn check(routes: Vec<wit::Route>) -> Result<Manifest, Vec<String>> {
        Manifest::check(wit::Manifest { name: "test".into(), version: "1".into(), routes })
    }

    #[test]
    fn takes_a_literal_beside_a_parameter() {
        let manifest = check(vec![
            route("one", &["GET"], "/users/{id}", &["id"]),
            route("me", &["GET"], "/users/me", &[]),
            route("change", &["PUT", "PATCH"], "/users/{id}", &[]),
            route("root", &["GET"], "/", &[]),
        ])
        .unwrap();
        assert!(manifest.routes[0].allows("HEAD"));
        assert!(!manifest.routes[2].allows("HEAD"));
    }

    #[test]
    fn reports_every_problem_at_once() {
        let problems = check(vec![
            route("one", &["GET", "get", "GET"], "/users/{id}", &["q", "q", ""]),
            route("one", &[], "users", &[]),
            route("two", &["GET"], "/users/{name}", &[]),
            route("three", &["GET"], "/a/{x}/c", &[]),
            route("four", &["GET"], "/a/b/{y}", &[]),
        ])
        .unwrap_err();
        let expected = [
            "route 0 \"one\": method \"get\" is none of GET, POST, PUT, PATCH, DELETE, WEBSOCKET",
            "route 0 \"one\": method GET stands twice",
            "route 0 \"one\": parameter \"q\" to decide on stands twice",
            "route 0 \"one\": parameter \"\" to decide on is no parameter's name",
            "route 1 \"one\": no method",
            "route 1 \"one\": path \"users\": does not begin with `/`",
            "route 1 \"one\": route 0 has the same name",
            "route 2 \"two\": a GET request can match both /users/{name} and /users/{id} of route 0 \"one\", \
             and neither is the narrower one",
            "route 4 \"four\": a GET request can match both /a/b/{y} and /a/{x}/c of route 3 \"three\", \
             and neither is the narrower one",
        ];
        assert_eq!(problems, expected);
    }
}
