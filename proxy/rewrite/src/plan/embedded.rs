//! Where strings hold JSON (H29), said for each scope of a plan by paths of its own.

use crate::error::PlanError;
use crate::plan::check::invalid;
use crate::plan::path::{Path, Selector, Step};
use crate::spec::{Action, BodyPlan, Format};

/// The paths of such strings: from the body outside records, and from the records of each set.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    pub(crate) outside: Vec<Path>,
    pub(crate) sets: Vec<Vec<Path>>,
}

impl Embedded {
    /// Finds them for a plan; `sets` are the paths of its sets.
    pub(crate) fn of(spec: &BodyPlan, sets: &[Path]) -> Result<Embedded, PlanError> {
        let outside: Vec<Path> =
            spec.embedded.iter().map(|path| Path::parse(path)).collect::<Result<_, _>>()?;
        if outside.is_empty() {
            return Ok(Embedded { outside, sets: vec![Vec::new(); sets.len()] });
        }
        if !matches!(spec.format, Format::Json | Format::Ndjson | Format::Sse) {
            return invalid("strings that hold JSON are read in JSON only".to_owned());
        }
        if let Some(path) = outside.iter().position(|path| path.steps.is_empty()) {
            return invalid(format!("`{}`: the body itself is no string", spec.embedded[path]));
        }
        check_totals(spec, &outside)?;
        let mut found: Vec<Vec<Path>> = Vec::with_capacity(sets.len());
        for (index, (set, path)) in spec.sets.iter().zip(sets).enumerate() {
            let around = match set.within {
                Some(outer) => &found[outer as usize],
                None => &outside,
            };
            let mut below = Vec::new();
            for embedded in around {
                below.extend(behind(embedded, path).map_err(|reason| {
                    PlanError::Invalid(format!(
                        "set {index}: its records and a string that holds JSON: {reason}"
                    ))
                })?);
            }
            found.push(below);
        }
        Ok(Embedded { outside, sets: found })
    }

    /// Whether a string that holds JSON stands at a key's place or above it in the records of a set.
    pub(crate) fn is_at(&self, set: usize, steps: &[Step]) -> bool {
        self.sets.get(set).is_some_and(|paths| paths.iter().any(|path| ends(path, steps)))
    }
}

/// What is left of a path in each record of a set: the paths from there.
///
/// Where a set finds places of which a path means only some, no path says which. One that looks at every depth is then
/// taken to mean them all, which can only refuse or take away; any other is refused.
fn behind(embedded: &Path, set: &Path) -> Result<Vec<Path>, &'static str> {
    const NARROW: &str = "the path of the string must go as that of the records does";
    let all = embedded.steps.len();
    // Steps taken, and whether that is certain.
    let mut taken = vec![(0, true)];
    for step in &set.steps {
        let mut next = Vec::new();
        for (at, certain) in taken {
            let Some(sought) = embedded.steps.get(at) else {
                match certain {
                    true => return Err("records cannot lie in a string"),
                    false => continue,
                }
            };
            let covers = covers(&sought.selector, &step.selector);
            let meets = covers || meets(&sought.selector, &step.selector);
            match (sought.descends, step.descends) {
                (true, true) => {
                    next.extend((at..all).map(|at| (at, false)));
                    next.extend(covers.then_some((at + 1, certain)));
                }
                (true, false) => {
                    next.push((at, certain));
                    next.extend(meets.then_some((at + 1, certain && covers)));
                }
                (false, true) => return Err(NARROW),
                (false, false) if covers => next.push((at + 1, certain)),
                (false, false) if meets && certain => return Err(NARROW),
                (false, false) => next.extend(meets.then_some((at + 1, false))),
            }
        }
        next.sort_unstable();
        next.dedup();
        taken = next;
    }
    if taken.contains(&(all, true)) {
        return Err("a record cannot be a string");
    }
    taken.retain(|&(at, _)| at < all);
    taken.dedup_by_key(|(at, _)| *at);
    Ok(taken.into_iter().map(|(at, _)| Path { steps: embedded.steps[at..].to_vec() }).collect())
}

/// Whether a path selects everything that another selects in a container.
fn covers(selector: &Selector, other: &Selector) -> bool {
    *selector == Selector::Wildcard || selector == other
}

fn meets(selector: &Selector, other: &Selector) -> bool {
    *selector == Selector::Wildcard || *other == Selector::Wildcard || selector == other
}

/// Whether a path can end at a place given by names and indices.
fn ends(path: &Path, place: &[Step]) -> bool {
    let mut taken = vec![0];
    for step in place {
        let mut next = Vec::new();
        for at in taken {
            let Some(sought) = path.steps.get(at) else { continue };
            if sought.descends {
                next.push(at);
            }
            if covers(&sought.selector, &step.selector) {
                next.push(at + 1);
            }
        }
        taken = next;
    }
    taken.contains(&path.steps.len())
}

/// Refuses totals that could stand in strings outside records: what comes before its records cannot be held there.
fn check_totals(spec: &BodyPlan, embedded: &[Path]) -> Result<(), PlanError> {
    for edit in spec.outside.iter().filter(|edit| matches!(edit.action, Action::Recount(_))) {
        let total = Path::parse(&edit.path)?;
        let may_lead = |path: &Path| {
            path.steps.iter().any(|step| step.descends)
                || total.steps.iter().any(|step| step.descends)
                || total.steps.len() >= path.steps.len()
                    && path
                        .steps
                        .iter()
                        .zip(&total.steps)
                        .all(|(one, other)| meets(&one.selector, &other.selector))
        };
        if embedded.iter().any(may_lead) {
            return invalid(format!("`{}`: a total outside records cannot stand in a string", edit.path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(embedded: &str, set: &str) -> Result<Vec<String>, &'static str> {
        let paths = behind(&Path::parse(embedded).unwrap(), &Path::parse(set).unwrap())?;
        Ok(paths.iter().map(|path| format!("{} steps", path.steps.len())).collect())
    }

    #[test]
    fn paths_go_on_in_records() {
        let steps = |counts: &[usize]| Ok(counts.iter().map(|count| format!("{count} steps")).collect());
        assert_eq!(left("$.data[*].attributes", "$.data[*]"), steps(&[1]));
        assert_eq!(left("$.data[*].attributes", "$.other[*]"), steps(&[]));
        assert_eq!(left("$[*][*].attributes.more", "$.data[*]"), steps(&[2]));
        assert_eq!(left("$..attributes", "$.data[*]"), steps(&[1]));
        assert_eq!(left("$..json", "$.data[*]"), steps(&[1]));
        assert_eq!(left("$..json.more", "$.data[*]"), steps(&[2, 1]));
        assert_eq!(left("$..data[*].a", "$..data[*]"), steps(&[3, 2, 1]));
        assert_eq!(left("$..x", "$..*"), steps(&[1]));
        assert!(left("$.data[0].attributes", "$.data[*]").is_err());
        assert!(left("$.data[*].attributes", "$..calls").is_err());
        assert!(left("$.data", "$.data[*]").is_err());
        assert!(left("$.data[*]", "$.data[*]").is_err());
        assert!(left("$..*", "$..x").is_err());
    }

    #[test]
    fn strings_on_the_way_to_keys_are_found() {
        let at =
            |path: &str, place: &str| ends(&Path::parse(path).unwrap(), &Path::parse(place).unwrap().steps);
        assert!(at("$.a.b", "$.a.b"));
        assert!(at("$[*][0]", "$.a[0]"));
        assert!(at("$..b", "$.a.b"));
        assert!(!at("$.a", "$.a.b"));
        assert!(!at("$.a.b.c", "$.a.b"));
    }
}
