//! `cordon policy inspect`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use cordon_bundle::source::Delivery;
use cordon_bundle::trust::PublicKey;
use cordon_policy::{Engine, EngineOptions, Policy};
use serde_json::{Value, json};

use super::access::{RegistryAccess, failure};
use super::files;
use crate::directory::print;
use crate::{Failure, serve};

#[derive(Args)]
pub(super) struct Inspect {
    /// A file, with its signatures in FILE.sig, or a place in a registry: oci://HOST/REPOSITORY:TAG.
    #[arg(value_name = "FILE|REF")]
    place: String,
    /// A public key: tells whether it signed. May be given several times; its name is the file's.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Compile the component and configure it with the rules, to tell which routes it governs.
    #[arg(long)]
    routes: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: RegistryAccess,
}

impl Inspect {
    pub(super) fn run(self) -> Result<(), Failure> {
        let keys = self.keys.iter().map(|path| public_key(path)).collect::<Result<Vec<_>, Failure>>()?;
        let (delivery, artifact) = if self.place.starts_with("oci://") {
            let registry = self.access.open(&self.place)?;
            let pulled = serve::runtime()?.block_on(registry.pull());
            let (delivery, artifact) = pulled.map_err(|error| failure(&self.place, &error))?;
            (delivery, Some(artifact.to_string()))
        } else {
            (files::read(Path::new(&self.place))?, None)
        };
        let document = document(&delivery, artifact.as_deref(), &keys, self.routes)?;
        if self.json { print(&format!("{document:#}\n")) } else { print(&shown(&document)) }
    }
}

fn document(
    delivery: &Delivery,
    artifact: Option<&str>,
    keys: &[(String, PublicKey)],
    routes: bool,
) -> Result<Value, Failure> {
    let bundle = &delivery.bundle;
    let manifest = bundle.manifest();
    let cases: Vec<Value> =
        bundle.cases().iter().map(|case| json!({"name": case.name, "bytes": case.text.len()})).collect();
    let mut document = json!({
        "digest": bundle.digest().to_string(),
        "name": manifest.name,
        "version": manifest.version,
        "contract": manifest.contract.to_string(),
        "counter": manifest.counter,
        "gives-up": manifest.gives_up,
        "bytes": bundle.bytes().len(),
        "component": {"bytes": bundle.component().len()},
        "rules": {"bytes": bundle.rules().len()},
        "cases": cases,
    });
    let signatures: Vec<Value> = delivery
        .signatures
        .iter()
        .map(|signature| {
            let by = keys.iter().find(|(_, key)| key.signed(bundle, signature));
            by.map_or(Value::Null, |(name, _)| json!(name))
        })
        .collect();
    document["signatures"] = json!(signatures);
    if let Some(artifact) = artifact {
        document["artifact"] = json!(artifact);
    }
    if routes {
        document["routes"] = routes_of(delivery)?;
    }
    Ok(document)
}

/// What the component says that it governs.
fn routes_of(delivery: &Delivery) -> Result<Value, Failure> {
    let unusable = |error: String| Failure::wrong(format!("error: the policy cannot be used: {error}\n"));
    let engine = Engine::new(EngineOptions::default()).map_err(|error| unusable(error.to_string()))?;
    let bundle = &delivery.bundle;
    let policy = Policy::load(&engine, bundle.component(), bundle.rules())
        .map_err(|error| unusable(error.to_string()))?;
    let routes = policy.manifest().routes.iter().map(|route| {
        let methods: Vec<String> = route.methods.iter().map(ToString::to_string).collect();
        json!({"name": route.name, "methods": methods, "path": route.path})
    });
    Ok(routes.collect())
}

fn shown(document: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut shown = String::new();
    let mut line = |name: &str, value: String| _ = writeln!(shown, "{name:<10}  {value}");
    line("policy", format!("{} {}", text(&document["name"]), text(&document["version"])));
    for name in ["counter", "contract", "digest", "artifact"] {
        if let Some(value) = document.get(name) {
            line(name, text(value));
        }
    }
    line("component", format!("{} bytes", document["component"]["bytes"]));
    line("rules", format!("{} bytes", document["rules"]["bytes"]));
    let list = |name: &str| document[name].as_array().map_or(&[][..], Vec::as_slice);
    line("cases", list("cases").len().to_string());
    if !list("gives-up").is_empty() {
        line("gives up", list("gives-up").iter().map(text).collect::<Vec<_>>().join(", "));
    }
    if list("signatures").is_empty() {
        line("signatures", "none".to_owned());
    }
    for signature in list("signatures") {
        let by = signature.as_str().map_or_else(
            || "by none of the keys that were given, or over another bundle".to_owned(),
            |name| format!("by {name}"),
        );
        line("signature", by);
    }
    for route in list("routes") {
        let methods = route["methods"].as_array().map_or(&[][..], Vec::as_slice);
        let methods = methods.iter().map(text).collect::<Vec<_>>().join(",");
        line("route", format!("{}: {methods} {}", text(&route["name"]), text(&route["path"])));
    }
    shown
}

fn public_key(path: &Path) -> Result<(String, PublicKey), Failure> {
    let text = files::text(path, "the public key")?;
    let key = PublicKey::from_pem(&text)
        .map_err(|error| Failure::wrong(format!("error: {}: {error}\n", path.display())))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, key))
}
