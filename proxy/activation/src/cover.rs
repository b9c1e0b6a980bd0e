//! Which requests one policy governs and another does not.

use cordon_policy::{Manifest, Route};

/// A method and a path that a policy governs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Governed {
    /// The route's name.
    pub route: String,
    /// The method.
    pub method: String,
    /// The path template.
    pub path: String,
}

/// What `one` governs and `other` does not, by method and path: names of routes and of their parameters do not matter.
pub fn missing(one: &Manifest, other: &Manifest) -> Vec<Governed> {
    let mut missing = Vec::new();
    for route in &one.routes {
        for method in route.methods.iter().filter(|method| !governs(other, route, method)) {
            missing.push(Governed {
                route: route.name.clone(),
                method: method.clone(),
                path: route.path.clone(),
            });
        }
    }
    missing
}

fn governs(manifest: &Manifest, route: &Route, method: &str) -> bool {
    manifest
        .routes
        .iter()
        .any(|other| other.methods.iter().any(|known| known == method) && alike(other, route))
}

/// Whether two path templates match the same paths.
fn alike(one: &Route, other: &Route) -> bool {
    let mut pairs = (one.path.split('/'), other.path.split('/'));
    loop {
        match (pairs.0.next(), pairs.1.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || (is_parameter(one) && is_parameter(other)) => {}
            _ => return false,
        }
    }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(routes: &[(&str, &str, &str)]) -> Manifest {
        let route = |&(name, methods, path): &(&str, &str, &str)| Route {
            name: name.to_owned(),
            methods: methods.split(' ').map(str::to_owned).collect(),
            path: path.to_owned(),
            decides_on: Vec::new(),
        };
        let routes = routes.iter().map(route).collect();
        Manifest { name: "test".to_owned(), version: "1".to_owned(), routes }
    }

    #[test]
    fn names_may_change_and_requests_may_not_be_lost() {
        let active = manifest(&[
            ("calls", "GET", "/calls"),
            ("call", "GET PUT", "/calls/{id}"),
            ("mine", "GET", "/calls/mine"),
        ]);
        let renamed = manifest(&[
            ("log", "GET", "/calls"),
            ("entry", "PUT GET", "/calls/{call}"),
            ("own", "GET", "/calls/mine"),
            ("new", "GET", "/new"),
        ]);
        assert_eq!(missing(&active, &renamed), []);
        let less = manifest(&[("calls", "GET", "/calls"), ("call", "GET", "/calls/{id}")]);
        let lost: Vec<String> = missing(&active, &less)
            .iter()
            .map(|governed| format!("{} {} {}", governed.route, governed.method, governed.path))
            .collect();
        // That a parameter matches `mine` as well does not make it the same route.
        assert_eq!(lost, ["call PUT /calls/{id}", "mine GET /calls/mine"]);
        assert_eq!(missing(&renamed, &active).len(), 1);
    }
}
