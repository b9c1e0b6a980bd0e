//! What is known of a shape: where its records and owners stand, and what is to be left of it.

use cordon_tests::json::Node;

/// The values of a record's owner, which take turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Owners {
    /// What the backend calls projects.
    Projects,
    /// Queues and the like, in one project each.
    One,
    /// Users, phones and the like, of which one is in two projects.
    Several,
}

impl Owners {
    /// The ids, with their projects.
    pub(crate) fn known(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Owners::Projects => {
                &[("ACacme", &["acme"]), ("42", &["brio"]), ("ACcore", &["core"]), ("41", &["acme"])]
            }
            Owners::One => &[("601", &["acme"]), ("602", &["brio"]), ("603", &["core"])],
            Owners::Several => {
                &[("701", &["acme"]), ("702", &["brio"]), ("703", &["acme", "brio"]), ("704", &["core"])]
            }
        }
    }
}

/// What takes a value's place.
#[derive(Clone, Debug)]
pub(crate) enum Mask {
    Fixed(&'static str),
    /// For everybody.
    Always(&'static str),
    KeepLast(usize),
    Null,
}

/// A response of a real system, and what the rules say of it. Paths are of names; `[]` is every element.
pub(crate) struct Shape {
    pub(crate) file: &'static str,
    /// Where Cordon is asked for it; `{id}` is the number of a copy.
    pub(crate) path: &'static str,
    pub(crate) posted: bool,
    /// Where the records are; empty: the document is one.
    pub(crate) records: &'static str,
    pub(crate) list: bool,
    /// Where a record's owner stands.
    pub(crate) owner: &'static str,
    pub(crate) owners: Owners,
    /// What passes of a record, and of the rest.
    pub(crate) keep: &'static [&'static str],
    pub(crate) outside: &'static [&'static str],
    pub(crate) totals: &'static [&'static str],
    pub(crate) masks: &'static [(&'static str, Mask)],
    /// Kinds of contact field in a record.
    pub(crate) fields: &'static [&'static str],
    /// Members whose marks nobody gets.
    pub(crate) hidden: &'static [&'static str],
    /// Fills in what an example leaves empty.
    pub(crate) prepare: fn(&mut Node),
}

/// For [`Shape::prepare`]: an example that lacks nothing.
pub(crate) fn as_it_is(_: &mut Node) {}
