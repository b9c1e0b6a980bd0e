//! `[policy]`: what is hidden, as files that people write or as bundles that are delivered, and what policies may use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_bundle::source::Access;
use cordon_bundle::trust::{PublicKey, Trust, TrustMistake, TrustedKey};
use cordon_gateway::GatewayConfig;
use cordon_settings::{Problems, Table};
use http::HeaderName;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::config::values;

/// What is hidden, and what policies may use.
#[derive(Clone, Debug)]
pub(crate) struct PolicyConfig {
    /// Where it is.
    pub place: PolicyPlace,
    /// Whether masks of the policy's own making are allowed.
    pub own_masks: bool,
    /// Whether components may import WASI, an empty one.
    pub wasi: bool,
    /// How long one call of the policy may take.
    pub call_time: Duration,
    /// Bytes of memory of one sandbox.
    pub memory: usize,
    /// The response header that names the digest.
    pub digest_header: Option<HeaderName>,
}

/// Where the policy is.
#[derive(Clone, Debug)]
pub(crate) enum PolicyPlace {
    /// In files, which are read at the start and on SIGHUP.
    Files {
        /// The rules file.
        rules: PathBuf,
        /// A component other than the default policy.
        component: Option<PathBuf>,
    },
    /// In bundles, which are delivered.
    Bundles(Box<Bundles>),
}

/// Where bundles come from, and which of them may be in force.
#[derive(Clone, Debug)]
pub(crate) struct Bundles {
    /// The folder in which this proxy keeps what was in force.
    pub state: PathBuf,
    /// A folder in which bundles are put.
    pub folder: Option<PathBuf>,
    /// A place in a registry.
    pub registry: Option<RegistryConfig>,
    /// Whose signatures count.
    pub trust: Option<Trust>,
    /// Whether what is delivered and in order is put in force at once.
    pub automatic: bool,
}

/// A place in a registry.
#[derive(Clone)]
pub(crate) struct RegistryConfig {
    /// `oci://HOST/REPOSITORY:TAG` or `oci://HOST/REPOSITORY@sha256:…`.
    pub reference: String,
    /// How it is reached.
    pub access: Access,
    /// How often it is looked at.
    pub poll: Duration,
}

impl std::fmt::Debug for RegistryConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs (H42).
        formatter.debug_struct("RegistryConfig").field("reference", &self.reference).finish_non_exhaustive()
    }
}

pub(super) fn read(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<PolicyConfig> {
    let place = place(table, folder, problems);
    let own_masks = table.flag("own_masks", problems);
    let wasi = allowed(table, problems).contains(&Allowed::Wasi);
    // What needs WASI has a language's runtime in it, and takes what such runtimes take.
    let (usual_time, usual_memory) =
        if wasi { (Duration::from_millis(500), 128 << 20) } else { (Duration::from_millis(20), 16 << 20) };
    let call_time = values::duration(table, "call_time", usual_time, problems);
    let memory = table.count("memory_bytes", usual_memory, problems);
    let digest_header = digest_header(table, problems);
    Some(PolicyConfig { place: place?, own_masks, wasi, call_time, memory, digest_header })
}

/// What a policy gets only if it is allowed by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Wasi,
}

fn allowed(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<Allowed> {
    let mut allowed = Vec::new();
    for text in table.texts("allow", problems) {
        match text.value.as_str() {
            "wasi" => allowed.push(Allowed::Wasi),
            _ => {
                problems
                    .at(text.span, "`allow` names something that a policy cannot be given")
                    .help("what can be allowed is \"wasi\", an empty one");
            }
        }
    }
    allowed
}

/// The name of the header; `"none"` switches it off.
fn digest_header(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<HeaderName> {
    let usual = || HeaderName::from_static(GatewayConfig::POLICY_HEADER);
    match table.text("digest_header", problems) {
        None => Some(usual()),
        Some(text) if text.value == "none" => None,
        Some(text) => values::named(&text, "digest_header", problems),
    }
}

fn place(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<PolicyPlace> {
    let rules = table.text("rules", problems);
    let component = values::optional_path(table, "component", folder, problems);
    let state = table.text("state", problems);
    let bundles = values::optional_path(table, "folder", folder, problems);
    let activation = table.text("activation", problems);
    let registry = table.table("registry", problems).map(|mut inner| {
        let registry = registry(&mut inner, folder, problems);
        inner.finish(problems);
        registry
    });
    let trust = table.table("trust", problems).map(|mut inner| {
        let trust = trust(&mut inner, folder, problems);
        inner.finish(problems);
        trust
    });
    let automatic = match activation.as_ref().map(|text| text.value.as_str()) {
        None | Some("automatic") => true,
        Some("manual") => false,
        Some(_) => {
            let span = activation.as_ref().map_or(table.span(), |text| text.span.clone());
            problems.at(span, "`activation` is neither \"automatic\" nor \"manual\"").help(
                "automatic: what is delivered and in order is put in force; manual: it waits for `cordon policy promote`",
            );
            true
        }
    };
    let delivered = bundles.is_some() || registry.is_some();
    match (rules, delivered) {
        (Some(rules), false) => {
            if trust.is_some() {
                problems
                    .at(rules.span.clone(), "with a trust root only signed bundles may be in force, and `rules` is none")
                    .help("name a `folder` or a `registry` that bundles come from, or take `[policy.trust]` out");
            }
            if let Some(text) = state.or(activation) {
                problems
                    .at(text.span, "`state` and `activation` are for bundles, and the policy is a file here")
                    .help("name a `folder` or a `registry` that bundles come from, or take this out");
            }
            Some(PolicyPlace::Files { rules: folder.join(rules.value), component })
        }
        (Some(rules), true) => {
            problems
                .at(rules.span, "`rules` and bundles are two policies, and one can be in force")
                .help("take `rules` out, or `folder` and `registry`");
            None
        }
        (None, false) => {
            problems
                .at(table.span(), "`rules` is missing: there is no policy")
                .help("name a rules file, or a `folder` or `registry` that bundles come from");
            None
        }
        (None, true) => {
            if component.is_some() {
                problems
                    .at(table.span(), "`component` is for a policy in files; bundles bring their own")
                    .help("take it out");
            }
            let Some(state) = state else {
                problems
                    .at(table.span(), "`state` is missing: what is in force must be kept for the next start")
                    .help("name a folder that only this proxy writes, such as \"policy-state\"");
                return None;
            };
            Some(PolicyPlace::Bundles(Box::new(Bundles {
                state: folder.join(state.value),
                folder: bundles,
                registry: registry.flatten(),
                trust: trust.flatten(),
                automatic,
            })))
        }
    }
}

fn registry(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<RegistryConfig> {
    let reference = table.required("reference", problems);
    let poll = values::duration(table, "poll", Duration::from_secs(30), problems);
    let user = table.text("user", problems);
    let password =
        values::file(table, "password_file", folder, problems).and_then(|file| file.line(problems));
    let authority = values::file(table, "authorities", folder, problems).map(|file| file.bytes);
    let plain_http = table.flag("plain_http", problems);
    let credentials = match (user, password) {
        (Some(user), Some(password)) => Some((user.value, password)),
        (None, None) => None,
        _ => {
            problems
                .at(table.span(), "`user` and `password_file` belong together, and one of them is missing")
                .help("give both, or neither for anybody's access");
            None
        }
    };
    let authority = authority.and_then(|bytes| String::from_utf8(bytes).ok());
    let access = Access { credentials, plain_http, authority };
    Some(RegistryConfig { reference: reference?.value, access, poll })
}

fn trust(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<Trust> {
    let threshold = table.count("threshold", 1, problems);
    let mut keys = Vec::new();
    let mut is_whole = true;
    for mut inner in table.tables("key", problems) {
        let key = key(&mut inner, folder, problems);
        inner.finish(problems);
        is_whole &= key.is_some();
        keys.extend(key);
    }
    if !is_whole {
        return None;
    }
    Trust::new(keys, threshold)
        .map_err(|mistakes: Vec<TrustMistake>| {
            for mistake in mistakes {
                problems.at(table.span(), mistake.to_string()).help(
                    "nothing could be put in force, or fewer people than you think would have to agree",
                );
            }
        })
        .ok()
}

fn key(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<TrustedKey> {
    let name = table.required("name", problems);
    let span = table.span();
    let public = match values::file(table, "file", folder, problems) {
        Some(file) => {
            let key = std::str::from_utf8(&file.bytes).ok().map(PublicKey::from_pem);
            match key {
                Some(Ok(key)) => Some(key),
                Some(Err(error)) => {
                    problems.at(span, format!("`file` holds no public key: {error}")).help(
                        "it is the .pub file that `cordon policy key` or `cosign generate-key-pair` makes",
                    );
                    None
                }
                None => {
                    problems.at(span, "`file` holds no public key").help("a key is a text file (PEM)");
                    None
                }
            }
        }
        None => {
            problems.at(span, "a key needs its `file`").help("name the file with the public key");
            None
        }
    };
    let not_before = moment(table, "not_before", problems);
    let expires = moment(table, "expires", problems);
    if expires.is_none() {
        problems.at(table.span(), "a key needs an end: `expires` is missing").help("such as \"2027-12-31\"");
    }
    Some(TrustedKey { name: name?.value, public: public?, not_before, expires: expires? })
}

/// A day, at whose beginning in UTC it is, or a time.
fn moment(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<OffsetDateTime> {
    let text = table.text(key, problems)?;
    let day = Date::parse(&text.value, format_description!("[year]-[month]-[day]"));
    let moment = match day {
        Ok(day) => Some(day.midnight().assume_utc()),
        Err(_) => OffsetDateTime::parse(&text.value, &Rfc3339).ok(),
    };
    if moment.is_none() {
        problems
            .at(text.span, format!("`{key}` is neither a day nor a time"))
            .help("write \"2027-12-31\", or \"2027-12-31T12:00:00Z\"");
    }
    moment
}
