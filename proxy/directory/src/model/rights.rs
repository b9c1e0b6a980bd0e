//! What a role allows: rights over projects and fields, and sections.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Rights over projects and fields (D10, D12, D13). None are held unless a role grants them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights {
    /// Sees the records of every project (`see-everything`, D10).
    pub see_everything: bool,
    /// Sees that projects exist, their names and descriptions (`list-projects`, D10).
    pub list_projects: bool,
    /// Adds users to projects and takes them out (`manage-access`, D10).
    pub manage_access: bool,
    /// Creates and edits projects, adds objects and takes them out (`manage-projects`, D10).
    pub manage_projects: bool,
    /// Sees the values of hidden fields (`see-masked-fields`, D13, D18).
    pub see_masked_fields: bool,
    /// Creates and edits contact fields (`manage-fields`, D12).
    pub manage_fields: bool,
    /// Sees the list of contact fields (`see-fields`, D12).
    pub see_fields: bool,
}

impl Rights {
    /// Every right, as the built-in role Admin holds them (D11).
    pub const ALL: Rights = Rights {
        see_everything: true,
        list_projects: true,
        manage_access: true,
        manage_projects: true,
        see_masked_fields: true,
        manage_fields: true,
        see_fields: true,
    };

    /// The names of the rights as a directory file spells them.
    pub const NAMES: [&'static str; 7] = [
        "see-everything",
        "list-projects",
        "manage-access",
        "manage-projects",
        "see-masked-fields",
        "manage-fields",
        "see-fields",
    ];

    /// Grants the right of this name. `None` if there is no such right.
    pub fn grant(&mut self, name: &str) -> Option<()> {
        let right = match name {
            "see-everything" => &mut self.see_everything,
            "list-projects" => &mut self.list_projects,
            "manage-access" => &mut self.manage_access,
            "manage-projects" => &mut self.manage_projects,
            "see-masked-fields" => &mut self.see_masked_fields,
            "manage-fields" => &mut self.manage_fields,
            "see-fields" => &mut self.see_fields,
            _ => return None,
        };
        *right = true;
        Some(())
    }

    /// The names of the rights that are held, in the order of [`Rights::NAMES`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let held = [
            self.see_everything,
            self.list_projects,
            self.manage_access,
            self.manage_projects,
            self.see_masked_fields,
            self.manage_fields,
            self.see_fields,
        ];
        Rights::NAMES.into_iter().zip(held).filter(|(_, held)| *held).map(|(name, _)| name)
    }

    /// What someone holds who has both: rights add up over roles.
    pub fn union(self, other: Rights) -> Rights {
        Rights {
            see_everything: self.see_everything || other.see_everything,
            list_projects: self.list_projects || other.list_projects,
            manage_access: self.manage_access || other.manage_access,
            manage_projects: self.manage_projects || other.manage_projects,
            see_masked_fields: self.see_masked_fields || other.see_masked_fields,
            manage_fields: self.manage_fields || other.manage_fields,
            see_fields: self.see_fields || other.see_fields,
        }
    }
}

/// Which sections, that is kinds of record, are open to someone (D12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sections {
    /// Every section, also those that rules will name tomorrow.
    All,
    /// Those named, sorted, without duplicates. An empty list opens nothing.
    These(Vec<String>),
}

impl Sections {
    /// Whether the section of this name is open.
    pub fn opens(&self, section: &str) -> bool {
        match self {
            Sections::All => true,
            Sections::These(names) => names.binary_search_by(|name| name.as_str().cmp(section)).is_ok(),
        }
    }

    /// Sections from names in any order.
    pub fn these(mut names: Vec<String>) -> Sections {
        names.sort_unstable();
        names.dedup();
        Sections::These(names)
    }

    /// What someone sees who has both.
    pub fn union(&self, other: &Sections) -> Sections {
        match (self, other) {
            (Sections::These(left), Sections::These(right)) => {
                Sections::these(left.iter().chain(right).cloned().collect())
            }
            _ => Sections::All,
        }
    }
}

impl Default for Sections {
    fn default() -> Sections {
        Sections::These(Vec::new())
    }
}

/// The list of the names.
impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rights, D::Error> {
        let mut rights = Rights::default();
        for name in Vec::<String>::deserialize(deserializer)? {
            rights.grant(&name).ok_or_else(|| D::Error::custom(format!("there is no right `{name}`")))?;
        }
        Ok(rights)
    }
}

/// The text `all`, or the list of the names.
impl Serialize for Sections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Sections::All => serializer.serialize_str("all"),
            Sections::These(names) => serializer.collect_seq(names),
        }
    }
}

impl<'de> Deserialize<'de> for Sections {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sections, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            Names(Vec<String>),
        }
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "all" => Ok(Sections::All),
            Written::Word(_) => Err(D::Error::custom("neither `all` nor a list of names")),
            Written::Names(names) => Ok(Sections::these(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_name_and_all_are_granted_by_their_names() {
        let mut rights = Rights::default();
        for name in Rights::NAMES {
            let before = rights;
            rights.grant(name).unwrap();
            assert_ne!(before, rights, "{name} granted nothing new");
        }
        assert_eq!(rights, Rights::ALL);
        assert_eq!(rights.grant("see_everything"), None);
    }

    #[test]
    fn sections_add_up() {
        let calls = Sections::these(vec!["reports".into(), "calls".into(), "calls".into()]);
        assert_eq!(calls, Sections::These(vec!["calls".into(), "reports".into()]));
        let both = calls.union(&Sections::these(vec!["contacts".into()]));
        assert!(both.opens("contacts") && both.opens("calls") && !both.opens("users"));
        assert_eq!(both.union(&Sections::All), Sections::All);
    }
}
