//! Projects, users, groups, roles, fields and objects, as one immutable snapshot with a revision.
