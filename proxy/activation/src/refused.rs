//! Why a bundle does not become active.

use std::fmt;

use cordon_policy::{LoadError, RuleProblem};

use crate::outcome::Outcome;
use crate::plans::PlanFault;
use crate::set::CaseMistakes;

/// A bundle that is not admitted, with every reason that was found. The active policy stays.
#[derive(Debug)]
pub struct Refused {
    /// At least one.
    pub reasons: Vec<Reason>,
}

/// One reason against a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The bundle is for another version of the contract than this program speaks.
    #[error("contract: the bundle is built for {stated}, this program speaks {spoken}")]
    Contract {
        /// The version in its manifest.
        stated: String,
        /// The version of this program.
        spoken: &'static str,
    },
    /// The component cannot be used: what it imports, its functions, its start, its manifest.
    #[error("component: {0}")]
    Component(#[source] LoadError),
    /// A mistake in the rules.
    #[error("rules: {at}{0}", at = place(.0))]
    Rule(RuleProblem),
    /// What the bundle calls the policy is not what the policy calls itself.
    #[error("manifest: the bundle's {what} is `{stated}`, the policy says `{said}`")]
    Manifest {
        /// `name` or `version`.
        what: &'static str,
        /// In the bundle's manifest.
        stated: String,
        /// By the policy itself.
        said: String,
    },
    /// A plan that cannot be made or carried out.
    #[error("plan: {0}")]
    Plan(PlanFault),
    /// The gateway cannot match the policy's routes.
    #[error("routes: {0}")]
    Routes(String),
    /// Mistakes in a case.
    #[error("case {0}")]
    CaseMistakes(CaseMistakes),
    /// There is no case at all: nobody has said what the policy is to show.
    #[error("cases: there is none; a bundle has one at least, which says what somebody must get")]
    NoCase,
    /// A case whose caller gets something else than it says.
    #[error("case {0}")]
    Case(Box<Outcome>),
    /// The policy failed while its plans and cases were tried.
    #[error("limits: the policy {what} while its plans and cases were tried ({count} times)")]
    Limit {
        /// How.
        what: &'static str,
        /// How often.
        count: u64,
    },
    /// A request that the active policy governs would be refused.
    #[error(
        "routes: {method} {path} (`{route}` of the active policy) is not there, and not given up in the manifest"
    )]
    Lost {
        /// The route's name in the active policy.
        route: String,
        /// The method.
        method: String,
        /// The path template.
        path: String,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the bundle is refused, and what is active stays:")?;
        for reason in &self.reasons {
            write!(formatter, "\n- {}", reason.to_string().trim_end().replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

fn place(problem: &RuleProblem) -> String {
    problem.span.as_ref().map(|span| format!("byte {}: ", span.start)).unwrap_or_default()
}
