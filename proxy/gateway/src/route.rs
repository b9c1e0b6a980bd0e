//! Which route of the policy's manifest a request is of.
//!
//! A tree of path segments, made once for a policy. A literal segment beats a parameter; a path that exists with
//! other methods only is told apart from one that does not exist.

use std::collections::HashMap;

use cordon_policy::Route;
use http::{HeaderValue, Method};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::request::target::SEGMENT;
use crate::rescue::Cause;

/// The routes of a manifest, ready to be matched.
pub(crate) struct Router {
    root: Node,
    templates: Vec<Template>,
}

#[derive(Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    parameter: Option<Box<Node>>,
    /// Methods of the routes that end here, and their indices.
    ends: Vec<(Method, usize)>,
}

/// The segments of a route's path.
struct Template {
    segments: Vec<Segment>,
}

enum Segment {
    Literal(Box<str>),
    Parameter(Box<str>),
}

/// Why a manifest's routes cannot be matched.
#[derive(Debug, thiserror::Error)]
#[error("route `{route}`: {reason}")]
pub struct RouteError {
    /// The route's name.
    pub route: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Router {
    pub(crate) fn new(routes: &[Route]) -> Result<Router, RouteError> {
        let mut router = Router { root: Node::default(), templates: Vec::with_capacity(routes.len()) };
        for (index, route) in routes.iter().enumerate() {
            let wrong = |reason| RouteError { route: route.name.clone(), reason };
            let template = Template::parse(&route.path).map_err(wrong)?;
            let mut node = &mut router.root;
            for segment in &template.segments {
                node = match segment {
                    Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                    Segment::Parameter(_) => node.parameter.get_or_insert_default(),
                };
            }
            for method in &route.methods {
                let method =
                    Method::from_bytes(method.as_bytes()).map_err(|_| wrong("it names no HTTP method"))?;
                if node.ends.iter().any(|(known, _)| *known == method) {
                    return Err(wrong("another route has the same path and method"));
                }
                node.ends.push((method, index));
            }
            router.templates.push(template);
        }
        Ok(router)
    }

    /// The index of the route of this method and path, the path being in its normal form. HEAD is GET.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<usize, Cause> {
        let node = self.root.find(path.strip_prefix('/')).ok_or(Cause::NoRoute)?;
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let found = node.ends.iter().find(|(known, _)| known == wanted);
        found.map(|(_, index)| *index).ok_or_else(|| Cause::Method(node.allow()))
    }

    /// The decoded value of a path parameter of this route.
    pub(crate) fn value(&self, route: usize, path: &str, parameter: &str) -> Option<String> {
        let segments = &self.templates.get(route)?.segments;
        let place = segments
            .iter()
            .position(|segment| matches!(segment, Segment::Parameter(name) if **name == *parameter))?;
        let raw = path.strip_prefix('/')?.split('/').nth(place)?;
        percent_decode_str(raw).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    /// The path of this route with each parameter's value from `bind`, percent-encoded. `None`: a parameter has no
    /// value, or one that is no path segment.
    pub(crate) fn path(&self, route: usize, mut bind: impl FnMut(&str) -> Option<String>) -> Option<String> {
        let mut path = String::new();
        for segment in &self.templates.get(route)?.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Parameter(name) => {
                    let value = bind(name)?;
                    let ambiguous = value.is_empty() || value == "." || value == "..";
                    if ambiguous
                        || value.contains(['/', '\\', ';', '%'])
                        || value.chars().any(char::is_control)
                    {
                        return None;
                    }
                    path.extend(utf8_percent_encode(&value, SEGMENT));
                }
            }
        }
        Some(path)
    }
}

impl Node {
    fn find(&self, rest: Option<&str>) -> Option<&Node> {
        let Some(rest) = rest else {
            return (!self.ends.is_empty()).then_some(self);
        };
        let (segment, rest) = match rest.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (rest, None),
        };
        let literal = self.literals.get(segment).and_then(|node| node.find(rest));
        literal.or_else(|| {
            // A parameter stands for something: `/contacts/` is not a contact without id.
            self.parameter.as_ref().filter(|_| !segment.is_empty())?.find(rest)
        })
    }

    fn allow(&self) -> HeaderValue {
        let mut methods = self.ends.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>();
        methods.retain(|method| *method != Route::WEBSOCKET);
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(""))
    }
}

impl Template {
    fn parse(path: &str) -> Result<Template, &'static str> {
        let rest = path.strip_prefix('/').ok_or("its path does not begin with a slash")?;
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            let parameter = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
            segments.push(match parameter {
                Some("") => return Err("a path parameter has no name"),
                Some(name) => Segment::Parameter(name.into()),
                None => Segment::Literal(normal_literal(segment).into()),
            });
        }
        Ok(Template { segments })
    }
}

/// Literals are compared in the form in which paths are.
fn normal_literal(segment: &str) -> String {
    let text = percent_decode_str(segment).decode_utf8_lossy();
    utf8_percent_encode(&text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[(&str, &str)]) -> Router {
        let routes = routes
            .iter()
            .enumerate()
            .map(|(index, (methods, path))| Route {
                name: format!("r{index}"),
                methods: methods.split(' ').map(str::to_owned).collect(),
                path: (*path).to_owned(),
                decides_on: Vec::new(),
            })
            .collect::<Vec<_>>();
        Router::new(&routes).unwrap()
    }

    #[test]
    fn a_literal_beats_a_parameter() {
        let router = router(&[
            ("GET", "/api/contacts"),
            ("GET DELETE", "/api/contacts/{id}"),
            ("GET", "/api/contacts/me"),
            ("GET", "/api/{kind}/me/x"),
            ("GET", "/slash/"),
            ("GET", "/имя"),
        ]);
        let get = |path: &str| router.find(&Method::GET, path).ok();
        assert_eq!(get("/api/contacts"), Some(0));
        assert_eq!(get("/api/contacts/7"), Some(1));
        assert_eq!(get("/api/contacts/me"), Some(2));
        assert_eq!(get("/api/contacts/me/x"), Some(3));
        assert_eq!(get("/api/contacts/"), None);
        assert_eq!(get("/slash"), None);
        assert_eq!(get("/slash/"), Some(4));
        assert_eq!(get("/%D0%B8%D0%BC%D1%8F"), Some(5));
        assert_eq!(get("/API/contacts"), None);
        assert_eq!(router.find(&Method::HEAD, "/api/contacts/7").ok(), Some(1));
        assert_eq!(router.value(1, "/api/contacts/a%20b", "id").as_deref(), Some("a b"));
    }

    #[test]
    fn a_wrong_method_is_told_from_a_wrong_path() {
        let router = router(&[("GET DELETE", "/a/{id}"), ("POST", "/a/me")]);
        match router.find(&Method::PUT, "/a/1") {
            Err(Cause::Method(allow)) => assert_eq!(allow, "DELETE, GET, HEAD"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(router.find(&Method::GET, "/a/me"), Err(Cause::Method(_))));
        assert!(matches!(router.find(&Method::GET, "/b"), Err(Cause::NoRoute)));
    }

    #[test]
    fn h40_bound_values_cannot_leave_their_segment() {
        let router = router(&[("GET", "/a/{id}/b")]);
        let path = |value: &str| router.path(0, |_| Some(value.to_owned()));
        assert_eq!(path("a b?#").as_deref(), Some("/a/a%20b%3F%23/b"));
        for value in ["", ".", "..", "a/b", "a\\b", "a;b", "%2e", "\0"] {
            assert_eq!(path(value), None, "{value:?}");
        }
    }
}
