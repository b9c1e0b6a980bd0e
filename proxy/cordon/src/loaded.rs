//! Reads configuration, directory and policy, and tells every mistake in all of them at once.

use std::path::Path;
use std::sync::Arc;

use cordon_activation::{RunOptions, plan_faults};
use cordon_bundle::kept::Kept;
use cordon_bundle::source::{Folder, Registry};
use cordon_directory::{ConnectOptions, OpenError, Store};
use cordon_gateway::{Gateway, GatewayConfig};
use cordon_policy::{CompiledFolder, Engine, EngineOptions, LoadError, Policy};
use cordon_rollout::{Settings, Sources, Start, StartError};
use cordon_settings::Problem;

use crate::Failure;
use crate::config::{Bundles, Config, DirectoryPlace, PolicyConfig, PolicyPlace};
use crate::problems::report;

/// Everything that the files say, ready to serve.
pub(crate) struct Loaded {
    /// What `cordon.toml` says.
    pub config: Config,
    /// The directory, following its file.
    pub store: Arc<Store>,
    /// The data plane with its policy.
    pub gateway: Arc<Gateway>,
    /// The policy's name, version and digest, for people.
    pub policy: String,
    /// How many routes the policy governs.
    pub routes: usize,
    /// What the policy's bundles are followed with, if it has any and is to be served.
    pub delivered: Option<Delivered>,
}

/// What bundles are followed with.
pub(crate) struct Delivered {
    /// What does not change.
    pub settings: Settings,
    /// What was begun with.
    pub start: Start,
    /// Where more come from.
    pub sources: Sources,
}

/// What is loaded for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Callers are served, and whatever changes is followed.
    Serving,
    /// Somebody looks at it, perhaps beside a proxy that serves with it.
    Looking,
}

/// Reads everything that the configuration at `path` names.
///
/// # Errors
/// Every mistake in every file, rendered, with exit code 2.
pub(crate) async fn load(path: &Path, purpose: Purpose) -> Result<Loaded, Failure> {
    let config = read_config(path)?;
    let store = open_store(&config.directory.place, Following::Yes).await;
    let policy = policy(&config.policy, &config.gateway, purpose).await;
    let (store, (policy, delivered)) = match (store, policy) {
        (Ok(store), Ok(policy)) => (store, policy),
        (store, policy) => {
            let failures = [store.err(), policy.err()];
            let mut both = Failure { text: String::new(), code: 0 };
            for failure in failures.into_iter().flatten() {
                both = Failure {
                    text: both.text + failure.text.trim_end() + "\n",
                    code: both.code.max(failure.code),
                };
            }
            return Err(both);
        }
    };
    let store = Arc::new(store);
    let manifest = policy.manifest();
    let routes = manifest.routes.len();
    let name = format!("{} {} ({})", manifest.name, manifest.version, policy.digest());
    let gateway = Gateway::new(config.gateway.clone(), Arc::clone(&store), policy)
        .map_err(|error| Failure::wrong(format!("{}: {error}", path.display())))?;
    Ok(Loaded { config, store, gateway, policy: name, routes, delivered })
}

async fn policy(
    config: &PolicyConfig,
    gateway: &GatewayConfig,
    purpose: Purpose,
) -> Result<(Arc<Policy>, Option<Delivered>), Failure> {
    match &config.place {
        PolicyPlace::Files { .. } => Ok((load_files(config)?, None)),
        PolicyPlace::Bundles(bundles) => {
            let checks = RunOptions { editor: gateway.editor.clone(), ..RunOptions::default() };
            let settings = Settings {
                engine: engine(config)?,
                trust: bundles.trust.clone(),
                automatic: bundles.automatic,
                checks,
                compiled: compiled(&bundles.state.join("compiled")),
            };
            match purpose {
                Purpose::Serving => {
                    let (start, sources) = begin(&settings, bundles).await?;
                    Ok((Arc::clone(&start.policy), Some(Delivered { settings, start, sources })))
                }
                Purpose::Looking => {
                    let policy = cordon_rollout::look(&settings, &bundles.state).await;
                    Ok((policy.map_err(|error| not_begun(&error))?, None))
                }
            }
        }
    }
}

async fn begin(settings: &Settings, bundles: &Bundles) -> Result<(Start, Sources), Failure> {
    let registry = match &bundles.registry {
        Some(config) => {
            let registry = Registry::new(&config.reference, &config.access);
            let registry = registry.map_err(|error| Failure::wrong(format!("error: {error}\n")))?;
            Some((registry, config.poll))
        }
        None => None,
    };
    let mut sources = Sources { folder: bundles.folder.as_ref().map(Folder::new), registry };
    let kept = Kept::open(&bundles.state).map_err(|error| not_begun(&StartError::Kept(error)))?;
    let start = Start::find(settings, kept, sources.newest()).await.map_err(|error| not_begun(&error))?;
    Ok((start, sources))
}

fn not_begun(error: &StartError) -> Failure {
    let text = format!("error: the policy cannot be had: {error}\n");
    match error {
        StartError::Kept(_) => Failure::failed(text),
        _ => Failure::wrong(text),
    }
}

/// Where compiled code is kept. That it cannot be is told, and everything works all the same.
fn compiled(folder: &Path) -> Option<Arc<CompiledFolder>> {
    CompiledFolder::open(folder)
        .map(Arc::new)
        .inspect_err(|error| tracing::warn!(%error, "policies are compiled at every start"))
        .ok()
}

fn engine(config: &PolicyConfig) -> Result<Arc<Engine>, Failure> {
    let options = EngineOptions {
        call_time: config.call_time,
        memory: config.memory,
        own_masks: config.own_masks,
        wasi: config.wasi,
        ..EngineOptions::default()
    };
    Engine::new(options).map_err(|error| Failure::failed(error.to_string()))
}

/// Reads rules and component, and makes a policy of them.
///
/// # Errors
/// Every mistake in the rules, why the component cannot be used, or which plans cannot be carried out.
pub(crate) fn load_files(config: &PolicyConfig) -> Result<Arc<Policy>, Failure> {
    let PolicyPlace::Files { rules: path, component } = &config.place else {
        return Err(Failure::wrong("error: the policy is no file: bundles are delivered\n"));
    };
    let rules = read(path, "the rules")?;
    let own;
    let component = match component {
        Some(path) => {
            own = std::fs::read(path).map_err(|error| unreadable(path, "the policy's component", &error))?;
            own.as_slice()
        }
        None => cordon_policy_component::COMPONENT,
    };
    let policy = Policy::load(&engine(config)?, component, &rules).map_err(|error| match error {
        LoadError::Rules(problems) => {
            let problems: Vec<Problem> = problems
                .into_iter()
                .map(|problem| Problem { message: problem.message, span: problem.span, help: None })
                .collect();
            report(path, &rules, &problems)
        }
        other => Failure::wrong(format!("the policy cannot be used: {other}")),
    })?;
    let policy = Arc::new(policy);
    let faults = plan_faults(&policy);
    if faults.is_empty() {
        return Ok(policy);
    }
    let faults: String = faults.iter().map(|fault| format!("error: {fault}\n")).collect();
    Err(Failure::wrong(format!("{}: plans that cannot be carried out\n{faults}", path.display())))
}

/// Reads the configuration at `path`.
///
/// # Errors
/// Every mistake in it, rendered, with exit code 2.
pub(crate) fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = read(path, "the configuration")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Config::parse(&text, folder).map_err(|problems| report(path, &text, &problems))
}

/// Whether a database is followed, as a file always is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Following {
    /// For as long as it is open.
    Yes,
    /// It is looked at once.
    No,
}

/// Opens the directory. Databases need the runtime that this is called on.
///
/// # Errors
/// What is wrong with the file or in the database, with exit code 2; that the database cannot be had, with 1.
pub(crate) async fn open_store(place: &DirectoryPlace, following: Following) -> Result<Store, Failure> {
    let opened = match place {
        DirectoryPlace::File(path) => Store::open(path),
        DirectoryPlace::Database(url) => {
            let options = ConnectOptions { follow: following == Following::Yes, ..ConnectOptions::default() };
            Store::connect(url, &options).await
        }
    };
    opened.map_err(|error| store_fault(&error))
}

/// Why a directory cannot be opened, for people.
pub(crate) fn store_fault(error: &OpenError) -> Failure {
    match error {
        OpenError::Wrong { path, text, problems } => report(path, text, problems),
        OpenError::Read { .. } => Failure::wrong(format!(
            "error: {error}\n  help: `directory.file` names it in the configuration\n"
        )),
        OpenError::Database { .. } => Failure::failed(format!(
            "error: {error}\n  help: `directory.database` names it in the configuration\n"
        )),
        error => Failure::wrong(format!("error: {error}\n")),
    }
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, what, &error))
}

fn unreadable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::wrong(format!("error: {what}, {}, cannot be read: {error}\n", path.display()))
}
