//! What both sides of TLS have in common.

use std::path::Path;

use cordon_gateway::{CertificateFiles, TlsVersion};
use cordon_settings::{Problems, Table};

use super::values;

/// A chain and its key, or neither.
pub(super) fn certificate(
    table: &mut Table<'_, '_>,
    folder: &Path,
    help: &str,
    problems: &mut Problems<'_>,
) -> Option<CertificateFiles> {
    let chain = values::optional_path(table, "certificate", folder, problems);
    let key = values::optional_path(table, "key", folder, problems);
    match (chain, key) {
        (Some(chain), Some(key)) => Some(CertificateFiles { chain, key }),
        (None, None) => None,
        _ => {
            problems
                .at(table.span(), "`certificate` and `key` belong together, and one of them is missing")
                .help(help);
            None
        }
    }
}

/// The oldest version that is spoken, if it is said.
pub(super) fn minimum_version(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<TlsVersion> {
    let text = table.text("minimum_version", problems)?;
    match text.value.as_str() {
        "1.2" => Some(TlsVersion::Tls12),
        "1.3" => Some(TlsVersion::Tls13),
        _ => {
            problems
                .at(text.span, "`minimum_version` is none that is spoken here")
                .help("write \"1.2\" or \"1.3\"");
            None
        }
    }
}
