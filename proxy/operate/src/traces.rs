//! Traces: a span for each exchange that is recorded, with one for each of its stages, sent by OTLP.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use cordon_gateway::{ExchangeRecord, Outcome, Sampling, Stage, TraceContext};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use tokio::runtime::Handle;

/// Spans that wait to be sent. Beyond, they are dropped.
const WAITING: usize = 8192;
/// How often spans are sent.
const PAUSE: Duration = Duration::from_secs(1);
/// For a receiver to take spans.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer of a receiver.
const ANSWER: usize = 64 << 10;
/// How long the end of the process waits for the last spans.
const LAST: Duration = Duration::from_secs(3);

/// Where spans are sent, and how many.
#[derive(Clone, Debug)]
pub struct TracesConfig {
    /// Where a receiver takes spans by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: Uri,
    /// What the receiver calls this program.
    pub service: String,
    /// Which exchanges are recorded.
    pub sampling: Sampling,
}

/// Spans on their way to a receiver.
pub(crate) struct Traces {
    pub(crate) sampling: Sampling,
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
}

/// Sends from the thread that collects spans, which is none of the runtime's.
#[derive(Debug)]
struct Sender {
    runtime: Handle,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    counts: Arc<Counts>,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// TLS cannot be set up.
    #[error("TLS towards the receiver of traces: {0}")]
    Tls(#[from] rustls::Error),
    /// The exporter cannot be made.
    #[error("the exporter of traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Traces {
    /// Begins to send. It must be called on a runtime, which carries the requests.
    pub(crate) fn start(config: &TracesConfig) -> Result<Traces, TracesError> {
        let counts = Arc::<Counts>::default();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)?
            .https_or_http()
            .enable_http1()
            .build();
        let sender = Sender {
            runtime: Handle::current(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            counts: Arc::clone(&counts),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sender)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(config.endpoint.to_string())
            .with_timeout(PATIENCE)
            .build()?;
        let batches =
            BatchConfigBuilder::default().with_max_queue_size(WAITING).with_scheduled_delay(PAUSE).build();
        let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.name", config.service.clone()))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        processor.set_resource(&resource);
        let scope = InstrumentationScope::builder("cordon").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Traces { sampling: config.sampling, processor, scope, counts })
    }

    /// Makes spans of an exchange, if it is recorded.
    pub(crate) fn exchange(&self, record: &ExchangeRecord<'_>) {
        let Some(trace) = record.trace.filter(|trace| trace.is_sampled) else { return };
        let mut began = record.began;
        for (stage, took) in record.stages {
            let ended = began + *took;
            self.processor.on_end(self.stage(trace, *stage, (began, ended)));
            began = ended;
        }
        self.processor.on_end(self.whole(record, trace));
    }

    /// Batches that a receiver took, and batches that it did not.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.failed.load(Ordering::Relaxed))
    }

    /// Sends what waits. It blocks.
    pub(crate) fn finish(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(LAST) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }

    fn whole(&self, record: &ExchangeRecord<'_>, trace: TraceContext) -> SpanData {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("http.request.method", record.method),
            KeyValue::new("http.response.status_code", i64::from(record.status)),
            KeyValue::new("cordon.policy", record.policy.to_string()),
            KeyValue::new("cordon.revision", count(record.revision)),
            KeyValue::new("cordon.records.kept", count(record.kept)),
            KeyValue::new("cordon.records.dropped", count(record.dropped)),
            KeyValue::new("cordon.fields.removed", count(record.removed)),
            KeyValue::new("cordon.fields.masked", count(record.masked)),
            KeyValue::new("cordon.fields.unlisted", count(record.unlisted)),
        ];
        if record.is_websocket() {
            attributes.extend([
                KeyValue::new("cordon.messages.said", count(record.messages.said)),
                KeyValue::new("cordon.messages.told", count(record.messages.told)),
                KeyValue::new("cordon.messages.edited", count(record.messages.edited)),
                KeyValue::new("cordon.messages.dropped", count(record.messages.dropped)),
            ]);
        }
        let mut name = record.method.to_owned();
        if let Some((route, path)) = record.route {
            attributes.push(KeyValue::new("http.route", path.to_owned()));
            attributes.push(KeyValue::new("cordon.route", route.to_owned()));
            name = format!("{name} {path}");
        }
        if let Some(reason) = record.reason {
            attributes.push(KeyValue::new("error.type", reason));
        }
        let failed = record.status >= 500 || record.outcome == Outcome::Broken;
        let status = if failed { Status::error(record.reason.unwrap_or_default()) } else { Status::Unset };
        let ended = record.began + record.duration;
        let span = self.span(trace, (trace.span, trace.parent), name, (record.began, ended));
        SpanData {
            span_kind: SpanKind::Server,
            parent_span_is_remote: trace.parent.is_some(),
            attributes,
            status,
            ..span
        }
    }

    fn stage(&self, trace: TraceContext, stage: Stage, times: (SystemTime, SystemTime)) -> SpanData {
        let mut id = [0; 8];
        rand::fill(&mut id);
        let span = self.span(trace, (id, Some(trace.span)), stage.name().to_owned(), times);
        let span_kind = if stage == Stage::Backend { SpanKind::Client } else { SpanKind::Internal };
        SpanData { span_kind, ..span }
    }

    fn span(
        &self,
        trace: TraceContext,
        (id, parent): ([u8; 8], Option<[u8; 8]>),
        name: String,
        (start_time, end_time): (SystemTime, SystemTime),
    ) -> SpanData {
        let span_context = SpanContext::new(
            TraceId::from_bytes(trace.trace),
            SpanId::from_bytes(id),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        SpanData {
            span_context,
            parent_span_id: parent.map_or(SpanId::INVALID, SpanId::from_bytes),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time,
            end_time,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("sampling", &self.sampling).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let answer = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
            Ok::<_, Box<dyn Error + Send + Sync>>(Response::from_parts(head, body))
        };
        let answer = self.runtime.spawn(async { tokio::time::timeout(PATIENCE, answer).await }).await;
        let answer: Result<_, HttpError> = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(late)) => Err(late.into()),
            Err(gone) => Err(gone.into()),
        };
        let taken = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
        let count = if taken { &self.counts.sent } else { &self.counts.failed };
        count.fetch_add(1, Ordering::Relaxed);
        answer
    }
}
