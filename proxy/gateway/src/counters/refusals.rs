//! Refusals by their reason.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use crate::counters::{add, get};
use crate::rescue::{Cause, Culprit};

/// More than the program has reasons.
const PLACES: usize = 128;

/// Counts by reason. Reasons are words of this program, never of a caller, a backend or a policy; each takes a place
/// when it first occurs, so that nothing is locked.
pub(crate) struct Refusals([(OnceLock<(&'static str, Culprit)>, AtomicU64); PLACES]);

/// How often something was refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCount {
    /// The `code` of the problem that callers were told, or of what it stands for.
    pub reason: &'static str,
    /// Whose fault it is: `caller`, `backend`, `policy` or `gateway`.
    pub culprit: &'static str,
    /// How often.
    pub count: u64,
}

impl Default for Refusals {
    /// Those that somebody may have to be woken up for are told from the beginning, so that the first is an increase.
    fn default() -> Refusals {
        let alarming = [
            Cause::Busy,
            Cause::Late(""),
            Cause::Policy(String::new()),
            Cause::Stale,
            Cause::Unaudited,
            Cause::Unreachable(String::new()),
        ];
        let refusals = Refusals(std::array::from_fn(|_| Default::default()));
        alarming.iter().for_each(|cause| refusals.enter_times(cause, 0));
        refusals
    }
}

impl Refusals {
    pub(crate) fn enter(&self, cause: &Cause) {
        self.enter_times(cause, 1);
    }

    fn enter_times(&self, cause: &Cause, times: u64) {
        let reason = (cause.reason(), cause.culprit());
        let place = self.0.iter().find(|(place, _)| *place.get_or_init(|| reason) == reason);
        if let Some((_, count)) = place {
            add(count, times);
        }
    }

    pub(crate) fn read(&self) -> Vec<RefusalCount> {
        let known = self.0.iter().map_while(|(place, count)| Some((place.get()?, count)));
        known
            .map(|((reason, culprit), count)| RefusalCount {
                reason,
                culprit: culprit.word(),
                count: get(count),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn h42_what_a_policy_or_a_backend_says_is_no_reason() {
        let refusals = Refusals::default();
        let before = refusals.read().len();
        for number in 0..1000_u16 {
            let text = format!("word-{number}");
            let status = StatusCode::from_u16(400 + number % 100).expect("it is a status");
            refusals.enter(&Cause::Refused { status, code: text.clone(), detail: text.clone() });
            refusals.enter(&Cause::Body(text.clone()));
            refusals.enter(&Cause::Policy(text.clone()).veiled());
            refusals.enter(&Cause::Status(status));
        }
        let read = refusals.read();
        assert_eq!(read.len(), before + 3, "{read:?}");
        assert!(read.iter().all(|count| !count.reason.contains("word")), "{read:?}");
        let count = |reason| read.iter().find(|count| count.reason == reason).map(|count| count.count);
        assert_eq!(count("policy-refused"), Some(1000));
        assert_eq!(count("policy-failure"), Some(1000));
    }
}
