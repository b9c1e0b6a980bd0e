//! What special rights reveal (D10, D13), told to whoever keeps an audit log before it is shown.
//!
//! A caller who sees everything, or masked fields, gets an answer in which most may be theirs anyhow. So the answer is
//! edited a second time for each special right, by the rules for the same caller without it; what that takes away, and
//! the caller gets, is what the right revealed. Nothing of it is done unless somebody audits.

mod ledger;
mod lesser;
mod spoken;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use cordon_directory::UserId;
use cordon_policy::Digest;
use cordon_rewrite::Report;
use http::Method;

use crate::audit::lesser::Lesser;
use crate::counters::route::Tally;
use crate::rescue::Cause;
use crate::stack::Round;
use crate::view::CallerScope;

pub(crate) use ledger::Ledger;
pub(crate) use lesser::Without;
pub(crate) use spoken::Spoken;

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
    /// Before a message of a WebSocket: the counts are the message's.
    Message,
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
    ledger: Ledger,
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
        (user, scope): (&UserId, &CallerScope),
        route: usize,
        method: &Method,
        withouts: Vec<Without>,
    ) -> Option<Box<Audit>> {
        if withouts.is_empty() {
            return None;
        }
        let lessers = withouts.into_iter().map(|without| Lesser::new(round, scope, without)).collect();
        let ledger = Ledger::of(round, user, scope, route, method)?;
        Some(Box::new(Audit { ledger, lessers, own: Tally::default(), is_begun: false }))
    }

    /// Goes on under another directory, of this revision.
    pub(crate) fn renew(&mut self, withouts: &[Without], revision: u64) {
        self.ledger.revision = revision;
        self.lessers.iter_mut().for_each(|lesser| lesser.renew(withouts));
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
            revealed.retain(|revealed| !revealed.is_nothing());
            if revealed.is_empty() {
                return Ok(());
            }
            self.ledger.count(&revealed);
        }
        let writing = self.ledger.write(part, &revealed);
        self.ledger.written(writing.await)?;
        self.is_begun = part == Part::Begun;
        Ok(())
    }

    /// Writes the entry before a body is sent that is not filtered.
    pub(crate) async fn before_unfiltered(&mut self) -> Result<(), Cause> {
        let revealed: Vec<Revealed> = self.lessers.iter().map(Lesser::unfiltered).collect();
        let writing = self.ledger.write(Part::Whole, &revealed);
        self.ledger.written(writing.await)
    }

    fn revealed(&self) -> Vec<Revealed> {
        self.lessers.iter().map(|lesser| lesser.revealed(&self.own)).collect()
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        if self.is_begun {
            let revealed = self.revealed();
            self.ledger.count(&revealed);
            self.ledger.note(Part::Ended, &revealed);
        }
    }
}
