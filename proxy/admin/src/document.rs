//! What the OpenAPI document says of every operation alike, so that no operation forgets it.

use std::collections::BTreeMap;

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::{Fault, ProblemDocument};

/// A merge patch (RFC 7396): the members to change; null takes one away.
pub(crate) struct MergePatch;

impl utoipa::PartialSchema for MergePatch {
    fn schema() -> RefOr<Schema> {
        let description = "A merge patch (RFC 7396): the members to change; null takes one away.";
        let any = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new().additional_properties(Some(any)).description(Some(description)).into()
    }
}

impl utoipa::ToSchema for MergePatch {}

/// A directory as one document.
pub(crate) struct DirectoryDocument;

impl utoipa::PartialSchema for DirectoryDocument {
    fn schema() -> RefOr<Schema> {
        let description = "A directory, or a part of one: `format`, `settings`, and a list for each kind of record, as \
                           `cordon directory export --format json` writes it.";
        let any = AdditionalProperties::FreeForm(true);
        ObjectBuilder::new().additional_properties(Some(any)).description(Some(description)).into()
    }
}

impl utoipa::ToSchema for DirectoryDocument {}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Cordon admin API",
        description = "Projects, people, fields and objects of a Cordon directory, by the rights of who asks. \
                       A change is in force at its users' next request, and on record.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument, Fault, MergePatch, DirectoryDocument)),
    tags(
        (name = "me", description = "The caller."),
        (name = "projects", description = "Projects and what is in them."),
        (name = "users", description = "People and their tokens."),
        (name = "groups", description = "Groups of people."),
        (name = "roles", description = "What people may do and see."),
        (name = "fields", description = "Contact fields."),
        (name = "object-kinds", description = "Kinds of object."),
        (name = "objects", description = "Objects of the backend."),
        (name = "settings", description = "What holds for the whole directory."),
        (name = "history", description = "Who changed what, and when."),
        (name = "directory", description = "The directory as a whole."),
        (name = "policy", description = "What is in force, what is tried out beside it, and what was before."),
        (name = "operations", description = "How it is doing."),
    ),
)]
struct Frame;

/// The document before any path.
pub(crate) fn frame() -> OpenApi {
    Frame::openapi()
}

/// Adds what holds for every operation: who may call it, and every status it can answer with.
pub(crate) fn complete(document: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the directory, or a JWT whose subject is one of its users."))
        .build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
            let words: Vec<&str> = std::iter::once(method).chain(words).collect();
            operation.operation_id = Some(words.join("-").to_lowercase());
            let added = statuses(path, method, operation);
            for (status, description) in added {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
            }
        }
    }
}

/// The operations of a path, with their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn statuses(path: &str, method: &str, operation: &Operation) -> BTreeMap<&'static str, &'static str> {
    let mut statuses = BTreeMap::from([
        ("400", "The path, the query, a header or the form of the body cannot be read."),
        ("406", "The caller takes no JSON."),
        ("503", "The directory's database does not answer, or the answer took too long."),
    ]);
    if operation.security.is_none() {
        statuses.insert("401", "There are no credentials, or none that are valid here.");
        statuses.insert("403", "The caller lacks a right, which is named.");
        statuses.insert("500", "Something went wrong here; the operator finds more in the log.");
    }
    if path.contains('{') {
        statuses.insert(
            "404",
            "There is nothing of this name, or the caller may not see it: one answer for both.",
        );
    }
    if path.starts_with("/policy") {
        statuses.insert("409", "It cannot be as things stand, or the policy is not a bundle.");
    }
    if ["/history", "/verify"].contains(&path) {
        statuses.insert("409", "The directory is a file, which has no history.");
    }
    if method != "GET" {
        statuses.insert("409", "It conflicts with what is there, or the directory is a file.");
        statuses.insert("422", "The directory cannot be changed so: every error with its place.");
    }
    if operation.request_body.is_some() {
        statuses.insert("408", "The body did not arrive in time.");
        statuses.insert("413", "The body is too large.");
        statuses.insert("415", "The body is not sent as JSON.");
    }
    let is_whole = operation.request_body.is_some() || method == "DELETE";
    if path.contains('{') && method != "GET" && is_whole && method != "POST" {
        statuses.insert("412", "What is there is not what the caller saw.");
    }
    if method == "PUT" && operation.request_body.is_some() {
        statuses.insert("428", "What is there is replaced only with If-Match.");
    }
    statuses
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
