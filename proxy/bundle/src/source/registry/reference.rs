//! References: which registry, which repository, which tag or digest.

use oci_client::Reference;

use super::RegistryError;
use crate::Digest;

/// Reads `oci://HOST/REPOSITORY:TAG` or `oci://HOST/REPOSITORY@sha256:…`. Nothing is filled in: neither a registry nor a
/// tag that nobody named.
pub(super) fn parse(text: &str) -> Result<Reference, RegistryError> {
    let wrong = |reason| RegistryError::Reference { reference: shown(text), reason };
    let rest = text.strip_prefix("oci://").ok_or(wrong("it begins with `oci://`"))?;
    let (host, repository) = rest.split_once('/').ok_or(wrong("it lacks a repository"))?;
    let last = repository.rsplit('/').next().unwrap_or_default();
    if !last.contains([':', '@']) {
        return Err(wrong("it lacks a tag, `:TAG`, or a digest, `@sha256:…`"));
    }
    let reference: Reference =
        rest.parse().map_err(|_| wrong("it is not of the form HOST/REPOSITORY:TAG"))?;
    if reference.registry() != host {
        return Err(wrong("its host is none: name the registry with its domain, or with its port"));
    }
    if reference.digest().is_some_and(|digest| digest.parse::<Digest>().is_err()) {
        return Err(wrong("its digest is not one by SHA-256"));
    }
    Ok(reference)
}

/// The reference without what some write before the host: user and password.
fn shown(text: &str) -> String {
    let rest = text.strip_prefix("oci://").unwrap_or(text);
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((secret, _)) => text.replacen(secret, "…", 1),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_everything() {
        let digest = Digest::of(b"");
        for right in [
            "oci://registry.example/policies/calls:latest".to_owned(),
            "oci://registry.example:5000/calls:1.4.0".to_owned(),
            "oci://localhost:5000/calls:1".to_owned(),
            format!("oci://registry.example/calls@{digest}"),
            format!("oci://registry.example/calls:1@{digest}"),
        ] {
            assert!(parse(&right).is_ok(), "{right}");
        }
    }

    #[test]
    fn what_is_missing_is_not_filled_in() {
        for wrong in [
            "registry.example/calls:1",
            "oci://calls:1",
            "oci://policies/calls:1",
            "oci://registry.example/calls",
            "oci://registry.example:5000/calls",
            "oci://registry.example/Calls:1",
            "oci://registry.example/calls:",
            "oci://registry.example/../calls:1",
            "oci://user:password@registry.example/calls:1",
            "oci://registry.example/calls@sha256:abc",
            "oci://",
            "",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let other = format!("oci://registry.example/calls@sha512:{}", "a".repeat(128));
        assert!(parse(&other).is_err());
        let error = parse("oci://ada:hunter2@registry.example/calls:1").expect_err("no place for a password");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
