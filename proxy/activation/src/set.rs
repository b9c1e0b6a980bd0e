//! All cases of a bundle: texts that refer to each other by name.

use std::collections::HashMap;
use std::sync::Arc;

use cordon_directory::{Snapshot, Store};
use cordon_settings::Problem;
use toml::de::{DeTable, DeValue};

use crate::case::Case;
use crate::read;

/// A text among a bundle's cases: a case, a directory that cases share, or a body that they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// Its name, by which others refer to it; ending with `.toml`, or with `.json` for a body.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// The cases of a bundle, ready to run.
#[derive(Clone, Debug, Default)]
pub struct CaseSet {
    pub(crate) cases: Vec<Case>,
}

/// What is wrong with one file of a bundle's cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct CaseMistakes {
    /// Its name.
    pub file: String,
    /// What stands in it, for showing the places.
    pub text: String,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

impl CaseSet {
    /// Reads the cases among these texts, in the order of their names.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn read(files: &[CaseFile]) -> Result<CaseSet, Vec<CaseMistakes>> {
        let mut files: Vec<&CaseFile> = files.iter().collect();
        files.sort_by(|left, right| left.name.cmp(&right.name));
        let mut mistakes = Vec::new();
        let shared = Shared::read(&files, &mut mistakes);
        let mut cases = Vec::new();
        for file in files.iter().filter(|file| shared.is_case(file)) {
            match read::case(file, &shared) {
                Ok(case) => cases.push(case),
                Err(problems) => mistakes.push(CaseMistakes::new(file, problems)),
            }
        }
        if mistakes.is_empty() {
            return Ok(CaseSet { cases });
        }
        mistakes.sort_by(|left, right| left.file.cmp(&right.file));
        Err(mistakes)
    }

    /// The cases of two versions of a bundle, those that both have once.
    #[must_use]
    pub fn joined(one: &CaseSet, other: &CaseSet) -> CaseSet {
        let mut cases = one.cases.clone();
        let is_known = |case: &Case| one.cases.iter().any(|known| known.is_same(case));
        cases.extend(other.cases.iter().filter(|case| !is_known(case)).cloned());
        CaseSet { cases }
    }

    /// The cases.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }
}

impl CaseMistakes {
    fn new(file: &CaseFile, problems: Vec<Problem>) -> CaseMistakes {
        CaseMistakes { file: file.name.clone(), text: file.text.clone(), problems }
    }
}

/// What cases can refer to.
pub(crate) struct Shared<'a> {
    /// Directories by name. `None`: it is wrong, which has been told.
    directories: HashMap<&'a str, Option<Arc<Store>>>,
    texts: HashMap<&'a str, &'a str>,
}

impl<'a> Shared<'a> {
    fn read(files: &[&'a CaseFile], mistakes: &mut Vec<CaseMistakes>) -> Shared<'a> {
        let texts: HashMap<&str, &str> =
            files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
        let mut directories = HashMap::new();
        for name in files.iter().filter_map(|file| directory_of(&file.text)) {
            let Some(file) = files.iter().find(|file| file.name == name) else { continue };
            if directories.contains_key(file.name.as_str()) {
                continue;
            }
            let directory = match Snapshot::parse(&file.text) {
                Ok(snapshot) => Some(Arc::new(Store::fixed(snapshot))),
                Err(problems) => {
                    mistakes.push(CaseMistakes::new(file, problems));
                    None
                }
            };
            directories.insert(file.name.as_str(), directory);
        }
        Shared { directories, texts }
    }

    /// Whether a file is a case: no directory of others, and no body.
    fn is_case(&self, file: &CaseFile) -> bool {
        file.name.ends_with(".toml") && !self.directories.contains_key(file.name.as_str())
    }

    /// The directory of this name. `Some(None)`: it is wrong, which has been told.
    pub(crate) fn directory(&self, name: &str) -> Option<Option<Arc<Store>>> {
        self.directories.get(name).cloned()
    }

    /// The text of this name.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.texts.get(name).copied()
    }

    /// All names, for those that are mistyped.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.texts.keys().copied()
    }
}

/// The name of the directory that a case refers to, if the text is a case and does.
fn directory_of(text: &str) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    match document.get_ref().get("directory")?.get_ref() {
        DeValue::String(name) => Some(name.clone().into_owned()),
        _ => None,
    }
}
