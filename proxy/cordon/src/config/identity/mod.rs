//! `[identity]`: where a caller's credential may stand, and who knows whose it is.

mod asked;
mod connection;
mod jwt;

use std::path::Path;

use cordon_gateway::{CredentialPlaces, IdentityConfig, IdentityMethod, NamedBy, Naming, STRIPPED_HEADERS};
use cordon_settings::{Problems, Table, Text, nearest, quoted};

use super::{optional, values};

/// The tables of methods, by the names that `methods` has for them, in the order in which they are tried unless it says
/// another.
const METHODS: [&str; 7] = ["api-token", "jwt", "introspection", "basic", "who-am-i", "front", "certificate"];

/// What cannot stand in the name of a cookie (RFC 6265, section 4.1.1), beside what is not visible.
const NOT_IN_COOKIES: &str = "()<>@,;:\\\"/[]?={}";

/// `clients`: whether clients are asked for certificates, if that is known.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    folder: &Path,
    clients: Option<bool>,
    problems: &mut Problems<'_>,
) -> IdentityConfig {
    let usual = IdentityConfig::default();
    let mut places = usual.places;
    if let Some(header) = values::header_name(table, "token_header", problems) {
        places.headers = vec![header];
    }
    if let Some(parameter) = table.text("query_parameter", problems) {
        places.query = vec![parameter.value];
    }
    places.cookies = cookie_names(table, "cookies", problems);
    let mut stripped = STRIPPED_HEADERS.to_vec();
    stripped.extend(values::header_names(table, "strip_headers", problems));
    let realm = table.text("realm", problems).map_or(usual.realm, |realm| {
        if !realm.value.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')) {
            problems
                .at(realm.span, "`realm` has a character in it that is not taken")
                .help("write ASCII without quotation marks and backslashes");
        }
        realm.value
    });
    let authorities = values::optional_path(table, "authorities", folder, problems);
    let methods = methods(table, &places, folder, problems);
    let by_certificate = methods.iter().any(|method| matches!(method, IdentityMethod::Certificate(_)));
    if by_certificate && clients == Some(false) {
        problems
            .at(table.span(), "`certificate` identifies callers, and no client is asked for one")
            .help("name those who sign them as `client_authorities` in `[listen]`");
    }
    IdentityConfig { methods, places, stripped, realm, authorities }
}

/// Names of cookies.
pub(super) fn cookie_names(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Vec<String> {
    let mut names = Vec::new();
    for Text { value, span } in table.texts(key, problems) {
        if value.chars().all(|c| c.is_ascii_graphic() && !NOT_IN_COOKIES.contains(c)) {
            names.push(value);
        } else {
            problems
                .at(span, format!("`{key}` has one that is not the name of a cookie"))
                .help("use letters, digits, - and _");
        }
    }
    names
}

/// All methods that are configured, in their order.
fn methods(
    table: &mut Table<'_, '_>,
    places: &CredentialPlaces,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Vec<IdentityMethod> {
    let span = table.span();
    let is_ordered = table.has("methods");
    let order = table.texts("methods", problems);
    let mut found: Vec<(&str, Option<IdentityMethod>)> = vec![("api-token", Some(IdentityMethod::ApiToken))];
    let jwt = optional(table, "jwt", problems, |table, problems| jwt::read(table, folder, problems));
    found.extend(jwt.map(|settings| ("jwt", settings.map(IdentityMethod::Jwt))));
    let introspection = optional(table, "introspection", problems, |table, problems| {
        asked::introspection(table, folder, problems)
    });
    found
        .extend(introspection.map(|settings| ("introspection", settings.map(IdentityMethod::Introspection))));
    let who_am_i = optional(table, "who_am_i", problems, asked::who_am_i);
    let basic = optional(table, "basic", problems, |table, problems| {
        asked::basic(table, who_am_i.as_ref(), problems)
    });
    found.extend(basic.map(|settings| ("basic", settings.map(IdentityMethod::Basic))));
    found.extend(who_am_i.map(|settings| ("who-am-i", settings.map(IdentityMethod::WhoAmI))));
    let front = optional(table, "front", problems, connection::front);
    found.extend(front.map(|settings| {
        if let Some(settings) = settings.as_ref().filter(|front| places.headers.contains(&front.header)) {
            problems
                .at(span.clone(), format!("`{}` is both `token_header` and that of `front`", settings.header))
                .help("anybody may send a token: let the gateway in front use another header");
        }
        ("front", settings.map(IdentityMethod::Front))
    }));
    let certificate = optional(table, "certificate", problems, connection::certificate);
    found.extend(certificate.map(|settings| ("certificate", Some(IdentityMethod::Certificate(settings)))));
    if !is_ordered {
        return found.into_iter().filter_map(|(_, method)| method).collect();
    }
    ordered(found, &order, table, problems)
}

/// The methods that `methods` names. It names all that have a table, and none twice.
fn ordered(
    mut found: Vec<(&str, Option<IdentityMethod>)>,
    order: &[Text],
    table: &Table<'_, '_>,
    problems: &mut Problems<'_>,
) -> Vec<IdentityMethod> {
    let mut methods = Vec::new();
    for text in order {
        match found.iter().position(|(name, _)| *name == text.value) {
            Some(place) => methods.extend(found.remove(place).1),
            None if METHODS.contains(&text.value.as_str()) => {
                problems
                    .at(
                        text.span.clone(),
                        format!("`methods` names `{}` twice or without its table", text.value),
                    )
                    .help("name each method once, and say in its table how it is done");
            }
            None => unknown(text, "methods", METHODS, problems),
        }
    }
    for (name, _) in found.iter().filter(|(name, _)| *name != "api-token") {
        problems
            .at(table.span(), format!("`methods` does not name `{name}`, which has a table"))
            .help("add it where it is to be tried, or take its table away");
    }
    if methods.is_empty() && order.is_empty() {
        problems
            .at(table.span(), "`methods` names none")
            .help("nobody could call: name one, or leave `methods` out");
    }
    methods
}

/// How what a method finds out names a user.
fn naming(table: &mut Table<'_, '_>, usual: NamedBy, problems: &mut Problems<'_>) -> Naming {
    let kinds = [("subject", NamedBy::Subject), ("login", NamedBy::Login)];
    let by = choice(table, "user_by", &kinds, problems).unwrap_or(usual);
    let prefix = table.text("prefix", problems).map(|text| text.value).unwrap_or_default();
    Naming { by, prefix }
}

/// One of several words.
fn choice<T: Copy>(
    table: &mut Table<'_, '_>,
    key: &'static str,
    choices: &[(&'static str, T)],
    problems: &mut Problems<'_>,
) -> Option<T> {
    table.text(key, problems).and_then(|text| chosen(&text, key, choices, problems))
}

fn chosen<T: Copy>(
    text: &Text,
    key: &str,
    choices: &[(&'static str, T)],
    problems: &mut Problems<'_>,
) -> Option<T> {
    let found = choices.iter().find(|(name, _)| *name == text.value).map(|(_, value)| *value);
    if found.is_none() {
        unknown(text, key, choices.iter().map(|(name, _)| *name), problems);
    }
    found
}

fn unknown(
    text: &Text,
    key: &str,
    known: impl IntoIterator<Item = &'static str>,
    problems: &mut Problems<'_>,
) {
    let known = known.into_iter().collect::<Vec<_>>();
    let problem = problems.at(text.span.clone(), format!("`{key}` names one that there is not"));
    match nearest(&text.value, known.iter().copied()) {
        Some(name) => problem.help(format!("did you mean \"{name}\"?")),
        None => problem.help(format!("there are {}", quoted(&known))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cordon_gateway::{IdentityMethod, Passwords};

    use crate::config::Config;

    const METHODS: &str = r#"
        cookies = ["session"]
        [identity.jwt]
        discover = true
        issuer = "https://login.test"
        audience = "cordon"
        prefix = "corp:"
        [identity.introspection]
        url = "https://login.test/introspect"
        client = "cordon"
        secret_file = "Cargo.toml"
        [identity.who_am_i]
        path = "/me"
        user = "$.login"
        [identity.basic]
        passwords = "backend"
        [identity.front]
        header = "X-User"
        addresses = ["10.0.0.1", "10.1.0.0/16"]
    "#;

    fn read(identity: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://127.0.0.1:1\"\n[policy]\n\
             rules = \"r\"\n[directory]\nfile = \"d\"\n[identity]\n{identity}"
        );
        let problems = Config::parse(&text, Path::new(env!("CARGO_MANIFEST_DIR")));
        problems.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn names(config: &Config) -> Vec<&'static str> {
        let name = |method: &IdentityMethod| match method {
            IdentityMethod::ApiToken => "api-token",
            IdentityMethod::Jwt(_) => "jwt",
            IdentityMethod::Introspection(_) => "introspection",
            IdentityMethod::WhoAmI(_) => "who-am-i",
            IdentityMethod::Basic(_) => "basic",
            IdentityMethod::Front(_) => "front",
            IdentityMethod::Certificate(_) => "certificate",
        };
        config.gateway.identity.methods.iter().map(name).collect()
    }

    #[test]
    fn methods_come_in_their_order() {
        // The secret's file has one line.
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "hidden\n").expect("it can be written");
        let methods = METHODS.replace("Cargo.toml", &secret.display().to_string());
        let usual = read(&methods).expect("it is right");
        assert_eq!(names(&usual), ["api-token", "jwt", "introspection", "basic", "who-am-i", "front"]);
        let order = r#"["front", "who-am-i", "basic", "jwt", "introspection"]"#;
        let config = read(&format!("methods = {order}{methods}")).expect("it is right");
        assert_eq!(names(&config), ["front", "who-am-i", "basic", "jwt", "introspection"]);
        let IdentityMethod::Basic(basic) = &config.gateway.identity.methods[2] else { panic!("{config:?}") };
        assert!(matches!(basic.passwords, Passwords::Backend(_)) && !basic.challenge);
        assert!(!format!("{config:?}").contains("hidden"));
    }

    #[test]
    fn mistakes_about_callers_are_told() {
        for (identity, expected) in [
            ("methods = []", "names none"),
            ("methods = [\"api-token\", \"api-token\"]", "twice"),
            ("methods = [\"jwt\"]", "without its table"),
            ("methods = [\"api-tokens\"]", "there is not"),
            ("methods = [\"api-token\"]\n[identity.basic]", "does not name `basic`"),
            ("cookies = [\"a b\"]", "name of a cookie"),
            ("realm = \"a\\\"b\"", "realm"),
            ("[identity.basic]\npasswords = \"backend\"", "who_am_i"),
            ("[identity.certificate]", "no client is asked"),
            ("[identity.front]\nheader = \"x-user\"", "addresses"),
            ("[identity.front]\nheader = \"Cookie\"\naddresses = [\"10.0.0.1\"]", "anybody"),
            ("[identity.front]\nheader = \"X-Api-Key\"\naddresses = [\"10.0.0.1\"]", "both"),
            ("[identity.front]\nheader = \"x-user\"\naddresses = [\"10.0.0.1/40\"]", "neither an IP address"),
            ("[identity.who_am_i]\npath = \"me\"\nuser = \"$.login\"", "path of a route"),
            ("[identity.who_am_i]\npath = \"/me\"\nuser = \"login\"", "JSONPath"),
            ("[identity.who_am_i]\npath = \"/me\"\nuser = \"$.a\"\nmethod = \"PUT\"", "neither"),
            ("[identity.who_am_i]\npath = \"/me\"\nuser = \"$.a\"\nfrom = [\"body\"]", "there is not"),
            ("[identity.jwt]\ndiscover = true\nissuer = \"corp\"\naudience = \"a\"", "issuer"),
            (
                "[identity.jwt]\ndiscover = true\njwks = \"k\"\nissuer = \"https://a\"\naudience = \"a\"",
                "one of",
            ),
        ] {
            let problems = read(identity).expect_err(identity);
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{identity}: {problems:#?}");
        }
        let secret = "[identity.introspection]\nurl = \"https://a\"\nclient = \"c\"\nsecret = \"hunter2\"";
        let problems = read(secret).expect_err("there is no such setting");
        assert!(problems.iter().any(|problem| problem.contains("secret_file")), "{problems:#?}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}
