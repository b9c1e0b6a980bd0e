//! What a run has measured, as it is kept in JSON.

use serde::Serialize;

use crate::goal::Verdict;
use crate::machine::Machine;
use crate::statistics::Spread;

/// A run of one section of the benchmark.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The command's name for it.
    pub section: &'static str,
    /// What it is about, for people.
    pub title: &'static str,
    /// Where it ran.
    pub machine: Machine,
    /// How long and how often was measured, for people.
    pub pace: String,
    /// Rows that are compared with each other.
    pub series: Vec<Series>,
    /// What was measured once at a time.
    pub timings: Vec<Timing>,
    /// The goals that speak of them.
    pub goals: Vec<Verdict>,
    /// What the rows are not, for people.
    pub notes: Vec<String>,
    /// Who was left out, and why.
    pub left_out: Vec<String>,
}

/// Something that was measured once at a time, several times.
#[derive(Debug, Serialize)]
pub struct Timing {
    /// What it is.
    pub name: String,
    /// What the figures count.
    pub unit: &'static str,
    /// The figures, in the order in which they came.
    pub figures: Vec<f64>,
}

/// Rows that took turns.
#[derive(Debug, Serialize)]
pub struct Series {
    /// What they have in common, such as the size of the answer.
    pub name: String,
    /// The row that the others are divided by.
    pub base: String,
    /// All rows.
    pub rows: Vec<Row>,
}

/// One that was measured, round by round.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// One for each round.
    pub turns: Vec<Turn>,
}

/// What was measured in one round.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Turn {
    /// Microseconds of the proxy's CPU for a response, user and kernel, at the peak.
    pub cpu_micros: f64,
    /// Responses a second at the peak.
    pub peak_rate: f64,
    /// KiB of memory at the most.
    pub peak_memory_kib: u64,
    /// At half of its own peak.
    pub at_half: Option<Latencies>,
    /// At half of the base's peak, if it can keep up with that.
    pub at_half_of_base: Option<Latencies>,
}

/// Microseconds from when requests were due to the last byte of the answer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    /// Requests a second.
    pub rate: f64,
    /// Half of them took no longer.
    pub p50: Option<f64>,
    /// 99 of a hundred took no longer.
    pub p99: Option<f64>,
    /// 999 of a thousand took no longer; none if there were too few.
    pub p999: Option<f64>,
}

impl Series {
    /// A row by its name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// CPU of one row divided by that of another in the same round.
    pub fn ratio(&self, row: &str, base: &str) -> Option<Spread> {
        let (row, base) = (self.row(row)?, self.row(base)?);
        Spread::of(row.turns.iter().zip(&base.turns).map(|(row, base)| row.cpu_micros / base.cpu_micros))
    }
}

impl Row {
    /// A figure over all rounds that have it.
    pub fn spread(&self, figure: impl Fn(&Turn) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.turns.iter().filter_map(figure))
    }
}
