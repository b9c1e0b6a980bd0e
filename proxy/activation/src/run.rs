//! Runs cases: the gateway as it is, under a policy that need not be in force, before a backend that stands in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_directory::Store;
use cordon_gateway::{Explained, Gateway, GatewayConfig, MaskSecret, ProjectSelector};
use cordon_policy::Policy;
use http::{HeaderName, Uri};

use crate::case::{Case, Expected};
use crate::compare::mismatches;
use crate::outcome::{Mismatch, Outcome};
use crate::reason::reasons;
use crate::set::CaseSet;
use crate::stand_in::{Asked, StandIn};

/// The header by which a case chooses a project (D24), whatever the deployment calls it.
pub(crate) const PROJECT: HeaderName = HeaderName::from_static("x-cordon-case-project");

/// How long cases may run, and how large their answers may be.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// For one caller of one case. Most take some milliseconds.
    pub each: Duration,
    /// For all of them.
    pub all: Duration,
    /// Limits of the body editor.
    pub editor: cordon_rewrite::Limits,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            each: Duration::from_secs(10),
            all: Duration::from_secs(120),
            editor: cordon_rewrite::Limits::default(),
        }
    }
}

/// Runs every case as every caller that it names, one after the other, and says of each what came of it.
pub async fn run(policy: &Arc<Policy>, cases: &CaseSet, options: &RunOptions) -> Vec<Outcome> {
    let end = Instant::now() + options.all;
    let mut outcomes = Vec::new();
    for case in &cases.cases {
        let stage = Stage::new(case, policy, options);
        for expected in &case.answers {
            for caller in &expected.callers {
                let exchange = match &stage {
                    Ok(stage) if Instant::now() < end => stage.ask(caller, options.each).await,
                    Ok(_) => Err(Mismatch::plain("there was no time left to run it")),
                    Err(mismatch) => Err(mismatch.clone()),
                };
                outcomes.push(outcome(case, caller, expected, exchange));
            }
        }
    }
    outcomes
}

/// What came of one question.
pub(crate) struct Exchanged {
    pub(crate) explained: Explained,
    pub(crate) asked: Asked,
}

/// A gateway with the directory and the backend of a case.
pub(crate) struct Stage<'a> {
    case: &'a Case,
    gateway: Arc<Gateway>,
    backend: StandIn,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(
        case: &'a Case,
        policy: &Arc<Policy>,
        options: &RunOptions,
    ) -> Result<Stage<'a>, Mismatch> {
        let backend = StandIn::new(Arc::clone(&case.backend));
        let directory: Arc<Store> = Arc::clone(&case.directory);
        let gateway = Gateway::in_memory(config(options), directory, Arc::clone(policy), backend.backend())
            .map_err(|error| Mismatch::plain(format!("it cannot be run: {error}")))?;
        Ok(Stage { case, gateway, backend })
    }

    /// Asks as this caller.
    pub(crate) async fn ask(&self, caller: &str, limit: Duration) -> Result<Exchanged, Mismatch> {
        let asking = self.gateway.explain(caller, self.case.request.clone());
        let outcome = tokio::time::timeout(limit, asking).await;
        let asked = self.backend.take();
        match outcome {
            Ok(Ok(Some(explained))) => Ok(Exchanged { explained, asked }),
            Ok(Ok(None)) => Err(Mismatch::plain(format!("the directory has no user `{caller}`"))),
            Ok(Err(error)) => Err(Mismatch::plain(error.to_string())),
            Err(_) => Err(Mismatch::plain(format!("there was no answer within {} s", limit.as_secs_f32()))),
        }
    }
}

/// The defaults of a deployment, and a secret that is the same each time, so that hashes are.
fn config(options: &RunOptions) -> GatewayConfig {
    GatewayConfig {
        project: ProjectSelector { header: Some(PROJECT), query: None },
        editor: options.editor.clone(),
        ..GatewayConfig::new(Uri::from_static("http://backend.invalid"), MaskSecret([0; 32]))
    }
}

fn outcome(
    case: &Case,
    caller: &str,
    expected: &Expected,
    exchanged: Result<Exchanged, Mismatch>,
) -> Outcome {
    let mut outcome = Outcome {
        case: case.file.clone(),
        caller: caller.to_owned(),
        shows: case.shows.clone(),
        route: None,
        mismatches: Vec::new(),
        reasons: Vec::new(),
    };
    match exchanged {
        Ok(exchanged) => {
            outcome.mismatches = mismatches(expected, &exchanged);
            if !outcome.passes() {
                outcome.reasons = reasons(&exchanged.explained, caller, &case.directory.current());
            }
            outcome.route = exchanged.explained.route;
        }
        Err(mismatch) => outcome.mismatches.push(mismatch),
    }
    outcome
}
