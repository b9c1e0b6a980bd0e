//! An answer as the same caller would get it without one of their rights.

use std::sync::Arc;

use bytes::Bytes;
use cordon_policy::{Decision, Exchange, ExchangeJudge, ExchangePlan, Request, ResponsePlan};
use cordon_rewrite::{Editor, Pieces};

use crate::audit::{Revealed, SpecialRight};
use crate::counters::route::Tally;
use crate::stack::Round;
use crate::view::CallerScope;

/// On what the same caller would be let in without one of their rights.
#[derive(Clone)]
pub(crate) struct Without {
    pub(super) right: SpecialRight,
    /// None: they would not be let in.
    pub(super) admitted: Option<(Exchange, Arc<ExchangePlan>)>,
}

/// Edits beside the caller's own editor. What it says goes nowhere but into counts.
pub(super) struct Lesser {
    right: SpecialRight,
    /// None: without the right there would be no answer, or it could not be made.
    beside: Option<Beside>,
}

struct Beside {
    plan: Arc<ExchangePlan>,
    editor: Editor,
    judge: ExchangeJudge,
}

impl Without {
    /// For each special right that the caller has. None at all unless somebody audits.
    pub(crate) fn each(
        round: &Round<'_>,
        scope: &CallerScope,
        (route, request): (usize, &Request),
    ) -> Vec<Without> {
        if round.gateway.auditor.get().is_none() {
            return Vec::new();
        }
        let admitted = |right| {
            let lesser = scope.without(right)?;
            let directory = Arc::clone(&round.view.directory);
            let exchange = Exchange::new(Arc::clone(&round.active.policy), directory, lesser, route);
            if matches!(*exchange.authorize(request).ok()?, Decision::Refuse(_)) {
                return None;
            }
            let plan = exchange.plan().ok()?;
            Some((exchange, plan))
        };
        let rights = SpecialRight::ALL.into_iter().filter(|right| scope.has(*right));
        rights.map(|right| Without { right, admitted: admitted(right) }).collect()
    }

    /// What is said of the right where nothing is filtered.
    pub(super) fn unfiltered(&self) -> Revealed {
        Revealed { right: self.right, records: None, fields: None }
    }
}

impl Lesser {
    pub(super) fn new(round: &Round<'_>, scope: &CallerScope, without: Without) -> Lesser {
        let beside = without.admitted.and_then(|(exchange, plan)| match &plan.response {
            ResponsePlan::Edit(edits) => {
                let (editor, judge) = (round.editor(edits, scope), exchange.judge());
                Some(Beside { plan, editor, judge })
            }
            ResponsePlan::Pass | ResponsePlan::Empty => None,
        });
        Lesser { right: without.right, beside }
    }

    /// Goes on under another directory.
    pub(super) fn renew(&mut self, withouts: &[Without]) {
        let without = withouts.iter().find(|without| without.right == self.right);
        let admitted = without.and_then(|without| without.admitted.as_ref());
        match (&mut self.beside, admitted) {
            (Some(beside), Some((exchange, plan))) if plan.says_the_same(&beside.plan) => {
                beside.judge = exchange.judge();
            }
            (beside, _) => *beside = None,
        }
    }

    pub(super) fn feed(&mut self, chunk: Bytes) {
        self.step(|editor, judge| editor.feed(chunk, judge, &mut Pieces::new()).is_ok());
    }

    pub(super) fn finish(&mut self) {
        self.step(|editor, judge| editor.finish(judge, &mut Pieces::new()).is_ok());
    }

    /// What is said of the right where nothing is filtered.
    pub(super) fn unfiltered(&self) -> Revealed {
        Revealed { right: self.right, records: None, fields: None }
    }

    /// What the caller was shown by the right.
    pub(super) fn revealed(&self, own: &Tally) -> Revealed {
        let lesser = self.beside.as_ref().map(|beside| Tally::of(beside.editor.report()));
        Revealed::between(self.right, own, lesser.as_ref())
    }

    fn step(&mut self, step: impl FnOnce(&mut Editor, &mut ExchangeJudge) -> bool) {
        if let Some(beside) = &mut self.beside
            && !step(&mut beside.editor, &mut beside.judge)
        {
            self.beside = None;
        }
    }
}

impl Revealed {
    /// What the right adds, between what the caller gets and what they would get without it, if anything.
    pub(super) fn between(right: SpecialRight, own: &Tally, lesser: Option<&Tally>) -> Revealed {
        let Some(lesser) = lesser else {
            return Revealed { right, records: Some(own.kept), fields: None };
        };
        let taken = |tally: &Tally| tally.removed + tally.masked + tally.unlisted;
        Revealed {
            right,
            records: Some(own.kept.saturating_sub(lesser.kept)),
            fields: Some(taken(lesser).saturating_sub(taken(own))),
        }
    }

    /// Whether it is known that there is nothing.
    pub(super) fn is_nothing(&self) -> bool {
        (self.records, self.fields) == (Some(0), Some(0))
    }
}
