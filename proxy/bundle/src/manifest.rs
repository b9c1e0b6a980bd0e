//! `manifest.toml`: what a bundle says of itself.

use std::fmt;
use std::str::FromStr;

use cordon_settings::{Problem, Problems, Table, note_syntax, wrong_type};
use toml::de::DeTable;

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Which policy this is: small letters, digits and `-`. Versions of one policy have one name.
    pub name: String,
    /// The version, for people: nothing is concluded from it.
    pub version: String,
    /// Which version of the contract the component is built for.
    pub contract: ContractVersion,
    /// Grows with each bundle that is released. A bundle whose counter is not above the last one's does not become
    /// active unless an operator says `rollback`.
    pub counter: u64,
    /// Routes of the active policy that this one gives up knowingly. Any other that it lacks is an error.
    pub gives_up: Vec<String>,
}

/// A version of the contract of `wit/policy.wit`: major and minor, as in `0.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContractVersion {
    /// Another major version is another contract; below 1.0, another minor one is too.
    pub major: u32,
    /// What is added, or below 1.0 changed.
    pub minor: u32,
}

impl Manifest {
    /// Reads the text of a `manifest.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Manifest, Vec<Problem>> {
        let mut problems = Problems::new(text);
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                note_syntax(text, &error, &mut problems);
                return Err(problems.finish());
            }
        };
        let mut table = Table::document("the manifest", &document);
        let name = name(&mut table, &mut problems);
        let version = version(&mut table, &mut problems);
        let contract = contract(&mut table, &mut problems);
        let counter = counter(&mut table, &mut problems);
        let gives_up = gives_up(&mut table, &mut problems);
        table.finish(&mut problems);
        match (name, version, contract, counter, problems.is_empty()) {
            (Some(name), Some(version), Some(contract), Some(counter), true) => {
                Ok(Manifest { name, version, contract, counter, gives_up })
            }
            _ => Err(problems.finish()),
        }
    }
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// A text that names no version of the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version of the contract is two numbers, as in 0.2")]
pub struct NotAContractVersion;

impl FromStr for ContractVersion {
    type Err = NotAContractVersion;

    fn from_str(text: &str) -> Result<ContractVersion, NotAContractVersion> {
        let number = |text: &str| match text.parse::<u32>() {
            // Neither `+1` nor `01`: a version is written in one way.
            Ok(number) if number.to_string() == text => Ok(number),
            _ => Err(NotAContractVersion),
        };
        let (major, minor) = text.split_once('.').ok_or(NotAContractVersion)?;
        Ok(ContractVersion { major: number(major)?, minor: number(minor)? })
    }
}

fn name(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<String> {
    let name = table.required("name", problems)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.value.len() <= 64
        && name.value.starts_with(|first: char| first.is_ascii_lowercase())
        && name.value.bytes().all(plain)
    {
        return Some(name.value);
    }
    problems
        .at(name.span, "`name` is not one that a policy can have")
        .help("a small letter, then small letters, digits and `-`, 64 at most");
    None
}

fn version(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<String> {
    let version = table.required("version", problems)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_');
    if version.value.len() <= 64 && version.value.bytes().all(plain) {
        return Some(version.value);
    }
    problems
        .at(version.span, "`version` is not one that a policy can have")
        .help("letters, digits, `.`, `-`, `+` and `_`, 64 at most, as in \"1.4.0\"");
    None
}

fn contract(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<ContractVersion> {
    let contract = table.required("contract", problems)?;
    match contract.value.parse() {
        Ok(version) => Some(version),
        Err(error) => {
            problems
                .at(contract.span, format!("`contract` is none: {error}"))
                .help("it stands in the SDK that the policy is built with");
            None
        }
    }
}

fn counter(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<u64> {
    let Some(value) = table.take("counter") else {
        problems
            .at(table.span(), "the manifest lacks `counter`")
            .help("add `counter = 1`, and one more with each bundle that is released");
        return None;
    };
    let number = value.get_ref().as_integer();
    // TOML's integers end there, and other readers' with them.
    let number = number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
    match number.and_then(|number| u64::try_from(number).ok()) {
        Some(counter) if counter > 0 => Some(counter),
        _ => {
            wrong_type(problems, value, "counter", "a whole number above zero");
            None
        }
    }
}

fn gives_up(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<String> {
    let mut routes: Vec<String> = Vec::new();
    for route in table.texts("gives-up", problems) {
        if routes.contains(&route.value) {
            problems.at(route.span, format!("`gives-up` names `{}` twice", route.value));
        } else {
            routes.push(route.value);
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_what_it_is() {
        let text =
            "name = \"calls\"\nversion = \"1.4.0\"\ncontract = \"0.2\"\ncounter = 7\ngives-up = [\"old\"]\n";
        let manifest = Manifest::parse(text).expect("the manifest is right");
        assert_eq!(manifest.name, "calls");
        assert_eq!(manifest.version, "1.4.0");
        assert_eq!(manifest.contract.to_string(), "0.2");
        assert_eq!(manifest.counter, 7);
        assert_eq!(manifest.gives_up, ["old"]);
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "name = \"Calls!\"\nversion = \"1 2\"\ncontract = \"0.02\"\ncounter = -1\n\
                    gives-up = [\"a\", \"a\", 3]\ncontact = \"x\"\n";
        let problems = Manifest::parse(text).expect_err("nothing in it is right");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 7, "{told:#?}");
        assert!(told[6].contains("did you mean `contract`?"), "{told:#?}");
    }

    #[test]
    fn nothing_is_taken_for_granted() {
        let problems = Manifest::parse("").expect_err("it lacks everything");
        assert_eq!(problems.len(), 4, "{problems:#?}");
        for counter in ["0", "-1", "1.0", "\"1\"", "9223372036854775808", "true"] {
            let text = format!("name = \"a\"\nversion = \"1\"\ncontract = \"0.2\"\ncounter = {counter}\n");
            assert!(Manifest::parse(&text).is_err(), "{counter}");
        }
        assert!(Manifest::parse("name = ").is_err());
    }
}
