//! `cordon see`: what a caller gets, beside what the backend sent, with a reason for each difference.

mod beside;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use bytes::Bytes;
use cordon_activation::reason;
use cordon_directory::{Scope, Snapshot};
use cordon_gateway::Explained;
use cordon_rewrite::DifferenceKind;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::loaded::{Purpose, load};
use crate::{Failure, serve};

/// What is asked, and how it is answered.
pub(crate) struct Question {
    /// Login of the user to look as.
    pub user: String,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// One JSON document instead of text.
    pub json: bool,
}

/// Asks the backend as `serve` would, and shows both sides.
///
/// # Errors
/// What is wrong in the files, or that there is no such user or project.
pub(crate) fn run(config: &Path, question: &Question) -> Result<(), Failure> {
    let method = question.method.to_ascii_uppercase();
    if method != "GET" && method != "HEAD" {
        return Err(Failure::wrong(format!(
            "error: `see` only looks; {method} may change something: use GET or HEAD"
        )));
    }
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|error| Failure::wrong(format!("error: {error}")))?;
    let runtime = serve::runtime()?;
    let loaded = runtime.block_on(load(config, Purpose::Looking))?;
    let snapshot = loaded.store.current();
    let request = Request::builder().method(method).uri(&question.path).body(Bytes::new());
    let request = request
        .map_err(|error| Failure::wrong(format!("error: `{}` is not a path: {error}", question.path)))?;
    let explained = runtime
        .block_on(loaded.gateway.explain(&question.user, request))
        .map_err(|error| Failure::failed(format!("error: {error}")))?;
    let (Some(explained), Some(user)) = (explained, snapshot.user_by_login(&question.user)) else {
        let known: Vec<&str> = snapshot.users().map(|(_, user)| &*user.login).take(20).collect();
        let known = known.join(", ");
        return Err(Failure::wrong(format!(
            "error: the directory has no user `{}`; it has {known}",
            question.user
        )));
    };
    let scope = snapshot.scope(&user, None).map_err(|error| Failure::failed(format!("error: {error}")))?;
    let seen = Seen { question, snapshot: &snapshot, scope: &scope, explained: &explained };
    let shown = if question.json { seen.document().to_string() + "\n" } else { seen.text() };
    io::stdout()
        .write_all(shown.as_bytes())
        .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))
}

/// The question and its answer.
struct Seen<'a> {
    question: &'a Question,
    snapshot: &'a Snapshot,
    scope: &'a Scope,
    explained: &'a Explained,
}

impl Seen<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        let answer = &self.explained.answer;
        // Writing to a string does not fail.
        _ = writeln!(text, "backend  {}", self.backend_line());
        _ = writeln!(text, "{:8} {}, {} bytes", self.question.user, answer.status, answer.body.len());
        if answer.broken_off {
            text.push_str("         broken off here: the rest is not sent\n");
        }
        if let Some(refusal) = &self.explained.refusal {
            _ = writeln!(text, "why      {}", refusal.cause);
        }
        text.push('\n');
        let (Some(report), Some(backend)) = (&self.explained.report, &self.explained.backend) else {
            text.push_str(&String::from_utf8_lossy(&answer.body));
            text.push('\n');
            return text;
        };
        match serde_json::from_slice::<Value>(&backend.body) {
            Ok(body) => {
                let notes = beside::notes(&report.differences, |difference| {
                    reason(difference, &self.question.user, self.scope, self.snapshot)
                });
                text.push_str(&beside::render(&body, &notes));
                text.push_str("\n- gone for this caller   ~ another value for this caller\n");
            }
            // Lines, tables, elements and events: what the caller gets, and what differs.
            Err(_) => {
                text.push_str(&String::from_utf8_lossy(&answer.body));
                text.push('\n');
                for difference in &report.differences {
                    let reason = reason(difference, &self.question.user, self.scope, self.snapshot);
                    let mark = match difference.kind {
                        DifferenceKind::Masked { .. } | DifferenceKind::Recounted => '~',
                        _ => '-',
                    };
                    _ = writeln!(text, "{mark} {}  {reason}", difference.path);
                }
                text.push_str("\n- gone for this caller   ~ another value for this caller\n");
            }
        }
        text
    }

    fn document(&self) -> Value {
        let answer = &self.explained.answer;
        let differences =
            self.explained.report.iter().flat_map(|report| &report.differences).map(|difference| {
                let what = match difference.kind {
                    DifferenceKind::Dropped { .. } => "dropped",
                    DifferenceKind::Removed => "removed",
                    DifferenceKind::Masked { .. } => "masked",
                    DifferenceKind::Unlisted => "unlisted",
                    DifferenceKind::Recounted => "recounted",
                };
                let reason = reason(difference, &self.question.user, self.scope, self.snapshot);
                json!({ "path": difference.path, "what": what, "reason": reason })
            });
        json!({
            "user": self.question.user,
            "request": format!("{} {}", self.question.method, self.question.path),
            "backend": self.explained.backend.as_ref().map(|backend| json!({
                "status": backend.status.as_u16(),
                "body": body_value(&backend.body),
            })),
            "answer": {
                "status": answer.status.as_u16(),
                "body": body_value(&answer.body),
                "broken_off": answer.broken_off,
            },
            "refusal": self.explained.refusal.as_ref().map(|refusal| &refusal.cause),
            "differences": differences.collect::<Vec<_>>(),
        })
    }

    fn backend_line(&self) -> String {
        match &self.explained.backend {
            Some(backend) => format!("{}, {} bytes", backend.status, backend.body.len()),
            None => "was not asked".to_owned(),
        }
    }
}

/// A body as JSON where it is JSON, as text otherwise.
fn body_value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
