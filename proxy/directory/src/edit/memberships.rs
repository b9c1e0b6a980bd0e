//! Putting things into projects and taking them out (D4, D7).

use crate::edit::Draft;
use crate::model::{Key, Projects, Record};
use crate::state::Rule;

impl Draft {
    /// Puts a user, a group, a field or an object into a project. What is in it already stays so.
    pub fn join(&mut self, key: &Key, project: &str) {
        self.rearrange(key, |list| list.with(project));
    }

    /// Takes a user, a group, a field or an object out of a project. What is not in it stays so.
    pub fn leave(&mut self, key: &Key, project: &str) {
        if self.state().project(project).is_none() {
            let message = format!("there is no project `{project}`");
            return self.refuse(Rule::Unknown, key, "projects", message, "look at the list of them");
        }
        self.rearrange(key, |list| list.without(project));
    }

    fn rearrange(&mut self, key: &Key, change: impl FnOnce(&Projects) -> Projects) {
        let Some(mut record) = self.state().get(key) else {
            let message = format!("there is no {key}");
            return self.refuse(Rule::Missing, key, "", message, "look at the list of them");
        };
        let list = match &mut record {
            Record::Group(group) => &mut group.projects,
            Record::User(user) => &mut user.projects,
            Record::Field(field) => &mut field.projects,
            Record::Object(object) => &mut object.projects,
            Record::Settings(_)
            | Record::Project(_)
            | Record::Role(_)
            | Record::Token(_)
            | Record::ObjectKind(_) => {
                let message = format!("{key} is in no projects");
                let help = "users, groups, fields and objects are";
                return self.refuse(Rule::Fixed, key, "projects", message, help);
            }
        };
        let changed = change(list);
        if changed != *list {
            *list = changed;
            self.put(record);
        }
    }
}
