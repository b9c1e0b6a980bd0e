//! `cordon directory init`.

use std::path::Path;

use clap::{Args, ValueEnum};
use cordon_directory::{ConnectOptions, Founding, OpenError, Security, Store};
use serde_json::json;

use super::output::print;
use super::session::cli_user;
use crate::config::DirectoryPlace;
use crate::loaded::{read_config, store_fault};
use crate::{Failure, serve};

#[derive(Args)]
pub(super) struct Init {
    /// Login of the first administrator.
    #[arg(long, value_name = "LOGIN", default_value = "admin")]
    admin: String,
    /// The first administrator's name; the login, if it is left out.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The security type (D1). A backend that is in use begins as simplified: once its users and objects are known,
    /// `cordon directory enhance` puts them all into Default.
    #[arg(long, value_enum, default_value = "enhanced")]
    security: SecurityType,
}

#[derive(Clone, Copy, ValueEnum)]
enum SecurityType {
    /// Isolation by project.
    Enhanced,
    /// Nobody is restricted.
    Simplified,
}

impl Init {
    pub(super) fn run(self, config: &Path, json: bool) -> Result<(), Failure> {
        let place = read_config(config)?.directory.place;
        let DirectoryPlace::Database(url) = place else {
            return Err(Failure::wrong(
                "error: the directory is a file, which needs no making\n  help: name a `database` in cordon.toml's \
                 `[directory]`, such as \"sqlite:cordon.db\"",
            ));
        };
        let founding = Founding {
            security: match self.security {
                SecurityType::Enhanced => Security::Enhanced,
                SecurityType::Simplified => Security::Simplified,
            },
            name: self.name.unwrap_or_else(|| self.admin.clone()),
            login: self.admin,
            actor: cli_user(),
        };
        let options = ConnectOptions { follow: false, ..ConnectOptions::default() };
        let made = serve::runtime()?.block_on(Store::initialise(&url, &founding, &options));
        let (_, token) = made.map_err(|error| match error {
            OpenError::Refused(violations) => super::output::Output { json }.refused(&violations),
            error => store_fault(&error),
        })?;
        if json {
            let document =
                json!({ "database": url.to_string(), "administrator": founding.login, "token": token });
            return print(&format!("{document:#}\n"));
        }
        print(&format!(
            "{url} holds a directory now, with the administrator `{}`, whose token is\n\n  {token}\n\n\
             It is told this once: keep it in a safe place.\n",
            founding.login
        ))
    }
}
