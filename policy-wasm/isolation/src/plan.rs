//! What may be in the bodies of an exchange.

use std::collections::{BTreeMap, HashSet};

use cordon_policy_sdk::Directory;
use cordon_policy_sdk::types::{
    Action, BodyPlan, Edit, Entries, ExchangePlan, Field, Mask, Masked, Names, PlanError, RecordSet,
    RequestPlan, ResponsePlan, Scope,
};

use crate::Rules;
use crate::caller::Caller;
use crate::path::Path;
use crate::reach::Reach;
use crate::read::Layout;
use crate::rules::{Body, FieldGroup, Profile, Response, Set, Whose};

/// Names of foreign fields, over all of a caller's projects, up to which they are listed as expected. Beyond that
/// they go all the same, but reported as unlisted: the lists would fill the sandbox's memory.
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
        let (csv, embedded) = (body.csv.clone(), body.embedded.clone());
        BodyPlan { format: body.format, csv, embedded, outside: body.outside.clone(), sets }
    }

    fn set(&mut self, set: &Set) -> RecordSet {
        let projects = self.caller.projects;
        let reached = self.reached(&set.profile);
        let mut profiles = if self.caller.sees_everything() {
            vec![self.profile(&set.profile, &reached, Seen::All)]
        } else if self.caller.profile_per_project(set) && !projects.is_empty() {
            let one = |project| self.profile(&set.profile, &reached, Seen::Of(std::slice::from_ref(project)));
            projects.iter().map(one).collect()
        } else {
            // A record of nobody in particular shows the fields of any of the caller's projects (D15).
            let seen = if matches!(set.whose, Whose::Everyone) { &[] } else { projects };
            vec![self.profile(&set.profile, &reached, Seen::Of(seen))]
        };
        if let (Some(_), Some(tile)) = (self.caller.tile(set), &set.tile) {
            profiles.push(tile.clone());
        }
        let keys = match &set.whose {
            Whose::Projects { keys, .. } if self.caller.needs_project(set) => keys.clone(),
            _ => Vec::new(),
        };
        let (path, columns) = (set.path.clone(), set.columns.clone());
        RecordSet { within: set.within, path, columns, keys, profiles, sole: set.sole }
    }

    fn profile(&mut self, profile: &Profile, reached: &[Vec<bool>], seen: Seen<'_>) -> Vec<Edit> {
        let mut edits = profile.edits.clone();
        for (path, mask) in &profile.masks {
            let masked = Action::Mask(mask.clone());
            let action = if self.caller.sees_masked() { Action::Keep } else { masked };
            edits.push(Edit { path: path.clone(), action });
        }
        for (group, reached) in profile.fields.iter().zip(reached) {
            match &group.layout {
                Layout::Columns { value, also } => {
                    let inside = value.as_ref().map(|value| (value, also.as_slice()));
                    self.columns(group, inside, reached, seen, &mut edits);
                }
                layout => {
                    let names = self.names(group, seen);
                    let action = match layout {
                        Layout::Entries { name, value, also } => {
                            let (name, value, also) = (name.clone(), value.clone(), also.clone());
                            Action::Entries(Entries { name, value, also, names })
                        }
                        _ => Action::Only(names),
                    };
                    edits.push(Edit { path: group.at.to_string(), action });
                }
            }
        }
        edits
    }

    /// The names of a group as a list, which removes what it does not name.
    fn names(&mut self, group: &FieldGroup, seen: Seen<'_>) -> Names {
        let hides = !self.caller.sees_masked();
        let listed = self.lists(group);
        let mask_hidden = self.mask_hidden;
        let mut names = Names { keep: Vec::new(), mask: Vec::new(), remove: Vec::new() };
        for field in self.fields(group) {
            let name = field.key.clone();
            match (seen.shows(field), field.hidden && hides) {
                (false, _) if listed => names.remove.push(name),
                (false, _) => {}
                (true, false) => names.keep.push(name),
                (true, true) => names.mask.push(Masked { name, mask: mask_hidden.clone() }),
            }
        }
        names
    }

    /// Members beside others get an edit each: a list of names would remove the others.
    ///
    /// `inside`: where in a field its value lies, and what else there passes. Then a hidden field is masked there
    /// and the rest of it goes, unless something else could let that through: then it is masked whole. A foreign
    /// field goes unless it is named, so that it needs an edit only where something else leads to it.
    fn columns(
        &mut self,
        group: &FieldGroup,
        inside: Option<(&Path, &[Path])>,
        reached: &[bool],
        seen: Seen<'_>,
        edits: &mut Vec<Edit>,
    ) {
        let hides = !self.caller.sees_masked();
        let hidden = Action::Mask(self.mask_hidden.clone());
        let listed = self.lists(group);
        // What passes beside the value may be where the value is, or around it.
        let beside = inside.is_some_and(|(value, also)| also.iter().any(|path| value.can_reach_into(path)));
        let mut push = |path: &Path, action| edits.push(Edit { path: path.to_string(), action });
        for (index, field) in self.fields(group).iter().enumerate() {
            let reached = reached.get(index).copied().unwrap_or(true);
            let masked = field.hidden && hides;
            let shown = seen.shows(field);
            if !shown && !listed && !reached {
                continue;
            }
            let place = group.at.member(&field.key);
            if !shown {
                push(&place, Action::Remove);
                continue;
            }
            let Some((value, also)) = inside.filter(|_| !(masked && (reached || beside))) else {
                push(&place, if masked { hidden.clone() } else { Action::Keep });
                continue;
            };
            if !masked {
                push(&place, Action::Keep);
            }
            push(&place.join(value), if masked { hidden.clone() } else { Action::Keep });
            also.iter().for_each(|path| push(&place.join(path), Action::Keep));
        }
    }

    /// For each group of columns, for each field, whether something else of the profile leads to it. Asked once for
    /// all projects, since it is the same for each.
    fn reached(&mut self, profile: &Profile) -> Vec<Vec<bool>> {
        let mut groups = Vec::with_capacity(profile.fields.len());
        for (index, group) in profile.fields.iter().enumerate() {
            if !matches!(group.layout, Layout::Columns { .. }) {
                groups.push(Vec::new());
                continue;
            }
            let reach = Reach::of(profile, index, &group.at);
            let shared = self.keys_beside(profile, index);
            let touched =
                |field: &Field| shared.contains(&field.key) || reach.touches(&group.at.member(&field.key));
            groups.push(self.fields(group).iter().map(touched).collect());
        }
        groups
    }

    /// Names of fields of other kinds whose columns are at the same place as those of a group.
    fn keys_beside(&mut self, profile: &Profile, group: usize) -> HashSet<String> {
        let mut keys = HashSet::new();
        let at = &profile.fields[group].at;
        for (index, other) in profile.fields.iter().enumerate() {
            if index != group && other.at == *at && matches!(other.layout, Layout::Columns { .. }) {
                keys.extend(self.fields(other).iter().map(|field| field.key.clone()));
            }
        }
        keys
    }

    /// Whether the names of a group's foreign fields are few enough to be listed.
    fn lists(&mut self, group: &FieldGroup) -> bool {
        let projects = self.caller.projects.len().max(1);
        self.fields(group).len().saturating_mul(projects) <= LISTED_NAMES
    }

    fn fields(&mut self, group: &FieldGroup) -> &[Field] {
        let directory = self.directory;
        self.fields.entry(group.of.clone()).or_insert_with(|| directory.fields(&group.of))
    }
}
