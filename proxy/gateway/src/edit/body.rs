//! A response body as it comes out of the editor.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use cordon_policy::{ExchangeJudge, Failure};
use cordon_rewrite::{EditError, EditErrorKind, Editor, Pieces, Report};

use crate::explain::Tap;
use crate::rescue::Cause;
use crate::response::source::Source;

/// Pulls from the backend as the client takes: one chunk in, what the editor settles of it out (H11).
pub(crate) struct Edited {
    source: Source,
    editor: Editor,
    judge: ExchangeJudge,
    pieces: Pieces,
    /// What was held until the head could be sent, and goes out first.
    held: Bytes,
    finished: bool,
    tap: Option<Arc<Tap>>,
}

/// What is known when the head can be sent.
pub(crate) enum Begun {
    /// Everything: the result is small.
    Whole(Bytes),
    /// The beginning of a larger result.
    Partly(Edited),
}

impl Edited {
    pub(crate) fn new(source: Source, editor: Editor, judge: ExchangeJudge, tap: Option<Arc<Tap>>) -> Edited {
        Edited {
            source,
            editor,
            judge,
            pieces: Pieces::new(),
            held: Bytes::new(),
            finished: false,
            tap,
        }
    }

    /// Edits until more than `hold` bytes are settled or the body is finished: whatever goes wrong until then can
    /// still be told by a status. It depends on the bytes that the caller gets, and on nothing else, whether they come
    /// with a length: the framing does not tell what was taken away.
    pub(crate) async fn begin(mut self, hold: usize) -> (Result<Begun, Cause>, Report) {
        let mut held = BytesMut::new();
        let outcome = loop {
            match poll_fn(|context| self.poll_piece(context)).await {
                Some(Ok(piece)) => held.extend_from_slice(&piece),
                Some(Err(cause)) => break Err(cause),
                None => break Ok(true),
            }
            if held.len() > hold {
                break Ok(false);
            }
        };
        let report = self.editor.report().clone();
        let begun = match outcome {
            Ok(true) => Ok(Begun::Whole(held.freeze())),
            Ok(false) => {
                self.held = held.freeze();
                Ok(Begun::Partly(self))
            }
            Err(cause) => Err(cause),
        };
        (begun, report)
    }

    pub(crate) fn report(&self) -> &Report {
        self.editor.report()
    }

    /// The next settled bytes.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        if !self.held.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.held))));
        }
        while !self.finished {
            let outcome = match ready!(self.source.poll_chunk(context)) {
                Some(Ok(chunk)) => {
                    let fed = self.editor.feed(chunk, &mut self.judge, &mut self.pieces);
                    fed.and_then(|()| {
                        if self.source.is_at_end() {
                            self.finish()
                        } else {
                            Ok(())
                        }
                    })
                }
                Some(Err(cause)) => return Poll::Ready(Some(Err(cause))),
                None => self.finish(),
            };
            if let Err(error) = outcome {
                return Poll::Ready(Some(Err(edit_cause(&error))));
            }
            if self.finished && self.editor.report().missing {
                return Poll::Ready(Some(Err(Cause::Missing)));
            }
            if !self.pieces.is_empty() {
                break;
            }
        }
        // The pieces of one chunk are small and many: one buffer for the socket is cheaper than a frame for each.
        let piece = self.pieces.take();
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    }

    fn finish(&mut self) -> Result<(), EditError> {
        self.editor.finish(&mut self.judge, &mut self.pieces)?;
        self.finished = true;
        if let Some(tap) = &self.tap {
            tap.report(self.editor.report());
        }
        Ok(())
    }
}

/// Whose fault it is that a body cannot be edited.
pub(crate) fn edit_cause(error: &EditError) -> Cause {
    match &error.kind {
        EditErrorKind::Judge(source) => match source.downcast_ref::<Failure>() {
            Some(failure) => policy_cause(failure),
            None => Cause::Policy(format!("{error}: {source}")),
        },
        EditErrorKind::Verdict(_) => Cause::Policy(error.to_string()),
        EditErrorKind::Poisoned => Cause::Internal(error.to_string().into()),
        EditErrorKind::Malformed(_) | EditErrorKind::DuplicateName | EditErrorKind::Limit(_) => {
            Cause::Body(error.to_string())
        }
    }
}

/// A failure of the policy as a cause. That all sandboxes are in use is no fault, but overload.
pub(crate) fn policy_cause(failure: &Failure) -> Cause {
    match failure {
        Failure::Busy { .. } => Cause::Busy,
        _ => Cause::Policy(failure.to_string()),
    }
}
