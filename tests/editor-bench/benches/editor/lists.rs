//! What a plan costs that lists very many fields: it should be what one costs that lists a few.

use std::sync::Arc;

use bytes::Bytes;
use cordon_editor_bench::calls;
use cordon_rewrite::{Action, Edit, Format, Pieces, Plan};

use crate::cordon;
use crate::job::Job;
use crate::measure::{Contestant, Pace, compete, once};
use crate::table::ListCost;

/// Measures lists of 10 and of 10,000 names, and as many paths.
pub fn measure(pace: Pace) -> Vec<ListCost> {
    let job = Job::calls(Format::Json);
    let body = Bytes::from(calls::json(300));
    let first = Bytes::from(calls::json(30));
    let plans = [
        ("10 names", by_name(&job, 10)),
        ("10,000 names", by_name(&job, 10_000)),
        ("10 paths", by_path(&job, 10)),
        ("10,000 paths", by_path(&job, 10_000)),
    ];
    let repeats = 5;
    let compile = |spec: &cordon_rewrite::BodyPlan| Arc::new(Plan::compile(spec.clone()).expect("a plan"));
    let compiled: Vec<Arc<Plan>> = plans.iter().map(|(_, spec)| compile(spec)).collect();
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    for plan in &compiled {
        let mut pieces = Pieces::new();
        let body = &body;
        contestants.push(Box::new(move || cordon::pass(plan, body, job.wanted, &mut pieces)));
    }
    let times = compete(&mut contestants, pace);
    plans
        .iter()
        .zip(times)
        .map(|((name, spec), times)| ListCost {
            name: (*name).to_owned(),
            listed: if name.starts_with("10,") { 10_000 } else { 10 },
            compile: once(repeats, || compile(spec)),
            first_body: once(repeats, || {
                cordon::pass(&compile(spec), &first, job.wanted, &mut Pieces::new())
            }),
            times,
        })
        .collect()
}

/// One edit with a list of so many names, of which a body has three.
fn by_name(job: &Job, listed: usize) -> cordon_rewrite::BodyPlan {
    job.plan((3..listed).map(|field| format!("field_{field}")))
}

/// As many edits with a path each.
fn by_path(job: &Job, listed: usize) -> cordon_rewrite::BodyPlan {
    let mut spec = job.plan(std::iter::empty());
    let profile = &mut spec.sets[0].profiles[0];
    profile.retain(|edit| !matches!(edit.action, Action::Only(_)));
    profile.extend((0..listed).map(|field| Edit {
        path: format!("$.contact.fields.field_{field}"),
        action: if field % 2 == 0 { Action::Remove } else { Action::Keep },
    }));
    spec
}
