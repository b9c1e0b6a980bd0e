//! A bundle: read from an archive, or written to one.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::archive::{Entry, Walk, append, finish, misplaced};
use crate::error::shown;
use crate::{BundleError, Digest, Manifest, limits};

const MANIFEST: &str = "manifest.toml";
const COMPONENT: &str = "policy.wasm";
const RULES: &str = "rules.toml";
const CASES: &str = "cases/";

/// A policy with everything that belongs to it, exactly as its archive has it. Cheap to clone.
#[derive(Clone)]
pub struct Bundle {
    inner: Arc<Inner>,
}

struct Inner {
    archive: Bytes,
    digest: Digest,
    manifest_text: String,
    manifest: Manifest,
    component: Bytes,
    rules: Arc<str>,
    cases: Vec<Case>,
}

/// A test case of a bundle: a text for whoever runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file's name below `cases/`, ending with `.toml` or `.json`.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What a bundle is made of, before it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The text of `manifest.toml`, kept as it is.
    pub manifest: String,
    /// The component's binary.
    pub component: Bytes,
    /// The text of `rules.toml`.
    pub rules: String,
    /// In any order.
    pub cases: Vec<Case>,
}

impl Bundle {
    /// Reads an archive. What it returns writes itself as exactly these bytes.
    ///
    /// # Errors
    /// The first thing that is not as this crate writes it; of the manifest everything that is wrong. Nothing of a
    /// refused archive can be used.
    pub fn read(archive: impl Into<Bytes>) -> Result<Bundle, BundleError> {
        let archive = archive.into();
        let mut walk = Walk::new(archive.clone())?;
        let manifest = required(&mut walk, MANIFEST, limits::MANIFEST)?;
        let manifest_text = manifest.text()?.to_owned();
        let manifest = parsed(&manifest_text)?;
        let component = required(&mut walk, COMPONENT, limits::COMPONENT)?.content;
        if component.is_empty() {
            return Err(BundleError::NoComponent);
        }
        let rules = required(&mut walk, RULES, limits::RULES)?.text()?.into();
        let mut cases: Vec<Case> = Vec::new();
        while let Some(entry) = walk.next(|name| case_name(name).map(|_| limits::CASE))? {
            let name = case_name(&entry.name)?;
            if cases.last().is_some_and(|last| last.name.as_str() >= name) {
                return Err(misplaced(Some(&entry.name), "a case of a later name, or the end,"));
            }
            cases.push(Case { name: name.to_owned(), text: entry.text()?.to_owned() });
            check_count(&cases)?;
        }
        check_alike(&cases)?;
        let digest = Digest::of(&archive);
        let inner = Inner { archive, digest, manifest_text, manifest, component, rules, cases };
        Ok(Bundle { inner: Arc::new(inner) })
    }

    /// What the bundle is addressed by: SHA-256 over [`Bundle::bytes`].
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// The archive: what signatures are made over.
    pub fn bytes(&self) -> &Bytes {
        &self.inner.archive
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The component's binary, which nobody has looked at yet.
    pub fn component(&self) -> &Bytes {
        &self.inner.component
    }

    /// What the component is to be configured with.
    pub fn rules(&self) -> &Arc<str> {
        &self.inner.rules
    }

    /// The cases, by their names.
    pub fn cases(&self) -> &[Case] {
        &self.inner.cases
    }

    /// What it is made of, for a bundle that differs in something.
    pub fn parts(&self) -> Parts {
        Parts {
            manifest: self.inner.manifest_text.clone(),
            component: self.inner.component.clone(),
            rules: self.inner.rules.as_ref().to_owned(),
            cases: self.inner.cases.clone(),
        }
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manifest { name, version, counter, .. } = self.manifest();
        write!(formatter, "Bundle({name} {version}, counter {counter}, {})", self.digest())
    }
}

impl Parts {
    /// Writes the archive. Equal parts give equal bytes, whatever the order of the cases.
    ///
    /// # Errors
    /// What could not be read again: mistakes in the manifest, names of cases, sizes.
    pub fn write(mut self) -> Result<Bundle, BundleError> {
        self.cases.sort_by(|left, right| left.name.cmp(&right.name));
        for pair in self.cases.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(BundleError::CaseTwice { name: pair[0].name.clone() });
            }
        }
        let cases = self.cases.iter().map(|case| (format!("{CASES}{}", case.name), case.text.as_bytes()));
        let mut entries: Vec<(String, &[u8])> = vec![
            (MANIFEST.to_owned(), self.manifest.as_bytes()),
            (COMPONENT.to_owned(), &self.component),
            (RULES.to_owned(), self.rules.as_bytes()),
        ];
        for (name, content) in cases {
            case_name(&name)?;
            entries.push((name, content));
        }
        let size: usize = entries.iter().map(|(_, content)| content.len()).sum();
        if size > limits::ARCHIVE {
            return Err(BundleError::TooLarge { part: "archive".to_owned(), limit: limits::ARCHIVE });
        }
        let mut archive = BytesMut::with_capacity(size + (entries.len() + 1) * 1024);
        for (name, content) in entries {
            append(&mut archive, &name, content);
        }
        Bundle::read(finish(archive))
    }
}

/// The entry of this name, which must be the next one.
fn required(walk: &mut Walk, name: &'static str, limit: usize) -> Result<Entry, BundleError> {
    let right = |found: &str| {
        if found == name { Ok(limit) } else { Err(misplaced(Some(found), name)) }
    };
    walk.next(right)?.ok_or_else(|| misplaced(None, name))
}

fn parsed(text: &str) -> Result<Manifest, BundleError> {
    Manifest::parse(text).map_err(|problems| BundleError::Manifest { text: text.to_owned(), problems })
}

/// The name of a case from that of its entry: plain, so that it means the same file on every system.
fn case_name(entry: &str) -> Result<&str, BundleError> {
    let Some(name) = entry.strip_prefix(CASES) else {
        return Err(misplaced(Some(entry), "a case, `cases/….toml` or `cases/….json`, or the end,"));
    };
    let stem = name.strip_suffix(".toml").or_else(|| name.strip_suffix(".json")).unwrap_or_default();
    let begins = stem.starts_with(|first: char| first.is_ascii_alphanumeric());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if begins && name.len() <= limits::CASE_NAME && stem.bytes().all(plain) {
        Ok(name)
    } else {
        Err(BundleError::CaseName { name: shown(name.as_bytes()) })
    }
}

fn check_count(cases: &[Case]) -> Result<(), BundleError> {
    if cases.len() > limits::CASES { Err(BundleError::TooManyCases) } else { Ok(()) }
}

/// Names that differ by case only would overwrite each other where they are unpacked on some systems.
fn check_alike(cases: &[Case]) -> Result<(), BundleError> {
    let mut names: Vec<String> = cases.iter().map(|case| case.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(BundleError::CaseTwice { name: pair[0].clone() }),
        None => Ok(()),
    }
}
