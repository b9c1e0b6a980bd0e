//! Where a run takes place: a folder with what the backend serves, its cores, and the programs that are measured.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Fallible;
use crate::peer::Started;
use crate::process::{Process, cores, free_address};
use crate::scenario::filtered_folders;
use crate::sizes::SIZES;

/// What all peers of a run share. The backend runs until this is dropped.
pub struct Place {
    folder: TempDir,
    /// The core of the load and the backend.
    pub load_core: usize,
    /// The core of the proxy.
    pub proxy_core: usize,
    /// How many cores there are to use.
    pub cores: usize,
    backend: Option<Started>,
    /// The program `cordon`.
    pub cordon: PathBuf,
    /// Envoy, if one was named.
    pub envoy: Option<PathBuf>,
}

impl Place {
    /// Writes the logs and starts the backend.
    ///
    /// # Errors
    /// If there are less than two cores, or nginx is missing.
    pub fn prepare(cordon: PathBuf, envoy: Option<PathBuf>) -> Fallible<Place> {
        let Some((load_core, proxy_core)) = cores()? else {
            return Err("the proxy needs a core of its own, and there is only one".into());
        };
        let all = std::thread::available_parallelism().map_or(0, usize::from);
        let folder = tempfile::Builder::new().prefix("cordon-peers-").tempdir()?;
        // Workers of nginx are other users if it is started by root.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        }
        let files = folder.path().join("www");
        fs::create_dir(&files)?;
        for size in SIZES {
            fs::write(files.join(size.file), size.body())?;
        }
        fs::create_dir(folder.path().join("logs"))?;
        let place = Place { folder, load_core, proxy_core, cores: all, backend: None, cordon, envoy };
        let backend = place.start_backend("backend", "", "")?;
        Ok(Place { backend: Some(backend), ..place })
    }

    /// Where the backend listens.
    pub fn backend(&self) -> SocketAddr {
        self.backend.as_ref().map_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)), |backend| backend.address)
    }

    /// Starts a backend on the load's core. `kind` stands behind the address in `listen`, `settings` before the folders.
    ///
    /// # Errors
    /// If nginx is missing, or does not start.
    pub fn start_backend(&self, folder: &str, kind: &str, settings: &str) -> Fallible<Started> {
        let address = free_address()?;
        let files = self.folder.path().join("www");
        let mut locations = settings.to_owned();
        for name in std::iter::once("raw".to_owned()).chain(filtered_folders()) {
            let _ = writeln!(locations, "        location /{name}/ {{ alias {}/; }}", files.display());
        }
        let listen = format!("{address}{kind}");
        let configuration = fill(
            include_str!("../templates/nginx-backend.conf"),
            &[("listen", &listen), ("locations", locations.trim_end())],
        );
        let file = self.write(folder, "nginx.conf", &configuration)?;
        let process =
            Process::start(&mut nginx(&file), &[self.load_core], address, &file.with_file_name("log"))
                .map_err(|error| {
                    format!("the backend cannot be started: {error}\n{}", install("nginx-light"))
                })?;
        Ok(Started { address, process })
    }

    /// A folder for a peer.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file that the backend serves.
    pub fn served(&self, file: &str) -> PathBuf {
        self.folder.path().join("www").join(file)
    }

    /// Writes a configuration file of a peer, and tells where.
    ///
    /// # Errors
    /// If that fails.
    pub fn write(&self, peer: &str, file: &str, text: &str) -> Fallible<PathBuf> {
        write(self.folder.path(), peer, file, text)
    }
}

/// nginx with a configuration file, in the file's folder.
pub fn nginx(configuration: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(configuration.parent().unwrap_or(Path::new("."))).arg("-c").arg(configuration);
    command
}

/// A template with its placeholders filled in.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    text
}

/// How a package is installed, for people.
pub fn install(packages: &str) -> String {
    format!("install it: apt-get install {packages}")
}

fn write(folder: &Path, peer: &str, file: &str, text: &str) -> Fallible<PathBuf> {
    let place = folder.join(peer);
    fs::create_dir_all(&place)?;
    let file = place.join(file);
    // Whole or not at all: somebody may be reading it.
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, &file)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_braces_stay() {
        assert_eq!(fill("a {{x}} {y} {{x}}{{z}}", &[("x", "1"), ("z", "2")]), "a 1 {y} 12");
        for template in
            [include_str!("../templates/nginx-lua.conf"), include_str!("../templates/nginx-pass.conf")]
        {
            let filled =
                fill(template, &[("listen", "a"), ("backend", "b"), ("modules", "m"), ("workers", "1")]);
            assert!(!filled.contains("{{"), "{filled}");
        }
    }
}
