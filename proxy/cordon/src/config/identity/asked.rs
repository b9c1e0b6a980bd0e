//! `[identity.introspection]`, `[identity.who_am_i]` and `[identity.basic]`: who is asked about credentials.

use std::path::Path;
use std::time::Duration;

use cordon_gateway::{
    BasicSettings, CredentialPlace, IntrospectionSettings, NamedBy, Passwords, Remembrance, WhoAmISettings,
};
use cordon_settings::{Problems, Table, Text};
use http::Method;

use super::super::{sync, values};
use super::{choice, naming};

/// How long whoever is asked may take.
const DEADLINE: Duration = Duration::from_secs(5);

const PLACES: [(&str, CredentialPlace); 4] = [
    ("authorization", CredentialPlace::Authorization),
    ("header", CredentialPlace::Header),
    ("query", CredentialPlace::Query),
    ("cookie", CredentialPlace::Cookie),
];

/// Cookies are the backend's: they are not shown to an issuer unless that is said.
pub(super) fn introspection(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<IntrospectionSettings> {
    let url = table.required("url", problems).and_then(|text| values::url(&text, "url", problems));
    let client = table.required("client", problems);
    let secret =
        values::required_file(table, "secret_file", folder, problems).and_then(|file| file.line(problems));
    let usual = [CredentialPlace::Authorization, CredentialPlace::Header, CredentialPlace::Query];
    let settings = IntrospectionSettings {
        issuer: table.text("issuer", problems).map(|text| text.value),
        audiences: table.text("audience", problems).map(|text| text.value).into_iter().collect(),
        claim: table.text("claim", problems).map_or_else(|| "sub".to_owned(), |text| text.value),
        naming: naming(table, NamedBy::Subject, problems),
        remembrance: remembrance(table, problems),
        deadline: values::duration(table, "deadline", DEADLINE, problems),
        from: places(table, &usual, problems),
        url: url?,
        client: client?.value,
        secret: secret?,
    };
    Some(settings)
}

pub(super) fn who_am_i(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<WhoAmISettings> {
    let path = table.required("path", problems);
    if let Some(path) = path.as_ref().filter(|path| !path.value.starts_with('/')) {
        problems
            .at(path.span.clone(), "`path` is not the path of a route")
            .help("write what follows the address in the backend's URL, such as \"/api/me\"");
    }
    let user = sync::json_path(table, "user", true, problems);
    let method = match table.text("method", problems) {
        None => Method::GET,
        Some(Text { value, span }) => match value.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            _ => {
                problems
                    .at(span, "`method` is neither \"GET\" nor \"POST\"")
                    .help("it is sent without a body");
                Method::GET
            }
        },
    };
    let usual = PLACES.map(|(_, place)| place);
    let settings = WhoAmISettings {
        method,
        naming: naming(table, NamedBy::Login, problems),
        remembrance: remembrance(table, problems),
        deadline: values::duration(table, "deadline", DEADLINE, problems),
        from: places(table, &usual, problems),
        path: path?.value,
        user: user?,
    };
    Some(settings)
}

/// The backend is asked about passwords as it is about anything else.
pub(super) fn basic(
    table: &mut Table<'_, '_>,
    who_am_i: Option<&Option<WhoAmISettings>>,
    problems: &mut Problems<'_>,
) -> Option<BasicSettings> {
    let challenge = table.flag("challenge", problems);
    let knows = choice(table, "passwords", &[("directory", false), ("backend", true)], problems);
    let passwords = match (knows.unwrap_or(false), who_am_i) {
        (false, _) => Passwords::Directory,
        // What is wrong with that table is told there.
        (true, Some(settings)) => Passwords::Backend(settings.clone()?),
        (true, None) => {
            problems.at(table.span(), "`passwords = \"backend\"` needs `[identity.who_am_i]`").help(
                "say there how the backend is asked; with `from = []` it is asked about passwords alone",
            );
            return None;
        }
    };
    Some(BasicSettings { passwords, challenge })
}

fn remembrance(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Remembrance {
    let usual = Remembrance::default();
    Remembrance {
        time: values::duration(table, "remember", usual.time, problems),
        entries: table.count("remember_entries", usual.entries, problems),
    }
}

fn places(
    table: &mut Table<'_, '_>,
    usual: &[CredentialPlace],
    problems: &mut Problems<'_>,
) -> Vec<CredentialPlace> {
    if !table.has("from") {
        return usual.to_vec();
    }
    let texts = table.texts("from", problems);
    texts.iter().filter_map(|text| super::chosen(text, "from", &PLACES, problems)).collect()
}
