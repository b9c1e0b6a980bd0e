//! Reads configuration, directory, rules and component, and tells every mistake in all of them at once.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use cordon_directory::{OpenError, Store};
use cordon_gateway::Gateway;
use cordon_policy::{Engine, EngineOptions, LoadError, Policy};
use cordon_settings::Problem;

use crate::Failure;
use crate::config::{Config, PolicyFiles};
use crate::plans;
use crate::problems::render;

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
pub(crate) fn load(path: &Path) -> Result<Loaded, Failure> {
    let text = read(path, "the configuration")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let config = Config::parse(&text, folder).map_err(|problems| shown(path, &text, &problems))?;
    let mut faults = String::new();
    let store = Store::open(&config.directory).map_err(|error| faults.push_str(&directory_fault(&error)));
    let policy = load_policy(&config.policy).map_err(|error| faults.push_str(&error.text));
    let (Ok(store), Ok(policy)) = (store, policy) else {
        return Err(Failure::wrong(faults));
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
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).map_err(|error| Failure::failed(error.to_string()))?;
    let policy = Policy::load(&engine, component, &rules).map_err(|error| match error {
        LoadError::Rules(problems) => {
            let problems: Vec<Problem> = problems
                .into_iter()
                .map(|problem| Problem { message: problem.message, span: problem.span, help: None })
                .collect();
            shown(&files.rules, &rules, &problems)
        }
        other => Failure::wrong(format!("the policy cannot be used: {other}")),
    })?;
    let policy = Arc::new(policy);
    let faults = plans::faults(&policy);
    if faults.is_empty() {
        return Ok(policy);
    }
    Err(Failure::wrong(format!("{}: plans that cannot be carried out\n{faults}", files.rules.display())))
}

fn directory_fault(error: &OpenError) -> String {
    match error {
        OpenError::Wrong { path, text, problems } => shown(path, text, problems).text,
        OpenError::Read { .. } => {
            format!("error: {error}\n  help: `directory.file` names it in the configuration\n")
        }
    }
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, what, &error))
}

fn unreadable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    Failure::wrong(format!("error: {what}, {}, cannot be read: {error}\n", path.display()))
}

fn shown(path: &Path, text: &str, problems: &[Problem]) -> Failure {
    let path = path.display().to_string();
    let mut shown = render(&path, text, problems, std::io::stderr().is_terminal());
    _ = writeln!(shown, "{} problem(s) in {path}\n", problems.len());
    Failure::wrong(shown)
}
