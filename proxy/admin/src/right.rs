//! What is needed to do something (D10–D12).

use cordon_directory::Rights;

use crate::problem::Problem;
use http::StatusCode;

/// What a caller can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    SeeEverything,
    ListProjects,
    ManageAccess,
    ManageProjects,
    SeeMaskedFields,
    ManageFields,
    SeeFields,
    /// The built-in role, and no other that grants as much (D11).
    Administrator,
}

impl Right {
    pub(crate) fn is_held(self, rights: Rights, is_administrator: bool) -> bool {
        match self {
            Right::SeeEverything => rights.see_everything,
            Right::ListProjects => rights.list_projects,
            Right::ManageAccess => rights.manage_access,
            Right::ManageProjects => rights.manage_projects,
            Right::SeeMaskedFields => rights.see_masked_fields,
            Right::ManageFields => rights.manage_fields,
            Right::SeeFields => rights.see_fields,
            Right::Administrator => is_administrator,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Right::SeeEverything => "the right `see-everything`",
            Right::ListProjects => "the right `list-projects`",
            Right::ManageAccess => "the right `manage-access`",
            Right::ManageProjects => "the right `manage-projects`",
            Right::SeeMaskedFields => "the right `see-masked-fields`",
            Right::ManageFields => "the right `manage-fields`",
            Right::SeeFields => "the right `see-fields`",
            Right::Administrator => "the role Admin",
        }
    }
}

/// The refusal for want of one of these.
pub(crate) fn missing(any_of: &[Right]) -> Problem {
    let told: Vec<&str> = any_of.iter().map(|right| right.told()).collect();
    let detail = format!("This needs {}. Whoever has the role Admin grants rights.", told.join(" or "));
    Problem::new(StatusCode::FORBIDDEN, "right-missing", detail)
}
