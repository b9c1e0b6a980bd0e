//! Puts many records into a draft in an order in which each step is right by itself, if there is one.
//!
//! What a file says is meant all at once: names and aliases may move from one record to another, what is taken away may
//! make room, a project may be archived with everything in it. A draft checks step by step, so that the steps need an
//! order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::edit::Draft;
use crate::model::{Group, Key, Project, Record, RecordKind, Settings, User};
use crate::state::Violation;

/// A record to be, and where it came from.
pub(super) struct Wanted {
    pub(super) index: Option<usize>,
    pub(super) record: Record,
}

/// Takes the unnamed records out of the draft and puts the wanted ones in, and says what is wrong with those that
/// cannot be put in.
pub(super) fn arrange(
    draft: &mut Draft,
    wanted: Vec<Wanted>,
    unnamed: &[Key],
) -> Vec<(Option<usize>, Violation)> {
    let mut problems = Vec::new();
    take_away(draft, unnamed, &mut problems);
    let wanted: Vec<Wanted> = wanted
        .into_iter()
        .filter(|wanted| draft.state().get(&wanted.record.key()).as_ref() != Some(&wanted.record))
        .collect();
    let mut archived = Vec::new();
    let mut pending = Vec::with_capacity(wanted.len());
    for mut wanted in wanted {
        release(draft, &wanted.record);
        if let Record::Project(project) = &mut wanted.record
            && project.archived
            && !draft.state().project(&project.id).is_some_and(|there| there.archived)
        {
            archived.push(Wanted { index: wanted.index, record: Record::Project(project.clone()) });
            project.archived = false;
        }
        pending.push(wanted);
    }
    pending.sort_by_key(|wanted| RecordKind::ALL.iter().position(|kind| *kind == wanted.record.key().kind));
    put_all(draft, pending, &mut problems);
    if problems.is_empty() {
        put_all(draft, archived, &mut problems);
    }
    problems
}

/// Puts in what can be put in, again and again: what one record needs, or still holds, another may bring or let go of.
fn put_all(draft: &mut Draft, mut pending: Vec<Wanted>, problems: &mut Vec<(Option<usize>, Violation)>) {
    loop {
        let before = pending.len();
        let mut wrong = Vec::new();
        pending.retain_mut(|wanted| {
            let violations = draft.state().check(&wanted.record);
            if violations.is_empty() {
                draft.put(wanted.record.clone());
                return false;
            }
            wrong.extend(violations.into_iter().map(|violation| (wanted.index, violation)));
            true
        });
        if pending.is_empty() || pending.len() == before {
            return problems.extend(wrong);
        }
    }
}

/// Takes records away, each after those that refer to it.
fn take_away(draft: &mut Draft, unnamed: &[Key], problems: &mut Vec<(Option<usize>, Violation)>) {
    let going: HashSet<&Key> = unnamed.iter().collect();
    let mut settings = draft.state().settings().clone();
    let default = settings.default_project.as_ref();
    if default.is_some_and(|id| going.contains(&Key::new(RecordKind::Project, Arc::clone(id)))) {
        settings.default_project = None;
        draft.put(Record::Settings(Settings { ..settings }));
    }
    let has_role = |role: &Arc<str>| going.contains(&Key::new(RecordKind::Role, Arc::clone(role)));
    if going.iter().any(|key| key.kind == RecordKind::Role) {
        let holders = draft.state().users().filter(|user| user.roles.iter().any(has_role)).cloned();
        for mut user in holders.collect::<Vec<User>>() {
            user.roles.retain(|role| !has_role(role));
            draft.put(Record::User(user));
        }
    }
    for kind in RecordKind::ALL.into_iter().rev() {
        for key in unnamed.iter().filter(|key| key.kind == kind) {
            // A token goes with its user.
            if draft.state().get(key).is_none() {
                continue;
            }
            let violations = draft.state().check_removal(key);
            if violations.is_empty() {
                draft.remove(key);
            } else {
                problems.extend(violations.into_iter().map(|violation| (None, violation)));
            }
        }
    }
}

/// Lets go of aliases and subjects that a record will no longer have, so that others can take them.
fn release(draft: &mut Draft, wanted: &Record) {
    let kept = |there: &[Arc<str>], wanted: &[Arc<str>]| -> Vec<Arc<str>> {
        there.iter().filter(|entry| wanted.contains(entry)).cloned().collect()
    };
    let released = match (wanted, draft.state().get(&wanted.key())) {
        (Record::Project(wanted), Some(Record::Project(there))) => {
            Record::Project(Project { aliases: kept(&there.aliases, &wanted.aliases), ..there })
        }
        (Record::Group(wanted), Some(Record::Group(there))) => {
            Record::Group(Group { aliases: kept(&there.aliases, &wanted.aliases), ..there })
        }
        (Record::User(wanted), Some(Record::User(there))) => Record::User(User {
            aliases: kept(&there.aliases, &wanted.aliases),
            subjects: kept(&there.subjects, &wanted.subjects),
            ..there
        }),
        _ => return,
    };
    if draft.state().get(&wanted.key()).as_ref() != Some(&released)
        && draft.state().check(&released).is_empty()
    {
        draft.put(released);
    }
}
