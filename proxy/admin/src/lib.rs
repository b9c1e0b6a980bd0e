//! The admin API: the directory over HTTP, by the rights of who asks (D10–D12). `ADMIN.md` says what is offered and to
//! whom.
//!
//! [`router`] answers requests by the directory's current snapshot and carries changes out in its store; [`serve`]
//! has a listener of its own for it. `sight.rs` knows what a caller may see and do, `resource/` what each kind of
//! record looks like, `routes/` the paths, `change.rs` how a change is carried out and told.

mod access;
mod answer;
mod change;
mod condition;
mod document;
mod extract;
mod identify;
mod json;
mod members;
mod metrics;
mod needle;
mod options;
mod paging;
mod policies;
mod problem;
mod query;
mod resource;
mod right;
mod routes;
mod serve;
mod shared;
mod sight;
mod warning;

use std::sync::Arc;

use axum::{Router, middleware};
use cordon_directory::Store;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::metrics::Metrics;
use crate::shared::Shared;

pub use identify::Identify;
pub use options::{AdminConfig, Options};
pub use policies::{
    Answering, Policies, PolicyBundle, PolicyEvent, PolicyOrder, PolicyRefusal, PolicyReport,
    PolicyRouteReport, PolicyStanding, PolicyTrial,
};
pub use serve::serve;

/// The API over a store.
pub fn router(store: Arc<Store>, options: Options) -> Router {
    let (router, document) = parts();
    let document = document.to_json().expect("the document holds texts, numbers and flags").into();
    let shared = Shared { store, options, metrics: Metrics::default(), whole: Default::default(), document };
    let shared = Arc::new(shared);
    router
        .fallback(access::no_route)
        .method_not_allowed_fallback(access::no_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), access::around))
        .with_state(shared)
}

/// The OpenAPI document that the API serves at `/openapi.json`.
pub fn document() -> OpenApi {
    parts().1
}

fn parts() -> (Router<Arc<Shared>>, OpenApi) {
    let (router, mut document) =
        routes::all(OpenApiRouter::with_openapi(document::frame())).split_for_parts();
    document::complete(&mut document);
    (router, document)
}
