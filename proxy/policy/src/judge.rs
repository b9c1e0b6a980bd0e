//! Verdicts on records and masks for values, for one exchange.

use std::collections::HashMap;

use cordon_rewrite::{Batch, Judge, JudgeError, OwnedScalar, Scalar, Value, Verdict};

use crate::bindings::cordon::policy::types as wit;
use crate::cache::{KeptVerdict, VerdictQuery};
use crate::evidence::{Evidence, Remembered};
use crate::exchange::Exchange;
use crate::failure::{Call, Failure};
use crate::plan::ExchangePlan;
use crate::reads::Reads;

/// The most bytes of a scalar that takes a masked value's place.
const MASKED: usize = 256;
/// The most profiles that a verdict may merge.
const MERGED: usize = 4096;

/// Judges for the editor: from the cache where it can, by one call of the policy per batch where it must.
///
/// Its errors are [`Failure`]s.
pub struct ExchangeJudge {
    exchange: Exchange,
    /// What the verdicts rest on, for whoever wants to ask for them again.
    remembered: Option<Remembered>,
}

/// Some records of a batch whose verdicts were found: most of the others have the same keys as one of them, and need
/// not be looked up.
#[derive(Default)]
struct Met {
    records: [usize; 8],
    count: usize,
}

/// Records that share their keys: the first of them, and all of them.
struct Question {
    record: usize,
    places: Vec<usize>,
}

impl Met {
    /// A record with these keys.
    fn find(&self, batch: &Batch, keys: &[u8]) -> Option<usize> {
        self.records[..self.count].iter().copied().find(|&record| batch.encoded(record) == keys)
    }

    fn add(&mut self, record: usize) {
        if let Some(place) = self.records.get_mut(self.count) {
            *place = record;
            self.count += 1;
        }
    }
}

impl ExchangeJudge {
    pub(crate) fn new(exchange: Exchange) -> ExchangeJudge {
        ExchangeJudge { exchange, remembered: None }
    }

    /// Remembers from now on what verdicts rest on.
    pub fn remember(&mut self) {
        self.remembered = Some(Remembered::default());
    }

    /// What the verdicts so far rest on. `None`: it was not remembered, there were none, or too many.
    pub fn evidence(&mut self) -> Option<Evidence> {
        let remembered = self.remembered.take()?;
        remembered.into_evidence(self.exchange.plan().ok()?)
    }

    pub(crate) fn verdicts(
        &self,
        set: u32,
        batch: &Batch,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Failure> {
        let exchange = &self.exchange;
        let policy = &exchange.policy;
        let plan = exchange.plan()?;
        let first = verdicts.len();
        let trusts = policy.purity.trusts();
        let found_before = policy.verdicts.hits();
        let mut found = 0_usize;
        let mut asked_again: Vec<usize> = Vec::new();
        let mut questions: Vec<Question> = Vec::new();
        let mut asked: HashMap<&[u8], usize> = HashMap::new();
        let mut met = Met::default();
        for record in 0..batch.len() {
            let query = VerdictQuery { plan: plan.id, set, record: batch.encoded(record) };
            let verdict = match met.find(batch, query.record) {
                Some(like) => Some(verdicts[first + like].clone()),
                None => {
                    let kept = trusts.then(|| policy.verdicts.peek(&query)).flatten();
                    let kept = kept.filter(|kept| kept.reads.hold(&*exchange.directory, exchange.revision()));
                    kept.map(|kept| {
                        met.add(record);
                        kept.verdict
                    })
                }
            };
            match verdict {
                Some(verdict) => {
                    if policy.purity.is_due(found_before.wrapping_add(found as u64), 0) {
                        asked_again.push(record);
                    }
                    found += 1;
                    verdicts.push(verdict);
                }
                None => {
                    // Holds the place, and would hide the record.
                    verdicts.push(Verdict::Drop);
                    let question = *asked.entry(query.record).or_insert_with(|| {
                        questions.push(Question { record, places: Vec::new() });
                        questions.len() - 1
                    });
                    questions[question].places.push(first + record);
                }
            }
        }
        policy.verdicts.hit(found);
        policy.verdicts.miss(batch.len().saturating_sub(found));
        if !asked_again.is_empty() {
            let fresh = exchange.guarded(Call::Judge, || self.ask_verdicts(&plan, set, batch, &asked_again));
            exchange.compare(Call::Judge, &fresh, |(fresh, _)| {
                asked_again.iter().zip(fresh).all(|(record, fresh)| verdicts[first + record] == *fresh)
            })?;
        }
        if questions.is_empty() {
            return Ok(());
        }
        let records: Vec<usize> = questions.iter().map(|question| question.record).collect();
        let (answers, reads) =
            exchange.guarded(Call::Judge, || self.ask_verdicts(&plan, set, batch, &records))?;
        for (question, verdict) in questions.iter().zip(answers) {
            for place in &question.places {
                verdicts[*place] = verdict.clone();
            }
            let query = VerdictQuery { plan: plan.id, set, record: batch.encoded(question.record) };
            policy.verdicts.insert(query.to_key(), KeptVerdict { verdict, reads: reads.clone() });
        }
        Ok(())
    }

    /// The verdicts on some records of a batch, each one that the plan knows, and what all of them rest on.
    fn ask_verdicts(
        &self,
        plan: &ExchangePlan,
        set: u32,
        batch: &Batch,
        records: &[usize],
    ) -> Result<(Vec<Verdict>, Reads), Failure> {
        let call = Call::Judge;
        let exchange = &self.exchange;
        let route = exchange.route()?;
        let profiles = plan
            .body()
            .and_then(|body| body.spec().sets.get(usize::try_from(set).ok()?))
            .map(|set| set.profiles.len())
            .ok_or_else(|| {
                Failure::Unsupported("a set was to be judged that the plan does not have".into())
            })?;
        let keys = |record: &usize| {
            (0..batch.keys_per_record()).map(|key| value(&batch.value(*record, key))).collect()
        };
        let questions: Vec<Vec<wit::Value>> = records.iter().map(keys).collect();
        let (answer, read) = exchange.policy.sandboxes.ask(call, &exchange.directory, |policy, store| {
            policy.call_judge(store, exchange.scope.wit(), &route.name, set, &questions)
        })?;
        let answers = answer.map_err(|error| {
            let reason = match error {
                wit::JudgeError::UnknownRoute => "a route of its own manifest is unknown to it",
                wit::JudgeError::UnknownSet => "a set of its own plan is unknown to it",
                wit::JudgeError::WrongKeys => "the keys of its own plan are wrong to it",
            };
            Failure::bad_answer(call, reason)
        })?;
        let verdicts = checked(answers, records.len(), profiles)?;
        Ok((verdicts, read.into_reads(exchange.revision(), records.len())))
    }

    fn scalars(&self, mask: u32, values: &[Value<'_>]) -> Result<Vec<OwnedScalar>, Failure> {
        let call = Call::Mask;
        if !self.exchange.policy.sandboxes.engine().options().own_masks {
            return Err(Failure::Unsupported(
                "a mask of the policy's own making, which the operator forbids".into(),
            ));
        }
        let route = self.exchange.route()?;
        let values: Vec<wit::Value> = values.iter().map(value).collect();
        let (answer, _) =
            self.exchange.policy.sandboxes.ask(call, &self.exchange.directory, |policy, store| {
                policy.call_mask(store, self.exchange.scope.wit(), &route.name, mask, &values)
            })?;
        let scalars = answer.map_err(|error| {
            let reason = match error {
                wit::MaskError::UnknownRoute => "a route of its own manifest is unknown to it",
                wit::MaskError::UnknownMask => "a mask of its own plan is unknown to it",
            };
            Failure::bad_answer(call, reason)
        })?;
        if scalars.len() != values.len() {
            let reason = format!("{} scalars for {} values", scalars.len(), values.len());
            return Err(Failure::bad_answer(call, reason));
        }
        scalars.into_iter().map(masked).collect()
    }
}

impl Judge for ExchangeJudge {
    fn judge(&mut self, set: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        let before = verdicts.len();
        if let Err(failure) = self.verdicts(set, batch, verdicts) {
            verdicts.truncate(before);
            return Err(failure.into());
        }
        if let Some(remembered) = &mut self.remembered {
            remembered.add(set, batch, &verdicts[before..]);
        }
        Ok(())
    }

    fn mask(
        &mut self,
        mask: u32,
        values: &[Value<'_>],
        scalars: &mut Vec<OwnedScalar>,
    ) -> Result<(), JudgeError> {
        let masked = self.exchange.guarded(Call::Mask, || self.scalars(mask, values))?;
        scalars.extend(masked);
        Ok(())
    }
}

/// The verdicts on some records, if each is one that the plan knows.
fn checked(answers: Vec<wit::Verdict>, records: usize, profiles: usize) -> Result<Vec<Verdict>, Failure> {
    let bad = |reason: String| Failure::bad_answer(Call::Judge, reason);
    if answers.len() != records {
        return Err(bad(format!("{} verdicts for {records} records", answers.len())));
    }
    let known = |profile: u32| usize::try_from(profile).is_ok_and(|profile| profile < profiles);
    let verdict = |answer| match answer {
        wit::Verdict::Drop => Ok(Verdict::Drop),
        wit::Verdict::Keep(profile) if known(profile) => Ok(Verdict::Keep(profile)),
        wit::Verdict::Keep(profile) => {
            Err(bad(format!("a verdict with profile {profile} of a set that has {profiles}")))
        }
        wit::Verdict::KeepMerged(merged) if merged.is_empty() => {
            Err(bad("a verdict that merges no profiles".into()))
        }
        wit::Verdict::KeepMerged(merged) if merged.len() > MERGED => {
            Err(bad(format!("a verdict that merges more than {MERGED} profiles")))
        }
        wit::Verdict::KeepMerged(merged) => match merged.iter().find(|profile| !known(**profile)) {
            Some(profile) => {
                Err(bad(format!("a verdict with profile {profile} of a set that has {profiles}")))
            }
            None => Ok(Verdict::KeepMerged(merged)),
        },
    };
    answers.into_iter().map(verdict).collect()
}

fn masked(scalar: wit::Scalar) -> Result<OwnedScalar, Failure> {
    match scalar {
        wit::Scalar::Null => Ok(OwnedScalar::Null),
        wit::Scalar::Boolean(truth) => Ok(OwnedScalar::Boolean(truth)),
        wit::Scalar::Number(text) | wit::Scalar::Text(text) if text.len() > MASKED => {
            let reason = format!("a masked value of {} bytes; the most is {MASKED}", text.len());
            Err(Failure::bad_answer(Call::Mask, reason))
        }
        wit::Scalar::Number(text) => Ok(OwnedScalar::Number(text)),
        wit::Scalar::Text(text) => Ok(OwnedScalar::Text(text)),
    }
}

fn value(value: &Value<'_>) -> wit::Value {
    match value {
        Value::Absent => wit::Value::Absent,
        Value::One(one) => wit::Value::One(scalar(*one)),
        Value::Many(many) => wit::Value::Many(many.iter().map(|one| scalar(*one)).collect()),
        Value::Composite => wit::Value::Composite,
    }
}

fn scalar(scalar: Scalar<'_>) -> wit::Scalar {
    match scalar {
        Scalar::Null => wit::Scalar::Null,
        Scalar::Boolean(truth) => wit::Scalar::Boolean(truth),
        Scalar::Number(text) => wit::Scalar::Number(text.into()),
        Scalar::Text(text) => wit::Scalar::Text(text.into()),
    }
}
