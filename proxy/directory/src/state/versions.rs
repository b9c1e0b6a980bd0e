//! Versions of what a policy can read, so that what it made of that can be kept until it changes (the fourth idea of
//! the design).

use super::{RecordKind, State};

impl State {
    /// Version of what [`State::fields_of`] answers.
    pub(crate) fn fields_version(&self, kind: &str) -> u64 {
        self.field_stamps.get(kind).copied().unwrap_or(self.origin)
    }

    /// Version of what [`State::projects_of`] answers.
    pub(crate) fn projects_version(&self, kind: &str, id: &str) -> u64 {
        let own = self.stamps.get(kind, id);
        match kind {
            "user" => {
                let member = self.proper(RecordKind::User, id).and_then(|login| self.users.get(login));
                let groups = member.map(|member| &*member.user.groups).unwrap_or_default();
                let groups = groups.iter().map(|group| self.stamps.get(RecordKind::Group.name(), group));
                groups.fold(own, u64::max)
            }
            // System fields are in every project (D16).
            "field" => own.max(self.project_stamp),
            _ => own,
        }
    }

    /// Version of what is said of the kinds of object.
    pub(crate) fn kinds_version(&self) -> u64 {
        self.kind_stamp
    }
}
