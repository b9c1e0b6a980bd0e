//! Why something is not shown, in the words of whoever set it so: the rules, or the directory.

use std::sync::Arc;

use cordon_directory::{Scope, Snapshot};
use cordon_gateway::Explained;
use cordon_rewrite::{Difference, DifferenceKind};

/// Reasons that are told of one answer.
const REASONS: usize = 40;

/// A line for each difference between what the backend sent and what the caller got: `-` for what is gone, `~` for what
/// has another value.
pub(crate) fn reasons(explained: &Explained, login: &str, snapshot: &Snapshot) -> Vec<String> {
    let scope = snapshot.user_by_login(login).and_then(|user| snapshot.scope(&user, None).ok());
    let (Some(scope), Some(report)) = (scope, &explained.report) else { return Vec::new() };
    let differences = &report.differences;
    let mut lines: Vec<String> = differences
        .iter()
        .take(REASONS)
        .map(|difference| {
            let mark = match difference.kind {
                DifferenceKind::Masked { .. } | DifferenceKind::Recounted => '~',
                DifferenceKind::Dropped { .. } | DifferenceKind::Removed | DifferenceKind::Unlisted => '-',
            };
            format!("{mark} {}  {}", difference.path, reason(difference, login, &scope, snapshot))
        })
        .collect();
    if differences.len() > REASONS {
        lines.push(format!("… and {} more", differences.len() - REASONS));
    }
    lines
}

/// The reason for one difference, for a person who may see everything.
pub fn reason(difference: &Difference, login: &str, scope: &Scope, snapshot: &Snapshot) -> String {
    match &difference.kind {
        DifferenceKind::Dropped { values, .. } => {
            let seen = if values.is_empty() { "nothing".to_owned() } else { values.join(", ") };
            format!(
                "record dropped: by {seen} it is in no project that {login} asked for ({})",
                asked_for(scope)
            )
        }
        DifferenceKind::Removed => match field(last_name(&difference.path), snapshot) {
            Some([]) => "contact field in no project: only those who see everything see it".to_owned(),
            Some(projects) => {
                let projects = projects.join(", ");
                format!("contact field of {projects}, not of this record's and {login}'s projects")
            }
            None => "the rules remove it".to_owned(),
        },
        DifferenceKind::Masked { .. } => {
            if scope.rights.see_masked_fields {
                "the rules mask it for everybody".to_owned()
            } else {
                format!("hidden, and {login} lacks the right see-masked-fields")
            }
        }
        DifferenceKind::Unlisted => "the rules do not name it".to_owned(),
        DifferenceKind::Recounted => "counts what is left".to_owned(),
    }
}

fn asked_for(scope: &Scope) -> String {
    match &scope.chosen {
        Some(chosen) => format!("chosen: {chosen}"),
        None if scope.projects.is_empty() => "none".to_owned(),
        None => scope.projects.join(", "),
    }
}

/// The projects of a contact field of this name, if the directory knows one of any kind.
fn field<'a>(name: &str, snapshot: &'a Snapshot) -> Option<&'a [Arc<str>]> {
    let field = snapshot.all_fields().find(|field| *field.key == *name)?;
    Some(&field.projects)
}

/// The last name in a concrete path: of `$.data[3].fields.passport`, `passport`; of `$['home phone']`, `home phone`.
fn last_name(path: &str) -> &str {
    if let Some(quoted) = path.strip_suffix("']") {
        return quoted.rsplit("['").next().unwrap_or_default();
    }
    let dotted = path.rsplit('.').next().unwrap_or_default();
    dotted.split('[').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_is_found_in_any_form() {
        assert_eq!(last_name("$.data[3].fields.passport"), "passport");
        assert_eq!(last_name("$.data[3]['home phone']"), "home phone");
        assert_eq!(last_name("$.a['b.c']"), "b.c");
    }
}
