//! The policy host: engine, bundle, sandbox, plan and verdict caches. No HTTP.
//!
//! Three lifetimes are three types. An [`Engine`] lives as long as the process: compiler, pool of sandboxes, clock.
//! A [`Policy`] is one bundle, a component and its rules, pre-initialised and ready to be instantiated. An
//! [`Exchange`] is one request under one policy, one directory revision and one scope.
//!
//! Every call of a policy runs in a sandbox of its own, made from the memory that `configure` left and dropped when
//! the call returns. Since a policy is pure, its answers are kept: once the caches are warm, most exchanges run no
//! Wasm at all. Whatever goes wrong inside a sandbox is a typed [`Failure`], counted and logged, and never an answer.

mod authorize;
mod bindings;
mod breaker;
mod cache;
mod compiled;
mod convert;
mod counters;
mod decision;
mod digest;
mod directory;
mod engine;
mod evidence;
mod exchange;
mod failure;
mod imports;
mod judge;
mod load;
mod manifest;
mod plan;
mod policy;
mod purity;
mod reads;
mod sandbox;
mod scope;
mod snapshot;
mod template;
mod ticker;
mod usage;
mod wasi;

pub use breaker::{BreakerCounters, BreakerOptions};
pub use compiled::{CompiledFolder, CompiledFolderError};
pub use counters::{CacheCounters, Counters};
pub use decision::{Condition, Decision, Probe, QueryEdits, Refusal, Request};
pub use digest::Digest;
pub use directory::{Directory, Field};
pub use engine::{CacheOptions, Engine, EngineError, EngineOptions};
pub use evidence::Evidence;
pub use exchange::Exchange;
pub use failure::{Call, Failure};
pub use imports::CONTRACT;
pub use judge::ExchangeJudge;
pub use load::{LoadError, LoadOptions, RuleProblem};
pub use manifest::{Manifest, Route};
pub use plan::{ExchangePlan, RequestPlan, ResponsePlan};
pub use policy::Policy;
pub use scope::{Rights, Scope, ScopeId, Sections};
pub use usage::CallUsage;
