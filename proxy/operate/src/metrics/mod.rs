//! Figures for Prometheus.
//!
//! Labels are names of routes out of manifests, and words of this program; there are as many series as those allow,
//! whatever callers send (H42).

pub(crate) mod classic;
mod page;

use std::fmt;

use cordon_gateway::{HostState, HostStatus, Measures, Messages, RouteCounts};
use http::HeaderMap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::logs::Lines;
use crate::metrics::page::{Labels, Page};
use crate::{Plane, readiness};

/// OpenMetrics 1.0.
pub(crate) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures, in the form that whoever asks prefers, with its type.
pub(crate) fn preferred(plane: &Plane, accept: &HeaderMap) -> (&'static str, String) {
    let text = text(plane);
    if classic::is_preferred(accept) { (classic::KIND, classic::rewritten(&text)) } else { (KIND, text) }
}

const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// All figures, as they are now.
fn text(plane: &Plane) -> String {
    let mut registry = Registry::with_prefix("cordon");
    let is_ready = readiness::unready(&plane.gateway).is_empty();
    let is_draining = plane.gateway.is_draining();
    let lines = plane.logs.lines();
    registry.register_collector(Box::new(Moment {
        lines,
        batches: plane.logs.batches(),
        measures: plane.gateway.measures(),
        is_ready,
        is_draining,
    }));
    let mut text = String::new();
    // Writing to a text cannot fail.
    if encode(&mut text, &registry).is_err() {
        text.clear();
    }
    text
}

/// What is told at one time.
#[derive(Debug)]
struct Moment {
    measures: Measures,
    lines: Vec<Lines>,
    /// Batches of spans sent, and those that failed.
    batches: Option<(u64, u64)>,
    is_ready: bool,
    is_draining: bool,
}

impl Collector for Moment {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::new(encoder);
        page.info("build", "The program", [[("version", env!("CARGO_PKG_VERSION"))]])?;
        page.state("ready", "1 if requests are welcome", u64::from(self.is_ready))?;
        page.state("draining", "1 after the process was told to stop", u64::from(self.is_draining))?;
        self.connections(&mut page)?;
        self.routes(&mut page)?;
        self.refusals(&mut page)?;
        self.policies(&mut page)?;
        self.calls(&mut page)?;
        self.trial(&mut page)?;
        self.backend(&mut page)?;
        self.logs(&mut page)?;
        self.directory(&mut page)
    }
}

fn labels(host: &HostState) -> Labels<'_, 2> {
    [("host", &host.host), ("address", &host.address)]
}

impl Moment {
    fn connections(&self, page: &mut Page<'_>) -> fmt::Result {
        let measures = &self.measures;
        page.state("connections", "Connections of callers that are open", measures.connections)?;
        page.counter("connections_accepted", "Connections of callers", [([], measures.accepted)])?;
        let refused = [([], measures.connections_refused)];
        page.counter("connections_refused", "Connections of addresses that have too many", refused)?;
        let numbers: Vec<String> =
            measures.certificates.iter().map(|certificate| certificate.number.to_string()).collect();
        let certificates = measures.certificates.iter().zip(&numbers).map(|(certificate, number)| {
            let labels = [("listener", certificate.listener.as_str()), ("certificate", number.as_str())];
            (labels, certificate.not_after)
        });
        let help = "When a certificate expires, in seconds since 1970";
        page.gauge("certificate_not_after_seconds", help, certificates)?;
        page.state("requests_under_way", "Requests whose answer is not sent", measures.under_way)?;
        let broken = [([], measures.broken_off)];
        page.counter("responses_broken_off", "Answers that were not sent to their end", broken)
    }

    fn routes(&self, page: &mut Page<'_>) -> fmt::Result {
        let routes = || self.measures.routes.iter();
        let statuses = routes().flat_map(|counts| {
            let route = ("route", counts.route.as_str());
            let classes = STATUSES.into_iter().zip(counts.statuses);
            classes.map(move |(class, count)| ([route, ("status", class)], count))
        });
        page.counter("requests", "Answers by route and status", statuses)?;
        let of = |value: fn(&RouteCounts) -> u64| {
            routes().map(move |counts| ([("route", counts.route.as_str())], value(counts)))
        };
        page.counter("request_body_bytes", "Bytes of request bodies", of(|route| route.received))?;
        page.counter("response_body_bytes", "Bytes of answers' bodies", of(|route| route.sent))?;
        page.counter("records_kept", "Records that callers were shown", of(|route| route.kept))?;
        page.counter("records_dropped", "Records that callers were not shown", of(|route| route.dropped))?;
        page.counter("fields_removed", "Values removed by an edit", of(|route| route.removed))?;
        page.counter("fields_masked", "Values masked", of(|route| route.masked))?;
        let unlisted = of(|route| route.unlisted);
        page.counter("fields_unlisted", "Values removed since no rule names them", unlisted)?;
        let messages = routes().flat_map(|counts| {
            let route = ("route", counts.route.as_str());
            let Messages { said, told, edited, dropped } = counts.messages;
            let fates = [("said", said), ("told", told), ("edited", edited), ("dropped", dropped)];
            fates.map(move |(fate, count)| ([route, ("fate", fate)], count))
        });
        let help =
            "Messages over WebSockets: of clients, to clients, of these with something taken away, not sent";
        page.counter("websocket_messages", help, messages)?;
        let would = of(|route| route.would_refuse);
        page.counter("would_refuse", "In simplified security: what enforcement would have refused", would)?;
        let durations = routes().map(|counts| ([("route", counts.route.as_str())], &counts.durations));
        page.histogram(
            "request_duration_seconds",
            "From the head to the last byte of the answer",
            durations,
        )?;
        let stages = self.measures.stages.iter();
        let stages = stages.map(|(stage, durations)| ([("stage", stage.name())], durations));
        page.histogram("stage_duration_seconds", "What requests spend their time with", stages)
    }

    fn refusals(&self, page: &mut Page<'_>) -> fmt::Result {
        let refusals = self.measures.refusals.iter();
        let refusals = refusals
            .map(|refusal| ([("reason", refusal.reason), ("culprit", refusal.culprit)], refusal.count));
        page.counter("refusals", "Requests refused and answers broken off, by reason", refusals)
    }

    fn policies(&self, page: &mut Page<'_>) -> fmt::Result {
        let digests: Vec<String> =
            self.measures.policies.iter().map(|policy| policy.policy.digest().to_string()).collect();
        let infos = self.measures.policies.iter().zip(&digests).map(|(policy, digest)| {
            let manifest = policy.policy.manifest();
            [
                ("role", policy.role.name()),
                ("name", manifest.name.as_str()),
                ("version", manifest.version.as_str()),
                ("digest", digest.as_str()),
            ]
        });
        page.info("policy", "The policy in force, and the one on trial", infos)?;
        let caches: Vec<_> = self
            .measures
            .policies
            .iter()
            .flat_map(|policy| {
                let counters = &policy.counters;
                [("decision", counters.decisions), ("plan", counters.plans), ("verdict", counters.verdicts)]
                    .map(|(cache, counters)| ([("role", policy.role.name()), ("cache", cache)], counters))
            })
            .collect();
        let of = |value: fn(&cordon_policy::CacheCounters) -> u64| {
            caches.iter().map(move |(labels, counters)| (*labels, value(counters)))
        };
        page.counter("policy_cache_hits", "Answers of the policy that were kept", of(|cache| cache.hits))?;
        page.counter("policy_cache_misses", "Answers that were not kept", of(|cache| cache.misses))?;
        page.counter("policy_cache_evictions", "Answers dropped for room", of(|cache| cache.evictions))?;
        page.gauge("policy_cache_entries", "Answers held", of(|cache| cache.entries))
    }

    fn calls(&self, page: &mut Page<'_>) -> fmt::Result {
        let policies = || self.measures.policies.iter().map(|policy| (("role", policy.role.name()), policy));
        let usage: Vec<_> = policies()
            .flat_map(|(role, policy)| {
                policy.usage.iter().map(move |usage| ([role, ("call", usage.call.name())], usage))
            })
            .collect();
        let calls = usage.iter().map(|(labels, usage)| (*labels, usage.calls));
        page.counter("sandbox_calls", "Calls of a policy that answered", calls)?;
        let seconds = usage.iter().map(|(labels, usage)| (*labels, usage.time.as_secs_f64()));
        page.seconds("sandbox_seconds", "Seconds that calls of a policy took", seconds)?;
        let made = policies().map(|(role, policy)| ([role], policy.counters.sandboxes));
        page.counter("sandboxes", "Sandboxes made", made)?;
        let failures = policies().flat_map(|(role, policy)| {
            let counters = &policy.counters;
            [
                ("trap", counters.traps),
                ("time-out", counters.time_outs),
                ("memory", counters.out_of_memory),
                ("bad-answer", counters.bad_answers),
                ("no-answer", counters.no_answers),
                ("unsupported", counters.unsupported),
                ("busy", counters.busy),
                ("broken", counters.broken),
                ("impure", counters.impure),
            ]
            .map(|(kind, count)| ([role, ("kind", kind)], count))
        });
        page.counter("policy_failures", "Calls of a policy that failed", failures)?;
        let closed = policies().map(|(role, policy)| ([role], policy.counters.breaker.closed));
        page.gauge("policy_breaker_closed", "Functions of routes that are not called at present", closed)?;
        let closings = policies().map(|(role, policy)| ([role], policy.counters.breaker.closings));
        page.counter("policy_breaker_closings", "How often one was closed", closings)
    }

    fn trial(&self, page: &mut Page<'_>) -> fmt::Result {
        let trial = self.measures.trial.unwrap_or_default();
        page.state(
            "trial_under_way",
            "1 while a policy is tried out",
            u64::from(self.measures.trial.is_some()),
        )?;
        page.state("trial_stopped", "1 if the candidate was sent home", u64::from(trial.is_stopped))?;
        let findings = [
            ("compared", trial.compared),
            ("skipped", trial.skipped),
            ("failed", trial.failed),
            ("revealed", trial.revealed),
            ("hidden", trial.hidden),
        ]
        .map(|(finding, count)| ([("finding", finding)], count));
        page.gauge("trial_findings", "What comparing the candidate has found", findings)
    }

    fn backend(&self, page: &mut Page<'_>) -> fmt::Result {
        let backend = &self.measures.backend;
        let mut hosts: Vec<&HostState> = backend.hosts.iter().collect();
        hosts.sort_by(|one, other| (&one.host, &one.address).cmp(&(&other.host, &other.address)));
        hosts.dedup_by(|one, other| (&one.host, &one.address) == (&other.host, &other.address));
        let of = |value: fn(&HostState) -> u64| hosts.iter().map(move |host| (labels(host), value(host)));
        let up = of(|host| u64::from(host.status == HostStatus::Up));
        page.gauge("backend_host_up", "1 if the host is asked", up)?;
        let statuses = hosts.iter().flat_map(|host| {
            let [name, address] = labels(host);
            [HostStatus::Up, HostStatus::Ejected, HostStatus::Unhealthy]
                .map(|status| ([name, address, ("status", status.word())], u64::from(host.status == status)))
        });
        page.gauge("backend_host_status", "1 for what the host is", statuses)?;
        page.gauge(
            "backend_host_requests_under_way",
            "Requests at the host",
            of(|host| host.in_flight as u64),
        )?;
        page.gauge(
            "backend_host_connections_idle",
            "Connections that are kept",
            of(|host| host.idle as u64),
        )?;
        page.counter(
            "backend_host_requests",
            "Requests that the host was chosen for",
            of(|host| host.requests),
        )?;
        page.counter("backend_host_connects", "Connections made", of(|host| host.connects))?;
        let failed = of(|host| host.connects_failed);
        page.counter("backend_host_connects_failed", "Connections that could not be made", failed)?;
        page.counter("backend_host_failures", "Answers missing, broken or 5xx", of(|host| host.failures))?;
        page.counter("backend_host_ejections", "How often the host was left out", of(|host| host.ejections))?;
        page.state("backend_requests_waiting", "Requests that wait for a place", backend.waiting)?;
        let refused = [([], backend.refused)];
        page.counter("backend_requests_refused", "Requests refused since too many were under way", refused)?;
        page.counter("backend_retries", "Requests that were sent once more", [([], backend.retries)])?;
        let refused = [([], backend.retries_refused)];
        page.counter("backend_retries_refused", "Requests not sent once more, by the budget", refused)
    }

    fn logs(&self, page: &mut Page<'_>) -> fmt::Result {
        let of = |value: fn(&Lines) -> u64| {
            self.lines.iter().map(move |lines| ([("log", lines.log)], value(lines)))
        };
        page.counter("log_lines", "Lines written to a log", of(|lines| lines.written))?;
        page.counter("log_lines_lost", "Lines that could not be written to a log", of(|lines| lines.lost))?;
        let batches =
            self.batches.into_iter().flat_map(|(sent, failed)| [("sent", sent), ("failed", failed)]);
        let batches = batches.map(|(outcome, count)| ([("outcome", outcome)], count));
        page.counter("trace_batches", "Batches of spans for the receiver of traces", batches)?;
        let audit = &self.measures.audit;
        let revealed = [("records", audit.records), ("fields", audit.fields)];
        let revealed = revealed.map(|(kind, count)| ([("kind", kind)], count));
        page.counter("audit_revealed", "What was shown by special rights only", revealed)?;
        let refused = [([], audit.refused)];
        page.counter("audit_refused", "Requests refused since the audit log could not be written", refused)
    }

    fn directory(&self, page: &mut Page<'_>) -> fmt::Result {
        let directory = &self.measures.directory;
        page.state("directory_revision", "Revision of the directory in force", directory.revision)?;
        page.state("directory_change", "Number of the last change in force", directory.change)?;
        let age = directory.age.as_secs_f64();
        page.state("directory_age_seconds", "Since the directory was known to be current", age)?;
        let max = self.measures.directory_age.as_secs_f64();
        page.state("directory_max_age_seconds", "The age at which nothing is served any more", max)?;
        let trouble = u64::from(directory.trouble.is_some());
        page.state("directory_trouble", "1 if the directory cannot be followed", trouble)
    }
}
