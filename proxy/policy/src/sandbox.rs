//! One call, one sandbox: made from the memory that `configure` left, dropped when the call returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, StoreContextMut, Trap, UpdateDeadline};

use crate::bindings::{Policy as Instance, PolicyPre, cordon::policy::directory as wit};
use crate::directory::Directory;
use crate::engine::Engine;
use crate::failure::{Call, Failure, for_log};
use crate::reads::{Lookup, Recorder};
use crate::ticker::Ticking;
use crate::usage::Usage;
use crate::wasi::{NotThere, TooManyHandles, Wasi};

/// How many times its limit a call may last by the clock on the wall, however little of it the thread was running.
const PATIENCE: u32 = 100;

/// A component, ready to be instantiated.
pub(crate) struct Sandboxes {
    engine: Arc<Engine>,
    ready: PolicyPre<State>,
    /// The rules, if each sandbox has to read them.
    rules: Option<Box<str>>,
    made: AtomicU64,
    usage: Usage,
}

/// What belongs to one sandbox: its limits, and what it may ask.
pub(crate) struct State {
    memory: MemoryLimit,
    time: TimeLimit,
    /// None while the rules are read.
    directory: Option<Arc<dyn Directory>>,
    pub(crate) wasi: Wasi,
    reads: Recorder,
    /// Without it no time limit would come.
    _ticking: Ticking,
}

/// Linear memory, over all memories of the sandbox.
struct MemoryLimit {
    free: usize,
}

struct TimeLimit {
    /// Time that the thread had run when the call began.
    began: Duration,
    limit: Duration,
    /// Ticks of the epoch after which it is looked at again.
    ticks: u64,
    patience: u32,
}

/// The sandbox wanted more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("memory limit")]
struct MemoryExceeded;

/// The call took too long.
#[derive(Debug, thiserror::Error)]
#[error("time limit")]
struct TimeExceeded;

/// `directory` was called while the rules were read: the answer would be frozen into the policy.
#[derive(Debug, thiserror::Error)]
#[error("`directory` must not be called by `configure`")]
struct NoDirectory;

impl Sandboxes {
    /// Sandboxes of a component that has read its rules, or, with rules, of one that has yet to do so each time.
    pub(crate) fn new(engine: Arc<Engine>, ready: PolicyPre<State>, rules: Option<Box<str>>) -> Sandboxes {
        Sandboxes { engine, ready, rules, made: AtomicU64::new(0), usage: Usage::default() }
    }

    /// Whether sandboxes start from the memory that `configure` left, and need not call it.
    pub(crate) fn start_configured(&self) -> bool {
        self.rules.is_none()
    }

    /// Makes a sandbox, asks it one thing, and drops it. With the answer comes what it read.
    pub(crate) fn ask<R>(
        &self,
        call: Call,
        directory: &Arc<dyn Directory>,
        question: impl FnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<(R, Recorder), Failure> {
        let began = Instant::now();
        let limit = self.engine.options().call_time;
        let mut store = store(&self.engine, limit);
        self.made.fetch_add(1, Ordering::Relaxed);
        let instance = self.ready.instantiate(&mut store).map_err(|error| failure(call, &error))?;
        if let Some(rules) = &self.rules {
            let read = instance.call_configure(&mut store, rules);
            if read.map_err(|error| failure(Call::Configure, &error))?.is_err() {
                let reason = "the rules, once accepted, are refused in another sandbox";
                return Err(Failure::bad_answer(Call::Configure, reason));
            }
        }
        store.data_mut().directory = Some(Arc::clone(directory));
        let answer = question(&instance, &mut store).map_err(|error| failure(call, &error))?;
        let memory = self.engine.options().memory.saturating_sub(store.data().memory.free);
        let reads = store.into_data().reads;
        self.usage.enter(call, began.elapsed(), memory);
        Ok((answer, reads))
    }

    /// How many sandboxes there have been.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// What calls have used.
    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A store with the limits of one call.
///
/// There is no directory in it yet.
pub(crate) fn store(engine: &Engine, limit: Duration) -> Store<State> {
    let ticks = engine.ticks(limit);
    let state = State {
        memory: MemoryLimit { free: engine.options().memory },
        time: TimeLimit { began: time_on_processor(), limit, ticks, patience: PATIENCE },
        directory: None,
        wasi: Wasi::new(),
        reads: Recorder::default(),
        _ticking: engine.tick(),
    };
    let mut store = Store::new(engine.wasmtime(), state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(engine.options().answer_size);
    store.set_epoch_deadline(ticks);
    store.epoch_deadline_callback(|mut store: StoreContextMut<'_, State>| store.data_mut().time.expired());
    store
}

/// What an error of wasmtime means for the policy.
pub(crate) fn failure(call: Call, error: &wasmtime::Error) -> Failure {
    if error.is::<MemoryExceeded>() {
        Failure::OutOfMemory { call }
    } else if error.is::<TimeExceeded>() {
        Failure::TimeOut { call }
    } else if error.is::<PoolConcurrencyLimitError>() {
        Failure::Busy { call }
    } else if error.is::<NoDirectory>() {
        Failure::Trap { call, reason: NoDirectory.to_string() }
    } else if error.is::<NotThere>() || error.is::<TooManyHandles>() {
        Failure::Trap { call, reason: for_log(&error.root_cause().to_string()) }
    } else if let Some(trap) = error.downcast_ref::<Trap>() {
        let reason = trap.to_string();
        Failure::Trap { call, reason: reason.strip_prefix("wasm trap: ").unwrap_or(&reason).to_owned() }
    } else {
        // An answer that is no value of its type: text that is no UTF-8, a number of no variant, too many bytes.
        Failure::bad_answer(call, for_log(&error.root_cause().to_string()))
    }
}

impl wit::Host for State {
    fn fields(&mut self, kind: String) -> wasmtime::Result<Vec<wit::Field>> {
        let directory = self.directory.as_deref().ok_or(NoDirectory)?;
        let fields = directory.fields(&kind);
        self.reads.note(Lookup::Fields { kind }, directory);
        Ok(fields.into_iter().map(wit::Field::from).collect())
    }

    fn projects_of(&mut self, kind: String, id: String) -> wasmtime::Result<Option<Vec<String>>> {
        let directory = self.directory.as_deref().ok_or(NoDirectory)?;
        let projects = directory.projects_of(&kind, &id);
        self.reads.note(Lookup::Projects { kind, id }, directory);
        Ok(projects)
    }

    fn single_project(&mut self, kind: String) -> wasmtime::Result<bool> {
        let directory = self.directory.as_deref().ok_or(NoDirectory)?;
        let single = directory.single_project(&kind);
        self.reads.note(Lookup::Single { kind }, directory);
        Ok(single)
    }
}

impl crate::bindings::cordon::policy::types::Host for State {}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Refused as a trap and not as a failed `memory.grow`: what a policy makes of the latter is a trap that
        // says nothing of memory.
        self.free = self.free.checked_sub(desired.saturating_sub(current)).ok_or(MemoryExceeded)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The pool's own limit on elements is the maximum here.
        Ok(maximum.is_none_or(|maximum| _desired <= maximum))
    }
}

impl TimeLimit {
    fn expired(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let ran = time_on_processor().saturating_sub(self.began);
        self.patience = self.patience.saturating_sub(1);
        if ran >= self.limit || self.patience == 0 {
            return Err(TimeExceeded.into());
        }
        Ok(UpdateDeadline::Continue(self.ticks))
    }
}

/// How long this thread has been running.
#[cfg(target_os = "linux")]
fn time_on_processor() -> Duration {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map(Duration::from).unwrap_or_default()
}

/// Where the system does not tell how long a thread has been running, the clock on the wall must do.
#[cfg(not(target_os = "linux"))]
fn time_on_processor() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
