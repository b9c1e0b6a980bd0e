//! Signatures: those of other tools, and everything that must be a refusal.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use cordon_bundle::Bundle;
use cordon_bundle::trust::{
    NotSignatures, PublicKey, Reason, Refused, SecretKey, SecretKeyError, Signatures, Trust, TrustMistake,
    TrustedKey,
};
use support::{bundle, has};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const LATER: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

/// Made with an implementation of its own: `hashlib.scrypt` and PyNaCl of Python around a key of `openssl`, in the form
/// that `cosign generate-key-pair` writes.
const COSIGN_KEY: &str = include_str!("cosign/cosign.key");
const COSIGN_PUB: &str = include_str!("cosign/cosign.pub");
const COSIGN_PASSWORD: &[u8] = b"the password of a test";

fn trusted(name: &str, key: &SecretKey) -> TrustedKey {
    let public = key.public().expect("a public key");
    TrustedKey { name: name.to_owned(), public, not_before: None, expires: LATER }
}

fn secret() -> SecretKey {
    SecretKey::generate().expect("a key")
}

fn signed(bundle: &Bundle, keys: &[&SecretKey]) -> Signatures {
    let lines: String =
        keys.iter().map(|key| format!("{}\n", key.sign(bundle).expect("a signature"))).collect();
    Signatures::parse(&lines).expect("signatures")
}

#[test]
fn two_of_three() {
    let keys = [secret(), secret(), secret()];
    let [ada, ben, cleo] = &keys;
    let all = vec![trusted("ada", ada), trusted("ben", ben), trusted("cleo", cleo)];
    let trust = Trust::new(all, 2).expect("a trust root");
    let bundle = bundle(1);
    let names = |signers: &[&SecretKey]| trust.verify(&bundle, &signed(&bundle, signers), NOW);
    assert_eq!(names(&[cleo, ada]), Ok(vec!["ada".to_owned(), "cleo".to_owned()]));
    assert_eq!(names(&[ada, ben, cleo]).expect("all signed").len(), 3);
    // Somebody whom we do not know may sign too; that is no harm and no help.
    assert_eq!(names(&[&secret(), cleo, ada]), Ok(vec!["ada".to_owned(), "cleo".to_owned()]));
    let refused = names(&[ben]).expect_err("one is not two");
    assert_eq!(refused, Refused { threshold: 2, signed: vec!["ben".to_owned()], reasons: Vec::new() });
    let refused = names(&[ben, &secret()]).expect_err("one is not two");
    assert_eq!(refused.reasons, [Reason::NoKeyFits { number: 2 }]);
}

/// What a registry or a folder delivers without a signature is refused, not let pass unchecked.
#[test]
fn no_signature_is_a_refusal() {
    let trust = Trust::new(vec![trusted("ada", &secret())], 1).expect("a trust root");
    let refused = trust.verify(&bundle(1), &Signatures::none(), NOW).expect_err("nobody signed");
    assert_eq!(refused, Refused { threshold: 1, signed: Vec::new(), reasons: vec![Reason::NoSignature] });
    assert!(refused.to_string().contains("came without a signature"), "{refused}");
    assert_eq!(Signatures::parse(""), Ok(Signatures::none()));
}

#[test]
fn one_key_counts_once() {
    let ada = secret();
    let trust = Trust::new(vec![trusted("ada", &ada), trusted("ben", &secret())], 2).expect("a trust root");
    let bundle = bundle(1);
    let refused = trust.verify(&bundle, &signed(&bundle, &[&ada, &ada]), NOW).expect_err("one key");
    assert_eq!(refused.reasons, [Reason::SameKey { number: 2, name: "ada".to_owned() }]);
}

#[test]
fn a_signature_is_over_one_bundle() {
    let ada = secret();
    let trust = Trust::new(vec![trusted("ada", &ada)], 1).expect("a trust root");
    let signatures = signed(&bundle(1), &[&ada]);
    assert!(trust.verify(&bundle(1), &signatures, NOW).is_ok());
    let refused = trust.verify(&bundle(2), &signatures, NOW).expect_err("it is another bundle's");
    assert_eq!(refused.reasons, [Reason::NoKeyFits { number: 1 }]);
}

/// Each byte of a signature changed, and each length: refused as a file, or as a signature.
#[test]
fn a_changed_or_cut_signature_is_refused() {
    let ada = secret();
    let trust = Trust::new(vec![trusted("ada", &ada)], 1).expect("a trust root");
    let bundle = bundle(1);
    let text = signed(&bundle, &[&ada]).to_string();
    let text = text.trim_end();
    let accepted = |text: &str| {
        Signatures::parse(text).is_ok_and(|signatures| trust.verify(&bundle, &signatures, NOW).is_ok())
    };
    assert!(accepted(text));
    for length in 0..text.len() {
        assert!(!accepted(&text[..length]), "cut off after {length}");
    }
    for place in 0..text.len() {
        for other in ["A", "B", "+", "=", "*"] {
            let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            assert!(changed == text || !accepted(&changed), "{changed}");
        }
    }
}

#[test]
fn keys_count_in_their_time() {
    let (ada, ben) = (secret(), secret());
    let keys = vec![
        TrustedKey { expires: NOW, ..trusted("ada", &ada) },
        TrustedKey { not_before: Some(datetime!(2026-06-01 12:00:01 UTC)), ..trusted("ben", &ben) },
    ];
    let trust = Trust::new(keys, 1).expect("a trust root");
    let bundle = bundle(1);
    let signatures = signed(&bundle, &[&ada, &ben]);
    let refused = trust.verify(&bundle, &signatures, NOW).expect_err("neither counts");
    assert!(matches!(&refused.reasons[..], [Reason::Expired { .. }, Reason::NotYet { .. }]), "{refused}");
    assert!(refused.to_string().contains("expired at 2026-06-01T12:00:00Z"), "{refused}");
    assert_eq!(trust.counting(NOW), 0);
    let before = trust.verify(&bundle, &signatures, datetime!(2026-06-01 11:59:59 UTC));
    assert_eq!(before, Ok(vec!["ada".to_owned()]));
    let after = trust.verify(&bundle, &signatures, datetime!(2026-06-01 12:00:01 UTC));
    assert_eq!(after, Ok(vec!["ben".to_owned()]));
}

#[test]
fn every_mistake_in_a_trust_root_is_told() {
    let (ada, ben) = (secret(), secret());
    let twice = |threshold| {
        let keys = vec![
            trusted("ada", &ada),
            trusted("ada", &ben),
            TrustedKey { not_before: Some(LATER), ..trusted("eve", &ada) },
        ];
        Trust::new(keys, threshold).expect_err("nothing in it is right")
    };
    assert_eq!(
        twice(4),
        [
            TrustMistake::TooFewKeys { threshold: 4, keys: 3 },
            TrustMistake::NameTwice { name: "ada".to_owned(), position: 1 },
            TrustMistake::KeyTwice { first: "ada".to_owned(), second: "eve".to_owned(), position: 2 },
            TrustMistake::NeverValid { name: "eve".to_owned(), position: 2 },
        ]
    );
    assert_eq!(twice(0)[0], TrustMistake::NoThreshold);
    assert_eq!(Trust::new(Vec::new(), 1).expect_err("nobody"), [TrustMistake::NoKey]);
}

#[test]
fn a_key_of_cosign_opens_and_signs() {
    let key = SecretKey::open(COSIGN_KEY, COSIGN_PASSWORD).expect("the password is right");
    let public = PublicKey::from_pem(COSIGN_PUB).expect("a public key");
    assert_eq!(key.public(), Ok(public.clone()));
    assert_eq!(public.to_pem(), COSIGN_PUB);
    let old = COSIGN_KEY.replace("SIGSTORE", "COSIGN");
    assert!(SecretKey::open(&old, COSIGN_PASSWORD).is_ok(), "as cosign wrote it before");
    assert_eq!(SecretKey::open(COSIGN_KEY, b"another").err(), Some(SecretKeyError::WrongPassword));
    assert_eq!(SecretKey::open(COSIGN_PUB, b"").err(), Some(SecretKeyError::NotAFile));
    let again = SecretKey::open(&key.seal(b"").expect("sealed"), b"").expect("the password is right");
    assert_eq!(again.public(), Ok(public));
}

/// Somebody else's file must not make us work for hours or take all memory.
#[test]
fn a_key_file_asks_for_sensible_work() {
    use base64::Engine as _;
    let body: String = COSIGN_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let engine = base64::engine::general_purpose::STANDARD;
    let json = String::from_utf8(engine.decode(body).expect("base64")).expect("JSON");
    for (from, to) in [
        ("\"N\":65536", "\"N\":2097152"),
        ("\"N\":65536", "\"N\":65537"),
        ("\"N\":65536", "\"N\":0"),
        ("\"r\":8", "\"r\":4000000"),
        ("\"p\":1", "\"p\":4000000"),
        ("scrypt", "plain"),
    ] {
        let changed = engine.encode(json.replace(from, to));
        let pem = format!(
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{changed}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
        );
        assert_eq!(SecretKey::open(&pem, b"").err(), Some(SecretKeyError::Unknown), "{to}");
    }
}

#[test]
fn openssl_checks_what_is_signed_here() {
    if !has("openssl", &["version"], "openssl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let (key, bundle) = (secret(), bundle(1));
    fs::write(path("bundle"), bundle.bytes()).expect("a file");
    fs::write(path("key.pub"), key.public().expect("a public key").to_pem()).expect("a file");
    fs::write(path("bundle.sig"), key.sign(&bundle).expect("a signature").to_string()).expect("a file");
    let shell = "openssl base64 -d -A -in bundle.sig -out der && \
                 openssl dgst -sha256 -verify key.pub -signature der bundle";
    assert_eq!(openssl(folder.path(), shell), "Verified OK\n");
}

#[test]
fn what_openssl_signs_is_checked_here() {
    if !has("openssl", &["version"], "openssl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = bundle(1);
    fs::write(folder.path().join("bundle"), bundle.bytes()).expect("a file");
    let shell = "openssl ecparam -name prime256v1 -genkey -noout -out key && \
                 openssl ec -in key -pubout -out key.pub && \
                 openssl dgst -sha256 -sign key bundle | openssl base64 -A >> bundle.sig && echo >> bundle.sig";
    openssl(folder.path(), shell);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("openssl wrote it");
    let public = PublicKey::from_pem(&read("key.pub")).expect("a public key");
    let key = TrustedKey { name: "ada".to_owned(), public, not_before: None, expires: LATER };
    let trust = Trust::new(vec![key], 1).expect("a trust root");
    let signatures = Signatures::parse(&read("bundle.sig")).expect("a signature");
    assert_eq!(trust.verify(&bundle, &signatures, NOW), Ok(vec!["ada".to_owned()]));
}

#[test]
fn other_keys_are_refused() {
    if !has("openssl", &["version"], "openssl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for make in [
        "openssl genpkey -algorithm ed25519 | openssl pkey -pubout",
        "openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout",
        "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -conv_form compressed",
        "openssl ecparam -name prime256v1 -genkey -noout",
    ] {
        let pem = openssl(folder.path(), make);
        assert!(PublicKey::from_pem(&pem).is_err(), "{make}: {pem}");
    }
    let off_the_curve = COSIGN_PUB.replace("EbpNtE5", "EbpNtEa");
    assert_ne!(off_the_curve, COSIGN_PUB);
    assert!(PublicKey::from_pem(&off_the_curve).is_err());
    assert_eq!(Signatures::parse(COSIGN_PUB), Err(NotSignatures::Line { line: 1 }));
}

fn openssl(folder: &Path, shell: &str) -> String {
    let output = Command::new("sh").arg("-ec").arg(shell).current_dir(folder).output().expect("a shell");
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
