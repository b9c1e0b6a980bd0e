//! Carrying out a change and telling what came of it.

use std::sync::Arc;

use axum::response::Response;
use cordon_directory::{By, ChangeError, Draft, Once, RecordKind, Rule, Violation};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer;
use crate::condition::entity_tag;
use crate::problem::{Fault, Problem, pointer_to, rule_name};
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;
use crate::warning::Warning;

/// What a change answers; kept for the repetition of a creation, and so without a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) status: u16,
    /// What is there now, as the caller sees it. `None`: nothing.
    pub(crate) seen: Option<Value>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) location: Option<String>,
}

impl Written {
    pub(crate) fn nothing() -> Written {
        Written { status: 204, seen: None, warnings: Vec::new(), location: None }
    }

    pub(crate) fn ok(seen: Value, warnings: Vec<Warning>) -> Written {
        Written { status: 200, seen: Some(seen), warnings, location: None }
    }

    /// The response that tells it.
    pub(crate) fn response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let Some(mut seen) = self.seen else {
            let mut response = Response::default();
            *response.status_mut() = status;
            return response;
        };
        let tag = entity_tag(&seen);
        if let (Value::Object(members), false) = (&mut seen, self.warnings.is_empty()) {
            let warnings = serde_json::to_value(self.warnings).expect("warnings are texts");
            members.insert("warnings".to_owned(), warnings);
        }
        let mut response = answer::json(&seen);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::ETAG, tag);
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

/// How much of what stands against a change the caller may know of.
#[derive(Clone, Copy)]
pub(crate) struct Knows {
    everything: bool,
    /// Which projects there are, without what is in them (D10).
    projects: bool,
}

impl Knows {
    pub(crate) fn those_of(sight: &Sight) -> Knows {
        Knows { everything: sight.everything(), projects: sight.has(Right::ListProjects) }
    }

    /// Whether the caller may be told that what a change wants is taken.
    fn of(self, violation: &Violation) -> bool {
        let is_tile = violation.key.kind == RecordKind::Project && violation.property != "aliases";
        self.everything || (self.projects && is_tile)
    }
}

/// What was asked for, beside the change itself.
#[derive(Default)]
pub(crate) struct Asked {
    /// The body, in which errors have their place.
    pub(crate) body: Option<Arc<Value>>,
    /// By what a repetition is known.
    pub(crate) once: Option<(String, [u8; 32])>,
}

/// Carries out a change in the caller's name. `edit` gets the caller's sight of the version that it changes: rights
/// that were taken away a moment ago count no more. The change runs to its end also if the caller goes away meanwhile.
/// With the answer it tells whether it is that of an earlier, equal request.
pub(crate) async fn change<F>(
    shared: &Arc<Shared>,
    sight: &Sight,
    action: &'static str,
    asked: Asked,
    edit: F,
) -> Result<(Written, bool), Problem>
where
    F: FnOnce(&mut Draft, &Sight) -> Result<Written, Problem> + Send + 'static,
{
    let actor = format!("user:{}", sight.login());
    let knows = Knows::those_of(sight);
    let (shared, sight) = (Arc::clone(shared), sight.clone());
    let Asked { body, once } = asked;
    let changing = tokio::spawn(async move {
        let once = once.map(|(key, fingerprint)| Once { key, fingerprint });
        let by = By { actor, action, once };
        let edit = |draft: &mut Draft| {
            let sight = sight.before(draft.state())?;
            edit(draft, &sight)
        };
        shared.store.change(&by, edit).await
    });
    match changing.await {
        Ok(Ok(done)) => Ok((done.answer, done.repeated)),
        Ok(Err(error)) => Err(told(error, knows, body.as_deref())),
        Err(error) => {
            tracing::error!(%error, "a change was not carried through");
            let detail = "Something went wrong here. The operator finds more in the log.";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal-error", detail))
        }
    }
}

fn told(error: ChangeError<Problem>, knows: Knows, body: Option<&Value>) -> Problem {
    let retry = |problem: Problem| problem.with(header::RETRY_AFTER, HeaderValue::from_static("1"));
    match error {
        ChangeError::Declined(problem) => problem,
        ChangeError::Refused(violations) => refused(&violations, knows, body),
        ChangeError::KeyReused => {
            let fault = Fault::of("idempotency-key", "reused", "another request had this key");
            let errors = vec![fault.help("make a new key for each creation")];
            let detail = "This Idempotency-Key belongs to a request that asked for something else.";
            Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", detail) }
        }
        ChangeError::ReadOnly => {
            let detail = "The directory is a file, which is changed by editing it. Nothing was changed.";
            Problem::new(StatusCode::CONFLICT, "read-only", detail)
        }
        ChangeError::Unavailable(message) => {
            tracing::warn!(message, "the directory's database is not available");
            let detail = "The directory's database does not answer. Nothing was changed; try again.";
            retry(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail))
        }
        ChangeError::Unknown(message) => {
            tracing::error!(message, "the connection to the directory's database was lost during a change");
            let detail = "The directory's database was lost during the change, which may have been made or not. \
                          Look, or repeat the request with its Idempotency-Key.";
            retry(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "outcome-unknown", detail))
        }
    }
}

/// All that the directory finds wrong. Its sentences name what stands against a change, so they are for those who see
/// everything; others are told the rule (D22).
fn refused(violations: &[Violation], knows: Knows, body: Option<&Value>) -> Problem {
    let is = |rules: &[Rule]| violations.iter().all(|violation| rules.contains(&violation.rule));
    let told_of_taken = |violation: &Violation| violation.rule != Rule::Taken || knows.of(violation);
    let errors = violations.iter().map(|violation| fault(violation, knows, body)).collect();
    if is(&[Rule::Missing]) {
        return Problem::not_found();
    }
    let conflicts = [Rule::Taken, Rule::InUse, Rule::LastAdministrator];
    let (status, code) = if is(&conflicts) && violations.iter().all(told_of_taken) {
        (StatusCode::CONFLICT, "conflict")
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid")
    };
    let detail = "The directory cannot be changed so. Nothing was changed.";
    Problem { errors, ..Problem::new(status, code, detail) }
}

/// A violation as the caller is told it, with its place in the body.
pub(crate) fn fault(violation: &Violation, knows: Knows, body: Option<&Value>) -> Fault {
    let pointer = if violation.property.is_empty() {
        String::new()
    } else {
        let entries = body.and_then(|body| body.get(violation.property)?.as_array());
        let index = entries.and_then(|entries| {
            let wrong = violation.entry.as_deref()?;
            entries.iter().position(|entry| entry.as_str() == Some(wrong))
        });
        let index = index.map_or_else(String::new, |index| format!("/{index}"));
        format!("{}{index}", pointer_to(violation.property))
    };
    let rule = rule_name(violation.rule);
    if violation.rule == Rule::Taken && !knows.of(violation) {
        // By whom, and that it is by anybody, is not the caller's business.
        return Fault::at(pointer, "unusable", "this cannot be used").help("choose another");
    }
    if knows.everything || violation.rule == Rule::Text {
        return Fault::at(pointer, rule, violation.message.clone()).help(violation.help.clone());
    }
    let (detail, help) = match violation.rule {
        Rule::Taken => ("this cannot be used, because it is taken", "choose another"),
        Rule::Missing | Rule::Unknown => {
            ("there is nothing of this name that you may see", "look at the lists")
        }
        Rule::Text | Rule::Twice => ("something is named twice", "take one out"),
        Rule::SingleProject => ("it can be in one project at the most (D6)", "name one project"),
        Rule::SystemField => ("a system field is in every project and cannot be changed (D16)", "leave it"),
        Rule::Fixed => ("this never changes", "make another"),
        Rule::InUse => ("it is in use", "take it out of use first"),
        Rule::LastAdministrator => ("somebody has to keep the role Admin (D11)", "give it to somebody else"),
        Rule::Archived => ("the project is archived", "choose another"),
    };
    Fault::at(pointer, rule, detail).help(help)
}
