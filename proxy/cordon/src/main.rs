//! The command `cordon`: serve, check, see, directory, policy, demo.
//!
//! Exit codes: 0 done; 1 it went wrong while running; 2 the command line, configuration, rules or directory are wrong, or
//! a change was refused, and nothing was started or changed.

mod admin;
mod check;
mod config;
mod demo;
mod directory;
mod listeners;
mod loaded;
mod operate;
mod policies;
mod policy;
mod problems;
mod reload;
mod see;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Project isolation for an HTTP backend that has none.
///
/// Cordon stands in front of the backend, knows who is calling, and strips from each answer what is not of the
/// caller's projects. It needs three files: cordon.toml (where things are), rules.toml (what the backend's answers
/// look like) and directory.toml (who belongs to what; or a database).
#[derive(Parser)]
#[command(name = "cordon", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve. The directory's file is followed, and SIGHUP puts changed rules in force; wrong ones are kept out and
    /// reported.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Read configuration, rules and directory, report every mistake, and say what is worth knowing: fields without
    /// a project, fields that projects share, users still in Default.
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show what a caller gets beside what the backend sent, with a reason for each difference. It asks the backend,
    /// and prints what is hidden from the caller: for those who may see everything.
    See {
        #[command(flatten)]
        config: ConfigFile,
        /// Login of the user to look as.
        #[arg(long = "as", value_name = "USER")]
        user: String,
        /// Print one JSON document instead of text.
        #[arg(long)]
        json: bool,
        /// GET or HEAD.
        method: String,
        /// Path and query, such as /api/calls?page=2.
        path: String,
    },
    /// Look at the directory and change it: projects, users, groups, roles, tokens, fields, objects, their history;
    /// import, export, and lists from the backend.
    Directory(directory::Arguments),
    /// Make policies, run their cases, compare them, put them into bundles, sign these, look into them, and carry them to
    /// a registry and back; ask a running proxy which is in force, and try another out.
    Policy(policy::Arguments),
    /// Start a sample contact-centre API and Cordon before it, print what four callers see of the same URLs, and
    /// serve.
    Demo {
        /// Assert what the table shows, and exit.
        #[arg(long)]
        check: bool,
        /// Where to serve; another port is taken if this one is busy.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file; relative paths in it start from its folder.
    #[arg(long = "config", short = 'c', default_value = "cordon.toml", value_name = "FILE")]
    file: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve { config } => serve::run(&config.file),
        Command::Check { config } => check::run(&config.file),
        Command::See { config, user, json, method, path } => {
            let question = see::Question { user, method, path, json };
            see::run(&config.file, &question)
        }
        Command::Directory(arguments) => directory::run(arguments),
        Command::Policy(arguments) => policy::run(arguments),
        Command::Demo { check, listen } => demo::run(listen, check),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.text.trim_end());
            ExitCode::from(failure.code)
        }
    }
}

/// Why the command stops, for people, and the exit code.
#[derive(Debug)]
struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something in the files or arguments is wrong; nothing was started.
    fn wrong(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), code: 2 }
    }

    /// It went wrong while running.
    fn failed(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), code: 1 }
    }
}
