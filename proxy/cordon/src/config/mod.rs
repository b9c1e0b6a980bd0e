//! `cordon.toml`: what the gateway operator decides. `CONFIG.md` beside this crate describes every setting.

mod acme;
mod admin;
mod backend;
mod directory;
mod hosts;
mod identity;
mod limits;
mod listen;
mod logs;
mod operate;
mod policy;
mod sync;
mod tls;
mod values;
mod websocket;

use std::path::Path;

use cordon_admin::AdminConfig;
use cordon_gateway::{Deadlines, GatewayConfig, MaskSecret, ProjectSelector, RequestIds};
use cordon_operate::{LogsConfig, OperateConfig};
use cordon_settings::{Problem, Problems, Table, note_syntax};
use http::Uri;
use toml::de::DeTable;

pub(crate) use directory::{DirectoryConfig, DirectoryPlace};
pub(crate) use listen::{Listen, Place};
pub(crate) use policy::{Bundles, PolicyConfig, PolicyPlace};
pub(crate) use sync::{Paging, SyncConfig};

/// Everything that `cordon.toml` says, checked; relative paths start from the file's folder.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where Cordon listens, in one place at least.
    pub listen: Vec<Listen>,
    /// What the data plane is told.
    pub gateway: GatewayConfig,
    /// What is hidden.
    pub policy: PolicyConfig,
    /// Where the directory is.
    pub directory: DirectoryConfig,
    /// Which routes of the backend list which objects.
    pub sync: Vec<SyncConfig>,
    /// Where the admin API listens; not at all if absent.
    pub admin: Option<AdminConfig>,
    /// What is logged beside the process's own log.
    pub logs: LogsConfig,
    /// Where operators ask how things stand; nowhere if absent.
    pub operate: Option<OperateConfig>,
    /// Threads that serve connections; one for each processor if absent.
    pub threads: Option<usize>,
}

impl Config {
    /// Reads the text of a `cordon.toml` that lies in `folder`.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the text.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
        let mut problems = Problems::new(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            errors.iter().for_each(|error| note_syntax(text, error, &mut problems));
            return Err(problems.finish());
        }
        let mut table = Table::document("configuration", &document);
        let config = read(&mut table, folder, &mut problems);
        table.finish(&mut problems);
        let problems = problems.finish();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }
}

fn read(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<Config> {
    let listen = listen::read(table, folder, problems);
    let backend =
        section(table, "backend", problems, |table, problems| backend::read(table, folder, problems));
    let policy = section(table, "policy", problems, |table, problems| policy::read(table, folder, problems));
    let directory =
        section(table, "directory", problems, |table, problems| directory::read(table, folder, problems));
    let sync = sync::read(table, problems);
    let admin = optional(table, "admin", problems, admin::read);
    let access_log =
        optional(table, "access_log", problems, |table, problems| logs::access(table, folder, problems));
    let audit = optional(table, "audit", problems, |table, problems| logs::audit(table, folder, problems));
    let traces = optional(table, "traces", problems, logs::traces);
    let operate = optional(table, "operate", problems, operate::read);
    let asks = |listen: &Listen| listen.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    let clients = listen.as_ref().map(|all| all.iter().any(asks));
    let identity = optional(table, "identity", problems, |table, problems| {
        identity::read(table, folder, clients, problems)
    });
    let project = optional(table, "project_selector", problems, |table, problems| ProjectSelector {
        header: values::header_name(table, "header", problems),
        query: table.text("query", problems).map(|text| text.value),
    });
    let secret = optional(table, "masks", problems, |table, problems| {
        values::file(table, "secret_file", folder, problems).and_then(|file| file.secret(problems))
    });
    let websocket = optional(table, "websocket", problems, websocket::read);
    let request_ids = optional(table, "request_id", problems, |table, problems| {
        let texts = table.texts("addresses", problems);
        RequestIds { addresses: values::networks(texts, "addresses", problems) }
    });
    let mut gateway = GatewayConfig::new(Uri::default(), secret.flatten().unwrap_or_else(random_secret));
    let threads =
        optional(table, "limits", problems, |table, problems| limits::read(table, &mut gateway, problems));
    let (backend, directory) = (backend?, directory?);
    gateway.backend = backend.config;
    gateway.deadlines = Deadlines {
        connect: backend.deadlines.connect,
        head: backend.deadlines.head,
        idle: backend.deadlines.idle,
        whole: backend.deadlines.whole,
        ..gateway.deadlines
    };
    gateway.request_headers = backend.request_headers;
    gateway.request_cookies = backend.request_cookies;
    gateway.directory_age = directory.max_age;
    if let Some(policy) = &policy {
        gateway.policy_header = policy.digest_header.clone();
    }
    gateway.identity = identity.unwrap_or_default();
    gateway.project = project.unwrap_or_default();
    gateway.websocket = websocket.unwrap_or_default();
    gateway.request_ids = request_ids;
    Some(Config {
        listen: listen?,
        gateway,
        policy: policy?,
        directory,
        sync,
        admin: admin.flatten(),
        logs: LogsConfig { access: access_log.flatten(), audit: audit.flatten(), traces: traces.flatten() },
        operate: operate.flatten(),
        threads: threads.flatten(),
    })
}

/// Reads a table that may be left out.
fn optional<T>(
    table: &mut Table<'_, '_>,
    name: &'static str,
    problems: &mut Problems<'_>,
    read: impl FnOnce(&mut Table<'_, '_>, &mut Problems<'_>) -> T,
) -> Option<T> {
    let mut inner = table.table(name, problems)?;
    let value = read(&mut inner, problems);
    inner.finish(problems);
    Some(value)
}

/// Reads a table that must be there.
fn section<T>(
    table: &mut Table<'_, '_>,
    name: &'static str,
    problems: &mut Problems<'_>,
    read: impl FnOnce(&mut Table<'_, '_>, &mut Problems<'_>) -> Option<T>,
) -> Option<T> {
    match table.required_table(name, problems) {
        Some(mut inner) => {
            let value = read(&mut inner, problems);
            inner.finish(problems);
            value
        }
        None => None,
    }
}

/// Keyed masks of this process alone: they differ after a restart and between proxies.
fn random_secret() -> MaskSecret {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes);
    MaskSecret(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GOOD: &str = "
        [listen]
        address = \"127.0.0.1:8080\"
        [backend]
        url = \"http://127.0.0.1:9000\"
        [policy]
        rules = \"rules.toml\"
        [directory]
        file = \"directory.toml\"
    ";

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let config = Config::parse(GOOD, Path::new("/etc/cordon")).expect("it is right");
        let PolicyPlace::Files { rules, component: None } = &config.policy.place else {
            panic!("{:?}", config.policy);
        };
        assert_eq!(rules, Path::new("/etc/cordon/rules.toml"));
        assert_eq!(config.gateway.editor.record, 1 << 20);
        assert_eq!(config.listen[0].place.to_string(), "127.0.0.1:8080");
        assert_eq!(config.gateway.identity.places.headers, ["x-api-key"]);
    }

    #[test]
    fn wasi_is_allowed_by_name_and_brings_its_limits() {
        let read = |lines: &str| {
            let text = GOOD.replace("[policy]", &format!("[policy]\n{lines}"));
            Config::parse(&text, Path::new(".")).map(|config| config.policy)
        };
        let usual = read("").expect("it is right");
        assert!(!usual.wasi);
        assert_eq!((usual.call_time, usual.memory), (Duration::from_millis(20), 16 << 20));
        let wasi = read("allow = [\"wasi\"]").expect("it is right");
        assert!(wasi.wasi);
        assert_eq!((wasi.call_time, wasi.memory), (Duration::from_millis(500), 128 << 20));
        let own = read("allow = [\"wasi\"]\ncall_time = \"30ms\"").expect("it is right");
        assert_eq!(own.call_time, Duration::from_millis(30));
        let problems = read("allow = [\"files\"]").expect_err("there is no such thing");
        assert!(problems[0].to_string().contains("allow"), "{problems:?}");
    }

    #[test]
    fn every_example_in_the_documentation_is_right() {
        let page = include_str!("../../CONFIG.md");
        let examples: Vec<&str> =
            page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(examples.len(), 8);
        for example in examples {
            let read = Config::parse(example, Path::new("."));
            assert!(read.is_ok(), "{example}\n{:#?}", read.err());
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let text = "
            [listen]
            address = \"nowhere\"
            key = \"key.pem\"
            [backend]
            url = \"ftp://x\"
            head_timeout = \"soon\"
            credential = { header = \"Authorization\", query = \"x\" }
            [policy]
            ruels = \"rules.toml\"
            [identity]
            query_parameter = \"\"
            [identity.jwt]
            algorithms = [\"none\"]
            [limits]
            depth = -1
            [operate]
            listen = \"0.0.0.0:9902\"
            [access_log]
            to = \"stdout\"
            format = \"xml\"
            [traces]
            per_thousand = 1001
            [audit]
            when_full = \"panic\"
            [surprise]
        ";
        let problems = Config::parse(text, Path::new(".")).expect_err("it is wrong");
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for expected in [
            "address",
            "certificate",
            "url",
            "head_timeout",
            "credential",
            "ruels",
            "rules",
            "query_parameter",
            "algorithms",
            "jwks",
            "depth",
            "beyond_this_machine",
            "format",
            "when_full",
            "endpoint",
            "per_thousand",
            "file",
            "directory",
            "surprise",
        ] {
            assert!(
                all.iter().any(|message| message.contains(expected)),
                "nothing about {expected}: {all:#?}"
            );
        }
    }

    #[test]
    fn no_secret_is_part_of_a_problem() {
        let secret = "hunter2";
        for line in [
            format!("credential = \"{secret}\""),
            format!("credential = {{ header = \"x-key\", value = \"{secret}\" }}"),
            format!("credential = {{ header = \"x-key\" value = \"{secret}\" }}"),
            format!("credential = {{ header = \"x-key\", value = \"{secret} }}"),
            format!("url = \"http://user:{secret}@host\""),
        ] {
            let text = format!("[backend]\n{line}\n");
            let problems = Config::parse(&text, Path::new(".")).expect_err("it is wrong");
            let shown = crate::problems::render("cordon.toml", &text, &problems, false);
            assert!(!shown.contains(secret), "{line}:\n{shown}");
            assert!(shown.contains("line 2"), "{line}:\n{shown}");
        }
    }
}
