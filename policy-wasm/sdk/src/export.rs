//! From a [`crate::Policy`] to the exports of the contract.

/// Exports a type that implements [`crate::Policy`] as the component's policy. Stands once in a policy's crate, under
/// `#[cfg(target_family = "wasm")]`.
///
/// The state is set by `configure` and never again: the host keeps the memory as it is then, and every sandbox
/// starts from it. A function that is called without it traps, which the host takes as a fault of the policy.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        #[allow(unsafe_code, reason = "exported functions carry unmangled names")]
        mod cordon_policy_exports {
            use super::*;
            use $crate::types::{
                Decision, ExchangePlan, JudgeError, Manifest, MaskError, PlanError, Problem, Request, Scalar,
                Scope, Value, Verdict,
            };
            use $crate::{HostDirectory, Policy};

            static STATE: std::sync::OnceLock<$policy> = std::sync::OnceLock::new();

            fn state() -> &'static $policy {
                STATE.get().expect("configure comes first")
            }

            struct Exports;

            impl $crate::bindings::Guest for Exports {
                fn configure(rules: String) -> Result<Manifest, Vec<Problem>> {
                    let policy = <$policy as Policy>::configure(&rules)?;
                    let manifest = policy.manifest();
                    assert!(STATE.set(policy).is_ok(), "configure comes once");
                    Ok(manifest)
                }

                fn authorize(scope: Scope, request: Request) -> Decision {
                    state().authorize(&HostDirectory, &scope, &request)
                }

                fn plan(scope: Scope, route: String) -> Result<ExchangePlan, PlanError> {
                    state().plan(&HostDirectory, &scope, &route)
                }

                fn judge(
                    scope: Scope,
                    route: String,
                    set: u32,
                    records: Vec<Vec<Value>>,
                ) -> Result<Vec<Verdict>, JudgeError> {
                    state().judge(&HostDirectory, &scope, &route, set, &records)
                }

                fn mask(
                    scope: Scope,
                    route: String,
                    mask: u32,
                    values: Vec<Value>,
                ) -> Result<Vec<Scalar>, MaskError> {
                    state().mask(&HostDirectory, &scope, &route, mask, &values)
                }
            }

            $crate::bindings::export_bindings!(Exports with_types_in $crate::bindings);
        }
    };
}
