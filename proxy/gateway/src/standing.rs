//! Whether what an open stream goes by still holds (D8).
//!
//! A stream of events and a WebSocket have no next request at which a change could take effect. So before anything more
//! of them passes, and twice a second while nothing does, it is looked whether directory and policy are still those that
//! they were admitted under. If not, they are admitted anew, by the same steps as the request was. What comes of it is
//! the same with another directory behind it, and they go on; or it is not, and they end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cordon_directory::{Security, UserId};
use cordon_policy::{Decision, Exchange, ExchangePlan};
use http::{Method, Request, request};
use tokio::time::{Instant, Interval};

use crate::active::Active;
use crate::audit::Without;
use crate::edit::body::policy_cause;
use crate::gateway::Gateway;
use crate::probe;
use crate::request::target::Target;
use crate::rescue::Cause;
use crate::stack::{Origin, Round, refused};
use crate::trial::Lineup;
use crate::view::{CallerScope, View};
use crate::websocket::Measure;

/// How often a silent stream is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// After how long a credential is looked at again though nothing has changed: it may have run out.
const CREDENTIAL: Duration = Duration::from_secs(60);

/// What an open stream goes by.
pub(crate) struct Standing {
    gateway: Arc<Gateway>,
    view: Arc<View>,
    lineup: Arc<Lineup>,
    confirmed: Instant,
    /// None: nothing is enforced (D1).
    admitted: Option<Box<Admitted>>,
}

/// On what a caller was let in.
pub(crate) struct Admitted {
    pub(crate) asked: Asked,
    pub(crate) active: Arc<Active>,
    /// The route's index in the manifest.
    pub(crate) route: usize,
    pub(crate) scope: Arc<CallerScope>,
    pub(crate) exchange: Exchange,
    pub(crate) decision: Arc<Decision>,
    pub(crate) plan: Arc<ExchangePlan>,
    /// What there would be without the caller's special rights, for whoever audits.
    pub(crate) withouts: Vec<Without>,
}

/// What the caller asked, so that it can be asked again.
pub(crate) struct Asked {
    pub(crate) login: Box<str>,
    pub(crate) origin: Origin,
    /// The method as routes have it.
    pub(crate) method: Method,
    pub(crate) parts: request::Parts,
    /// With credentials and the project asked for.
    pub(crate) target: Target,
}

/// What comes of asking again.
struct Again {
    scope: Arc<CallerScope>,
    exchange: Exchange,
    decision: Arc<Decision>,
    plan: Arc<ExchangePlan>,
    withouts: Vec<Without>,
}

/// Why a stream does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Over {
    /// What the caller may see, or the policy that says so, is another: asked again, it would be in force.
    #[error("what it goes by has changed")]
    Changed,
    /// The caller would not be let in any more, or nobody can tell at present.
    #[error("{0}")]
    Refused(Cause),
}

impl Standing {
    /// A stream that was let in in this round.
    pub(crate) fn of(round: &Round<'_>, admitted: Option<Admitted>) -> Standing {
        Standing {
            gateway: Arc::clone(round.gateway),
            view: Arc::clone(&round.view),
            lineup: Arc::clone(&round.lineup),
            confirmed: Instant::now(),
            admitted: admitted.map(Box::new),
        }
    }

    /// What it was last let in on, unless nothing is enforced.
    pub(crate) fn admitted(&self) -> Option<&Admitted> {
        self.admitted.as_deref()
    }

    /// The revision of the directory that it goes by.
    pub(crate) fn revision(&self) -> u64 {
        self.view.snapshot.revision()
    }

    /// Whether nothing has changed of all that could matter.
    pub(crate) fn is_current(&self) -> bool {
        let gateway = &self.gateway;
        gateway.views.is_current(&self.view)
            && Arc::ptr_eq(&*gateway.lineup.load(), &self.lineup)
            && gateway.views.age() <= gateway.config.directory_age
            && (self.admitted.is_none() || self.confirmed.elapsed() < CREDENTIAL)
    }

    /// Lets the stream in anew. It goes on under what [`Standing::admitted`] says from then on.
    ///
    /// # Errors
    /// It must not go on.
    pub(crate) async fn renew(&mut self) -> Result<(), Over> {
        let origin = self.admitted.as_ref().map(|admitted| admitted.asked.origin.clone()).unwrap_or_default();
        let gateway = Arc::clone(&self.gateway);
        let mut round = Round::begin(&gateway, origin);
        if gateway.views.age() > gateway.config.directory_age {
            return Err(Over::Refused(Cause::Stale));
        }
        let is_enforced = round.view.snapshot.security() != Security::Simplified;
        match &mut self.admitted {
            Some(admitted) if is_enforced => admitted.renew(&mut round).await?,
            None if !is_enforced => {}
            _ => return Err(Over::Changed),
        }
        self.view = Arc::clone(&round.view);
        self.lineup = Arc::clone(&round.lineup);
        self.confirmed = Instant::now();
        Ok(())
    }
}

impl Admitted {
    /// By what messages are judged.
    pub(crate) fn measure(&self) -> Measure<'_> {
        Measure {
            exchange: &self.exchange,
            plan: &self.plan,
            route: &self.active.policy.manifest().routes[self.route],
            hash_key: self.scope.hash_key,
        }
    }

    async fn renew(&mut self, round: &mut Round<'_>) -> Result<(), Over> {
        let again = Box::pin(self.asked.again(round)).await.map_err(Over::Refused)?;
        let is_same = Arc::ptr_eq(&round.active, &self.active)
            && again.scope.hash_key == self.scope.hash_key
            && again.decision == self.decision
            && again.plan.says_the_same(&self.plan);
        if !is_same {
            return Err(Over::Changed);
        }
        (self.scope, self.exchange, self.withouts) = (again.scope, again.exchange, again.withouts);
        Ok(())
    }
}

impl Asked {
    /// What this caller asked, by this method of routes.
    pub(crate) fn of(
        round: &Round<'_>,
        user: &UserId,
        method: Method,
        parts: &request::Parts,
    ) -> Result<Asked, Cause> {
        let target = Target::parse(&parts.method, &parts.uri, parts.version)?;
        let mut copy = Request::new(()).into_parts().0;
        copy.method = parts.method.clone();
        copy.uri = parts.uri.clone();
        copy.version = parts.version;
        copy.headers = parts.headers.clone();
        let login = user.user().login.to_string().into_boxed_str();
        // The tunnel holds what asks this, and not the other way round.
        let origin = Origin { tunnel: None, ..round.origin.clone() };
        Ok(Asked { login, origin, method, parts: copy, target })
    }

    /// The steps of a request up to the backend.
    async fn again(&self, round: &mut Round<'_>) -> Result<Again, Cause> {
        let mut target = self.target.clone();
        let user = Box::pin(round.identify(&self.parts, &target.query)).await?;
        if *user.user().login != *self.login {
            return Err(Cause::CredentialsDisagree);
        }
        round.choose(&user);
        let scope = round.scope(&user, &self.parts.headers, &mut target.query)?;
        let credentials = target.query.clone();
        round.gateway.identifier.strip(&mut target.query);
        let route = round.active.router.find(&self.method, target.path())?;
        let exchange = round.exchange(&scope, route);
        let request = round.active.policy_request(route, &self.method, &target);
        let decision = exchange.authorize(&request).map_err(|failure| policy_cause(&failure))?;
        let plan = exchange.plan().map_err(|failure| policy_cause(&failure))?;
        match &*decision {
            Decision::Refuse(refusal) => return Err(refused(refusal)),
            Decision::Forward(_) => {}
            Decision::ForwardIf(condition) => {
                let place = (route, &target);
                let asked = probe::check(round, &scope, &condition.probe, &self.parts, place, &credentials);
                Box::pin(asked).await?;
            }
        }
        let withouts = Without::each(round, &scope, (route, &request));
        Ok(Again { scope, exchange, decision, plan, withouts })
    }
}

/// Watches over a body under way, from inside its polling.
pub(crate) struct Vigil {
    state: State,
    look: Interval,
}

/// What was let in anew, and whether it was.
type Renewed = (Standing, Result<(), Over>);

/// What a body goes on under.
pub(crate) struct Renewal {
    pub(crate) exchange: Exchange,
    pub(crate) withouts: Vec<Without>,
    /// The directory's revision.
    pub(crate) revision: u64,
}

enum State {
    Watching(Standing),
    Renewing(Pin<Box<dyn Future<Output = Renewed> + Send>>),
    Ended,
}

impl Vigil {
    pub(crate) fn new(standing: Standing) -> Vigil {
        Vigil { state: State::Watching(standing), look: tokio::time::interval(LOOK) }
    }

    /// Ready where the body may go on: with what it goes on under, if that is another than before.
    ///
    /// # Errors
    /// It ends here.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Renewal>, Over>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Watching(standing) if standing.is_current() => {
                    self.state = State::Watching(standing);
                    if self.look.poll_tick(context).is_pending() {
                        return Poll::Ready(Ok(None));
                    }
                }
                State::Watching(mut standing) => {
                    self.state = State::Renewing(Box::pin(async move {
                        let outcome = standing.renew().await;
                        (standing, outcome)
                    }));
                }
                State::Renewing(mut renewal) => {
                    let polled = renewal.as_mut().poll(context);
                    if polled.is_pending() {
                        self.state = State::Renewing(renewal);
                    }
                    let (standing, outcome) = ready!(polled);
                    outcome?;
                    let renewal = standing.admitted().map(|admitted| Renewal {
                        exchange: admitted.exchange.clone(),
                        withouts: admitted.withouts.clone(),
                        revision: standing.revision(),
                    });
                    self.state = State::Watching(standing);
                    return Poll::Ready(Ok(renewal));
                }
                State::Ended => return Poll::Ready(Err(Over::Changed)),
            }
        }
    }
}
