//! What lines of logs are made of.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Unit};

/// A moment, to the millisecond, as RFC 3339 writes it.
pub(super) fn moment(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{:.3}", time.round(Unit::Millisecond).unwrap_or(time))
}

/// A duration in whole microseconds.
pub(super) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
