//! `cordon directory status`.

use std::time::SystemTime;

use cordon_directory::{Security, Topic};
use serde_json::json;

use super::session::Session;
use crate::Failure;
use crate::config::DirectoryPlace;

pub(super) fn run(session: &Session) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    let status = session.store().status();
    let place = match &session.config.directory.place {
        DirectoryPlace::File(path) => format!("file:{}", path.display()),
        DirectoryPlace::Database(url) => url.to_string(),
    };
    let security = match state.settings().security {
        Security::Simplified => "simplified",
        Security::Enhanced => "enhanced",
    };
    let advice = snapshot.advice();
    let about = |topic: Topic| advice.iter().filter(|advice| advice.topic == topic).count();
    let fields = snapshot.all_fields().count();
    let gone = state.objects().filter(|object| object.gone).count();
    let unassigned = state.objects().filter(|object| object.projects.is_empty()).count();
    let objects = state.objects().count();
    let archived = state.projects().filter(|project| project.archived).count();
    let lines = [
        ("directory", place.clone()),
        (
            "change",
            if session.store().is_writable() { status.change.to_string() } else { "– (a file)".to_owned() },
        ),
        ("security", security.to_owned()),
        ("projects", format!("{}, {archived} archived", state.projects().len())),
        ("users", format!("{}, {} still in Default", state.users().len(), about(Topic::StillInDefault))),
        ("tokens", state.tokens().len().to_string()),
        ("groups", state.groups().len().to_string()),
        ("roles", state.roles().len().to_string()),
        (
            "fields",
            format!(
                "{fields}, {} without a project, {} shared",
                about(Topic::UnassignedField),
                about(Topic::SharedField)
            ),
        ),
        ("objects", format!("{objects}, {unassigned} without a project, {gone} gone")),
        ("trouble", status.trouble.as_ref().map_or("none".to_owned(), |trouble| trouble.message.clone())),
    ];
    let confirmed = status.confirmed.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let document = json!({
        "directory": place,
        "change": status.change,
        "confirmed": u64::try_from(confirmed.as_millis()).unwrap_or(u64::MAX),
        "security": security,
        "projects": { "all": state.projects().len(), "archived": archived },
        "users": { "all": state.users().len(), "still_in_default": about(Topic::StillInDefault) },
        "tokens": state.tokens().len(),
        "groups": state.groups().len(),
        "roles": state.roles().len(),
        "fields": {
            "all": fields,
            "unassigned": about(Topic::UnassignedField),
            "shared": about(Topic::SharedField),
        },
        "objects": { "all": objects, "unassigned": unassigned, "gone": gone },
        "trouble": status.trouble.map(|trouble| trouble.message),
    });
    session.output.one(&lines, &document)
}
