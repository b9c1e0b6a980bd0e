//! `/me`: what everybody may know of themselves.

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::json;
use crate::extract::NoQuery;
use crate::problem::Problem;
use crate::resource::SectionsView;
use crate::sight::Sight;

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// By which the caller is known.
    pub login: String,
    /// What people call the caller.
    pub name: String,
    /// The projects that the caller is in and that are not archived.
    pub projects: Vec<Own>,
    /// Names of the caller's roles.
    pub roles: Vec<String>,
    /// What the roles grant together.
    #[schema(value_type = Vec<String>)]
    pub rights: Vec<&'static str>,
    /// What the roles open together.
    pub sections: SectionsView,
    /// Whether the caller has the role Admin.
    pub administrator: bool,
}

/// A project that the caller is in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Own {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Who the caller is, and what they may do.
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, description = "The caller.", body = Me)))]
pub(crate) async fn me(sight: Sight, _: NoQuery) -> Result<Response, Problem> {
    let user = sight.user();
    let own = sight.scope().projects.iter().filter_map(|id| sight.state().project(id));
    Ok(json(&Me {
        login: user.login.to_string(),
        name: user.name.clone(),
        projects: own.map(|own| Own { id: own.id.to_string(), name: own.name.clone() }).collect(),
        roles: user.roles.iter().map(ToString::to_string).collect(),
        rights: sight.rights().names().collect(),
        sections: SectionsView::from(&sight.scope().sections),
        administrator: user.is_administrator(),
    }))
}
