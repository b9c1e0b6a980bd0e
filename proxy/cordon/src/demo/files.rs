//! The demo's files, written where they can be looked at and changed while it runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Failure;

const CONFIG: &str = include_str!("../../../../examples/demo/cordon.toml");
const RULES: &str = include_str!("../../../../examples/demo/rules.toml");
const DIRECTORY: &str = include_str!("../../../../examples/demo/directory.toml");
const TOKEN: &str = include_str!("../../../../examples/demo/backend.token");

/// The addresses in `examples/demo/cordon.toml`, which give way to the real ones.
const LISTEN: &str = "127.0.0.1:8080";
const BACKEND: &str = "127.0.0.1:9000";

/// A folder with the demo's files. It goes when this is dropped.
pub(super) struct Files {
    folder: TempDir,
}

impl Files {
    /// Writes the files for a Cordon at `listen` and a backend at `backend`.
    pub(super) fn write(listen: SocketAddr, backend: SocketAddr) -> Result<Files, Failure> {
        let folder = tempfile::Builder::new().prefix("cordon-demo-").tempdir().map_err(|error| {
            Failure::failed(format!("error: no temporary folder for the demo's files: {error}"))
        })?;
        let config = CONFIG.replace(LISTEN, &listen.to_string()).replace(BACKEND, &backend.to_string());
        for (name, text) in [
            ("cordon.toml", config.as_str()),
            ("rules.toml", RULES),
            ("directory.toml", DIRECTORY),
            ("backend.token", TOKEN),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).map_err(|error| {
                Failure::failed(format!("error: cannot write {}: {error}", path.display()))
            })?;
        }
        Ok(Files { folder })
    }

    /// Where `cordon.toml` is.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("cordon.toml")
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
