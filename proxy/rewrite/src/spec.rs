//! The plan as a policy states it, before it is compiled: the types of `wit/policy.wit`, which has the full
//! description of each.

/// The format of a body, and what the paths of its plan speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON document (RFC 8259).
    #[default]
    Json,
    /// One JSON document per line: the elements of an array, so that `$[*]` is every line.
    Ndjson,
    /// RFC 4180 and its relatives: an array of rows, so that `$[*]` is every row, and `$[*].phone` the cells of a
    /// column.
    Csv,
    /// XML 1.0 with namespaces, without document types: no entities but the five, and UTF-8 only.
    ///
    /// `$` is the document, of which the root element is the one member. An element's members are its attributes, by
    /// `@` and the name, and the elements in it, by their names; names are what is written, prefix and all, in paths
    /// `$['soap:Envelope']`. Elements of one name may repeat, and a path selects all of them: `[*]` behind a name says
    /// nothing more, other indices are refused. That holds for keys too: one that finds several scalars sees them all,
    /// in order. What is written must mean one thing: a prefix that stands for two namespaces in one document is
    /// refused, and so are elements, or attributes, of one namespace with two prefixes. What declares a namespace is
    /// no member, and stays with its element.
    ///
    /// An element without attributes and elements is a scalar, its text. Judges see a text always; one that reads as a
    /// number may be a total. Every other element is an object, which [`Action::Keep`] does not let through: of
    /// `<id type="integer">1</id>` the text is the member `#text`. Nothing is an array: what is said of an array's
    /// elements is said of each element with its name, so that repeated scalars are kept, or not, one by one. For
    /// [`Action::Entries`] the entries are the elements in the one at the path; an entry that says its name twice has
    /// none. Records are elements.
    ///
    /// Text between elements passes only where all of the element around it does; else it goes and is counted as
    /// unlisted under `#text`. Comments likewise, under `#comment`. Processing instructions go everywhere, under
    /// `#instruction`. White space goes with the element or attribute that it stands before. An element that is looked
    /// into is written with an end tag of its own, even if it had none and nothing was in it, so that one from which
    /// all was taken cannot be told from one that was empty. A root that goes stays with nothing in it, and a dropped
    /// record that is the root too.
    ///
    /// A mask takes the place of an element's attributes and content, or of an attribute's value; null is nothing at
    /// all. Since any element may repeat, no further record can come only when the root has ended: totals wait for
    /// that, wherever they stand, and of a sole record a second one is refused.
    Xml,
    /// Server-sent events: an array of them, so that `$[*]` is every event. Its members are `data`, which is the JSON
    /// that the event's data holds, and the strings `event`, `id` and `retry`, of each one at the most.
    ///
    /// These three frame the data: they stay with it unless an edit removes or masks them (an `only` by its list of
    /// names to remove). An event whose data goes, or that has none and is no record, goes with them, but for what a
    /// plan names. A time to wait that stands alone (`retry`) is no event and stays. Fields of other names are members
    /// too, which go if nothing names them, as does a `retry` or `id` that clients pass over. Comments are a member
    /// `:`; if nothing names them, the line stays, but its text goes unless it is a word such as `ping`.
    ///
    /// An event cannot be masked as a whole, and goes where an edit says so. Data that is no JSON passes, goes or is
    /// masked where the plan treats data alike whatever it is; where the plan looks into it, the body is refused. Data
    /// that is empty is a string like any other.
    /// Nothing is counted over the whole stream: a total must lie in a record.
    Sse,
}

/// How a body is edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyPlan {
    /// What the body is written in.
    pub format: Format,
    /// How CSV is written. Of no meaning for other formats.
    pub csv: Csv,
    /// JSONPaths, from the body, of strings that hold JSON (H29). What stands in such a string is addressed as if it
    /// stood in the string's place: `$.data[*].attributes.phone`. In JSON, NDJSON and events.
    ///
    /// A string of which something is left whole keeps its bytes. One that holds no JSON is refused, unless the plan
    /// treats it alike whatever it holds; one that is empty is a string like any other, as is a value that is none.
    /// No set has records in strings, and records are none.
    pub embedded: Vec<String>,
    /// Edits outside every record, with paths from the body.
    pub outside: Vec<Edit>,
    /// Where the records are. A nested set stands after the one that it lies in.
    pub sets: Vec<RecordSet>,
}

/// How CSV is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    /// What stands between two cells: `,`, `;` or a tab.
    pub delimiter: u8,
    /// The columns' names. Empty: the first row has them.
    pub columns: Vec<String>,
    /// The encoding's label as the WHATWG Encoding Standard has it: `utf-8`, or one of a single byte for each
    /// character, such as `windows-1252`.
    pub encoding: String,
}

impl Default for Csv {
    fn default() -> Csv {
        Csv { delimiter: b',', columns: Vec::new(), encoding: "utf-8".to_owned() }
    }
}

/// A place in the body that holds records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordSet {
    /// Index of the set that this one lies in, smaller than its own.
    pub within: Option<u32>,
    /// JSONPath of the records, from the body or from the record of `within`.
    pub path: String,
    /// The records are arrays whose elements have names (H30): keys and edits address them by these.
    pub columns: Option<Columns>,
    /// The values that the judge asks to see of each record.
    pub keys: Vec<Key>,
    /// What may be done with a record, numbered from 0.
    pub profiles: Vec<Vec<Edit>>,
    /// The response is about this one record: without it, it is the answer for a missing record (H36).
    pub sole: bool,
}

/// How the elements of positional rows are named (H30), in JSON and NDJSON. A column that no profile of the set lets
/// through goes, its name too; where only some do, `null` takes the place of what goes, so that the rest stays in its
/// column.
///
/// The names pass by this rule and no other, but for an edit that removes or masks them as a whole. Of an object that says
/// a column's name, other members pass where an edit outside records names them, and only of columns that do. Rows that stand
/// before them, that have not one cell for each column, and names that stand twice are refused. No set has records in
/// rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// By this list.
    Listed(Vec<String>),
    /// By the array at this place of the body, which stands before the records: of strings, or of objects that say
    /// their name in the member given.
    At {
        /// JSONPath of names and indices only, from the body.
        path: String,
        /// The member that holds a column's name.
        name: Option<String>,
    },
    /// By the first of the records, an array of strings.
    FirstRow,
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// JSONPath of names, indices, wildcards and descendants, from the record or from the body.
    pub path: String,
    /// What is done there.
    pub action: Action,
}

/// What is done with a value. Where several meet, the strictest holds: remove, mask, recount, only, entries, keep,
/// keep-all. Values that nothing names are removed and counted as unlisted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// Text stays, but each part of it that one of these finds becomes `****` (H38). Of numbers and literals the whole
    /// does, where one finds anything; containers are masked whole.
    Patterns(Vec<Pattern>),
}

/// What is looked for in free text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Telephone numbers, in the ways that people write them.
    Phone,
    /// E-mail addresses.
    Email,
    /// A regular expression of the `regex` crate: linear time, no look-around.
    Regex(String),
}

/// A name whose value is masked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Masked {
    /// The member's or entry's name.
    pub name: String,
    /// What its value becomes.
    pub mask: Mask,
}

/// Which of a list of names pass; the rest is removed and counted as unlisted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Names {
    /// Kept, if scalars or arrays of scalars.
    pub keep: Vec<String>,
    /// Kept with another value; stricter than `keep`.
    pub mask: Vec<Masked>,
    /// Removed as expected: not counted as unlisted. Stricter than `mask`.
    pub remove: Vec<String>,
}

/// An array of entries that say their own name (H30).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
