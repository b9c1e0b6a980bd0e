//! A response body as it comes out of the editor.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use cordon_policy::{Evidence, ExchangeJudge, Failure};
use cordon_rewrite::{EditError, EditErrorKind, Editor, Format, Pieces, Plan, Report};

use crate::audit::{Audit, Part};
use crate::explain::Tap;
use crate::rescue::Cause;
use crate::response::gathered::Gathered;
use crate::response::source::Source;
use crate::standing::Vigil;
use crate::trial::Copying;

/// How many bytes go out at a time. What a backend's chunk leaves of itself would tell how much of it was taken away:
/// so frames are of one size but for the last.
const FRAME: usize = 64 << 10;

/// When settled bytes go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// In frames of one size: a document is of use as a whole.
    Framed,
    /// When the backend pauses, too: each line is of use by itself, and the next may be long in coming. Then the times
    /// and sizes of what goes out tell something of what was taken away between (H34): whoever wants records at once
    /// cannot have that hidden.
    Lines,
    /// As lines, but the head goes out when the backend pauses, too, since clients wait for it; and there need not be
    /// an end.
    Events,
}

impl Flow {
    fn of(format: Format) -> Flow {
        match format {
            Format::Json | Format::Csv | Format::Xml => Flow::Framed,
            Format::Ndjson => Flow::Lines,
            Format::Sse => Flow::Events,
        }
    }
}

/// Pulls from the backend as the client takes: one chunk in, what the editor settles of it out (H11).
pub(crate) struct Edited {
    source: Source,
    editor: Editor,
    judge: ExchangeJudge,
    pieces: Pieces,
    /// What is settled and not sent: first what was held until the head could be sent, then less than a frame.
    held: BytesMut,
    finished: bool,
    flow: Flow,
    /// Whether there is an answer at all, a sole record decides.
    sole: bool,
    tap: Option<Arc<Tap>>,
    audit: Option<Box<Audit>>,
    /// Whether what it is judged by still holds, for what may go on without end.
    vigil: Option<Vigil>,
}

impl Edited {
    pub(crate) fn new(
        source: Source,
        editor: Editor,
        judge: ExchangeJudge,
        plan: &Plan,
        tap: Option<Arc<Tap>>,
    ) -> Edited {
        Edited {
            source,
            editor,
            judge,
            pieces: Pieces::new(),
            held: BytesMut::new(),
            finished: false,
            flow: Flow::of(plan.spec().format),
            sole: plan.has_sole_set(),
            tap,
            audit: None,
            vigil: None,
        }
    }

    /// Ends where what it goes by does not hold any more (D8). Clients of a stream of events ask again.
    pub(crate) fn watch_over(&mut self, vigil: Option<Vigil>) {
        self.vigil = vigil;
    }

    /// Edits until more than `hold` bytes are settled or the body is finished: whatever goes wrong until then can
    /// still be told by a status. It depends on the bytes that the caller gets, and on nothing else, whether they come
    /// with a length: the framing does not tell what was taken away.
    ///
    /// Answers the whole result if it is finished; otherwise this body goes on with what it holds. What is live always
    /// goes on, so that its framing does not depend on when the backend pauses.
    pub(crate) async fn begin(&mut self, hold: usize) -> Result<Option<Bytes>, Cause> {
        if self.flow != Flow::Framed {
            return poll_fn(|context| self.poll_begin(context, hold)).await.map(|()| None);
        }
        let mut gathered = Gathered::default();
        while let Some(piece) = poll_fn(|context| self.poll_piece(context)).await.transpose()? {
            gathered.push(piece);
            if gathered.len() > hold {
                self.held = gathered.open();
                self.source.watch();
                return Ok(None);
            }
        }
        Ok(Some(gathered.whole()))
    }

    /// Edits until more than `hold` bytes are settled, the backend pauses, or the body is finished.
    fn poll_begin(&mut self, context: &mut Context<'_>, hold: usize) -> Poll<Result<(), Cause>> {
        let opens = self.flow == Flow::Events && !self.sole;
        while self.held.len() <= hold {
            match self.poll_piece(context) {
                Poll::Ready(Some(piece)) => self.held.extend_from_slice(&piece?),
                Poll::Ready(None) => break,
                Poll::Pending if opens || !self.held.is_empty() => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        match self.flow {
            Flow::Events => self.source.without_end(),
            Flow::Framed | Flow::Lines => self.source.watch(),
        }
        Poll::Ready(Ok(()))
    }

    /// Remembers what the verdicts rest on.
    pub(crate) fn remember(&mut self) {
        self.judge.remember();
    }

    /// What the verdicts so far rest on, if it is remembered.
    pub(crate) fn evidence(&mut self) -> Option<Evidence> {
        self.judge.evidence()
    }

    /// Copies what the backend sends to where it is compared.
    pub(crate) fn copy_to(&mut self, copying: Option<Copying>) {
        self.source.copy_to(copying);
    }

    /// What the caller's special rights reveal of the body is found out.
    pub(crate) fn audited(&mut self, audit: Option<Box<Audit>>) {
        self.audit = audit;
    }

    /// Records what is revealed, before it is shown.
    pub(crate) async fn audit(&mut self, part: Part) -> Result<(), Cause> {
        match &mut self.audit {
            Some(audit) => audit.before(part).await,
            None => Ok(()),
        }
    }

    pub(crate) fn report(&self) -> &Report {
        self.editor.report()
    }

    /// Whether it may go on without end.
    pub(crate) fn is_endless(&self) -> bool {
        self.flow == Flow::Events
    }

    /// The next frame for the client.
    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        while self.held.len() < FRAME {
            match self.poll_piece(context) {
                Poll::Ready(Some(Ok(piece))) => self.held.extend_from_slice(&piece),
                Poll::Ready(Some(Err(cause))) => return Poll::Ready(Some(Err(cause))),
                Poll::Ready(None) if self.held.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) => return Poll::Ready(Some(Ok(self.held.split().freeze()))),
                Poll::Pending if self.flow != Flow::Framed && !self.held.is_empty() => {
                    return Poll::Ready(Some(Ok(self.held.split().freeze())));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Some(Ok(self.held.split_to(FRAME).freeze())))
    }

    /// The next settled bytes, as they come.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        while !self.finished {
            if let Some(vigil) = &mut self.vigil {
                match ready!(vigil.poll(context)) {
                    Ok(None) => {}
                    Ok(Some(renewal)) => {
                        self.judge = renewal.exchange.judge();
                        if let Some(audit) = &mut self.audit {
                            audit.renew(&renewal.withouts, renewal.revision);
                        }
                    }
                    Err(over) => {
                        tracing::debug!(%over, "stream ended");
                        self.finished = true;
                        break;
                    }
                }
            }
            let outcome = match ready!(self.source.poll_chunk(context)) {
                Some(Ok(chunk)) => {
                    if let Some(audit) = &mut self.audit {
                        audit.feed(&chunk);
                    }
                    let fed = self.editor.feed(chunk, &mut self.judge, &mut self.pieces);
                    fed.and_then(|()| if self.source.is_at_end() { self.finish() } else { Ok(()) })
                }
                Some(Err(cause)) => return Poll::Ready(Some(Err(cause))),
                None => self.finish(),
            };
            if let Some(audit) = &mut self.audit {
                audit.saw(self.editor.report());
            }
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
        if let Some(audit) = &mut self.audit {
            audit.finish();
        }
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
