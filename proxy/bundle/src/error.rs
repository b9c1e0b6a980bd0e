//! Why bytes are no bundle.

use cordon_settings::Problem;

/// Why an archive is refused, or cannot be written. The fault is always that of whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A part is larger than bundles may be.
    #[error("the bundle's {part} is larger than {limit} bytes")]
    TooLarge {
        /// Which part, for people.
        part: String,
        /// In bytes, from [`crate::limits`].
        limit: usize,
    },
    /// There are more cases than bundles may have.
    #[error("the bundle has more than {} cases", crate::limits::CASES)]
    TooManyCases,
    /// The archive ends before what it announces.
    #[error("the archive is cut off in {place}")]
    CutOff {
        /// Where, for people.
        place: String,
    },
    /// A header is not the one that this writer writes: another format, owner, time, mode, link or checksum.
    #[error(
        "the archive's header at byte {offset} is not written as bundles are: its {field} differs; make bundles \
         with `cordon policy build`"
    )]
    Header {
        /// Where the header begins, in bytes from the beginning.
        offset: usize,
        /// The first field that differs.
        field: &'static str,
    },
    /// An entry that does not belong here: unknown, doubled, or out of order.
    #[error("the archive has {found} where {expected} belongs")]
    Entry {
        /// The entry's name in quotes, shortened, or the end.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// Between the end of an entry and the next header there is something.
    #[error("behind {name} the archive is not filled up with zeros")]
    Padding {
        /// The entry's name.
        name: String,
    },
    /// There is something behind the end.
    #[error("there is something behind the archive's end")]
    Trailing,
    /// A part that is to be text is not.
    #[error("{name} is not text in UTF-8")]
    NotText {
        /// The entry's name.
        name: String,
    },
    /// The component is empty.
    #[error("the component is empty")]
    NoComponent,
    /// A case's name cannot be used as it is.
    #[error(
        "{name} cannot be the name of a case: letters, digits, `-`, `_` and `.` in between, ending with `.toml` or \
         `.json`, {} at most",
        crate::limits::CASE_NAME
    )]
    CaseName {
        /// The name in quotes, shortened.
        name: String,
    },
    /// Two cases have one name, or names that file systems may take for one.
    #[error("two cases are called {name}")]
    CaseTwice {
        /// The name.
        name: String,
    },
    /// The manifest has mistakes: all of them.
    #[error("manifest.toml: {}", listed(.problems))]
    Manifest {
        /// The manifest as it stands, to show the places in it.
        text: String,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
}

/// A name out of an archive as it may be shown: in quotes, escaped and shortened.
pub(crate) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
