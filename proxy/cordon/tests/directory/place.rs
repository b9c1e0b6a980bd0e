//! A folder with a configuration, in which commands are run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration.
pub(super) struct Place(TempDir);

impl Place {
    /// With a directory that has nothing but its administrator.
    pub(super) fn new() -> Place {
        Place::with(&[])
    }

    pub(super) fn with(arguments: &[&str]) -> Place {
        let place = Place::uninitialised();
        let made = place.done(&[&["init"], arguments].concat());
        assert!(made.contains("cordon_"), "{made}");
        place
    }

    pub(super) fn uninitialised() -> Place {
        let place = Place(TempDir::new().expect("a folder"));
        place.configure("database = \"sqlite:cordon.db\"");
        place
    }

    /// With this in `[directory]`.
    pub(super) fn configure(&self, directory: &str) {
        self.configure_all(directory, "http://127.0.0.1:9", "");
    }

    pub(super) fn configure_all(&self, directory: &str, backend: &str, rest: &str) {
        self.write(
            "cordon.toml",
            &format!(
                "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"{backend}\"\n\
                 credential = {{ header = \"X-Api-Key\", value_file = \"backend.token\" }}\n\
                 [policy]\nrules = \"rules.toml\"\n[directory]\n{directory}\n{rest}"
            ),
        );
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
        fs::copy(demo.join("backend.token"), self.0.path().join("backend.token")).expect("it can be copied");
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect("it can be written");
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        command.arg("directory").args(arguments).current_dir(self.0.path()).output().expect("it runs")
    }

    /// What it prints.
    pub(super) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(super) fn said(&self, arguments: &[&str], expected: &str) {
        assert_eq!(self.done(arguments), expected, "{arguments:?}");
    }

    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// What it says why it does not.
    pub(super) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }
}

/// Bytes as text.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
