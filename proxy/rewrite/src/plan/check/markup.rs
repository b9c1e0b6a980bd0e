//! What plans of XML cannot say.

use crate::error::PlanError;
use crate::plan::check::invalid;
use crate::plan::path::{Path, Selector};
use crate::spec::{Action, BodyPlan, Edit, Mask};
use crate::xml::is_allowed;

pub(super) fn check(spec: &BodyPlan, paths: &[Path]) -> Result<(), PlanError> {
    if !spec.embedded.is_empty() || spec.sets.iter().any(|set| set.columns.is_some()) {
        return invalid("JSON in strings and positional rows are not edited in XML".to_owned());
    }
    for edit in &spec.outside {
        let document = Path::parse_in(spec.format, &edit.path)?.steps.is_empty();
        if document && matches!(edit.action, Action::Mask(_) | Action::Recount(_) | Action::Entries(_)) {
            return invalid("`$` is the document around the root element, which is no value".to_owned());
        }
    }
    for (index, (set, path)) in spec.sets.iter().zip(paths).enumerate() {
        let is_value = match path.steps.last().map(|step| &step.selector) {
            Some(Selector::Name(name)) => name.starts_with(['@', '#']),
            Some(_) => false,
            None => true,
        };
        if is_value {
            return invalid(format!("set {index}: records are elements, but `{}` selects none", set.path));
        }
    }
    let profiles = spec.sets.iter().flat_map(|set| set.profiles.iter().flatten());
    spec.outside.iter().chain(profiles).try_for_each(check_masks)
}

/// Masks are texts that a document may hold.
fn check_masks(edit: &Edit) -> Result<(), PlanError> {
    let listed = match &edit.action {
        Action::Only(names) => &names.mask[..],
        Action::Entries(entries) => &entries.names.mask[..],
        _ => &[],
    };
    let own = match &edit.action {
        Action::Mask(mask) => Some(mask),
        _ => None,
    };
    let wrong = |mask: &Mask| matches!(mask, Mask::Fixed(text) if !text.chars().all(is_allowed));
    if own.into_iter().chain(listed.iter().map(|masked| &masked.mask)).any(wrong) {
        return invalid(format!("`{}`: a mask holds a character that no document may have", edit.path));
    }
    Ok(())
}
