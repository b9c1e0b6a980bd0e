//! The goals, as data, and whether they are met.

use serde::Serialize;

use crate::figures::{Latencies, Series, Turn};
use crate::peer::{CORDON, CORDON_PASS, ENVOY, LUA, REFERENCE};

/// What must hold between two rows of one series.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The series' name.
    pub series: &'static str,
    /// Whose figure it is.
    pub row: &'static str,
    /// What it is compared with.
    pub with: &'static str,
    /// What is compared, and with which bound.
    pub bound: Bound,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// CPU per response, divided by the other's: at most so much.
    AtMost(f64),
    /// The same: at least so much.
    AtLeast(f64),
    /// p99 at a load: at most so many microseconds more.
    LaterBy(f64, Load),
}

/// A load that latencies are measured at.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// Half of what each can do.
    HalfOfOwn,
    /// Half of what the other can do, for both.
    HalfOfOther,
}

/// A goal beside the figure that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The goal, for people.
    pub goal: String,
    /// Over the rounds: of ratios the median, of latencies the least.
    pub measured: f64,
    /// Whether it is met.
    pub met: bool,
}

/// What isolation may cost.
pub const GOALS: [Goal; 19] = [
    goal("1.7 KB", CORDON, REFERENCE, Bound::AtMost(1.25)),
    goal("17 KB", CORDON, REFERENCE, Bound::AtMost(1.25)),
    goal("171 KB", CORDON, REFERENCE, Bound::AtMost(1.5)),
    goal("17 KB", LUA, CORDON, Bound::AtLeast(5.0)),
    goal("171 KB", LUA, CORDON, Bound::AtLeast(10.0)),
    goal("17 KB", ENVOY, CORDON, Bound::AtLeast(5.0)),
    goal("171 KB", ENVOY, CORDON, Bound::AtLeast(8.0)),
    goal("1.7 KB", CORDON_PASS, REFERENCE, Bound::AtMost(1.0)),
    goal("17 KB", CORDON_PASS, REFERENCE, Bound::AtMost(1.0)),
    goal("171 KB", CORDON_PASS, REFERENCE, Bound::AtMost(1.0)),
    goal("1.7 MB", CORDON_PASS, REFERENCE, Bound::AtMost(1.0)),
    goal("1.7 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOwn)),
    goal("17 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOwn)),
    goal("171 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOwn)),
    goal("1.7 MB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOwn)),
    goal("1.7 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOther)),
    goal("17 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOther)),
    goal("171 KB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOther)),
    goal("1.7 MB", CORDON, REFERENCE, Bound::LaterBy(100.0, Load::HalfOfOther)),
];

/// Growth: how much more a response may cost where there is much more of something.
pub const GROWTH: f64 = 1.1;

/// Compares the last row of a series with an earlier one.
pub fn growth(series: &Series, from: usize) -> Option<Verdict> {
    let (first, last) = (series.rows.get(from)?, series.rows.last()?);
    let measured = series.ratio(&last.name, &first.name)?.median;
    let goal = format!("{} ÷ {} ≤ {GROWTH}", last.name, first.name);
    Some(Verdict { goal, measured, met: measured <= GROWTH })
}

const fn goal(series: &'static str, row: &'static str, with: &'static str, bound: Bound) -> Goal {
    Goal { series, row, with, bound }
}

impl Load {
    fn of(self, turn: &Turn) -> Option<Latencies> {
        match self {
            Load::HalfOfOwn => turn.at_half,
            Load::HalfOfOther => turn.at_half_of_base,
        }
    }
}

impl Goal {
    /// What was measured of it, if both rows were.
    pub fn verdict(&self, all: &[Series]) -> Option<Verdict> {
        let Goal { series, row, with, bound } = self;
        let found = all.iter().find(|one| one.name == *series)?;
        let (goal, measured, met) = match bound {
            Bound::AtMost(most) => {
                let ratio = found.ratio(row, with)?.median;
                (format!("{series}: {row} ÷ {with} ≤ {most}"), ratio, ratio <= *most)
            }
            Bound::AtLeast(least) => {
                let ratio = found.ratio(row, with)?.median;
                (format!("{series}: {row} ÷ {with} ≥ {least}"), ratio, ratio >= *least)
            }
            Bound::LaterBy(most, load) => {
                // What disturbs a round only ever makes answers late: the least says most of the proxy.
                let p99 = |name: &str| {
                    let row = found.row(name)?;
                    let kept_up = row.turns.iter().all(|turn| load.of(turn).is_some());
                    row.spread(|turn| load.of(turn)?.p99).filter(|_| kept_up).map(|p99| p99.least)
                };
                let at = match load {
                    Load::HalfOfOwn => "half of its own peak".to_owned(),
                    Load::HalfOfOther => format!("half of {with}'s peak"),
                };
                let goal =
                    format!("{series}: p99 of {row} at {at} − {with}'s at half of its own ≤ {most} µs");
                // Who cannot keep up with that has no p99 there.
                let later = p99(row)
                    .map_or(f64::INFINITY, |own| p99(with).map_or(f64::INFINITY, |other| own - other));
                found.row(row)?;
                p99(with)?;
                (goal, later, later <= *most)
            }
        };
        Some(Verdict { goal, measured, met })
    }
}
