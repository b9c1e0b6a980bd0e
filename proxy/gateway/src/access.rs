//! The access log: who asked what and what became of it, without a value of the request or the body (H42).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cordon_directory::{Snapshot, UserId};
use cordon_rewrite::Report;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::active::Active;
use crate::counters::route::{Messages, Tally};
use crate::counters::{Totals, add};
use crate::gateway::Gateway;
use crate::limit::Admitted;
use crate::record::{ExchangeRecord, Outcome, Recorder, method_word};
use crate::request::body::Fate;
use crate::request::id;
use crate::rescue::{Cause, Culprit};
use crate::stage::{STAGES, Stage};
use crate::trace::TraceContext;
use crate::trial::Trial;

/// One exchange as it will stand in the log. It is written when it is dropped, which is when the last byte of the
/// response is sent, or given up.
pub(crate) struct Entry {
    totals: Arc<Totals>,
    recorder: Option<Arc<dyn Recorder>>,
    clock: Clock,
    method: Method,
    pub(crate) active: Arc<Active>,
    /// Whose candidate serves the caller.
    trial: Option<Arc<Trial>>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) user: Option<UserId>,
    pub(crate) route: Option<usize>,
    status: StatusCode,
    reason: Option<&'static str>,
    tally: Tally,
    /// What of it, and of messages and bytes, stands in the counters already.
    counted: Counted,
    request_id: Option<Box<str>>,
    pub(crate) trace: Option<TraceContext>,
    messages: Messages,
    /// What becomes of the request's body.
    body: Option<Fate>,
    /// Bytes of a client's messages.
    said: u64,
    sent: u64,
    outcome: Outcome,
    /// Observe mode: nothing is enforced.
    pub(crate) observed: bool,
    /// Its place among the requests under way.
    pub(crate) admitted: Option<Admitted>,
}

/// What was added to counters.
#[derive(Clone, Copy, Default)]
struct Counted {
    tally: Tally,
    messages: Messages,
    received: u64,
    sent: u64,
}

/// What an exchange's time goes into.
struct Clock {
    began: Instant,
    /// What is under way, and since when.
    stage: (Stage, Instant),
    /// What is over.
    stages: [Option<Duration>; STAGES.len()],
}

impl Entry {
    pub(crate) fn new(
        gateway: &Gateway,
        head: (Method, &HeaderMap),
        address: Option<IpAddr>,
        active: Arc<Active>,
        snapshot: Arc<Snapshot>,
    ) -> Entry {
        let (method, headers) = head;
        let recorder = gateway.recorder.get().cloned();
        add(&gateway.totals.under_way, 1);
        Entry {
            totals: Arc::clone(&gateway.totals),
            request_id: match &gateway.config.request_ids {
                Some(settings) => Some(id::given(settings, headers, address)),
                None => recorder.as_ref().and_then(|_| id::told(headers)),
            },
            trace: gateway.sampling.get().map(|sampling| sampling.context(headers)),
            recorder,
            clock: Clock::new(),
            method,
            active,
            trial: None,
            snapshot,
            user: None,
            route: None,
            status: StatusCode::INTERNAL_SERVER_ERROR,
            reason: None,
            tally: Tally::default(),
            counted: Counted::default(),
            messages: Messages::default(),
            body: None,
            said: 0,
            sent: 0,
            outcome: Outcome::Abandoned,
            observed: false,
            admitted: None,
        }
    }

    /// What the request is called, as a header tells it, if it was given a name here.
    pub(crate) fn request_id(&self, gateway: &Gateway) -> Option<HeaderValue> {
        gateway.config.request_ids.as_ref()?;
        HeaderValue::from_str(self.request_id.as_deref()?).ok()
    }

    /// What was under way is over, and this begins.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.clock.enter(stage);
    }

    /// A candidate serves the caller.
    pub(crate) fn served_by(&mut self, trial: &Arc<Trial>) {
        self.active = Arc::clone(&trial.candidate);
        self.trial = Some(Arc::clone(trial));
    }

    /// The route is known.
    pub(crate) fn matched(&mut self, route: usize) {
        self.route = Some(route);
        self.active.counters[route].request();
    }

    /// The request has this body.
    pub(crate) fn receives(&mut self, body: Fate) {
        self.body = Some(body);
    }

    /// There is no body to wait for: the exchange is over.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }

    pub(crate) fn refused(&mut self, cause: &Cause) {
        self.reason = Some(cause.reason());
        self.totals.refusals.enter(cause);
        let counter = match cause.culprit() {
            Culprit::Caller => &self.totals.refused,
            Culprit::Backend => &self.totals.backend_faults,
            Culprit::Policy => &self.totals.policy_faults,
            Culprit::Gateway => &self.totals.own_faults,
        };
        add(counter, 1);
        if let (Culprit::Policy, Some(trial)) = (cause.culprit(), &self.trial) {
            trial.failed(self.route_name());
        }
    }

    /// What the editor did, once it has finished or given up.
    pub(crate) fn edited(&mut self, report: &Report) {
        self.tally = Tally::of(report);
        if !report.unlisted.is_empty() && tracing::enabled!(tracing::Level::DEBUG) {
            let route = self.route_name();
            for (path, count) in report.unlisted.iter() {
                tracing::debug!(route, path, count, "unlisted values removed");
            }
        }
    }

    /// What the editor has done so far, of a stream without end: whoever watches it does not wait for that.
    pub(crate) fn goes_on(&mut self, report: &Report) {
        self.tally = Tally::of(report);
        self.count();
    }

    /// A client has said something over a WebSocket.
    pub(crate) fn said(&mut self, bytes: usize) {
        self.messages.said += 1;
        self.said += bytes as u64;
        self.count();
    }

    /// A backend has said something over a WebSocket: this many bytes of it went out, if any, and this the editor did.
    pub(crate) fn told(&mut self, bytes: Option<usize>, report: Option<&Report>) {
        let tally = report.map(Tally::of).unwrap_or_default();
        self.tally.add(&tally);
        match bytes {
            None => self.messages.dropped += 1,
            Some(bytes) => {
                self.messages.told += 1;
                self.messages.edited += u64::from(tally.is_change());
                self.sent += bytes as u64;
            }
        }
        self.count();
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    fn received(&self) -> u64 {
        self.said + self.body.as_ref().map_or(0, Fate::bytes)
    }

    /// Adds what has come since the last time.
    fn count(&mut self) {
        let Counted { tally, messages, received, sent } = self.counted;
        self.counted = Counted {
            tally: self.tally,
            messages: self.messages,
            received: self.received(),
            sent: self.sent,
        };
        let counters = self.route.map_or(&self.totals.unrouted, |route| &self.active.counters[route]);
        counters.edited(&self.tally.since(&tally));
        counters.messages(&self.messages.since(&messages));
        counters.bytes(self.counted.received - received, self.sent - sent);
    }

    pub(crate) fn complete(&mut self) {
        self.outcome = Outcome::Complete;
    }

    pub(crate) fn broken(&mut self, cause: &Cause) {
        self.outcome = Outcome::Broken;
        self.refused(cause);
    }

    fn route_name(&self) -> &str {
        self.route.map_or("-", |route| self.active.policy.manifest().routes[route].name.as_str())
    }

    /// Writes the line where nobody else keeps a record.
    fn log(&self, record: &ExchangeRecord<'_>) {
        tracing::info!(
            target: "cordon::access",
            method = record.method,
            route = self.route_name(),
            status = record.status,
            user = record.caller.unwrap_or("-"),
            policy = self.active.digest_prefix.as_str(),
            revision = record.revision,
            kept = record.kept,
            dropped = record.dropped,
            removed = record.removed,
            masked = record.masked,
            unlisted = record.unlisted,
            messages_said = record.messages.said,
            messages_told = record.messages.told,
            messages_dropped = record.messages.dropped,
            reason = record.reason.unwrap_or("-"),
            outcome = %record.outcome,
            observed = record.observed,
            received = record.received,
            sent = record.sent,
            microseconds = u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX),
            "exchange"
        );
    }
}

impl Clock {
    fn new() -> Clock {
        let began = Instant::now();
        Clock { began, stage: (Stage::Identify, began), stages: [None; STAGES.len()] }
    }

    fn enter(&mut self, stage: Stage) {
        let now = Instant::now();
        self.leave(now);
        self.stage = (stage, now);
    }

    fn leave(&mut self, now: Instant) {
        let (stage, since) = self.stage;
        *self.stages[stage as usize].get_or_insert_default() += now.duration_since(since);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let now = Instant::now();
        self.clock.leave(now);
        let duration = now.duration_since(self.clock.began);
        let received = self.received();
        add(&self.totals.requests, 1);
        if self.outcome != Outcome::Complete {
            add(&self.totals.broken_off, 1);
        }
        self.totals.under_way.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        self.count();
        let counters = self.route.map_or(&self.totals.unrouted, |route| &self.active.counters[route]);
        counters.ended(self.status, duration);
        let mut stages = [(Stage::Identify, Duration::ZERO); STAGES.len()];
        let mut passed = 0;
        for (stage, took) in STAGES.iter().zip(self.clock.stages) {
            let Some(took) = took else { continue };
            self.totals.took(*stage, took);
            stages[passed] = (*stage, took);
            passed += 1;
        }
        let manifest = self.active.policy.manifest();
        let record = ExchangeRecord {
            began: SystemTime::now() - duration,
            method: method_word(&self.method),
            route: self.route.map(|route| {
                let route = &manifest.routes[route];
                (route.name.as_str(), route.path.as_str())
            }),
            status: self.status.as_u16(),
            caller: self.user.as_ref().map(|user| &*user.user().login),
            policy: self.active.policy.digest(),
            revision: self.snapshot.revision(),
            kept: self.tally.kept,
            dropped: self.tally.dropped,
            removed: self.tally.removed,
            masked: self.tally.masked,
            unlisted: self.tally.unlisted,
            messages: self.messages,
            reason: self.reason,
            outcome: self.outcome,
            observed: self.observed,
            received,
            sent: self.sent,
            stages: &stages[..passed],
            request_id: self.request_id.as_deref(),
            trace: self.trace,
            duration,
        };
        if let Some(recorder) = &self.recorder {
            recorder.exchange(&record);
        }
        if !self.recorder.as_ref().is_some_and(|recorder| recorder.keeps_log()) {
            self.log(&record);
        }
    }
}
