//! One request under one policy, one revision of the directory and one scope.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::authorize;
use crate::bindings::cordon::policy::types as wit;
use crate::cache::{DecisionKey, PlanKey};
use crate::convert;
use crate::decision::{Decision, Request};
use crate::directory::Directory;
use crate::failure::{Call, Failure, for_log};
use crate::judge::ExchangeJudge;
use crate::manifest::Route;
use crate::plan::ExchangePlan;
use crate::policy::Policy;
use crate::scope::Scope;

/// A request and what decides on it. Everything stays as it was when the exchange began, whatever is activated
/// meanwhile. Cheap to clone.
#[derive(Clone)]
pub struct Exchange {
    pub(crate) policy: Arc<Policy>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) scope: Arc<Scope>,
    route: usize,
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
        Exchange { policy, directory, scope, route, plan: OnceLock::new() }
    }

    /// Decides on the request.
    ///
    /// # Errors
    /// [`Failure`]: there is no decision, and the request must not be forwarded.
    pub fn authorize(&self, request: &Request) -> Result<Arc<Decision>, Failure> {
        let request = canonical(request);
        let key = DecisionKey::new(self.directory.revision(), self.scope.id(), self.route, &request);
        if let Some(decision) = self.policy.decisions.get(&key) {
            return Ok(decision);
        }
        let decision = Arc::new(self.decide(&request)?);
        self.policy.decisions.insert(key, Arc::clone(&decision));
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

    /// Counts and logs a failure of this exchange.
    pub(crate) fn failed(&self, failure: Failure) -> Failure {
        let route = self.route().map_or("", |route| route.name.as_str());
        self.policy.failed(failure, route)
    }

    fn decide(&self, request: &Request) -> Result<Decision, Failure> {
        let decision = self.ask_decision(request).map_err(|failure| self.failed(failure))?;
        if let Decision::ForwardIf(condition) = &decision {
            let route = condition.probe.route;
            let probe = Exchange::new(
                Arc::clone(&self.policy),
                Arc::clone(&self.directory),
                Arc::clone(&self.scope),
                route,
            );
            if !probe.plan()?.has_sole_set() {
                let reason = "the plan of the probe's route has no sole record set";
                return Err(self.failed(Failure::bad_answer(Call::Authorize, reason)));
            }
        }
        Ok(decision)
    }

    fn ask_decision(&self, request: &Request) -> Result<Decision, Failure> {
        let route = self.route()?;
        let pair = |(name, value): &(String, String)| wit::Pair { name: name.clone(), value: value.clone() };
        let question = wit::Request {
            route: route.name.clone(),
            method: request.method.clone(),
            query: request.query.clone(),
            values: request.values.iter().map(pair).collect(),
        };
        let answer = self.policy.sandboxes.ask(Call::Authorize, &self.directory, |policy, store| {
            policy.call_authorize(store, self.scope.wit(), &question)
        })?;
        authorize::decision(answer, self.policy.manifest(), route, request)
    }

    fn planned(&self) -> Result<Arc<ExchangePlan>, Failure> {
        let key = PlanKey { revision: self.directory.revision(), scope: self.scope.id(), route: self.route };
        if let Some(plan) = self.policy.plans.get(&key) {
            return Ok(plan);
        }
        let plan = Arc::new(self.ask_plan().map_err(|failure| self.failed(failure))?);
        // Verdicts are kept under their plan, so who was later than another takes the other's.
        if let Some(earlier) = self.policy.plans.peek(&key) {
            return Ok(earlier);
        }
        self.policy.plans.insert(key, Arc::clone(&plan));
        Ok(plan)
    }

    fn ask_plan(&self) -> Result<ExchangePlan, Failure> {
        let call = Call::Plan;
        let route = self.route()?;
        let answer = self.policy.sandboxes.ask(call, &self.directory, |policy, store| {
            policy.call_plan(store, self.scope.wit(), &route.name)
        })?;
        let plan = answer.map_err(|error| match error {
            wit::PlanError::UnknownRoute => {
                Failure::bad_answer(call, "a route of its own manifest is unknown to it")
            }
            wit::PlanError::Unsupported(reason) => Failure::NoAnswer { call, reason: for_log(&reason) },
        })?;
        convert::exchange_plan(plan, self.policy.sandboxes.engine().options().own_masks)
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
