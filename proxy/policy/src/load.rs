//! From the bytes of a component and the text of its rules to sandboxes that start where `configure` stopped.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::Store;
use wasmtime::component::Component;
use wasmtime_wizer::{ComponentContext, Wizer};

use crate::bindings::PolicyPre;
use crate::bindings::cordon::policy::types as wit;
use crate::compiled::{self, CompiledFolder, Contents, Entry};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::failure::{Call, Failure, for_log};
use crate::imports::{self, Imports};
use crate::manifest::Manifest;
use crate::sandbox::{self, Sandboxes, State};
use crate::snapshot::Snapshot;
use crate::wasi;

/// The most bytes of a component.
const COMPONENT: usize = 64 << 20;
/// The most mistakes in rules that are passed on.
const PROBLEMS: usize = 1000;

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are no component.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// The component wants something that policies do not get.
    #[error(
        "the component imports `{name}`; a policy may import `cordon:policy/directory@0.2` and nothing else"
    )]
    ForeignImport {
        /// Its name, with the function's after `#`.
        name: String,
    },
    /// The component wants WASI, and the operator has not allowed it.
    #[error(
        "the component imports `{name}`: a policy gets WASI only where an operator allows it; write `allow = \
         [\"wasi\"]` under `[policy]`, which gives it an empty one, or build the component without WASI"
    )]
    WasiNotAllowed {
        /// The name of the first such import.
        name: String,
    },
    /// The component lacks a function of the contract.
    #[error("the component does not export the function `{name}` of cordon:policy@0.2")]
    MissingExport {
        /// Its name.
        name: &'static str,
    },
    /// The component has the contract's names, but not its types.
    #[error("the component does not keep to cordon:policy@0.2: {0}")]
    Contract(String),
    /// The component is sound, but this host cannot run it.
    #[error("the component cannot be used: {0}")]
    Unusable(String),
    /// Mistakes in the rules, all of them.
    #[error("the rules have {} mistakes, the first: {}", .0.len(), .0[0])]
    Rules(Vec<RuleProblem>),
    /// The manifest contradicts itself: each problem a sentence.
    #[error("the policy's manifest is wrong: {}", .0.join("; "))]
    Manifest(Vec<String>),
    /// The rules could not be read: a trap, a loop, too much memory.
    #[error("{0}")]
    Configure(#[source] Failure),
}

/// A mistake in the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct RuleProblem {
    /// JSON Pointer (RFC 6901) into the rules, such as `/route/2/path`.
    pub pointer: String,
    /// What is wrong and what to do, one sentence.
    pub message: String,
    /// Where it stands in the rules, in bytes; always at boundaries of characters.
    pub span: Option<Range<usize>>,
}

/// How a bundle is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// Where compiled code is kept. None: every load compiles.
    pub compiled: Option<&'a CompiledFolder>,
    /// The digest of the bundle that component and rules are from. None: that of these two.
    pub digest: Option<Digest>,
}

/// What came of loading a component and its rules.
pub(crate) struct Loaded {
    pub(crate) sandboxes: Sandboxes,
    pub(crate) manifest: Manifest,
    /// Nothing was compiled or run.
    pub(crate) was_kept: bool,
}

/// Checks, configures, pre-initialises and compiles a component, or finds it so.
pub(crate) fn load(
    engine: &Arc<Engine>,
    component: &[u8],
    rules: &str,
    folder: Option<&CompiledFolder>,
) -> Result<Loaded, LoadError> {
    if component.len() > COMPONENT {
        return Err(LoadError::Unusable(format!("it is larger than {} MiB", COMPONENT >> 20)));
    }
    let imports = imports::check(component, engine.options().wasi)?;
    let entry = Entry::configured(engine, component, rules);
    let loaded = |ready, manifest, was_kept| Loaded {
        sandboxes: Sandboxes::new(Arc::clone(engine), ready, None),
        manifest,
        was_kept,
    };
    if let Some(folder) = folder
        && let Some(contents) = folder.read(&entry)
    {
        match kept(engine, contents, imports) {
            Ok((ready, manifest)) => return Ok(loaded(ready, manifest, true)),
            Err(error) => forget(folder, &entry, &error),
        }
    }
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    // Wizer panics on components that it was not made for.
    let Ok((context, instrumented)) = guarded(|| wizer.instrument_component(component)) else {
        return load_as_it_is(engine, component, imports, rules, folder);
    };
    let ready = link(engine, &compile_once(engine, &instrumented, folder)?, imports)?;
    let mut configured = Configured::new(engine, &ready)?;
    let manifest = configured.configure(rules)?;
    let snapshot = guarded(|| configured.snapshot(&wizer, &context))?;
    let component = compile(engine, &snapshot)?;
    let ready = link(engine, &component, imports)?;
    if let Some(folder) = folder {
        keep(folder, &entry, &component, Some(&manifest));
    }
    Ok(loaded(ready, manifest, false))
}

/// What cannot be pre-initialised, such as a component of many modules that share a memory, reads its rules in every
/// sandbox again.
fn load_as_it_is(
    engine: &Arc<Engine>,
    component: &[u8],
    imports: Imports,
    rules: &str,
    folder: Option<&CompiledFolder>,
) -> Result<Loaded, LoadError> {
    let ready = link(engine, &compile_once(engine, component, folder)?, imports)?;
    let manifest = Configured::new(engine, &ready)?.configure(rules)?;
    let sandboxes = Sandboxes::new(Arc::clone(engine), ready, Some(rules.into()));
    Ok(Loaded { sandboxes, manifest, was_kept: false })
}

fn compile(engine: &Engine, component: &[u8]) -> Result<Component, LoadError> {
    Component::new(engine.wasmtime(), component)
        .map_err(|error| LoadError::Unusable(for_log(&format!("{error:#}"))))
}

fn link(engine: &Engine, component: &Component, imports: Imports) -> Result<PolicyPre<State>, LoadError> {
    linked(engine, component, imports).map_err(|error| LoadError::Contract(for_log(&format!("{error:#}"))))
}

fn linked(engine: &Engine, component: &Component, imports: Imports) -> wasmtime::Result<PolicyPre<State>> {
    let linker = engine.linker();
    let ready = if imports.wasi {
        wasi::link(linker, component)?.instantiate_pre(component)
    } else {
        linker.instantiate_pre(component)
    };
    ready.and_then(PolicyPre::new)
}

/// Compiles what does not depend on the rules, so that a change of rules finds it.
fn compile_once(
    engine: &Engine,
    component: &[u8],
    folder: Option<&CompiledFolder>,
) -> Result<Component, LoadError> {
    let Some(folder) = folder else {
        return compile(engine, component);
    };
    let entry = Entry::code(engine, component);
    if let Some(contents) = folder.read(&entry) {
        match compiled::revive(engine, &contents) {
            Ok(component) => return Ok(component),
            Err(error) => forget(folder, &entry, &error),
        }
    }
    let component = compile(engine, component)?;
    keep(folder, &entry, &component, None);
    Ok(component)
}

/// A component that has read its rules, and what it said of them.
fn kept(
    engine: &Engine,
    mut contents: Contents,
    imports: Imports,
) -> wasmtime::Result<(PolicyPre<State>, Manifest)> {
    let manifest = contents.manifest().ok_or_else(|| wasmtime::format_err!("there is no manifest"))?;
    let component = compiled::revive(engine, &contents)?;
    Ok((linked(engine, &component, imports)?, manifest))
}

/// Keeps a component, and what it said of its rules if it has read any. That it cannot be kept harms nobody.
fn keep(folder: &CompiledFolder, entry: &Entry, component: &Component, manifest: Option<&Manifest>) {
    let manifest = manifest.map(compiled::manifest_parts).unwrap_or_default();
    match compiled::code_of(component) {
        Ok(code) => folder.write(entry, &[manifest.as_slice(), code.as_slice()]),
        Err(error) => tracing::warn!(%error, "compiled code cannot be kept"),
    }
}

fn forget(folder: &CompiledFolder, entry: &Entry, error: &wasmtime::Error) {
    tracing::warn!(%entry, %error, "kept code cannot be used; it is compiled again");
    folder.forget(entry);
}

/// An instance on its way to a snapshot.
struct Configured {
    store: Store<State>,
    instance: wasmtime::component::Instance,
    policy: crate::bindings::Policy,
}

impl Configured {
    /// Instantiates, which runs what the component runs at its start.
    fn new(engine: &Engine, ready: &PolicyPre<State>) -> Result<Configured, LoadError> {
        let failed = |error| LoadError::Configure(sandbox::failure(Call::Configure, &error));
        let mut store = sandbox::store(engine, engine.options().configure_time);
        let instance = ready.instance_pre().instantiate(&mut store).map_err(failed)?;
        let policy = crate::bindings::Policy::new(&mut store, &instance)
            .map_err(|error| LoadError::Contract(for_log(&format!("{error:#}"))))?;
        Ok(Configured { store, instance, policy })
    }

    fn configure(&mut self, rules: &str) -> Result<Manifest, LoadError> {
        let answer = self
            .policy
            .call_configure(&mut self.store, rules)
            .map_err(|error| LoadError::Configure(sandbox::failure(Call::Configure, &error)))?;
        match answer {
            Ok(manifest) => Manifest::check(manifest).map_err(LoadError::Manifest),
            Err(problems) if problems.is_empty() => Err(LoadError::Configure(Failure::bad_answer(
                Call::Configure,
                "the rules are refused without a reason",
            ))),
            Err(problems) => Err(LoadError::Rules(
                problems.iter().take(PROBLEMS).map(|problem| rule_problem(problem, rules)).collect(),
            )),
        }
    }

    fn snapshot(&mut self, wizer: &Wizer, context: &ComponentContext<'_>) -> wasmtime::Result<Vec<u8>> {
        // What runs from here on is wizer's own: it reads globals and memories, and never loops.
        self.store.set_epoch_deadline(u64::MAX / 4);
        self.store.set_hostcall_fuel(usize::MAX);
        let mut memory = Snapshot::new(&mut self.store, self.instance);
        let mut snapshot = pin!(wizer.snapshot_component(context, &mut memory));
        // Nothing in it waits for anything, so the first poll is the last.
        match snapshot.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(snapshot) => snapshot,
            Poll::Pending => Err(wasmtime::format_err!("the snapshot did not finish")),
        }
    }
}

fn guarded<R>(step: impl FnOnce() -> wasmtime::Result<R>) -> Result<R, LoadError> {
    match std::panic::catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result
            .map_err(|error| LoadError::Unusable(for_log(&format!("cannot be pre-initialised: {error:#}")))),
        Err(_) => Err(LoadError::Unusable("pre-initialising it failed".into())),
    }
}

fn rule_problem(problem: &wit::Problem, rules: &str) -> RuleProblem {
    let span = problem.at.and_then(|at| {
        let span = usize::try_from(at.start).ok()?..usize::try_from(at.end).ok()?;
        rules.get(span.clone()).is_some().then_some(span)
    });
    RuleProblem { pointer: for_log(&problem.pointer), message: for_log(&problem.message), span }
}
