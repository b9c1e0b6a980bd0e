//! The words that the host and a policy share. `wit/policy.wit` has the full description of each.

pub use crate::bindings::cordon::policy::directory::Field;
pub use crate::bindings::cordon::policy::types::{
    Action, Binding, BodyPlan, Columns, ColumnsPlace, Condition, Csv, Decision, Edit, Entries, ExchangePlan,
    Format, JudgeError, Key, Manifest, Mask, MaskError, Masked, Names, Pair, Pattern, PlanError, Probe,
    Problem, QueryEdits, RecordSet, Refusal, Request, RequestAction, RequestEdit, RequestPlan, ResponsePlan,
    Rights, Route, Scalar, Scope, Sections, Span, Value, Verdict,
};
