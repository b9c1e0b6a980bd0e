//! Putting changes in.

use std::sync::{Arc, OnceLock};

use super::{Map, Member, Name, State, stamps};
use crate::model::{Field, Group, Key, Object, Project, Record, RecordKind, Role, TokenHash, User, folded};

impl State {
    /// Puts a record in the place of the one of this key, or takes that away. Nothing is checked: what comes here has
    /// been checked, or is in the database.
    pub fn apply(&mut self, key: &Key, after: Option<Record>) {
        match after {
            Some(Record::Settings(settings)) => self.settings = Arc::new(settings),
            Some(Record::Project(project)) => self.put_project(project),
            Some(Record::Role(role)) => self.put_role(role),
            Some(Record::Group(group)) => self.put_group(group),
            Some(Record::User(user)) => self.put_user(user),
            Some(Record::Token(token)) => self.tokens.insert_mut(token.hash, Arc::new(token)),
            Some(Record::Field(field)) => self.put_field(field),
            Some(Record::ObjectKind(kind)) => {
                self.object_kinds.insert_mut(Arc::clone(&kind.name), Arc::new(kind));
                self.kind_stamp = stamps::next();
            }
            Some(Record::Object(object)) => self.put_object(object),
            None => self.take(key),
        }
    }

    fn take(&mut self, key: &Key) {
        let id = &*key.id;
        match key.kind {
            // The settings are always there.
            RecordKind::Settings => {}
            RecordKind::Project => self.take_project(id),
            RecordKind::Role => {
                if self.roles.remove_mut(id) {
                    self.forget_name(RecordKind::Role, "", id);
                    self.stamp(RecordKind::Role, id);
                    self.age();
                }
            }
            RecordKind::Group => self.take_group(id),
            RecordKind::User => self.take_user(id),
            RecordKind::Token => {
                if let Some(hash) = TokenHash::parse(id) {
                    self.tokens.remove_mut(&hash);
                }
            }
            RecordKind::Field => self.take_field(&key.of, id),
            RecordKind::ObjectKind => {
                self.object_kinds.remove_mut(id);
                self.kind_stamp = stamps::next();
            }
            RecordKind::Object => self.take_object(&key.of, id),
        }
    }

    fn put_project(&mut self, project: Project) {
        let earlier = self.projects.get(&project.id).cloned();
        if let Some(earlier) = &earlier {
            self.forget_name(RecordKind::Project, "", &earlier.name);
            self.forget_aliases(RecordKind::Project, &earlier.aliases);
        } else {
            self.project_ids = OnceLock::new();
            self.project_stamp = stamps::next();
        }
        self.note_name(RecordKind::Project, "", &project.name, &project.id);
        self.note_aliases(RecordKind::Project, &project.aliases, &project.id);
        self.stamp(RecordKind::Project, &project.id);
        if earlier.is_some_and(|earlier| earlier.archived != project.archived) {
            self.age();
        }
        self.projects.insert_mut(Arc::clone(&project.id), Arc::new(project));
    }

    fn take_project(&mut self, id: &str) {
        let Some(project) = self.projects.get(id).cloned() else { return };
        self.projects.remove_mut(id);
        self.forget_name(RecordKind::Project, "", &project.name);
        self.forget_aliases(RecordKind::Project, &project.aliases);
        self.stamp(RecordKind::Project, id);
        self.project_ids = OnceLock::new();
        self.project_stamp = stamps::next();
        self.age();
    }

    fn put_role(&mut self, role: Role) {
        self.note_name(RecordKind::Role, "", &role.name, &role.name);
        self.stamp(RecordKind::Role, &role.name);
        self.roles.insert_mut(Arc::clone(&role.name), Arc::new(role));
        self.age();
    }

    fn put_group(&mut self, group: Group) {
        if let Some(earlier) = self.groups.get(&group.id).cloned() {
            self.forget_name(RecordKind::Group, "", &earlier.name);
            self.forget_aliases(RecordKind::Group, &earlier.aliases);
        }
        self.note_name(RecordKind::Group, "", &group.name, &group.id);
        self.note_aliases(RecordKind::Group, &group.aliases, &group.id);
        self.stamp(RecordKind::Group, &group.id);
        self.groups.insert_mut(Arc::clone(&group.id), Arc::new(group));
        self.age();
    }

    fn take_group(&mut self, id: &str) {
        let Some(group) = self.groups.get(id).cloned() else { return };
        self.groups.remove_mut(id);
        self.forget_name(RecordKind::Group, "", &group.name);
        self.forget_aliases(RecordKind::Group, &group.aliases);
        self.stamp(RecordKind::Group, id);
        self.age();
    }

    fn put_user(&mut self, user: User) {
        self.take_user(&Arc::clone(&user.login));
        self.administrators += usize::from(user.is_administrator());
        self.note_name(RecordKind::User, "", &user.login, &user.login);
        self.note_aliases(RecordKind::User, &user.aliases, &user.login);
        self.stamp(RecordKind::User, &user.login);
        for subject in &user.subjects {
            self.subjects.insert_mut(Arc::clone(subject), Arc::clone(&user.login));
        }
        self.users.insert_mut(Arc::clone(&user.login), Arc::new(Member::new(user)));
    }

    fn take_user(&mut self, login: &str) {
        let Some(member) = self.users.get(login).cloned() else { return };
        self.users.remove_mut(login);
        self.administrators -= usize::from(member.user.is_administrator());
        self.forget_name(RecordKind::User, "", login);
        self.forget_aliases(RecordKind::User, &member.user.aliases);
        self.stamp(RecordKind::User, login);
        for subject in &member.user.subjects {
            self.subjects.remove_mut(subject);
        }
    }

    fn put_field(&mut self, field: Field) {
        self.forget_field_name(&field.kind, &field.key);
        self.note_name(RecordKind::Field, &field.kind, &field.name, &field.key);
        self.stamp_field(&field.kind, &field.key);
        if !self.fields.contains_key(&field.kind) {
            self.fields.insert_mut(Arc::clone(&field.kind), Arc::default());
        }
        let Some(fields) = self.fields.get_mut(&field.kind) else { return };
        let fields = Arc::make_mut(fields);
        match fields.binary_search_by(|other| other.key.cmp(&field.key)) {
            Ok(index) => fields[index] = Arc::new(field),
            Err(index) => fields.insert(index, Arc::new(field)),
        }
    }

    fn take_field(&mut self, kind: &str, key: &str) {
        let Some((kind, fields)) = self.fields.get_key_value(kind) else { return };
        let left: Vec<Arc<Field>> = fields.iter().filter(|field| *field.key != *key).cloned().collect();
        let kind = Arc::clone(kind);
        self.forget_field_name(&kind, key);
        self.stamp_field(&kind, key);
        if left.is_empty() {
            self.fields.remove_mut(&kind);
        } else {
            self.fields.insert_mut(kind, Arc::new(left));
        }
    }

    fn put_object(&mut self, object: Object) {
        let kind = Arc::clone(&object.kind);
        let id = Arc::clone(&object.id);
        self.stamps.set(&kind, &id, stamps::next());
        match self.objects.get_mut(&kind) {
            Some(objects) => objects.insert_mut(id, Arc::new(object)),
            None => self.objects.insert_mut(kind, Map::new_sync().insert(id, Arc::new(object))),
        }
    }

    fn take_object(&mut self, kind: &str, id: &str) {
        self.stamps.set(kind, id, stamps::next());
        if let Some(objects) = self.objects.get_mut(kind) {
            objects.remove_mut(id);
            if objects.is_empty() {
                self.objects.remove_mut(kind);
            }
        }
    }

    fn forget_field_name(&mut self, kind: &str, key: &str) {
        if let Some(name) = self.field(kind, key).map(|field| field.name.clone()) {
            self.forget_name(RecordKind::Field, kind, &name);
        }
    }

    fn note_name(&mut self, kind: RecordKind, of: &str, name: &str, id: &Arc<str>) {
        self.names.insert_mut(taken(kind, of, name), Arc::clone(id));
    }

    fn forget_name(&mut self, kind: RecordKind, of: &str, name: &str) {
        self.names.remove_mut(&taken(kind, of, name));
    }

    fn note_aliases(&mut self, kind: RecordKind, aliases: &[Arc<str>], id: &Arc<str>) {
        for alias in aliases {
            self.aliases.insert_mut((kind, Arc::clone(alias)), Arc::clone(id));
            self.stamp(kind, alias);
        }
    }

    fn forget_aliases(&mut self, kind: RecordKind, aliases: &[Arc<str>]) {
        for alias in aliases {
            self.aliases.remove_mut(&(kind, Arc::clone(alias)));
            self.stamp(kind, alias);
        }
    }

    /// What users have by others has changed.
    fn age(&mut self) {
        self.epoch = stamps::next();
    }

    /// What is found by this id, name or alias has changed.
    fn stamp(&mut self, kind: RecordKind, id: &str) {
        self.stamps.set(kind.name(), id, stamps::next());
    }

    fn stamp_field(&mut self, kind: &Arc<str>, key: &str) {
        self.stamp(RecordKind::Field, key);
        self.field_stamps.insert_mut(Arc::clone(kind), stamps::next());
    }

    /// The id under which a name is taken.
    pub(super) fn taken_by(&self, kind: RecordKind, of: &str, name: &str) -> Option<&Arc<str>> {
        self.names.get(&taken(kind, of, name))
    }
}

fn taken(kind: RecordKind, of: &str, name: &str) -> Name {
    (kind, Arc::from(of), folded(name).into())
}

impl Record {
    /// The record out of a project; unchanged where it was not in it. For the projects of groups, users, fields and
    /// objects.
    pub(crate) fn without_project(mut self, id: &str) -> Record {
        let list = match &mut self {
            Record::Group(group) => &mut group.projects,
            Record::User(user) => &mut user.projects,
            Record::Field(field) => &mut field.projects,
            Record::Object(object) => &mut object.projects,
            _ => return self,
        };
        *list = list.without(id);
        self
    }
}
