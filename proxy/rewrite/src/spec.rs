//! The plan as a policy states it, before it is compiled: the types of `wit/policy.wit`, which has the full
//! description of each.

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON document (RFC 8259).
    Json,
    /// One JSON document per line.
    Ndjson,
    /// RFC 4180 and its relatives.
    Csv,
    /// XML 1.0 without DTD.
    Xml,
    /// Server-sent events whose data is JSON.
    Sse,
}

/// How a body is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyPlan {
    /// What the body is written in.
    pub format: Format,
    /// Edits outside every record, with paths from the body.
    pub outside: Vec<Edit>,
    /// Where the records are. A nested set stands after the one that it lies in.
    pub sets: Vec<RecordSet>,
}

/// A place in the body that holds records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// Index of the set that this one lies in, smaller than its own.
    pub within: Option<u32>,
    /// JSONPath of the records, from the body or from the record of `within`.
    pub path: String,
    /// The values that the judge asks to see of each record.
    pub keys: Vec<Key>,
    /// What may be done with a record, numbered from 0.
    pub profiles: Vec<Vec<Edit>>,
    /// The response is about this one record: without it, it is the answer for a missing record (H36).
    pub sole: bool,
}

/// A value that the judge asks to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// JSONPath of names and indices only.
    pub path: String,
    /// 0: from the record itself; 1: from the record around it, and so on.
    pub up: u32,
}

/// An edit at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// JSONPath of names, indices, wildcards and descendants, from the record or from the body.
    pub path: String,
    /// What is done there.
    pub action: Action,
}

/// What is done with a value. Where several meet, the strictest holds: remove, mask, recount, only, entries, keep,
/// keep-all. Values that nothing names are removed and counted as unlisted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Passes if it is a scalar or an array of scalars; of an object, what further edits name.
    Keep,
    /// Passes whole, but for what further edits say of places inside it.
    KeepAll,
    /// Goes, and is counted as removed.
    Remove,
    /// Its place is taken by a mask.
    Mask(Mask),
    /// Of this object's members, or of the members of each object in this array, those named.
    Only(Names),
    /// Of this array's entries, those named (H30). Not outside records.
    Entries(Entries),
    /// Becomes the number of kept records of the set with this index (H34).
    Recount(u32),
}

/// What takes the place of a hidden value. Its length tells nothing of the value's (H37).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// This text.
    Fixed(String),
    /// `****` and the last n characters of a string or number, `****` alone for anything no longer than n.
    KeepLast(u32),
    /// `null`.
    Null,
    /// A keyed hash, the same within a scope.
    Hash,
    /// The policy's own, by number.
    Own(u32),
}

/// A name whose value is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// The member's or entry's name.
    pub name: String,
    /// What its value becomes.
    pub mask: Mask,
}

/// Which of a list of names pass; the rest is removed and counted as unlisted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Kept, if scalars or arrays of scalars.
    pub keep: Vec<String>,
    /// Kept with another value; stricter than `keep`.
    pub mask: Vec<Masked>,
    /// Removed as expected: not counted as unlisted. Stricter than `mask`.
    pub remove: Vec<String>,
}

/// An array of entries that say their own name (H30).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// The member that holds the name.
    pub name: String,
    /// The member that holds the value.
    pub value: String,
    /// Members kept beside them.
    pub also: Vec<String>,
    /// Which entries pass.
    pub names: Names,
}
