//! What lives as long as the process: the compiler, the pool that sandboxes are made from, and the clock.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::bindings;
use crate::breaker::BreakerOptions;
use crate::sandbox::State;
use crate::ticker::{Ticker, Ticking};

/// Bytes of memory that a sandbox may have written for them to be kept for the next: what policies write, and more.
const RESIDENT: usize = 1 << 20;
/// Core instances, of which a component has one per module, at most.
const INSTANCES_PER_COMPONENT: u32 = 16;
/// Tables of a component: its functions, and those that join its modules.
const TABLES_PER_COMPONENT: u32 = 4;

/// The engine of a process. Everything that policies share and nothing that depends on one.
pub struct Engine {
    // Stops before what it ticks for goes.
    ticker: Ticker,
    engine: wasmtime::Engine,
    linker: Linker<State>,
    options: EngineOptions,
    tick: Duration,
}

/// What sandboxes may use, and what is kept of their answers.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Bytes of linear memory that a sandbox may have.
    pub memory: usize,
    /// How long a call may compute. Where the system tells it (Linux), time in which the thread was not running does
    /// not count, so that a busy machine does not make good policies fail.
    pub call_time: Duration,
    /// The same for `configure`, which reads the rules once when a bundle is loaded.
    pub configure_time: Duration,
    /// Bytes of stack for Wasm. Threads that call policies need some 256 KiB more than this.
    pub stack: usize,
    /// Elements of a table of functions.
    pub table_elements: usize,
    /// Sandboxes that can exist at once. One per thread that calls policies is enough. Each reserves 4 GiB of address
    /// space, but no memory.
    pub sandboxes: u32,
    /// Whether components may import WASI. They get an empty one: no files, no network, no environment, clocks that
    /// stand still, and the same random bytes in each sandbox.
    pub wasi: bool,
    /// What a plan may take, in bytes: each text with its own, each item of a list with 16.
    pub plan_size: usize,
    /// Bytes that one answer may make this host allocate: plans, verdicts, masked values. Texts that overlap in the
    /// sandbox's memory count each time.
    pub answer_size: usize,
    /// Whether plans may use masks of the policy's own making, by which values themselves reach the policy.
    pub own_masks: bool,
    /// Decisions on requests that each policy keeps.
    pub decisions: CacheOptions,
    /// Plans that each policy keeps.
    pub plans: CacheOptions,
    /// Verdicts on records that each policy keeps.
    pub verdicts: CacheOptions,
    /// One of how many kept answers that are found is asked again of a fresh sandbox and compared; of plans that take more
    /// than 64 KiB so much fewer. 0: none.
    pub check_every: u32,
    /// When calls that fail again and again are made no more.
    pub breaker: BreakerOptions,
}

/// The bounds of a cache.
#[derive(Clone, Copy, Debug)]
pub struct CacheOptions {
    /// The most entries.
    pub entries: usize,
    /// The most bytes that keys and values take together, estimated.
    pub bytes: usize,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An option has no meaning.
    #[error("policy engine: {0}")]
    Options(&'static str),
    /// The pool or the compiler cannot be set up.
    #[error(
        "policy engine: cannot set up {sandboxes} sandboxes ({reason}); each reserves 4 GiB of address space: \
         lower the number of sandboxes or raise the limit on virtual memory"
    )]
    Pool {
        /// How many were asked for.
        sandboxes: u32,
        /// What wasmtime says.
        reason: String,
    },
    /// The thread that interrupts sandboxes cannot be started.
    #[error("policy engine: cannot start the epoch thread: {0}")]
    Thread(#[source] std::io::Error),
}

impl Engine {
    /// Sets up an engine and starts its clock.
    ///
    /// # Errors
    /// [`EngineError`], when an option has no meaning or the system has not enough address space.
    pub fn new(options: EngineOptions) -> Result<Arc<Engine>, EngineError> {
        options.check()?;
        let pool = |error: wasmtime::Error| EngineError::Pool {
            sandboxes: options.sandboxes,
            reason: error.root_cause().to_string(),
        };
        let engine = wasmtime::Engine::new(&options.config()).map_err(pool)?;
        let mut linker = Linker::new(&engine);
        bindings::Policy::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(pool)?;
        let tick = options.tick();
        let ticker = Ticker::start(engine.clone(), tick).map_err(EngineError::Thread)?;
        Ok(Arc::new(Engine { ticker, engine, linker, options, tick }))
    }

    /// What it was set up with.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.linker
    }

    /// Lets the epoch advance, for as long as what it gives is held.
    pub(crate) fn tick(&self) -> Ticking {
        self.ticker.tick()
    }

    /// How many ticks cover a time. Never fewer: a tick that is due at once does not count.
    pub(crate) fn ticks(&self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos().div_ceil(self.tick.as_nanos()))
            .unwrap_or(u64::MAX / 4)
            .saturating_add(1)
    }
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            memory: 16 << 20,
            call_time: Duration::from_millis(20),
            configure_time: Duration::from_secs(2),
            stack: 512 << 10,
            table_elements: 10_000,
            sandboxes: 64,
            wasi: false,
            plan_size: 4 << 20,
            answer_size: 32 << 20,
            own_masks: true,
            decisions: CacheOptions { entries: 20_000, bytes: 16 << 20 },
            plans: CacheOptions { entries: 10_000, bytes: 128 << 20 },
            verdicts: CacheOptions { entries: 500_000, bytes: 128 << 20 },
            check_every: 10_000,
            breaker: BreakerOptions::default(),
        }
    }
}

impl EngineOptions {
    fn check(&self) -> Result<(), EngineError> {
        let wrong = if self.sandboxes == 0 {
            "the number of sandboxes must not be 0"
        } else if self.memory < 1 << 20 || self.memory > 4 << 30 {
            "the memory of a sandbox must be between 1 MiB and 4 GiB"
        } else if self.plan_size == 0 || self.answer_size == 0 {
            "limits on plans and answers must not be 0"
        } else if self.call_time.is_zero() || self.configure_time.is_zero() {
            "time limits must not be 0"
        } else if self.stack < 64 << 10 || self.stack > 1 << 20 {
            "the stack must be between 64 KiB and 1 MiB"
        } else {
            return Ok(());
        };
        Err(EngineError::Options(wrong))
    }

    /// A tenth of the time limit: fine enough to hold it, coarse enough not to be felt.
    fn tick(&self) -> Duration {
        (self.call_time / 10).clamp(Duration::from_micros(500), Duration::from_millis(10))
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .max_wasm_stack(self.stack)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool()))
            // An answer must be the same on every machine, since it is kept (NaN bits, relaxed SIMD).
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            // What no policy needs is not there to be attacked; threads, garbage collection and exceptions are not
            // even compiled in.
            .wasm_memory64(false)
            .wasm_multi_memory(false)
            // A trap's place means nothing to an operator, and collecting it costs more than the call.
            .wasm_backtrace_max_frames(None)
            .wasm_backtrace_details(WasmBacktraceDetails::Disable);
        config
    }

    fn pool(&self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.sandboxes)
            .total_core_instances(self.sandboxes.saturating_mul(INSTANCES_PER_COMPONENT))
            .max_core_instances_per_component(INSTANCES_PER_COMPONENT)
            .total_memories(self.sandboxes)
            .max_memories_per_component(1)
            .max_memory_size(self.memory)
            .total_tables(self.sandboxes.saturating_mul(TABLES_PER_COMPONENT))
            .max_tables_per_component(TABLES_PER_COMPONENT)
            .max_tables_per_module(TABLES_PER_COMPONENT)
            .table_elements(self.table_elements)
            .table_keep_resident(16 << 10)
            // A sandbox that is dropped is made as it was. Where the kernel tells which pages were written (Linux 6.7),
            // these alone are, in place. Elsewhere a policy's pages, which begin where its stack ends, lie too far from
            // the memory's beginning for the pool to guess them, and all go back to the kernel.
            .pagemap_scan(Enabled::Auto)
            .linear_memory_keep_resident(if PoolingAllocationConfig::is_pagemap_scan_available() {
                RESIDENT
            } else {
                0
            });
        pool
    }
}
