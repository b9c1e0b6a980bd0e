//! What the rules say of a route.

use cordon_policy_sdk::types::Rights;

use super::document::{Item, Place, Said, Table, listed};
use super::format::Written;
use super::kind::{Part, each};
use super::message::{Message, messages};
use super::{nearest, path, paths};
use crate::path::Path;

/// A kind of request.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) place: Place,
    /// None if it could not be read.
    pub(crate) name: Option<Said<String>>,
    pub(crate) methods: Vec<Said<String>>,
    /// Whether it is a WebSocket: its bodies are then messages.
    pub(crate) websocket: bool,
    pub(crate) path: Option<Said<String>>,
    /// None: any.
    pub(crate) section: Option<String>,
    pub(crate) requires: Rights,
    pub(crate) query: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) changes: Option<Said<bool>>,
    pub(crate) about: Option<Said<About>>,
    /// Whether a request body goes on as it is; otherwise there must be none.
    pub(crate) request_pass: bool,
    /// What a client may say over a WebSocket, beside nothing at all.
    pub(crate) messages: Vec<Message>,
    pub(crate) response: Response,
    pub(crate) written: Written,
    pub(crate) parts: Vec<Part>,
    /// Where strings hold JSON.
    pub(crate) embedded: Vec<Said<Path>>,
    pub(crate) keep: Vec<Said<Path>>,
    pub(crate) keep_all: Vec<Said<Path>>,
    pub(crate) expect: Vec<Said<Path>>,
    pub(crate) total: Vec<Total>,
}

/// Which record a request is about.
#[derive(Debug)]
pub(crate) enum About {
    /// It names none.
    Nothing,
    /// The sole record of this route.
    Record {
        /// The route's name.
        route: Said<String>,
        /// Which of the route's parameters take their value from which of this request's.
        with: Vec<(Said<String>, Said<String>)>,
    },
    /// It could not be read.
    Unknown,
}

/// What becomes of a response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    Edit,
    Pass,
    Empty,
}

/// A number that becomes the number of records kept.
#[derive(Debug)]
pub(crate) struct Total {
    pub(crate) path: Said<Path>,
    /// The records' path; without it, the route's first.
    pub(crate) of: Option<Said<Path>>,
}

impl Route {
    /// Reads `[[route]]`. `all`: how the bodies of all routes are written.
    pub(super) fn read(mut table: Table<'_>, all: &Written) -> Route {
        let name = table.required("name", "give the route a name of its own").and_then(|item| item.said());
        let websocket = table.optional("websocket").and_then(|item| Some(item.saying(item.flag()?)));
        let is_websocket = websocket.as_ref().is_some_and(|said| said.value);
        let methods = if is_websocket { upgrade(&mut table) } else { methods(&mut table) };
        let path = table.required("path", "write the path template, such as \"/api/calls/{id}\"");
        let path = path.and_then(|item| item.said());
        let section = table.required("section", "name the section that a role must open, or \"any\"");
        let section = section.and_then(|item| item.text()).filter(|name| *name != "any").map(str::to_owned);
        let requires = table.optional("requires").map(|item| item.list()).unwrap_or_default();
        let requires = requires.iter().filter_map(right).collect();
        let query = table.optional("query").map(|item| item.texts()).unwrap_or_default();
        let headers = table.optional("headers").map(|item| item.list()).unwrap_or_default();
        let headers = headers.iter().filter_map(header).collect();
        let changes = table.optional("changes").filter(|_| !is_websocket);
        let changes = changes.and_then(|item| Some(item.saying(item.flag()?)));
        let about = table.optional("about").map(|item| item.saying(About::read(&item)));
        let request = table.optional("request");
        let request_pass = request.is_some_and(|item| request_passes(&item));
        let messages = messages(&mut table, is_websocket, request_pass);
        let response = response(&mut table);
        let written = Written::of_route(&mut table, all);
        if let Some(said) = websocket.filter(|said| said.value && written.is_no_json()) {
            let message = "the messages of a WebSocket are JSON documents: write `format = \"json\"`";
            table.problems.add(&said.place, message);
        }
        let edited = Edited::read(&mut table, response);
        let place = table.place.clone();
        table.finish();
        Route {
            place,
            name,
            methods,
            websocket: is_websocket,
            path,
            section,
            requires,
            query: query.into_iter().map(|said| said.value).collect(),
            headers,
            changes,
            about,
            request_pass,
            messages,
            response,
            written,
            parts: edited.parts,
            embedded: edited.embedded,
            keep: edited.keep,
            keep_all: edited.keep_all,
            expect: edited.expect,
            total: edited.total,
        }
    }
}

/// What is said of a body that is edited.
#[derive(Default)]
struct Edited {
    parts: Vec<Part>,
    embedded: Vec<Said<Path>>,
    keep: Vec<Said<Path>>,
    keep_all: Vec<Said<Path>>,
    expect: Vec<Said<Path>>,
    total: Vec<Total>,
}

impl Edited {
    fn read(table: &mut Table<'_>, response: Response) -> Edited {
        if response != Response::Edit {
            for key in ["records", "embedded", "keep", "keep_all", "expect", "total"] {
                if let Some(item) = table.optional(key) {
                    item.wrong::<()>(format!(
                        "a response that is not edited has no `{key}`: take one of them out"
                    ));
                }
            }
            return Edited::default();
        }
        let total = table.optional("total").map(|item| item.list()).unwrap_or_default();
        Edited {
            parts: each(table, "records", |table| Part::read(table, true)),
            embedded: paths(table, "embedded"),
            keep: paths(table, "keep"),
            keep_all: paths(table, "keep_all"),
            expect: paths(table, "expect"),
            total: total.iter().filter_map(Total::read).collect(),
        }
    }
}

impl Total {
    fn read(item: &Item<'_>) -> Option<Total> {
        if item.is_text() {
            return path(item).map(|path| Total { path, of: None });
        }
        let mut table = item.table()?;
        let counted = table.required("path", "say where the total is").and_then(|item| path(&item));
        let of = table.required("of", "write the `path` of the records that it counts");
        let of = of.and_then(|item| path(&item));
        table.finish();
        Some(Total { path: counted?, of: Some(of?) })
    }
}

impl About {
    fn read(item: &Item<'_>) -> About {
        if item.is_flag() {
            if item.flag() == Some(true) {
                item.wrong::<()>(
                    "say which record: `about = { route = \"…\" }`, or `about = false` for none",
                );
                return About::Unknown;
            }
            return About::Nothing;
        }
        let Some(mut table) = item.table() else {
            return About::Unknown;
        };
        let route = table.required("route", "name a GET route of one record").and_then(|item| item.said());
        let with = table.optional("with").and_then(|item| item.table()).map(|table| table.entries());
        let with = with.unwrap_or_default().into_iter();
        let with = with.filter_map(|(parameter, source)| Some((parameter, source.said()?))).collect();
        table.finish();
        route.map_or(About::Unknown, |route| About::Record { route, with })
    }
}

/// The method of a WebSocket: what the contract calls the request to upgrade to one.
pub(crate) const WEBSOCKET: &str = "WEBSOCKET";

/// A WebSocket has a method of its own.
fn upgrade(table: &mut Table<'_>) -> Vec<Said<String>> {
    for key in ["methods", "changes"] {
        if let Some(item) = table.optional(key) {
            item.wrong::<()>(format!("a WebSocket is asked for in one way only: take `{key}` out"));
        }
    }
    vec![Said { value: WEBSOCKET.to_owned(), place: table.place.clone() }]
}

fn methods(table: &mut Table<'_>) -> Vec<Said<String>> {
    let Some(item) = table.optional("methods") else {
        return vec![Said { value: "GET".to_owned(), place: table.place.clone() }];
    };
    let methods = item.list();
    if methods.is_empty() && item.is_list() {
        item.wrong::<()>("no method is named: write [\"GET\"] or take the line out");
    }
    methods.iter().filter_map(method).collect()
}

fn method(item: &Item<'_>) -> Option<Said<String>> {
    match item.text()? {
        "HEAD" => item.wrong("`GET` covers `HEAD`: take it out"),
        "CONNECT" | "TRACE" => item.wrong("this method is never let through: take it out"),
        name if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') => item.said(),
        name => {
            item.wrong(format!("the method `{name}` is not in upper case: write `{}`", name.to_uppercase()))
        }
    }
}

fn right(item: &Item<'_>) -> Option<Rights> {
    let name = item.text()?;
    if let Some((_, right)) = RIGHTS.iter().find(|(known, _)| *known == name) {
        return Some(*right);
    }
    let known = RIGHTS.map(|(known, _)| known);
    match nearest(name, known.into_iter()) {
        Some(known) => item.wrong(format!("the right `{name}` is unknown: did you mean `{known}`?")),
        None => item.wrong(format!("the right `{name}` is unknown: known are {}", listed(&known))),
    }
}

const RIGHTS: [(&str, Rights); 7] = [
    ("see-everything", Rights::SEE_EVERYTHING),
    ("list-projects", Rights::LIST_PROJECTS),
    ("manage-access", Rights::MANAGE_ACCESS),
    ("manage-projects", Rights::MANAGE_PROJECTS),
    ("see-masked-fields", Rights::SEE_MASKED_FIELDS),
    ("manage-fields", Rights::MANAGE_FIELDS),
    ("see-fields", Rights::SEE_FIELDS),
];

fn header(item: &Item<'_>) -> Option<String> {
    let name = item.text()?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(token) {
        return item.wrong(format!("`{name}` is not a header's name: use letters, digits and `-`"));
    }
    let lower = name.to_ascii_lowercase();
    if NEVER_PASSED.contains(&lower.as_str()) {
        let reason = "it frames, validates or identifies the backend's own answer";
        return item.wrong(format!("the header `{lower}` cannot pass, since {reason}: take it out"));
    }
    Some(lower)
}

/// Headers that tell of the body as the backend sent it, of the connection, or of a session with the backend.
const NEVER_PASSED: [&str; 22] = [
    "connection",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "digest",
    "etag",
    "keep-alive",
    "last-modified",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-connection",
    "repr-digest",
    "set-cookie",
    "signature",
    "signature-input",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "accept-ranges",
];

fn request_passes(item: &Item<'_>) -> bool {
    match item.text() {
        Some("pass") => true,
        Some(other) if other != "empty" => {
            item.wrong::<()>(format!("`request = \"{other}\"` is unknown: write `pass` or `empty`"));
            false
        }
        _ => false,
    }
}

fn response(table: &mut Table<'_>) -> Response {
    let item = table.optional("response");
    let unfiltered = table.optional("unfiltered");
    let response = item.as_ref().and_then(|item| match item.text()? {
        "edit" => Some(Response::Edit),
        "pass" => Some(Response::Pass),
        "empty" => Some(Response::Empty),
        other => item.wrong(format!("`response = \"{other}\"` is unknown: write `edit`, `pass` or `empty`")),
    });
    let response = response.unwrap_or(Response::Edit);
    match (&item, &unfiltered) {
        (Some(item), None) if response == Response::Pass => {
            item.wrong::<()>("the whole response passes unread: say why with `unfiltered = \"…\"`");
        }
        (_, Some(unfiltered)) if response != Response::Pass => {
            unfiltered
                .wrong::<()>("`unfiltered` goes with `response = \"pass\"`: add that, or take this out");
        }
        (_, Some(unfiltered)) => {
            unfiltered.text();
        }
        _ => {}
    }
    response
}
