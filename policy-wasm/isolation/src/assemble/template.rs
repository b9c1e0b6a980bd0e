//! Path templates of routes.

use std::collections::{BTreeMap, BTreeSet};

use crate::read::{Problems, Route, Said};

/// Notes templates that cannot be read, and routes that the same request would match.
pub(super) fn check(routes: &[Route], problems: &Problems) {
    let mut taken = BTreeMap::new();
    for route in routes {
        let Some(path) = &route.path else { continue };
        if let Err(mistake) = read(&path.value) {
            problems.add(&path.place, mistake);
            continue;
        }
        for method in &route.methods {
            let shape = (method.value.as_str(), shape(&path.value));
            if let Some(first) = taken.insert(shape, path) {
                let first: &Said<String> = first;
                let at = &first.place.pointer;
                let message =
                    format!("{} requests of this path match {at} too: keep one of them", method.value);
                problems.add(&path.place, message);
            }
        }
    }
}

/// The names of a template's parameters, in order.
pub(super) fn parameters(template: &str) -> Vec<&str> {
    template.split('/').filter_map(parameter).collect()
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn shape(template: &str) -> String {
    let segment = |segment| {
        if parameter(segment).is_some() { "{}" } else { segment }
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn read(template: &str) -> Result<(), String> {
    let Some(rest) = template.strip_prefix('/') else {
        return Err(format!("the path `{template}` does not begin with `/`: write `/{template}`"));
    };
    let mut names = BTreeSet::new();
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return Err(format!("the path `{template}` has an empty segment: write one `/` between two"));
        }
        match parameter(segment) {
            Some(name) if !is_name(name) => {
                let advice = "use letters, digits and `_`";
                return Err(format!("`{name}` cannot name a parameter of `{template}`: {advice}"));
            }
            Some(name) if !names.insert(name) => {
                return Err(format!("the path `{template}` has two parameters `{name}`: rename one"));
            }
            Some(_) => {}
            None if segment.contains(['{', '}']) => {
                let advice = "a parameter stands for exactly one segment, as in `/api/calls/{id}`";
                return Err(format!("the segment `{segment}` is only in part a parameter: {advice}"));
            }
            None if segment == "."
                || segment == ".."
                || segment.contains(['?', '#', '%', '*', ' ', '\\']) =>
            {
                let advice = "write it as it is after decoding, without `*`, `?`, `#`, `%` and spaces";
                return Err(format!("the segment `{segment}` cannot stand in a path: {advice}"));
            }
            None => {}
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_a_whole_segment() {
        for template in
            ["/", "/api/calls", "/api/calls/", "/api/{a}/x/{b_2}", "/2010-04-01/Calls.json", "/имя"]
        {
            assert_eq!(read(template), Ok(()), "{template}");
        }
        for template in
            ["", "api", "//", "/a//b", "/{}", "/{a}/{a}", "/{a}.json", "/a%2fb", "/../a", "/a?b", "/{*a}"]
        {
            assert!(read(template).is_err(), "{template}");
        }
        assert_eq!(parameters("/api/{a}/x/{b}"), ["a", "b"]);
    }
}
