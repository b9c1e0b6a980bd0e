//! The client's certificate, after it was verified when the connection was made (RFC 5280).

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::config::CertificatePart;

/// What of a certificate may name a user. Empty: it has no such part. `None`: it cannot be read.
pub(super) fn names(certificate: &[u8], part: CertificatePart) -> Option<Vec<String>> {
    let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let subject = certificate.subject();
    match part {
        CertificatePart::Subject => {
            let name = distinguished(subject)?;
            Some(if name.is_empty() { Vec::new() } else { vec![name] })
        }
        CertificatePart::CommonName => {
            let mut names = subject.iter_common_name();
            match (names.next(), names.next()) {
                (Some(name), None) => Some(vec![name.as_str().ok()?.to_owned()]),
                (None, _) => Some(Vec::new()),
                // Which of them others would take is unknown.
                (Some(_), Some(_)) => None,
            }
        }
        CertificatePart::Uri | CertificatePart::Dns | CertificatePart::Email => {
            let Some(names) = certificate.subject_alternative_name().ok()? else {
                return Some(Vec::new());
            };
            let names = names.value.general_names.iter();
            Some(names.filter_map(|name| alternative(name, part)).collect())
        }
    }
}

/// A name as OpenSSL writes it, but with what separates its parts escaped inside of them (RFC 4514, section 2.4):
/// otherwise a common name could hold what looks like an organization.
fn distinguished(name: &X509Name<'_>) -> Option<String> {
    let mut text = String::new();
    for part in name.iter() {
        for (index, attribute) in part.iter().enumerate() {
            text.push_str(match (text.is_empty(), index) {
                (true, _) => "",
                (false, 0) => ", ",
                (false, _) => " + ",
            });
            let kind = attribute.attr_type();
            match oid2abbrev(kind, oid_registry()) {
                Ok(known) => text.push_str(known),
                Err(_) => text.push_str(&kind.to_id_string()),
            }
            text.push('=');
            for character in attribute.as_str().ok()?.chars() {
                if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                    text.push('\\');
                }
                text.push(character);
            }
        }
    }
    Some(text)
}

fn alternative(name: &GeneralName<'_>, part: CertificatePart) -> Option<String> {
    match (name, part) {
        (GeneralName::URI(name), CertificatePart::Uri)
        | (GeneralName::RFC822Name(name), CertificatePart::Email) => Some((*name).to_owned()),
        (GeneralName::DNSName(name), CertificatePart::Dns) => Some(name.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(common: &[&str], alternative: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Acme");
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.subject_alt_names = alternative;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn h41_each_part_is_read_by_itself() {
        let anna = certificate(
            &["anna"],
            vec![
                SanType::URI("spiffe://acme/anna".try_into().unwrap()),
                SanType::DnsName("Anna.ACME.test".try_into().unwrap()),
                SanType::Rfc822Name("anna@acme.test".try_into().unwrap()),
                SanType::Rfc822Name("a@acme.test".try_into().unwrap()),
            ],
        );
        for (part, expected) in [
            (CertificatePart::Subject, &["O=Acme, CN=anna"][..]),
            (CertificatePart::CommonName, &["anna"]),
            (CertificatePart::Uri, &["spiffe://acme/anna"]),
            (CertificatePart::Dns, &["anna.acme.test"]),
            (CertificatePart::Email, &["anna@acme.test", "a@acme.test"]),
        ] {
            assert_eq!(names(&anna, part).unwrap(), expected, "{part:?}");
        }
        let nobody = certificate(&[], Vec::new());
        for part in [CertificatePart::CommonName, CertificatePart::Uri, CertificatePart::Dns] {
            assert_eq!(names(&nobody, part).unwrap(), Vec::<String>::new(), "{part:?}");
        }
    }

    #[test]
    fn h41_a_part_of_a_name_is_not_taken_for_another() {
        let sly = certificate(&["mallory, O=Acme, CN=anna"], Vec::new());
        let names = names(&sly, CertificatePart::Subject).unwrap();
        assert_eq!(names, ["O=Acme, CN=mallory\\, O\\=Acme\\, CN\\=anna"]);
    }

    #[test]
    fn h41_what_is_no_certificate_names_nobody() {
        let mut more = certificate(&["anna"], Vec::new());
        assert_eq!(names(&more[1..], CertificatePart::CommonName), None);
        assert_eq!(names(&[], CertificatePart::Subject), None);
        more.push(0);
        assert_eq!(names(&more, CertificatePart::CommonName), None);
    }
}
