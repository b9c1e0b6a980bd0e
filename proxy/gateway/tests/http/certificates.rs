//! H41 by certificates that clients show in the TLS handshake.

use std::net::SocketAddr;

use cordon_gateway::{
    CertificatePart, CertificateSettings, ClientAuthorities, IdentityMethod, Naming, ServerTls,
    ServerTlsConfig,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::backend::json;
use crate::client::{Reply, parse};
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};
use crate::tls::{Authority, Client, NEW, OLD, over_tls, settings};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

async fn ask(client: &Client, address: SocketAddr, headers: &str) -> Reply {
    let mut stream = client.connect(address, "localhost").await.unwrap();
    let head = format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    parse(&received, false).unwrap()
}

#[tokio::test]
async fn h41_a_certificate_names_a_user_and_has_to_agree_with_the_rest() {
    let (authority, people) = (Authority::new(), Authority::new());
    let server = authority.sign("server", &["localhost"]);
    let anna = people.sign("anna", &["sub-anna", "other.test"]);
    let zoe = people.sign("zoe", &["sub-zoe"]);
    let both = people.sign("both", &["sub-zoe", "sub-anna"]);
    // The common name is not what is asked for.
    let nobody = people.sign("sub-anna", &["nobody.test"]);
    let stage = Stage::with(
        "enhanced",
        |config| {
            let settings = CertificateSettings { part: CertificatePart::Dns, naming: Naming::default() };
            config.identity.methods = vec![IdentityMethod::Certificate(settings), IdentityMethod::ApiToken];
        },
        |_| json(calls(TWO)),
    )
    .await;
    let clients = Some(ClientAuthorities { file: people.file(), required: false });
    let config = ServerTlsConfig { clients, ..settings(vec![server]) };
    let address = over_tls(&stage, &ServerTls::load(config).unwrap()).await;
    let token = |login: &str| format!("Authorization: Bearer {TOKEN}{login}\r\n");
    for versions in [&OLD, &NEW] {
        let with = |certificate| Client { versions, certificate, ..Client::of(&authority) };
        for headers in [String::new(), token("anna")] {
            assert_eq!(ask(&with(Some(anna.clone())), address, &headers).await.text(), ANNAS_CALLS);
        }
        assert_eq!(ask(&with(None), address, &token("anna")).await.text(), ANNAS_CALLS);
        for (certificate, headers, status, code) in [
            (None, String::new(), 401, "credentials-required"),
            (Some(&zoe), token("anna"), 400, "credentials-disagree"),
            (Some(&both), String::new(), 400, "credentials-disagree"),
            (Some(&nobody), String::new(), 401, "credentials-not-accepted"),
            (Some(&nobody), token("anna"), 401, "credentials-not-accepted"),
            (Some(&anna), token("nobody"), 401, "credentials-not-accepted"),
        ] {
            let refused = ask(&with(certificate.cloned()), address, &headers).await;
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (status, code),
                "{certificate:?} {headers}"
            );
        }
    }
}
