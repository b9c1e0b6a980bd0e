//! What the author of a policy links against.
//!
//! A policy is a type that implements [`Policy`]: pure functions of `wit/policy.wit`, each handed the state that
//! `configure` left, and the [`Directory`] to look things up in. One line, under `#[cfg(target_family = "wasm")]`,
//! exports it: `cordon_policy_sdk::export_policy!(MyPolicy);`
//!
//! Nothing in a policy needs Wasm to be tested: [`Harness`] runs the same functions natively over a
//! [`TestDirectory`].
//!
//! ```
//! use cordon_policy_sdk::types::*;
//! use cordon_policy_sdk::{Directory, Harness, Policy, TestDirectory};
//!
//! /// Records name the queue that they came through; its project decides.
//! struct ByQueue;
//!
//! impl Policy for ByQueue {
//!     fn configure(_rules: &str) -> Result<ByQueue, Vec<Problem>> {
//!         Ok(ByQueue)
//!     }
//!
//!     fn manifest(&self) -> Manifest {
//!         let route = Route {
//!             name: "calls".to_owned(),
//!             methods: vec!["GET".to_owned()],
//!             path: "/calls".to_owned(),
//!             decides_on: Vec::new(),
//!         };
//!         Manifest { name: "by-queue".to_owned(), version: "1".to_owned(), routes: vec![route] }
//!     }
//!
//!     fn authorize(&self, _: &dyn Directory, _: &Scope, _: &Request) -> Decision {
//!         Decision::Forward(QueryEdits::none())
//!     }
//!
//!     fn plan(&self, _: &dyn Directory, _: &Scope, _route: &str) -> Result<ExchangePlan, PlanError> {
//!         let calls = RecordSet {
//!             within: None,
//!             path: "$[*]".to_owned(),
//!             columns: None,
//!             keys: vec![Key { path: "$.queue".to_owned(), up: 0 }],
//!             profiles: vec![vec![Edit { path: "$.id".to_owned(), action: Action::Keep }]],
//!             sole: false,
//!         };
//!         let body = BodyPlan { sets: vec![calls], ..BodyPlan::of(Format::Json) };
//!         let response = ResponsePlan::Edit(body);
//!         Ok(ExchangePlan { request: RequestPlan::Empty, response, headers: Vec::new() })
//!     }
//!
//!     fn judge(
//!         &self,
//!         directory: &dyn Directory,
//!         scope: &Scope,
//!         _route: &str,
//!         _set: u32,
//!         records: &[Vec<Value>],
//!     ) -> Result<Vec<Verdict>, JudgeError> {
//!         let verdict = |record: &Vec<Value>| match record.as_slice() {
//!             [Value::One(Scalar::Text(queue))] => {
//!                 let projects = directory.projects_of("queue", queue).unwrap_or_default();
//!                 let seen = projects.iter().any(|project| scope.projects.contains(project));
//!                 if seen { Verdict::Keep(0) } else { Verdict::Drop }
//!             }
//!             _ => Verdict::Drop,
//!         };
//!         Ok(records.iter().map(verdict).collect())
//!     }
//! }
//!
//! let directory = TestDirectory::new().object("queue", "12", ["acme"]);
//! let policy = Harness::<ByQueue>::configure("", directory).unwrap();
//! let call = [("$.queue", Value::text("12"))];
//! assert_eq!(policy.judge_record(&Scope::of(["acme"]), "calls", 0, &call), Ok(Verdict::Keep(0)));
//! assert_eq!(policy.judge_record(&Scope::of(["zeta"]), "calls", 0, &call), Ok(Verdict::Drop));
//! ```

pub mod bindings;
mod construct;
mod directory;
mod export;
mod harness;
mod policy;
pub mod types;

#[cfg(target_family = "wasm")]
pub use directory::HostDirectory;
pub use directory::{Directory, TestDirectory};
pub use harness::{Harness, HarnessError};
pub use policy::Policy;
