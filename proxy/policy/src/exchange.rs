//! One request under one policy, one revision of the directory and one scope.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use quick_cache::Equivalent;

use crate::authorize;
use crate::bindings::cordon::policy::types as wit;
use crate::breaker::{Function, Place};
use crate::cache::{Cache, DecisionQuery, KeptDecision, PlanKey, Size};
use crate::convert;
use crate::decision::{Decision, Request};
use crate::directory::Directory;
use crate::failure::{Call, Failure, for_log};
use crate::judge::ExchangeJudge;
use crate::manifest::Route;
use crate::plan::ExchangePlan;
use crate::policy::Policy;
use crate::reads::Reads;
use crate::scope::Scope;

/// A request and what decides on it. Everything stays as it was when the exchange began, whatever is activated
/// meanwhile. Cheap to clone.
#[derive(Clone)]
pub struct Exchange {
    pub(crate) policy: Arc<Policy>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) scope: Arc<Scope>,
    route: usize,
    /// The directory's.
    revision: u64,
    /// The plan in use, so that judging goes by the plan that the editor has.
    plan: OnceLock<Arc<ExchangePlan>>,
}

impl Exchange {
    /// Begins an exchange on a route, given by its index in the manifest.
    pub fn new(
        policy: Arc<Policy>,
        directory: Arc<dyn Directory>,
        scope: Arc<Scope>,
        route: usize,
    ) -> Exchange {
        let revision = directory.revision();
        Exchange { policy, directory, scope, route, revision, plan: OnceLock::new() }
    }

    /// Decides on the request.
    ///
    /// # Errors
    /// [`Failure`]: there is no decision, and the request must not be forwarded.
    pub fn authorize(&self, request: &Request) -> Result<Arc<Decision>, Failure> {
        let request = canonical(request);
        let decisions = &self.policy.decisions;
        let query = DecisionQuery::new(self.scope.id(), self.route, &request);
        if let Some(kept) = self.kept(decisions, &query, |kept| &kept.reads) {
            if self.policy.purity.is_due(decisions.hit(1), 0) {
                let fresh = self.decide(&request);
                self.compare(Call::Authorize, &fresh, |fresh| fresh.decision == kept.decision)?;
            }
            return Ok(kept.decision);
        }
        decisions.miss(1);
        let made = self.decide(&request)?;
        let decision = Arc::clone(&made.decision);
        decisions.insert(query.to_key(), made);
        Ok(decision)
    }

    /// Says what may be in the bodies. The same plan whenever it is asked.
    ///
    /// # Errors
    /// [`Failure`]: there is no plan, and no body must pass.
    pub fn plan(&self) -> Result<Arc<ExchangePlan>, Failure> {
        if let Some(plan) = self.plan.get() {
            return Ok(Arc::clone(plan));
        }
        let plan = self.planned()?;
        Ok(Arc::clone(self.plan.get_or_init(|| plan)))
    }

    /// What judges the records of the response.
    pub fn judge(&self) -> ExchangeJudge {
        ExchangeJudge::new(self.clone())
    }

    /// The policy that decides.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The scope it decides for.
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    pub(crate) fn route(&self) -> Result<&Route, Failure> {
        self.policy
            .manifest()
            .routes
            .get(self.route)
            .ok_or_else(|| Failure::Unsupported(format!("the policy has no route number {}", self.route)))
    }

    /// The directory's revision.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Counts and logs a failure of this exchange.
    pub(crate) fn failed(&self, failure: Failure) -> Failure {
        let route = self.route().map_or("", |route| route.name.as_str());
        self.policy.failed(failure, route)
    }

    /// Asks the policy, unless it has failed again and again at this. Failures are counted and logged.
    pub(crate) fn guarded<R>(
        &self,
        call: Call,
        question: impl FnOnce() -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let function = Function { route: self.route, call };
        let place = Place { function, circle: self.scope.circle() };
        self.policy.breaker.guard(place, Instant::now, question).map_err(|failure| self.failed(failure))
    }

    /// Compares a kept answer with a fresh one. That there is no fresh one for want of time or of a sandbox says
    /// nothing; any other failure, counted already, is another answer.
    pub(crate) fn compare<R>(
        &self,
        call: Call,
        fresh: &Result<R, Failure>,
        is_kept: impl FnOnce(&R) -> bool,
    ) -> Result<(), Failure> {
        match fresh {
            Ok(fresh) if is_kept(fresh) => {
                self.policy.purity.matched();
                Ok(())
            }
            Err(Failure::TimeOut { .. } | Failure::Busy { .. } | Failure::Broken { .. }) => Ok(()),
            _ => {
                self.policy.distrust();
                Err(self.failed(Failure::Impure { call }))
            }
        }
    }

    /// What is kept under a key, if it is what a fresh sandbox would answer now.
    fn kept<K: Eq + Hash + Size, V: Clone + Size>(
        &self,
        cache: &Cache<K, V>,
        key: &(impl Hash + Equivalent<K>),
        reads: impl Fn(&V) -> &Reads,
    ) -> Option<V> {
        let kept = self.policy.purity.trusts().then(|| cache.peek(key)).flatten()?;
        reads(&kept).hold(&*self.directory, self.revision).then_some(kept)
    }

    fn decide(&self, request: &Request) -> Result<KeptDecision, Failure> {
        let (decision, mut reads) = self.guarded(Call::Authorize, || self.ask_decision(request))?;
        if let Decision::ForwardIf(condition) = &decision {
            let route = condition.probe.route;
            let probe = Exchange::new(
                Arc::clone(&self.policy),
                Arc::clone(&self.directory),
                Arc::clone(&self.scope),
                route,
            );
            let plan = probe.plan()?;
            if !plan.has_sole_set() {
                let reason = "the plan of the probe's route has no sole record set";
                return Err(self.failed(Failure::bad_answer(Call::Authorize, reason)));
            }
            // The probe's plan is part of what makes the decision one that the contract allows.
            reads = reads.join(&plan.reads, self.revision);
        }
        Ok(KeptDecision { decision: Arc::new(decision), reads })
    }

    fn ask_decision(&self, request: &Request) -> Result<(Decision, Reads), Failure> {
        let route = self.route()?;
        let pair = |(name, value): &(String, String)| wit::Pair { name: name.clone(), value: value.clone() };
        let question = wit::Request {
            route: route.name.clone(),
            method: request.method.clone(),
            query: request.query.clone(),
            values: request.values.iter().map(pair).collect(),
        };
        let (answer, read) =
            self.policy.sandboxes.ask(Call::Authorize, &self.directory, |policy, store| {
                policy.call_authorize(store, self.scope.wit(), &question)
            })?;
        let decision = authorize::decision(answer, self.policy.manifest(), route, request)?;
        Ok((decision, read.into_reads(self.revision, 1)))
    }

    fn planned(&self) -> Result<Arc<ExchangePlan>, Failure> {
        let plans = &self.policy.plans;
        let key = PlanKey { scope: self.scope.id(), route: self.route };
        let kept = || self.kept(plans, &key, |plan: &Arc<ExchangePlan>| &plan.reads);
        if let Some(plan) = kept() {
            if self.policy.purity.is_due(plans.hit(1), plan.bytes) {
                let fresh = self.guarded(Call::Plan, || self.ask_plan());
                self.compare(Call::Plan, &fresh, |fresh| fresh.says_the_same(&plan))?;
            }
            return Ok(plan);
        }
        plans.miss(1);
        let plan = self.guarded(Call::Plan, || self.ask_plan())?;
        // Verdicts are kept under their plan, so who was later than another takes the other's.
        if let Some(earlier) = kept() {
            return Ok(earlier);
        }
        // Where the plan is as it was, so are the verdicts under it whose own look-ups hold.
        let plan = Arc::new(match plans.peek(&key) {
            Some(stale) if self.policy.purity.trusts() && plan.says_the_same(&stale) => {
                plan.succeeding(&stale)
            }
            _ => plan,
        });
        plans.insert(key, Arc::clone(&plan));
        Ok(plan)
    }

    fn ask_plan(&self) -> Result<ExchangePlan, Failure> {
        let call = Call::Plan;
        let route = self.route()?;
        let (answer, read) = self.policy.sandboxes.ask(call, &self.directory, |policy, store| {
            policy.call_plan(store, self.scope.wit(), &route.name)
        })?;
        let plan = answer.map_err(|error| match error {
            wit::PlanError::UnknownRoute => {
                Failure::bad_answer(call, "a route of its own manifest is unknown to it")
            }
            wit::PlanError::Unsupported(reason) => Failure::NoAnswer { call, reason: for_log(&reason) },
        })?;
        let options = self.policy.sandboxes.engine().options();
        convert::exchange_plan(plan, options, read.into_reads(self.revision, 1))
    }
}

/// The request with its query names sorted and freed of duplicates, as the contract has them.
fn canonical(request: &Request) -> Cow<'_, Request> {
    if request.query.windows(2).all(|pair| pair[0] < pair[1]) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    request.query.sort_unstable();
    request.query.dedup();
    Cow::Owned(request)
}
