//! Time: that of this thread on its core, which other work on the machine adds little to.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// Somebody who does the job once each time when called, and gives a number that depends on it.
pub type Contestant<'a> = Box<dyn FnMut() -> usize + 'a>;

/// Nanoseconds for one body, of each round, in ascending order.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Nanoseconds that each contestant has in each round.
    pub turn: u64,
    pub rounds: usize,
}

impl Pace {
    pub const USUAL: Pace = Pace { turn: 25_000_000, rounds: 9 };
    /// Shows that everything runs; the figures mean little.
    pub const QUICK: Pace = Pace { turn: 1_000_000, rounds: 3 };
}

impl Times {
    /// The median.
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Half of what lies between the quartiles, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.at(0.75) - self.at(0.25)) / 2.0 / self.median()
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place among a few rounds"
    )]
    fn at(&self, part: f64) -> f64 {
        self.0[((self.0.len() - 1) as f64 * part).round() as usize]
    }
}

/// Stays on one core, the last of those allowed, if the system lets us. Tells which.
pub fn pin() -> Option<usize> {
    let allowed = sched_getaffinity(None).ok()?;
    let core = (0..CpuSet::MAX_CPU).rev().find(|&core| allowed.is_set(core))?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).ok()?;
    Some(core)
}

/// Lets all have their turns, round by round.
pub fn compete(contestants: &mut [Contestant<'_>], pace: Pace) -> Vec<Times> {
    let counts: Vec<u64> = contestants.iter_mut().map(|contestant| times_in(contestant, pace.turn)).collect();
    let mut times = vec![Vec::with_capacity(pace.rounds); contestants.len()];
    for _ in 0..pace.rounds {
        for ((contestant, &count), times) in contestants.iter_mut().zip(&counts).zip(&mut times) {
            times.push(time(contestant, count));
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    times.into_iter().map(Times).collect()
}

/// Nanoseconds that something takes once, the median of several.
pub fn once<T>(repeats: usize, mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..repeats)
        .map(|_| {
            let start = now();
            std::hint::black_box(work());
            #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
            let taken = (now() - start) as f64;
            taken
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// How often a contestant does its job in a turn. Warms it up too.
fn times_in(contestant: &mut Contestant<'_>, turn: u64) -> u64 {
    let start = now();
    let mut count = 0;
    while now() - start < turn / 4 || count < 2 {
        std::hint::black_box(contestant());
        count += 1;
    }
    (count * turn / (now() - start).max(1)).max(1)
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn time(contestant: &mut Contestant<'_>, count: u64) -> f64 {
    let start = now();
    for _ in 0..count {
        std::hint::black_box(contestant());
    }
    (now() - start) as f64 / count as f64
}

/// Nanoseconds that this thread has run.
fn now() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
