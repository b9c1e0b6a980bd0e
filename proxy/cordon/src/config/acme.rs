//! `[listen.acme]`: a certificate from an ACME server instead of files.

use std::net::IpAddr;
use std::path::Path;

use cordon_gateway::AcmeConfig;
use cordon_settings::{Problems, Table, Text};

use super::values;

/// Let's Encrypt, whose certificates everybody believes.
const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

pub(super) fn read(
    listen: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<AcmeConfig> {
    let mut table = listen.table("acme", problems)?;
    let given = table.texts("names", problems);
    let names: Vec<_> = given.iter().filter_map(|text| name(text, problems)).collect();
    if given.is_empty() {
        problems
            .at(table.span(), "`acme` names nobody whom the certificate is made out to")
            .help("add `names = [\"www.example.com\"]`: names of this machine");
    }
    let contact = table.text("contact", problems).filter(|contact| {
        let is_mail = contact.value.strip_prefix("mailto:").is_some_and(|mail| mail.contains('@'));
        if !is_mail {
            problems
                .at(contact.span.clone(), "`contact` is no address of mail")
                .help("write it as \"mailto:admin@example.com\"");
        }
        is_mail
    });
    let kept = table.required("folder", problems).map(|text| folder.join(text.value));
    let directory = match table.text("directory", problems) {
        None => Some(DIRECTORY.to_owned()),
        Some(text) => {
            let url = values::url(&text, "directory", problems);
            if url.as_ref().is_some_and(|url| url.scheme_str() != Some("https")) {
                problems
                    .at(text.span.clone(), "`directory` is not reached by TLS")
                    .help("write https://: ACME is spoken over TLS only (RFC 8555, section 6.1)");
            }
            url.map(|url| url.to_string())
        }
    };
    let authorities = values::optional_path(&mut table, "authorities", folder, problems);
    table.finish(problems);
    let contact = contact.map(|contact| contact.value);
    Some(AcmeConfig { names, contact, folder: kept?, directory: directory?, authorities })
}

/// A name of DNS, in small letters.
fn name(text: &Text, problems: &mut Problems<'_>) -> Option<String> {
    let name = text.value.to_ascii_lowercase();
    let fits = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-')
    };
    let is_address = name.parse::<IpAddr>().is_ok();
    if name.len() <= 253 && !is_address && name.split('.').all(fits) {
        return Some(name);
    }
    let help = if name.starts_with("*.") {
        "a wildcard cannot be proven over TLS (RFC 8737): write each name"
    } else {
        "write a name such as \"www.example.com\", with other letters in their ASCII form (xn--…)"
    };
    problems.at(text.span.clone(), "this is no name that an ACME server certifies over TLS").help(help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    fn parse(text: &str) -> (Option<AcmeConfig>, Vec<String>) {
        let document = DeTable::parse(text).expect("the text is TOML");
        let mut problems = Problems::new(text);
        let mut table = Table::document("listen", &document);
        let acme = read(&mut table, Path::new("/etc"), &mut problems);
        table.finish(&mut problems);
        (acme, problems.finish().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_left_out_is_usual() {
        let (acme, problems) = parse("acme = { names = [\"WWW.example.com\"], folder = \"acme\" }");
        assert_eq!(problems, Vec::<String>::new());
        let acme = acme.expect("it is right");
        assert_eq!(acme.names, ["www.example.com"]);
        assert_eq!(acme.folder, Path::new("/etc/acme"));
        assert_eq!(acme.directory, DIRECTORY);
        assert!(acme.contact.is_none() && acme.authorities.is_none());
    }

    #[test]
    fn all_mistakes_are_told() {
        let (_, problems) = parse(
            "[acme]\nnames = [\"*.example.com\", \"127.0.0.1\", \"a..b\"]\ncontact = \"admin\"\n\
             directory = \"http://acme.test/dir\"\nautorities = \"a.pem\"\n",
        );
        for expected in ["wildcard", "ASCII", "mailto", "folder", "RFC 8555", "autorities"] {
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:#?}");
        }
        let (_, problems) = parse("acme = { names = [], folder = \"a\" }");
        assert!(problems.iter().any(|problem| problem.contains("names nobody")), "{problems:?}");
    }
}
