//! `cordon directory`: look at the directory and change it.
//!
//! Each noun has a file. What all have in common: the directory is the one that `cordon.toml` names; a change is one
//! entry in its history by `cli:` and the system's user; what is against the rules is told with all that is wrong, and
//! nothing is changed; `--json` prints one document for programs.

mod exchange;
mod field;
mod group;
mod history;
mod init;
mod kind;
mod object;
mod output;
mod project;
mod role;
mod security;
mod session;
mod status;
mod sync;
mod token;
mod user;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::Failure;
pub(crate) use output::print;
use session::Session;

/// What stands behind `cordon directory`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration file, which says where the directory is.
    #[arg(long = "config", short = 'c', default_value = "cordon.toml", value_name = "FILE", global = true)]
    config: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as the process lives")]
enum Command {
    /// Make the database that cordon.toml names, with its first administrator, and print their token once.
    Init(init::Init),
    #[command(flatten)]
    Work(Work),
}

/// What needs a directory that is there.
#[derive(Subcommand)]
enum Work {
    /// Tell what there is, and whether it is what the file or database says.
    Status,
    /// Check that nobody tampered with the database: each change follows from the one before, and all of them together
    /// make what is there.
    Verify(history::Verify),
    /// Who changed what, and when; the newest first.
    History(history::History),
    /// Turn isolation on: Default is made, with every known user, field and object in it (D1).
    Enhance,
    /// Turn isolation off: everything passes, and what enforcement would have done is counted (D1).
    Simplify,
    /// Projects.
    #[command(subcommand)]
    Project(project::Project),
    /// Users and what they are in.
    #[command(subcommand)]
    User(user::User),
    /// API tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Groups of users.
    #[command(subcommand)]
    Group(group::Group),
    /// Roles: rights and sections.
    #[command(subcommand)]
    Role(role::Role),
    /// Contact fields.
    #[command(subcommand)]
    Field(field::Field),
    /// Queues, scripts, autodialers…
    #[command(subcommand)]
    Object(object::Object),
    /// Kinds of object.
    #[command(subcommand)]
    Kind(kind::Kind),
    /// Put a file into the directory as one change: TOML, JSON or CSV, the whole or a part.
    Import(exchange::Import),
    /// Print the directory as TOML or JSON, or its users, fields or objects as CSV.
    Export(exchange::Export),
    /// Read the backend's lists that `[[sync]]` names: add what is new, take the names, mark what is gone.
    Sync(sync::Sync),
}

/// Runs the command.
///
/// # Errors
/// Exit code 2 for what is wrong in files, arguments or with the change; 1 if the directory cannot be had.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { config, json, command } = arguments;
    match command {
        Command::Init(init) => init.run(&config, json),
        Command::Work(work) => work.run(&Session::open(&config, json)?),
    }
}

impl Work {
    fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Work::Status => status::run(session),
            Work::Verify(verify) => verify.run(session),
            Work::History(history) => history.run(session),
            Work::Enhance => security::enhance(session),
            Work::Simplify => security::simplify(session),
            Work::Project(command) => command.run(session),
            Work::User(command) => command.run(session),
            Work::Token(command) => command.run(session),
            Work::Group(command) => command.run(session),
            Work::Role(command) => command.run(session),
            Work::Field(command) => command.run(session),
            Work::Object(command) => command.run(session),
            Work::Kind(command) => command.run(session),
            Work::Import(import) => import.run(session),
            Work::Export(export) => export.run(session),
            Work::Sync(sync) => sync.run(session),
        }
    }
}
