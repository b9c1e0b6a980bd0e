//! What the entries of one exchange have in common, and how they are written.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_directory::UserId;
use http::Method;

use crate::active::Active;
use crate::audit::{AuditEntry, Auditor, NotWritten, Part, Revealed, Writing};
use crate::counters::{Totals, add};
use crate::record::method_word;
use crate::rescue::Cause;
use crate::stack::Round;
use crate::view::CallerScope;

/// Writes the entries of one exchange.
pub(crate) struct Ledger {
    auditor: Arc<dyn Auditor>,
    totals: Arc<Totals>,
    exchange: String,
    user: UserId,
    method: &'static str,
    active: Arc<Active>,
    route: usize,
    project: Option<String>,
    /// The directory's, which goes on under what has no end.
    pub(crate) revision: u64,
}

impl Ledger {
    /// `None`: nobody audits.
    pub(crate) fn of(
        round: &Round<'_>,
        user: &UserId,
        scope: &CallerScope,
        route: usize,
        method: &Method,
    ) -> Option<Ledger> {
        Some(Ledger {
            auditor: Arc::clone(round.gateway.auditor.get()?),
            totals: Arc::clone(&round.gateway.totals),
            exchange: exchange_id(),
            user: user.clone(),
            method: method_word(method),
            active: Arc::clone(&round.active),
            route,
            project: scope.scope.chosen().map(str::to_owned),
            revision: round.view.snapshot.revision(),
        })
    }

    /// Writes an entry before what it is about is shown.
    pub(crate) fn write(&self, part: Part, revealed: &[Revealed]) -> Writing {
        self.auditor.write(&self.entry(part, revealed))
    }

    /// Writes an entry that nobody waits for.
    pub(crate) fn note(&self, part: Part, revealed: &[Revealed]) {
        self.auditor.note(&self.entry(part, revealed));
    }

    /// Whether what the entry is about may be shown.
    pub(crate) fn written(&self, written: Result<(), NotWritten>) -> Result<(), Cause> {
        written.map_err(|NotWritten| {
            add(&self.totals.audit.refused, 1);
            Cause::Unaudited
        })
    }

    /// Counts what was revealed: what two rights reveal is counted once.
    pub(crate) fn count(&self, revealed: &[Revealed]) {
        let most = |of: fn(&Revealed) -> Option<u64>| revealed.iter().filter_map(of).max().unwrap_or(0);
        add(&self.totals.audit.records, most(|revealed| revealed.records));
        add(&self.totals.audit.fields, most(|revealed| revealed.fields));
    }

    fn entry<'a>(&'a self, part: Part, revealed: &'a [Revealed]) -> AuditEntry<'a> {
        let policy = &self.active.policy;
        let route = &policy.manifest().routes[self.route];
        AuditEntry {
            exchange: &self.exchange,
            part,
            caller: &self.user.user().login,
            method: self.method,
            route: (&route.name, &route.path),
            project: self.project.as_deref(),
            revealed,
            policy: policy.digest(),
            revision: self.revision,
        }
    }
}

/// Different for each exchange of each process.
fn exchange_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut text = format!("{now:x}-{:x}", std::process::id());
    // Writing to a text cannot fail.
    _ = write!(text, "-{:x}", NEXT.fetch_add(1, Ordering::Relaxed));
    text
}
