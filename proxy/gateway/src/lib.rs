//! The data plane: listen, TLS, identity, the stack of layers, the backend.
//!
//! [`Gateway`] answers requests by the policy in force and the directory's current snapshot; `stack.rs` has the order
//! in which that happens, `rescue.rs` what becomes of failures.
//!
//! What this version solves by leaving it out: validators and conditionals (H14) and ranges (H13) are removed in both
//! directions; responses are not compressed for the client (H15); redirections of the backend are refused, since a
//! `Location` can tell of hidden records (H18); trailers are dropped (H4); `CONNECT` is refused, and so is every `Upgrade` but
//! that to a WebSocket of a route that the policy knows (H6).

mod access;
mod active;
mod answer;
mod audit;
mod config;
mod counters;
mod documents;
mod edit;
mod explain;
mod fetch;
mod gateway;
mod identity;
mod limit;
mod measures;
mod memory;
mod observe;
mod probe;
mod problem;
mod record;
mod request;
mod rescue;
mod response;
mod route;
mod serve;
mod stack;
mod stage;
mod standing;
mod tls;
mod trace;
mod trial;
mod upstream;
mod view;
mod websocket;
mod workers;

pub use answer::{AnswerBody, BrokenOff};
pub use audit::{AuditEntry, Auditor, NotWritten, Part, Revealed, SpecialRight, Writing};
pub use config::{
    AcmeConfig, ActiveCheck, BackendConfig, BackendCredential, BasicSettings, CertificateFiles,
    CertificatePart, CertificateSettings, ClientAuthorities, ClientTlsConfig, CredentialPlace,
    CredentialPlaces, Deadlines, Following, Forwarded, FrontSettings, GatewayConfig, HostAddress, HostChecks,
    HostLimits, IdentityConfig, IdentityMethod, IntrospectionSettings, JwtAlgorithm, JwtKeys, JwtSettings,
    LeastRate, Limits, MaskSecret, NamedBy, Naming, NotAHost, Passwords, ProjectSelector, REQUEST_HEADERS,
    Rate, Remembrance, RequestIds, Resolve, Resolved, Resolver, STRIPPED_HEADERS, ServerTlsConfig,
    SystemResolver, TlsVersion, WebSocketConfig, WhoAmISettings,
};
pub use counters::{Counters, Durations, Messages, RefusalCount, RouteCounts};
pub use documents::{DocumentError, Documents};
pub use explain::{Answer, BackendAnswer, ExplainError, Explained, Refused};
pub use gateway::{Gateway, GatewayError, TrialError};
pub use identity::IdentityError;
pub use measures::{AuditMeasures, CertificateMeasure, Measures, PolicyMeasures, Role, TrialMeasures};
pub use memory::MemoryBackend;
pub use problem::Problem;
pub use record::{ExchangeRecord, Outcome, Recorder};
pub use route::RouteError;
pub use serve::listener::Listener;
pub use stage::{STAGES, Stage};
pub use tls::TlsError;
pub use tls::server::ServerTls;
pub use trace::{Sampling, TraceContext};
pub use trial::{Findings, Place, RouteFindings, Share, Stop, Trial, TrialOptions};
pub use upstream::BackendError;
pub use upstream::states::{BackendState, HostState, HostStatus};
pub use workers::Workers;
