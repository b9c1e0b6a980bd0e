//! What is not wrong with a change, but worth knowing (D2, D20, D21).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the caller should know about what was just written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Warning {
    /// `shared-field` (D20), `still-in-default` (D2) or `unassigned` (D21).
    pub topic: String,
    /// One sentence, and what to do.
    pub detail: String,
}

impl Warning {
    pub(crate) fn new(topic: &str, detail: String) -> Warning {
        Warning { topic: topic.to_owned(), detail }
    }
}
