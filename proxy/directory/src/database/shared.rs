//! What a store, its changes and its follower share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::AnyPool;
use tracing::{info, warn};

use super::connect::{ConnectOptions, Way};
use super::fault::Fault;
use crate::log::ChainHash;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::store::Standing;

/// The last entry of the log; number 0 if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) number: u64,
    /// In milliseconds since 1970.
    pub(super) time: i64,
    pub(super) hash: ChainHash,
}

/// The directory as an entry of the log left it.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) head: Head,
    pub(super) state: State,
}

/// Whether a version may take the place of one that is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Succession {
    /// It follows from the one in force by the log.
    ByLog,
    /// The database no longer has the log that the one in force came from.
    Anew,
}

pub(super) struct Shared {
    pub(super) options: ConnectOptions,
    pub(super) way: Way,
    pub(super) pool: AnyPool,
    pub(super) current: Arc<ArcSwap<Snapshot>>,
    /// Taken by a change of this process, so that its changes wait for each other here and not in the database.
    pub(super) writing: tokio::sync::Mutex<()>,
    place: Mutex<Place>,
}

struct Place {
    /// The head that belongs to the snapshot in force.
    head: Head,
    standing: Standing,
}

impl Shared {
    pub(super) fn new(options: ConnectOptions, way: Way, version: Version) -> Shared {
        let snapshot = Snapshot::numbered(version.state, version.head.number);
        Shared {
            options,
            pool: way.pool(),
            way,
            current: Arc::new(ArcSwap::from_pointee(snapshot)),
            writing: tokio::sync::Mutex::new(()),
            place: Mutex::new(Place { head: version.head, standing: Standing::now() }),
        }
    }

    /// The version in force.
    pub(super) fn version(&self) -> Version {
        let place = self.place();
        Version { head: place.head, state: self.current.load().state().clone() }
    }

    pub(super) fn head(&self) -> Head {
        self.place().head
    }

    pub(super) fn standing(&self) -> Standing {
        self.place().standing.clone()
    }

    pub(super) fn age(&self) -> Duration {
        self.place().standing.age()
    }

    /// Puts a version in force unless a newer one is already, and notes that this was the database's at this moment.
    pub(super) fn publish(&self, version: Version, succession: Succession) {
        let mut place = self.place();
        let is_newer = version.head.number > place.head.number;
        if is_newer || (succession == Succession::Anew && version.head != place.head) {
            if succession == Succession::Anew {
                warn!(
                    database = %self.way.url,
                    had = place.head.number,
                    has = version.head.number,
                    "the database has another log than before: the directory was loaded anew"
                );
            }
            place.head = version.head;
            self.current.store(Arc::new(Snapshot::numbered(version.state, version.head.number)));
            let trouble = place.standing.trouble.take();
            place.standing = Standing::now();
            place.standing.trouble = trouble;
        }
        self.confirm(&mut place);
    }

    /// Notes that the version in force is the database's if it is the one of this head.
    pub(super) fn confirm_at(&self, head: Head) {
        let mut place = self.place();
        if place.head == head {
            self.confirm(&mut place);
        }
    }

    /// Notes why the database cannot be followed, and says so in the log unless that has been said.
    pub(super) fn note(&self, fault: &Fault) {
        let message = format!("the directory's database {} cannot be followed: {fault}", self.way.url);
        let text = message.clone();
        if self.place().standing.note(message, Vec::new()) {
            warn!("{text}; the last version stays in force");
        }
    }

    fn confirm(&self, place: &mut Place) {
        if place.standing.confirm() {
            info!(database = %self.way.url, change = place.head.number, "the directory's database is followed again");
        }
    }

    /// A panic while the lock was held leaves a place that is still true: each step writes it whole.
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
