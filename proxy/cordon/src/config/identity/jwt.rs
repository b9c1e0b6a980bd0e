//! `[identity.jwt]`: whose signed tokens are believed.

use std::path::Path;
use std::time::Duration;

use cordon_gateway::{Following, JwtAlgorithm, JwtKeys, JwtSettings, NamedBy};
use cordon_settings::{Problems, Table, nearest, quoted};

use super::super::values;

const ALGORITHMS: [(&str, JwtAlgorithm); 4] = [
    ("RS256", JwtAlgorithm::Rs256),
    ("ES256", JwtAlgorithm::Es256),
    ("EdDSA", JwtAlgorithm::EdDsa),
    ("HS256", JwtAlgorithm::Hs256),
];

pub(super) fn read(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<JwtSettings> {
    let jwks = table.text("jwks", problems);
    let secret = values::file(table, "secret_file", folder, problems);
    let discover = table.flag("discover", problems);
    let usual = Following::default();
    let following = Following {
        refresh: values::duration(table, "jwks_refresh", usual.refresh, problems),
        max_age: values::duration(table, "jwks_max_age", usual.max_age, problems),
    };
    let keys = match (jwks, secret, discover) {
        (Some(jwks), None, false) if jwks.value.contains("://") => {
            values::url(&jwks, "jwks", problems).map(|url| JwtKeys::Url { url, following })
        }
        (Some(jwks), None, false) => Some(JwtKeys::File(folder.join(jwks.value))),
        (None, Some(secret), false) => Some(JwtKeys::Secret(secret.bytes.trim_ascii_end().to_vec())),
        (None, None, true) => Some(JwtKeys::Discovery(following)),
        _ => {
            problems
                .at(table.span(), "a `jwt` table needs one of `jwks`, `discover` and `secret_file`")
                .help(
                    "`jwks` is a file or URL with public keys, `discover = true` asks the issuer where they are, \
                     `secret_file` holds the secret of HS256",
                );
            None
        }
    };
    let issuer = table.required("issuer", problems);
    if let (Some(issuer), true) = (&issuer, discover) {
        values::url(issuer, "issuer", problems);
    }
    let audience = table.required("audience", problems);
    let claim = table.text("claim", problems).map_or_else(|| "sub".to_owned(), |text| text.value);
    let naming = super::naming(table, NamedBy::Subject, problems);
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
        naming,
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
