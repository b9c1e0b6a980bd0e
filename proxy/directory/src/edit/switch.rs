//! The switch to enhanced security (D1).

use std::sync::Arc;

use crate::edit::Draft;
use crate::model::{Key, Project, Record, RecordKind, Security, Settings};

/// Id of the project that the switch makes.
const DEFAULT_ID: &str = "default";

/// Its name (D1).
const DEFAULT_NAME: &str = "Default";

impl Draft {
    /// Turns isolation on: makes the project Default and puts every user, object and field into it, so that nothing
    /// breaks on that day. What may be in one project only and has one stays where it is (D6), and so do system
    /// fields, which are in every project (D16). Who is added to a project later still sees Default's things until
    /// taken out of Default (D2).
    ///
    /// Does nothing where security is enhanced already.
    pub fn enhance(&mut self) {
        let settings = self.state().settings().clone();
        if settings.security == Security::Enhanced {
            return;
        }
        let id = settings.default_project.unwrap_or_else(|| DEFAULT_ID.into());
        if self.state().project(&id).is_none() {
            self.put(Record::Project(Project::new(&id, DEFAULT_NAME)));
        }
        let users = self.state().users().map(|user| Key::new(RecordKind::User, Arc::clone(&user.login)));
        let fields = self.state().fields().flat_map(|(_, fields)| fields.iter());
        let fields = fields
            .filter(|field| !field.system)
            .map(|field| Key::field(Arc::clone(&field.kind), Arc::clone(&field.key)));
        let is_free = |kind: &str, projects: &[Arc<str>]| {
            projects.is_empty() || !self.state().object_kind(kind).is_some_and(|kind| kind.single_project)
        };
        let objects = self.state().objects().filter(|object| is_free(&object.kind, &object.projects));
        let objects = objects.map(|object| Key::object(Arc::clone(&object.kind), Arc::clone(&object.id)));
        let mut all: Vec<Key> = users.chain(fields).chain(objects).collect();
        // In this order a database is quickest with them.
        all.sort_unstable();
        for key in all {
            self.join(&key, &id);
        }
        self.put(Record::Settings(Settings { security: Security::Enhanced, default_project: Some(id) }));
    }

    /// Turns isolation off (D1): nobody is restricted, and the proxies count what enforcement would have done. Projects
    /// stay as they are.
    pub fn simplify(&mut self) {
        let settings = self.state().settings().clone();
        self.put(Record::Settings(Settings { security: Security::Simplified, ..settings }));
    }
}
