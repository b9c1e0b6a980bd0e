//! A certificate from an ACME server: Debian's `pebble`, which looks for its proof at Cordon's socket as Let's Encrypt
//! does.

mod serving;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serving::{NOTES, Serving, TOKEN, lay_out};

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// An ACME server that ends with the test.
struct Pebble {
    child: Child,
    /// Where it tells its root certificate.
    management: SocketAddr,
}

impl Pebble {
    /// One that looks for its proofs at a port of this machine; its own TLS is by `server.pem` in the folder.
    fn start(folder: &Path, proofs: u16) -> (Pebble, SocketAddr) {
        let (address, management) = (free(), free());
        let file = |name: &str| folder.join(name).display().to_string();
        let config = serde_json::json!({"pebble": {
            "listenAddress": address.to_string(), "managementListenAddress": management.to_string(),
            "certificate": file("server.pem"), "privateKey": file("server.key"),
            "httpPort": 1, "tlsPort": proofs, "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        fs::write(folder.join("pebble.json"), config.to_string()).expect("written");
        let child = Command::new("pebble")
            .args(["-config", &file("pebble.json")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .env_remove("PEBBLE_VA_ALWAYS_VALID")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let pebble = Pebble { child, management };
        until("pebble listens", || {
            [address, management].iter().all(|address| TcpStream::connect(address).is_ok()).then_some(())
        });
        (pebble, address)
    }

    /// The certificate that all others of this server lead to.
    fn root(&self, authority: &CertificateDer<'static>) -> CertificateDer<'static> {
        let config = client(authority, None, &[b"http/1.1"]);
        let mut stream = connect(self.management, &config, "localhost").expect("pebble is trusted");
        let answer = ask(&mut stream, "/roots/0", "").expect("it answers");
        let begin = answer.find("-----BEGIN").expect("a certificate");
        CertificateDer::from_pem_slice(&answer.as_bytes()[begin..]).expect("PEM")
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_certificate_is_had_from_an_acme_server_and_kept() {
    if Command::new("pebble").arg("-h").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "pebble is missing: install Debian's package pebble");
        return eprintln!("skipped: pebble is missing; install Debian's package pebble");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let authority = sign(folder);
    let cordon = free();
    let (pebble, directory) = Pebble::start(folder, cordon.port());
    let root = pebble.root(&authority);
    write_config(folder, cordon, directory);

    // Clients need a certificate and TLS 1.3; the ACME server has no certificate, and gets in only to look.
    let mut serving = Serving::start(folder);
    let trusting = client(&root, Some(folder), &[b"http/1.1"]);
    let mut stream = until("a certificate is issued", || connect(cordon, &trusting, "localhost").ok());
    let issued = shown(&stream);
    let answer = ask(&mut stream, "/notes", &format!("X-Api-Key: {TOKEN}\r\n")).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(serving.logs("a certificate was issued and is in force", 1));

    // Nobody gets anything but a proof by the challenge's protocol, and there is none to show any more.
    let asking = client(&root, None, &[b"acme-tls/1"]);
    assert!(connect(cordon, &asking, "localhost").is_err());
    // Whoever speaks of another protocol too is a client like others: it is spoken to by that, and has to be known.
    let both = client(&root, Some(folder), &[b"acme-tls/1", b"h2"]);
    let stream = connect(cordon, &both, "localhost").expect("a client");
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    let unknown = client(&root, None, &[b"http/1.1"]);
    let answer = connect(cordon, &unknown, "localhost").and_then(|mut stream| ask(&mut stream, "/notes", ""));
    assert!(answer.is_err(), "{answer:?}");

    // What is kept is for nobody else.
    let kept = folder.join("acme");
    assert_eq!(mode(&kept), 0o700);
    for name in ["account.json", "certificate.pem"] {
        assert_eq!(mode(&kept.join(name)), 0o600, "{name}");
    }

    // The next process has it from the folder: there is nobody to ask.
    drop(pebble);
    assert!(serving.terminate());
    let serving = Serving::start(folder);
    let stream = connect(cordon, &trusting, "localhost").expect("the certificate is there at once");
    assert_eq!(shown(&stream), issued);
    drop(serving);

    // Without it, handshakes fail.
    fs::remove_file(kept.join("certificate.pem")).expect("it was there");
    let serving = Serving::start(folder);
    assert!(connect(cordon, &trusting, "localhost").is_err());
    assert!(serving.logs("no certificate yet; TLS handshakes fail", 1));
    drop(serving);

    // A folder that others may look into is not used.
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o750)).expect("changed");
    let refused = Command::new(env!("CARGO_BIN_EXE_cordon")).arg("serve").current_dir(folder).output();
    let refused = refused.expect("it runs");
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("chmod 700"), "{told}");
}

/// Writes an authority, a certificate of it for a server on this machine, and one for a client.
fn sign(folder: &Path) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("it is signed");
    fs::write(folder.join("authority.pem"), issuer.as_ref().pem()).expect("written");
    for name in ["server", "client"] {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        let signed = params.signed_by(&key, &issuer).expect("it is signed");
        fs::write(folder.join(format!("{name}.pem")), signed.pem()).expect("written");
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).expect("written");
    }
    issuer.as_ref().der().clone()
}

fn write_config(folder: &Path, address: SocketAddr, directory: SocketAddr) {
    let backend = backend();
    let config = format!(
        "[listen]\naddress = \"{address}\"\nminimum_version = \"1.3\"\nclient_authorities = \"authority.pem\"\n\
         [listen.acme]\nnames = [\"localhost\"]\ncontact = \"mailto:admin@example.com\"\nfolder = \"acme\"\n\
         directory = \"https://{directory}/dir\"\nauthorities = \"authority.pem\"\n\
         [backend]\nurl = \"http://{backend}\"\n[policy]\nrules = \"rules.toml\"\n\
         [directory]\nfile = \"directory.toml\"\n"
    );
    fs::write(folder.join("cordon.toml"), config).expect("written");
    lay_out(folder, NOTES);
}

/// A backend that says the same to everybody.
fn backend() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.expect("a client");
            let mut head = [0; 4096];
            let body = "{\"data\":[{\"id\":1,\"text\":\"a\"}]}";
            // The other side may be gone.
            _ = stream.read(&mut head);
            _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

/// A client that trusts one authority, and shows the certificate in a folder.
fn client(
    authority: &CertificateDer<'static>,
    shown: Option<&Path>,
    protocols: &[&[u8]],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots);
    let mut config = match shown {
        None => config.with_no_client_auth(),
        Some(folder) => {
            let chain = CertificateDer::from_pem_file(folder.join("client.pem")).expect("a certificate");
            let key = PrivateKeyDer::from_pem_file(folder.join("client.key")).expect("a key");
            config.with_client_auth_cert(vec![chain], key).expect("they go together")
        }
    };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// A handshake, to its end.
fn connect(address: SocketAddr, config: &Arc<ClientConfig>, name: &str) -> io::Result<Connection> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect(address)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(tls, stream))
}

/// The whole answer to a GET, on a connection that ends with it.
fn ask(stream: &mut Connection, path: &str, headers: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        // A server may close without saying so by TLS.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(answer),
    }
}

/// The certificates that the server has shown.
fn shown(stream: &Connection) -> Vec<CertificateDer<'static>> {
    stream
        .conn
        .peer_certificates()
        .expect("it has shown some")
        .iter()
        .cloned()
        .map(|it| it.into_owned())
        .collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// A port that nobody listens on.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port")
}

/// Tries until it succeeds, for as long as is bearable.
#[allow(clippy::disallowed_methods, reason = "the test waits for other processes, on a thread of its own")]
fn until<T>(what: &str, attempt: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < deadline, "too late: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
