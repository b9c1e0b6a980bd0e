//! Reads a case from its file, and tells every mistake in it at once.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use cordon_directory::{Snapshot, Store};
use cordon_settings::{Problem, Problems, Table, Text, nearest, note_syntax, text_of, texts_of, wrong_type};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use toml::de::{DeTable, DeValue};

use crate::case::{BackendAnswer, Case, Content, Expected};
use crate::run::PROJECT;
use crate::set::{CaseFile, Shared};
use crate::tree::Tree;

/// Reads a case.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn case(file: &CaseFile, shared: &Shared<'_>) -> Result<Case, Vec<Problem>> {
    let mut problems = Problems::new(&file.text);
    let document = match DeTable::parse(&file.text) {
        Ok(document) => document,
        Err(error) => {
            note_syntax(&file.text, &error, &mut problems);
            return Err(problems.finish());
        }
    };
    let mut reader = Reader { problems, shared, text: &file.text, texts: vec![file.text.clone()] };
    let mut table = Table::document("case", &document);
    let shows = table.required("shows", &mut reader.problems);
    let directory = reader.directory(&mut table);
    let request = reader.request(&mut table);
    let backend = reader.backend(&mut table);
    let answers = reader.answers(&mut table, directory.as_deref());
    table.finish(&mut reader.problems);
    match (shows, directory, request, reader.problems.is_empty()) {
        (Some(shows), Some(directory), Some(request), true) => Ok(Case {
            file: file.name.clone(),
            texts: reader.texts,
            shows: shows.value,
            directory,
            request,
            backend: backend.into(),
            answers,
        }),
        _ => Err(reader.problems.finish()),
    }
}

struct Reader<'a> {
    problems: Problems<'a>,
    shared: &'a Shared<'a>,
    text: &'a str,
    /// What the case is made of.
    texts: Vec<String>,
}

/// A body as it is written in a case.
struct Body {
    text: String,
    is_json: bool,
    span: Range<usize>,
}

impl Reader<'_> {
    /// The directory of this name, or the one that stands in the case. `None`: something was wrong.
    fn directory(&mut self, table: &mut Table<'_, '_>) -> Option<Arc<Store>> {
        let Some(value) = table.take("directory") else {
            self.problems.at(table.span(), "the case has no `directory`").help(
                "name one of the files beside it, as in `directory = \"people.toml\"`, or add `[directory]`",
            );
            return None;
        };
        match value.get_ref() {
            DeValue::String(name) => {
                let Some(directory) = self.shared.directory(name) else {
                    self.no_such_file(name, value.span());
                    return None;
                };
                self.texts.extend(self.shared.text(name).map(str::to_owned));
                if directory.is_none() {
                    let message = format!("the directory `{name}` has mistakes of its own");
                    self.problems.at(value.span(), message);
                }
                directory
            }
            DeValue::Table(_) => self.directory_inside(value.span()),
            _ => {
                let expected = "the name of a file or a table";
                wrong_type(&mut self.problems, value, "directory", expected);
                None
            }
        }
    }

    /// What stands under `directory` as a file of its own. Places in that are none in this file.
    fn directory_inside(&mut self, span: Range<usize>) -> Option<Arc<Store>> {
        let mut document: toml::Table = toml::from_str(self.text).ok()?;
        let text = toml::to_string(document.get_mut("directory")?).ok()?;
        match Snapshot::parse(&text) {
            Ok(snapshot) => Some(Arc::new(Store::fixed(snapshot))),
            Err(mistakes) => {
                for mistake in mistakes {
                    self.problems.at(span.clone(), format!("in the directory: {mistake}"));
                }
                None
            }
        }
    }

    fn request(&mut self, table: &mut Table<'_, '_>) -> Option<Request<Bytes>> {
        let mut table = table.required_table("request", &mut self.problems)?;
        let method = self.method(&mut table);
        let target = table.required("path", &mut self.problems).and_then(|path| {
            let target = path.value.parse::<Uri>().ok().filter(|_| path.value.starts_with('/'));
            if target.is_none() {
                self.problems
                    .at(path.span, "`path` is not one that can be asked for")
                    .help("it begins with `/`; what a URL cannot hold is written %20 and the like");
            }
            target
        });
        let mut headers = self.headers(&mut table);
        if let Some(project) = table.text("project", &mut self.problems) {
            match HeaderValue::from_str(&project.value) {
                Ok(value) => {
                    headers.insert(PROJECT, value);
                }
                Err(_) => {
                    self.problems.at(project.span, "`project` cannot stand in a header");
                }
            }
        }
        let body = self.body(&mut table);
        if let Some(body) = body.as_ref().filter(|body| body.is_json) {
            self.json(body);
            headers.entry(header::CONTENT_TYPE).or_insert(JSON);
        }
        table.finish(&mut self.problems);
        let mut request = Request::new(body.map(|body| Bytes::from(body.text)).unwrap_or_default());
        *request.method_mut() = method?.unwrap_or(Method::GET);
        *request.uri_mut() = target?;
        *request.headers_mut() = headers;
        Some(request)
    }

    fn backend(&mut self, table: &mut Table<'_, '_>) -> Vec<BackendAnswer> {
        let tables = table.tables("backend", &mut self.problems);
        tables.into_iter().filter_map(|table| self.backend_answer(table)).collect()
    }

    fn backend_answer(&mut self, mut table: Table<'_, '_>) -> Option<BackendAnswer> {
        let method = self.method(&mut table);
        let path = table.text("path", &mut self.problems);
        if let Some(path) = path.as_ref().filter(|path| !path.value.starts_with('/')) {
            self.problems.at(path.span.clone(), "`path` does not begin with `/`");
        }
        let status = self.status(&mut table);
        let mut headers = self.headers(&mut table);
        let kind = table.text("type", &mut self.problems);
        let body = self.body(&mut table);
        match (&body, &kind) {
            (Some(body), None) if !body.is_json && !headers.contains_key(header::CONTENT_TYPE) => {
                self.problems
                    .at(body.span.clone(), "the backend's body has no `type`")
                    .help("say what it is, as in `type = \"text/csv\"`");
            }
            (Some(body), None) if body.is_json => {
                headers.entry(header::CONTENT_TYPE).or_insert(JSON);
            }
            (_, Some(kind)) => match HeaderValue::from_str(&kind.value) {
                Ok(value) => {
                    headers.insert(header::CONTENT_TYPE, value);
                }
                Err(_) => {
                    self.problems.at(kind.span.clone(), "`type` is no media type");
                }
            },
            _ => {}
        }
        table.finish(&mut self.problems);
        let body = body.map(|body| Bytes::from(body.text)).unwrap_or_default();
        Some(BackendAnswer {
            method: method?,
            path: path.map(|path| path.value),
            status: status?,
            headers,
            body,
        })
    }

    fn answers(&mut self, table: &mut Table<'_, '_>, directory: Option<&Store>) -> Vec<Expected> {
        let tables = table.tables("answer", &mut self.problems);
        if tables.is_empty() {
            self.problems
                .at(table.span(), "the case says of no caller what they must get")
                .help("add `[[answer]]` with `to = \"…\"`");
        }
        let mut answers: Vec<Expected> = Vec::new();
        for table in tables {
            if let Some(expected) = self.expected(table, directory, &answers) {
                answers.push(expected);
            }
        }
        answers
    }

    fn expected(
        &mut self,
        mut table: Table<'_, '_>,
        directory: Option<&Store>,
        others: &[Expected],
    ) -> Option<Expected> {
        let callers = self.callers(&mut table, directory, others);
        let has_status = table.take("status").is_some();
        let status = self.status(&mut table);
        let headers = self.expected_headers(&mut table);
        let asked = self.asked(&mut table);
        let refused = table.text("refused", &mut self.problems);
        let body = self.body(&mut table);
        let content = match (refused, body) {
            (Some(refused), Some(body)) => {
                self.problems
                    .at(body.span, "a refusal has a body of its own")
                    .help("say either `refused` or what the caller gets");
                Content::Refused(refused.value)
            }
            (Some(refused), None) => Content::Refused(refused.value),
            (None, Some(body)) if body.is_json => self.json(&body).map(Content::Json)?,
            (None, Some(body)) => Content::Exactly(body.text),
            (None, None) if has_status => Content::Exactly(String::new()),
            (None, None) => {
                self.problems
                    .at(table.span(), "this `[[answer]]` does not say what the caller gets")
                    .help("add `json`, `body`, `file`, `refused`, or a `status` for an empty body");
                return None;
            }
        };
        table.finish(&mut self.problems);
        let status = Some(status?).filter(|_| has_status || !matches!(content, Content::Refused(_)));
        Some(Expected { callers, content, status, headers, asked })
    }

    /// Logins that the directory has, each once in a case.
    fn callers(
        &mut self,
        table: &mut Table<'_, '_>,
        directory: Option<&Store>,
        others: &[Expected],
    ) -> Vec<String> {
        let Some(value) = table.take("to") else {
            self.problems
                .at(table.span(), "this `[[answer]]` does not say to whom")
                .help("add `to = \"…\"`, a login of the directory");
            return Vec::new();
        };
        let logins: Vec<Text> = match value.get_ref() {
            DeValue::Array(_) => texts_of(value, "to", &mut self.problems),
            _ => text_of(value, "to", &mut self.problems).into_iter().collect(),
        };
        let mut callers: Vec<String> = Vec::new();
        for login in logins {
            let known = directory.is_none_or(|store| store.current().user_by_login(&login.value).is_some());
            if !known {
                let message = format!("the directory has no user `{}`", login.value);
                self.problems.at(login.span.clone(), message);
            }
            let told = others.iter().flat_map(|other| &other.callers).chain(&callers);
            if told.into_iter().any(|other| *other == login.value) {
                let message = format!("what `{}` gets is told twice", login.value);
                self.problems.at(login.span, message).help("a case asks as a caller once");
            } else {
                callers.push(login.value);
            }
        }
        callers
    }

    /// `None`: it was wrong. `Some(None)`: there is none.
    #[expect(clippy::option_option, reason = "the outer one is whether it could be read")]
    fn method(&mut self, table: &mut Table<'_, '_>) -> Option<Option<Method>> {
        let Some(text) = table.text("method", &mut self.problems) else { return Some(None) };
        let upper = text.value.chars().all(|letter| letter.is_ascii_uppercase());
        match Method::from_bytes(text.value.as_bytes()) {
            Ok(method) if upper => Some(Some(method)),
            _ => {
                self.problems.at(text.span, "`method` is none").help("such as GET, POST, PUT, PATCH, DELETE");
                None
            }
        }
    }

    fn status(&mut self, table: &mut Table<'_, '_>) -> Option<StatusCode> {
        let place = table.take("status").map(toml::Spanned::span);
        let number = table.count("status", 200, &mut self.problems);
        let status = u16::try_from(number).ok().and_then(|number| StatusCode::from_u16(number).ok());
        if let (None, Some(place)) = (status, place) {
            self.problems.at(place, "`status` is not one of HTTP").help("a number from 100 to 999");
        }
        status
    }

    fn headers(&mut self, table: &mut Table<'_, '_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value, span) in self.expected_values(table) {
            match value.map(|value| HeaderValue::from_str(&value)) {
                Some(Ok(value)) => {
                    headers.insert(name, value);
                }
                _ => {
                    self.problems.at(span, format!("the header `{name}` has no value that can be sent"));
                }
            }
        }
        headers
    }

    fn expected_headers(&mut self, table: &mut Table<'_, '_>) -> Vec<(HeaderName, Option<String>)> {
        self.expected_values(table).into_iter().map(|(name, value, _)| (name, value)).collect()
    }

    /// Names with texts, or with `false`.
    fn expected_values(
        &mut self,
        table: &mut Table<'_, '_>,
    ) -> Vec<(HeaderName, Option<String>, Range<usize>)> {
        let Some(value) = table.take("headers") else { return Vec::new() };
        let Some(entries) = value.get_ref().as_table() else {
            wrong_type(&mut self.problems, value, "headers", "a table such as { X-Page = \"1\" }");
            return Vec::new();
        };
        let mut headers = Vec::new();
        for (name, value) in entries.iter() {
            let Ok(known) = HeaderName::from_bytes(name.get_ref().as_bytes()) else {
                self.problems.at(name.span(), format!("`{}` is no name of a header", name.get_ref()));
                continue;
            };
            match value.get_ref() {
                DeValue::String(text) => {
                    headers.push((known, Some(text.clone().into_owned()), value.span()));
                }
                DeValue::Boolean(false) => headers.push((known, None, value.span())),
                _ => wrong_type(&mut self.problems, value, name.get_ref(), "a text in quotes"),
            }
        }
        headers
    }

    fn asked(&mut self, table: &mut Table<'_, '_>) -> Option<Vec<String>> {
        let value = table.take("asked")?;
        let asked = texts_of(value, "asked", &mut self.problems);
        for line in &asked {
            let is_request = line.value.split_once(' ').is_some_and(|(_, target)| target.starts_with('/'));
            if !is_request {
                self.problems
                    .at(line.span.clone(), "`asked` is a list of requests")
                    .help("such as [\"GET /api/calls?page=1\"]; an empty list: the backend is not asked");
            }
        }
        Some(asked.into_iter().map(|line| line.value).collect())
    }

    /// What stands under `json` or `body`, or in the file that `file` names.
    fn body(&mut self, table: &mut Table<'_, '_>) -> Option<Body> {
        let mut found: Vec<Body> = Vec::new();
        for key in ["json", "body"] {
            let Some(value) = table.take(key) else { continue };
            match value.get_ref().as_str() {
                Some(text) => {
                    let text = text.to_owned();
                    found.push(Body { text, is_json: key == "json", span: value.span() });
                }
                None => wrong_type(&mut self.problems, value, key, "a text, in ''' if it has several lines"),
            }
        }
        if let Some(name) = table.text("file", &mut self.problems) {
            match self.shared.text(&name.value).filter(|_| name.value.ends_with(".json")) {
                Some(text) => {
                    self.texts.push(text.to_owned());
                    found.push(Body { text: text.to_owned(), is_json: true, span: name.span });
                }
                None => self.no_such_file(&name.value, name.span),
            }
        }
        if let Some(second) = found.get(1) {
            let help = "`json`, `body` and `file` exclude each other";
            self.problems.at(second.span.clone(), "there are two bodies").help(help);
        }
        found.into_iter().next()
    }

    fn json(&mut self, body: &Body) -> Option<Tree> {
        match Tree::read(&body.text) {
            Ok(tree) => Some(tree),
            Err(error) => {
                self.problems.at(body.span.clone(), format!("this is not JSON: {error}"));
                None
            }
        }
    }

    fn no_such_file(&mut self, name: &str, span: Range<usize>) {
        let problem = self.problems.at(span, format!("there is no file `{name}` among the cases"));
        if let Some(near) = nearest(name, self.shared.names()) {
            problem.help(format!("did you mean `{near}`?"));
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
