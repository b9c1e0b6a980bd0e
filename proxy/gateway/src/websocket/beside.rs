//! What enforcement would do to messages that pass untouched (D1, simplified).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_rewrite::{Limits, Report};
use tokio_tungstenite::tungstenite::Message;

use crate::counters::route::RouteCounters;
use crate::observe::Would;
use crate::rescue::Cause;
use crate::websocket::message::{decided, edited};

/// Judges messages, to count what comes of it. Enforcement would end the WebSocket at the first one that cannot go on: that
/// is counted, and none is judged after it.
pub(crate) struct Beside {
    would: Would,
    counters: Arc<RouteCounters>,
    is_over: AtomicBool,
}

impl Beside {
    pub(crate) fn new(would: Would, counters: Arc<RouteCounters>) -> Beside {
        Beside { would, counters, is_over: AtomicBool::new(false) }
    }

    /// A client has said this.
    pub(crate) fn said(&self, message: &Message) {
        self.judge(|would| decided(message, would.measure()));
    }

    /// The backend has said this: what the editor would have done with it.
    pub(crate) fn told(&self, message: &Message, limits: &Limits) -> Option<Report> {
        self.judge(|would| edited(message.clone(), would.measure(), limits))?.report
    }

    fn judge<T>(&self, judge: impl FnOnce(&Would) -> Result<T, Cause>) -> Option<T> {
        if self.is_over.load(Ordering::Relaxed) {
            return None;
        }
        let judged = judge(&self.would).inspect_err(|cause| {
            // Both directions judge: the first one counts.
            if !self.is_over.swap(true, Ordering::Relaxed) {
                self.counters.would_refuse();
                tracing::debug!(%cause, "would be refused");
            }
        });
        judged.ok()
    }
}
