//! Paths of the plans in the tables, read for the oracle by other code than the editor's.

use crate::support::generate::{Selects, Step};

/// The steps of a path that is written as the tables do: names in dots or in single quotes, without escapes.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut rest = path.strip_prefix('$').expect("a path begins with `$`");
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let descends = rest.starts_with("..");
        let shorthand = rest.starts_with('.') && !rest.starts_with("..[");
        rest = rest.trim_start_matches('.');
        let (selects, after) = if shorthand {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (if name == "*" { Selects::All } else { Selects::Name(name.to_owned()) }, after)
        } else {
            let (inner, after) = rest[1..].split_once(']').expect("a closing bracket");
            let selects = match inner.strip_prefix('\'') {
                Some(name) => Selects::Name(name.trim_end_matches('\'').to_owned()),
                None if inner == "*" => Selects::All,
                None => Selects::Index(inner.parse().expect("an index")),
            };
            (selects, after)
        };
        steps.push(Step { descends, selects });
        rest = after;
    }
    steps
}
