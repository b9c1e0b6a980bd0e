//! Whether what an open stream goes by still holds (D8).
//!
//! A stream of events and a WebSocket have no next request at which a change could take effect. So before anything more
//! of them passes, and twice a second while nothing does, it is looked whether directory and policy are still those that
//! they were admitted under. If not, they are admitted anew, by the same steps as the request was. What comes of it is
//! the same with another directory behind it, and they go on; or it is not, and they end.
//!
//! Directories change often, and mostly for others. So the backend is not asked for the record that a stream is about as
//! long as what it last said of that record is judged as it was. It is asked once a minute all the same, since it may say
//! something else by now; that, and looking at silent streams, is spread over time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cordon_directory::{Security, UserId};
use cordon_policy::{Decision, Evidence, Exchange, ExchangePlan};
use http::{Method, Request, request};
use tokio::time::{Instant, Interval};

use crate::active::Active;
use crate::audit::Without;
use crate::edit::body::policy_cause;
use crate::gateway::Gateway;
use crate::probe::{self, Asking, Memory};
use crate::request::id::REQUEST_ID;
use crate::request::query::Query;
use crate::request::target::Target;
use crate::rescue::Cause;
use crate::stack::{Origin, Round, refused};
use crate::trial::Lineup;
use crate::view::{CallerScope, View};
use crate::websocket::Measure;

/// How often a silent stream is looked at, at the least.
const LOOK: Duration = Duration::from_millis(500);
/// After how long, at the most, the credential is looked at again though nothing has changed: it may have run out; and the
/// backend is asked again for what the stream is about.
const CREDENTIAL: Duration = Duration::from_secs(60);

/// How often this silent stream is looked at: streams that began together are not looked at together.
pub(crate) fn look() -> Duration {
    spread(LOOK)
}

/// A time of which the whole is the most, and half of it the least.
fn spread(whole: Duration) -> Duration {
    whole.mul_f64(rand::random_range(0.5..1.0))
}

/// What an open stream goes by.
pub(crate) struct Standing {
    gateway: Arc<Gateway>,
    view: Arc<View>,
    lineup: Arc<Lineup>,
    /// Until when it need not be confirmed though nothing has changed.
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
    /// What the backend said of the record that it is about.
    pub(crate) evidence: Option<Evidence>,
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
    /// What goes to the backend, and the credentials of the query that do not go as they came.
    target: Target,
    credentials: Query,
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
            confirmed: Instant::now() + spread(CREDENTIAL),
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
            && (self.admitted.is_none() || Instant::now() < self.confirmed)
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
        let is_due = Instant::now() >= self.confirmed;
        let asked = match &mut self.admitted {
            Some(admitted) if is_enforced => admitted.renew(&mut round, is_due).await?,
            None if !is_enforced => true,
            _ => return Err(Over::Changed),
        };
        self.view = Arc::clone(&round.view);
        self.lineup = Arc::clone(&round.lineup);
        if asked {
            self.confirmed = Instant::now() + spread(CREDENTIAL);
        }
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

    /// Whether everybody was asked: what the backend said last of the record that it is about is believed, unless it is
    /// due, as long as it is judged in the same way.
    async fn renew(&mut self, round: &mut Round<'_>, is_due: bool) -> Result<bool, Over> {
        let again = Box::pin(self.asked.again(round)).await.map_err(Over::Refused)?;
        let is_same = Arc::ptr_eq(&round.active, &self.active)
            && again.scope.hash_key == self.scope.hash_key
            && again.decision == self.decision
            && again.plan.says_the_same(&self.plan);
        if !is_same {
            return Err(Over::Changed);
        }
        let mut asked = true;
        if let Decision::ForwardIf(condition) = &*again.decision {
            let probe = &condition.probe;
            let judged = |evidence| round.exchange(&again.scope, probe.route).confirms(evidence);
            // Nobody can tell by what it said: it is asked.
            let is_known = self.evidence.as_ref().is_some_and(|evidence| judged(evidence).unwrap_or(false));
            if is_due || !is_known {
                let (parts, target, credentials) = (&self.asked.parts, &again.target, &again.credentials);
                let asking = Asking { parts, route: self.route, target, credentials };
                let check = probe::check(round, &again.scope, probe, asking, Memory::Evidence);
                self.evidence = Box::pin(check).await.map_err(Over::Refused)?;
            } else {
                asked = false;
            }
        }
        (self.scope, self.exchange, self.withouts) = (again.scope, again.exchange, again.withouts);
        Ok(asked)
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
        if let Some(id) = &round.request_id {
            copy.headers.insert(REQUEST_ID, id.clone());
        }
        let login = user.user().login.to_string().into_boxed_str();
        // The tunnel holds what asks this, and not the other way round.
        let origin = Origin { tunnel: None, ..round.origin.clone() };
        Ok(Asked { login, origin, method, parts: copy, target })
    }

    /// The steps of a request before the backend is asked for anything.
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
        if let Decision::Refuse(refusal) = &*decision {
            return Err(refused(refusal));
        }
        let withouts = Without::each(round, &scope, (route, &request));
        Ok(Again { scope, exchange, decision, plan, withouts, target, credentials })
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
        Vigil { state: State::Watching(standing), look: tokio::time::interval(look()) }
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
