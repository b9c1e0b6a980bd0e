//! What one policy shows that another hides, over the questions of cases: before anybody asks them in earnest.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_gateway::Explained;
use cordon_policy::Policy;
use cordon_rewrite::Changes;
use http::header;
use serde::Serialize;

use crate::run::{Exchanged, RunOptions, Stage};
use crate::set::CaseSet;

/// What a second policy would newly reveal and newly hide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Revealing {
    /// Questions that were asked of both: a case and a caller each.
    pub asked: usize,
    /// What only the second shows, or shows more of, by route and path.
    pub revealed: Vec<RevealedPlace>,
    /// What only the first shows, or shows more of.
    pub hidden: Vec<RevealedPlace>,
    /// Questions that could not be compared, with the reason.
    pub failures: Vec<String>,
}

/// Places of one pattern in answers on one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevealedPlace {
    /// The route's name in the first policy; in the second if the first has none for it.
    pub route: String,
    /// A path such as `$.data[*].phone`; `(answer)` is the whole of it, `(header NAME)` a header.
    pub path: String,
    /// How many.
    pub count: u64,
}

/// The whole answer.
const ANSWER: &str = "(answer)";

/// Asks every question of the cases under both policies, whatever the cases expect.
pub async fn reveal(policies: [&Arc<Policy>; 2], cases: &CaseSet, options: &RunOptions) -> Revealing {
    let mut revealing = Revealing::default();
    let mut places = Places::default();
    for case in &cases.cases {
        let stages = policies.map(|policy| Stage::new(case, policy, options));
        for caller in case.callers() {
            let mut answers = Vec::new();
            for stage in &stages {
                answers.push(match stage {
                    Ok(stage) => stage.ask(caller, options.each).await,
                    Err(mismatch) => Err(mismatch.clone()),
                });
            }
            revealing.asked += 1;
            match (answers.pop(), answers.pop()) {
                (Some(Ok(second)), Some(Ok(first))) => compare(&first, &second, &mut places),
                (second, first) => {
                    let reasons = [first, second].into_iter().flatten().filter_map(Result::err);
                    for reason in reasons {
                        revealing.failures.push(format!("{}, to {caller}: {}", case.file, reason.what));
                    }
                }
            }
        }
    }
    let [revealed, hidden] = places.map(|places| {
        let place = |((route, path), count)| RevealedPlace { route, path, count };
        places.into_iter().map(place).collect()
    });
    Revealing { revealed, hidden, ..revealing }
}

/// Counts by route and path: what is revealed, and what is hidden.
type Places = [BTreeMap<(String, String), u64>; 2];

const REVEALED: usize = 0;
const HIDDEN: usize = 1;

fn compare(first: &Exchanged, second: &Exchanged, places: &mut Places) {
    let route = [first, second].into_iter().find_map(|side| side.explained.route.clone());
    let route = route.unwrap_or_else(|| "-".to_owned());
    let mut count = |side: usize, path: String, count: u64| {
        *places[side].entry((route.clone(), path)).or_default() += count;
    };
    let (first, second) = (&first.explained, &second.explained);
    match (is_content(first), is_content(second)) {
        (false, false) => return,
        (false, true) => return count(REVEALED, ANSWER.to_owned(), 1),
        (true, false) => return count(HIDDEN, ANSWER.to_owned(), 1),
        (true, true) => {}
    }
    for (side, one, other) in [(REVEALED, first, second), (HIDDEN, second, first)] {
        for name in other.answer.headers.keys() {
            // What frames an answer follows from its body.
            let frames =
                [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::DATE, header::CONTENT_TYPE];
            if !one.answer.headers.contains_key(name) && !frames.contains(name) {
                count(side, format!("(header {name})"), 1);
            }
        }
    }
    match bodies(first, second) {
        Some(changes) => {
            for (side, counts) in [(REVEALED, &changes.revealed), (HIDDEN, &changes.hidden)] {
                counts.iter().for_each(|(path, places)| count(side, path.to_owned(), places));
            }
        }
        None if second.answer.body.is_empty() && !first.answer.body.is_empty() => {
            count(HIDDEN, ANSWER.to_owned(), 1);
        }
        // More than can be said: so the worst is.
        None if first.answer.body != second.answer.body => count(REVEALED, ANSWER.to_owned(), 1),
        None => {}
    }
}

/// Whether the caller gets something of the backend.
fn is_content(explained: &Explained) -> bool {
    explained.refusal.is_none() && explained.backend.is_some() && !explained.answer.broken_off
}

/// What differs between two answers to the same question. `None`: nobody can say.
fn bodies(first: &Explained, second: &Explained) -> Option<Changes> {
    let body = |explained: &Explained| explained.backend.as_ref().map(|backend| backend.body.clone());
    // Where the backend was asked for something else, places of the one are not those of the other.
    if body(first) != body(second) {
        return None;
    }
    Changes::between(first.report.as_ref()?, second.report.as_ref()?)
}
