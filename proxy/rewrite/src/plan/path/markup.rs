//! Paths of XML: elements of one name may repeat, and a path selects all of them.

use crate::plan::path::{STEPS, Selector, Step, parse_step};

pub(super) fn parse_steps(text: &str) -> Result<Vec<Step>, &'static str> {
    let mut rest = text.strip_prefix('$').ok_or("a path begins with `$`")?;
    let mut steps: Vec<Step> = Vec::new();
    // Whether `[*]` can follow: behind what selects members, once.
    let mut repeats = false;
    while !rest.is_empty() {
        let bracketed = rest.starts_with('[');
        let (step, after) = parse_step(rest)?;
        rest = after;
        match &step.selector {
            Selector::Index(_) => return Err("elements have no indices: a name selects all that have it"),
            Selector::Wildcard if bracketed && repeats => {
                repeats = false;
                continue;
            }
            Selector::Wildcard if bracketed => {
                return Err("`[*]` stands behind a name, once; all members are `.*`");
            }
            Selector::Name(name) => {
                if let Some(reason) = wrong_name(name) {
                    return Err(reason);
                }
            }
            Selector::Wildcard => {}
        }
        if steps.last().is_some_and(is_value) {
            return Err("attributes and texts have no members");
        }
        if steps.len() == STEPS {
            return Err("more than 64 segments");
        }
        repeats = !is_value(&step);
        steps.push(step);
    }
    Ok(steps)
}

/// Whether a step selects attributes or texts, which cannot repeat.
fn is_value(step: &Step) -> bool {
    matches!(&step.selector, Selector::Name(name) if name.starts_with(['@', '#']))
}

/// Why nothing can have a name.
fn wrong_name(name: &str) -> Option<&'static str> {
    let written = name.strip_prefix('@').unwrap_or(name);
    match crate::xml::name(written, 0) {
        _ if name == "#text" => None,
        Ok((end, _)) if end == written.len() => None,
        _ => Some("no element or attribute has such a name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_behind_names_say_nothing_more() {
        let plain = parse_steps("$.a.b['@c']").unwrap();
        for same in ["$.a[*].b['@c']", "$['a'][*].b[*]['@c']"] {
            assert_eq!(parse_steps(same).unwrap(), plain, "{same}");
        }
        assert_eq!(parse_steps("$..*[*]").unwrap(), parse_steps("$..[*]").unwrap());
        assert_eq!(parse_steps("$.*[*].a").unwrap(), parse_steps("$.*.a").unwrap());
        assert_eq!(parse_steps("$['a:b']['#text']").unwrap().len(), 2);
    }

    #[test]
    fn what_no_document_has_is_refused() {
        for wrong in [
            "$[*]",
            "$.a[0]",
            "$.a[*][*]",
            "$..[0]",
            "$['@a'][*]",
            "$['@a'].b",
            "$['#text'].*",
            "$['#comment']",
            "$['a b']",
            "$['@']",
            "$['a:b:c']",
            "$['']",
            "$['1']",
        ] {
            assert!(parse_steps(wrong).is_err(), "{wrong}");
        }
    }
}
