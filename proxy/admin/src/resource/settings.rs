//! What holds for the whole directory (D1).

use cordon_directory::{Security, model::Settings};
use serde::Serialize;
use utoipa::ToSchema;

use crate::warning::Warning;

/// What holds for the whole directory.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsView {
    /// The security type (D1): `simplified` restricts nobody, `enhanced` isolates by project.
    #[schema(value_type = String)]
    pub security: &'static str,
    /// Id of the project that the switch to enhanced made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub default_project: Option<String>,
    /// What to know about what was just changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<Warning>,
}

impl From<&Settings> for SettingsView {
    fn from(settings: &Settings) -> SettingsView {
        let security = match settings.security {
            Security::Simplified => "simplified",
            Security::Enhanced => "enhanced",
        };
        let default_project = settings.default_project.as_deref().map(str::to_owned);
        SettingsView { security, default_project, warnings: Vec::new() }
    }
}
