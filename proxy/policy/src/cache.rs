//! Bounded caches of a policy's answers.
//!
//! What is kept belongs to one policy and dies with it, so that the digest is part of every key without being in it.
//! Failures are never kept. Nobody waits under a lock while Wasm runs: two who miss at once both ask.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache as Store, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, Lifecycle, OptionsBuilder, Weighter};
use smallvec::SmallVec;

use cordon_rewrite::Verdict;

use crate::counters::CacheCounters;
use crate::decision::{Decision, QueryEdits, Request};
use crate::engine::CacheOptions;
use crate::plan::ExchangePlan;
use crate::reads::Reads;
use crate::scope::ScopeId;

/// What an entry costs beside its own bytes: links, hash, counts.
const OVERHEAD: usize = 96;

/// A cache bounded by entries and by bytes.
pub(crate) struct Cache<K, V> {
    store: Store<K, V, Weight, DefaultHashBuilder, Evictions>,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: Arc<AtomicU64>,
}

/// What a key or a value takes, in bytes.
pub(crate) trait Size {
    fn size(&self) -> usize;
}

/// What decisions are kept under: everything that `authorize` is shown, encoded so that no two requests share it.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct DecisionKey(Box<[u8]>);

/// The same, to look decisions up by: few are so long that they need an allocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DecisionQuery(SmallVec<[u8; 256]>);

/// A decision and what it rests on.
#[derive(Clone)]
pub(crate) struct KeptDecision {
    pub(crate) decision: Arc<Decision>,
    pub(crate) reads: Reads,
}

/// A verdict and what it, and those given with it, rest on.
#[derive(Clone)]
pub(crate) struct KeptVerdict {
    pub(crate) verdict: Verdict,
    pub(crate) reads: Reads,
}

/// What plans are kept under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PlanKey {
    pub(crate) scope: ScopeId,
    pub(crate) route: usize,
}

/// What verdicts are kept under. The plan stands for the scope and the route.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct VerdictKey {
    plan: u64,
    set: u32,
    record: Box<[u8]>,
}

/// The same, borrowed, so that looking up allocates nothing.
#[derive(Clone, Copy, Hash)]
pub(crate) struct VerdictQuery<'a> {
    pub(crate) plan: u64,
    pub(crate) set: u32,
    /// The record's keys in their canonical encoding.
    pub(crate) record: &'a [u8],
}

impl<K: Eq + Hash + Size, V: Clone + Size> Cache<K, V> {
    pub(crate) fn new(options: CacheOptions) -> Cache<K, V> {
        let evictions = Arc::new(AtomicU64::new(0));
        let entries = options.entries.max(1);
        let bytes = (options.bytes as u64).max(1);
        // An entry weighs at least its share, so that the bound on bytes is the bound on entries too.
        let weight = Weight { least: bytes.div_ceil(entries as u64) };
        let options = OptionsBuilder::new().estimated_items_capacity(entries).weight_capacity(bytes).build();
        let lifecycle = Evictions(Arc::clone(&evictions));
        let store = match options {
            Ok(options) => Store::with_options(options, weight, DefaultHashBuilder::default(), lifecycle),
            Err(_) => Store::with(entries, bytes, weight, DefaultHashBuilder::default(), lifecycle),
        };
        Cache { store, hits: AtomicU64::new(0), misses: AtomicU64::new(0), evictions }
    }

    /// Looks an answer up. Whether it still holds, and what is counted, is the caller's to say.
    pub(crate) fn peek<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        self.store.get(key)
    }

    /// How often an answer was found and held.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Counts answers that were found and hold. How many there had been before.
    pub(crate) fn hit(&self, answers: usize) -> u64 {
        self.hits.fetch_add(answers as u64, Ordering::Relaxed)
    }

    /// Counts questions to which there was no answer that holds.
    pub(crate) fn miss(&self, questions: usize) {
        self.misses.fetch_add(questions as u64, Ordering::Relaxed);
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        self.store.insert(key, value);
    }

    pub(crate) fn counters(&self) -> CacheCounters {
        CacheCounters {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
            entries: self.store.len() as u64,
        }
    }
}

impl DecisionQuery {
    pub(crate) fn new(scope: ScopeId, route: usize, request: &Request) -> DecisionQuery {
        let mut bytes = SmallVec::new();
        bytes.extend_from_slice(scope.as_bytes());
        bytes.extend_from_slice(&(route as u64).to_le_bytes());
        let mut text = |text: &str| {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        };
        text(&request.method);
        request.values.iter().for_each(|(name, value)| {
            text(name);
            text(value);
        });
        request.query.iter().for_each(|name| text(name));
        // Only these two lists have lengths of their own, so their lengths settle where one ends.
        bytes.extend_from_slice(&(request.values.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(request.query.len() as u64).to_le_bytes());
        DecisionQuery(bytes)
    }

    pub(crate) fn to_key(&self) -> DecisionKey {
        DecisionKey(self.0.as_slice().into())
    }
}

// As the key's, which is one of bytes.
impl Hash for DecisionQuery {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl Equivalent<DecisionKey> for DecisionQuery {
    fn equivalent(&self, key: &DecisionKey) -> bool {
        *self.0.as_slice() == *key.0
    }
}

impl VerdictQuery<'_> {
    /// The key under which the answer is kept.
    pub(crate) fn to_key(self) -> VerdictKey {
        VerdictKey { plan: self.plan, set: self.set, record: self.record.into() }
    }
}

impl Equivalent<VerdictKey> for VerdictQuery<'_> {
    fn equivalent(&self, key: &VerdictKey) -> bool {
        self.plan == key.plan && self.set == key.set && *self.record == *key.record
    }
}

#[derive(Clone)]
struct Weight {
    least: u64,
}

impl<K: Size, V: Size> Weighter<K, V> for Weight {
    fn weight(&self, key: &K, value: &V) -> u64 {
        ((OVERHEAD + key.size() + value.size()) as u64).max(self.least)
    }
}

/// Counts what is dropped, and drops it after the lock is given back.
#[derive(Clone)]
struct Evictions(Arc<AtomicU64>);

impl<K, V> Lifecycle<K, V> for Evictions {
    type RequestState = <DefaultLifecycle<K, V> as Lifecycle<K, V>>::RequestState;

    fn on_evict(&self, state: &mut Self::RequestState, key: K, value: V) {
        self.0.fetch_add(1, Ordering::Relaxed);
        if let Some(place) = state.iter_mut().find(|place| place.is_none()) {
            *place = Some((key, value));
        }
    }
}

impl Size for DecisionKey {
    fn size(&self) -> usize {
        self.0.len()
    }
}

impl Size for PlanKey {
    fn size(&self) -> usize {
        size_of::<PlanKey>()
    }
}

impl Size for VerdictKey {
    fn size(&self) -> usize {
        size_of::<VerdictKey>() + self.record.len()
    }
}

impl Size for KeptVerdict {
    fn size(&self) -> usize {
        size_of::<Verdict>()
            + self.reads.share()
            + match &self.verdict {
                Verdict::Drop | Verdict::Keep(_) => 0,
                Verdict::KeepMerged(profiles) => size_of_val(profiles.as_slice()),
            }
    }
}

impl Size for Arc<ExchangePlan> {
    fn size(&self) -> usize {
        self.bytes
    }
}

impl Size for KeptDecision {
    fn size(&self) -> usize {
        let edits = |edits: &QueryEdits| {
            let set: usize = edits.set.iter().map(pair).sum();
            set + edits.remove.iter().map(|name| size_of::<String>() + name.len()).sum::<usize>()
        };
        size_of::<Decision>()
            + self.reads.share()
            + match &*self.decision {
                Decision::Forward(query) => edits(query),
                Decision::ForwardIf(condition) => {
                    edits(&condition.query) + condition.probe.bindings.iter().map(pair).sum::<usize>()
                }
                Decision::Refuse(refusal) => refusal.code.len() + refusal.detail.len(),
            }
    }
}

fn pair((name, value): &(String, String)) -> usize {
    2 * size_of::<String>() + name.len() + value.len()
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;
    use crate::reads::Recorder;
    use crate::scope::{Rights, Scope, Sections};

    fn request(query: &[&str], values: &[(&str, &str)]) -> Request {
        Request {
            method: "GET".into(),
            query: query.iter().map(|&name| name.into()).collect(),
            values: values.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
        }
    }

    #[test]
    fn decision_keys_tell_requests_apart() {
        let scope = Scope::new(vec![], Rights::default(), Sections::All, None).id();
        let requests = [
            request(&[], &[]),
            request(&["a"], &[]),
            request(&["a", "b"], &[]),
            request(&["ab"], &[]),
            request(&[], &[("a", "b")]),
            request(&["a"], &[("b", "c")]),
            request(&["a", "b", "c"], &[]),
            request(&[], &[("a", "bc")]),
        ];
        let keys = requests.map(|request| DecisionQuery::new(scope, 0, &request));
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "request {index} shares its key");
        }
        let plain = request(&[], &[]);
        assert_ne!(DecisionQuery::new(scope, 0, &plain), DecisionQuery::new(scope, 1, &plain));
    }

    #[test]
    fn what_is_looked_up_by_finds_what_is_kept() {
        let hasher = DefaultHashBuilder::default();
        let scope = Scope::new(vec![], Rights::default(), Sections::All, None).id();
        for names in [&["a"][..], &["a", &"long".repeat(100)]] {
            let query = DecisionQuery::new(scope, 7, &request(names, &[]));
            assert_eq!(hasher.hash_one(&query), hasher.hash_one(query.to_key()));
            assert!(query.equivalent(&query.to_key()));
            assert!(!DecisionQuery::new(scope, 7, &request(&["b"], &[])).equivalent(&query.to_key()));
        }
        let query = VerdictQuery { plan: 7, set: 3, record: b"record" };
        assert_eq!(hasher.hash_one(query), hasher.hash_one(query.to_key()));
        assert!(query.equivalent(&query.to_key()));
        assert!(!VerdictQuery { set: 4, ..query }.equivalent(&query.to_key()));
    }

    #[test]
    fn both_bounds_hold() {
        for options in [
            CacheOptions { entries: 100, bytes: 1 << 30 },
            CacheOptions { entries: 1 << 20, bytes: 100 * (OVERHEAD + 200) },
        ] {
            let kept = KeptVerdict { verdict: Verdict::Keep(0), reads: Recorder::default().into_reads(1, 1) };
            let cache: Cache<VerdictKey, KeptVerdict> = Cache::new(options);
            for plan in 0..10_000 {
                cache.insert(VerdictQuery { plan, set: 0, record: &[0; 32] }.to_key(), kept.clone());
            }
            let counters = cache.counters();
            assert!(counters.entries <= 200, "{counters:?}");
            assert!(counters.evictions >= 9_000, "{counters:?}");
        }
    }
}
