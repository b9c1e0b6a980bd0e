//! Both policies over one exchange.

use std::sync::Arc;
use std::time::Instant;

use cordon_policy::{Decision, Exchange, ExchangePlan, Failure, QueryEdits, RequestPlan, ResponsePlan};
use cordon_rewrite::{Changes, Editor, Limits, Options, Pieces, Report};

use crate::active::Active;
use crate::probe::shows_record;
use crate::response::check;
use crate::trial::Place;
use crate::trial::findings::{Difference, Stop};
use crate::trial::sample::{Answered, Job, Question};

/// The request itself: one policy lets it through, the other does not.
const REQUEST: &str = "(request)";
/// What the backend is asked for.
const QUERY: &str = "(query)";
/// The request's body.
const REQUEST_BODY: &str = "(request body)";
/// The whole answer.
const ANSWER: &str = "$";

/// How far a request comes with a policy.
enum Way {
    /// It is refused, or has no route.
    Refused,
    /// The policy has no answer.
    Failed,
    Goes(Box<Goes>),
}

struct Goes {
    exchange: Exchange,
    decision: Arc<Decision>,
    plan: Arc<ExchangePlan>,
    probe: Option<Probing>,
}

/// The record that must be seen first.
struct Probing {
    /// Its path, since the two manifests number their routes differently.
    path: String,
    exchange: Exchange,
    plan: Arc<ExchangePlan>,
}

/// Runs both policies and enters what differs.
pub(super) fn run(job: &Job, limits: &Limits) {
    let (trial, question) = (&job.trial, &job.question);
    let route = [&question.active, &trial.candidate].into_iter().find_map(|side| {
        let route = side.router.find(&question.method, question.target.path()).ok()?;
        Some(side.policy.manifest().routes[route].name.clone())
    });
    // Neither knows it: no caller sees anything of it, and its path must not be a label.
    let Some(route) = route else { return };
    let difference = differ(job, limits);
    let unapproved = difference
        .revealed
        .keys()
        .find(|path| !trial.options().approved.iter().any(|place| place.covers(&route, path)));
    let stop = unapproved.map(|path| Stop::Revealed(Place { route: route.clone(), path: path.clone() }));
    let stop = stop.or_else(|| difference.failed.then(|| Stop::Failed { route: route.clone() }));
    let slowness = trial.options().slowness;
    let mut ledger = trial.ledger();
    ledger.enter(&route, difference);
    let stop = stop.or_else(|| ledger.is_slow(slowness).then_some(Stop::Slow { times: slowness }));
    drop(ledger);
    if let Some(stop) = stop {
        trial.halt(stop);
    }
}

fn differ(job: &Job, limits: &Limits) -> Difference {
    let (trial, question) = (&job.trial, &job.question);
    let mut difference = Difference::default();
    let mut timed = |side: usize, active: &Arc<Active>| {
        let began = Instant::now();
        let way = way(question, active);
        difference.time[side] += began.elapsed();
        way
    };
    let ways = [timed(0, &question.active), timed(1, &trial.candidate)];
    difference.failed = matches!(ways, [Way::Refused | Way::Goes(_), Way::Failed]);
    let [first, second] = match ways {
        [Way::Goes(first), Way::Goes(second)] => [first, second],
        [Way::Goes(_), _] => {
            difference.hide(REQUEST);
            return difference;
        }
        [_, Way::Goes(_)] => {
            difference.reveal(REQUEST);
            return difference;
        }
        _ => return difference,
    };
    if !probes(&first, &second, job, limits, &mut difference) {
        return difference;
    }
    requests(&first, &second, question.has_body, &mut difference);
    headers(&first.plan, &second.plan, &mut difference);
    match [&first, &second].map(|side| matches!(side.plan.response, ResponsePlan::Empty)) {
        [true, false] => difference.reveal(ANSWER),
        [false, true] => difference.hide(ANSWER),
        [true, true] => {}
        [false, false] => {
            if let Some(answer) = &job.answer {
                answers([&first, &second], question, answer, limits, &mut difference);
            }
        }
    }
    difference
}

/// What becomes of the request.
fn way(question: &Question, active: &Arc<Active>) -> Way {
    let Ok(route) = active.router.find(&question.method, question.target.path()) else {
        return Way::Refused;
    };
    let exchange_on = |route| {
        let (directory, scope) = (Arc::clone(&question.view.directory), Arc::clone(&question.scope.scope));
        Exchange::new(Arc::clone(&active.policy), directory, scope, route)
    };
    let exchange = exchange_on(route);
    let asked = || -> Result<Way, Failure> {
        let request = active.policy_request(route, &question.method, &question.target);
        let decision = exchange.authorize(&request)?;
        let probe = match &*decision {
            Decision::Refuse(_) => return Ok(Way::Refused),
            Decision::Forward(_) => None,
            Decision::ForwardIf(condition) => {
                let Some(path) = active.probe_path(route, &question.target, &condition.probe) else {
                    return Ok(Way::Refused);
                };
                let exchange = exchange_on(condition.probe.route);
                Some(Probing { path, plan: exchange.plan()?, exchange })
            }
        };
        let plan = exchange.plan()?;
        Ok(Way::Goes(Box::new(Goes { exchange: exchange.clone(), decision, plan, probe })))
    };
    asked().unwrap_or(Way::Failed)
}

/// Whether the record that must be seen first may be seen. False: for one of them it may not.
fn probes(first: &Goes, second: &Goes, job: &Job, limits: &Limits, difference: &mut Difference) -> bool {
    let both = match (&first.probe, &second.probe) {
        (None, None) => return true,
        (None, Some(_)) => {
            difference.hide(REQUEST);
            return true;
        }
        (Some(first), Some(second)) if first.path == second.path => [first, second],
        _ => {
            difference.reveal(REQUEST);
            return true;
        }
    };
    // The backend had no such record.
    let Some(probed) = &job.probed else { return true };
    match both.map(|probing| sees(probing, job, probed, limits)) {
        [true, true] => true,
        [true, false] => {
            difference.hide(REQUEST);
            false
        }
        [false, true] => {
            difference.reveal(REQUEST);
            false
        }
        [false, false] => false,
    }
}

fn sees(probing: &Probing, job: &Job, probed: &Answered, limits: &Limits) -> bool {
    let ResponsePlan::Edit(plan) = &probing.plan.response else { return false };
    let shown = show(&probing.exchange, &probing.plan, &job.question, probed, limits);
    shown.is_ok_and(|report| shows_record(plan, &report))
}

/// What the backend is asked, and whether with a body.
fn requests(first: &Goes, second: &Goes, has_body: bool, difference: &mut Difference) {
    if query(&first.decision) != query(&second.decision) {
        // The backend would answer otherwise, in a way that nobody knows.
        difference.reveal(QUERY);
    }
    match (first.plan.request, second.plan.request) {
        (RequestPlan::Empty, RequestPlan::Pass) if has_body => difference.reveal(REQUEST_BODY),
        (RequestPlan::Pass, RequestPlan::Empty) if has_body => difference.hide(REQUEST_BODY),
        _ => {}
    }
}

fn query(decision: &Decision) -> Option<&QueryEdits> {
    match decision {
        Decision::Forward(edits) => Some(edits),
        Decision::ForwardIf(condition) => Some(&condition.query),
        Decision::Refuse(_) => None,
    }
}

fn headers(first: &ExchangePlan, second: &ExchangePlan, difference: &mut Difference) {
    let only_in = |one: &ExchangePlan, other: &ExchangePlan| -> Vec<String> {
        let names = one.headers.iter().filter(|name| !other.headers.contains(name));
        names.map(|name| format!("(header {name})")).collect()
    };
    only_in(second, first).into_iter().for_each(|place| difference.reveal(place));
    only_in(first, second).into_iter().for_each(|place| difference.hide(place));
}

/// What each shows of the backend's answer.
fn answers(
    sides: [&Goes; 2],
    question: &Question,
    answer: &Answered,
    limits: &Limits,
    difference: &mut Difference,
) {
    let mut shown = sides.into_iter().enumerate().map(|(side, goes)| {
        let began = Instant::now();
        let shown = show(&goes.exchange, &goes.plan, question, answer, limits);
        difference.time[side] += began.elapsed();
        shown
    });
    let (Some(first), Some(second)) = (shown.next(), shown.next()) else { return };
    drop(shown);
    match (first, second) {
        (Ok(first), Ok(second)) => match Changes::between(&first, &second) {
            Some(changes) => difference.add(&changes),
            // More than a report remembers: nothing can be said, so the worst is.
            None => difference.reveal(ANSWER),
        },
        (Ok(_), Err(())) => {
            difference.failed = true;
            difference.hide(ANSWER);
        }
        (Err(()), Ok(_)) => difference.reveal(ANSWER),
        // The backend's fault, since neither can read it.
        (Err(()), Err(())) => {}
    }
}

/// What is hidden of the body.
fn show(
    exchange: &Exchange,
    plan: &ExchangePlan,
    question: &Question,
    answer: &Answered,
    limits: &Limits,
) -> Result<Report, ()> {
    let ResponsePlan::Edit(plan) = &plan.response else { return Ok(Report::default()) };
    check::content_type(&answer.headers, plan.spec()).map_err(drop)?;
    let options = Options { limits: limits.clone(), hash_key: question.scope.hash_key, trace: true };
    let mut editor = Editor::new(Arc::clone(plan), options);
    let mut judge = exchange.judge();
    let mut discarded = Pieces::new();
    for chunk in &answer.chunks {
        editor.feed(chunk.clone(), &mut judge, &mut discarded).map_err(drop)?;
        discarded.clear();
    }
    editor.finish(&mut judge, &mut discarded).map_err(drop)?;
    Ok(editor.report().clone())
}
