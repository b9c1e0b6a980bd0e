//! Reads configuration, directory, rules and component, and tells every mistake in all of them at once.

use std::path::Path;
use std::sync::Arc;

use cordon_activation::plan_faults;
use cordon_directory::{ConnectOptions, OpenError, Store};
use cordon_gateway::Gateway;
use cordon_policy::{Engine, EngineOptions, LoadError, Policy};
use cordon_settings::Problem;

use crate::Failure;
use crate::config::{Config, DirectoryPlace, PolicyFiles};
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
}

/// Reads everything that the configuration at `path` names.
///
/// # Errors
/// Every mistake in every file, rendered, with exit code 2.
pub(crate) async fn load(path: &Path) -> Result<Loaded, Failure> {
    let config = read_config(path)?;
    let store = open_store(&config.directory.place, Following::Yes).await;
    let policy = load_policy(&config.policy);
    let (store, policy) = match (store, policy) {
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
    Ok(Loaded { config, store, gateway, policy: name, routes })
}

/// Reads rules and component, and makes a policy of them.
///
/// # Errors
/// Every mistake in the rules, why the component cannot be used, or which plans cannot be carried out.
pub(crate) fn load_policy(files: &PolicyFiles) -> Result<Arc<Policy>, Failure> {
    let rules = read(&files.rules, "the rules")?;
    let own;
    let component = match &files.component {
        Some(path) => {
            own = std::fs::read(path).map_err(|error| unreadable(path, "the policy's component", &error))?;
            own.as_slice()
        }
        None => cordon_policy_component::COMPONENT,
    };
    let options = EngineOptions {
        call_time: files.call_time,
        memory: files.memory,
        own_masks: files.own_masks,
        wasi: files.wasi,
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).map_err(|error| Failure::failed(error.to_string()))?;
    let policy = Policy::load(&engine, component, &rules).map_err(|error| match error {
        LoadError::Rules(problems) => {
            let problems: Vec<Problem> = problems
                .into_iter()
                .map(|problem| Problem { message: problem.message, span: problem.span, help: None })
                .collect();
            report(&files.rules, &rules, &problems)
        }
        other => Failure::wrong(format!("the policy cannot be used: {other}")),
    })?;
    let policy = Arc::new(policy);
    let faults = plan_faults(&policy);
    if faults.is_empty() {
        return Ok(policy);
    }
    let faults: String = faults.iter().map(|fault| format!("error: {fault}\n")).collect();
    Err(Failure::wrong(format!("{}: plans that cannot be carried out\n{faults}", files.rules.display())))
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
