//! `[identity.front]` and `[identity.certificate]`: what the connection says of the caller.

use cordon_gateway::{CertificatePart, CertificateSettings, FrontSettings, NamedBy};
use cordon_settings::{Problems, Table};
use http::header;

use super::super::values;
use super::{choice, naming};

const PARTS: [(&str, CertificatePart); 5] = [
    ("subject", CertificatePart::Subject),
    ("common-name", CertificatePart::CommonName),
    ("uri", CertificatePart::Uri),
    ("dns", CertificatePart::Dns),
    ("email", CertificatePart::Email),
];

pub(super) fn front(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<FrontSettings> {
    let named = table.required("header", problems);
    let header = named.as_ref().and_then(|text| values::named(text, "header", problems));
    if let (Some(text), Some(name)) = (&named, &header)
        && [header::AUTHORIZATION, header::COOKIE, header::HOST].contains(name)
    {
        problems
            .at(text.span.clone(), "`header` is one that anybody may send with a meaning of its own")
            .help("name one that only the gateway in front sets, such as \"X-Forwarded-User\"");
    }
    let texts = table.texts("addresses", problems);
    if texts.is_empty() {
        problems
            .at(table.span(), "`front` needs `addresses`")
            .help("name where the gateway in front connects from: nobody else is believed");
    }
    let addresses = values::networks(texts, "addresses", problems);
    let naming = naming(table, NamedBy::Login, problems);
    Some(FrontSettings { header: header?, addresses, naming })
}

pub(super) fn certificate(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> CertificateSettings {
    let part = choice(table, "part", &PARTS, problems).unwrap_or(CertificatePart::CommonName);
    CertificateSettings { part, naming: naming(table, NamedBy::Subject, problems) }
}
