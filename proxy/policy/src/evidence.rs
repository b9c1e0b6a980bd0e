//! What the verdicts on a body rested on, so that they can be asked for again without the body.

use std::sync::Arc;

use cordon_rewrite::{Batch, Verdict};

use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::judge::ExchangeJudge;
use crate::plan::ExchangePlan;

/// The most records that are remembered: a probe is about one.
const RECORDS: usize = 64;
/// The most bytes of their keys.
const BYTES: usize = 16 << 10;

/// The keys of the records of a body, with the verdicts on them.
pub struct Evidence {
    plan: Arc<ExchangePlan>,
    judged: Vec<Judged>,
}

struct Judged {
    set: u32,
    batch: Batch,
    verdicts: Vec<Verdict>,
}

/// What is remembered while a body is judged.
#[derive(Default)]
pub(crate) struct Remembered {
    judged: Vec<Judged>,
    records: usize,
    bytes: usize,
    is_too_much: bool,
}

impl Remembered {
    pub(crate) fn add(&mut self, set: u32, batch: &Batch, verdicts: &[Verdict]) {
        self.records += batch.len();
        self.bytes += (0..batch.len()).map(|record| batch.encoded(record).len()).sum::<usize>();
        self.is_too_much |= self.records > RECORDS || self.bytes > BYTES;
        if self.is_too_much {
            self.judged.clear();
        } else {
            self.judged.push(Judged { set, batch: batch.clone(), verdicts: verdicts.to_vec() });
        }
    }

    pub(crate) fn into_evidence(self, plan: Arc<ExchangePlan>) -> Option<Evidence> {
        let is_any = self.records > 0 && !self.is_too_much;
        is_any.then_some(Evidence { plan, judged: self.judged })
    }
}

impl Exchange {
    /// Whether the same body would be judged in the same way in this exchange.
    ///
    /// # Errors
    /// [`Failure`]: nobody can tell.
    pub fn confirms(&self, evidence: &Evidence) -> Result<bool, Failure> {
        if !self.plan()?.says_the_same(&evidence.plan) {
            return Ok(false);
        }
        let judge = ExchangeJudge::new(self.clone());
        for judged in &evidence.judged {
            let mut verdicts = Vec::with_capacity(judged.verdicts.len());
            judge.verdicts(judged.set, &judged.batch, &mut verdicts)?;
            if verdicts != judged.verdicts {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
