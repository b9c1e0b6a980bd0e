//! `/projects/{id}/objects` and `/projects/{id}/fields`: what is in a project (D4, D7).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Field, Key, Object};
use http::StatusCode;

use crate::change::{Asked, Written, change};
use crate::extract::{NoQuery, Segments};
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{FieldView, ObjectView, Resource, find, project_in_reach, seen};
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;

/// Objects and fields are put in and taken out by whoever manages projects (D10).
const PLACE: &[Right] = &[Right::ManageProjects];

/// The objects of a project.
#[utoipa::path(
    get, path = "/projects/{id}/objects", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("type" = Option<String>, Query, description = "Only those of this kind."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<ObjectView>, headers(("Link" = String)))),
)]
pub(crate) async fn list_objects(
    sight: Sight,
    Segments(id): Segments<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(Object::READ)?;
    let page = Page::read(&mut query);
    let kind = query.take("type");
    checked(query)?;
    project_in_reach(&sight, &id)?;
    blocking(move || {
        let objects = sight.state().objects().filter(|object| {
            object.projects.has(&id) && kind.as_ref().is_none_or(|kind| *object.kind == **kind)
        });
        page.answer(objects.map(|object| ((&*object.kind, &*object.id), object)), |object| {
            object.view(&sight)
        })
    })
    .await
}

/// Puts an object into a project.
///
/// Doing so again changes nothing. An object that may be in one project only has to leave the other first (D6).
#[utoipa::path(
    put, path = "/projects/{id}/objects/{kind}/{object}", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = String, Path, description = "Kind of object."),
        ("object" = String, Path, description = "What the backend calls the object."),
    ),
    responses((status = 200, description = "The object is in the project.", body = ObjectView, headers(("ETag" = String)))),
)]
pub(crate) async fn add_object(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, kind, object)): Segments<(String, String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    add::<Object>(&shared, &sight, id, Key::object(kind, object)).await
}

/// Takes an object out of a project.
#[utoipa::path(
    delete, path = "/projects/{id}/objects/{kind}/{object}", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = String, Path, description = "Kind of object."),
        ("object" = String, Path, description = "What the backend calls the object."),
    ),
    responses((status = 204, description = "The object is not in the project.")),
)]
pub(crate) async fn remove_object(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, kind, object)): Segments<(String, String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    remove::<Object>(&shared, &sight, id, Key::object(kind, object)).await
}

/// The contact fields that a project uses, system fields among them (D16).
#[utoipa::path(
    get, path = "/projects/{id}/fields", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = Option<String>, Query, description = "Only those of this kind of record."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<FieldView>, headers(("Link" = String)))),
)]
pub(crate) async fn list_fields(
    sight: Sight,
    Segments(id): Segments<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(Field::READ)?;
    let page = Page::read(&mut query);
    let kind = query.take("kind");
    checked(query)?;
    project_in_reach(&sight, &id)?;
    blocking(move || {
        let fields = sight.state().fields().flat_map(|(_, fields)| fields).filter(|field| {
            (field.system || field.projects.has(&id))
                && kind.as_ref().is_none_or(|kind| *field.kind == **kind)
        });
        page.answer(fields.map(|field| ((&*field.kind, &*field.key), field)), |field| field.view(&sight))
    })
    .await
}

/// Puts a contact field into a project.
///
/// Doing so again changes nothing. The answer warns if the field is then shared (D20).
#[utoipa::path(
    put, path = "/projects/{id}/fields/{kind}/{key}", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = String, Path, description = "Kind of record."),
        ("key" = String, Path, description = "What the backend calls the field."),
    ),
    responses((status = 200, description = "The field is in the project.", body = FieldView, headers(("ETag" = String)))),
)]
pub(crate) async fn add_field(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, kind, key)): Segments<(String, String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    sight.need(Field::READ)?;
    add::<Field>(&shared, &sight, id, Key::field(kind, key)).await
}

/// Takes a contact field out of a project.
#[utoipa::path(
    delete, path = "/projects/{id}/fields/{kind}/{key}", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = String, Path, description = "Kind of record."),
        ("key" = String, Path, description = "What the backend calls the field."),
    ),
    responses((status = 204, description = "The field is not in the project.")),
)]
pub(crate) async fn remove_field(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, kind, key)): Segments<(String, String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    sight.need(Field::READ)?;
    remove::<Field>(&shared, &sight, id, Key::field(kind, key)).await
}

async fn add<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    id: String,
    key: Key,
) -> Result<Response, Problem> {
    sight.need(PLACE)?;
    let (written, _) = change(shared, sight, "add to project", Asked::default(), move |draft, sight| {
        sight.need(PLACE)?;
        sight.need(R::READ)?;
        project_in_reach(sight, &id)?;
        // What the caller does not see cannot be pulled into a project where they would.
        find::<R>(sight, &key)?;
        draft.join(&key, &id);
        let after = sight.before(draft.state())?;
        let record: R = find(&after, &key)?;
        Ok(Written::ok(seen(&record, &after), record.warnings(&after)))
    })
    .await?;
    Ok(written.response())
}

async fn remove<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    id: String,
    key: Key,
) -> Result<Response, Problem> {
    sight.need(PLACE)?;
    let (written, _) = change(shared, sight, "remove from project", Asked::default(), move |draft, sight| {
        sight.need(PLACE)?;
        sight.need(R::READ)?;
        project_in_reach(sight, &id)?;
        let record: R = find(sight, &key)?;
        if !record.clone().record().projects().iter().any(|own| **own == *id) {
            return Err(match record.record() {
                cordon_directory::Record::Field(field) if field.system => {
                    let detail = "A system field is in every project and cannot be taken out of one (D16).";
                    Problem::new(StatusCode::CONFLICT, "system-field", detail)
                }
                _ => Problem::not_found(),
            });
        }
        draft.leave(&key, &id);
        Ok(Written::nothing())
    })
    .await?;
    Ok(written.response())
}
