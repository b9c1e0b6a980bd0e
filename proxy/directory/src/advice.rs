//! What is not wrong in a directory, but worth knowing.

use std::ops::Range;

use cordon_settings::line_of;

use crate::people::People;
use crate::project::Project;
use crate::things::Field;

/// What a piece of advice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// A field that no project uses, so that nobody sees it but those who see everything (D21).
    UnassignedField,
    /// A field that several projects share: what is written through one is seen in all (D20).
    SharedField,
    /// A user who was added to a project and still sees Default's things (D2).
    StillInDefault,
    /// A user who can call, but whose roles open no section, so that they see nothing (D12).
    NoSection,
}

/// Something that `cordon check` tells the project administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is about.
    pub topic: Topic,
    /// One sentence.
    pub message: String,
    /// Where the field or user is declared, in bytes.
    pub span: Range<usize>,
    /// The line of `span`, from 1.
    pub line: usize,
}

/// The advice about a directory that has no problems, in the order of the file.
pub(crate) fn advise<'a>(
    text: &str,
    projects: &[Project],
    people: &People,
    fields: impl Iterator<Item = &'a (Field, Range<usize>)>,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    let mut note = |topic, span: &Range<usize>, message| {
        advice.push(Advice { topic, message, span: span.clone(), line: 0 });
    };
    for (field, span) in fields {
        if field.is_unassigned() {
            let message = format!(
                "the {} field `{}` is in no project; nobody in a project sees it",
                field.kind, field.key
            );
            note(Topic::UnassignedField, span, message);
        }
        if field.is_shared() {
            let message = format!(
                "the {} field `{}` is shared by {}; what is written in one is seen in all",
                field.kind,
                field.key,
                field.projects.join(", ")
            );
            note(Topic::SharedField, span, message);
        }
    }
    let default = projects.iter().find(|project| is_default(project));
    for (user, span) in people.users.iter().zip(&people.places) {
        if let Some(default) = default
            && user.projects.len() > 1
            && user.projects.contains(&default.id)
        {
            let others: Vec<&str> =
                user.projects.iter().map(String::as_str).filter(|id| *id != default.id).collect();
            let message = format!(
                "`{}` is in {} and still sees what is in {}; take them out of it when that is done",
                user.login,
                others.join(", "),
                default.name
            );
            note(Topic::StillInDefault, span, message);
        }
        let scope = people.scope(user);
        if user.can_call && scope.sections == crate::Sections::These(Vec::new()) {
            let message = format!(
                "`{}` can call, but has no role that opens a section, and so sees nothing",
                user.login
            );
            note(Topic::NoSection, span, message);
        }
    }
    advice.sort_by_key(|advice| advice.span.start);
    number(text, &mut advice);
    advice
}

/// Fills in the lines of advice that is in the order of the text, in one walk.
fn number(text: &str, advice: &mut [Advice]) {
    let (mut line, mut walked) = (1, 0);
    for advice in advice {
        line += line_of(&text[walked..], advice.span.start - walked);
        walked = advice.span.start;
        advice.line = line;
    }
}

impl Field {
    /// Whether no project uses the field and it is not in every one either (D21).
    pub fn is_unassigned(&self) -> bool {
        !self.system && self.projects.is_empty()
    }

    /// Whether several projects use the field (D20).
    pub fn is_shared(&self) -> bool {
        !self.system && self.projects.len() > 1
    }
}

/// Whether this is the project that the switch to enhanced security made (D1).
fn is_default(project: &Project) -> bool {
    project.name == "Default" || project.id == "default"
}
