//! Lets all take turns, round by round (A B C A B C), so that a machine that becomes slower does so for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Fallible;
use crate::figures::{Latencies, Row, Series, Turn};
use crate::load::{Crowd, Outcome};
use crate::peer::Started;

/// One that is measured.
pub struct Contestant<'a> {
    /// Its name in tables.
    pub name: String,
    /// What runs.
    pub started: &'a Started,
    /// What is asked, in turn.
    pub requests: Vec<Vec<u8>>,
    /// On how many connections.
    pub connections: usize,
    /// Something that goes on only while this one has its turn.
    pub meanwhile: Option<Arc<AtomicBool>>,
}

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often each has its turn.
    pub rounds: usize,
    /// At the peak.
    pub peak: Duration,
    /// At half of a peak; none, and latencies are not measured.
    pub half: Duration,
}

/// Connections that all are asked on unless a row says otherwise.
pub const CONNECTIONS: usize = 16;
/// How many requests are under way at the peak, on however many connections.
const AT_ONCE: usize = 16;

impl Pace {
    /// What figures are recorded with.
    pub const USUAL: Pace = Pace { rounds: 5, peak: Duration::from_secs(1), half: Duration::from_secs(1) };
    /// Shows that everything runs, and roughly what comes of it.
    pub const QUICK: Pace =
        Pace { rounds: 5, peak: Duration::from_millis(250), half: Duration::from_millis(250) };

    /// For people.
    pub fn describe(&self) -> String {
        let Pace { rounds, peak, half } = self;
        format!("{rounds} rounds; {peak:?} at the peak, {half:?} at half of each peak")
    }
}

impl<'a> Contestant<'a> {
    /// One that is asked the same on the usual number of connections.
    pub fn new(name: impl Into<String>, started: &'a Started, request: Vec<u8>) -> Contestant<'a> {
        Contestant {
            name: name.into(),
            started,
            requests: vec![request],
            connections: CONNECTIONS,
            meanwhile: None,
        }
    }
}

/// Measures all; `base` is the number of the one that others are divided by. It has to be the first, so that the others
/// know its peak in their own round.
///
/// # Errors
/// If somebody does not answer.
pub fn compete(name: &str, contestants: &[Contestant<'_>], pace: Pace) -> Fallible<Series> {
    let mut crowds = Vec::with_capacity(contestants.len());
    for contestant in contestants {
        let connected =
            Crowd::connect(contestant.started.address, contestant.connections, contestant.requests.clone());
        let mut crowd = connected.map_err(|error| format!("{}: {error}", contestant.name))?;
        // The first request on a connection is another thing than the next: none of them is measured.
        let mut warm = 0;
        while warm < contestant.connections as u64 {
            let outcome = crowd.saturate(AT_ONCE, pace.peak.min(Duration::from_millis(300)));
            warm += outcome.map_err(|error| format!("{}: {error}", contestant.name))?.responses;
        }
        crowds.push(crowd);
    }
    let mut rows: Vec<Row> =
        contestants.iter().map(|one| Row { name: one.name.clone(), turns: Vec::new() }).collect();
    for _ in 0..pace.rounds {
        let mut base = None;
        for ((contestant, crowd), row) in contestants.iter().zip(&mut crowds).zip(&mut rows) {
            let going_on = contestant.meanwhile.as_deref();
            set(going_on, true);
            let turn = turn(contestant, crowd, pace, base).map_err(|error| format!("{}: {error}", row.name));
            set(going_on, false);
            let turn = turn?;
            base = base.or(Some(turn.peak_rate));
            row.turns.push(turn);
        }
    }
    let base = contestants.first().map(|first| first.name.clone()).unwrap_or_default();
    Ok(Series { name: name.to_owned(), base, rows })
}

fn turn(contestant: &Contestant<'_>, crowd: &mut Crowd, pace: Pace, base: Option<f64>) -> Fallible<Turn> {
    let process = &contestant.started.process;
    process.forget_peak();
    // Caches, branch predictors and the clock of the core get used to it.
    crowd.saturate(AT_ONCE, pace.peak / 10)?;
    let before = process.cpu()?;
    let outcome = crowd.saturate(AT_ONCE, pace.peak)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let (cpu, responses) = ((process.cpu()? - before) as f64, outcome.responses as f64);
    let peak_rate = outcome.rate();
    let base = base.unwrap_or(peak_rate);
    let (mut at_half, mut at_half_of_base) = (None, None);
    if !pace.half.is_zero() {
        let own = Latencies::of(&crowd.pace(pace.half, peak_rate / 2.0)?, peak_rate / 2.0);
        at_half = Some(own);
        // Beyond nine tenths of its peak only the queue would be measured.
        at_half_of_base = if (base - peak_rate).abs() < f64::EPSILON {
            at_half
        } else if base / 2.0 < peak_rate * 0.9 {
            Some(Latencies::of(&crowd.pace(pace.half, base / 2.0)?, base / 2.0))
        } else {
            None
        };
    }
    let peak_memory_kib = process.peak_memory();
    Ok(Turn { cpu_micros: cpu / responses / 1000.0, peak_rate, peak_memory_kib, at_half, at_half_of_base })
}

fn set(flag: Option<&AtomicBool>, value: bool) {
    if let Some(flag) = flag {
        flag.store(value, Ordering::Relaxed);
    }
}

impl Latencies {
    fn of(outcome: &Outcome, rate: f64) -> Latencies {
        Latencies {
            rate,
            p50: outcome.latency(0.5),
            p99: outcome.latency(0.99),
            p999: outcome.latency(0.999),
        }
    }
}
