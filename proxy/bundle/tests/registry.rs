//! A registry: Debian's `docker-registry`, and what a hostile one may send.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cordon_bundle::source::{Access, Delivery, Registry, RegistryError};
use cordon_bundle::trust::{SecretKey, Signatures};
use cordon_bundle::{Bundle, Digest, limits};
use support::bundle;
use support::registry::{Server, USER};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn anonymous(reference: &str) -> Registry {
    Registry::new(reference, &Access::default()).expect("a reference")
}

fn signed(bundle: Bundle) -> Delivery {
    let mut signatures = Signatures::none();
    let key = SecretKey::generate().expect("a key");
    signatures.push(key.sign(&bundle).expect("a signature")).expect("the first one");
    Delivery { bundle, signatures }
}

fn unsigned(bundle: Bundle) -> Delivery {
    Delivery { bundle, signatures: Signatures::none() }
}

#[tokio::test]
async fn what_is_pushed_is_pulled_by_tag_and_by_digest() {
    let Some(server) = Server::open() else { return };
    let tag = format!("oci://{}/policies/calls:latest", server.address);
    let delivery = signed(bundle(1));
    let pushed = anonymous(&tag).push(&delivery).await.expect("it is taken");
    for reference in [tag.clone(), format!("oci://{}/policies/calls@{}", server.address, pushed.artifact)] {
        let (pulled, artifact) = anonymous(&reference).pull().await.expect("it is there");
        assert_eq!(artifact, pushed.artifact);
        assert_eq!(pulled.bundle.bytes(), delivery.bundle.bytes());
        assert_eq!(pulled.signatures, delivery.signatures);
    }
    // Once more is the same artifact.
    assert_eq!(anonymous(&tag).push(&delivery).await.expect("it is taken"), pushed);
    // Without a signature it is another one, and comes without one.
    anonymous(&tag).push(&unsigned(bundle(1))).await.expect("it is taken");
    let (pulled, artifact) = anonymous(&tag).pull().await.expect("it is there");
    assert_ne!(artifact, pushed.artifact);
    assert!(pulled.signatures.is_empty());
}

#[tokio::test]
async fn a_tag_is_followed() {
    let Some(server) = Server::open() else { return };
    let tag = format!("oci://{}/calls:stable", server.address);
    let mut follower = anonymous(&tag);
    assert!(matches!(follower.poll().await, Err(RegistryError::Missing)));
    anonymous(&tag).push(&unsigned(bundle(1))).await.expect("it is taken");
    let first = follower.poll().await.expect("it is there").expect("it is new");
    assert_eq!(first.bundle.digest(), bundle(1).digest());
    assert!(follower.poll().await.expect("it is there").is_none());
    anonymous(&tag).push(&signed(bundle(2))).await.expect("it is taken");
    let second = follower.poll().await.expect("it is there").expect("it is new");
    assert_eq!(second.bundle.digest(), bundle(2).digest());
    let address = server.address.clone();
    drop(server);
    let gone = follower.poll().await.expect_err("the registry is gone");
    assert!(matches!(gone, RegistryError::Unreachable { .. }), "{gone}");
    assert!(!gone.to_string().contains(&address), "addresses stay out of messages: {gone}");
}

#[tokio::test]
async fn a_large_bundle_passes() {
    let Some(server) = Server::open() else { return };
    let mut parts = bundle(1).parts();
    parts.component = (0..9_000_001_u32).map(|number| (number % 251) as u8).collect();
    let large = parts.write().expect("in order");
    let tag = format!("oci://{}/calls:large", server.address);
    anonymous(&tag).push(&unsigned(large.clone())).await.expect("it is taken");
    assert_eq!(anonymous(&tag).pull().await.expect("it is there").0.bundle.digest(), large.digest());
}

#[tokio::test]
async fn credentials_open_what_is_closed() {
    let Some(server) = Server::with_password() else { return };
    let tag = format!("oci://{}/calls:1", server.address);
    let with = |user: &str, password: &str| {
        let credentials = Some((user.to_owned(), password.to_owned()));
        Registry::new(&tag, &Access { credentials, ..Access::default() }).expect("a reference")
    };
    let delivery = signed(bundle(1));
    let pushed = with(USER.0, USER.1).push(&delivery).await.expect("the password is right");
    assert_eq!(with(USER.0, USER.1).pull().await.expect("the password is right").1, pushed.artifact);
    for wrong in [anonymous(&tag), with(USER.0, "hunter2"), with("eve", USER.1)] {
        let refused = wrong.pull().await.expect_err("the password is wrong");
        assert!(matches!(refused, RegistryError::Unauthorized), "{refused}");
        let refused = wrong.push(&delivery).await.expect_err("the password is wrong");
        assert!(matches!(refused, RegistryError::Unauthorized), "{refused}");
    }
}

#[tokio::test]
async fn tls_is_checked_by_the_authority_that_was_named() {
    let Some((server, authority)) = Server::with_tls() else { return };
    let Some((_other, another)) = Server::with_tls() else { return };
    let tag = format!("oci://{}/calls:1", server.address);
    let with = |authority: Option<String>| {
        Registry::new(&tag, &Access { authority, ..Access::default() }).expect("a reference")
    };
    let delivery = signed(bundle(1));
    with(Some(authority.clone())).push(&delivery).await.expect("the authority is right");
    let (pulled, _) = with(Some(authority)).pull().await.expect("the authority is right");
    assert_eq!(pulled.bundle.digest(), delivery.bundle.digest());
    let refused = with(Some(another)).pull().await.expect_err("another authority");
    assert!(matches!(refused, RegistryError::Unreachable { .. }), "{refused}");
    assert!(with(None).pull().await.is_err(), "without TLS it does not answer");
}

/// Somebody who can write the registry's disk.
#[tokio::test]
async fn what_was_changed_in_the_registry_is_refused() {
    let Some(server) = Server::open() else { return };
    let tag = format!("oci://{}/calls:1", server.address);
    let delivery = signed(bundle(1));
    let pushed = anonymous(&tag).push(&delivery).await.expect("it is taken");
    let by_digest = format!("oci://{}/calls@{}", server.address, pushed.artifact);
    let blobs = server.storage.path().join("data/docker/registry/v2/blobs/sha256");
    let blob = |digest: Digest| -> PathBuf { blobs.join(&digest.hex()[..2]).join(digest.hex()).join("data") };
    let refused = async |file: &Path, content: &[u8], reference: &str| {
        let before = fs::read(file).expect("the registry stores it so");
        fs::write(file, content).expect("written");
        let outcome = anonymous(reference).pull().await;
        fs::write(file, before).expect("written");
        outcome.err().map(|error| error.to_string())
    };
    let archive = blob(delivery.bundle.digest());
    let manifest = blob(pushed.artifact);
    let text = fs::read_to_string(&manifest).expect("text");
    let changed = text.replace("calls.bundle", "calls.bundel");
    for reference in [&tag, &by_digest] {
        assert!(
            refused(&archive, bundle(2).bytes(), reference).await.is_some(),
            "another archive: {reference}"
        );
        assert!(refused(&archive, &delivery.bundle.bytes()[..600], reference).await.is_some(), "{reference}");
        assert!(refused(&archive, b"", reference).await.is_some(), "{reference}");
        assert!(refused(&manifest, changed.as_bytes(), reference).await.is_some(), "{reference}");
    }
    assert!(anonymous(&tag).pull().await.is_ok(), "put right again");
}

/// What a registry of somebody else's making may send: fixed answers by path, from a server of a few lines.
async fn hostile(answers: Vec<(String, Vec<u8>)>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut chunk).await {
                    Ok(length) if length > 0 => request.extend_from_slice(&chunk[..length]),
                    _ => break,
                }
            }
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
            let body = answers.iter().find(|(end, _)| path.ends_with(end.as_str())).map(|(_, body)| body);
            let status = if body.is_some() || path == "/v2/" { "200 OK" } else { "404 Not Found" };
            let body = body.cloned().unwrap_or_default();
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            // A client that has seen enough is gone.
            _ = stream.write_all(head.as_bytes()).await;
            _ = stream.write_all(&body).await;
        }
    });
    address
}

fn manifest(layers: &[(&str, &[u8], usize)]) -> Vec<u8> {
    let layers: Vec<serde_json::Value> = layers
        .iter()
        .map(|(media_type, content, size)| {
            let digest = Digest::of(content).to_string();
            serde_json::json!({"mediaType": media_type, "digest": digest, "size": size})
        })
        .collect();
    let config =
        serde_json::json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": "", "size": 2});
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    serde_json::json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers})
        .to_string()
        .into_bytes()
}

const BUNDLE: &str = "application/vnd.cordon.policy.bundle.v1+tar";
const SIGNATURE: &str = "application/vnd.cordon.policy.signature.v1";

#[tokio::test]
async fn what_is_no_bundle_is_refused() {
    let one = bundle(1);
    let archive = one.bytes().as_ref();
    let small = archive.len();
    let more = vec![b'\n'; 17_000];
    let layer = |content: &[u8]| (format!("/blobs/{}", Digest::of(content)), content.to_vec());
    let pulled = async |manifest: Vec<u8>, blobs: Vec<(String, Vec<u8>)>| {
        let address = hostile([vec![("/manifests/1".to_owned(), manifest)], blobs].concat()).await;
        anonymous(&format!("oci://{address}/calls:1"))
            .pull()
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let right = manifest(&[(BUNDLE, archive, small)]);
    assert_eq!(pulled(right, vec![layer(archive)]).await, Ok(()), "the server of this test serves");
    let lies = vec![(format!("/blobs/{}", Digest::of(archive)), bundle(2).bytes().to_vec())];
    for (what, manifest, blobs) in [
        ("no JSON", b"<html>".to_vec(), vec![]),
        ("an index", b"{\"schemaVersion\":2,\"manifests\":[]}".to_vec(), vec![]),
        ("a manifest without an end", vec![b' '; 100_000], vec![]),
        ("no layer", manifest(&[]), vec![]),
        ("another type", manifest(&[("application/wasm", archive, small)]), vec![layer(archive)]),
        ("two bundles", manifest(&[(BUNDLE, archive, small); 2]), vec![layer(archive)]),
        ("another order", manifest(&[(SIGNATURE, b"", 0), (BUNDLE, archive, small)]), vec![layer(archive)]),
        ("a size that is a lie", manifest(&[(BUNDLE, archive, small - 1)]), vec![layer(archive)]),
        ("a huge size", manifest(&[(BUNDLE, archive, limits::ARCHIVE + 1)]), vec![layer(archive)]),
        ("another content", manifest(&[(BUNDLE, archive, small)]), lies),
        ("no archive", manifest(&[(BUNDLE, b"abc", 3)]), vec![layer(b"abc")]),
        ("nothing behind the digest", manifest(&[(BUNDLE, archive, small)]), vec![]),
        (
            "signatures that are none",
            manifest(&[(BUNDLE, archive, small), (SIGNATURE, b"abc", 3)]),
            vec![layer(archive), layer(b"abc")],
        ),
        (
            "signatures without an end",
            manifest(&[(BUNDLE, archive, small), (SIGNATURE, &more, more.len())]),
            vec![layer(archive), layer(&more)],
        ),
        (
            "a manifest that asks for another address",
            String::from_utf8(manifest(&[(BUNDLE, b"none", small)]))
                .expect("text")
                .replace("\"size\"", "\"urls\":[\"http://127.0.0.1:1/\"],\"size\"")
                .into_bytes(),
            vec![],
        ),
    ] {
        let outcome = pulled(manifest, blobs).await;
        assert!(outcome.is_err(), "{what} was taken");
    }
}

#[tokio::test]
async fn pushing_needs_a_tag() {
    let reference = format!("oci://127.0.0.1:1/calls@{}", Digest::of(b""));
    let refused = anonymous(&reference).push(&unsigned(bundle(1))).await.expect_err("a digest is no tag");
    assert!(matches!(refused, RegistryError::Reference { .. }), "{refused}");
}

#[tokio::test]
async fn a_wrong_authority_is_told() {
    let access = Access { authority: Some("-----BEGIN CERTIFICATE-----\n".to_owned()), ..Access::default() };
    assert!(matches!(
        Registry::new("oci://registry.example/calls:1", &access).err(),
        Some(RegistryError::Authority)
    ));
}
