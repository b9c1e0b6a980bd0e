//! `[identity]`: where a caller's credential may stand, and how a JWT is checked.

use std::path::Path;
use std::time::Duration;

use cordon_gateway::{
    CredentialPlaces, IdentityConfig, IdentityMethod, JwtAlgorithm, JwtKeys, JwtSettings, STRIPPED_HEADERS,
};
use cordon_settings::{Problems, Table, nearest, quoted};

use super::values;

const ALGORITHMS: [(&str, JwtAlgorithm); 4] = [
    ("RS256", JwtAlgorithm::Rs256),
    ("ES256", JwtAlgorithm::Es256),
    ("EdDSA", JwtAlgorithm::EdDsa),
    ("HS256", JwtAlgorithm::Hs256),
];

pub(super) fn read(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> IdentityConfig {
    let usual = IdentityConfig::default();
    let mut places = CredentialPlaces { query: Vec::new(), ..usual.places };
    if let Some(header) = values::header_name(table, "token_header", problems) {
        places.headers = vec![header];
    }
    if let Some(parameter) = table.text("query_parameter", problems) {
        places.query = vec![parameter.value];
    }
    let mut stripped = STRIPPED_HEADERS.to_vec();
    stripped.extend(values::header_names(table, "strip_headers", problems));
    let mut methods = vec![IdentityMethod::ApiToken];
    if let Some(mut inner) = table.table("jwt", problems) {
        methods.extend(jwt(&mut inner, folder, problems).map(IdentityMethod::Jwt));
        inner.finish(problems);
    }
    IdentityConfig { methods, places, stripped }
}

fn jwt(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<JwtSettings> {
    let jwks = table.text("jwks", problems);
    let secret = values::file(table, "secret_file", folder, problems);
    let refresh = values::duration(table, "jwks_refresh", Duration::from_secs(300), problems);
    let keys = match (jwks, secret) {
        (Some(jwks), None) if jwks.value.contains("://") => {
            values::url(&jwks, "jwks", problems).map(|url| JwtKeys::Url { url, refresh })
        }
        (Some(jwks), None) => Some(JwtKeys::File(folder.join(jwks.value))),
        (None, Some(secret)) => Some(JwtKeys::Secret(secret.bytes.trim_ascii_end().to_vec())),
        _ => {
            problems
                .at(table.span(), "a `jwt` table needs one of `jwks` and `secret_file`")
                .help("`jwks` is a file or URL with public keys, `secret_file` holds the secret of HS256");
            None
        }
    };
    let issuer = table.required("issuer", problems);
    let audience = table.required("audience", problems);
    let claim = table.text("claim", problems).map_or_else(|| "sub".to_owned(), |text| text.value);
    let leeway = values::duration(table, "leeway", Duration::from_secs(30), problems);
    let named = algorithms(table, problems);
    let keys = keys?;
    let algorithms = match (&keys, named.is_empty()) {
        (_, false) => named,
        (JwtKeys::Secret(_), true) => vec![JwtAlgorithm::Hs256],
        (_, true) => vec![JwtAlgorithm::Rs256, JwtAlgorithm::Es256, JwtAlgorithm::EdDsa],
    };
    Some(JwtSettings {
        keys,
        algorithms,
        issuer: issuer?.value,
        audiences: vec![audience?.value],
        claim,
        leeway,
    })
}

fn algorithms(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<JwtAlgorithm> {
    let names = ALGORITHMS.map(|(name, _)| name);
    let mut algorithms = Vec::new();
    for text in table.texts("algorithms", problems) {
        if let Some((_, algorithm)) = ALGORITHMS.iter().find(|(name, _)| *name == text.value) {
            algorithms.push(*algorithm);
            continue;
        }
        let problem = problems.at(text.span, "`algorithms` names one that is not accepted");
        match nearest(&text.value, names) {
            Some(name) => problem.help(format!("did you mean \"{name}\"?")),
            None => problem.help(format!("there are {}", quoted(&names))),
        }
    }
    algorithms
}
