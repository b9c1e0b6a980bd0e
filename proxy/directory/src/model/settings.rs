//! What holds for the whole directory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Whether the deployment restricts anybody (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Nobody is restricted: the gateway only observes what enforcement would do.
    Simplified,
    /// Isolation by project.
    Enhanced,
}

/// What holds for the whole directory: one record, whose key is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The security type (D1).
    pub security: Security,
    /// Id of the project that the switch to enhanced made (D1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_project: Option<Arc<str>>,
}
