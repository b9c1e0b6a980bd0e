//! `[listen]`: where Cordon is reached, and what it shows of itself there.

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cordon_gateway::{ClientAuthorities, ServerTlsConfig};
use cordon_settings::{Problems, Table};

use super::{acme, tls, values};

const BOTH: &str = "give both for TLS, or neither for plain HTTP";

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listen {
    /// Where to listen.
    pub place: Place,
    /// Whether other processes may listen there too, and take over.
    pub reuse_port: bool,
    /// Plain HTTP if absent.
    pub tls: Option<ServerTlsConfig>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address and a port, such as `127.0.0.1:8080`.
    Address(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// A socket that systemd has opened.
    Systemd,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Address(address) => write!(f, "{address}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
            Place::Systemd => f.write_str("systemd"),
        }
    }
}

/// Reads `[listen]`, or each `[[listen]]`.
pub(super) fn read(
    document: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<Vec<Listen>> {
    let is_several = document.take("listen").is_some_and(|value| value.get_ref().as_array().is_some());
    let tables = if is_several {
        document.tables("listen", problems)
    } else {
        document.required_table("listen", problems).into_iter().collect()
    };
    let mut all = Some(Vec::new());
    let mut folders = HashSet::new();
    for mut table in tables {
        let listen = listen(&mut table, folder, problems);
        let issued = listen.iter().filter_map(|listen| listen.tls.as_ref()?.acme.as_ref());
        for acme in issued {
            if !folders.insert(acme.folder.clone()) {
                problems
                    .at(table.span(), "two listeners have the same `folder` of ACME")
                    .help("each keeps a certificate of its own: give each a folder");
            }
        }
        table.finish(problems);
        all = all.zip(listen).map(|(mut all, listen)| {
            all.push(listen);
            all
        });
    }
    all.filter(|all| !all.is_empty())
}

fn listen(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<Listen> {
    let place = place(table, folder, problems);
    let reuse_port = table.flag("reuse_port", problems);
    if reuse_port && matches!(place, Some(Place::Unix(_) | Place::Systemd)) {
        problems
            .at(table.span(), "`reuse_port` is for an address and a port")
            .help("a socket that systemd has opened outlives the process without it");
    }
    let tls = shown(table, folder, problems);
    Some(Listen { place: place?, reuse_port, tls })
}

fn place(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<Place> {
    let text = table.required("address", problems)?;
    if text.value == "systemd" {
        return Some(Place::Systemd);
    }
    if let Some(path) = text.value.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Some(Place::Unix(folder.join(path)));
    }
    let address = text.value.parse().ok();
    if address.is_none() {
        problems.at(text.span, "`address` is not an IP address and a port").help(
            "write it as \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for all addresses of this machine; \"unix:PATH\" is a \
             Unix socket, \"systemd\" one that systemd has opened",
        );
    }
    address.map(Place::Address)
}

fn shown(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<ServerTlsConfig> {
    let has_files = ["certificate", "key", "certificates"].iter().any(|key| table.has(key));
    let mut certificates: Vec<_> = tls::certificate(table, folder, BOTH, problems).into_iter().collect();
    for mut inner in table.tables("certificates", problems) {
        match tls::certificate(&mut inner, folder, BOTH, problems) {
            Some(pair) => certificates.push(pair),
            None => {
                problems
                    .at(inner.span(), "an entry of `certificates` needs `certificate` and `key`")
                    .help("name the PEM files of the chain and of its private key");
            }
        }
        inner.finish(problems);
    }
    let version = tls::minimum_version(table, problems);
    let clients = clients(table, folder, problems);
    let has_acme = table.has("acme");
    let acme = acme::read(table, folder, problems);
    if has_acme && has_files {
        problems
            .at(table.span(), "the certificate is either in files or from an ACME server, not both")
            .help("remove `certificate`, `key` and `[[listen.certificates]]`, or `[listen.acme]`");
    }
    if has_acme && acme.is_none() {
        return None;
    }
    if certificates.is_empty() && acme.is_none() {
        if version.is_some() || clients.is_some() {
            problems
                .at(
                    table.span(),
                    "`minimum_version` and `client_authorities` belong to TLS, which has no certificate here",
                )
                .help("give `certificate` and `key`, or `[listen.acme]`");
        }
        return None;
    }
    Some(ServerTlsConfig { certificates, acme, minimum_version: version.unwrap_or_default(), clients })
}

fn clients(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<ClientAuthorities> {
    let file = values::optional_path(table, "client_authorities", folder, problems);
    let word = table.text("client_certificates", problems);
    let required = match &word {
        None => true,
        Some(text) => match text.value.as_str() {
            "required" => true,
            "optional" => false,
            _ => {
                problems
                    .at(text.span.clone(), "`client_certificates` is neither \"required\" nor \"optional\"")
                    .help("write one of them");
                true
            }
        },
    };
    match (file, word) {
        (Some(file), _) => Some(ClientAuthorities { file, required }),
        (None, Some(word)) => {
            problems
                .at(word.span, "`client_certificates` is of no use without `client_authorities`")
                .help("name the PEM file of the authorities that sign clients' certificates");
            None
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_gateway::TlsVersion;
    use toml::de::DeTable;

    fn parse(text: &str) -> (Option<Vec<Listen>>, Vec<String>) {
        let document = DeTable::parse(text).expect("the text is TOML");
        let mut problems = Problems::new(text);
        let mut table = Table::document("configuration", &document);
        let listen = read(&mut table, Path::new("/etc"), &mut problems);
        table.finish(&mut problems);
        (listen, problems.finish().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn certificates_are_told_apart_by_name_and_clients_are_asked_for_theirs() {
        let (listen, problems) = parse(
            "[listen]\naddress = \"127.0.0.1:1\"\ncertificate = \"a.pem\"\nkey = \"a.key\"\nminimum_version = \"1.3\"\n\
             client_authorities = \"clients.pem\"\nclient_certificates = \"optional\"\n\
             [[listen.certificates]]\ncertificate = \"b.pem\"\nkey = \"b.key\"\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        let listen = listen.and_then(|mut all| all.pop()).expect("a listener");
        let tls = listen.tls.expect("TLS");
        let chains: Vec<_> = tls.certificates.iter().map(|pair| pair.chain.display().to_string()).collect();
        assert_eq!(chains, ["/etc/a.pem", "/etc/b.pem"]);
        assert_eq!(tls.minimum_version, TlsVersion::Tls13);
        assert!(tls.clients.is_some_and(|clients| !clients.required));
    }

    #[test]
    fn a_certificate_is_in_files_or_from_an_acme_server() {
        let acme = "acme = { names = [\"a.test\"], folder = \"acme\" }";
        let (listen, problems) =
            parse(&format!("[listen]\naddress = \"127.0.0.1:1\"\nminimum_version = \"1.3\"\n{acme}\n"));
        assert_eq!(problems, Vec::<String>::new());
        let tls = listen.and_then(|mut all| all.pop()).and_then(|listen| listen.tls).expect("TLS");
        assert!(tls.acme.is_some() && tls.certificates.is_empty());
        assert_eq!(tls.minimum_version, TlsVersion::Tls13);
        for (text, expected) in [
            (format!("[[listen]]\naddress = \"127.0.0.1:1\"\nkey = \"a\"\n{acme}\n"), "not both"),
            (format!("[[listen]]\naddress = \"127.0.0.1:1\"\n{acme}\n").repeat(2), "same `folder`"),
        ] {
            let (_, problems) = parse(&text);
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{text}: {problems:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (text, expected) in [
            ("certificate = \"a\"", "belong together"),
            ("minimum_version = \"1.3\"", "no certificate"),
            ("client_authorities = \"a\"", "no certificate"),
            ("client_certificates = \"optional\"", "client_authorities"),
            (
                "certificate = \"a\"\nkey = \"b\"\nclient_authorities = \"c\"\nclient_certificates = \"no\"",
                "neither",
            ),
            ("certificate = \"a\"\nkey = \"b\"\nminimum_version = \"1.1\"", "none that is spoken"),
            ("[[listen.certificates]]\nkey = \"b\"", "needs `certificate` and `key`"),
        ] {
            let (_, problems) = parse(&format!("[listen]\naddress = \"127.0.0.1:1\"\n{text}\n"));
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{text}: {problems:?}");
        }
    }

    #[test]
    fn there_may_be_several_listeners_of_several_kinds() {
        let (listen, problems) = parse(
            "[[listen]]\naddress = \"127.0.0.1:1\"\nreuse_port = true\n[[listen]]\naddress = \"unix:run/a\"\n\
             [[listen]]\naddress = \"systemd\"\ncertificate = \"a\"\nkey = \"b\"\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        let listen = listen.expect("three");
        let places: Vec<_> = listen.iter().map(|listen| listen.place.to_string()).collect();
        assert_eq!(places, ["127.0.0.1:1", "unix:/etc/run/a", "systemd"]);
        assert!(listen[0].reuse_port && listen[2].tls.is_some());
        let (_, problems) = parse("[[listen]]\naddress = \"systemd\"\nreuse_port = true\n");
        assert!(problems[0].contains("reuse_port"), "{problems:?}");
        for none in ["", "listen = []", "listen = 3"] {
            let (listen, problems) = parse(none);
            assert!(listen.is_none(), "{none}: {problems:?}");
        }
    }
}
