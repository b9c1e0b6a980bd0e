//! An answer as the same caller would get it without one of their rights.

use std::sync::Arc;

use bytes::Bytes;
use cordon_policy::{Decision, Exchange, ExchangeJudge, Request, ResponsePlan};
use cordon_rewrite::{Editor, Pieces};

use crate::audit::{Revealed, SpecialRight};
use crate::counters::route::Tally;
use crate::stack::Round;
use crate::view::CallerScope;

/// Edits beside the caller's own editor. What it says goes nowhere but into counts.
pub(super) struct Lesser {
    pub(super) right: SpecialRight,
    /// None: without the right there would be no answer, or it could not be made.
    beside: Option<(Editor, ExchangeJudge)>,
}

impl Lesser {
    pub(super) fn new(
        round: &Round<'_>,
        scope: &CallerScope,
        (route, request): (usize, &Request),
        right: SpecialRight,
    ) -> Lesser {
        let beside = || {
            let lesser = scope.without(right)?;
            let directory = Arc::clone(&round.view.directory);
            let exchange = Exchange::new(Arc::clone(&round.active.policy), directory, lesser, route);
            if matches!(*exchange.authorize(request).ok()?, Decision::Refuse(_)) {
                return None;
            }
            match &exchange.plan().ok()?.response {
                ResponsePlan::Edit(plan) => Some((round.editor(plan, scope), exchange.judge())),
                ResponsePlan::Pass | ResponsePlan::Empty => None,
            }
        };
        Lesser { right, beside: beside() }
    }

    pub(super) fn feed(&mut self, chunk: Bytes) {
        self.step(|editor, judge| editor.feed(chunk, judge, &mut Pieces::new()).is_ok());
    }

    pub(super) fn finish(&mut self) {
        self.step(|editor, judge| editor.finish(judge, &mut Pieces::new()).is_ok());
    }

    /// What the caller was shown by the right.
    pub(super) fn revealed(&self, own: &Tally) -> Revealed {
        let right = self.right;
        let Some((editor, _)) = &self.beside else {
            return Revealed { right, records: Some(own.kept), fields: None };
        };
        let lesser = Tally::of(editor.report());
        let taken = |tally: &Tally| tally.removed + tally.masked + tally.unlisted;
        Revealed {
            right,
            records: Some(own.kept.saturating_sub(lesser.kept)),
            fields: Some(taken(&lesser).saturating_sub(taken(own))),
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut Editor, &mut ExchangeJudge) -> bool) {
        if let Some((editor, judge)) = &mut self.beside
            && !step(editor, judge)
        {
            self.beside = None;
        }
    }
}
