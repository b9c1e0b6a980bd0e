//! TLS both ways: certificates by name, changed under a live server, of clients, and of the backend.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cordon_gateway::{
    BackendCredential, CertificateFiles, ClientAuthorities, ClientTlsConfig, GatewayConfig, ServerTls,
    ServerTlsConfig, TlsVersion,
};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::backend::json;
use crate::client;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

pub(crate) static OLD: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
pub(crate) static NEW: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// An authority, and the folder of what it signed.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.pem"), issuer.as_ref().pem()).unwrap();
        Authority { issuer, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Writes a certificate for these names, or writes another one in its place.
    pub(crate) fn sign(&self, name: &str, names: &[&str]) -> CertificateFiles {
        self.sign_until(name, names, 4096)
    }

    /// The same, until the beginning of a year.
    pub(crate) fn sign_until(&self, name: &str, names: &[&str], year: i32) -> CertificateFiles {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        let chain = self.folder.path().join(format!("{name}.pem"));
        let key_file = self.folder.path().join(format!("{name}.key"));
        std::fs::write(&chain, signed.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        CertificateFiles { chain, key: key_file }
    }
}

pub(crate) fn settings(certificates: Vec<CertificateFiles>) -> ServerTlsConfig {
    ServerTlsConfig { certificates, acme: None, minimum_version: TlsVersion::Tls12, clients: None }
}

/// Serves a stage's gateway over TLS as well.
pub(crate) async fn over_tls(stage: &Stage, tls: &Arc<ServerTls>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Arc::clone(&stage.gateway).serve(listener, Some(Arc::clone(tls)), std::future::pending()));
    address
}

/// A client of TLS.
pub(crate) struct Client {
    pub(crate) authorities: PathBuf,
    pub(crate) protocol: &'static [u8],
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    pub(crate) certificate: Option<CertificateFiles>,
}

impl Client {
    pub(crate) fn of(authority: &Authority) -> Client {
        let authorities = authority.file();
        Client { authorities, protocol: b"http/1.1", versions: rustls::ALL_VERSIONS, certificate: None }
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.authorities).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(self.versions);
        let config = config.unwrap().with_root_certificates(roots);
        let mut config = match &self.certificate {
            None => config.with_no_client_auth(),
            Some(files) => {
                let chain = vec![CertificateDer::from_pem_file(&files.chain).unwrap()];
                config
                    .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&files.key).unwrap())
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![self.protocol.to_vec()];
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// What anna gets on a connection of its own.
    async fn ask(&self, address: SocketAddr, name: &str) -> std::io::Result<String> {
        let mut stream = self.connect(address, name).await?;
        ask_on(&mut stream, "Connection: close\r\n").await?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await?;
        Ok(client::parse(&received, false).map(|reply| reply.text().to_owned()).unwrap_or_default())
    }
}

async fn ask_on(stream: &mut TlsStream<TcpStream>, headers: &str) -> std::io::Result<()> {
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: cordon\r\n{headers}Authorization: Bearer {TOKEN}anna\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await
}

/// Whose certificate the server showed.
fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn certificate_in(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

#[tokio::test]
async fn tls_serves_http1_and_http2_by_alpn() {
    let authority = Authority::new();
    let tls = ServerTls::load(settings(vec![authority.sign("server", &["localhost"])])).unwrap();
    let told = |config: &mut GatewayConfig| config.forwarded.scheme = true;
    let stage = Stage::with("enhanced", told, |_| json(calls(TWO))).await;
    let address = over_tls(&stage, &tls).await;

    let client = Client::of(&authority);
    assert_eq!(client.ask(address, "localhost").await.unwrap(), ANNAS_CALLS);
    assert_eq!(stage.backend.only().header("x-forwarded-proto"), Some("https"));

    let client = Client { protocol: b"h2", ..client };
    let stream = client.connect(address, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("https://localhost/api/calls")
        .header("authorization", format!("Bearer {TOKEN}anna"))
        .body(Full::<Bytes>::default())
        .unwrap();
    let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(&body.to_bytes()[..], ANNAS_CALLS.as_bytes());
    connection.abort();
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_name_that_it_asks_for() {
    let authority = Authority::new();
    let first = authority.sign("first", &["one.example", "127.0.0.1"]);
    let second = authority.sign("second", &["two.example", "*.wild.example"]);
    let tls = ServerTls::load(settings(vec![first.clone(), second.clone()])).unwrap();
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let address = over_tls(&stage, &tls).await;
    let client = Client::of(&authority);
    for (name, files) in [
        ("one.example", &first),
        ("TWO.example", &second),
        ("a.wild.example", &second),
        ("127.0.0.1", &first),
    ] {
        let stream = client.connect(address, name).await.unwrap();
        assert_eq!(shown(&stream), certificate_in(&files.chain), "{name}");
    }
    // Nobody else is impersonated: the client finds the first certificate, which does not have the name.
    for name in ["three.example", "a.b.wild.example", "wild.example"] {
        assert!(client.connect(address, name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn changed_certificates_are_shown_to_new_connections_and_old_ones_go_on() {
    let authority = Authority::new();
    let files = authority.sign("server", &["localhost"]);
    let before = certificate_in(&files.chain);
    let tls = ServerTls::load(settings(vec![files.clone()])).unwrap();
    let following = tokio::spawn(Arc::clone(&tls).follow());
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let address = over_tls(&stage, &tls).await;
    let client = Client::of(&authority);
    let mut old = client.connect(address, "localhost").await.unwrap();
    ask_on(&mut old, "").await.unwrap();

    // A wrong file is kept out.
    std::fs::write(&files.key, "nonsense").unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("server.key"), "{error}");
    assert_eq!(shown(&client.connect(address, "localhost").await.unwrap()), before);

    // A right one is noticed without being asked for.
    authority.sign("server", &["localhost"]);
    let after = certificate_in(&files.chain);
    let mut looks = 0;
    while shown(&client.connect(address, "localhost").await.unwrap()) != after {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        looks += 1;
        assert!(looks < 300, "the changed certificate is not shown");
    }
    assert!(!tls.reload().unwrap(), "nothing has changed since");
    ask_on(&mut old, "Connection: close\r\n").await.unwrap();
    let mut received = Vec::new();
    old.read_to_end(&mut received).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&received).matches(ANNAS_CALLS).count(), 2, "{received:?}");
    assert_eq!(client.ask(address, "localhost").await.unwrap(), ANNAS_CALLS);

    // Asked for, it is there at once.
    authority.sign("server", &["localhost"]);
    assert!(tls.reload().unwrap());
    assert_eq!(shown(&client.connect(address, "localhost").await.unwrap()), certificate_in(&files.chain));
    following.abort();
}

#[tokio::test]
async fn old_versions_are_refused() {
    let authority = Authority::new();
    let files = authority.sign("server", &["localhost"]);
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for (minimum_version, old_is_served) in [(TlsVersion::Tls12, true), (TlsVersion::Tls13, false)] {
        let config = ServerTlsConfig { minimum_version, ..settings(vec![files.clone()]) };
        let address = over_tls(&stage, &ServerTls::load(config).unwrap()).await;
        let old = Client { versions: &OLD, ..Client::of(&authority) };
        assert_eq!(old.ask(address, "localhost").await.is_ok(), old_is_served, "{minimum_version:?}");
        assert_eq!(Client::of(&authority).ask(address, "localhost").await.unwrap(), ANNAS_CALLS);
    }
}

#[tokio::test]
async fn clients_show_certificates_of_the_configured_authorities() {
    let (authority, people, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let files = authority.sign("server", &["localhost"]);
    let anna = people.sign("anna", &["anna.example"]);
    let stranger = strangers.sign("anna", &["anna.example"]);
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for required in [true, false] {
        let clients = Some(ClientAuthorities { file: people.file(), required });
        let config = ServerTlsConfig { clients, ..settings(vec![files.clone()]) };
        let address = over_tls(&stage, &ServerTls::load(config).unwrap()).await;
        for versions in [&OLD, &NEW] {
            let with = |certificate| Client { versions, certificate, ..Client::of(&authority) };
            let served = stage.backend.seen().len();
            let known = with(Some(anna.clone())).ask(address, "localhost").await;
            assert_eq!(known.unwrap(), ANNAS_CALLS);
            assert_eq!(with(None).ask(address, "localhost").await.is_ok(), !required);
            assert!(with(Some(stranger.clone())).ask(address, "localhost").await.is_err(), "{required}");
            assert_eq!(stage.backend.seen().len(), served + if required { 1 } else { 2 });
        }
    }
}

#[tokio::test]
async fn the_backends_certificate_is_checked() {
    let authority = Authority::new();
    let tls = ServerTls::load(settings(vec![authority.sign("server", &["localhost"])])).unwrap();
    let inner = Stage::new(|_| json(calls(TWO))).await;
    let port = over_tls(&inner, &tls).await.port();
    let stranger = Authority::new();
    for (host, authorities, status) in [
        ("localhost", Some(authority.file()), 200),
        ("localhost", Some(stranger.file()), 502),
        ("localhost", None, 502),
        ("127.0.0.1", Some(authority.file()), 502),
    ] {
        let served = inner.backend.seen().len();
        let secure = |config: &mut GatewayConfig| {
            config.backend.url = format!("https://{host}:{port}").parse().unwrap();
            config.backend.tls.authorities = authorities;
            config.backend.credential = BackendCredential::PassThrough;
        };
        let outer = Stage::with("enhanced", secure, |_| json("{}")).await;
        let reply = outer.get("anna", "/api/calls").await;
        assert_eq!(reply.status, status, "{host} {reply:?}");
        let sent = inner.backend.seen().len() - served;
        if status == 200 {
            assert_eq!((reply.text(), sent), (ANNAS_CALLS, 1));
        } else {
            assert_eq!(sent, 0, "{host}: nothing is sent");
        }
    }
}

#[tokio::test]
async fn the_backend_is_shown_a_certificate_by_a_version_that_is_new_enough() {
    let (authority, proxies) = (Authority::new(), Authority::new());
    let files = authority.sign("server", &["localhost"]);
    let ours = proxies.sign("cordon", &["cordon.example"]);
    let clients = Some(ClientAuthorities { file: proxies.file(), required: true });
    let tls = ServerTls::load(ServerTlsConfig { clients, ..settings(vec![files]) }).unwrap();
    let inner = Stage::new(|_| json(calls(TWO))).await;
    let port = over_tls(&inner, &tls).await.port();
    let before = async |certificate: Option<CertificateFiles>, minimum_version| {
        let secure = |config: &mut GatewayConfig| {
            config.backend.url = format!("https://localhost:{port}").parse().unwrap();
            config.backend.tls =
                ClientTlsConfig { authorities: Some(authority.file()), certificate, minimum_version };
            config.backend.credential = BackendCredential::PassThrough;
        };
        Stage::with("enhanced", secure, |_| json("{}")).await
    };
    let outer = before(Some(ours.clone()), TlsVersion::Tls13).await;
    assert_eq!(outer.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    let served = inner.backend.seen().len();
    let nobody = before(None, TlsVersion::Tls12).await;
    assert_eq!(nobody.get("anna", "/api/calls").await.status, 502);
    let stranger =
        before(Some(Authority::new().sign("cordon", &["cordon.example"])), TlsVersion::Tls12).await;
    assert_eq!(stranger.get("anna", "/api/calls").await.status, 502);
    assert_eq!(inner.backend.seen().len(), served, "nothing is sent");

    // The files may change, as those of clients may.
    std::fs::write(&ours.key, "nonsense").unwrap();
    assert!(outer.gateway.reload_backend_tls().is_err());
    assert_eq!(outer.get("anna", "/api/calls").await.status, 200);
    proxies.sign("cordon", &["cordon.example"]);
    assert!(outer.gateway.reload_backend_tls().unwrap());
    assert!(!outer.gateway.reload_backend_tls().unwrap());
    assert_eq!(outer.get("anna", "/api/calls").await.status, 200);
}

#[tokio::test]
async fn a_backend_that_speaks_only_old_tls_is_refused() {
    let authority = Authority::new();
    let files = authority.sign("server", &["localhost"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_protocol_versions(&OLD).unwrap();
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let config =
        config.with_no_client_auth().with_single_cert(vec![certificate_in(&files.chain)], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 16];
            let _ = stream.read(&mut head).await;
            let body = calls(TWO);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    for (minimum_version, status) in [(TlsVersion::Tls12, 200), (TlsVersion::Tls13, 502)] {
        let secure = |config: &mut GatewayConfig| {
            config.backend.url = format!("https://localhost:{port}").parse().unwrap();
            config.backend.tls.authorities = Some(authority.file());
            config.backend.tls.minimum_version = minimum_version;
        };
        let stage = Stage::with("enhanced", secure, |_| json("{}")).await;
        assert_eq!(stage.get("anna", "/api/calls").await.status, status, "{minimum_version:?}");
    }
}

#[test]
fn tls_files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let CertificateFiles { chain, key } = authority.sign("server", &["localhost"]);
    let other = authority.sign("other", &["localhost"]);
    let none = PathBuf::from("/none");
    for (chain, key, named) in [
        (&key, &key, &key),
        (&chain, &chain, &chain),
        (&chain, &none, &none),
        (&other.chain, &key, &other.chain),
    ] {
        let files = CertificateFiles { chain: chain.clone(), key: key.clone() };
        let error = ServerTls::load(settings(vec![files])).err().unwrap().to_string();
        assert!(error.contains(named.to_str().unwrap()), "{error}");
    }
    assert!(ServerTls::load(settings(Vec::new())).is_err());
    let clients = Some(ClientAuthorities { file: none, required: true });
    let config = ServerTlsConfig { clients, ..settings(vec![CertificateFiles { chain, key }]) };
    let error = ServerTls::load(config).err().unwrap().to_string();
    assert!(error.contains("/none"), "{error}");
}

#[tokio::test]
async fn when_certificates_expire_is_measured() {
    let authority = Authority::new();
    let certificates = vec![authority.sign("one", &["localhost"]), authority.sign("two", &["two.test"])];
    let stage = Stage::new(|_| json(calls(TWO))).await;
    assert!(stage.gateway.measures().certificates.is_empty());
    let tls = ServerTls::load(settings(certificates)).unwrap();
    let address = over_tls(&stage, &tls).await;
    Client::of(&authority).connect(address, "localhost").await.unwrap();
    // As long as rcgen has it, unless it is told otherwise.
    let usual = rcgen::date_time_ymd(4096, 1, 1).unix_timestamp();
    let measured = || {
        let measured = stage.gateway.measures().certificates.into_iter();
        measured.map(|one| (one.listener, one.number, one.not_after)).collect::<Vec<_>>()
    };
    assert_eq!(measured(), [(address.to_string(), 1, usual), (address.to_string(), 2, usual)]);
    authority.sign_until("one", &["localhost"], 2031);
    assert!(tls.reload().unwrap());
    let sooner = rcgen::date_time_ymd(2031, 1, 1).unix_timestamp();
    assert_eq!(measured(), [(address.to_string(), 1, sooner), (address.to_string(), 2, usual)]);
}
