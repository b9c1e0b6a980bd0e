//! A response body that passes untouched while the editor runs beside it (D1, simplified).

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cordon_policy::ExchangeJudge;
use cordon_rewrite::{Editor, Pieces, Report};

use crate::counters::route::RouteCounters;
use crate::explain::Tap;
use crate::rescue::Cause;
use crate::response::coding::Decoder;
use crate::response::source::Source;
use crate::standing::Vigil;

/// Passes what comes, and counts what enforcement would have done.
pub(crate) struct Observed {
    source: Source,
    beside: Option<Beside>,
    vigil: Option<Vigil>,
}

/// The editor beside a body. What it says goes nowhere but to the counters.
pub(crate) struct Beside {
    /// The body is a stream of events, which may go on without end.
    pub(crate) is_events: bool,
    pub(crate) editor: Editor,
    pub(crate) judge: ExchangeJudge,
    pub(crate) decoder: Option<Decoder>,
    pub(crate) counters: Arc<RouteCounters>,
    pub(crate) tap: Option<Arc<Tap>>,
}

impl Observed {
    /// `source` must not decode: what passes, passes as it came.
    pub(crate) fn new(source: Source, beside: Option<Beside>) -> Observed {
        Observed { source, beside, vigil: None }
    }

    /// Ends once something is enforced, for what may go on without end.
    pub(crate) fn watch_over(&mut self, vigil: Vigil) {
        self.vigil = Some(vigil);
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.beside.as_ref().map(|beside| beside.editor.report())
    }

    /// Whether it may go on without end.
    pub(crate) fn is_endless(&self) -> bool {
        self.vigil.is_some()
    }

    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        if let Some(vigil) = &mut self.vigil
            && ready!(vigil.poll(context)).is_err()
        {
            return Poll::Ready(None);
        }
        let chunk = ready!(self.source.poll_chunk(context));
        match &chunk {
            Some(Ok(bytes)) => self.watch(|beside| beside.feed(bytes.clone())),
            Some(Err(_)) => self.beside = None,
            None => self.watch(Beside::finish),
        }
        Poll::Ready(chunk)
    }

    fn watch(&mut self, step: impl FnOnce(&mut Beside) -> Result<(), ()>) {
        if let Some(beside) = &mut self.beside
            && step(beside).is_err()
        {
            beside.counters.would_refuse();
            self.beside = None;
        }
    }
}

impl Beside {
    fn feed(&mut self, chunk: Bytes) -> Result<(), ()> {
        let mut discarded = Pieces::new();
        let Some(decoder) = &mut self.decoder else {
            return self.editor.feed(chunk, &mut self.judge, &mut discarded).map_err(drop);
        };
        decoder.feed(chunk);
        while let Some(piece) = decoder.step().map_err(drop)? {
            self.editor.feed(piece, &mut self.judge, &mut discarded).map_err(drop)?;
            discarded.clear();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ()> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish().map_err(drop)?;
        }
        self.editor.finish(&mut self.judge, &mut Pieces::new()).map_err(drop)?;
        if let Some(tap) = &self.tap {
            tap.report(self.editor.report());
        }
        if self.editor.report().missing { Err(()) } else { Ok(()) }
    }
}
