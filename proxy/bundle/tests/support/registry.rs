//! Debian's `docker-registry`, on a port of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The user and password that a registry of [`Server::with_password`] wants.
pub(crate) const USER: (&str, &str) = ("ada", "the password of a test");

/// Made by `htpasswd -nbB`.
const HTPASSWD: &str = "ada:$2y$05$d5L5NKFPicgHZDy4GAVCO.THBTg.L81vH6aMdFYFyyDrUo9vcLvZy\n";

/// An authority, and a certificate of it for the loopback interface.
const CERTIFICATES: &str = "
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=registry
echo subjectAltName=IP:127.0.0.1 > leaf.ext
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile leaf.ext";

/// A registry that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// What it stores.
    pub(crate) storage: TempDir,
}

impl Server {
    /// One for everybody; none if the program is missing, which in CI is a failure.
    pub(crate) fn open() -> Option<Server> {
        Server::start("")
    }

    /// One that wants a password.
    pub(crate) fn with_password() -> Option<Server> {
        Server::start("auth:\n  htpasswd:\n    realm: test\n    path: HTPASSWD\n")
    }

    /// One with a certificate of an authority of its own, and that authority's certificate.
    pub(crate) fn with_tls() -> Option<(Server, String)> {
        if !super::has("openssl", &["version"], "openssl") {
            return None;
        }
        let storage = tempfile::tempdir().expect("a folder");
        let made = Command::new("sh").args(["-ec", CERTIFICATES]).current_dir(storage.path()).output();
        assert!(made.as_ref().is_ok_and(|output| output.status.success()), "{made:?}");
        let authority = fs::read_to_string(storage.path().join("ca.pem")).expect("a certificate");
        let path = |name: &str| storage.path().join(name).display().to_string();
        let tls = format!("  tls:\n    certificate: {}\n    key: {}\n", path("leaf.pem"), path("leaf.key"));
        Some((Server::start_in(storage, &tls)?, authority))
    }

    fn start(more: &str) -> Option<Server> {
        Server::start_in(tempfile::tempdir().expect("a folder"), more)
    }

    fn start_in(storage: TempDir, more: &str) -> Option<Server> {
        if !super::has("docker-registry", &["--version"], "docker-registry") {
            return None;
        }
        let path = |name: &str| storage.path().join(name).display().to_string();
        fs::write(path("htpasswd"), HTPASSWD).expect("written");
        let config = format!(
            "version: 0.1\nlog:\n  level: info\n  formatter: text\nstorage:\n  filesystem:\n    rootdirectory: {}\n\
             http:\n  addr: 127.0.0.1:0\n{}",
            path("data"),
            more.replace("HTPASSWD", &path("htpasswd")),
        );
        fs::write(path("config.yml"), config).expect("written");
        let mut child = Command::new("docker-registry")
            .args(["serve", &path("config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(log.read_line(&mut line).expect("text") > 0, "the registry ended by itself");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
            }
        };
        // It must not wait for somebody to read its log.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Server { child, address, storage })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
