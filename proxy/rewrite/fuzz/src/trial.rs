//! An input taken apart.

use std::sync::Arc;

use cordon_rewrite::{Limits, Options, Plan};

use crate::plans::Table;
use crate::support::feeding::{Cuts, Outcome, feed};
use crate::support::generate::{Drawn, Source, plan};
use crate::support::hashing::Hashing;

/// A body and all that decides on what becomes of it.
pub(crate) struct Trial<'a> {
    pub(crate) drawn: &'a Drawn,
    pub(crate) plan: Arc<Plan>,
    pub(crate) options: Options,
    /// Whether limits are so small that they stop bodies that are well formed.
    pub(crate) tight: bool,
    cuts: u64,
    verdicts: u64,
    pub(crate) body: &'a [u8],
}

/// Plan numbers from here on say that the plan is drawn from the bytes that follow.
const DRAWN: u8 = 192;
/// Bytes that a plan is drawn from.
const PLAN: usize = 48;

/// Takes an input apart and hands it on, if it has a head and a plan that can be compiled.
pub(crate) fn read(data: &[u8], table: &Table, run: impl FnOnce(&Trial<'_>)) {
    let Some((&[number, limits, cuts, verdicts], rest)) = data.split_first_chunk() else {
        return;
    };
    let trial = |drawn, plan, body| Trial {
        drawn,
        plan,
        options: Options { limits: limits_of(limits), hash_key: [7; 32], trace: false },
        tight: limits >= DRAWN,
        cuts: u64::from(cuts),
        verdicts: u64::from(verdicts),
        body,
    };
    let Some(adapt) = table.draws.filter(|_| number >= DRAWN) else {
        let (drawn, plan) = table.get(number);
        return run(&trial(drawn, Arc::clone(plan), rest));
    };
    if let Some((of_plan, body)) = rest.split_at_checked(PLAN) {
        let mut drawn = plan(&mut Source::new(of_plan));
        adapt(&mut drawn);
        if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
            run(&trial(&drawn, Arc::new(plan), body));
        }
    }
}

impl Trial<'_> {
    pub(crate) fn judge(&self) -> Hashing<'_> {
        Hashing { drawn: self.drawn, seed: self.verdicts }
    }

    /// Feeds the body in these chunks.
    pub(crate) fn feed<'b>(&self, chunks: impl IntoIterator<Item = &'b [u8]>) -> Outcome {
        feed(&self.plan, &self.options, chunks, &mut self.judge())
    }

    /// Where the body is cut by chance.
    pub(crate) fn cuts(&self) -> Cuts {
        Cuts::new(self.cuts)
    }

    /// What the judge said of the keys that it was shown.
    pub(crate) fn shown(&self) -> String {
        format!("{:?}\n{:#?}\n{:?}", String::from_utf8_lossy(self.body), self.drawn.spec, self.options)
    }
}

/// Everyday limits for most, small ones for some.
fn limits_of(choice: u8) -> Limits {
    // As deep as the oracles' parsers go.
    let mut limits = Limits { depth: 100, ..Limits::default() };
    if choice < DRAWN {
        // Batches end early for some, so that records of several batches are short.
        if choice % 4 == 1 {
            limits.batch_records = 1 + usize::from(choice / 4 % 4);
        }
        return limits;
    }
    let mut source = Cuts::new(u64::from(choice));
    let mut small = |limit: &mut usize, from: usize| {
        if source.below(3) == 0 {
            *limit = from + source.below(30);
        }
    };
    small(&mut limits.held, 2);
    small(&mut limits.record, 1);
    small(&mut limits.members, 1);
    small(&mut limits.string, 1);
    small(&mut limits.name, 1);
    small(&mut limits.number, 1);
    small(&mut limits.batch_records, 1);
    small(&mut limits.batch_bytes, 1);
    limits.depth = 2 + source.below(8);
    limits
}
