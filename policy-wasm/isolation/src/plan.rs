//! What may be in the bodies of an exchange.

use std::collections::BTreeMap;

use cordon_policy_sdk::Directory;
use cordon_policy_sdk::types::{
    Action, BodyPlan, Edit, Entries, ExchangePlan, Field, Mask, Masked, Names, PlanError, RecordSet,
    RequestPlan, ResponsePlan, Scope,
};

use crate::Rules;
use crate::caller::Caller;
use crate::path::Path;
use crate::read::Layout;
use crate::rules::{Body, FieldGroup, Profile, Response, Set, Whose};

/// Names of foreign fields, over all of a caller's projects, up to which they are listed as expected. Beyond that
/// they are removed all the same, but reported as unlisted: the lists would fill the sandbox's memory.
const LISTED_NAMES: usize = 20_000;

/// Plans an exchange. The answer depends on the rules, the scope, the route and the directory's fields, on nothing
/// else.
///
/// # Errors
/// The rules have no such route.
pub fn plan(
    rules: &Rules,
    directory: &dyn Directory,
    scope: &Scope,
    route: &str,
) -> Result<ExchangePlan, PlanError> {
    let route = rules.route(route).ok_or(PlanError::UnknownRoute)?;
    let response = match &route.response {
        Response::Empty => ResponsePlan::Empty,
        Response::Pass => ResponsePlan::Pass,
        Response::Edit(body) => {
            let mut planner = Planner {
                caller: Caller::of(scope),
                directory,
                mask_hidden: &rules.mask_hidden,
                fields: BTreeMap::new(),
            };
            ResponsePlan::Edit(planner.body(body))
        }
    };
    let request = if route.request_pass { RequestPlan::Pass } else { RequestPlan::Empty };
    Ok(ExchangePlan { request, response, headers: route.headers.clone() })
}

/// Plans for one caller.
struct Planner<'a> {
    caller: Caller<'a>,
    directory: &'a dyn Directory,
    mask_hidden: &'a Mask,
    /// The directory's fields by kind, asked for once.
    fields: BTreeMap<String, Vec<Field>>,
}

/// Which contact fields a profile shows.
#[derive(Clone, Copy)]
enum Seen<'a> {
    /// All that the directory knows (D10).
    All,
    /// System fields (D16) and those of these projects (D15).
    Of(&'a [String]),
}

impl Seen<'_> {
    fn shows(self, field: &Field) -> bool {
        match self {
            Seen::All => true,
            Seen::Of(projects) => {
                field.system || field.projects.iter().any(|project| projects.contains(project))
            }
        }
    }
}

impl Planner<'_> {
    fn body(&mut self, body: &Body) -> BodyPlan {
        let sets = body.sets.iter().map(|set| self.set(set)).collect();
        BodyPlan { format: body.format, outside: body.outside.clone(), sets }
    }

    fn set(&mut self, set: &Set) -> RecordSet {
        let projects = self.caller.projects;
        let mut profiles = if self.caller.sees_everything() {
            vec![self.profile(&set.profile, Seen::All)]
        } else if self.caller.profile_per_project(set) && !projects.is_empty() {
            let one = |project| self.profile(&set.profile, Seen::Of(std::slice::from_ref(project)));
            projects.iter().map(one).collect()
        } else {
            // A record of nobody in particular shows the fields of any of the caller's projects (D15).
            let seen = if matches!(set.whose, Whose::Everyone) { &[] } else { projects };
            vec![self.profile(&set.profile, Seen::Of(seen))]
        };
        if let (Some(_), Some(tile)) = (self.caller.tile(set), &set.tile) {
            profiles.push(tile.clone());
        }
        let keys = match &set.whose {
            Whose::Projects { keys, .. } if self.caller.needs_project(set) => keys.clone(),
            _ => Vec::new(),
        };
        RecordSet { within: set.within, path: set.path.clone(), keys, profiles, sole: set.sole }
    }

    fn profile(&mut self, profile: &Profile, seen: Seen<'_>) -> Vec<Edit> {
        let mut edits = profile.edits.clone();
        for (path, mask) in &profile.masks {
            let masked = Action::Mask(mask.clone());
            let action = if self.caller.sees_masked() { Action::Keep } else { masked };
            edits.push(Edit { path: path.clone(), action });
        }
        for group in &profile.fields {
            self.fields_of(group, seen, &mut edits);
        }
        edits
    }

    fn fields_of(&mut self, group: &FieldGroup, seen: Seen<'_>, edits: &mut Vec<Edit>) {
        let directory = self.directory;
        let hides = !self.caller.sees_masked();
        let fields = self.fields.entry(group.of.clone()).or_insert_with(|| directory.fields(&group.of));
        // A list of names removes what it does not name; beside other members only an edit does, even if `keep`
        // names the same member.
        let listed = fields.len().saturating_mul(self.caller.projects.len().max(1)) <= LISTED_NAMES;
        let listed = listed || matches!(group.layout, Layout::Columns { .. });
        let mut names = Names { keep: Vec::new(), mask: Vec::new(), remove: Vec::new() };
        for field in fields {
            let name = field.key.clone();
            match (seen.shows(field), field.hidden && hides) {
                (false, _) if listed => names.remove.push(name),
                (false, _) => {}
                (true, false) => names.keep.push(name),
                (true, true) => names.mask.push(Masked { name, mask: self.mask_hidden.clone() }),
            }
        }
        let path = group.at.to_string();
        match &group.layout {
            Layout::Members => edits.push(Edit { path, action: Action::Only(names) }),
            Layout::Entries { name, value, also } => {
                let (name, value, also) = (name.clone(), value.clone(), also.clone());
                edits.push(Edit { path, action: Action::Entries(Entries { name, value, also, names }) });
            }
            Layout::Columns { value, also } => {
                let deeper = value.as_ref().map(|value| (value, also.as_slice()));
                columns(&group.at, deeper, names, edits);
            }
        }
    }
}

/// Members beside others get an edit each: a list of names would remove the others.
///
/// `deeper`: where in a field its value lies, and what else there passes. Then a hidden field is masked there, and
/// one that is a scalar itself is removed, since nothing says how to mask it.
fn columns(at: &Path, deeper: Option<(&Path, &[Path])>, names: Names, edits: &mut Vec<Edit>) {
    let mut push = |path: &Path, action| {
        edits.push(Edit { path: path.to_string(), action });
    };
    for name in names.keep {
        let field = at.member(&name);
        push(&field, Action::Keep);
        if let Some((value, also)) = deeper {
            push(&field.join(value), Action::Keep);
            also.iter().for_each(|path| push(&field.join(path), Action::Keep));
        }
    }
    for masked in names.mask {
        let field = at.member(&masked.name);
        match deeper {
            None => push(&field, Action::Mask(masked.mask)),
            Some((value, also)) => {
                push(&field.join(value), Action::Mask(masked.mask));
                also.iter().for_each(|path| push(&field.join(path), Action::Keep));
            }
        }
    }
    for name in names.remove {
        push(&at.member(&name), Action::Remove);
    }
}
