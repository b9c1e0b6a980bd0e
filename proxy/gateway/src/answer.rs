//! The body that a caller gets, whatever it is made of.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::access::Entry;
use crate::edit::body::Edited;
use crate::edit::observed::Observed;
use crate::rescue::Cause;
use crate::response::source::Source;
use crate::serve::activity::UnderWay;
use crate::websocket::Tunnel;

/// A response body. Its error ends the connection or resets the stream (H10), and says nothing to the caller.
pub struct AnswerBody {
    kind: Kind,
    /// Written to the access log when the body is dropped, at its end or before.
    entry: Option<Box<Entry>>,
    under_way: Option<UnderWay>,
}

enum Kind {
    Whole(Option<Bytes>),
    Edited(Box<Edited>),
    Passed(Box<Source>),
    Observed(Box<Observed>),
    /// None, after a 101: what follows is no HTTP.
    Tunnel(Arc<Tunnel>),
    /// After an error: poisoned.
    Broken,
}

/// A response body that cannot go on. The caller must not take what it has for the whole.
#[derive(Debug, thiserror::Error)]
#[error("response broken off")]
pub struct BrokenOff;

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> AnswerBody {
        AnswerBody { kind: Kind::Whole((!bytes.is_empty()).then_some(bytes)), entry: None, under_way: None }
    }

    pub(crate) fn empty() -> AnswerBody {
        AnswerBody { kind: Kind::Whole(None), entry: None, under_way: None }
    }

    pub(crate) fn edited(edited: Edited) -> AnswerBody {
        AnswerBody { kind: Kind::Edited(Box::new(edited)), entry: None, under_way: None }
    }

    /// What passes as it comes, at the client's pace; what is no longer than `hold` is waited for, so that it is all
    /// there or a problem.
    pub(crate) async fn passed(mut source: Source, hold: usize) -> Result<AnswerBody, Cause> {
        if let Some(whole) = source.whole(hold).await? {
            return Ok(AnswerBody::whole(whole));
        }
        let kind = Kind::Passed(Box::new(source.watched()));
        Ok(AnswerBody { kind, entry: None, under_way: None })
    }

    pub(crate) fn observed(observed: Observed) -> AnswerBody {
        AnswerBody { kind: Kind::Observed(Box::new(observed)), entry: None, under_way: None }
    }

    /// No body: the connection becomes something else.
    pub(crate) fn tunnel(tunnel: Arc<Tunnel>) -> AnswerBody {
        AnswerBody { kind: Kind::Tunnel(tunnel), entry: None, under_way: None }
    }

    /// Ties the access log's entry to the life of the body, or of what the connection becomes.
    pub(crate) fn attach(&mut self, entry: Entry) {
        match &self.kind {
            Kind::Tunnel(tunnel) => tunnel.attach(Box::new(entry)),
            _ => self.entry = Some(Box::new(entry)),
        }
    }

    /// Ties the connection's knowledge that something is under way to the body's life.
    pub(crate) fn keep(&mut self, under_way: UnderWay) {
        self.under_way = Some(under_way);
    }

    /// Takes the content away, as the answer to HEAD needs it (H7), and tells its length if it is known.
    pub(crate) fn take_content(&mut self) -> Option<u64> {
        self.settle();
        let length = match &self.kind {
            Kind::Whole(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            _ => None,
        };
        self.kind = Kind::Whole(None);
        length
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        match &mut self.kind {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Kind::Edited(edited) => edited.poll_frame(context),
            Kind::Passed(source) => source.poll_chunk(context),
            Kind::Observed(observed) => observed.poll_chunk(context),
            Kind::Tunnel(_) => Poll::Ready(None),
            Kind::Broken => Poll::Ready(Some(Err(Cause::Body("used after an error".into())))),
        }
    }
}

impl AnswerBody {
    /// Hands what the editor did to the access log. Called at the end, whichever it is.
    fn settle(&mut self) {
        let report = match &self.kind {
            Kind::Edited(edited) => Some(edited.report()),
            Kind::Observed(observed) => observed.report(),
            Kind::Whole(_) | Kind::Passed(_) | Kind::Tunnel(_) | Kind::Broken => None,
        };
        if let (Some(report), Some(entry)) = (report, &mut self.entry) {
            entry.edited(report);
        }
    }
}

impl AnswerBody {
    /// Has what the editor of a stream without end has done counted: its end may be far.
    fn count(&mut self) {
        let report = match &self.kind {
            Kind::Edited(edited) if edited.is_endless() => Some(edited.report()),
            Kind::Observed(observed) if observed.is_endless() => observed.report(),
            _ => None,
        };
        if let (Some(report), Some(entry)) = (report, &mut self.entry) {
            entry.goes_on(report);
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // Whole bodies are sent with their head; hyper need not poll an empty one.
        if let (Kind::Whole(None), Some(entry)) = (&self.kind, &mut self.entry) {
            entry.complete();
        }
        self.settle();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let polled = self.poll_piece(context);
        if let (Poll::Ready(Some(Ok(piece))), Some(entry)) = (&polled, &mut self.entry) {
            entry.sent(piece.len());
        }
        self.count();
        match ready!(polled) {
            Some(Ok(piece)) => {
                if let Some(under_way) = &self.under_way {
                    under_way.moved();
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Some(Err(cause)) => {
                // The head is out: all that is left is to let nobody take this for the end.
                tracing::warn!(%cause, culprit = ?cause.culprit(), "response broken off");
                self.settle();
                self.kind = Kind::Broken;
                if let Some(entry) = &mut self.entry {
                    entry.broken(&cause);
                }
                Poll::Ready(Some(Err(BrokenOff)))
            }
            None => {
                if let Some(entry) = &mut self.entry {
                    entry.complete();
                }
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.kind, Kind::Whole(None) | Kind::Tunnel(_))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Passed(source) => source.size_hint(),
            _ => SizeHint::default(),
        }
    }
}
