//! `cordon policy`: make, build, sign, deliver and look at policies.
//!
//! Each command has a file.

mod access;
mod bench;
mod build;
mod diff;
mod files;
mod inspect;
mod key;
mod live;
mod new;
mod password;
mod pull;
mod push;
mod sign;
mod source;
mod test;

use clap::{Args, Subcommand};

use crate::Failure;

/// What stands behind `cordon policy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the folder of a new policy: a crate in Rust, or rules for the default policy.
    New(new::New),
    /// Run a policy's cases: each says who asks what, what the backend answers, and what the caller must get.
    Test(test::Test),
    /// Show what another version of a policy changes, and what it would newly reveal and newly hide.
    Diff(diff::Diff),
    /// Put a policy's folder into one bundle.
    Build(build::Build),
    /// Tell what is in a bundle, and who signed it.
    Inspect(inspect::Inspect),
    /// Make a key pair to sign bundles with.
    Key(key::Key),
    /// Sign a bundle.
    Sign(sign::Sign),
    /// Put a bundle with its signatures into a registry.
    Push(push::Push),
    /// Get a bundle with its signatures from a registry.
    Pull(pull::Pull),
    /// Tell what a policy's calls cost: time and memory, over its cases, with nothing kept of its answers.
    Bench(bench::Bench),
    #[command(flatten)]
    Live(live::Live),
}

/// Runs the command.
///
/// # Errors
/// Exit code 2 for what is wrong in files and arguments; 1 if a disk or a registry fails.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::New(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Build(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Key(command) => command.run(),
        Command::Sign(command) => command.run(),
        Command::Push(command) => command.run(),
        Command::Pull(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Live(command) => command.run(),
    }
}
