//! What special rights reveal (D10, D13), told to whoever keeps an audit log before it is shown.
//!
//! A caller who sees everything, or masked fields, gets an answer in which most may be theirs anyhow. So the answer is
//! edited a second time for each special right, by the rules for the same caller without it; what that takes away, and
//! the caller gets, is what the right revealed. Nothing of it is done unless somebody audits.

mod lesser;

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cordon_directory::UserId;
use cordon_policy::{Digest, Request};
use cordon_rewrite::Report;
use http::Method;

use crate::active::Active;
use crate::audit::lesser::Lesser;
use crate::counters::route::Tally;
use crate::counters::{Totals, add};
use crate::record::method_word;
use crate::rescue::Cause;
use crate::stack::Round;
use crate::view::CallerScope;

/// Keeps entries of an audit log.
pub trait Auditor: Send + Sync {
    /// Writes an entry. What it is about is shown to the caller once this says that it is written.
    fn write(&self, entry: &AuditEntry<'_>) -> Writing;

    /// Writes an entry that nobody waits for.
    fn note(&self, entry: &AuditEntry<'_>);
}

/// An entry being written.
pub type Writing = Pin<Box<dyn Future<Output = Result<(), NotWritten>> + Send>>;

/// An entry could not be written: what it is about must not be shown.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct NotWritten;

/// What a special right, or several, revealed in one exchange.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// What the entries of one exchange have in common, and no others.
    pub exchange: &'a str,
    /// Which part of the exchange is over.
    pub part: Part,
    /// The caller's login.
    pub caller: &'a str,
    /// The request's method.
    pub method: &'static str,
    /// The route's name, and its path with the names of parameters.
    pub route: (&'a str, &'a str),
    /// The project that the caller asked for.
    pub project: Option<&'a str>,
    /// By right.
    pub revealed: &'a [Revealed],
    /// The policy that served the exchange.
    pub policy: Digest,
    /// The directory's revision.
    pub revision: u64,
}

/// When an entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before an answer that is known to its end: the counts are final.
    Whole,
    /// Before an answer of which more will come: the counts are those of its beginning.
    Begun,
    /// After its end, or after it was broken off.
    Ended,
}

/// A right by which a caller sees more than their projects give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialRight {
    /// The records of every project (D10).
    SeeEverything,
    /// The values of hidden fields (D13).
    SeeMaskedFields,
}

/// What one right revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// The right.
    pub right: SpecialRight,
    /// Records that the caller would not have been shown. `None`: the body is not filtered.
    pub records: Option<u64>,
    /// Values that would have been masked or removed, in records that would have been shown. `None`: without the right
    /// there would have been no answer.
    pub fields: Option<u64>,
}

/// An exchange that is audited.
pub(crate) struct Audit {
    auditor: Arc<dyn Auditor>,
    totals: Arc<Totals>,
    exchange: String,
    user: UserId,
    method: &'static str,
    active: Arc<Active>,
    route: usize,
    project: Option<String>,
    revision: u64,
    lessers: Vec<Lesser>,
    /// What the caller gets, as far as it has come.
    own: Tally,
    is_begun: bool,
}

impl SpecialRight {
    /// All of them.
    pub const ALL: [SpecialRight; 2] = [SpecialRight::SeeEverything, SpecialRight::SeeMaskedFields];

    /// The right's name in the directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SpecialRight::SeeEverything => "see-everything",
            SpecialRight::SeeMaskedFields => "see-masked-fields",
        }
    }
}

impl Audit {
    /// `None`: nobody audits, or the caller has no special right.
    pub(crate) fn of(
        round: &Round<'_>,
        user: &UserId,
        scope: &CallerScope,
        (route, request): (usize, &Request),
        method: &Method,
    ) -> Option<Box<Audit>> {
        let auditor = round.gateway.auditor.get()?;
        let lessers: Vec<Lesser> = SpecialRight::ALL
            .into_iter()
            .filter(|right| scope.has(*right))
            .map(|right| Lesser::new(round, scope, (route, request), right))
            .collect();
        if lessers.is_empty() {
            return None;
        }
        Some(Box::new(Audit {
            auditor: Arc::clone(auditor),
            totals: Arc::clone(&round.gateway.totals),
            exchange: exchange_id(),
            user: user.clone(),
            method: method_word(method),
            active: Arc::clone(&round.active),
            route,
            project: scope.scope.chosen().map(str::to_owned),
            revision: round.view.snapshot.revision(),
            lessers,
            own: Tally::default(),
            is_begun: false,
        }))
    }

    /// A chunk of the body that is edited for the caller.
    pub(crate) fn feed(&mut self, chunk: &Bytes) {
        self.lessers.iter_mut().for_each(|lesser| lesser.feed(chunk.clone()));
    }

    /// The body is over.
    pub(crate) fn finish(&mut self) {
        self.lessers.iter_mut().for_each(Lesser::finish);
    }

    /// What has become of the body for the caller.
    pub(crate) fn saw(&mut self, report: &Report) {
        self.own = Tally::of(report);
    }

    /// Writes the entry before an edited answer is sent; there is none for a whole one by which nothing was revealed.
    pub(crate) async fn before(&mut self, part: Part) -> Result<(), Cause> {
        let mut revealed = self.revealed();
        if part == Part::Whole {
            revealed.retain(|revealed| (revealed.records, revealed.fields) != (Some(0), Some(0)));
            if revealed.is_empty() {
                return Ok(());
            }
            self.count(&revealed);
        }
        let writing = self.write(part, &revealed);
        written(writing.await, &self.totals)?;
        self.is_begun = part == Part::Begun;
        Ok(())
    }

    /// Writes the entry before a body is sent that is not filtered.
    pub(crate) async fn before_unfiltered(&mut self) -> Result<(), Cause> {
        let revealed: Vec<Revealed> = self
            .lessers
            .iter()
            .map(|lesser| Revealed { right: lesser.right, records: None, fields: None })
            .collect();
        let writing = self.write(Part::Whole, &revealed);
        written(writing.await, &self.totals)
    }

    fn write(&self, part: Part, revealed: &[Revealed]) -> Writing {
        self.auditor.write(&self.entry(part, revealed))
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

    fn revealed(&self) -> Vec<Revealed> {
        self.lessers.iter().map(|lesser| lesser.revealed(&self.own)).collect()
    }

    fn count(&self, revealed: &[Revealed]) {
        let most = |of: fn(&Revealed) -> Option<u64>| revealed.iter().filter_map(of).max().unwrap_or(0);
        add(&self.totals.audit.records, most(|revealed| revealed.records));
        add(&self.totals.audit.fields, most(|revealed| revealed.fields));
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        if self.is_begun {
            let revealed = self.revealed();
            self.count(&revealed);
            self.auditor.note(&self.entry(Part::Ended, &revealed));
        }
    }
}

fn written(written: Result<(), NotWritten>, totals: &Totals) -> Result<(), Cause> {
    written.map_err(|NotWritten| {
        add(&totals.audit.refused, 1);
        Cause::Unaudited
    })
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
