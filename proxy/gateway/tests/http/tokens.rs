//! JSON web tokens (H41), with keys made on the spot.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{rsa, signature};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use cordon_gateway::{Following, GatewayConfig, IdentityMethod, JwtAlgorithm, JwtKeys, JwtSettings, Naming};
use serde_json::{Value, json};

use crate::backend::{Backend, json as json_reply};
use crate::stage::{ANNAS_CALLS, Stage, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

/// An issuer with a key of each kind.
struct Issuer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

impl Issuer {
    fn new() -> Issuer {
        Issuer {
            rsa: RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// The public keys as a JWK set.
    fn keys(&self) -> String {
        let encode = |bytes: &[u8]| BASE64.encode(bytes);
        let public = self.rsa.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero();
        let exponent = public.exponent().big_endian_without_leading_zero();
        let point = self.ec.public_key().as_ref();
        json!({"keys": [
            {"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": encode(modulus), "e": encode(exponent)},
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])},
            {"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": encode(self.ed.public_key().as_ref())},
            {"kty": "oct", "kid": "s", "k": encode(b"published by mistake")},
            {"kty": "EC", "kid": "k", "crv": "secp256k1", "x": "AA", "y": "AA"},
            {"kty": "new", "kid": "n"},
        ]})
        .to_string()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = input(header, claims);
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = match header["alg"].as_str().unwrap() {
            "RS256" => {
                let mut bytes = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&signature::RSA_PKCS1_SHA256, &random, input.as_bytes(), &mut bytes).unwrap();
                bytes
            }
            "ES256" => self.ec.sign(&random, input.as_bytes()).unwrap().as_ref().to_vec(),
            _ => self.ed.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", BASE64.encode(signature))
    }
}

fn input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = input(header, claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", BASE64.encode(tag.as_ref()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims(login: &str) -> Value {
    json!({"iss": "https://issuer", "aud": ["other", "cordon"], "exp": now() + 600, "sub": format!("sub-{login}")})
}

fn header(algorithm: &str, id: &str) -> Value {
    json!({"alg": algorithm, "kid": id, "typ": "JWT"})
}

fn settings(keys: JwtKeys, algorithms: &[JwtAlgorithm]) -> impl FnOnce(&mut GatewayConfig) {
    let settings = JwtSettings {
        keys,
        algorithms: algorithms.to_vec(),
        issuer: "https://issuer".into(),
        audiences: vec!["cordon".into()],
        claim: "sub".into(),
        naming: Naming::default(),
        leeway: Duration::from_secs(30),
    };
    |config| config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::Jwt(settings)]
}

const PUBLIC: &[JwtAlgorithm] = &[JwtAlgorithm::Rs256, JwtAlgorithm::Es256, JwtAlgorithm::EdDsa];

async fn stage(keys: JwtKeys, algorithms: &[JwtAlgorithm]) -> Stage {
    Stage::with("enhanced", settings(keys, algorithms), |_| json_reply(calls(TWO))).await
}

async fn status(stage: &Stage, token: &str) -> u16 {
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let reply = stage.raw(request).await;
    if reply.status == 200 {
        assert_eq!(reply.text(), ANNAS_CALLS);
    }
    reply.status
}

fn file(issuer: &Issuer) -> (tempfile::TempDir, JwtKeys) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, issuer.keys()).unwrap();
    (folder, JwtKeys::File(path))
}

#[tokio::test]
async fn h41_signed_tokens_name_a_user() {
    let issuer = Issuer::new();
    let (_folder, keys) = file(&issuer);
    let stage = stage(keys, PUBLIC).await;
    for (algorithm, id) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "o")] {
        assert_eq!(
            status(&stage, &issuer.sign(&header(algorithm, id), &claims("anna"))).await,
            200,
            "{algorithm}"
        );
        let unnamed = issuer.sign(&json!({"alg": algorithm}), &claims("anna"));
        assert_eq!(status(&stage, &unnamed).await, 200, "{algorithm} without kid");
        let stranger = Issuer::new().sign(&header(algorithm, id), &claims("anna"));
        assert_eq!(status(&stage, &stranger).await, 401, "{algorithm} of a stranger");
    }
    // API tokens go on being taken.
    assert_eq!(status(&stage, "token-of-anna").await, 200);
}

#[tokio::test]
async fn h41_claims_are_checked() {
    let issuer = Issuer::new();
    let (_folder, keys) = file(&issuer);
    let stage = stage(keys, PUBLIC).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims("anna");
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = claims("anna");
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let cases = [
        (with("exp", json!(now() - 20)), 200),
        (with("exp", json!(now() as f64 + 0.5)), 200),
        (with("nbf", json!(now() + 20)), 200),
        (with("aud", json!("cordon")), 200),
        (with("exp", json!(now() - 40)), 401),
        (with("exp", json!("tomorrow")), 401),
        (with("nbf", json!(now() + 40)), 401),
        (with("nbf", json!("yesterday")), 401),
        (with("iss", json!("https://other")), 401),
        (with("aud", json!(["other"])), 401),
        (with("sub", json!("sub-nobody")), 401),
        (with("sub", json!("")), 401),
        (with("sub", json!(["sub-anna"])), 401),
        (without("exp"), 401),
        (without("iss"), 401),
        (without("aud"), 401),
        (without("sub"), 401),
    ];
    for (claims, expected) in cases {
        assert_eq!(status(&stage, &issuer.sign(&header("ES256", "e"), &claims)).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn h41_algorithms_cannot_be_confused() {
    let issuer = Issuer::new();
    let (_folder, keys) = file(&issuer);
    let stage = stage(keys, PUBLIC).await;
    let claims = claims("anna");
    let der = issuer.rsa.public_key().as_der().unwrap();
    let tokens = [
        format!("{}.", input(&json!({"alg": "none"}), &claims)),
        format!("{}.", input(&json!({"alg": "None", "kid": "r"}), &claims)),
        hmac(der.as_ref(), &header("HS256", "r"), &claims),
        hmac(issuer.rsa.public_key().as_ref(), &header("HS256", "r"), &claims),
        hmac(issuer.ed.public_key().as_ref(), &header("HS256", "o"), &claims),
        hmac(b"published by mistake", &header("HS256", "s"), &claims),
        // The key's kind and the algorithm disagree.
        issuer.sign(&header("ES256", "r"), &claims),
        issuer.sign(&header("RS256", "e"), &claims),
        // What the header brings along is not looked at, and what it calls critical is not understood.
        issuer.sign(&json!({"alg": "ES256", "kid": "x", "jku": "http://127.0.0.1:1/"}), &claims),
        issuer.sign(&json!({"alg": "ES256", "kid": "e", "crit": ["exp"]}), &claims),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{}.{}", input(&header("ES256", "e"), &claims), BASE64.encode(vec![0; 64])),
    ];
    for token in tokens {
        assert_eq!(status(&stage, &token).await, 401, "{token}");
    }
    // A token of one algorithm is not taken where only another is configured.
    let (_folder, keys) = file(&issuer);
    let stage = self::stage(keys, &[JwtAlgorithm::EdDsa]).await;
    assert_eq!(status(&stage, &issuer.sign(&header("ES256", "e"), &claims)).await, 401);
    assert_eq!(status(&stage, &issuer.sign(&header("EdDSA", "o"), &claims)).await, 200);
}

#[tokio::test]
async fn h41_a_shared_secret_takes_hs256_alone() {
    let secret = b"a secret of thirty-two bytes or so".to_vec();
    let stage = stage(JwtKeys::Secret(secret.clone()), &[JwtAlgorithm::Hs256]).await;
    assert_eq!(status(&stage, &hmac(&secret, &json!({"alg": "HS256"}), &claims("anna"))).await, 200);
    assert_eq!(status(&stage, &hmac(b"another", &json!({"alg": "HS256"}), &claims("anna"))).await, 401);
    let rsa = Issuer::new().sign(&header("RS256", "r"), &claims("anna"));
    assert_eq!(status(&stage, &rsa).await, 401);
}

#[tokio::test]
async fn h41_keys_are_fetched_and_unknown_ones_do_not_flood_the_issuer() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let server = Backend::start(std::sync::Arc::new(move |_| json_reply(&keys))).await;
    let url = format!("http://{}/keys", server.address).parse().unwrap();
    let stage = stage(JwtKeys::Url { url, following: Following::default() }, PUBLIC).await;
    assert!(server.seen().is_empty(), "nothing is fetched before it is needed");
    for _ in 0..3 {
        assert_eq!(status(&stage, &issuer.sign(&header("ES256", "e"), &claims("anna"))).await, 200);
    }
    for id in 0..20 {
        let unknown = issuer.sign(&header("ES256", &format!("made-up-{id}")), &claims("anna"));
        assert_eq!(status(&stage, &unknown).await, 401);
    }
    assert_eq!(server.only().target, "/keys");
}

#[tokio::test]
async fn h41_a_key_server_that_hangs_stalls_nobody_whose_key_is_known() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Backend::start(std::sync::Arc::new(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return json_reply(&keys);
        }
        crate::backend::raw("", crate::backend::Then::Hang)
    }))
    .await;
    let url = format!("http://{}/keys", server.address).parse().unwrap();
    let following = Following { refresh: Duration::from_millis(20), ..Following::default() };
    let stage = stage(JwtKeys::Url { url, following }, PUBLIC).await;
    let known = issuer.sign(&header("ES256", "e"), &claims("anna"));
    assert_eq!(status(&stage, &known).await, 200);
    while server.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The second fetch is under way for as long as it may be, and these do not wait for it.
    let unknown = issuer.sign(&header("ES256", "made-up"), &claims("anna"));
    let waiting = std::pin::pin!(status(&stage, &unknown));
    let others = async {
        for _ in 0..10 {
            assert_eq!(status(&stage, &known).await, 200);
            assert_eq!(status(&stage, "token-of-anna").await, 200);
        }
    };
    match futures_util::future::select(waiting, std::pin::pin!(others)).await {
        futures_util::future::Either::Left(_) => panic!("whoever waits for the key server was served first"),
        futures_util::future::Either::Right(((), waiting)) => assert_eq!(waiting.await, 401),
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn h41_keys_that_nobody_confirms_any_more_are_given_up() {
    let issuer = Issuer::new();
    let keys = issuer.keys();
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Backend::start(std::sync::Arc::new(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return json_reply(&keys);
        }
        crate::backend::reply("500 Oops\r\nContent-Type: application/json", &keys)
    }))
    .await;
    let url = format!("http://{}/keys", server.address).parse().unwrap();
    let following = Following { refresh: Duration::from_millis(20), max_age: Duration::from_secs(2) };
    let stage = stage(JwtKeys::Url { url, following }, PUBLIC).await;
    let token = issuer.sign(&header("ES256", "e"), &claims("anna"));
    assert_eq!(status(&stage, &token).await, 200);
    let mut last = 200;
    for _ in 0..400 {
        last = status(&stage, &token).await;
        if last != 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(last, 503);
}

#[test]
fn h41_wrong_key_settings_are_refused_at_the_start() {
    let refused = |keys: JwtKeys, algorithms: &[JwtAlgorithm]| {
        let mut config =
            GatewayConfig::new("http://127.0.0.1:1".parse().unwrap(), cordon_gateway::MaskSecret([0; 32]));
        settings(keys, algorithms)(&mut config);
        let store = std::sync::Arc::new(cordon_directory::Store::fixed(crate::stage::directory("enhanced")));
        cordon_gateway::Gateway::new(config, store, crate::stage::policy()).is_err()
    };
    let issuer = Issuer::new();
    let (_folder, keys) = file(&issuer);
    assert!(refused(keys.clone(), &[JwtAlgorithm::Hs256]));
    assert!(refused(keys.clone(), &[JwtAlgorithm::Rs256, JwtAlgorithm::Hs256]));
    assert!(refused(keys.clone(), &[]));
    assert!(refused(JwtKeys::Secret(vec![1; 32]), PUBLIC));
    assert!(refused(JwtKeys::File("/nowhere/keys.json".into()), PUBLIC));
    assert!(!refused(keys, PUBLIC));
}
