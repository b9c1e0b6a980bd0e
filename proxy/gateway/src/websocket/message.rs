//! What becomes of one message. One of the backend is a JSON document that is edited as a whole, before any of it is sent;
//! one of the client is decided on.

use std::sync::Arc;

use bytes::Bytes;
use cordon_policy::{Decision, Exchange, ExchangePlan, RequestPlan, ResponsePlan, Route};
use cordon_rewrite::{EditError, Editor, Format, Options, Pieces, Plan, Report};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::edit::body::{edit_cause, policy_cause};
use crate::rescue::Cause;
use crate::stack::refused;
use crate::websocket::ending::Side;
use crate::websocket::said;

/// What comes of a message.
pub(crate) struct Edited {
    /// None: nobody learns of it.
    pub(crate) message: Option<Message>,
    /// As it came, if it was edited.
    pub(crate) text: Option<Bytes>,
    /// What the editor did.
    pub(crate) report: Option<Report>,
}

/// By what messages are judged.
#[derive(Clone, Copy)]
pub(crate) struct Measure<'a> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) plan: &'a ExchangePlan,
    pub(crate) route: &'a Route,
    pub(crate) hash_key: [u8; 32],
}

/// Edits a message, if the plan says that it is edited.
///
/// # Errors
/// Nothing of it may be sent, nor of what follows.
pub(crate) fn edited(
    message: Message,
    measure: Measure<'_>,
    limits: &cordon_rewrite::Limits,
) -> Result<Edited, Cause> {
    let plan = match &measure.plan.response {
        ResponsePlan::Pass => return Ok(Edited::untouched(message)),
        ResponsePlan::Empty => return Ok(Edited { message: None, text: None, report: None }),
        ResponsePlan::Edit(plan) if plan.spec().format == Format::Json => plan,
        ResponsePlan::Edit(_) => {
            return Err(Cause::Policy("the plan of a WebSocket is not for JSON documents".into()));
        }
    };
    let Message::Text(text) = message else {
        return Err(Cause::Frames(Side::Backend, CloseCode::Unsupported));
    };
    let text = Bytes::from(text);
    let edit = edit(&text, plan, measure.exchange, measure.hash_key, limits);
    let (result, report) = edit.map_err(|error| edit_cause(&error))?;
    let message = if tells_nothing(&report, &text, &result) {
        None
    } else {
        let text = Utf8Bytes::try_from(result);
        Some(Message::Text(text.map_err(|error| Cause::Internal(error.into()))?))
    };
    Ok(Edited { message, text: Some(text), report: Some(report) })
}

impl Edited {
    /// A message that goes on as it came.
    pub(crate) fn untouched(message: Message) -> Edited {
        Edited { message: Some(message), text: None, report: None }
    }
}

/// Decides on a client's message.
///
/// # Errors
/// It must not go on, nor may what follows.
pub(crate) fn decided(message: &Message, measure: Measure<'_>) -> Result<(), Cause> {
    let not_allowed = || Cause::Frames(Side::Client, CloseCode::Policy);
    if measure.plan.request == RequestPlan::Empty {
        return Err(not_allowed());
    }
    if said::places(measure.route).next().is_none() {
        return Ok(());
    }
    let Message::Text(text) = message else {
        return Err(Cause::Frames(Side::Client, CloseCode::Unsupported));
    };
    let question = said::question(text, measure.route).ok_or_else(not_allowed)?;
    let decision = measure.exchange.authorize(&question).map_err(|failure| policy_cause(&failure))?;
    match &*decision {
        Decision::Forward(edits) if edits.set.is_empty() && edits.remove.is_empty() => Ok(()),
        Decision::Refuse(refusal) => {
            tracing::debug!(cause = %refused(refusal), "message refused");
            Err(not_allowed())
        }
        _ => Err(Cause::Policy("a message can only be let through or refused".into())),
    }
}

/// Edits a document by a plan: what is left of it, and what was done.
pub(crate) fn edit(
    text: &Bytes,
    plan: &Arc<Plan>,
    exchange: &Exchange,
    hash_key: [u8; 32],
    limits: &cordon_rewrite::Limits,
) -> Result<(Bytes, Report), EditError> {
    let options = Options { limits: limits.clone(), hash_key, trace: false };
    let mut editor = Editor::new(Arc::clone(plan), options);
    let (mut judge, mut pieces) = (exchange.judge(), Pieces::new());
    editor.feed(text.clone(), &mut judge, &mut pieces)?;
    editor.finish(&mut judge, &mut pieces)?;
    Ok((pieces.take(), editor.report().clone()))
}

/// Whether nothing is left of a message but that there was one: of its records none, or of the whole no member.
fn tells_nothing(report: &Report, text: &[u8], result: &[u8]) -> bool {
    let (kept, dropped) =
        report.sets.iter().fold((0, 0), |(kept, dropped), set| (kept + set.kept, dropped + set.dropped));
    let was_emptied = || {
        let result = result.trim_ascii();
        matches!(result, b"" | b"{}" | b"[]" | b"null") && result != text.trim_ascii()
    };
    report.missing || (dropped > 0 && kept == 0) || was_emptied()
}
