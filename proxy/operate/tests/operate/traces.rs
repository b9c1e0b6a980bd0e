//! Traces, told to a receiver that decodes what it gets by OpenTelemetry's own protocol definitions.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cordon_gateway::Sampling;
use cordon_operate::{LogsConfig, TracesConfig};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::logs::attached;
use crate::stage::{Stage, list};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Takes spans.
struct Receiver {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Bytes>>>,
    _served: JoinSet<()>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::<Mutex<Vec<Bytes>>>::default();
        let theirs = Arc::clone(&bodies);
        let mut served = JoinSet::new();
        served.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let bodies = Arc::clone(&theirs);
                let service = service_fn(move |request: Request<Incoming>| {
                    let bodies = Arc::clone(&bodies);
                    async move {
                        assert_eq!(request.uri().path(), "/v1/traces");
                        assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        bodies.lock().unwrap().push(body);
                        Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::default()))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Receiver { address, bodies, _served: served }
    }

    fn config(&self, share: f64, callers_decide: bool) -> LogsConfig {
        traces(self.address, share, callers_decide)
    }

    /// The spans, once there are so many.
    async fn spans(&self, number: usize) -> Vec<Span> {
        let wait = async {
            loop {
                let bodies = self.bodies.lock().unwrap().clone();
                let spans: Vec<Span> = bodies.iter().flat_map(decode).collect();
                if spans.len() >= number {
                    return spans;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("there are so many spans")
    }
}

fn traces(address: SocketAddr, share: f64, callers_decide: bool) -> LogsConfig {
    let traces = TracesConfig {
        endpoint: format!("http://{address}/v1/traces").parse().unwrap(),
        service: "edge".to_owned(),
        sampling: Sampling { share, callers_decide },
    };
    LogsConfig { traces: Some(traces), ..LogsConfig::default() }
}

fn decode(body: &Bytes) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let resource = request.resource_spans.iter().filter_map(|spans| spans.resource.as_ref());
    for resource in resource {
        let name = resource.attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
        let name = name.value.as_ref().unwrap().value.clone().unwrap();
        assert_eq!(name, Value::StringValue("edge".to_owned()));
    }
    let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a backend was told: `traceparent`, and whether there was a `tracestate`.
type Told = Arc<Mutex<Vec<(String, bool)>>>;

/// A backend that remembers the contexts that it was told.
fn remembering() -> (Told, impl Fn(Request<Bytes>) -> Response<Bytes>) {
    let told = Told::default();
    let theirs = Arc::clone(&told);
    let backend = move |request: Request<Bytes>| {
        let headers = request.headers();
        let parent = headers.get("traceparent").map_or("", |value| value.to_str().unwrap());
        theirs.lock().unwrap().push((parent.to_owned(), headers.contains_key("tracestate")));
        list(request)
    };
    (told, backend)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_a_span_in_the_callers_trace_and_the_backend_is_told() {
    let receiver = Receiver::start().await;
    let (told, backend) = remembering();
    let stage = Stage::with(|_| {}, attached(receiver.config(0.0, true)), backend).await;
    let lines = format!("traceparent: {PARENT}\r\ntracestate: a=b\r\n");
    assert_eq!(stage.send("anna", "GET", "/api/calls", &lines, "").await.status, 200);
    let spans = receiver.spans(5).await;
    assert_eq!(spans.len(), 5, "{spans:#?}");
    let whole = spans.iter().find(|span| span.name == "GET /api/calls").unwrap();
    assert_eq!(text(&whole.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(text(&whole.parent_span_id), "b7ad6b7169203331");
    let expected = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", text(&whole.span_id));
    assert_eq!(*told.lock().unwrap(), [(expected, true)]);
    let attribute = |key: &str| {
        let found = whole.attributes.iter().find(|attribute| attribute.key == key);
        found.unwrap_or_else(|| panic!("no {key}")).value.clone().unwrap().value.unwrap()
    };
    assert_eq!(attribute("http.route"), Value::StringValue("/api/calls".to_owned()));
    assert_eq!(attribute("http.response.status_code"), Value::IntValue(200));
    assert_eq!(attribute("cordon.records.kept"), Value::IntValue(2));
    assert_eq!(attribute("cordon.records.dropped"), Value::IntValue(1));
    let mut stages: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id == whole.span_id).collect();
    stages.sort_by_key(|span| span.start_time_unix_nano);
    let names: Vec<&str> = stages.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["identify", "policy", "backend", "body"]);
    assert!(stages.is_sorted_by(|one, other| one.end_time_unix_nano <= other.start_time_unix_nano));
    assert_eq!(stages[3].end_time_unix_nano, whole.end_time_unix_nano);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_context_begins_a_trace() {
    let receiver = Receiver::start().await;
    let (told, backend) = remembering();
    let stage = Stage::with(|_| {}, attached(receiver.config(1.0, true)), backend).await;
    let lines = "traceparent: 00-MARK-MARK-01\r\ntracestate: a=b\r\n";
    stage.send("anna", "GET", "/api/calls", lines, "").await;
    let spans = receiver.spans(5).await;
    let whole = spans.iter().find(|span| span.name == "GET /api/calls").unwrap();
    assert!(whole.parent_span_id.is_empty(), "{whole:?}");
    let expected = format!("00-{}-{}-01", text(&whole.trace_id), text(&whole.span_id));
    assert_eq!(*told.lock().unwrap(), [(expected, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_traces_a_context_passes_as_it_came() {
    let (told, backend) = remembering();
    let stage = Stage::with(|_| {}, |_| Arc::default(), backend).await;
    let lines = format!("traceparent: {PARENT}\r\ntracestate: a=b\r\n");
    stage.send("anna", "GET", "/api/calls", &lines, "").await;
    assert_eq!(*told.lock().unwrap(), [(PARENT.to_owned(), true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h42_nothing_that_is_hidden_or_secret_is_traced() {
    let receiver = Receiver::start().await;
    let stage = Stage::with(|_| {}, attached(receiver.config(1.0, true)), list).await;
    let marked = "X-Request-Id: IDMARK\r\nUser-Agent: AGENTMARK\r\nCookie: COOKIEMARK\r\n\
                  tracestate: a=STATEMARK\r\ntraceparent: 00-TRACEMARK\r\n";
    for login in ["anna", "root", "LOGINMARK"] {
        for path in ["/api/calls?page=QUERYMARK", "/api/calls/PATHMARK", "/PATHMARK"] {
            stage.send(login, "GET", path, marked, "").await;
            stage.send(login, "X-METHODMARK", path, "", "").await;
        }
        stage.send(login, "POST", "/api/search", marked, "BODYMARK").await;
    }
    receiver.spans(21).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let bodies = receiver.bodies.lock().unwrap();
    let whole = bodies.concat();
    assert!(!whole.windows(4).any(|window| window == b"MARK"), "{}", String::from_utf8_lossy(&whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_holds_up_nobody() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let stage = Stage::with(|_| {}, attached(traces(closed, 1.0, false)), list).await;
    for _ in 0..100 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
    let wait = async {
        while stage.metrics().await.value("cordon_trace_batches_total{outcome=\"failed\"}") == 0.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("failed batches are counted");
    assert_eq!(stage.metrics().await.value("cordon_trace_batches_total{outcome=\"sent\"}"), 0.0);
}
