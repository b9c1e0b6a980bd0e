//! A message of the backend: a JSON document that is edited as a whole, before any of it is sent.

use bytes::Bytes;
use cordon_policy::ResponsePlan;
use cordon_rewrite::{Editor, Format, Options, Pieces, Report};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::edit::body::edit_cause;
use crate::rescue::Cause;
use crate::standing::Admitted;
use crate::websocket::ending::Side;

/// What comes of a message.
pub(crate) struct Outcome {
    /// None: nobody learns of it.
    pub(crate) message: Option<Message>,
    /// What the editor did.
    pub(crate) report: Option<Report>,
}

/// Edits a message, if the plan says that it is edited.
///
/// # Errors
/// Nothing of it may be sent, nor of what follows.
pub(crate) fn edited(
    message: Message,
    admitted: &Admitted,
    limits: &cordon_rewrite::Limits,
) -> Result<Outcome, Cause> {
    let plan = match &admitted.plan.response {
        ResponsePlan::Pass => return Ok(Outcome { message: Some(message), report: None }),
        ResponsePlan::Empty => return Ok(Outcome { message: None, report: None }),
        ResponsePlan::Edit(plan) if plan.spec().format == Format::Json => plan,
        ResponsePlan::Edit(_) => {
            return Err(Cause::Policy("the plan of a WebSocket is not for JSON documents".into()));
        }
    };
    let Message::Text(text) = message else {
        return Err(Cause::Frames(Side::Backend, CloseCode::Unsupported));
    };
    let text = Bytes::from(text);
    let options = Options { limits: limits.clone(), hash_key: admitted.scope.hash_key, trace: false };
    let mut editor = Editor::new(std::sync::Arc::clone(plan), options);
    let (mut judge, mut pieces) = (admitted.exchange.judge(), Pieces::new());
    let edited = editor.feed(text.clone(), &mut judge, &mut pieces);
    edited.and_then(|()| editor.finish(&mut judge, &mut pieces)).map_err(|error| edit_cause(&error))?;
    let report = editor.report().clone();
    let result = pieces.take();
    let message = if tells_nothing(&report, &text, &result) {
        None
    } else {
        let text = Utf8Bytes::try_from(result);
        Some(Message::Text(text.map_err(|error| Cause::Internal(error.into()))?))
    };
    Ok(Outcome { message, report: Some(report) })
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
