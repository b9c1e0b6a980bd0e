//! `cordon directory role`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use cordon_directory::{Draft, Key, Record as Any, RecordKind, Rights, Role as Record, Sections};

use super::output::{Row, document_of, listed};
use super::session::{Session, found};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Role {
    /// All roles, with their rights and sections.
    List,
    /// Make a role.
    Create {
        name: String,
        #[arg(long = "right", value_name = "RIGHT", value_parser = Rights::NAMES)]
        rights: Vec<String>,
        /// A kind of record that it opens (D12).
        #[arg(long = "section", value_name = "SECTION")]
        sections: Vec<String>,
        /// Open every section, also those that rules will name tomorrow.
        #[arg(long, conflicts_with = "sections")]
        all_sections: bool,
    },
    /// Grant rights (D10, D12, D13).
    Grant {
        name: String,
        #[arg(required = true, value_name = "RIGHT", value_parser = Rights::NAMES)]
        rights: Vec<String>,
    },
    /// Withhold rights.
    Withhold {
        name: String,
        #[arg(required = true, value_name = "RIGHT", value_parser = Rights::NAMES)]
        rights: Vec<String>,
    },
    /// Open sections (D12).
    Open {
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Close sections.
    Close {
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Take a role away that nobody has.
    Remove { name: String },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    #[arg(value_name = "SECTION")]
    sections: Vec<String>,
    /// Every section.
    #[arg(long)]
    all: bool,
}

impl Role {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Role::List => list(session),
            Role::Create { name, rights, sections, all_sections } => session.change("create role", |draft| {
                let sections = if all_sections { Sections::All } else { Sections::these(sections) };
                let rights = granted(Rights::default(), &rights);
                draft.create(Any::Role(Record { name: name.into(), rights, sections }));
            }),
            Role::Grant { name, rights } => edit(session, "grant rights", &name, |role| {
                role.rights = granted(role.rights, &rights);
            }),
            Role::Withhold { name, rights } => edit(session, "withhold rights", &name, |role| {
                let left: Vec<String> = role
                    .rights
                    .names()
                    .filter(|right| !rights.iter().any(|withheld| withheld == right))
                    .map(str::to_owned)
                    .collect();
                role.rights = granted(Rights::default(), &left);
            }),
            Role::Open { name, which } => edit(session, "open sections", &name, |role| {
                let opened = if which.all { Sections::All } else { Sections::these(which.sections) };
                role.sections = role.sections.union(&opened);
            }),
            Role::Close { name, which } => close(session, &name, &which),
            Role::Remove { name } => session.change("remove role", |draft| draft.remove(&key(&name))),
        }
    }
}

fn close(session: &Session, name: &str, which: &Which) -> Result<(), Failure> {
    session.change("close sections", |draft| {
        let Some(Any::Role(mut role)) = found(draft, &key(name)) else { return };
        match (&role.sections, which.all) {
            (_, true) => role.sections = Sections::default(),
            (Sections::These(names), false) => {
                let left = names.iter().filter(|name| !which.sections.contains(name)).cloned();
                role.sections = Sections::These(left.collect());
            }
            (Sections::All, false) => {
                let message = "the role opens every section, and knows none by name";
                let help = "close them all, and open those that stay";
                return draft.refuse(cordon_directory::Rule::Fixed, &key(name), "sections", message, help);
            }
        }
        draft.put(Any::Role(role));
    })
}

fn edit(
    session: &Session,
    action: &str,
    name: &str,
    edit: impl FnOnce(&mut Record) + Send,
) -> Result<(), Failure> {
    session.change(action, |draft: &mut Draft| {
        if let Some(Any::Role(mut role)) = found(draft, &key(name)) {
            edit(&mut role);
            draft.put(Any::Role(role));
        }
    })
}

/// The rights with these too. The command line knows no others.
fn granted(mut rights: Rights, names: &[String]) -> Rights {
    for name in names {
        _ = rights.grant(name);
    }
    rights
}

fn list(session: &Session) -> Result<(), Failure> {
    let snapshot = session.current();
    let mut roles: Vec<Arc<Record>> = snapshot.roles().cloned().collect();
    roles.sort_by(|one, other| one.name.cmp(&other.name));
    let row = |role: &Arc<Record>| Row {
        cells: vec![
            role.name.to_string(),
            if role.rights == Rights::ALL { "all".to_owned() } else { listed(role.rights.names()) },
            match &role.sections {
                Sections::All => "all".to_owned(),
                Sections::These(names) => listed(names),
            },
        ],
        document: document_of(&Any::Role(Record::clone(role))),
    };
    session.output.list(&["name", "rights", "sections"], roles.iter().map(row).collect())
}

fn key(name: &str) -> Key {
    Key::new(RecordKind::Role, name)
}
