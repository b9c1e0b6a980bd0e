//! The paths of the API, each with its document.

mod contents;
mod fields;
mod groups;
mod history;
mod kinds;
mod me;
mod members;
mod objects;
mod operations;
mod policy;
mod projects;
mod roles;
mod settings;
mod tokens;
mod users;
mod whole;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::shared::Shared;

/// All of them. What is served and what is documented are one thing here.
pub(crate) fn all(router: OpenApiRouter<Arc<Shared>>) -> OpenApiRouter<Arc<Shared>> {
    router
        .routes(routes!(me::me))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get, projects::put, projects::patch, projects::remove))
        .routes(routes!(members::list))
        .routes(routes!(members::add_user, members::remove_user))
        .routes(routes!(members::add_group, members::remove_group))
        .routes(routes!(contents::list_objects))
        .routes(routes!(contents::add_object, contents::remove_object))
        .routes(routes!(contents::list_fields))
        .routes(routes!(contents::add_field, contents::remove_field))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::put, users::patch, users::remove))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::remove))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::put, groups::patch, groups::remove))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::get, roles::put, roles::patch, roles::remove))
        .routes(routes!(fields::list, fields::create))
        .routes(routes!(fields::get, fields::put, fields::patch, fields::remove))
        .routes(routes!(kinds::list, kinds::create))
        .routes(routes!(kinds::get, kinds::put, kinds::remove))
        .routes(routes!(objects::list, objects::create))
        .routes(routes!(objects::get, objects::put, objects::patch, objects::remove))
        .routes(routes!(settings::get))
        .routes(routes!(settings::enhance))
        .routes(routes!(settings::simplify))
        .routes(routes!(history::list))
        .routes(routes!(whole::export))
        .routes(routes!(whole::import))
        .routes(routes!(whole::verify))
        .routes(routes!(policy::get))
        .routes(routes!(policy::history))
        .routes(routes!(policy::begin_trial, policy::end_trial))
        .routes(routes!(policy::promote))
        .routes(routes!(policy::rollback))
        .routes(routes!(operations::health))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::document))
}
