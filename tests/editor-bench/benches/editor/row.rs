//! The rows of the table: a body, what is to be done with it, and who does it.

use std::sync::Arc;

use bytes::Bytes;
use cordon_editor_bench::{calls, catalogue, timeline};
use cordon_rewrite::{Format, Pieces, Plan, PlanError};
use serde_json::Value;

use crate::cordon;
use crate::job::Job;
use crate::measure::Contestant;
use crate::rivals::cells::Cells;
use crate::rivals::document::Document;
use crate::rivals::elements::Elements;
use crate::rivals::lazy::Lazy;
use crate::rivals::mutable::Mutable;
use crate::rivals::tree::Tree;
use crate::rivals::{Rival, events, lines};

/// A body and its job.
pub struct Row {
    pub name: &'static str,
    pub job: Job,
    pub body: Bytes,
}

/// Who competes, in the order of the table's columns.
pub const CONTESTANTS: [&str; 8] =
    ["memcpy", "serde_json", "simd-json", "sonic-rs document", "sonic-rs lazy", "csv", "quick-xml", "Cordon"];

/// All rows.
pub fn rows() -> Vec<Row> {
    let row = |name, job: Job, body: Vec<u8>| Row { name, job, body: body.into() };
    let calls = |name, format, body| row(name, Job::calls(format), body);
    vec![
        calls("JSON calls 1.7 KB", Format::Json, calls::json(3)),
        calls("JSON calls 17 KB", Format::Json, calls::json(30)),
        calls("JSON calls 171 KB", Format::Json, calls::json(300)),
        calls("JSON calls 1.7 MB", Format::Json, calls::json(3000)),
        row("JSON timeline", Job::timeline(), timeline::json()),
        row("JSON catalogue", Job::catalogue(), catalogue::json()),
        calls("NDJSON calls", Format::Ndjson, calls::ndjson(300)),
        calls("SSE calls", Format::Sse, calls::events(300)),
        row("CSV calls", Job::rows(), calls::csv(300)),
        calls("XML calls", Format::Xml, calls::xml(300)),
    ]
}

impl Row {
    /// The plan, compiled.
    ///
    /// # Errors
    /// As [`Plan::compile`]: a format that is not built in.
    pub fn plan(&self) -> Result<Arc<Plan>, PlanError> {
        Plan::compile(self.job.plan(std::iter::empty())).map(Arc::new)
    }

    /// Those who can do the job, each by its name, after their work was compared with the oracle's.
    pub fn contestants<'a>(&'a self, plan: &'a Arc<Plan>) -> Vec<(&'static str, Contestant<'a>)> {
        let expected = self.job.expected(&self.body);
        let mut all: Vec<(&'static str, Contestant<'a>)> = Vec::new();
        let mut copy = Vec::with_capacity(self.body.len());
        all.push((
            "memcpy",
            Box::new(move || {
                copy.clear();
                copy.extend_from_slice(std::hint::black_box(&self.body));
                std::hint::black_box(&copy).len()
            }),
        ));
        for (name, mut rival) in rivals(self.job.format) {
            let mut out = Vec::new();
            self.run(&mut *rival, &mut out);
            self.check(name, &out, &expected);
            let work = move || {
                let mut out = Vec::with_capacity(self.body.len() / 2);
                self.run(&mut *rival, &mut out);
                std::hint::black_box(&out).len()
            };
            all.push((name, Box::new(work)));
        }
        self.check("Cordon", &cordon::collect(plan, &self.body, self.job.wanted), &expected);
        let mut pieces = Pieces::new();
        all.push(("Cordon", Box::new(move || cordon::pass(plan, &self.body, self.job.wanted, &mut pieces))));
        all
    }

    fn run(&self, rival: &mut dyn Rival, out: &mut Vec<u8>) {
        match self.job.format {
            Format::Ndjson => lines(rival, &self.job, &self.body, out),
            Format::Sse => events(rival, &self.job, &self.body, out),
            _ => rival.document(&self.job, &self.body, out),
        }
    }

    fn check(&self, name: &str, output: &[u8], expected: &[Value]) {
        let found = self.job.read(output);
        assert!(found == expected, "{}: {name} leaves something else than the oracle", self.name);
    }
}

fn rivals(format: Format) -> Vec<(&'static str, Box<dyn Rival>)> {
    match format {
        Format::Json | Format::Ndjson | Format::Sse => vec![
            ("serde_json", Box::new(Tree)),
            ("simd-json", Box::<Mutable>::default()),
            ("sonic-rs document", Box::new(Document)),
            ("sonic-rs lazy", Box::new(Lazy)),
        ],
        Format::Csv => vec![("csv", Box::<Cells>::default())],
        Format::Xml => vec![("quick-xml", Box::new(Elements))],
    }
}
